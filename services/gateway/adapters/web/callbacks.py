"""A visitor who waits (or came when we are closed) asks to be called back, now in turn or at a time of their own."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from services.gateway.adapters.numbers import dialled
from services.gateway.adapters.web import visits
from services.gateway.adapters.web.access import Charged, SiteOf, VisitorOf
from services.gateway.adapters.web.routes import Body
from shared.contracts.fields import Id
from shared.errors import Refused

router = APIRouter(prefix="/v1/web/{site}", tags=["web chat"])


class Wish(Body):
    """`at`: with its offset, as a browser writes it; none: when it is their turn."""

    contact_id: Id
    phone: Annotated[str, Field(min_length=3, max_length=32, pattern=r"^\+?[0-9 ()\-]+$")]
    at: datetime | None = None


class Promised(BaseModel):
    callback_id: str


@router.post("/callback", status_code=202, dependencies=[Charged], summary="Ask to be called back instead of waiting")
async def ask(site: SiteOf, visitor: VisitorOf, body: Wish) -> Promised:
    """The contact must be the visitor's own, and open. Asked again it is the same callback."""
    port = site.port
    async with port.database() as connection:
        visit = await visits.latest_visit(connection, port.gateway_id, visitor.visitor_id)
    if visit is None or visit.contact_id != body.contact_id or not visit.open:
        raise Refused("not_waiting", "no conversation of yours waits")
    number = dialled(body.phone, await port.country())
    if number is None:
        raise HTTPException(422, "not a telephone number")
    if body.at is not None and body.at.tzinfo is None:
        raise HTTPException(422, "a time needs its offset")
    begins = None if body.at is None else int(body.at.timestamp() * 1_000_000)
    callback_id = await port.ask_for_callback(body.contact_id, "visitor", number, not_before=begins)
    if callback_id is None:
        raise Refused("cannot_dial", "no channel of this organisation can call")
    return Promised(callback_id=callback_id)
