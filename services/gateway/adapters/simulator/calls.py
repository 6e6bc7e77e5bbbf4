"""Calls from a browser: dialled, heard as events, answered with digits, hung up. A sealed token names the call."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from services.gateway.adapters.kind import port_of
from services.gateway.adapters.port import ChannelPort
from services.gateway.adapters.simulator.exchange import SEEN_SECONDS, hang_up, seen_key
from services.gateway.adapters.simulator.frames import Frame, frame_of, place_frame
from services.gateway.adapters.simulator.settings import SimulatorSettings
from services.gateway.adapters.web.access import bearer, client_of, state_of
from services.gateway.adapters.web.tokens import Visitor, seal
from services.gateway.domain.entries import entry_of
from shared.contracts.fields import Id
from shared.errors import NotFound

router = APIRouter(prefix="/v1/simulator/{gateway_id}", tags=["telephone simulator"])

CALL_SECONDS = 4 * 3600
GatewayId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._:\-]{1,64}$")]


@dataclass(frozen=True, slots=True)
class Exchange:
    port: ChannelPort
    settings: SimulatorSettings


async def exchange_of(request: Request, gateway_id: GatewayId) -> Exchange:
    """The row of the path. Raises NotFound."""
    return Exchange(*port_of(request, gateway_id, "simulator"))


ExchangeOf = Annotated[Exchange, Depends(exchange_of)]


async def call_of(request: Request, exchange: ExchangeOf) -> str:
    """Our key of the call whose token the request carries. 401 without a valid one of this row."""
    return bearer(request, exchange.port, "dial first").visitor_id


CallOf = Annotated[str, Depends(call_of)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Number(BaseModel):
    entry: str
    title: str


class Person(BaseModel):
    """Somebody who can be played; their number stays here."""

    label: str


class Telephone(BaseModel):
    numbers: list[Number]
    callers: list[Person]


@router.get("/config", summary="Numbers that can be called and people who can be played")
async def config(exchange: ExchangeOf) -> Telephone:
    numbers = [Number(entry=e.entry, title=e.title or e.entry) for e in exchange.settings.entries]
    return Telephone(numbers=numbers, callers=[Person(label=caller.label) for caller in exchange.settings.callers])


class Dialled(Body):
    """`caller`: whose place in `config` (none: withheld number)."""

    entry: Annotated[str, Field(min_length=1, max_length=100)]
    caller: Annotated[int, Field(ge=0, le=1_000)] | None = None


class Ringing(BaseModel):
    """`cursor`: where the call's events begin in the stream."""

    token: str
    contact_id: str
    cursor: int


@router.post("/calls", status_code=202, summary="Call a number")
async def dial(request: Request, exchange: ExchangeOf, body: Dialled) -> Ringing:
    port, settings = exchange.port, exchange.settings
    await state_of(request).limits.charge(settings.calls_per_minute, "dial", port.gateway_id, client_of(request))
    entry = entry_of(settings.entries, body.entry)
    if entry is None or (body.caller is not None and body.caller >= len(settings.callers)):
        raise NotFound("no such number, or nobody such to play")
    number = settings.callers[body.caller].number if body.caller is not None else None
    subject = f"call-{secrets.token_hex(12)}"
    async with port.database() as connection:
        cursor: int = await connection.fetchval(
            "SELECT last_event FROM gateways WHERE gateway_id = $1", port.gateway_id
        )
    await port.remember(seen_key(subject), {"at": port.now()}, days=1)
    if number is not None:
        await port.remember(_caller_key(subject), {"caller": body.caller}, days=1)
    contact_id = await port.report(
        "ContactArrived", subject, f"arrived {subject}",
        {
            "channel": "phone", "business_line": entry.business_line, "entry": entry.entry, "group": entry.group,
            "language": entry.language, "self_service": entry.self_service,
            **({"address_kind": "phone", "address": number} if number else {}),
        },
    )  # fmt: skip
    call = Visitor(subject, int(time.time()) + CALL_SECONDS)
    return Ringing(token=seal(call, port.gateway_id, port.secret), contact_id=contact_id, cursor=cursor)


def _caller_key(subject: str) -> str:
    return f"caller of {subject}"


async def caller_of(port: ChannelPort, call: str) -> int | None:
    """Who is played in a call, as their place in `config`; None: number withheld."""
    note = await port.recall(_caller_key(call))
    return None if note is None else int(note.value["caller"])


@router.get("/calls/stream", response_class=StreamingResponse, summary="What the caller hears, as server-sent events")
async def listen(request: Request, exchange: ExchangeOf, call: CallOf) -> Response:
    cursor = request.headers.get("last-event-id", "0")
    after = int(cursor) if cursor.isdecimal() and len(cursor) < 19 else 0
    frames = _frames(exchange.port, call, after)
    return StreamingResponse(frames, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


def _encode(number: int | None, frame: Frame) -> bytes:
    head = b"" if number is None else b"id: %d\n" % number
    return head + b"data: " + json.dumps(frame, ensure_ascii=False).encode() + b"\n\n"


async def _frames(port: ChannelPort, call: str, after: int) -> AsyncGenerator[bytes]:
    """The call's events, its place while it waits, and by the way a note that its page is there."""
    yield b"retry: 1000\n\n"
    contact_id, waiting, ended = port.contact_id(call), False, False
    ready: asyncio.Queue[tuple[int, Frame]] = asyncio.Queue()
    reader = asyncio.create_task(_read(port, call, after, ready))
    try:
        while not ended and not reader.done():
            try:
                async with asyncio.timeout(SEEN_SECONDS):
                    number, frame = await ready.get()
            except TimeoutError:
                await port.remember(seen_key(call), {"at": port.now()}, days=1)
                place = await port.place(contact_id) if waiting else None
                yield _encode(None, place_frame(place)) if place is not None else b": still here\n\n"
                continue
            waiting = frame.get("state", waiting) in ("waiting", True)
            ended = frame.get("state") == "ended"
            if frame.get("state") == "connected":
                frame["agent"] = await port.agent_name(contact_id)
            yield _encode(number, frame)
    finally:
        reader.cancel()


async def _read(port: ChannelPort, call: str, after: int, ready: asyncio.Queue[tuple[int, Frame]]) -> None:
    async for event in port.events(after):
        if event.subject == call and (frame := frame_of(event)) is not None:
            ready.put_nowait((event.number, frame))


class Answer(Body):
    """What came of a prompt."""

    step: Id
    outcome: Literal["played", "digits", "timeout"]
    digits: Annotated[str, Field(max_length=32, pattern=r"^[0-9*#]*$")] | None = None


@router.post("/calls/answer", status_code=204, summary="The prompt was heard, digits were pressed, or nothing was")
async def answer(exchange: ExchangeOf, call: CallOf, body: Answer) -> None:
    port = exchange.port
    await port.answered(port.contact_id(call), body.step, body.outcome, digits=body.digits)


class Score(Body):
    score: Annotated[int, Field(ge=1, le=10)]


@router.post("/calls/rate", status_code=202, summary="A key pressed when asked how it was; 409 when it was said before")
async def rate(exchange: ExchangeOf, call: CallOf, body: Score) -> dict[str, str]:
    return {"taken": await exchange.port.rate(exchange.port.contact_id(call), body.score, "key")}


class SecretDigits(Body):
    step: Id
    kind: Literal["pin"] = "pin"
    digits: Annotated[str, Field(min_length=1, max_length=32, pattern=r"^[0-9*#]+$")]


@router.post(
    "/calls/verify", status_code=204, summary="Secure digits: compared by the profile, kept and passed on nowhere"
)
async def verify(exchange: ExchangeOf, call: CallOf, body: SecretDigits) -> None:
    port = exchange.port
    fits = await port.verify(port.contact_id(call), body.kind, body.digits)
    await port.answered(port.contact_id(call), body.step, "verified" if fits else "refused")


@router.post("/calls/hang-up", status_code=202, summary="The caller hangs up")
async def end(exchange: ExchangeOf, call: CallOf) -> dict[str, str]:
    await hang_up(exchange.port, call)
    return {"contact_id": exchange.port.contact_id(call)}


@router.get("/audio/{audio}", response_class=Response, summary="A prompt's sound")
async def audio(exchange: ExchangeOf, audio: Annotated[str, Path(pattern=r"^[A-Za-z0-9]{8,64}\.wav$")]) -> Response:
    wav = await exchange.port.audio(audio.removesuffix(".wav"))
    if wav is None:
        raise NotFound("no such sound")
    return Response(wav, media_type="audio/wav", headers={"Cache-Control": "public, max-age=86400, immutable"})
