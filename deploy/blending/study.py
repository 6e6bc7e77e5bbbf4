"""What outbound costs inbound, over many days: the same callers with and without dialling, and what is dialled for it.

Every run is kept as a line of JSON, so that a study can be stopped and continued. Differences are paired by seed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from deploy.blending.day import BlendedDay, Centre, HourTally
from services.outbound.domain.blending import Caution
from services.outbound.simulation.study import Spread, spread

SCENES: Final[Mapping[str, Centre]] = {
    "day": Centre(look_seconds=4.0),
    "morning": Centre(agents=20, calls=(110, 250, 310, 270, 150), look_seconds=4.0),
    "crowd": Centre(agents=20, calls=(150, 250, 500, 270, 150), look_seconds=4.0),
    "chats": Centre(agents=20, calls=(60, 120, 150, 130, 80), chats=(40, 90, 110, 100, 60), look_seconds=4.0),
}
"""Twelve hours of 40 agents with their two peaks; five hours of 20 with one; five of which one brings a quarter more calls
than all 20 can answer; and five in which chats, three to an agent, come beside calls."""
OFF: Final = "off"
ON: Final = "on"
UNKEPT: Final = "nothing kept"
MANNERS: Final = (OFF, ON, UNKEPT)
NO_CAUTION: Final = Caution(loss=1.0, deviations=0.0)


@dataclass(frozen=True, slots=True)
class Run:
    scene: str
    manner: str
    seed: int

    @property
    def centre(self) -> Centre:
        centre = SCENES[self.scene]
        if self.manner == UNKEPT:
            never = {"service_level_percent": 0, "resume_percent": 0}
            return replace(centre, caution=NO_CAUTION, blending=never)
        return replace(centre, dials=self.manner == ON)


@dataclass(frozen=True, slots=True)
class Ran:
    """A run's figures: hour by hour, and agents' seconds at work and signed in."""

    hours: tuple[HourTally, ...]
    busy_seconds: float
    staffed_seconds: float

    @property
    def day(self) -> HourTally:
        """All hours together."""
        return HourTally(*(sum(column) for column in zip(*(asdict(hour).values() for hour in self.hours), strict=True)))


def simulate(run: Run) -> Ran:
    day = BlendedDay(run.centre, run.seed).run()
    return Ran(tuple(day.hours), day.busy_seconds, day.staffed_seconds)


class BlendingStudy:
    """The runs of some scenes and manners over seeds 1 … n; those found in `kept` are not run again."""

    def __init__(self, scenes: Sequence[str], manners: Sequence[str], seeds: int, kept: Path | None = None) -> None:
        self.scenes, self.manners, self.seeds = scenes, manners, seeds
        self._kept = kept
        self.found: dict[Run, Ran] = {}
        for line in kept.read_text(encoding="utf-8").splitlines() if kept is not None and kept.exists() else ():
            self._enter(json.loads(line))

    def _enter(self, line: Mapping[str, Any]) -> None:
        ran = line["ran"]
        hours = tuple(HourTally(**hour) for hour in ran["hours"])
        self.found[Run(**line["run"])] = Ran(hours, ran["busy_seconds"], ran["staffed_seconds"])

    def run(self, processes: int) -> Iterator[Run]:
        """Whatever is missing, each told when it is done."""
        wanted = [
            run
            for seed in range(1, self.seeds + 1)
            for scene in self.scenes
            for manner in self.manners
            if (run := Run(scene, manner, seed)) not in self.found
            and (manner != UNKEPT or seed <= max(2, self.seeds // 7))
        ]
        with ProcessPoolExecutor(processes) as pool:
            running = {pool.submit(simulate, run): run for run in wanted}
            for done in as_completed(running):
                run, ran = running[done], done.result()
                self.found[run] = ran
                if self._kept is not None:
                    with self._kept.open("a", encoding="utf-8") as file:
                        file.write(json.dumps({"run": asdict(run), "ran": asdict(ran)}) + "\n")
                yield run

    # ---- figures

    def ran(self, scene: str, manner: str) -> Mapping[int, Ran]:
        """By seed; of the days without dialling those that were dialled on too."""
        same = {run.seed: ran for run, ran in self.found.items() if (run.scene, run.manner) == (scene, manner)}
        return {seed: ran for seed, ran in same.items() if manner != OFF or Run(scene, ON, seed) in self.found}

    def manners_of(self, scene: str) -> list[str]:
        """Those that were run."""
        return [manner for manner in self.manners if self.ran(scene, manner)]

    def row(self, scene: str, manner: str) -> Row:
        ran = self.ran(scene, manner)
        alone = self.ran(scene, OFF)
        losses = [
            service_level(alone[seed].day) - service_level(each.day) for seed, each in ran.items() if seed in alone
        ]
        days = [each.day for each in ran.values()]
        return Row(
            days=len(ran),
            service_level=_over([service_level(day) for day in days]),
            loss=_over(losses),
            worst_loss=max(losses),
            asa_seconds=_over([day.waited / max(1, day.answered) for day in days]),
            abandoned=_over([100 * day.abandoned / max(1, day.offered) for day in days]),
            connects=_over([each.day.connected / (each.staffed_seconds / 3600) for each in ran.values()]),
            lost=_over([100 * day.lost / max(1, day.lost + day.connected) for day in days]),
            utilisation=_over([100 * each.busy_seconds / each.staffed_seconds for each in ran.values()]),
        )

    def by_hour(self, scene: str, manner: str) -> list[HourTally]:
        """Each hour summed over all seeds."""
        hours = zip(*(each.hours for each in self.ran(scene, manner).values()), strict=True)
        return [Ran(tuple(same), 0, 0).day for same in hours]


@dataclass(frozen=True, slots=True)
class Row:
    """Means with 95 % intervals over days; shares in per cent, the loss in points of service level (off − this)."""

    days: int
    service_level: Spread
    loss: Spread
    worst_loss: float
    asa_seconds: Spread
    abandoned: Spread  # of inbound callers
    connects: Spread  # persons we called who met an agent, per agent hour
    lost: Spread  # of persons we called who answered
    utilisation: Spread


def service_level(tally: HourTally) -> float:
    """Answered within the target ÷ offered, per cent."""
    return 100 * tally.within / max(1, tally.offered)


def _over(values: Sequence[float]) -> Spread:
    return spread(sum(values) / len(values), values)
