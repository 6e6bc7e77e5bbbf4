"""What TwiML gateways ask and tell: each request is signed, each answer made from the call's state alone."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import Response

from services.gateway.adapters.kind import ChannelKind, port_of
from services.gateway.adapters.numbers import caller
from services.gateway.adapters.port import ChannelPort
from services.gateway.adapters.twiml import memory, words
from services.gateway.adapters.twiml.call import Call, answered_by, leaving_a_message, party_in
from services.gateway.adapters.twiml.calls import Calls
from services.gateway.adapters.twiml.documents import Writer
from services.gateway.adapters.twiml.line import VOICEMAIL, report_left, report_not_connected, report_party_failed, run
from services.gateway.adapters.twiml.settings import TwimlSettings
from services.gateway.adapters.twiml.signature import signed
from services.gateway.domain.entries import Entry, entry_of
from services.gateway.domain.recordings import Recorded
from shared import telemetry
from shared.contracts.conversation_messages import MessageSent
from shared.contracts.envelope import stable_id
from shared.errors import BrokerUnavailable, Forbidden, NotFound
from shared.http import DATABASE_AWAY
from shared.security import same

router = APIRouter(prefix="/v1/twiml/{gateway_id}", tags=["twiml"])

KIND = "twiml"
IVR_SECONDS = 3.0
"""How long a request waits for the ivr's next word; then the caller hears a second of silence and we are asked again."""
_SID = re.compile(r"[A-Za-z0-9._:\-]{1,64}")
_KEYS = re.compile(r"[0-9*#A-D]{1,32}")
_OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
_UNANSWERED = {"busy": "busy", "no-answer": "no_answer", "failed": "failed", "canceled": "cancelled"}
"""DialCallStatus of a number that was not reached → the outcome of `DialFailed`."""
_QUEUE_REFUSED = frozenset({"queue-full", "error", "system-error"})  # QueueResult
_DECLINED = "603"  # SIP: the called person pressed "reject"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request whose signature was verified."""

    port: ChannelPort
    settings: TwimlSettings
    writer: Writer
    query: Mapping[str, str]
    form: Mapping[str, str]

    @property
    def sid(self) -> str:
        """The leg the request is about. Raises HTTP 422."""
        sid = self.form.get("CallSid", "")
        if not _SID.fullmatch(sid):
            raise HTTPException(422, "CallSid: missing or no id")
        return sid


async def _asked(request: Request, gateway_id: str) -> Asked:
    """Raises NotFound for no such channel, HTTP 401 without a fitting signature, Forbidden for another account."""
    port, settings = port_of(request, gateway_id, KIND)
    form = parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True)
    url = settings.base + request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if not signed(settings.auth_token, url, form, request.headers.get("x-twilio-signature", "")):
        telemetry.count("ucc_signature_failures_total", way="http")
        raise HTTPException(401, "no valid X-Twilio-Signature for this URL and these parameters")
    fields = dict(form)
    if fields.get("AccountSid", settings.account_sid) != settings.account_sid:
        raise Forbidden("another account's call")
    return Asked(port, settings, Writer(settings, gateway_id, port.secret), dict(request.query_params), fields)


AskedOf = Annotated[Asked, Depends(_asked)]


def _xml(body: bytes) -> Response:
    return Response(body, media_type="application/xml")


@router.post("/voice", summary="A call comes in")
async def voice(asked: AskedOf) -> Response:
    port, sid = asked.port, asked.sid
    entry = entry_of(asked.settings.entries, asked.form.get("To", ""))
    if entry is None:
        telemetry.logger("gateway").warning("call to a number that is no entry", gateway_id=port.gateway_id)
        return _xml(asked.writer.no_such_entry())
    try:
        await _arrive(asked, entry)
    except (BrokerUnavailable, *DATABASE_AWAY) as error:
        telemetry.logger("gateway").error("call not taken: sent to its fallback", fault=type(error).__name__)
        return _xml(asked.writer.sorry(port.contact_id(sid), entry.language or "zh", entry.fallback))
    return await _next(asked, sid)


async def _arrive(asked: Asked, entry: Entry) -> None:
    """Said again it is the same arrival. Raises BrokerUnavailable, one of DATABASE_AWAY."""
    port, sid = asked.port, asked.sid
    stage = "served" if entry.self_service else "waiting"
    call = Call(port.contact_id(sid), entry.entry, entry.language or "zh", stage, quiet_since=time.time())
    number = caller(asked.form.get("From"), await port.country())
    await memory.begin(port, sid, call)
    await port.report("ContactArrived", sid, f"arrived {sid}", {
        "channel": "phone", "business_line": entry.business_line, "entry": entry.entry, "group": entry.group,
        "language": entry.language, "self_service": entry.self_service, "address": number,
        "address_kind": "phone" if number else None,
    })  # fmt: skip


@router.post("/next", summary="What a caller's leg does next")
async def ask_next(asked: AskedOf) -> Response:
    if asked.form.get("QueueResult") == "hangup":
        return _xml(asked.writer.hang_up())
    if asked.query.get("in") == "message":
        return await _message_left(asked)
    if asked.query.get("in") == "party":
        await _party_over(asked, asked.query.get("attempt", ""))
    if asked.settings.voicemail and asked.form.get("Digits") == asked.settings.voicemail_key:
        stay = asked.query.get("stay")
        await memory.change(asked.port, asked.sid, lambda call: leaving_a_message(call, stay))
    return await _next(asked, asked.sid)


async def _party_over(asked: Asked, attempt_id: str) -> None:
    """The outside party hung up on the caller, or did not answer; a caller who left is told of elsewhere."""
    port, sid, became = asked.port, asked.sid, asked.form.get("DialCallStatus", "")
    if became in _UNANSWERED:
        await memory.change(port, sid, lambda call: party_in(call, attempt_id, "dialled", "over"))
        await report_party_failed(port, sid, attempt_id, _UNANSWERED[became])
    elif asked.form.get("CallStatus") not in _OVER:
        said = {"by": "system", "reason": "outside_hung_up"}
        await port.report("ContactEnded", sid, f"hung up {attempt_id}", said)


@router.post("/party", status_code=204, summary="An outside party answered")
async def party(asked: AskedOf) -> None:
    sid, attempt_id = asked.query.get("call", ""), asked.query.get("attempt", "")
    call = await memory.recall(asked.port, sid)
    if call is None or call.party is None or call.party.attempt_id != attempt_id:
        return
    if asked.form.get("CallStatus") == "in-progress":
        await asked.port.report("DialAnswered", sid, f"answered {attempt_id}", {"attempt_id": attempt_id})


async def _message_left(asked: Asked) -> Response:
    """A caller we could not take arrives now, if that is possible by now; else the message stays with the provider."""
    port, sid, entry = asked.port, asked.sid, entry_of(asked.settings.entries, asked.form.get("To", ""))
    language = (entry.language if entry else None) or "zh"
    try:
        call = await memory.recall(port, sid)
        if call is not None and call.stage in ("connecting", "talking", "over"):
            return await _next(asked, sid)
        if entry is not None and (call is None or call.stage != "message"):
            await _arrive(asked, entry)
            moved = await memory.change(port, sid, lambda held: replace(held, stage="message"))
            if moved is not None and moved[1].gone:  # their hang-up was told before they arrived
                await port.report("ContactEnded", sid, f"message {sid}", VOICEMAIL)
    except (BrokerUnavailable, *DATABASE_AWAY) as error:
        telemetry.logger("gateway").error("message of a call not taken", fault=type(error).__name__)
    return _xml(asked.writer.thanks(language))


async def _next(asked: Asked, sid: str) -> Response:
    call = await memory.until_something_is_said(asked.port, sid, IVR_SECONDS)
    if call is None:
        return _xml(asked.writer.hang_up())
    if call.quiet and time.time() - call.quiet_since > asked.settings.silent_seconds:
        after = call.answered or "arrival"
        said = {"outcome": "failed", "reason": "ivr_silent"}
        await asked.port.report("SelfServiceEnded", sid, f"silent {sid} {after}", said)
    if call.stage == "passed_on" and call.party is not None and call.party.state == "cleared":
        attempt_id = call.party.attempt_id
        moved = await memory.change(asked.port, sid, lambda held: party_in(held, attempt_id, "cleared", "dialled"))
        if moved is not None and moved[0] != moved[1]:
            return _xml(asked.writer.party(call.party, sid))
    queued, result = asked.query.get("in") == "queue", asked.form.get("QueueResult")
    round_of_music = asked.settings.waiting == "round" or result in _QUEUE_REFUSED
    announced = call.stage == "waiting" and (queued or round_of_music)
    place = await asked.port.place(call.contact_id) if announced else None
    if queued:
        return _xml(asked.writer.queued(call, place))
    if announced:
        return _xml(asked.writer.round(call, place))
    heard = result != "redirected"  # a leg called away by the API hears another answer than this
    if asked.settings.record and call.stage in ("connecting", "talking") and not call.apart and heard:
        await memory.change(asked.port, sid, lambda held: replace(held, told=True))
    return _xml(asked.writer.next(call, place))


@router.post("/gather", summary="Keys or words of a caller, or that there were none")
async def gather(asked: AskedOf) -> Response:
    call = await memory.recall(asked.port, asked.sid)
    prompt = call.prompt if call else None
    if call is None or prompt is None or prompt.step != asked.query.get("step") or not _open(call):
        return await _next(asked, asked.sid)
    digits, text = asked.form.get("Digits", ""), asked.form.get("SpeechResult", "")
    answer = asked.port.answered
    if prompt.gather is not None and prompt.gather.secure:
        fits = bool(digits) and await asked.port.verify(call.contact_id, prompt.verify or "pin", digits)
        await answer(call.contact_id, prompt.step, "verified" if fits else "refused" if digits else "timeout")
    elif _KEYS.fullmatch(digits):
        await answer(call.contact_id, prompt.step, "digits", digits=digits)
    elif text:
        await answer(call.contact_id, prompt.step, "text", text=text[:16_000])
    else:
        await answer(call.contact_id, prompt.step, "timeout")
    return await _answered(asked, prompt.step)


@router.post("/said", summary="A prompt was heard whole")
async def said(asked: AskedOf) -> Response:
    call = await memory.recall(asked.port, asked.sid)
    if call is not None and call.prompt is not None and call.prompt.step == asked.query.get("step") and _open(call):
        await asked.port.answered(call.contact_id, call.prompt.step, "played")
        return await _answered(asked, call.prompt.step)
    return await _next(asked, asked.sid)


def _open(call: Call) -> bool:
    return call.stage == "served" and not call.quiet


async def _answered(asked: Asked, step: str) -> Response:
    at = time.time()
    await memory.change(asked.port, asked.sid, lambda call: replace(call, answered=step, quiet_since=at))
    return await _next(asked, asked.sid)


@router.post("/status", status_code=204, summary="What became of a caller's leg")
async def status(asked: AskedOf) -> None:
    if asked.form.get("CallStatus") not in _OVER:
        return
    moved = await memory.change(asked.port, asked.sid, lambda call: replace(call, gone=True))
    if moved is not None and moved[1].stage != "over":
        await report_left(asked.port, asked.sid, moved[1])


@router.post("/leg", summary="Somebody of ours picked up")
async def leg(asked: AskedOf) -> Response:
    sid, key = asked.query.get("call", ""), asked.query.get("key", "")
    call = await memory.recall(asked.port, sid)
    there = call.legs.get(key) if call else None
    if call is None or there is None or there.state == "over" or call.stage not in ("connecting", "talking"):
        return _xml(asked.writer.hang_up())
    if there.role == "party":
        return _xml(await _party_up(asked, sid, key))
    moved = await memory.change(asked.port, sid, lambda held: _up(held, key, asked.sid))
    if moved is not None and key == moved[1].offer_id and there.role == "agent":
        await asked.port.report("ContactConnected", sid, f"connected {key}", {"offer_id": key})
    return _xml(asked.writer.leg(moved[1], moved[1].legs[key]) if moved else asked.writer.hang_up())


async def _party_up(asked: Asked, sid: str, attempt_id: str) -> bytes:
    """The outside party whom the agent asks first comes into the room, which the customer leaves before."""
    moved = await memory.change(asked.port, sid, lambda call: answered_by(call, attempt_id, asked.sid))
    call = moved[1] if moved is not None else None
    if call is None or call.legs[attempt_id].state != "up":
        return asked.writer.hang_up()
    if call.apart and not call.gone:
        async with Calls.client(asked.settings) as client:
            await Calls(asked.settings, client).send(sid, asked.writer.url("next"))
    await asked.port.report("DialAnswered", sid, f"answered {attempt_id}", {"attempt_id": attempt_id})
    return asked.writer.leg(call, call.legs[attempt_id])


def _up(call: Call, key: str, leg_sid: str) -> Call:
    talking = key == call.offer_id and call.stage == "connecting"
    return replace(call.leg(key, state="up", sid=leg_sid), stage="talking" if talking else call.stage)


@router.post("/dial", status_code=204, summary="What became of a leg of ours")
async def dial(asked: AskedOf) -> None:
    state, sid, key = asked.form.get("CallStatus", ""), asked.query.get("call", ""), asked.query.get("key", "")
    if state not in _OVER:
        return
    moved = await memory.change(asked.port, sid, lambda call: call.leg(key, state="over"))
    if moved is None or key not in moved[0].legs or moved[0].legs[key].state == "over":
        return
    call, ended = moved[0], moved[0].legs[key]
    if ended.role == "party":
        await _party_gone(asked, sid, key, call)
        return
    if ended.role not in ("agent", "consulted"):
        return
    if ended.state == "up" and key == call.offer_id:
        await asked.port.report("ContactEnded", sid, f"hung up {key}", {"by": "agent"})
    else:
        declined = asked.form.get("SipResponseCode") == _DECLINED
        reason = "rejected" if declined else "hung_up" if ended.state == "up" else state.replace("-", "_")
        await report_not_connected(asked.port, sid, key, reason)


async def _party_gone(asked: Asked, sid: str, attempt_id: str, call: Call) -> None:
    """The outside party asked first hung up on the agent, on the customer once they were handed over, or never answered."""
    if call.legs[attempt_id].state != "up":
        outcome = _UNANSWERED.get(asked.form.get("CallStatus", ""), "no_answer")
        await report_party_failed(asked.port, sid, attempt_id, outcome)
    elif call.offer_id == attempt_id:
        said = {"by": "system", "reason": "outside_hung_up"}
        await asked.port.report("ContactEnded", sid, f"hung up {attempt_id}", said)
    else:
        await asked.port.report("OutsideLeft", sid, f"left {attempt_id}", {"attempt_id": attempt_id})


@router.post("/recording", status_code=204, summary="A recording is ready")
async def recording(asked: AskedOf) -> None:
    """Fetched and kept here, under our own rules of hearing and deletion."""
    recording_sid, contact_id = asked.form.get("RecordingSid", ""), asked.query.get("contact", "")
    if asked.form.get("RecordingStatus", "completed") != "completed" or not _SID.fullmatch(recording_sid):
        return
    async with Calls.client(asked.settings) as client:
        wav = await Calls(asked.settings, client).recording(recording_sid)
    if wav is None:
        raise HTTPException(503, "the recording cannot be fetched now", headers={"Retry-After": "5"})
    now = asked.port.now()
    if asked.query.get("message"):
        await _keep_message(asked, contact_id, recording_sid, wav, now)
        return
    seconds = asked.form.get("RecordingDuration", "0")
    began = now - (int(seconds) if seconds.isdigit() else 0) * 1_000_000
    await asked.port.keep_recording(Recorded(recording_sid, contact_id, began, now, consent_played=True), wav)


async def _keep_message(asked: Asked, contact_id: str, recording_sid: str, wav: bytes, at: int) -> None:
    """A caller's message is a file of the conversation, which whoever may read that may hear."""
    port = asked.port
    call = await memory.recall(port, asked.sid)
    text = words.said(words.MESSAGE_LEFT, call.language if call else "zh")
    message_id = stable_id("voicemail", port.tenant, port.gateway_id, recording_sid)
    file = await port.keep_file(contact_id, wav, "audio/wav", "voicemail.wav")
    await port.converse(MessageSent(message_id, contact_id, "system", at, text=text, attachments=(file,)))


@router.get("/audio/{audio}.wav", summary="A prompt's sound, for the gateway that was told its address")
async def audio(request: Request, gateway_id: str, audio: str, key: str = "") -> Response:
    port, settings = port_of(request, gateway_id, KIND)
    if not same(Writer(settings, gateway_id, port.secret).audio_key(audio), key):
        raise HTTPException(401, "not an address we gave")
    sound = await port.audio(audio)
    if sound is None:
        raise NotFound("no such sound")
    return Response(sound, media_type="audio/wav", headers={"Cache-Control": "private, max-age=86400"})


TWIML = ChannelKind(KIND, TwimlSettings, run, router)
