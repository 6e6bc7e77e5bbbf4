"""Rankings as commented tuples that end in an id (rules 2 and 3)."""

from __future__ import annotations

from services.router.domain.agents import Agent
from services.router.domain.contacts import Contact
from services.router.domain.hours import Intervals, after_open_time
from services.router.domain.policy.model import Capacity, Group, Policy, Strategy
from shared.contracts.fields import SECOND, Channel, SkillLevel
from shared.contracts.routing_decisions import HeadStart

AgentKey = tuple[int | str, ...]


def agent_key(strategy: Strategy, agent: Agent, needed: tuple[SkillLevel, ...], capacity: Capacity) -> AgentKey:
    """Order of agents within a step; the smallest is asked first."""
    match strategy:
        case Strategy.LONGEST_IDLE:
            return (
                agent.idle_since,  # since when nothing was given to or finished by the agent, µs
                agent.agent_id,
            )
        case Strategy.FEWEST_HANDLED:
            return (
                agent.handled,  # interactions since signing in
                agent.idle_since,
                agent.agent_id,
            )
        case Strategy.LEAST_OCCUPIED:
            return (
                agent.weighted_load(capacity),  # what the agent carries now
                agent.occupancy,  # working ÷ staffed, as of the agent's last change: fixed while idle
                agent.idle_since,
                agent.agent_id,
            )
        case Strategy.BEST_PROFICIENCY:
            return (
                -sum(held.level for need in needed if (held := agent.skills.get(need.skill))),  # most proficient in it
                agent.idle_since,
                agent.agent_id,
            )


def preferred_key(contact: Contact, agent_id: str) -> AgentKey:
    """Order within step 0: as the profile named them."""
    rank = next((n for n, p in enumerate(contact.preferred) if p.agent_id == agent_id), 0)
    return (rank, agent_id)


def head_start_of(policy: Policy, tier: str | None, reason: str | None, repeat: bool) -> HeadStart:
    """Seconds of seniority by source: tier + reason + repeat contact (after a served one only)."""
    in_tier = None if tier is None else policy.tiers.get(tier)
    why = None if reason is None else policy.reasons.get(reason)
    return HeadStart(
        tier=in_tier.head_start_seconds if in_tier else 0,
        reason=why.head_start_seconds if why else 0,
        repeat=policy.repeat_head_start_seconds if repeat else 0,
    )


def due_at(queued_at: int, channel: Channel, group: Group, hours: Intervals | None) -> int:
    """Due time, µs: first queueing plus the group's response target for the channel, counted in open hours.

    `hours`: when the group is open; None: always. So a night's faxes do not outrank the morning's live callers.
    """
    target = group.targets[channel] * SECOND
    return queued_at + target if hours is None else after_open_time(hours, queued_at, target)


def overflow_at(group: Group, channel: Channel, entered_at: int, now: int) -> int | None:
    """When the contact has waited too long in its group by the next rule that says so, µs; None: by none any more."""
    times = [
        entered_at + rule.max_wait_seconds * SECOND
        for rule in group.overflow
        if rule.max_wait_seconds is not None and channel in rule.channels
    ]
    return min((at for at in times if at > now), default=None)


def requirement_of(policy: Policy, group: Group, contact: Contact) -> tuple[SkillLevel, ...]:
    """What the contact needs: the group's skills, its own needs and its language, the highest level of each.

    A language the policy does not know as a skill cannot be asked of anybody and is left out.
    """
    levels: dict[str, int] = {need.skill: need.level for need in group.skills}
    for need in contact.needs:
        levels[need.skill] = max(need.level, levels.get(need.skill, 0))
    if contact.language is not None and contact.language in policy.skills:
        levels.setdefault(contact.language, 1)
    return tuple(SkillLevel(skill, levels[skill]) for skill in sorted(levels))
