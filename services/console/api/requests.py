"""What supervisors ask of contacts that wait, and of an agent's skills for the time being; each with one preset reason.

The router decides, and keeps who and why in its journal; it is also written into the console's audit.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from services.console.api.asking import (
    Accepted,
    AgentId,
    Body,
    ContactId,
    IdempotencyKey,
    Overseer,
    check_in_sight,
    event_id_of,
    noted,
)
from services.console.domain.live import AgentLive
from services.console.domain.shapes import ContactState
from services.console.parts import Parts, Wired
from services.console.roster import KINDS, held_skills
from services.console.store import roster
from shared.contracts.contact_events import (
    AgentProfileChanged,
    ContactDirected,
    ContactEvent,
    ContactMoved,
    ContactPrioritised,
)
from shared.contracts.fields import SECOND, Channel, HeldSkill, Id, Level, Name
from shared.errors import NotFound, Refused
from shared.postgres import tenant_transaction
from shared.security import Principal

router = APIRouter(prefix="/api", tags=["requests"])

WAITING = (ContactState.WAITING, ContactState.OFFERED)


class Move(Body):
    group: Name
    why: Name


class Seniority(Body):
    seconds: Annotated[int, Field(ge=0, le=86_400)]
    """0 takes back what was granted."""
    why: Name


class Direction(Body):
    agent_id: Id
    why: Name


class SkillForNow(Body):
    skill: Name
    level: Level | None = None
    """None: not asked for this skill any more."""
    minutes: Annotated[int, Field(ge=1, le=1_440)] | None = None
    """Until then; None: until the agent signs in again."""
    why: Name


@router.post("/contacts/{contact_id}/move", status_code=202, summary="Move a waiting contact to another group")
async def move(
    parts: Wired, overseer: Overseer, contact_id: ContactId, body: Move, key: IdempotencyKey = None
) -> Accepted:
    event = ContactMoved(contact_id, body.group, overseer.subject, body.why)
    return await _ask(parts, overseer, contact_id, "moved", body, event, key)


@router.post("/contacts/{contact_id}/prioritise", status_code=202, summary="Grant a waiting contact seniority")
async def prioritise(
    parts: Wired, overseer: Overseer, contact_id: ContactId, body: Seniority, key: IdempotencyKey = None
) -> Accepted:
    event = ContactPrioritised(contact_id, body.seconds, overseer.subject, body.why)
    return await _ask(parts, overseer, contact_id, "prioritised", body, event, key)


@router.post("/contacts/{contact_id}/direct", status_code=202, summary="Give a waiting contact to one agent")
async def direct(
    parts: Wired, overseer: Overseer, contact_id: ContactId, body: Direction, key: IdempotencyKey = None
) -> Accepted:
    await check_in_sight(parts, overseer, body.agent_id)
    event = ContactDirected(contact_id, body.agent_id, overseer.subject, body.why)
    return await _ask(parts, overseer, contact_id, "directed", body, event, key)


async def _ask(
    parts: Parts,
    overseer: Principal,
    contact_id: str,
    action: str,
    body: Move | Seniority | Direction,
    event: ContactEvent,
    key: str | None,
) -> Accepted:
    """Refused early where the live picture knows that the contact does not wait."""
    live = (await parts.projection.tenant(overseer.tenant)).pool_of_contact(contact_id)
    if live is None:
        raise NotFound("not open now")
    if live.contacts[contact_id].state not in WAITING:
        raise Refused("not_waiting", "the contact does not wait for an agent now")
    await noted(
        parts, overseer, action, "contacts", contact_id, {name: str(value) for name, value in body.model_dump().items()}
    )
    pool = await parts.commands.pool_of_contact(overseer.tenant, contact_id)
    event_id = event_id_of(overseer, f"{action}:{contact_id}", key)
    return Accepted(**await parts.commands.publish(overseer.tenant, pool, contact_id, event_id, event))


@router.post(
    "/floor/agents/{agent_id}/skills", status_code=202, summary="Change a skill of an agent for the time being"
)
async def skill_for_now(
    parts: Wired, overseer: Overseer, agent_id: AgentId, body: SkillForNow, key: IdempotencyKey = None
) -> Accepted:
    """The roster stays as it is: signing in again brings it back."""
    await check_in_sight(parts, overseer, agent_id)
    pool_live = (await parts.projection.tenant(overseer.tenant)).pool_of_agent(agent_id)
    if pool_live is None:
        raise NotFound("no such signed-in agent in your teams and sites")
    async with tenant_transaction(parts.api_pool, overseer.tenant) as connection:
        item = await roster.find(connection, KINDS["agents"], agent_id)
    granted = {} if item is None else {held.skill: held for held in held_skills(item)}
    own = {} if item is None else {Channel(channel): n for channel, n in item["capacity"].items()}
    agent = pool_live.agents[agent_id]
    until = None if body.minutes is None else parts.clock.now() + body.minutes * 60 * SECOND
    event = AgentProfileChanged(
        agent_id,
        _skills(agent, granted, body, until),
        own,
        agent.state.teams,
        agent.state.sites,
        overseer.subject,
        body.why,
    )
    after = {name: None if value is None else str(value) for name, value in body.model_dump().items()}
    await noted(parts, overseer, "skill_set", "agents", agent_id, after)
    pool = await parts.commands.pool_of(overseer.tenant, agent_id)
    event_id = event_id_of(overseer, f"skills:{agent_id}:{body.skill}", key)
    return Accepted(**await parts.commands.publish(overseer.tenant, pool, agent_id, event_id, event))


def _skills(
    agent: AgentLive, granted: dict[str, HeldSkill], change: SkillForNow, until: int | None
) -> tuple[HeldSkill, ...]:
    """What the agent holds now, with the roster's expiry where the level is the roster's, and the one change."""
    now = {
        held.skill: known
        if (known := granted.get(held.skill)) is not None and known.level == held.level
        else HeldSkill(held.skill, held.level)
        for held in agent.state.skills
    }
    now.pop(change.skill, None)
    if change.level is not None:
        now[change.skill] = HeldSkill(change.skill, change.level, until)
    return tuple(now[name] for name in sorted(now))
