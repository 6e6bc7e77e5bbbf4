"""Colleagues beside a conversation (they read along and write notes), and a supervisor who takes it over.

The contact stays its agent's until a take-over's seat has answered. Joining and taking over are audited.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from services.console.api.asking import (
    Accepted,
    Agent,
    Body,
    ContactId,
    IdempotencyKey,
    Overseer,
    check_in_sight,
    event_id_of,
    noted,
    seat_of,
)
from services.console.parts import Wired
from shared.contracts.contact_events import ColleagueJoined, ColleagueLeft, TakeOverRequested
from shared.contracts.fields import Id, Name
from shared.errors import NotFound, Refused

router = APIRouter(prefix="/api/contacts/{contact_id}", tags=["company"])


class Joining(Body):
    joined: bool = True  # False: leave
    why: Name | None = None


class Note(Body):
    message_id: Id
    text: Annotated[str, Field(min_length=1, max_length=16_000, pattern=r"^[^\x00]*$")]


class TakeOver(Body):
    why: Name


@router.post("/company", status_code=202, summary="Stand by a colleague's conversation, or leave it")
async def company(
    parts: Wired, agent: Agent, contact_id: ContactId, body: Joining, key: IdempotencyKey = None
) -> Accepted:
    """Reading along shows the customer's words: it is audited with why."""
    pool = await parts.commands.pool_of_contact(agent.tenant, contact_id)
    event = (
        ColleagueJoined(contact_id, seat_of(agent), body.why)
        if body.joined
        else ColleagueLeft(contact_id, seat_of(agent))
    )
    if body.joined:
        await noted(parts, agent, "joined", "contacts", contact_id, {"why": body.why})
    event_id = event_id_of(agent, f"company:{contact_id}:{body.joined}", key)
    return Accepted(**await parts.commands.publish(agent.tenant, pool, contact_id, event_id, event))


@router.post("/notes", status_code=202, summary="A note among colleagues; the customer does not see it")
async def note(parts: Wired, agent: Agent, contact_id: ContactId, body: Note) -> Accepted:
    await parts.commands.check_beside(agent.tenant, seat_of(agent), contact_id)
    done = await parts.commands.say(
        agent.tenant, seat_of(agent), contact_id, body.message_id, body.text, audience="staff"
    )
    return Accepted(**done)


@router.post("/take-over", status_code=202, summary="Take the conversation over with one's own seat")
async def take_over(
    parts: Wired, overseer: Overseer, contact_id: ContactId, body: TakeOver, key: IdempotencyKey = None
) -> Accepted:
    """The conversation must be an agent's in the overseer's sight, and the overseer's own seat signed in."""
    if overseer.agent_id is None:
        raise Refused("no_seat", "this account has no agent of its own")
    await parts.commands.signed_in(overseer.tenant, overseer.agent_id)
    holder = await parts.commands.holder_of(overseer.tenant, contact_id)
    if holder is None:
        raise NotFound("no conversation of this contact now")
    await check_in_sight(parts, overseer, holder)
    await noted(parts, overseer, "take_over", "contacts", contact_id, {"why": body.why, "agent_id": holder})
    pool = await parts.commands.pool_of_contact(overseer.tenant, contact_id)
    event = TakeOverRequested(contact_id, overseer.agent_id, overseer.subject, body.why)
    event_id = event_id_of(overseer, f"take-over:{contact_id}", key)
    return Accepted(**await parts.commands.publish(overseer.tenant, pool, contact_id, event_id, event))
