"""What agents ask for themselves: their seat, their presence, answers to offers, what is written afterwards.

202 once acknowledged; the outcome is a decision and comes as a frame.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path

from services.console.api.asking import (
    Accepted,
    Agent,
    Body,
    ContactId,
    IdempotencyKey,
    Nothing,
    event_id_of,
    seat_of,
)
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
    WrapUpCompleted,
    WrapUpExtended,
)
from shared.contracts.envelope import stable_id
from shared.contracts.fields import Channel, Id, Name
from shared.errors import Refused
from shared.postgres import tenant_transaction

router = APIRouter(prefix="/api", tags=["agent"])

OfferId = Annotated[Id, Path()]


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


class WrapUp(Body):
    interaction_id: Id
    disposition: Name
    reason: Name | None = None


class Extension(Body):
    interaction_id: Id


@router.post("/agent/sign-in", status_code=202, summary="Take one's seat, with the roster's skills")
async def sign_in(parts: Wired, agent: Agent, body: SignIn | None = None, key: IdempotencyKey = None) -> Accepted:
    wanted, agent_id = body or SignIn(), seat_of(agent)
    event_id = event_id_of(agent, "sign-in", key)
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
    return await signed_out(parts, agent.tenant, seat_of(agent), event_id_of(agent, "sign-out", key))


async def signed_out(
    parts: Parts, tenant: str, agent_id: str, event_id: str, by: str | None = None, why: str | None = None
) -> Accepted:
    """`by`: the user who does it for the agent, and why."""
    async with tenant_transaction(parts.api_pool, tenant) as connection:
        item = await roster.find(connection, KINDS["agents"], agent_id)
        session_id = await leases.lease_of(connection, agent_id)
    pool = await parts.commands.pool_of(tenant, agent_id, item["pool"] if item else None)
    done = await parts.commands.publish(tenant, pool, agent_id, event_id, AgentSignedOut(agent_id, session_id, by, why))
    async with tenant_transaction(parts.api_pool, tenant) as connection:
        await leases.close_lease(connection, agent_id)
    return Accepted(**done)


@router.post("/agent/presence", status_code=202, summary="Say whether one is available")
async def presence(parts: Wired, agent: Agent, body: ChosenPresence, key: IdempotencyKey = None) -> Accepted:
    agent_id = seat_of(agent)
    await parts.commands.signed_in(agent.tenant, agent_id)
    return await chosen_presence(parts, agent.tenant, agent_id, event_id_of(agent, "presence", key), body)


async def chosen_presence(
    parts: Parts,
    tenant: str,
    agent_id: str,
    event_id: str,
    body: ChosenPresence,
    by: str | None = None,
    why: str | None = None,
) -> Accepted:
    """`by`: the user who chose for the agent, and why."""
    chosen = Presence.AVAILABLE if body.presence == "available" else Presence.NOT_READY
    pool = await parts.commands.pool_of(tenant, agent_id)
    event = PresenceChanged(agent_id, chosen, body.reason, by, why)
    return Accepted(**await parts.commands.publish(tenant, pool, agent_id, event_id, event))


@router.post("/agent/heartbeat", status_code=204, summary="The agent's page is open (every 3 s)")
async def heartbeat(parts: Wired, agent: Agent, _body: Nothing | None = None) -> None:
    parts.leases.heartbeat(agent.tenant, seat_of(agent))


@router.post("/offers/{offer_id}/accept", status_code=202, summary="Take the contact")
async def accept(
    parts: Wired, agent: Agent, offer_id: OfferId, body: OfferAnswer, key: IdempotencyKey = None
) -> Accepted:
    agent_id = seat_of(agent)
    await parts.commands.check_offer(agent.tenant, agent_id, offer_id, body.contact_id)
    event = OfferAccepted(agent_id, body.contact_id, offer_id, "page")
    pool = await parts.commands.pool_of(agent.tenant, agent_id)
    event_id = event_id_of(agent, f"accept:{offer_id}", key)
    return Accepted(**await parts.commands.publish(agent.tenant, pool, body.contact_id, event_id, event))


@router.post("/offers/{offer_id}/reject", status_code=202, summary="Leave the contact to others")
async def reject(
    parts: Wired, agent: Agent, offer_id: OfferId, body: OfferRefusal, key: IdempotencyKey = None
) -> Accepted:
    agent_id = seat_of(agent)
    await parts.commands.check_offer(agent.tenant, agent_id, offer_id, body.contact_id)
    event = OfferRejected(agent_id, body.contact_id, offer_id, "rejected", body.reason)
    pool = await parts.commands.pool_of(agent.tenant, agent_id)
    event_id = event_id_of(agent, f"reject:{offer_id}", key)
    return Accepted(**await parts.commands.publish(agent.tenant, pool, body.contact_id, event_id, event))


@router.post("/contacts/{contact_id}/wrap-up", status_code=202, summary="Say how it ended")
async def wrap_up(
    parts: Wired, agent: Agent, contact_id: ContactId, body: WrapUp, key: IdempotencyKey = None
) -> Accepted:
    agent_id = seat_of(agent)
    await parts.commands.signed_in(agent.tenant, agent_id)
    event = WrapUpCompleted(agent_id, contact_id, body.interaction_id, body.disposition, body.reason)
    pool = await parts.commands.pool_of(agent.tenant, agent_id)
    event_id = event_id_of(agent, f"wrap-up:{body.interaction_id}", key)
    return Accepted(**await parts.commands.publish(agent.tenant, pool, contact_id, event_id, event))


@router.post("/contacts/{contact_id}/wrap-up/extend", status_code=202, summary="Ask for more time after the contact")
async def extend_wrap_up(
    parts: Wired, agent: Agent, contact_id: ContactId, body: Extension, key: IdempotencyKey = None
) -> Accepted:
    agent_id = seat_of(agent)
    await parts.commands.signed_in(agent.tenant, agent_id)
    pool = await parts.commands.pool_of(agent.tenant, agent_id)
    event = WrapUpExtended(agent_id, contact_id, body.interaction_id)
    event_id = event_id_of(agent, f"extend:{body.interaction_id}", key)
    return Accepted(**await parts.commands.publish(agent.tenant, pool, contact_id, event_id, event))
