"""TwiML: the verbs this adapter speaks, as XML the official library would write byte for byte."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, tostring

Value = str | int | bool | None
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document(verbs: Iterable[Element]) -> bytes:
    """The whole answer."""
    response = Element("Response")
    response.extend(verbs)
    return b'<?xml version="1.0" encoding="UTF-8"?>' + tostring(response, encoding="utf-8", xml_declaration=False)


def _verb(name: str, text: str | None = None, **attributes: Value) -> Element:
    """Attributes without a value are left out; the others stand in alphabetical order."""
    verb = Element(name, _written(attributes))
    verb.text = None if text is None else _NO_XML.sub("", text)
    return verb


def _written(attributes: dict[str, Value]) -> dict[str, str]:
    given = {name: value for name, value in sorted(attributes.items()) if value is not None}
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in given.items()}


def say(text: str, language: str | None = None, voice: str | None = None) -> Element:
    return _verb("Say", text, language=language, voice=voice)


def play(url: str, times: int | None = None) -> Element:
    """`times` 0: for ever."""
    return _verb("Play", url, loop=times)


def pause(seconds: int) -> Element:
    return _verb("Pause", length=seconds)


def redirect(url: str) -> Element:
    return _verb("Redirect", url, method="POST")


def hangup() -> Element:
    return _verb("Hangup")


def reject(reason: str = "rejected") -> Element:
    return _verb("Reject", reason=reason)


def gather(
    action: str, within: Iterable[Element] = (), *, speech: bool, digits: int, finish_on: str, timeout: int,
    language: str | None = None,
) -> Element:  # fmt: skip
    """Wait for keys (and speech); `within` is said meanwhile and may be interrupted. Silence is reported too."""
    verb = _verb(
        "Gather", action=action, actionOnEmptyResult=True, finishOnKey=finish_on, input="dtmf speech" if speech else "dtmf",
        language=language if speech else None, method="POST", numDigits=digits, timeout=timeout,
    )  # fmt: skip
    verb.extend(within)
    return verb


def enqueue(queue: str, *, wait_url: str, action: str) -> Element:
    """Wait in the gateway's queue, hearing `wait_url`; whoever leaves it goes on at `action`."""
    return _verb("Enqueue", queue, action=action, method="POST", waitUrl=wait_url, waitUrlMethod="POST")


def leave() -> Element:
    """Out of the queue: only in a document heard in one."""
    return _verb("Leave")


def record(*, action: str, told: str, seconds: int, finish_on: str = "#") -> Element:
    """Record what the caller says, at most so long. `told`: where it is announced when it is ready."""
    return _verb(
        "Record", action=action, finishOnKey=finish_on, maxLength=seconds, method="POST", recordingStatusCallback=told
    )  # fmt: skip


def dial_number(number: str, *, caller_id: str | None = None) -> Element:
    """Send the caller to an outside number: the way out when nothing else answers."""
    dial = _verb("Dial", answerOnBridge=True, callerId=caller_id)
    SubElement(dial, "Number").text = number
    return dial


def dial_party(number: str, *, action: str, told: str, seconds: int, caller_id: str | None = None) -> Element:
    """Ring an outside party for the caller; `told` hears when they answer, and the caller goes on at `action` afterwards."""
    dial = _verb("Dial", action=action, answerOnBridge=True, callerId=caller_id, method="POST", timeout=seconds)
    dial.append(_verb("Number", number, statusCallback=told, statusCallbackEvent="answered"))
    return dial


def dial_conference(
    room: str, *, action: str | None = None, starts: bool = True, ends: bool = False, muted: bool | None = None,
    coach: str | None = None, wait_url: str | None = None, record_to: str | None = None,
) -> Element:  # fmt: skip
    """Into a contact's room. `starts`: the conversation begins with this leg; `coach`: heard by that leg only."""
    dial = _verb("Dial", action=action, method="POST" if action else None)
    conference = _verb(
        "Conference", room, beep=False, coach=coach, endConferenceOnExit=ends, muted=muted,
        record="record-from-start" if record_to else None, recordingStatusCallback=record_to,
        startConferenceOnEnter=starts, waitUrl=wait_url,
    )  # fmt: skip
    dial.append(conference)
    return dial
