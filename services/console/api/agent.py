"""What agents (and supervisors for them) ask for. 202 once acknowledged; the outcome is a decision and comes as a frame."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, HTTPException, Path
from pydantic import BaseModel, ConfigDict, Field

from services.console.commands import command_id
from services.console.domain.shapes import own_floors
from services.console.parts import Parts, Wired
from services.console.roster import KINDS, held_skills
from services.console.store import leases, roster
from shared.contracts.contact_events import (
    AgentSignedIn,
    AgentSignedOut,
    OfferAccepted,
    OfferRejected,
    Presence,
    PresenceChanged,
    TransferRequested,
    TransferTarget,
    WrapUpCompleted,
    WrapUpExtended,
)
from shared.contracts.envelope import stable_id
from shared.contracts.fields import Channel, Id, Name
from shared.errors import NotFound, Refused
from shared.postgres import tenant_transaction
from shared.security import Principal, Role, allow

router = APIRouter(prefix="/api", tags=["agent"])

IdempotencyKey = Annotated[
    str | None, Header(alias="Idempotency-Key", min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:\-]+$")
]
ContactId = Annotated[Id, Path()]
OfferId = Annotated[Id, Path()]


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


class SignIn(Body):
    presence: Literal["available", "not_ready"] = "not_ready"
    reason: Name | None = None


class ChosenPresence(Body):
    presence: Literal["available", "not_ready"]
    reason: Name | None = None


class OfferAnswer(Body):
    contact_id: Id


class OfferRefusal(OfferAnswer):
    reason: Name | None = None


class Line(Body):
    message_id: Id
    text: Annotated[str, Field(min_length=1, max_length=16_000, pattern=r"^[^\x00]*$")]


class End(Body):
    reason: Name | None = None


class Holding(Body):
    held: bool


class Transfer(Body):
    target_kind: TransferTarget
    target: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\w.:\-]+$")]


class WrapUp(Body):
    interaction_id: Id
    disposition: Name
    reason: Name | None = None


class Extension(Body):
    interaction_id: Id


class Accepted(BaseModel):
    """The event's id: a `refused` frame names it."""

    event_id: str


class TransferAccepted(Accepted):
    transfer_id: str


def _seat(principal: Principal) -> str:
    assert principal.agent_id is not None  # an_agent
    return principal.agent_id


def _id(principal: Principal, command: str, key: str | None) -> str:
    return command_id(principal.tenant, principal.agent_id or principal.subject, command, key)


@router.post("/agent/sign-in", status_code=202, summary="Take one's seat, with the roster's skills")
async def sign_in(parts: Wired, agent: Agent, body: SignIn | None = None, key: IdempotencyKey = None) -> Accepted:
    wanted, agent_id = body or SignIn(), _seat(agent)
    event_id = _id(agent, "sign-in", key)
    session_id = stable_id("session", event_id)
    async with tenant_transaction(parts.api_pool, agent.tenant) as connection:
        item = await roster.find(connection, KINDS["agents"], agent_id)
        if item is None or not item["active"]:
            raise Refused("not_on_roster", "the roster has no active agent for this account")
        await leases.open_lease(connection, agent_id, session_id)
    reason = wanted.reason or ("signed_in" if wanted.presence == Presence.NOT_READY else None)
    event = AgentSignedIn(
        agent_id, session_id, held_skills(item), {Channel(c): n for c, n in item["capacity"].items()},
        tuple(item["teams"]), tuple(item["sites"]), Presence(wanted.presence), reason,
    )  # fmt: skip
    pool = await parts.directory.pool(agent.tenant, item["pool"])
    return Accepted(**await parts.commands.publish(agent.tenant, pool, agent_id, event_id, event))


@router.post("/agent/sign-out", status_code=202, summary="Leave one's seat")
async def sign_out(parts: Wired, agent: Agent, _body: Nothing | None = None, key: IdempotencyKey = None) -> Accepted:
    return await _signed_out(parts, agent.tenant, _seat(agent), _id(agent, "sign-out", key))


async def _signed_out(parts: Parts, tenant: str, agent_id: str, event_id: str) -> Accepted:
    async with tenant_transaction(parts.api_pool, tenant) as connection:
        item = await roster.find(connection, KINDS["agents"], agent_id)
        session_id = await leases.lease_of(connection, agent_id)
    pool = await parts.commands.pool_of(tenant, agent_id, item["pool"] if item else None)
    done = await parts.commands.publish(tenant, pool, agent_id, event_id, AgentSignedOut(agent_id, session_id))
    async with tenant_transaction(parts.api_pool, tenant) as connection:
        await leases.close_lease(connection, agent_id)
    return Accepted(**done)


@router.post("/agent/presence", status_code=202, summary="Say whether one is available")
async def presence(parts: Wired, agent: Agent, body: ChosenPresence, key: IdempotencyKey = None) -> Accepted:
    agent_id = _seat(agent)
    await parts.commands.signed_in(agent.tenant, agent_id)
    return await _presence(parts, agent.tenant, agent_id, _id(agent, "presence", key), body)


async def _presence(parts: Parts, tenant: str, agent_id: str, event_id: str, body: ChosenPresence) -> Accepted:
    chosen = Presence.AVAILABLE if body.presence == "available" else Presence.NOT_READY
    pool = await parts.commands.pool_of(tenant, agent_id)
    event = PresenceChanged(agent_id, chosen, body.reason)
    return Accepted(**await parts.commands.publish(tenant, pool, agent_id, event_id, event))


@router.post("/agent/heartbeat", status_code=204, summary="The agent's page is open (every 3 s)")
async def heartbeat(parts: Wired, agent: Agent, _body: Nothing | None = None) -> None:
    parts.leases.heartbeat(agent.tenant, _seat(agent))


@router.post("/offers/{offer_id}/accept", status_code=202, summary="Take the contact")
async def accept(
    parts: Wired, agent: Agent, offer_id: OfferId, body: OfferAnswer, key: IdempotencyKey = None
) -> Accepted:
    agent_id = _seat(agent)
    await parts.commands.check_offer(agent.tenant, agent_id, offer_id, body.contact_id)
    event = OfferAccepted(agent_id, body.contact_id, offer_id, "page")
    pool = await parts.commands.pool_of(agent.tenant, agent_id)
    event_id = _id(agent, f"accept:{offer_id}", key)
    return Accepted(**await parts.commands.publish(agent.tenant, pool, body.contact_id, event_id, event))


@router.post("/offers/{offer_id}/reject", status_code=202, summary="Leave the contact to others")
async def reject(
    parts: Wired, agent: Agent, offer_id: OfferId, body: OfferRefusal, key: IdempotencyKey = None
) -> Accepted:
    agent_id = _seat(agent)
    await parts.commands.check_offer(agent.tenant, agent_id, offer_id, body.contact_id)
    event = OfferRejected(agent_id, body.contact_id, offer_id, "rejected", body.reason)
    pool = await parts.commands.pool_of(agent.tenant, agent_id)
    event_id = _id(agent, f"reject:{offer_id}", key)
    return Accepted(**await parts.commands.publish(agent.tenant, pool, body.contact_id, event_id, event))


@router.post("/contacts/{contact_id}/messages", status_code=202, summary="Write to the customer")
async def message(parts: Wired, agent: Agent, contact_id: ContactId, body: Line) -> Accepted:
    await parts.commands.check_in_hand(agent.tenant, _seat(agent), contact_id)
    return Accepted(**await parts.commands.say(agent.tenant, _seat(agent), contact_id, body.message_id, body.text))


@router.post("/contacts/{contact_id}/end", status_code=202, summary="End the conversation")
async def end(
    parts: Wired, agent: Agent, contact_id: ContactId, body: End | None = None, key: IdempotencyKey = None
) -> Accepted:
    await parts.commands.check_in_hand(agent.tenant, _seat(agent), contact_id)
    event_id = _id(agent, f"end:{contact_id}", key)
    reason = body.reason if body else None
    return Accepted(**await parts.commands.end(agent.tenant, _seat(agent), contact_id, event_id, reason))


@router.post("/contacts/{contact_id}/hold", status_code=202, summary="Hold or resume the conversation")
async def hold(
    parts: Wired, agent: Agent, contact_id: ContactId, body: Holding, key: IdempotencyKey = None
) -> Accepted:
    await parts.commands.check_in_hand(agent.tenant, _seat(agent), contact_id)
    event_id = _id(agent, f"hold:{contact_id}", key)
    return Accepted(**await parts.commands.hold(agent.tenant, _seat(agent), contact_id, event_id, body.held))


@router.post("/contacts/{contact_id}/transfer", status_code=202, summary="Pass the contact on")
async def transfer(
    parts: Wired, agent: Agent, contact_id: ContactId, body: Transfer, key: IdempotencyKey = None
) -> TransferAccepted:
    agent_id = _seat(agent)
    await parts.commands.check_in_hand(agent.tenant, agent_id, contact_id)
    event_id = _id(agent, f"transfer:{contact_id}", key)
    transfer_id = stable_id("transfer", event_id)
    event = TransferRequested(contact_id, agent_id, transfer_id, body.target_kind, body.target)
    pool = await parts.commands.pool_of(agent.tenant, agent_id)
    done = await parts.commands.publish(agent.tenant, pool, contact_id, event_id, event)
    return TransferAccepted(transfer_id=transfer_id, **done)


@router.post("/contacts/{contact_id}/wrap-up", status_code=202, summary="Say how it ended")
async def wrap_up(
    parts: Wired, agent: Agent, contact_id: ContactId, body: WrapUp, key: IdempotencyKey = None
) -> Accepted:
    agent_id = _seat(agent)
    await parts.commands.signed_in(agent.tenant, agent_id)
    event = WrapUpCompleted(agent_id, contact_id, body.interaction_id, body.disposition, body.reason)
    pool = await parts.commands.pool_of(agent.tenant, agent_id)
    event_id = _id(agent, f"wrap-up:{body.interaction_id}", key)
    return Accepted(**await parts.commands.publish(agent.tenant, pool, contact_id, event_id, event))


@router.post("/contacts/{contact_id}/wrap-up/extend", status_code=202, summary="Ask for more time after the contact")
async def extend_wrap_up(
    parts: Wired, agent: Agent, contact_id: ContactId, body: Extension, key: IdempotencyKey = None
) -> Accepted:
    agent_id = _seat(agent)
    await parts.commands.signed_in(agent.tenant, agent_id)
    pool = await parts.commands.pool_of(agent.tenant, agent_id)
    event = WrapUpExtended(agent_id, contact_id, body.interaction_id)
    event_id = _id(agent, f"extend:{body.interaction_id}", key)
    return Accepted(**await parts.commands.publish(agent.tenant, pool, contact_id, event_id, event))


@router.post("/floor/agents/{agent_id}/presence", status_code=202, tags=["floor"], summary="Change an agent's presence")
async def presence_for(
    parts: Wired, overseer: Overseer, agent_id: Annotated[Id, Path()], body: ChosenPresence, key: IdempotencyKey = None
) -> Accepted:
    await _in_sight(parts, overseer, agent_id)
    await _noted(parts, overseer, "presence_set", agent_id, body.model_dump())
    event_id = _id(overseer, f"presence:{agent_id}", key)
    return await _presence(parts, overseer.tenant, agent_id, event_id, body)


@router.post("/floor/agents/{agent_id}/sign-out", status_code=202, tags=["floor"], summary="Sign an agent out")
async def sign_out_for(
    parts: Wired, overseer: Overseer, agent_id: Annotated[Id, Path()], _body: Nothing | None = None,
    key: IdempotencyKey = None,
) -> Accepted:  # fmt: skip
    await _in_sight(parts, overseer, agent_id)
    await _noted(parts, overseer, "signed_out", agent_id, None)
    return await _signed_out(parts, overseer.tenant, agent_id, _id(overseer, f"sign-out:{agent_id}", key))


async def _in_sight(parts: Parts, overseer: Principal, agent_id: str) -> None:
    live = await parts.projection.tenant(overseer.tenant)
    agents = parts.projection.floor(live, own_floors(overseer.teams, overseer.sites)).agents
    if agent_id not in {agent.agent_id for agent in agents}:
        raise NotFound("no such signed-in agent in your teams and sites")


async def _noted(parts: Parts, overseer: Principal, action: str, agent_id: str, after: dict[str, str] | None) -> None:
    async with tenant_transaction(parts.api_pool, overseer.tenant) as connection:
        await roster.note(connection, overseer.subject, action, "agents", agent_id, after)
