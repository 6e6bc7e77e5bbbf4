"""From decisions to figures: service level, ASA, abandonment, occupancy, waits, right-skill share, fairness.

Words and formulas are those of the metrics' definitions: waits run from entry into the group, ASA counts the answered,
a service level names its variant. A tally listens to a kernel, or is fed journaled rows; it holds numbers, not records.

    tally = Tally(policy)
    kernel.listen(tally.hear)
    …
    outcome = tally.outcome()
    outcome.groups["rental"].service_level(20), outcome.tiers["gold"].asa_seconds, outcome.occupancy
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from services.router.domain.core import Decided, Input
from services.router.simulation.fairness import gini
from shared.contracts.contact_events import Presence
from shared.contracts.fields import SECOND, SkillLevel
from shared.contracts.routing_decisions import (
    AgentStateChanged,
    ContactClosed,
    ContactEnd,
    ContactQueued,
    InteractionEnded,
    InteractionStarted,
    WorkState,
)

ABANDONED = (ContactEnd.ABANDONED_IN_QUEUE, ContactEnd.ABANDONED_WHILE_OFFERED)


class ServiceLevel(StrEnum):
    """Which service level: all are said of contacts answered within T seconds of entering the group."""

    OF_OFFERED = "answered_of_offered"  # answered ≤ T ÷ offered
    OF_ANSWERED = "answered_of_answered"  # answered ≤ T ÷ answered
    WITHOUT_SHORT = "without_short_abandons"  # answered ≤ T ÷ (offered − abandoned within `short_seconds`)
    WITH_ABANDONED = "with_abandoned"  # (answered ≤ T + abandoned ≤ T) ÷ offered


@dataclass
class Cohort:
    """What became of the contacts of one group, one tier or all. Waits in µs, in order of the end of the wait.

    Offered is what entered and whose wait is over: answered, abandoned or gone elsewhere.
    """

    answered: list[int] = field(default_factory=list[int])  # waits of the answered
    abandoned: list[int] = field(default_factory=list[int])  # waits of those who left
    elsewhere: int = 0  # flowed out, called back, turned away, failed
    right_skill: int = 0  # answered by somebody who holds what was first asked for
    talked: int = 0  # µs

    @property
    def offered(self) -> int:
        return len(self.answered) + len(self.abandoned) + self.elsewhere

    def service_level(
        self, seconds: float, variant: ServiceLevel = ServiceLevel.OF_OFFERED, short_seconds: float = 5
    ) -> float | None:
        """Share of 0–1; None where there was nobody."""
        within = int(seconds * SECOND)
        met = sum(wait <= within for wait in self.answered)
        asked = self.offered
        if variant is ServiceLevel.OF_ANSWERED:
            asked = len(self.answered)
        elif variant is ServiceLevel.WITHOUT_SHORT:
            asked -= sum(wait <= int(short_seconds * SECOND) for wait in self.abandoned)
        elif variant is ServiceLevel.WITH_ABANDONED:
            met += sum(wait <= within for wait in self.abandoned)
        return met / asked if asked else None

    @property
    def asa_seconds(self) -> float | None:
        """Average speed of answer: of the answered only."""
        return sum(self.answered) / len(self.answered) / SECOND if self.answered else None

    @property
    def mean_wait_seconds(self) -> float | None:
        """Of the answered and the abandoned together: what queueing theory calls E[W]."""
        ended = len(self.answered) + len(self.abandoned)
        return (sum(self.answered) + sum(self.abandoned)) / ended / SECOND if ended else None

    @property
    def waited_share(self) -> float | None:
        """Share of answered and abandoned who had to wait at all."""
        ended = len(self.answered) + len(self.abandoned)
        return (sum(w > 0 for w in self.answered) + sum(w > 0 for w in self.abandoned)) / ended if ended else None

    @property
    def abandonment(self) -> float | None:
        return len(self.abandoned) / self.offered if self.offered else None

    @property
    def right_skill_share(self) -> float | None:
        return self.right_skill / len(self.answered) if self.answered else None

    @property
    def mean_talk_seconds(self) -> float | None:
        return self.talked / len(self.answered) / SECOND if self.answered else None

    def wait_percentile(self, share: float) -> float | None:
        """Nearest-rank percentile of the waits of the answered, seconds; `share` 0–1."""
        if not self.answered:
            return None
        ordered = sorted(self.answered)
        return (
            ordered[min(len(ordered) - 1, max(0, -(-round(share * 1_000_000) * len(ordered) // 1_000_000) - 1))]
            / SECOND
        )


@dataclass(slots=True)
class AgentTime:
    """One agent's time, µs, up to `since`."""

    since: int
    presence: Presence = Presence.SIGNED_OUT
    work: WorkState = WorkState.IDLE
    skills: dict[str, int] = field(default_factory=dict[str, int])
    busy: int = 0  # offered, handling or wrapping
    available: int = 0
    handled: int = 0
    exposure: int = 0  # µs of conversation × severity

    @property
    def occupancy(self) -> float | None:
        staffed = self.busy + self.available
        return self.busy / staffed if staffed else None


@dataclass(frozen=True)
class Outcome:
    """The figures of a run. Keys: group id; tier id ("" for none); agent id."""

    whole: Cohort
    groups: Mapping[str, Cohort]
    tiers: Mapping[str, Cohort]
    agents: Mapping[str, AgentTime]
    waiting: int  # still waiting at the end
    blocked: int = 0  # never reached the router: every line was taken

    @property
    def occupancy(self) -> float | None:
        """Handling (offers and wrap-up included) ÷ (handling + available), of all agents' time."""
        busy = sum(agent.busy for agent in self.agents.values())
        staffed = busy + sum(agent.available for agent in self.agents.values())
        return busy / staffed if staffed else None

    @property
    def exposure_gini(self) -> float:
        """How unequally wearing work fell on the agents who had time: 0 alike, towards 1 all on one.

        Per staffed hour, so that part-timers count fairly.
        """
        staffed = [agent for agent in self.agents.values() if agent.busy + agent.available > 0]
        return gini([agent.exposure / (agent.busy + agent.available) for agent in staffed])

    @property
    def exposure_peak(self) -> float | None:
        """The most exposed agent's severity-minutes ÷ the mean of all; None without exposure."""
        amounts = [agent.exposure for agent in self.agents.values()]
        total = sum(amounts)
        return max(amounts) * len(amounts) / total if total else None


@dataclass(slots=True)
class _Wait:
    group: str
    tier: str
    entered: int
    needed: tuple[SkillLevel, ...]
    over: bool = False


class Tally:
    """Counts a run. `counts_from`: what entered a group before it is left out (warm-up), as is agents' time before it."""

    def __init__(
        self,
        *,
        severity: Mapping[str, int] | None = None,
        counts_from: int = 0,
        keep: Callable[[str], bool] | None = None,
    ) -> None:
        """`severity`: group → how wearing its work is; unnamed groups do not wear. `keep`: which contacts (by id) count."""
        self.blocked = 0
        self._severity = severity or {}
        self._from = counts_from
        self._keep = keep
        self._whole = Cohort()
        self._groups: dict[str, Cohort] = {}
        self._tiers: dict[str, Cohort] = {}
        self._agents: dict[str, AgentTime] = {}
        self._waits: dict[str, _Wait] = {}
        self._now = 0
        self._reactions: Mapping[type[object], Callable[[Any], None]] = {
            ContactQueued: self._queued,
            InteractionStarted: self._answered,
            InteractionEnded: self._talked,
            ContactClosed: self._closed,
            AgentStateChanged: self._agent,
        }

    def hear(self, given: Input, decisions: Sequence[Decided]) -> None:
        self._now = given.now
        reactions = self._reactions
        for decided in decisions:
            reaction = reactions.get(type(decided.decision))
            if reaction is not None:
                reaction(decided.decision)

    def outcome(self, until: int | None = None) -> Outcome:
        """The figures so far; agents' time is counted up to `until` (default: the last input)."""
        for agent in self._agents.values():
            self._accrue(agent, self._now if until is None else until)
        waiting = sum(not wait.over for wait in self._waits.values())
        return Outcome(self._whole, self._groups, self._tiers, self._agents, waiting, self.blocked)

    # ---- contacts

    def _cohorts(self, wait: _Wait) -> tuple[Cohort, Cohort, Cohort]:
        group = self._groups.get(wait.group)
        if group is None:
            group = self._groups[wait.group] = Cohort()
        tier = self._tiers.get(wait.tier)
        if tier is None:
            tier = self._tiers[wait.tier] = Cohort()
        return self._whole, group, tier

    def _queued(self, queued: ContactQueued) -> None:
        before = self._waits.get(queued.contact_id)
        if before is not None and not before.over:
            if before.entered == queued.entered_group_at and before.group == queued.group:
                return  # still the same wait: an offer failed
            for cohort in self._cohorts(before):
                cohort.elsewhere += 1
        if queued.entered_group_at < self._from or (self._keep and not self._keep(queued.contact_id)):
            self._waits.pop(queued.contact_id, None)
            return
        self._waits[queued.contact_id] = _Wait(
            queued.group, queued.tier or "", queued.entered_group_at, () if queued.only_agent else queued.requirement
        )

    def _answered(self, started: InteractionStarted) -> None:
        wait = self._waits.get(started.contact_id)
        if wait is None or wait.over:
            return
        wait.over = True
        waited = started.at - wait.entered
        agent = self._agents.get(started.agent_id)
        held = agent.skills if agent else {}
        right = all(held.get(need.skill, 0) >= need.level for need in wait.needed)
        for cohort in self._cohorts(wait):
            cohort.answered.append(waited)
            cohort.right_skill += right

    def _talked(self, ended: InteractionEnded) -> None:
        wait = self._waits.get(ended.contact_id)
        if wait is None or not ended.talked:
            return
        for cohort in self._cohorts(wait):
            cohort.talked += ended.talked
        severity = self._severity.get(wait.group, 0)
        if severity:
            self._time_of(ended.agent_id).exposure += ended.talked * severity

    def _closed(self, closed: ContactClosed) -> None:
        wait = self._waits.pop(closed.contact_id, None)
        if wait is None or wait.over:
            return
        for cohort in self._cohorts(wait):
            if closed.end in ABANDONED:
                cohort.abandoned.append(closed.at - wait.entered)
            else:
                cohort.elsewhere += 1

    # ---- agents

    def _time_of(self, agent_id: str) -> AgentTime:
        found = self._agents.get(agent_id)
        if found is None:
            found = self._agents[agent_id] = AgentTime(max(self._now, self._from))
        return found

    def _accrue(self, agent: AgentTime, now: int) -> None:
        passed = now - agent.since
        if passed <= 0:
            return
        agent.since = now
        if agent.presence is Presence.SIGNED_OUT:
            return
        if agent.work is not WorkState.IDLE:
            agent.busy += passed
        elif agent.presence is Presence.AVAILABLE:
            agent.available += passed

    def _agent(self, state: AgentStateChanged) -> None:
        agent = self._time_of(state.agent_id)
        self._accrue(agent, self._now)
        agent.presence = state.presence
        agent.work = state.work_state
        if state.presence is not Presence.SIGNED_OUT:
            agent.handled = state.handled
        skills = state.skills
        if len(skills) != len(agent.skills) or any(agent.skills.get(s.skill) != s.level for s in skills):
            agent.skills = {held.skill: held.level for held in skills}
