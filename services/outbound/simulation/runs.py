"""One run of the pacing study: who drives which floor for how many days, named so that it is run once and found again.

A run is described by values only (it crosses processes and is kept as a line of JSON); its result is a line for each day.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypedDict

from services.outbound.domain.pacing import BENCH
from services.outbound.simulation.drivers import LIMIT, PacerDriver
from services.outbound.simulation.floor import Change, DayTally, Driver, Floor, FloorModel
from services.outbound.simulation.opponents import AdaptiveSettings, Progressive, StaticRatio, VicidialAdaptive

NOON = 6 * 3600.0
STEP = 2 * 3600.0

FLOORS = {
    "reference": FloorModel(),
    # The answer rate steps between .15 and .35 every two hours.
    "steps": FloorModel(
        answer_rate=0.15, changes=tuple(Change(k * STEP, answer_rate=0.35 if k % 2 else 0.15) for k in range(1, 6))
    ),
    "half leave": FloorModel(changes=(Change(NOON, present=0.5), Change(NOON + STEP, present=1.0))),
    "trunks lost": FloorModel(changes=(Change(NOON, trunks=False), Change(NOON + 600, trunks=True))),
    # Two languages: 40 % of the agents speak one, 30 % the other, 30 % both; the pause binds whoever is free.
    "cells": FloorModel(
        cells=((frozenset({"zh"}), 0.4), (frozenset({"en"}), 0.3), (frozenset({"zh", "en"}), 0.3)), pause=5.0
    ),
}
CHANGES = {
    "steps": tuple(change.at for change in FLOORS["steps"].changes),
    "half leave": (NOON,),
    "trunks lost": (NOON + 600,),
}


@dataclass(frozen=True, slots=True)
class Run:
    """`driver` is pacer, progressive, ratio or vicidial; `setting` the ratio, or the limit the pacer keeps; `law` VICIdial's."""

    driver: str
    agents: int
    days: int
    seed: int
    floor: str = "reference"
    setting: float = LIMIT
    law: AdaptiveSettings = AdaptiveSettings()
    ceiling: float = 1.0
    pause: float = 0.0

    @property
    def name(self) -> str:
        """Unique; what a kept result is found by."""
        return json.dumps(asdict(self), sort_keys=True)


class DayLine(TypedDict):
    """One day of a run."""

    present: float
    busy: float
    dials: int
    connected: int
    abandoned: int
    after: list[
        list[int]
    ]  # answered and abandoned in each minute after the floor's changes, 15 minutes, changes together


def driver_of(run: Run) -> Driver:
    """Who drives."""
    if run.driver == "pacer":
        return PacerDriver(replace(BENCH, pause_seconds=run.pause, occupancy_ceiling=run.ceiling), limit=run.setting)
    if run.driver == "ratio":
        return StaticRatio(run.setting)
    if run.driver == "vicidial":
        return VicidialAdaptive(run.law)
    return Progressive()


def perform(run: Run) -> list[DayLine]:
    """Run it."""
    floor = Floor(replace(FLOORS[run.floor], agents=run.agents), driver_of(run), run.seed)
    return [_line(floor.day(number), CHANGES.get(run.floor, ())) for number in range(run.days)]


def _line(day: DayTally, changes: Sequence[float]) -> DayLine:
    after = [[0, 0] for _ in range(15)] if changes else []
    for change in changes:
        first = math.ceil(change / 60)
        for minute, counts in enumerate(day.minutes[first : first + len(after)]):
            after[minute][0] += counts[0]
            after[minute][1] += counts[1]
    return {"present": round(day.present, 1), "busy": round(day.busy, 1), "dials": day.dials, "connected": day.connected,
            "abandoned": day.abandoned, "after": after}  # fmt: skip


class Results:
    """Kept runs: a file of JSON lines that grows; what is in it is not run again."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._kept: dict[str, list[DayLine]] = {}
        if path is not None and path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                kept = json.loads(line)
                self._kept[json.dumps(kept["run"], sort_keys=True)] = kept["days"]

    @property
    def lengths(self) -> set[int]:
        """Days of the kept runs."""
        return {len(days) for days in self._kept.values()}

    def of(self, runs: Iterable[Run]) -> list[list[DayLine]]:
        """Results of those of the runs that were run."""
        return [self._kept[run.name] for run in runs if run.name in self._kept]

    def keep(self, run: Run, days: list[DayLine]) -> None:
        """Add one result."""
        self._kept[run.name] = days
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"run": asdict(run), "days": days}) + "\n")

    def complete(self, runs: Iterable[Run], processes: int = 1) -> Iterator[Run]:
        """Run what is missing, yielding each run when it is kept."""
        missing = [run for run in dict.fromkeys(runs) if run.name not in self._kept]
        if processes == 1:
            for run in missing:
                self.keep(run, perform(run))
                yield run
            return
        with ProcessPoolExecutor(processes) as pool:
            pending = {pool.submit(perform, run): run for run in missing}
            for done in as_completed(pending):
                self.keep(pending[done], done.result())
                yield pending[done]
