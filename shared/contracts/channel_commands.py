"""Topic `channel-commands`: what a gateway is asked to do with a contact. Stale ones are refused with an event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.fields import Id, LongText, Microseconds, Name, ShortText, personal

Milliseconds = Annotated[int, Field(ge=0, le=600_000)]


@dataclass(frozen=True, slots=True)
class EndContact:
    """Hang up, close the chat, file the fax."""

    command_id: Id
    contact_id: Id
    not_after: Microseconds
    requested_by: Id
    by: Literal["agent", "system"] = "agent"
    reason: Name | None = None


@dataclass(frozen=True, slots=True)
class HoldContact:
    command_id: Id
    contact_id: Id
    not_after: Microseconds
    requested_by: Id
    held: bool = True  # False: resume


@dataclass(frozen=True, slots=True)
class Utterance:
    """Something to say. A voice channel plays `audio` (kept by the ivr) or speaks `text`; a text channel shows `text`."""

    text: LongText
    language: Name = "zh"
    audio: Id | None = None  # content hash: GET /v1/audio/{audio}.wav of the ivr, 8 kHz mono
    link: ShortText | None = None  # shown by text channels only


@dataclass(frozen=True, slots=True)
class Choice:
    """A key to press, or a button to click."""

    key: Annotated[str, Field(pattern=r"^[0-9*#]{1,2}$")]
    label: ShortText


@dataclass(frozen=True, slots=True)
class Gather:
    """What is awaited from the customer after (or, with `barge_in`, during) the words."""

    kind: Literal["digits", "text"]  # text: free words; a voice channel without speech recognition takes digits instead
    max_digits: Annotated[int, Field(ge=1, le=32)] = 1
    finish_on: Annotated[str, Field(pattern=r"^[0-9*#]?$")] = "#"
    first_timeout_ms: Milliseconds = 5_000
    between_timeout_ms: Milliseconds = 3_000
    barge_in: bool = True
    secure: bool = False  # digits go to `verify` and nowhere else: no topic, log, trace or recording holds them
    choices: Annotated[tuple[Choice, ...], Field(max_length=12)] = ()


@dataclass(frozen=True, slots=True)
class PlayPrompt:
    """Say this, then wait for that. Answered by one `PromptAnswered` with the same `step`; a newer step replaces it."""

    command_id: Id
    contact_id: Id
    not_after: Microseconds
    requested_by: Id
    step: Id
    say: Annotated[tuple[Utterance, ...], Field(max_length=12)] = ()
    gather: Gather | None = None  # None: report when all was said
    verify: Literal["pin"] | None = None  # what secure digits are checked against, by profile


@dataclass(frozen=True, slots=True)
class SendFax:
    """Make a page from a template and fax it; the gateway retries and reports with `FaxReported`."""

    command_id: Id
    contact_id: Id
    not_after: Microseconds
    requested_by: Id
    title: ShortText
    body: LongText | None = personal()
    to: ShortText | None = personal()  # E.164; None: back to where the contact came from
    language: Name = "zh"
    template: Name = "letter"


@dataclass(frozen=True, slots=True)
class SuperviseContact:
    """A supervisor's ear (listen), a voice only the agent hears (whisper), or one both hear (barge); stop leaves."""

    command_id: Id
    contact_id: Id
    not_after: Microseconds
    requested_by: Id  # the supervisor; their own endpoint rings
    mode: Literal["listen", "whisper", "barge", "stop"]
    reason: Name | None = None


@dataclass(frozen=True, slots=True)
class RecordContact:
    """Start or stop the recording, or keep a secure entry out of it."""

    command_id: Id
    contact_id: Id
    not_after: Microseconds
    requested_by: Id
    action: Literal["start", "stop", "pause", "resume"]
    reason: Name | None = None


@dataclass(frozen=True, slots=True)
class JoinConsultation:
    """Conference: the customer joins sender and consulted agent (or, joined=False, waits again)."""

    command_id: Id
    contact_id: Id
    not_after: Microseconds
    requested_by: Id
    transfer_id: Id
    joined: bool = True


ChannelCommand = EndContact | HoldContact | PlayPrompt | SendFax | SuperviseContact | RecordContact | JoinConsultation
