"""HTTP of the agent's desk: why we call, the next call, a refusal, how it ended."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import Field

from services.outbound.api.access import Body, Code, InRoom, Line, PathId, of_tenant
from services.outbound.domain.purposes import Purpose
from services.outbound.handlers import answerers, desk
from services.outbound.handlers.desk import Booking
from services.outbound.store.statements import errors_by_consequence
from shared.errors import Refused
from shared.security import Principal, Role, allow

router = APIRouter(prefix="/v1", tags=["desk"])

Speaker = Annotated[Principal, Depends(allow(Role.AGENT, Role.SUPERVISOR, Role.CAMPAIGN_MANAGER, Role.ADMIN))]


class CallbackWish(Body):
    """`at` is a wall clock of `time_zone` (IANA): the customer's own."""

    at: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$")]
    time_zone: Line
    whose: Literal["me", "anyone"] = "me"
    note: Annotated[str, Field(max_length=256, pattern=r"^[^\x00]*$")] = ""


class Refusal(Body):
    """`purpose` null: of everything the customer did not ask for."""

    purpose: Purpose | None = None


class Ending(Body):
    disposition: Code


class Answerer(Body):
    machine: bool


class Booked(Body):
    at: int
    """µs since 1970."""


@router.get("/attempts/{attempt_id}/card", summary="Why somebody is called: record, script, what was promised")
async def card(parts: InRoom, asker: Speaker, attempt_id: PathId) -> dict[str, Any]:
    async with of_tenant(parts, asker.tenant) as connection:
        return await desk.card_of(connection, asker.tenant, attempt_id)


@router.get("/contacts/{contact_id}/card", summary="The call of ours a contact is, or rings back")
async def card_of_contact(parts: InRoom, asker: Speaker, contact_id: PathId) -> dict[str, Any]:
    async with of_tenant(parts, asker.tenant) as connection:
        return await desk.card_of_contact(connection, asker.tenant, contact_id)


@router.post("/attempts/{attempt_id}/skip", status_code=202, summary="A preview nobody wants to dial now")
async def skip(parts: InRoom, asker: Speaker, attempt_id: PathId) -> None:
    """It is taken back and comes again later; 409 once it is dialled."""
    with errors_by_consequence():
        await desk.skip(parts, asker, attempt_id)


@router.post("/attempts/{attempt_id}/callback", summary="Call the person again at the time they chose")
async def callback(parts: InRoom, asker: Speaker, attempt_id: PathId, wish: CallbackWish) -> Booked:
    try:
        at = datetime.fromisoformat(wish.at)
    except ValueError as error:
        raise Refused("no_such_time", f"{wish.at} is no date and time") from error
    booking = Booking(at, wish.time_zone, asker.agent_id if wish.whose == "me" else None, wish.note.strip())
    with errors_by_consequence():
        return Booked(at=await desk.book_callback(parts, asker, attempt_id, booking))


@router.post("/attempts/{attempt_id}/refusal", status_code=204, summary="The person refuses further calls")
async def refusal(parts: InRoom, asker: Speaker, attempt_id: PathId, refused: Refusal) -> None:
    with errors_by_consequence():
        await desk.keep_refusal(parts, asker, attempt_id, refused.purpose)


@router.post("/attempts/{attempt_id}/answerer", status_code=204, summary="Who answered: a person or a machine")
async def answerer(parts: InRoom, asker: Speaker, attempt_id: PathId, said: Answerer) -> None:
    """The agent who had the call, or whoever listened to it. The first word stays (409 for another)."""
    with errors_by_consequence():
        await answerers.keep_answerer(parts, asker, attempt_id, machine=said.machine)


@router.post("/attempts/{attempt_id}/disposition", status_code=204, summary="How the conversation ended")
async def disposition(parts: InRoom, asker: Speaker, attempt_id: PathId, ended: Ending) -> None:
    with errors_by_consequence():
        await desk.keep_disposition(parts, asker, attempt_id, ended.disposition)
