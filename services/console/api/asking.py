"""What every command route shares: who asks (a seat, or an overseer), under which key, and what is answered."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, HTTPException, Path
from pydantic import BaseModel, ConfigDict

from services.console.commands import command_id
from services.console.domain.shapes import own_floors
from services.console.parts import Parts
from services.console.store import roster
from shared.contracts.fields import Id
from shared.errors import NotFound
from shared.postgres import tenant_transaction
from shared.security import Principal, Role, allow

IdempotencyKey = Annotated[
    str | None, Header(alias="Idempotency-Key", min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:\-]+$")
]
ContactId = Annotated[Id, Path()]
AgentId = Annotated[Id, Path()]


def an_agent(principal: Annotated[Principal, Depends(allow(Role.AGENT))]) -> Principal:
    """Whoever has the role agent and a seat in the roster."""
    if principal.agent_id is None:
        raise HTTPException(403, "this account has no agent")
    return principal


Agent = Annotated[Principal, Depends(an_agent)]
Overseer = Annotated[Principal, Depends(allow(Role.SUPERVISOR, Role.ADMIN))]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Nothing(Body):
    pass


class Accepted(BaseModel):
    """The event's id: a `refused` frame names it."""

    event_id: str


def seat_of(principal: Principal) -> str:
    """The agent who asks (see `an_agent`)."""
    assert principal.agent_id is not None
    return principal.agent_id


def event_id_of(principal: Principal, command: str, key: str | None) -> str:
    return command_id(principal.tenant, principal.agent_id or principal.subject, command, key)


async def check_in_sight(parts: Parts, overseer: Principal, agent_id: str) -> None:
    """Raises NotFound for an agent who is not signed in within the overseer's teams and sites."""
    live = await parts.projection.tenant(overseer.tenant)
    agents = parts.projection.floor(live, own_floors(overseer.teams, overseer.sites)).agents
    if agent_id not in {agent.agent_id for agent in agents}:
        raise NotFound("no such signed-in agent in your teams and sites")


async def noted(
    parts: Parts, overseer: Principal, action: str, kind: str, subject_id: str, after: dict[str, str | None] | None
) -> None:
    """Audit what an overseer asked for."""
    async with tenant_transaction(parts.api_pool, overseer.tenant) as connection:
        await roster.note(connection, overseer.subject, action, kind, subject_id, after)
