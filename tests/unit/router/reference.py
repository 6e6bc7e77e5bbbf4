"""The slow, obvious model: scan every waiting contact and every agent, and apply the rules as written.

It looks at the facts of the state (never at an index) and says which offer must be made next, so that a
wrong winner, a missed pickup (I10) and an overload (I3) all show as a difference.
"""

from __future__ import annotations

from services.router.domain.agents import Agent
from services.router.domain.contacts import Contact, ContactPhase
from services.router.domain.policy import Capacity, Policy, Strategy
from services.router.domain.state import PoolState
from shared.contracts.contact_events import Presence
from shared.contracts.fields import Channel


def may_serve(agent: Agent, contact: Contact, policy: Policy, now: int) -> bool:
    """Rule 1, written a second time and differently."""
    if contact.only_agent is not None:
        if agent.agent_id != contact.only_agent:
            return False
    else:
        if contact.preferred_until is not None and agent.agent_id not in [p.agent_id for p in contact.preferred]:
            return False
        for need in contact.requirement:
            if need.skill not in agent.skills:
                return False
            held = agent.skills[need.skill]
            if held.level < need.level or (held.expires_at or now + 1) <= now:
                return False
    if agent.presence != Presence.AVAILABLE or agent.pending_presence in (Presence.NOT_READY, Presence.SIGNED_OUT):
        return False
    if agent.page_lost or agent.phone_lost or contact.excluded.get(agent.agent_id, 0) > now:
        return False
    return has_room(agent, contact.channel, policy.capacity)


def work_on(agent: Agent) -> list[Channel]:
    """Everything that takes the agent's capacity, one entry a contact."""
    return [
        *agent.offered.values(),
        *agent.handling.values(),
        *agent.consulting.values(),
        *(w.channel for w in agent.wrapping.values() if w.mode != "optional"),
    ]


def has_room(agent: Agent, channel: Channel, capacity: Capacity) -> bool:
    work = work_on(agent)
    maximum = agent.own_capacity.get(channel, capacity.channels[channel].maximum)
    if work.count(channel) + 1 > maximum:
        return False
    if channel == "phone" and any(w.channel == "phone" and w.mode != "optional" for w in agent.wrapping.values()):
        return False
    if any(channel not in capacity.interrupted_by.get(other, ()) for other in work if other != channel):
        return False
    return sum(capacity.channels[c].weight for c in [*work, channel]) <= capacity.max_load


def agent_rank(agent: Agent, contact: Contact, policy: Policy) -> tuple[object, ...]:
    """Rule 3."""
    if contact.preferred_until is not None:
        names = [p.agent_id for p in contact.preferred]
        return (names.index(agent.agent_id) if agent.agent_id in names else 0, agent.agent_id)
    strategy = policy.groups[contact.group].strategy
    if strategy == Strategy.LONGEST_IDLE:
        return (agent.idle_since, agent.agent_id)
    if strategy == Strategy.FEWEST_HANDLED:
        return (agent.handled, agent.idle_since, agent.agent_id)
    if strategy == Strategy.BEST_PROFICIENCY:
        levels = sum(agent.skills[need.skill].level for need in contact.requirement)
        return (-levels, agent.idle_since, agent.agent_id)
    load = sum(policy.capacity.channels[c].weight for c in work_on(agent))
    share = agent.busy * 10_000 // agent.staffed if agent.staffed else 0
    return (load, share, agent.idle_since, agent.agent_id)


def waiting(pool: PoolState) -> list[Contact]:
    """Rule 2: waiting contacts, and those whose agent looks for a colleague, in the order they are owed service."""
    found = [
        c
        for c in pool.contacts.values()
        if c.phase == ContactPhase.QUEUED or (c.consultation is not None and c.consultation.state == "seeking")
    ]
    return sorted(found, key=lambda c: (c.due_at - c.head_start.seconds * 1_000_000, c.contact_id))


def next_offer(pool: PoolState, now: int) -> tuple[str, str] | None:
    """The (contact, agent) that must be offered next, or None where nothing more can be."""
    assert pool.policy is not None
    for contact in waiting(pool):
        able = [a for a in pool.agents.values() if may_serve(a, contact, pool.policy, now)]
        if able:
            return contact.contact_id, min((agent_rank(a, contact, pool.policy), a.agent_id) for a in able)[1]
    return None


def overloaded(pool: PoolState) -> list[str]:
    """Agents who carry more than rule 5 allows (I3); a channel's own maximum and the total weight."""
    assert pool.policy is not None
    capacity = pool.policy.capacity
    bad: list[str] = []
    for agent in pool.agents.values():
        work = work_on(agent)
        over = any(work.count(c) > agent.own_capacity.get(c, capacity.channels[c].maximum) for c in set(work))
        if over or sum(capacity.channels[c].weight for c in work) > capacity.max_load:
            bad.append(agent.agent_id)
    return sorted(bad)
