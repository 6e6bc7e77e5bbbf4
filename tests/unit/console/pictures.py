"""A pool's live picture made by folding decisions, and short ways to write them."""

from __future__ import annotations

from typing import Any

from services.console.domain.changes import Changes
from services.console.domain.fold import agent_notices, fold
from services.console.domain.live import GroupFacts, PoolLive, use_policy
from services.console.domain.shapes import Notice
from shared.contracts import routing_decisions as rd
from shared.contracts.contact_events import Presence
from shared.contracts.fields import SECOND, Channel, SkillLevel

T0 = 1_700_000_000 * SECOND
ZH3 = (SkillLevel("zh", 3),)


def picture() -> PoolLive:
    pool = PoolLive("t", "main", "2026-11-22")
    use_policy(pool, {"repairs": GroupFacts("rental", {Channel.PHONE: 20}), "billing": GroupFacts("rental", {})})
    return pool


def told(pool: PoolLive, *decisions: rd.RoutingDecision, at: int = T0) -> list[Notice]:
    """Fold a batch; the frames that tell of it, tiles last."""
    changes = Changes()
    for decision in decisions:
        fold(pool, decision, at, changes)
    return [*changes.notices, *agent_notices(pool, changes.agents)]


def queued(
    contact: str = "c1", group: str = "repairs", *, at: int = T0, entered: int | None = None, **fields: Any
) -> rd.ContactQueued:
    return rd.ContactQueued(
        contact, fields.pop("channel", Channel.PHONE), "rental", group, fields.pop("requirement", ZH3), T0, T0,
        at if entered is None else entered, T0 + 20 * SECOND, rd.HeadStart(tier=5), fields.pop("cause", rd.QueueCause.NEW), 1,
        **fields,
    )  # fmt: skip


def offer(
    contact: str = "c1", agent: str = "a1", offer_id: str = "o1", group: str = "repairs", **fields: Any
) -> rd.OfferMade:
    reasons = rd.OfferReasons("contact", "group", "longest_idle", (1, agent), 3 * SECOND, rd.HeadStart(), 1)
    return rd.OfferMade(
        offer_id, contact, agent, Channel.PHONE, "rental", group, T0, T0 + 20 * SECOND, reasons, **fields
    )  # fmt: skip


def withdrawn(
    outcome: rd.OfferOutcome, contact: str = "c1", agent: str = "a1", offer_id: str = "o1"
) -> rd.OfferWithdrawn:
    return rd.OfferWithdrawn(offer_id, contact, agent, outcome)


def assigned(
    contact: str = "c1", agent: str = "a1", offer_id: str = "o1", waited: int = 5 * SECOND
) -> rd.ContactAssigned:
    return rd.ContactAssigned(contact, agent, offer_id, "i1", Channel.PHONE, "repairs", T0 + 20 * SECOND, waited)


def started(contact: str = "c1", agent: str = "a1") -> rd.InteractionStarted:
    return rd.InteractionStarted(contact, agent, "i1", T0)


def ended(why: str = "ended", contact: str = "c1", agent: str = "a1") -> rd.InteractionEnded:
    return rd.InteractionEnded(contact, agent, "i1", T0, why)


def closed(end: rd.ContactEnd, contact: str = "c1", waited: int = 0, agent: str | None = None) -> rd.ContactClosed:
    return rd.ContactClosed(contact, end, T0, Channel.PHONE, "rental", "customer", "repairs", T0, waited, agent)


def agent(agent_id: str = "a1", **fields: Any) -> rd.AgentStateChanged:
    return rd.AgentStateChanged(
        agent_id, fields.pop("presence", Presence.AVAILABLE), T0, fields.pop("work_state", rd.WorkState.IDLE), T0,
        fields.pop("reachable", True), capacity=fields.pop("capacity", {Channel.PHONE: 1}),
        skills=fields.pop("skills", (SkillLevel("zh", 5),)), **fields,
    )  # fmt: skip
