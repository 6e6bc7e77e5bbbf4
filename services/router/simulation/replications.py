"""A scenario run several times with independent seeds: each figure's mean, and how sure that is.

Replication r of seed s always meets the same customers, on any machine and in any number of processes; two scenarios run with
the same seeds therefore differ by what differs in them (common random numbers).
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from services.router.simulation.rehearsal import Rehearsal
from services.router.simulation.scenario import Scenario
from services.router.simulation.tally import Cohort, Outcome

WHOLE = ""
"""Name of the cohort of all contacts."""

STUDENT_975 = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
"""97.5 % quantiles of Student's t for 1, 2, … degrees of freedom; beyond, the normal's with Cornish and Fisher's term."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Mean over replications and half the width of its 95 % confidence interval (None for a single one)."""

    mean: float
    half_width: float | None
    values: tuple[float, ...]

    @classmethod
    def of(cls, values: Sequence[float]) -> Estimate:
        """Raises ValueError without values."""
        if not values:
            raise ValueError("no replication says anything about this figure")
        half = None
        if len(values) > 1:
            half = student_975(len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))
        return cls(statistics.fmean(values), half, tuple(values))


def student_975(freedom: int) -> float:
    """97.5 % quantile of Student's t."""
    if freedom <= len(STUDENT_975):
        return STUDENT_975[freedom - 1]
    normal = 1.959964
    return normal + (normal**3 + normal) / (4 * freedom)


@dataclass(frozen=True, slots=True)
class Replication:
    """One run in numbers: cohort ("" for all, "group x", "tier x") → figure → value; only figures that exist."""

    seed: int
    figures: Mapping[str, Mapping[str, float]]
    simulated_seconds: float
    wall_seconds: float
    inputs: int


@dataclass(frozen=True, slots=True)
class Study:
    """All replications of a scenario."""

    replications: tuple[Replication, ...]
    wall_seconds: float

    def cohorts(self) -> list[str]:
        """All first, then groups, then tiers."""
        names = {cohort for replication in self.replications for cohort in replication.figures}
        return sorted(names)

    def estimate(self, cohort: str, figure: str) -> Estimate | None:
        """None where no replication has the figure."""
        found = [r.figures[cohort][figure] for r in self.replications if figure in r.figures.get(cohort, {})]
        return Estimate.of(found) if found else None

    @property
    def speed(self) -> float:
        """Simulated ÷ wall time of one process."""
        return sum(r.simulated_seconds for r in self.replications) / sum(r.wall_seconds for r in self.replications)

    @property
    def speed_together(self) -> float:
        """Simulated ÷ wall time of all processes together."""
        return sum(r.simulated_seconds for r in self.replications) / self.wall_seconds


def seeds_of(seed: int, count: int) -> list[int]:
    """Seeds of a scenario's replications: far apart, so that neighbouring scenario seeds share none."""
    return [seed * 1_000_003 + n for n in range(count)]


def replicate(scenario: Scenario, seed: int) -> Replication:
    """Run once."""
    started = time.perf_counter()
    rehearsal = Rehearsal(scenario, seed)
    outcome = rehearsal.run()
    wall = time.perf_counter() - started
    return Replication(
        seed, figures_of(outcome, scenario.answer_within), scenario.hours * 3600, wall, rehearsal.kernel.inputs
    )


def study(
    scenario: Scenario,
    seeds: Sequence[int] | None = None,
    *,
    processes: int = 1,
    progress: Callable[[Replication], None] | None = None,
) -> Study:
    """Run every seed (default: the scenario's own replications). `progress` is told of each that is done, in their order."""
    started = time.perf_counter()
    chosen = seeds_of(scenario.seed, scenario.replications) if seeds is None else seeds
    done: list[Replication] = []
    for replication in _all(scenario, chosen, processes):
        done.append(replication)
        if progress is not None:
            progress(replication)
    return Study(tuple(done), time.perf_counter() - started)


def _all(scenario: Scenario, seeds: Sequence[int], processes: int) -> Iterator[Replication]:
    if processes <= 1 or len(seeds) == 1:
        for seed in seeds:
            yield replicate(scenario, seed)
        return
    with ProcessPoolExecutor(min(processes, len(seeds))) as pool:
        yield from pool.map(replicate, [scenario] * len(seeds), seeds)


def figures_of(outcome: Outcome, answer_within: int) -> dict[str, dict[str, float]]:
    """Everything a study tells of one run; times in seconds, shares 0–1."""
    figures = {WHOLE: _cohort(outcome.whole, answer_within)}
    for group, cohort in outcome.groups.items():
        figures[f"group {group}"] = _cohort(cohort, answer_within)
    if any(outcome.tiers):
        for tier, cohort in outcome.tiers.items():
            figures[f"tier {tier or '—'}"] = _cohort(cohort, answer_within)
    more = {"occupancy": outcome.occupancy, "exposure_gini": outcome.exposure_gini}
    figures[WHOLE] |= {name: value for name, value in more.items() if value is not None}
    came = outcome.whole.offered + outcome.blocked
    figures[WHOLE]["blocked"] = outcome.blocked / came if came else 0.0
    return figures


def _cohort(cohort: Cohort, answer_within: int) -> dict[str, float]:
    found: dict[str, float | None] = {
        "offered": float(cohort.offered),
        "answered": float(len(cohort.answered)),
        "service_level": cohort.service_level(answer_within),
        "asa": cohort.asa_seconds,
        "mean_wait": cohort.mean_wait_seconds,
        "waited": cohort.waited_share,
        "wait_p50": cohort.wait_percentile(0.5),
        "wait_p90": cohort.wait_percentile(0.9),
        "abandonment": cohort.abandonment,
        "right_skill": cohort.right_skill_share,
    }
    return {name: value for name, value in found.items() if value is not None}
