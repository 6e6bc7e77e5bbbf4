"""Being called back in the browser: asking for it while one waits, the telephone that rings, a message left when closed."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field

from services.gateway.adapters.simulator.calls import CALL_SECONDS, Body, CallOf, ExchangeOf, Ringing, caller_of
from services.gateway.adapters.simulator.exchange import seen_key
from services.gateway.adapters.simulator.ringing import phone_key, pick_up, ring_of
from services.gateway.adapters.web.access import client_of, state_of
from services.gateway.adapters.web.tokens import Visitor, seal
from shared.contracts.fields import Id
from shared.errors import NotFound, Refused

router = APIRouter(prefix="/v1/simulator/{gateway_id}", tags=["telephone simulator"])

PATIENCE_SECONDS = 20.0
Caller = Annotated[int, Path(ge=0, le=1_000)]


class RingingPhone(BaseModel):
    """`attempt_id`: of the call that rings; None: the telephone is silent."""

    attempt_id: str | None
    version: int


@router.get("/phones/{caller}", summary="Whether the telephone of somebody who can be played rings; waits for a change")
async def look(exchange: ExchangeOf, caller: Caller, version: int = -1) -> RingingPhone:
    if caller >= len(exchange.settings.callers):
        raise NotFound("nobody such to play")
    await exchange.port.changed(phone_key(caller), version, PATIENCE_SECONDS if version >= 0 else 0)
    ring = await ring_of(exchange.port, caller)
    if ring is None:
        return RingingPhone(attempt_id=None, version=0)
    return RingingPhone(attempt_id=ring.attempt_id if ring.state == "ringing" else None, version=ring.version)


class PickedUp(Body):
    """`answers`: false refuses the call."""

    attempt_id: Id
    answers: bool = True


@router.post("/phones/{caller}/pick-up", summary="Answer a telephone that rings, or refuse the call")
async def answer(request: Request, exchange: ExchangeOf, caller: Caller, body: PickedUp) -> Ringing:
    port = exchange.port
    await state_of(request).limits.charge(
        exchange.settings.calls_per_minute, "dial", port.gateway_id, client_of(request)
    )
    async with port.database() as connection:
        cursor: int = await connection.fetchval(
            "SELECT last_event FROM gateways WHERE gateway_id = $1", port.gateway_id
        )
    subject = await pick_up(port, caller, body.attempt_id, body.answers)
    if subject is None:
        raise Refused("not_ringing", "this telephone rings no more")
    await port.remember(seen_key(subject), {"at": port.now()}, days=1)
    call = Visitor(subject, int(time.time()) + CALL_SECONDS)
    return Ringing(token=seal(call, port.gateway_id, port.secret), contact_id=port.contact_id(subject), cursor=cursor)


class Asked(BaseModel):
    callback_id: str


@router.post("/calls/callback", status_code=202, summary="The caller wants to be called back instead of waiting")
async def ask(exchange: ExchangeOf, call: CallOf) -> Asked:
    port = exchange.port
    caller = await caller_of(port, call)
    number = None if caller is None else exchange.settings.callers[caller].number
    if number is None:
        raise Refused("number_withheld", "without a number nobody can be called back")
    callback_id = await port.ask_for_callback(port.contact_id(call), call, number)
    if callback_id is None:
        raise Refused("cannot_dial", "no channel of this organisation can call")
    return Asked(callback_id=callback_id)


class Left(Body):
    """`business_line` as the call had it."""

    text: Annotated[str, Field(min_length=1, max_length=4_000)]
    entry: Annotated[str, Field(min_length=1, max_length=100)]


@router.post("/calls/message", status_code=202, summary="Words left for later, after a closed group took no call")
async def leave_message(exchange: ExchangeOf, call: CallOf, body: Left) -> dict[str, str]:
    port = exchange.port
    entry = next((e for e in exchange.settings.entries if e.entry == body.entry), None)
    if entry is None:
        raise NotFound("no such number")
    caller = await caller_of(port, call)
    number = None if caller is None else exchange.settings.callers[caller].number
    subject = f"{call}.message"
    contact_id = await port.report(
        "ContactArrived", subject, f"arrived {subject}",
        {
            "channel": "web", "business_line": entry.business_line, "entry": entry.entry, "group": entry.group,
            "deposit": True, "self_service": False, "text": body.text,
            **({"address_kind": "phone", "address": number} if number else {}),
        },
    )  # fmt: skip
    return {"contact_id": contact_id}
