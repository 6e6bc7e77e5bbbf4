"""The reserve for inbound (rule 13): outbound work waits while inbound customers need the agents.

Two reasons to hold it back. The rolling service level of inbound contacts is under its target: decided, with hysteresis and
a minimum dwell, so it stands as a fact (`InboundLevel.held`). And no more agents than the reserve are idle who could serve
inbound: follows from who is idle now. Whoever could serve no inbound contact is never kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.router.domain.agents import Agent
from services.router.domain.memberships import Way
from services.router.domain.policy.fairness import Blending
from services.router.domain.policy.model import Capacity, Policy
from shared.contracts.fields import SECOND, Channel, SkillLevel

MINUTE = 60 * SECOND
WINDOW_MINUTES = 15
"""The service level rolls over this many whole minutes, the present one among them."""


@dataclass(frozen=True, slots=True)
class InboundLevel:
    """How inbound was served lately, a minute an entry, and whether outbound is held back for it (times in µs)."""

    held: bool = False
    since: int = 0  # of `held`
    seen_at: int = 0  # up to when minutes that left the window were looked for
    minutes: tuple[tuple[int, int, int], ...] = ()  # (minute, within the target, all), oldest first

    def with_contact(self, now: int, within: bool) -> InboundLevel:
        """One more inbound contact was answered, or left unanswered."""
        kept = self.rolled(now)
        minute = now // MINUTE
        if kept.minutes and kept.minutes[-1][0] == minute:
            _, good, count = kept.minutes[-1]
            return replace(kept, minutes=(*kept.minutes[:-1], (minute, good + within, count + 1)))
        return replace(kept, minutes=(*kept.minutes, (minute, int(within), 1)))

    def rolled(self, now: int) -> InboundLevel:
        """Without the minutes that have left the window."""
        first = now // MINUTE - WINDOW_MINUTES + 1
        return replace(self, minutes=tuple(entry for entry in self.minutes if entry[0] >= first))

    @property
    def sample(self) -> int:
        return sum(count for _, _, count in self.minutes)

    @property
    def percent(self) -> int | None:
        """Answered within the target ÷ all, in whole percent; None without any."""
        return 100 * sum(good for _, good, _ in self.minutes) // self.sample if self.minutes else None

    def next_look(self, dwell: int) -> int | None:
        """When the level may change by itself: a minute leaves the window, or the dwell is over; None: not before long."""
        due = [(minute + WINDOW_MINUTES) * MINUTE for minute, _, _ in self.minutes[:1]]
        due.append(self.since + dwell)
        return min((at for at in due if at > self.seen_at), default=None)


def shall_hold(level: InboundLevel, rule: Blending, now: int) -> bool:
    """Whether outbound is to be held back from now on: under the target, until it is met with something to spare."""
    if now - level.since < rule.minimum_dwell_seconds * SECOND and level.since:
        return level.held
    percent = level.percent
    if percent is None or level.sample < rule.minimum_sample:
        return False
    return percent < (rule.resume_percent if level.held else rule.service_level_percent)


@dataclass(frozen=True, slots=True)
class InboundReserve:
    """Who is kept from outbound work just now. `inbound`: what the groups of inbound contacts ask for."""

    inbound: tuple[tuple[Channel, Way], ...]
    open: bool  # more are idle than the reserve, and the service level is met

    def keeps(self, agent: Agent, capacity: Capacity) -> bool:
        """Whether the agent, who could serve inbound, is kept for it: outbound is for empty hands beyond the reserve."""
        return serves_inbound(agent, self.inbound, capacity) and (not self.open or bool(agent.loads()))


NO_RESERVE = InboundReserve((), open=True)


def inbound_of(policy: Policy) -> tuple[tuple[Channel, Way], ...]:
    """What inbound groups ask for, once each; nothing where the policy keeps no reserve."""
    if policy.blending is None:
        return ()
    asked: dict[tuple[Channel, Way], None] = {}
    for group in policy.groups.values():
        if not group.outbound:
            needed = tuple(SkillLevel(need.skill, need.level) for need in sorted(group.skills, key=lambda n: n.skill))
            asked.update({(channel, needed): None for channel in group.channels})
    return tuple(asked)


def serves_inbound(agent: Agent, inbound: Sequence[tuple[Channel, Way]], capacity: Capacity) -> bool:
    return any(agent.could_match(channel, needed, capacity) for channel, needed in inbound)


def is_idle_for_inbound(agent: Agent, inbound: Sequence[tuple[Channel, Way]], capacity: Capacity) -> bool:
    """Empty hands, and could serve inbound: one of those the reserve is counted among."""
    return agent.takes_offers and not agent.loads() and serves_inbound(agent, inbound, capacity)
