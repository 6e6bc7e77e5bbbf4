"""The slow, obvious model: scan every waiting contact and every agent, and apply the rules as written.

It looks at the facts of the state (never at an index) and says which offer must be made next, so that a
wrong winner, a missed pickup (I10) and an overload (I3) all show as a difference.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from services.router.domain.agents import Agent
from services.router.domain.contacts import Contact, ContactPhase
from services.router.domain.policy.model import Capacity, Policy, Strategy
from services.router.domain.state import PoolState
from shared.contracts.contact_events import Presence
from shared.contracts.fields import Channel, SkillLevel


def may_serve(agent: Agent, contact: Contact, policy: Policy, now: int) -> bool:
    """Rule 1, written a second time and differently."""
    if contact.only_agent is not None:
        if agent.agent_id != contact.only_agent:
            return False
    else:
        if contact.preferred_until is not None and agent.agent_id not in [p.agent_id for p in contact.preferred]:
            return False
        if contact.site is not None and contact.site not in agent.sites:
            return False
        if not qualifies(agent, contact, now):
            return False
    if agent.presence != Presence.AVAILABLE or agent.pending_presence in (Presence.NOT_READY, Presence.SIGNED_OUT):
        return False
    if agent.page_lost or agent.phone_lost or contact.excluded.get(agent.agent_id, 0) > now:
        return False
    if is_left_alone(agent, contact):
        return False
    return has_room(agent, contact.channel, policy.capacity)


def is_left_alone(agent: Agent, contact: Contact) -> bool:
    """The pause between calls: from campaigns' work nobody in person asked for, or from everything."""
    if agent.pause is None or agent.pause.over:
        return False
    return agent.pause.whole or (contact.outbound and contact.only_agent is None)


def holds(agent: Agent, needs: Iterable[SkillLevel], now: int) -> bool:
    """Every skill, high enough and not expired."""
    held = {s.skill: s.level for s in agent.skills.values() if s.expires_at is None or s.expires_at > now}
    return all(held.get(need.skill, 0) >= need.level for need in needs)


def is_let_in(agent: Agent, contact: Contact, now: int) -> bool:
    """Relaxation: beside who meets the requirement, by team, branch or name."""
    own = {"team": agent.teams, "site": agent.sites, "agent": (agent.agent_id,)}
    return any(door.id in own[door.kind] and holds(agent, door.skills, now) for door in contact.let_in)


def is_fresh(agent: Agent) -> bool:
    """Rotation: no rest going on, no wearing contact in hand."""
    return agent.rest_until is None and not agent.wearing


def owns_case(agent: Agent, contact: Contact) -> bool:
    return any(p.agent_id == agent.agent_id and p.why == "case_owner" for p in contact.preferred)


def qualifies(agent: Agent, contact: Contact, now: int) -> bool:
    """Rules 4 and 7: the step's skills or a door beside them, and fresh for it if it wears."""
    meets = holds(agent, contact.requirement, now)
    if not meets and not is_let_in(agent, contact, now):
        return False
    if contact.severity == 0 or is_fresh(agent) or contact.spares_nobody:
        return True
    return meets and owns_case(agent, contact)


def serves_inbound(agent: Agent, policy: Policy) -> bool:
    for group in policy.groups.values():
        channels = [c for c in group.channels if agent.own_capacity.get(c, policy.capacity.channels[c].maximum)]
        if not group.outbound and channels and holds(agent, group.skills, -1):
            return True
    return False


def kept_for_inbound(agent: Agent, contact: Contact, pool: PoolState) -> bool:
    """Rule 13: outbound work is for empty hands beyond the reserve, while the service level is met."""
    assert pool.policy is not None
    rule = pool.policy.blending
    if rule is None or not contact.outbound or contact.only_agent is not None or not serves_inbound(agent, pool.policy):
        return False
    idle = [a for a in pool.agents.values() if a.takes_offers and not work_on(a) and serves_inbound(a, pool.policy)]
    held = pool.level is not None and pool.level.held
    return bool(work_on(agent)) or held or len(idle) <= rule.reserve_agents


def step_that_counts(pool: PoolState, contact: Contact, now: int) -> int:
    """Rule 4: the last step whose time has come, or the first after it that somebody signed in could match."""
    assert pool.policy is not None
    reached = [n for n, step in enumerate(contact.steps) if step.at <= now][-1]
    for n in range(reached, len(contact.steps)):
        asked = replace(contact, requirement=contact.steps[n].requirement, let_in=contact.steps[n].let_in, severity=0)
        for agent in pool.agents.values():
            serves = agent.own_capacity.get(contact.channel, pool.policy.capacity.channels[contact.channel].maximum)
            if serves and qualifies(agent, asked, -1):
                return n
    return reached


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


def agent_rank(agent: Agent, contact: Contact, policy: Policy, now: int) -> tuple[object, ...]:
    """Rule 3."""
    if contact.preferred_until is not None:
        names = [p.agent_id for p in contact.preferred]
        return (names.index(agent.agent_id) if agent.agent_id in names else 0, agent.agent_id)
    strategy = policy.groups[contact.group].strategy
    way = way_in(agent, contact, now)
    return (way, *strategy_rank(agent, contact, policy, strategy, way))


def way_in(agent: Agent, contact: Contact, now: int) -> tuple[int, int]:
    """Who is fresh before the case's owner before who should rest; who meets the requirement before who is let in."""
    meets = holds(agent, contact.requirement, now)
    if contact.severity and not is_fresh(agent):
        if meets and owns_case(agent, contact):
            owners = [p.agent_id for p in contact.preferred if p.why == "case_owner"]
            return (1, owners.index(agent.agent_id))
        kind = 2
    else:
        kind = 0
    if meets:
        return (kind, 0)
    own = {"team": agent.teams, "site": agent.sites, "agent": (agent.agent_id,)}
    doors = [n for n, d in enumerate(contact.let_in) if d.id in own[d.kind] and holds(agent, d.skills, now)]
    return (kind, 1 + doors[0])


def strategy_rank(
    agent: Agent, contact: Contact, policy: Policy, strategy: Strategy, way: tuple[int, int]
) -> tuple[object, ...]:
    """Within one way: the group's strategy."""
    if strategy == Strategy.LONGEST_IDLE:
        return (agent.idle_since, agent.agent_id)
    if strategy == Strategy.FEWEST_HANDLED:
        return (agent.handled, agent.idle_since, agent.agent_id)
    if strategy == Strategy.BEST_PROFICIENCY:
        kind, door = way
        asked = contact.requirement if kind == 1 or door == 0 else contact.let_in[door - 1].skills
        levels = sum(agent.skills[need.skill].level for need in asked)
        return (-levels, agent.idle_since, agent.agent_id)
    load = sum(policy.capacity.channels[c].weight for c in work_on(agent))
    share = agent.busy * 10_000 // agent.staffed if agent.staffed else 0
    return (load, share, agent.idle_since, agent.agent_id)


def waiting(pool: PoolState) -> list[Contact]:
    """Rule 2: waiting contacts, those whose agent looks for a colleague, and parked chats whose customer wrote, in the order
    they are owed service."""
    found = [
        c
        for c in pool.contacts.values()
        if c.phase == ContactPhase.QUEUED
        or (c.phase == ContactPhase.PARKED and c.preferred_until is not None)
        or (c.consultation is not None and c.consultation.state == "seeking")
    ]
    return sorted(found, key=lambda c: (c.due_at - c.head_start.seconds * 1_000_000, c.contact_id))


def next_offer(pool: PoolState, now: int) -> tuple[str, str] | None:
    """The (contact, agent) that must be offered next, or None where nothing more can be."""
    assert pool.policy is not None
    for contact in waiting(pool):
        able = [
            a
            for a in pool.agents.values()
            if may_serve(a, contact, pool.policy, now) and not kept_for_inbound(a, contact, pool)
        ]
        if able:
            return contact.contact_id, min((agent_rank(a, contact, pool.policy, now), a.agent_id) for a in able)[1]
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
