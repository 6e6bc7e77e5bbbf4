"""The pacing study: the pacer and its opponents on the reference floor, on floors where things go wrong, and with people's limits on.

`Scale` says how much is run; everything run is kept (`runs.Results`), so that a study can be stopped, continued and enlarged. The
opponents are given their best settings, found on a grid; the pacer is given nothing and starts cold.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from services.outbound.simulation.drivers import LIMIT
from services.outbound.simulation.floor import FloorModel
from services.outbound.simulation.opponents import AdaptiveSettings, progressive_utilisation
from services.outbound.simulation.optimum import memoryless_optimum
from services.outbound.simulation.runs import DayLine, Results, Run

GOALS = {5: 79.0, 10: 84.0, 20: 88.0, 50: 93.0, 100: 95.5}
GRID_SEED = 1000
LIMITS = (0.01, 0.02, 0.03, 0.04, 0.05)
SMALL = (2, 3, 4, 5, 6, 7, 8, 9)
CURVE_AGENTS = 20
# Two-sided 95 % quantiles of Student's t for 1 … 30 degrees of freedom.
STUDENT = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14, 2.13, 2.12, 2.11, 2.10, 2.09, 2.09,
           2.08, 2.07, 2.07, 2.06, 2.06, 2.06, 2.05, 2.05, 2.05, 2.04)  # fmt: skip


def laws(agents: int) -> list[AdaptiveSettings]:
    """The grid of VICIdial's settings: ready agents aimed at, intensity, ceiling and method."""
    targets = sorted({0.0, -2.0, float(-round(0.05 * agents)), float(-round(0.1 * agents))})
    return [
        AdaptiveSettings(target, intensity, highest, hard)
        for target in targets for intensity in (0.1, 0.4) for highest in (1.25, 1.6, 3.0) for hard in (True, False)
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is run: days and seeds of each row, days of each grid point, the sizes, and the parts."""

    days: int = 1
    seeds: int = 5
    sizes: tuple[int, ...] = (20,)
    grid_days: int = 1
    parts: tuple[str, ...] = ("pacer",)


QUICK = Scale()
PARTS = ("pacer", "opponents", "curve", "robust", "small", "people")
FULL = Scale(days=30, seeds=30, sizes=tuple(GOALS), grid_days=4, parts=PARTS)


@dataclass(frozen=True, slots=True)
class Spread:
    """A mean over days with the half-width of its 95 % interval (Student; 0 for one day)."""

    mean: float
    half: float

    def __str__(self) -> str:
        return f"{self.mean:.2f} ± {self.half:.2f}" if self.half else f"{self.mean:.2f}"


def spread(mean: float, daily: Sequence[float]) -> Spread:
    """A mean with the interval that its days' values give: floors empty overnight, so days are almost independent."""
    if len(daily) < 2:
        return Spread(mean, 0.0)
    t = STUDENT[len(daily) - 2] if len(daily) - 2 < len(STUDENT) else 1.96
    return Spread(mean, t * statistics.stdev(daily) / math.sqrt(len(daily)))


@dataclass(frozen=True, slots=True)
class Paced:
    """Figures of one row: per cent, persons connected per agent hour, days in the band, and how much was run."""

    utilisation: Spread
    abandonment: Spread
    worst_abandonment: float  # of any seed, over all its days
    days_kept: float  # per cent of days with at most the limit
    connects: Spread
    seeds: int
    days: tuple[int, int]  # of the shortest run and the longest
    dials: int
    after: tuple[tuple[int, int], ...]  # minutes after a change: persons answered, abandoned

    @property
    def extent(self) -> str:
        """How much was run: days × seeds."""
        least, most = self.days
        return f"{most} × {self.seeds}" if least == most else f"{least}–{most} × {self.seeds}"


def paced(results: Sequence[Sequence[DayLine]], limit: float = LIMIT) -> Paced:
    """Figures of runs that differ in their seeds only."""
    every = [day for days in results for day in days]
    minutes = max((len(day["after"]) for day in every), default=0)
    after = tuple(
        (sum(day["after"][k][0] for day in every), sum(day["after"][k][1] for day in every)) for k in range(minutes)
    )

    def figure(of: Callable[[Sequence[DayLine]], float]) -> Spread:
        return spread(of(every), [of([day]) for day in every])

    return Paced(
        figure(lambda days: 100 * _sum(days, "busy") / _sum(days, "present")),
        figure(lambda days: 100 * _abandonment(days)),
        max(100 * _abandonment(days) for days in results),
        100 * statistics.fmean(_abandonment([day]) <= limit for day in every),
        figure(lambda days: 3600 * _sum(days, "connected") / _sum(days, "present")),
        len(results), (min(map(len, results)), max(map(len, results))), sum(day["dials"] for day in every), after,
    )  # fmt: skip


def _sum(days: Sequence[DayLine], what: str) -> float:
    return math.fsum(float(day[what]) for day in days)


def _abandonment(days: Sequence[DayLine]) -> float:
    abandoned = _sum(days, "abandoned")
    return abandoned / max(1.0, abandoned + _sum(days, "connected"))


class PacingStudy:
    """The rows of the study, run as far as the scale asks and the results go."""

    def __init__(self, scale: Scale, results: Results) -> None:
        self._scale, self._results = scale, results

    def run(self, processes: int = 1) -> Iterator[Run]:
        """Run what is missing; the cheap parts first, the large floors last."""
        if "opponents" in self._scale.parts:
            for agents in self._scale.sizes:
                yield from self._results.complete(self._grid(agents), processes)
        if "curve" in self._scale.parts:
            yield from self._results.complete(self._curve_grid(), processes)
        for seed in range(self._scale.seeds):  # seed by seed: a study cut short has every row, with fewer seeds
            yield from self._results.complete(self._of_seed(seed), processes)

    def _of_seed(self, seed: int) -> list[Run]:
        rows: list[list[Run]] = []
        parts = self._scale.parts
        for agents in self._scale.sizes:
            if "pacer" in parts:
                rows.append(self.rows("pacer", agents))
            if "opponents" in parts:
                rows += [self.rows("progressive", agents), self.tuned("ratio", agents), self.tuned("vicidial", agents),
                         self.rows("vicidial", agents)]  # fmt: skip
        if "curve" in parts:
            rows += [self.rows("pacer", CURVE_AGENTS, setting=limit) for limit in LIMITS]
        if "robust" in parts:
            rows += [self.rows("pacer", CURVE_AGENTS, floor=floor) for floor in ("steps", "half leave", "trunks lost")]
        if "small" in parts:
            rows += [self.rows(driver, agents) for agents in SMALL for driver in ("progressive", "pacer")]
        if "people" in parts:
            rows += [self.people(agents, ceiling) for agents in (20, 50) for ceiling in (1.0, 0.88)]
        return [run for row in rows for run in row if run.seed == seed]

    def rows(
        self, driver: str, agents: int, setting: float = LIMIT, floor: str = "reference", law: AdaptiveSettings | None = None
    ) -> list[Run]:  # fmt: skip
        """One row: the same run with each seed."""
        run = Run(driver, agents, self._scale.days, 0, floor, setting, law or AdaptiveSettings())
        return [replace(run, seed=seed) for seed in range(self._scale.seeds)]

    def people(self, agents: int, ceiling: float) -> list[Run]:
        """With cells and a pause of 5 s; the occupancy ceiling as given."""
        run = Run("pacer", agents, self._scale.days, 0, "cells", pause=5.0, ceiling=ceiling)
        return [replace(run, seed=seed) for seed in range(self._scale.seeds)]

    def _grid(self, agents: int) -> list[Run]:
        run = Run("ratio", agents, self._scale.grid_days, GRID_SEED)
        step = max(1, agents // 50)  # lines
        ratios = [1 + lines * step / agents for lines in range(-2, 14 if agents >= 50 else 4)]
        adaptive = [replace(run, driver="vicidial", law=law) for law in laws(agents)]
        return [replace(run, setting=round(ratio, 4)) for ratio in ratios] + adaptive

    def _curve_grid(self) -> list[Run]:
        run = Run("ratio", CURVE_AGENTS, self._scale.grid_days, GRID_SEED)
        adaptive = [
            replace(run, driver="vicidial", law=replace(law, limit=limit))
            for law in laws(CURVE_AGENTS) if law.hard for limit in LIMITS
        ]  # fmt: skip
        return [replace(run, setting=round(1 + lines / CURVE_AGENTS, 4)) for lines in range(-2, 4)] + adaptive

    def tuned(self, driver: str, agents: int) -> list[Run]:
        """The row of the opponent's best setting on the grid that keeps the limit; empty before the grid was run."""
        best = self._best_of_grid(driver, agents)
        return [] if best is None else self.rows(driver, agents, best.setting, law=best.law)

    def _best_of_grid(self, driver: str, agents: int) -> Run | None:
        kept = [
            (figures.utilisation.mean, run)
            for run in self._grid(agents)
            if run.driver == driver and (figures := self.figures([run])) and figures.abandonment.mean <= 100 * LIMIT
        ]
        return max(kept, key=lambda entry: entry[0])[1] if kept else None

    def figures(self, runs: Sequence[Run]) -> Paced | None:
        """Of a row, as far as it was run: of each seed the longest run that was kept, up to the days asked for."""
        found = [days for run in runs if (days := self._longest(run)) is not None]
        return paced(found) if found else None

    def _longest(self, run: Run) -> list[DayLine] | None:
        lengths = sorted((length for length in self._results.lengths if length <= run.days), reverse=True)
        return next(iter(self._results.of(replace(run, days=length) for length in lengths)), None)

    def table(self, agents: int) -> dict[str, Paced]:
        """The rows of one size, as far as they were run."""
        rows = {
            "progressive": self.rows("progressive", agents),
            "VICIdial, defaults": self.rows("vicidial", agents),
            "VICIdial, tuned": self.tuned("vicidial", agents),
            "best static ratio": self.tuned("ratio", agents),
            "pacer": self.rows("pacer", agents),
        }
        found = {name: figures for name, runs in rows.items() if (figures := self.figures(runs))}
        for name, driver in (("VICIdial, tuned", "vicidial"), ("best static ratio", "ratio")):
            best = self._best_of_grid(driver, agents)
            if name not in found and best and (figures := self.figures([best])):
                found[name] = figures  # as the grid found it, until the row itself is run
        return found

    def curve(self) -> dict[str, list[tuple[float, float]]]:
        """Abandonment and utilisation in per cent, by method, at different limits or settings; opponents' best only."""
        curves: dict[str, list[tuple[float, float]]] = {"pacer": [], "ratio": [], "vicidial": []}
        for limit in LIMITS:
            if figures := self.figures(self.rows("pacer", CURVE_AGENTS, setting=limit)):
                curves["pacer"].append((figures.abandonment.mean, figures.utilisation.mean))
        for run in self._curve_grid():
            if figures := self.figures([run]):
                curves[run.driver].append((figures.abandonment.mean, figures.utilisation.mean))
        return {name: _frontier(points) if name == "vicidial" else sorted(points) for name, points in curves.items()}


def _frontier(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Points no other beats in both."""
    found: list[tuple[float, float]] = []
    for abandonment, utilisation in sorted(points):
        if not found or utilisation > found[-1][1]:
            found.append((abandonment, utilisation))
    return found


def progressive_exactly(model: FloorModel) -> float:
    """Per cent, in closed form."""
    return 100 * progressive_utilisation(model.handling, model.attempt, model.answer_rate)


def optimum(agents: int) -> float:
    """Per cent, of the memoryless twin."""
    return 100 * memoryless_optimum(FloorModel(agents=agents), LIMIT)


def quick(tell: Callable[[Run], None] = lambda run: None) -> Paced:
    """20 agents, one day, five seeds: what `make bench` runs."""
    study = PacingStudy(QUICK, Results(None))
    for run in study.run():
        tell(run)
    figures = study.figures(study.rows("pacer", 20))
    assert figures is not None
    return figures
