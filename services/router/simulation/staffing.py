"""The fewest agents of a team that reach a target: Erlang-A says where to look, the simulation judges.

Each number of agents meets the same customers (common random numbers), so more agents are hardly ever judged worse. A number
is judged by the confidence interval of its replications; while the target lies within it, more are run, up to a limit, and then
the mean decides. The search doubles its step away from Erlang's answer until it has one number that reaches the target and one
that does not, and bisects between them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from services.router.simulation.arrivals import peak_per_second
from services.router.simulation.erlang import agents_for_service_level
from services.router.simulation.replications import WHOLE, Estimate, Replication, seeds_of, study
from services.router.simulation.scenario import Scenario

AT_MOST = 5_000
"""A team is not searched beyond this."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be reached: `service_level` (a share within seconds), `asa` (s) or `abandonment` (share)."""

    figure: str
    value: float
    within: int | None = None  # seconds, of a service level

    def reached(self, value: float) -> bool:
        return value >= self.value if self.figure == "service_level" else value <= self.value

    def judged(self, estimate: Estimate) -> bool | None:
        """Whether the whole interval is on one side; None: it is not known yet."""
        half = estimate.half_width
        if half is None:
            return None
        sides = {self.reached(estimate.mean - half), self.reached(estimate.mean + half)}
        return sides.pop() if len(sides) == 1 else None

    def __str__(self) -> str:
        if self.figure == "service_level":
            return f"{self.value:.0%} within {self.within} s"
        return f"{self.figure} at most {f'{self.value:.1%}' if self.figure == 'abandonment' else f'{self.value:g} s'}"


def parse_target(text: str) -> Target:
    """`service_level=80/20`, `asa=30` or `abandonment=5` (percent). Raises ValueError with what is understood."""
    level = re.fullmatch(r"service_level=(\d+(?:\.\d+)?)/(\d+)", text)
    if level and 0 < float(level[1]) < 100:
        return Target("service_level", float(level[1]) / 100, int(level[2]))
    other = re.fullmatch(r"(asa|abandonment)=(\d+(?:\.\d+)?)", text)
    if other and float(other[2]) > 0:
        return Target(other[1], float(other[2]) / (100 if other[1] == "abandonment" else 1))
    raise ValueError(
        f"{text!r} is no target: write service_level=80/20 (percent / seconds), asa=30 (s) or abandonment=5 (%)"
    )


@dataclass(frozen=True, slots=True)
class Tried:
    """One number of agents, what it reached and whether that is the target."""

    agents: int
    estimate: Estimate
    reached: bool
    sure: bool  # the target lies outside the interval


@dataclass(frozen=True, slots=True)
class Staffing:
    """The answer. `agents` None: nobody more of this team changes anything, and the target is not reached."""

    team: str
    target: Target
    erlang: int
    agents: int | None
    tried: tuple[Tried, ...]  # by number of agents


@dataclass
class _Search:
    scenario: Scenario
    team: str
    target: Target
    processes: int
    most_replications: int
    progress: Callable[[int, Replication], None] | None

    def __post_init__(self) -> None:
        self.tried: dict[int, Tried] = {}

    def reaches(self, agents: int) -> bool:
        """Judge a number of agents, once."""
        if agents not in self.tried:
            self.tried[agents] = self._judge(agents)
        return self.tried[agents].reached

    def _judge(self, agents: int) -> Tried:
        scenario = self.scenario.with_agents(self.team, agents)
        seeds = seeds_of(scenario.seed, self.most_replications)
        count = min(max(3, scenario.replications), self.most_replications)
        values: list[float] = []
        while True:
            batch = study(
                scenario,
                seeds[len(values) : count],
                processes=self.processes,
                progress=None if self.progress is None else lambda done: self.progress(agents, done),  # type: ignore[misc]
            )
            values += [_figure(replication, self.target.figure) for replication in batch.replications]
            estimate = Estimate.of(values)
            judged = self.target.judged(estimate)
            if judged is not None or count >= self.most_replications:
                return Tried(agents, estimate, self.target.reached(estimate.mean), judged is not None)
            count = min(count * 2, self.most_replications)


def _figure(replication: Replication, figure: str) -> float:
    """A run in which nobody came met every target."""
    return replication.figures[WHOLE].get(figure, 1.0 if figure == "service_level" else 0.0)


def fewest_agents(
    scenario: Scenario,
    team: str,
    target: Target,
    *,
    processes: int = 1,
    most_replications: int = 40,
    progress: Callable[[int, Replication], None] | None = None,
) -> Staffing:
    """Search the size of `team`. `progress` is told of every replication with the number of agents. Raises KeyError."""
    if target.within is not None:
        scenario = scenario_within(scenario, target.within)
    scenario.with_agents(team, 1)
    start = erlang_start(scenario, team, target)
    search = _Search(scenario, team, target, processes, most_replications, progress)
    enough, too_few = _bracket(search, start)
    while enough is not None and enough - too_few > 1:
        middle = (enough + too_few) // 2
        if search.reaches(middle):
            enough = middle
        else:
            too_few = middle
    return Staffing(team, target, start, enough, tuple(search.tried[n] for n in sorted(search.tried)))


def _bracket(search: _Search, start: int) -> tuple[int | None, int]:
    """(a number that reaches the target, a smaller one that does not): steps double away from the start."""
    step = 1
    if search.reaches(start):
        enough = start
        while enough > 1 and search.reaches(max(1, enough - step)):
            enough, step = max(1, enough - step), step * 2
        return enough, max(0, enough - step)
    too_few = start
    while too_few < AT_MOST:
        following = min(AT_MOST, too_few + step)
        if search.reaches(following):
            return following, too_few
        if search.tried[following].estimate.mean == search.tried[too_few].estimate.mean:
            return None, too_few  # the same customers fared the same: something else is short
        too_few, step = following, step * 2
    return None, too_few


def scenario_within(scenario: Scenario, within: int) -> Scenario:
    """The same, its service level counted within `within` seconds."""
    return replace(scenario, answer_within=within)


def erlang_start(scenario: Scenario, team: str, target: Target) -> int:
    """Erlang-A for the peak of all streams together, less the other teams' agents; at least 1."""
    seconds = scenario.hours * 3600
    rates = [(stream, peak_per_second(stream.arrivals, seconds)) for stream in scenario.streams]
    total = sum(rate for _, rate in rates)
    if total <= 0:
        return 1
    service = (
        sum(rate * (s.talk.mean + (s.wrap_up.mean if s.wrap_up else 0)) for s, rate in rates) / total
        + scenario.manner.answer.mean
        + scenario.manner.connect.mean
    )
    patient = [rate * s.patience.mean for s, rate in rates if s.patience is not None]
    patience = sum(patient) / total if len(patient) == len(rates) else None
    share, within = (target.value, target.within) if target.within is not None else (0.8, 20)
    others = sum(known.count for known in scenario.teams if known.name != team)
    return max(1, agents_for_service_level(total, service, patience, share, within) - others)
