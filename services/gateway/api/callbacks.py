"""Booking a callback for a customer: the number goes no further than here, the wish goes to the router."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Depends, Header
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from services.gateway.adapters.numbers import dialled
from services.gateway.api.access import PartsOf
from services.gateway.handlers import callbacks
from shared.contracts.fields import Id, Name
from shared.errors import Refused
from shared.http import problem
from shared.security import Principal, Role, allow

router = APIRouter(tags=["callbacks"])

Booker = Annotated[Principal, Depends(allow(Role.AGENT, Role.SUPERVISOR, Role.ADMIN))]
IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=64)]
MINUTE = 60_000_000


class Booking(BaseModel):
    """`at`: the customer's local time, in `time_zone` (IANA; the organisation's where none is given); none: as soon as it is
    their turn. `window_minutes`: how long they can be reached from then on."""

    model_config = ConfigDict(extra="forbid")

    number: Annotated[str, Field(min_length=3, max_length=32, pattern=r"^\+?[0-9 ()\-]+$")]
    contact_id: Id | None = None
    group: Name | None = None
    business_line: Name | None = None
    at: datetime | None = None
    time_zone: Annotated[str, Field(max_length=64)] | None = None
    window_minutes: Annotated[int, Field(ge=5, le=1_440)] | None = None
    mode: Literal["agent_first", "customer_first"] | None = None


class Booked(BaseModel):
    callback_id: str


@router.post("/v1/callbacks", status_code=202, response_model=Booked, summary="Book a callback for a customer")
async def book(parts: PartsOf, booker: Booker, body: Booking, key: IdempotencyKey = None) -> Response:
    tenant = await parts.directory.tenant(booker.tenant)
    number = dialled(body.number, tenant.default_country)
    if number is None:
        return _wrong("number", "not a telephone number")
    if body.contact_id is None and body.group is None and body.business_line is None:
        return _wrong("group", "name the group, the business line or the contact it is for")
    begins = None
    if body.at is not None:
        try:
            zone = ZoneInfo(body.time_zone or tenant.time_zone)
        except (ZoneInfoNotFoundError, ValueError):
            return _wrong("time_zone", "no such time zone")
        local = body.at if body.at.tzinfo is not None else body.at.replace(tzinfo=zone)
        begins = int(local.timestamp() * 1_000_000)
        if begins <= parts.clock.now():
            return _wrong("at", "this time is past")
    window = None
    if body.window_minutes is not None:
        window = (begins or parts.clock.now()) + body.window_minutes * MINUTE
    dialler = parts.diallers.of_tenant(booker.tenant)
    if dialler is None:
        raise Refused("cannot_dial", "no channel of this organisation can call")
    wish = callbacks.Wish(
        key or uuid.uuid4().hex,
        number,
        body.contact_id,
        "agent",
        body.mode,
        begins,
        window,
        body.group,
        body.business_line,
    )
    booked = Booked(callback_id=await callbacks.request(parts, dialler, wish))
    return Response(booked.model_dump_json(), 202, media_type="application/json")


def _wrong(field: str, message: str) -> Response:
    return problem(422, "invalid", "see errors", errors=[{"field": field, "message": message, "code": "invalid"}])
