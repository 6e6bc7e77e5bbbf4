"""Who may be offered which contact: the one reference predicate (rule 1), telling the first thing that fails.

The indexes of `services.router.domain.queues` are faster ways to the same answer; `CASES` of
`services.router.domain.eligibility_cases` holds both to it.
"""

from __future__ import annotations

from enum import StrEnum

from services.router.domain.agents import Agent
from services.router.domain.contacts import Contact
from services.router.domain.memberships import FIT, Way
from services.router.domain.policy.model import Capacity
from services.router.domain.reserve import NO_RESERVE, InboundReserve
from shared.contracts.contact_events import Presence
from shared.contracts.fields import Channel


class NotEligible(StrEnum):
    """Why an agent may not be offered a contact, in the order it is asked."""

    HELD_FOR_ANOTHER = "held_for_another"  # preferred agent's wait, or a transfer to somebody else
    CHANNEL_NOT_SERVED = "channel_not_served"
    LACKS_SKILL = "lacks_skill"
    SKILL_TOO_LOW = "skill_too_low"
    SKILL_EXPIRED = "skill_expired"
    RESTING = "resting"  # has what it asks for, and rests from wearing work
    NOT_AVAILABLE = "not_available"
    PRESENCE_PENDING = "presence_pending"  # has chosen a break or the end of the shift
    UNREACHABLE = "unreachable"
    CHANNEL_FULL = "channel_full"
    NOT_INTERRUPTIBLE = "not_interruptible"
    LOAD_FULL = "load_full"
    PAUSING = "pausing"  # between two calls
    KEPT_FOR_INBOUND = "kept_for_inbound"  # outbound work, and inbound customers may need the agent
    EXCLUDED = "excluded"  # missed, rejected or passed on this very contact a moment ago


def eligible(
    agent: Agent, contact: Contact, capacity: Capacity, now: int, reserve: InboundReserve = NO_RESERVE
) -> NotEligible | None:
    """None if the agent may be offered the contact now, else the first failing predicate."""
    if not contact.may_be_taken_by(agent.agent_id):
        return NotEligible.HELD_FOR_ANOTHER
    if agent.maximum(contact.channel, capacity) < 1:
        return NotEligible.CHANNEL_NOT_SERVED
    unqualified = _unqualified(agent, contact, now)
    if unqualified is not None:
        return unqualified
    if agent.presence is not Presence.AVAILABLE:
        return NotEligible.NOT_AVAILABLE
    if agent.pending_presence not in (None, Presence.AVAILABLE):
        return NotEligible.PRESENCE_PENDING
    if not agent.reachable:
        return NotEligible.UNREACHABLE
    full = capacity_refusal(agent, contact.channel, capacity)
    if full is not None:
        return full
    if agent.pause is not None and agent.is_paused and (agent.pause.whole or contact.waits_for_the_rested):
        return NotEligible.PAUSING
    if contact.is_kept_back and reserve.keeps(agent, capacity):
        return NotEligible.KEPT_FOR_INBOUND
    until = contact.excluded.get(agent.agent_id)
    if until is not None and until > now:
        return NotEligible.EXCLUDED
    return None


def _unqualified(agent: Agent, contact: Contact, now: int) -> NotEligible | None:
    """None if one way to the contact is open to the agent; else what keeps them from the first, or that they only rest."""
    first: NotEligible | None = None
    rests = False
    for way in contact.ways:
        failing = lacking(agent, way, now)
        if failing is None:
            return None
        first = first or failing
        rests = rests or failing is NotEligible.RESTING
    return NotEligible.RESTING if rests else first


def lacking(agent: Agent, way: Way, now: int) -> NotEligible | None:
    """The first thing of a way the agent does not have."""
    for need in way:
        held = agent.skills.get(need.skill)
        if held is None:
            if not agent.is_member(need.skill):
                return NotEligible.RESTING if need is FIT else NotEligible.LACKS_SKILL
        elif held.level < need.level:
            return NotEligible.SKILL_TOO_LOW
        elif held.expires_at is not None and held.expires_at <= now:
            return NotEligible.SKILL_EXPIRED
    return None


def way_taken(agent: Agent, contact: Contact, now: int) -> int:
    """Which way, the best open one, lets an eligible agent in."""
    return next(n for n, way in enumerate(contact.ways) if lacking(agent, way, now) is None)


def capacity_refusal(agent: Agent, channel: Channel, capacity: Capacity) -> NotEligible | None:
    """Rule 5: maximum of the channel, interrupted-by matrix, total weighted load."""
    return _refusal(agent, agent.loads(), channel, capacity)


def channels_with_room(agent: Agent, capacity: Capacity) -> tuple[Channel, ...]:
    """Channels on which one more contact fits."""
    loads = agent.loads()
    if (
        loads
        and sum(count * capacity.channels[c].weight for c, count in loads.items()) + _lightest(capacity)
        > capacity.max_load
    ):
        return ()
    return tuple(channel for channel in capacity.channels if _refusal(agent, loads, channel, capacity) is None)


def _lightest(capacity: Capacity) -> int:
    """Weight of the lightest channel: with less room than that, no channel need be looked at."""
    return min(limit.weight for limit in capacity.channels.values())


def _refusal(agent: Agent, loads: dict[Channel, int], channel: Channel, capacity: Capacity) -> NotEligible | None:
    """A wrap-up after a call holds the voice capacity fully, whatever its maximum; other channels' by slot and weight."""
    if loads.get(channel, 0) >= agent.maximum(channel, capacity):
        return NotEligible.CHANNEL_FULL
    if not loads:
        return None
    if channel is Channel.PHONE and any(w.holds and w.channel is channel for w in agent.wrapping.values()):
        return NotEligible.CHANNEL_FULL
    total = capacity.channels[channel].weight
    for other, count in loads.items():
        if other is not channel and channel not in capacity.interrupted_by.get(other, ()):
            return NotEligible.NOT_INTERRUPTIBLE
        total += count * capacity.channels[other].weight
    return NotEligible.LOAD_FULL if total > capacity.max_load else None
