"""Trying a dialogue out by typing as a caller: the same engine, nothing published, nothing kept.

The visit travels with the page as a sealed text; prompts that await nothing (an answer being given, last words) are
taken as heard at once.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self

from fastapi import APIRouter, HTTPException
from pydantic import AwareDatetime, Field, model_validator

from services.ivr.api.access import InRoom, Reader, Room, tenant_of
from services.ivr.api.audio import signed_path
from services.ivr.api.shapes import Code, Document, Language, LongProse, Request, match_document
from services.ivr.dialogue_document import MAX_DOCUMENT, check_dialogue
from services.ivr.domain.calendars import open_now
from services.ivr.domain.dialogue import Dialogue
from services.ivr.domain.engine import answer, begin, fax_reported
from services.ivr.domain.visit import (
    Arriving,
    Caller,
    ContractInForce,
    Mode,
    Step,
    Visit,
    World,
    note_of,
    visit_from,
)
from services.ivr.handlers.library import Shelf
from services.ivr.store import audio
from shared.contracts.contact_events import SelfServiceEnded
from shared.contracts.conversation_messages import PromptAnswered
from shared.contracts.fields import Channel
from shared.errors import NotFound, Refused
from shared.postgres import worker_transaction
from shared.security import same
from shared.yaml_document import DocumentRefused

router = APIRouter(prefix="/v1", tags=["dialogues"])

PRETENDED: Final = "simulated"
PASSED_AT_MOST: Final = 50
"""Prompts in a row that await nothing."""


class CallerIn(Request):
    """Who is pretended to call."""

    known: bool = True
    tier: Code | None = None
    deals: Annotated[
        list[tuple[Code, Annotated[str, Field(max_length=256)]]], Field(default_factory=list, max_length=20)
    ]


class SimulateIn(Request):
    """`dialogue` names a published one, `yaml` is one being written. `input`: keys or words; null with a session: silence."""

    dialogue: Code | None = None
    yaml: Annotated[str, Field(max_length=MAX_DOCUMENT)] | None = None
    channel: Channel = Channel.PHONE
    language: Language | None = None
    business_line: Code | None = None
    text: LongProse | None = None  # what arrives with the contact: a first message, a read fax
    caller: CallerIn | None = None
    at: AwareDatetime | None = None  # for opening hours; None: now
    session: Annotated[str, Field(max_length=200_000)] | None = None
    input: Annotated[str, Field(max_length=16_000)] | None = None
    outcome: Literal["verified", "refused", "failed"] | None = (
        None  # of a secure entry, or a prompt that could not be played
    )

    @model_validator(mode="after")
    def one_dialogue(self) -> Self:
        if (self.dialogue is None) == (self.yaml is None):
            raise ValueError("name either dialogue or yaml")
        return self


@router.post("/simulate", response_model=Document, summary="One step of a dialogue, as a caller would live it")
async def simulate(room: InRoom, principal: Reader, body: SimulateIn) -> Document:
    tenant = tenant_of(principal)
    shelf = await room.serving.library.with_model(tenant)
    dialogue = _dialogue(body, shelf)
    moment: datetime = body.at or room.now()
    public = room.serving.holidays.around(moment, (hours.country for hours in dialogue.hours.values()))
    world = World(shelf.questions, shelf.match, open_now(dialogue.hours, moment, public))
    if body.session is None:
        steps = [begin(dialogue, _arriving(body, dialogue), world)]
    else:
        steps = [answer(dialogue, visit := _unsealed(room, dialogue, body.session), _heard(body, visit), world)]
    while len(steps) < PASSED_AT_MOST and (passed := _passed(dialogue, steps[-1], world)) is not None:
        steps.append(passed)
    return await _told(room, tenant, steps, dialogue, shelf)


def _dialogue(body: SimulateIn, shelf: Shelf) -> Dialogue:
    if body.yaml is not None:
        try:
            return check_dialogue("draft", body.yaml, shelf.questions)
        except DocumentRefused as refused:
            raise Refused("dialogue_refused", str(refused)[:2000]) from refused
    found = shelf.dialogues.get(body.dialogue or "")
    if found is None:
        raise NotFound("no such dialogue")
    return found[0]


def _arriving(body: SimulateIn, dialogue: Dialogue) -> Arriving:
    if body.channel not in dialogue.channels:
        raise Refused("channel_not_served", f"this dialogue serves {', '.join(sorted(dialogue.channels))}")
    line = body.business_line or dialogue.business_line or PRETENDED
    caller = Caller()
    if body.caller is not None:
        contracts = tuple(ContractInForce(*deal) for deal in body.caller.deals)
        caller = Caller(body.caller.known, body.caller.tier, contracts)
    return Arriving(PRETENDED, body.channel, line, body.language, body.text, caller)


def _heard(body: SimulateIn, visit: Visit) -> PromptAnswered:
    def heard(outcome: Any, **said: str) -> PromptAnswered:
        return PromptAnswered(PRETENDED, PRETENDED, PRETENDED, 0, outcome, **said)

    if body.outcome is not None:
        return heard(body.outcome)
    typed = (body.input or "").strip()
    if not typed:
        return heard("timeout")
    keys = set(typed) <= set("0123456789*#") and len(typed) <= 32
    if visit.mode is Mode.VERIFY:
        return heard("verified")  # nobody's PIN is at hand: any digits pass, `outcome` refuses
    if visit.spoken:
        return heard("digits", digits=typed) if keys else heard("timeout")
    single = keys and len(typed) <= 2 and visit.mode in (Mode.MENU, Mode.QUESTION, Mode.ASK_BACK)
    return heard("digits", digits=typed) if single else heard("text", text=typed)


def _passed(dialogue: Dialogue, step: Step, world: World) -> Step | None:
    """The step after a prompt nobody answers: heard whole, or faxed."""
    match step.visit.mode:
        case Mode.ANSWER | Mode.LEAVE:
            played = PromptAnswered(PRETENDED, PRETENDED, PRETENDED, 0, "played")
            return answer(dialogue, step.visit, played, world)
        case Mode.FAX:
            return fax_reported(dialogue, step.visit, True, world)
        case _:
            return None


async def _told(room: Room, tenant: str, steps: list[Step], dialogue: Dialogue, shelf: Shelf) -> Document:
    last = steps[-1]
    said = [utterance for step in steps if step.prompt is not None for utterance in step.prompt.say]
    named = {room.serving.spoken.content_hash(one.text, one.language) for one in said if last.visit.spoken}
    async with worker_transaction(room.serving.workers) as connection:
        ready = await audio.there(connection, tenant, named) if named else set[str]()
    ended = next((e for step in steps for e in step.events if isinstance(e, SelfServiceEnded)), None)
    gather = last.prompt.gather if last.prompt is not None and not last.visit.ended else None
    matched = next((step.match for step in steps if step.match is not None), None)
    words: list[Document] = []
    for one in said:
        content = room.serving.spoken.content_hash(one.text, one.language)
        path = signed_path(room, content) if content in ready else None
        words.append({"text": one.text, "language": one.language, "link": one.link, "audio": path})
    return {
        "session": None if last.visit.ended else _sealed(room, dialogue, last.visit),
        "said": words,
        "awaiting": None if gather is None else {
            "kind": last.visit.mode, "choices": [{"key": c.key, "label": c.label} for c in gather.choices],
            "max_digits": gather.max_digits, "secure": gather.secure,
        },
        "ended": None if ended is None else {
            "outcome": ended.outcome, "group": ended.group, "reason": ended.reason, "business_line": ended.business_line,
            "language": ended.language, "by": ended.by,
        },
        "faxes": [{"title": fax.title, "body": fax.body, "to": fax.to} for step in steps for fax in step.faxes],
        "answered": list(last.visit.answered),
        "note": note_of(last.visit),
        "match": None if matched is None else match_document(matched, shelf.questions, 0.0),
        "refusals": [purpose for step in steps for purpose in step.refusals],
        "trace": [node for step in steps for node in step.trace],
    }  # fmt: skip


def _sealed(room: Room, dialogue: Dialogue, visit: Visit) -> str:
    """The visit as a text only we can write, good for the dialogue as it is now."""
    body = json.dumps(visit.to_mapping(), ensure_ascii=False).encode()
    return f"{base64.urlsafe_b64encode(body).decode()}.{_seal(room, dialogue, body)}"


def _unsealed(room: Room, dialogue: Dialogue, sealed: str) -> Visit:
    encoded, _, seal = sealed.partition(".")
    try:
        body = base64.urlsafe_b64decode(encoded)
    except (ValueError, binascii.Error) as error:
        raise HTTPException(422, "session: not one of ours") from error
    if not same(_seal(room, dialogue, body), seal):
        raise HTTPException(422, "session: not one of ours, or of another version of the dialogue")
    return visit_from(json.loads(body))


def _seal(room: Room, dialogue: Dialogue, body: bytes) -> str:
    key = room.settings.service_token.get_secret_value().encode()
    shape = repr(sorted(dialogue.nodes.items())).encode()
    return hmac.new(key, b"\x1f".join((b"ivr-simulation", shape, body)), hashlib.sha256).hexdigest()
