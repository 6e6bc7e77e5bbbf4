"""What the handling agent asks for while a conversation goes on: words, hold, passing on, a colleague's ear, recording.

202 once acknowledged; the outcome is a decision (or the gateway's report) and comes as a frame.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import Field

from services.console.api.asking import (
    Accepted,
    Agent,
    Body,
    ContactId,
    IdempotencyKey,
    check_in_sight,
    event_id_of,
    noted,
    seat_of,
)
from services.console.parts import Parts, Wired
from shared.contracts.contact_events import TransferCancelled, TransferCompleted, TransferRequested, TransferTarget
from shared.contracts.envelope import stable_id
from shared.contracts.fields import Id, Name
from shared.errors import NotFound, Refused
from shared.security import Principal, Role, allow

router = APIRouter(prefix="/api/contacts/{contact_id}", tags=["agent"])

AgentOrOverseer = Annotated[Principal, Depends(allow(Role.AGENT, Role.SUPERVISOR, Role.ADMIN))]


class Line(Body):
    message_id: Id
    text: Annotated[str, Field(min_length=1, max_length=16_000, pattern=r"^[^\x00]*$")]


class Seen(Body):
    message_ids: Annotated[list[Id], Field(min_length=1, max_length=50)]


class End(Body):
    reason: Name | None = None


class Holding(Body):
    held: bool


class Transfer(Body):
    target_kind: TransferTarget
    target: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\w.:\-]+$")]
    # warm: talk to the colleague first; the customer stays meanwhile; conference: all three talk at once
    mode: Literal["blind", "warm", "conference"] = "blind"


class ThisTransfer(Body):
    transfer_id: Id


class Joining(ThisTransfer):
    joined: bool = True  # False: the customer waits again


class Recording(Body):
    action: Literal["start", "stop", "pause", "resume"]
    reason: Name | None = None


class TransferAccepted(Accepted):
    transfer_id: str


@router.post("/messages", status_code=202, summary="Write to the customer")
async def message(parts: Wired, agent: Agent, contact_id: ContactId, body: Line) -> Accepted:
    await parts.commands.check_speaks(agent.tenant, seat_of(agent), contact_id)
    return Accepted(**await parts.commands.say(agent.tenant, seat_of(agent), contact_id, body.message_id, body.text))


@router.post("/typing", status_code=202, summary="Let the customer see that one is writing")
async def typing(parts: Wired, agent: Agent, contact_id: ContactId) -> Accepted:
    await parts.commands.check_in_hand(agent.tenant, seat_of(agent), contact_id)
    return Accepted(**await parts.commands.type(agent.tenant, contact_id))


@router.post("/read", status_code=202, summary="Let the customer see that their words were read")
async def read(parts: Wired, agent: Agent, contact_id: ContactId, body: Seen) -> Accepted:
    await parts.commands.check_in_hand(agent.tenant, seat_of(agent), contact_id)
    return Accepted(**await parts.commands.mark_read(agent.tenant, seat_of(agent), contact_id, body.message_ids))


@router.post("/end", status_code=202, summary="End the conversation")
async def end(
    parts: Wired, agent: Agent, contact_id: ContactId, body: End | None = None, key: IdempotencyKey = None
) -> Accepted:
    await parts.commands.check_alone(agent.tenant, seat_of(agent), contact_id)
    event_id = event_id_of(agent, f"end:{contact_id}", key)
    reason = body.reason if body else None
    return Accepted(**await parts.commands.end(agent.tenant, seat_of(agent), contact_id, event_id, reason))


@router.post("/hold", status_code=202, summary="Hold or resume the conversation")
async def hold(
    parts: Wired, agent: Agent, contact_id: ContactId, body: Holding, key: IdempotencyKey = None
) -> Accepted:
    await parts.commands.check_in_hand(agent.tenant, seat_of(agent), contact_id)
    event_id = event_id_of(agent, f"hold:{contact_id}", key)
    return Accepted(**await parts.commands.hold(agent.tenant, seat_of(agent), contact_id, event_id, body.held))


@router.post("/transfer", status_code=202, summary="Pass the contact on, at once or after asking a colleague")
async def transfer(
    parts: Wired, agent: Agent, contact_id: ContactId, body: Transfer, key: IdempotencyKey = None
) -> TransferAccepted:
    agent_id = seat_of(agent)
    await parts.commands.check_alone(agent.tenant, agent_id, contact_id)
    event_id = event_id_of(agent, f"transfer:{contact_id}", key)
    transfer_id = stable_id("transfer", event_id)
    event = TransferRequested(contact_id, agent_id, transfer_id, body.target_kind, body.target, body.mode)
    pool = await parts.commands.pool_of(agent.tenant, agent_id)
    done = await parts.commands.publish(agent.tenant, pool, contact_id, event_id, event)
    return TransferAccepted(transfer_id=transfer_id, **done)


@router.post("/transfer/complete", status_code=202, summary="Hand the customer to the colleague consulted")
async def complete_transfer(
    parts: Wired, agent: Agent, contact_id: ContactId, body: ThisTransfer, key: IdempotencyKey = None
) -> Accepted:
    await parts.commands.check_in_hand(agent.tenant, seat_of(agent), contact_id)
    event = TransferCompleted(contact_id, seat_of(agent), body.transfer_id)
    return await _of_transfer(parts, agent, event, event_id_of(agent, f"complete:{body.transfer_id}", key))


@router.post("/transfer/cancel", status_code=202, summary="Keep the customer; or, as the colleague, leave")
async def cancel_transfer(
    parts: Wired, agent: Agent, contact_id: ContactId, body: ThisTransfer, key: IdempotencyKey = None
) -> Accepted:
    await parts.commands.check_involved(agent.tenant, seat_of(agent), contact_id)
    event = TransferCancelled(contact_id, seat_of(agent), body.transfer_id)
    return await _of_transfer(parts, agent, event, event_id_of(agent, f"cancel:{body.transfer_id}", key))


async def _of_transfer(
    parts: Parts, agent: Principal, event: TransferCompleted | TransferCancelled, event_id: str
) -> Accepted:
    pool = await parts.commands.pool_of(agent.tenant, event.agent_id)
    return Accepted(**await parts.commands.publish(agent.tenant, pool, event.contact_id, event_id, event))


@router.post("/join", status_code=202, summary="Bring the customer into the consultation, or out of it")
async def join(
    parts: Wired, agent: Agent, contact_id: ContactId, body: Joining, key: IdempotencyKey = None
) -> Accepted:
    await parts.commands.check_in_hand(agent.tenant, seat_of(agent), contact_id)
    event_id = event_id_of(agent, f"join:{body.transfer_id}:{body.joined}", key)
    done = await parts.commands.join(agent.tenant, seat_of(agent), contact_id, event_id, body.transfer_id, body.joined)
    return Accepted(**done)


@router.post("/record", status_code=202, summary="Start, stop or pause the recording")
async def record(
    parts: Wired, principal: AgentOrOverseer, contact_id: ContactId, body: Recording, key: IdempotencyKey = None
) -> Accepted:
    """The handling agent, or an overseer in whose sight the conversation is (audited)."""
    if principal.agent_id is None or not await parts.commands.handles(principal.tenant, principal.agent_id, contact_id):
        if not principal.has(Role.SUPERVISOR, Role.ADMIN):
            raise Refused("contact_not_yours", "this contact is not in your hands now")
        holder = await parts.commands.holder_of(principal.tenant, contact_id)
        if holder is None:
            raise NotFound("no conversation of this contact now")
        await check_in_sight(parts, principal, holder)
        await noted(parts, principal, "recording", "contacts", contact_id, body.model_dump())
    event_id = event_id_of(principal, f"record:{contact_id}:{body.action}", key)
    by = principal.agent_id or principal.subject
    done = await parts.commands.record(principal.tenant, by, contact_id, event_id, body.action, body.reason)
    return Accepted(**done)
