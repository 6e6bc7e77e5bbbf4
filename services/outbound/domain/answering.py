"""How likely somebody answers, by hour of the day × weekday × attempt, learned online from a campaign's own attempts.

Outcomes are counted in cells (hour, weekday, which attempt, how often this part of the day was tried in vain) with an exponential
memory; the chance of a cell is a logistic regression on the counts whose effects are shrunk (`shrinkage`): first the campaign's
level, then the hour, the weekday, the attempt, and only where the counts insist the single hour of a single weekday.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import product
from typing import Final, NamedTuple, Protocol, TypedDict

import numpy as np

from services.outbound.domain.outcomes import DialOutcome
from services.outbound.domain.shrinkage import Belief, learned, logistic
from services.outbound.domain.windows import local_time

HOURS: Final = 24
WEEKDAYS: Final = 7
ATTEMPTS: Final = 6
"""First … fifth attempt, and every later one."""
MISSED: Final = 3
"""How often this part of the day was tried in vain: never, once, more often."""
PART_BEGINS: Final = (0, 8, 12, 14, 17, 21)
"""Local hours at which the parts of a day begin: night, morning, midday, afternoon, evening, late."""
PRIOR_CHANCE: Final = 0.25
SPREADS: Final = {"level": 1.5, "hour": 0.5, "weekday": 0.3, "attempt": 0.5, "missed": 0.5, "cell": 0.25}
"""How far each effect may stray (standard deviation of log-odds) before anything is known."""
MEMORY_DAYS: Final = 45.0
"""After so many days an outcome counts for 1/e."""
REFIT_SHARE: Final = 0.02
"""The effects are worked out anew once the counts have moved by this share."""
LARGEST_UNIT: Final = 1e6
DAY_MICROSECONDS: Final = 86_400_000_000

REACHED: Final = frozenset({DialOutcome.ANSWERED_PERSON, DialOutcome.ABANDONED})
UNREACHED: Final = frozenset({DialOutcome.NO_ANSWER, DialOutcome.MACHINE, DialOutcome.BUSY})
"""What says something of the hour. Dead numbers, faxes and failed trunks say nothing of it and are not counted."""


class AnswerCell(NamedTuple):
    """When and for the how-manieth time somebody is dialled. Local hour 0–23, weekday 0 Monday; attempt 1 …."""

    hour: int
    weekday: int
    attempt: int = 1
    missed: int = 0

    @staticmethod
    def at(moment: int, zone: tzinfo, attempt: int = 1, missed: int = 0) -> AnswerCell:
        """The cell of a moment (µs) on the clock of the person called."""
        local = local_time(moment, zone)
        return AnswerCell(local.hour, local.weekday(), attempt, missed)

    def within(self) -> AnswerCell:
        """The cell it is counted in: later attempts and further tries in vain are alike."""
        return self._replace(attempt=min(max(self.attempt, 1), ATTEMPTS), missed=min(self.missed, MISSED - 1))


def part_of_day(hour: int) -> int:
    """Which part of the day a local hour is in (index into PART_BEGINS)."""
    return max(part for part, begins in enumerate(PART_BEGINS) if begins <= hour)


class SavedAnswering(TypedDict):
    """`AnswerChances` in JSON: [hour, weekday, attempt, missed, dialled, answered] of every cell, as of `at` (µs)."""

    at: int
    cells: list[list[float]]


_OFFSETS: Final = np.cumsum([0, 1, HOURS, WEEKDAYS, ATTEMPTS, MISSED])
_WIDTH: Final = int(_OFFSETS[-1]) + HOURS * WEEKDAYS


def _columns(cell: AnswerCell) -> list[int]:
    """The effects that add up to a cell's log-odds."""
    steps = (0, cell.hour, cell.weekday, cell.attempt - 1, cell.missed, cell.hour * WEEKDAYS + cell.weekday)
    return [int(offset) + step for offset, step in zip(_OFFSETS, steps, strict=True)]


def _prior() -> Belief:
    widths = (1, HOURS, WEEKDAYS, ATTEMPTS, MISSED, HOURS * WEEKDAYS)
    mean = np.zeros(_WIDTH)
    mean[0] = math.log(PRIOR_CHANCE / (1.0 - PRIOR_CHANCE))
    return Belief.prior(mean, np.repeat(np.array(list(SPREADS.values())), widths))


@dataclass(frozen=True, slots=True)
class AnswerChance:
    """A chance with the range it lies in by nine chances of ten, and how many dials (as remembered) the cell itself has seen."""

    chance: float
    low: float
    high: float
    dialled: float


class Answering(Protocol):
    """Whoever can tell P(a person answers)."""

    def chance(self, cell: AnswerCell) -> float: ...


@dataclass(frozen=True, slots=True)
class AnswerTable:
    """Chances worked out once and looked up often: hour × weekday × attempt × missed, the last running fastest."""

    chances: Sequence[float]

    def chance(self, cell: AnswerCell) -> float:
        of = cell.within()
        return self.chances[((of.hour * WEEKDAYS + of.weekday) * ATTEMPTS + of.attempt - 1) * MISSED + of.missed]


class AnswerChances:
    """What one campaign (or one tenant) knows of answering. Deterministic: the same outcomes give the same chances."""

    def __init__(self) -> None:
        self._counts: dict[AnswerCell, tuple[float, float]] = {}  # dialled, answered; in units of `_unit`
        self._at = 0  # µs of the newest outcome
        self._unit = (
            1.0  # what the newest outcome weighs: instead of all counts shrinking with age, new ones weigh more
        )
        self._seen = 0.0  # dials as remembered, and of those the ones the effects were worked out of
        self._fitted = -1.0
        self._prior = _prior()
        self._belief = self._prior

    def observe(self, cell: AnswerCell, outcome: DialOutcome, at: int) -> None:
        """An attempt ended at `at` (µs); `cell` is when it was dialled. Outcomes that say nothing of the hour are passed over."""
        if outcome in REACHED or outcome in UNREACHED:
            self.count(cell, 1, int(outcome in REACHED), at)

    def count(self, cell: AnswerCell, dialled: int, answered: int, at: int) -> None:
        """Outcomes of a cell, counted elsewhere."""
        self._remember_until(at)
        weight = self._unit * math.exp(min(at - self._at, 0) / (MEMORY_DAYS * DAY_MICROSECONDS))
        before = self._counts.get(cell.within(), (0.0, 0.0))
        self._counts[cell.within()] = (before[0] + weight * dialled, before[1] + weight * answered)
        self._seen += weight * dialled / self._unit

    def _remember_until(self, at: int) -> None:
        if not self._counts:
            self._at = at
        if at <= self._at:
            return
        grown = math.exp((at - self._at) / (MEMORY_DAYS * DAY_MICROSECONDS))
        self._at, self._unit, self._seen = at, self._unit * grown, self._seen / grown
        if self._unit > LARGEST_UNIT:
            self._counts = {cell: (n / self._unit, k / self._unit) for cell, (n, k) in self._counts.items()}
            self._unit = 1.0

    def chance(self, cell: AnswerCell) -> float:
        """P(a person answers)."""
        return float(logistic(self._known().mean[_columns(cell.within())].sum()))

    def told(self, cell: AnswerCell) -> AnswerChance:
        """The chance with how sure it is, for people."""
        belief, columns = self._known(), _columns(cell.within())
        row = np.zeros(_WIDTH)
        row[columns] = 1.0
        log_odds = float(belief.mean @ row)
        spread = 1.645 * math.sqrt(float(row @ np.linalg.solve(belief.precision, row)))
        low, chance, high = logistic(np.array([log_odds - spread, log_odds, log_odds + spread])).tolist()
        return AnswerChance(chance, low, high, self._counts.get(cell.within(), (0.0, 0.0))[0] / self._unit)

    def table(self) -> AnswerTable:
        """Every chance."""
        cells = product(range(HOURS), range(WEEKDAYS), range(1, ATTEMPTS + 1), range(MISSED))
        return AnswerTable([self.chance(AnswerCell(*cell)) for cell in cells])

    @property
    def dialled(self) -> float:
        """Dials remembered."""
        return self._seen

    def week(self, attempt: int = 1) -> list[list[float]]:
        """The chances of a week for an attempt: 7 rows (Monday first) of 24 hours."""
        return [[self.chance(AnswerCell(hour, day, attempt)) for hour in range(HOURS)] for day in range(WEEKDAYS)]

    def _known(self) -> Belief:
        if self._counts and abs(self._seen - self._fitted) > REFIT_SHARE * self._fitted:
            cells = sorted(self._counts)
            features = np.zeros((len(cells), _WIDTH))
            for row, cell in enumerate(cells):
                features[row, _columns(cell)] = 1.0
            counts = np.array([self._counts[cell] for cell in cells]) / self._unit
            self._belief = learned(self._prior, features, counts[:, 0], counts[:, 1], self._belief.mean)
            self._fitted = self._seen
        return self._belief

    def saved(self) -> SavedAnswering:
        unit = self._unit
        counts = sorted(self._counts.items())
        return {"at": self._at, "cells": [[*map(float, cell), n / unit, k / unit] for cell, (n, k) in counts]}

    @staticmethod
    def of(saved: SavedAnswering) -> AnswerChances:
        """What `saved` told, so that a restart goes on and yesterday's estimate starts today."""
        found = AnswerChances()
        found._at = saved["at"]
        for *cell, dialled, answered in saved["cells"]:
            found._counts[AnswerCell(*map(int, cell))] = (dialled, answered)
            found._seen += dialled
        return found
