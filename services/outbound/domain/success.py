"""How likely a conversation with somebody succeeds (a sale, a promise kept, an appointment), learned from a campaign's own endings.

What is known of a record goes in as it comes, text as a category and numbers as they are; nothing is chosen or scaled by hand. A
category has an effect of its own; a number has a line on its logarithm and a step at every half octave, so that neighbouring values
share what is learned. All effects are shrunk (`shrinkage`) and slowly forgotten, because lists, products and times change: what was
learned in spring is worth half in early summer, and a campaign follows its own success rate from day to day.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np

from services.outbound.domain.shrinkage import Belief, Matrix, Vector, learned, logistic

Attributes: TypeAlias = Mapping[str, str | float]
"""What is known of a record before it is dialled: text is a category, a number a quantity."""

PRIOR_CHANCE: Final = 0.08
LEVEL_SPREAD: Final = 2.0
CATEGORY_SPREAD: Final = 0.5
LINE_SPREAD: Final = 0.5
STEP_SPREAD: Final = 0.15
"""How far an effect may stray (standard deviation of log-odds) before anything is seen: of the level, of a category, of a number
that is e times as large, of each half octave."""
KEPT_A_DAY: Final = 0.98
"""Of the sureness of yesterday, so much is left today: half of it after 34 days."""
LONGEST_GAP: Final = 14
"""Days without calls beyond which no more is forgotten."""
STEPS_AN_OCTAVE: Final = 2
LEVEL: Final = ""


def _steps(number: float) -> int:
    """Half octaves from 1 to the number, 0 within ±1; of the same sign as the number."""
    size = abs(number)
    steps = 0 if size < 1 else 1 + math.floor(STEPS_AN_OCTAVE * math.log2(size) + 1e-9)
    return -steps if number < 0 else steps


def effects_of(known: Attributes) -> dict[str, float]:
    """The effects a record's log-odds are made of, by name, each with its weight."""
    found = {LEVEL: 1.0}
    for name, value in known.items():
        if isinstance(value, str):
            found[f"{name}={value}"] = 1.0
            continue
        found[f"{name} line"] = math.copysign(math.log1p(abs(value)), value)
        steps = _steps(value)
        found.update({f"{name} step {step}": 1.0 for step in range(1, steps + 1)})
        found.update({f"{name} step {step}": 1.0 for step in range(-1, steps - 1, -1)})
    return found


def _attribute(effect: str) -> str:
    """Which attribute an effect belongs to."""
    return effect.split("=", 1)[0] if "=" in effect else effect.rsplit(" step ", 1)[0].removesuffix(" line")


def _spread(effect: str) -> float:
    if effect == LEVEL:
        return LEVEL_SPREAD
    if "=" in effect:
        return CATEGORY_SPREAD
    return LINE_SPREAD if effect.endswith(" line") else STEP_SPREAD


@dataclass(slots=True)
class SuccessChances:
    """What one campaign knows of success. Deterministic: the same endings in the same order give the same chances."""

    _places: dict[str, int] = field(default_factory=lambda: {LEVEL: 0})
    _prior: Belief = field(default_factory=lambda: _prior_of([LEVEL]))
    _belief: Belief = field(default_factory=lambda: _prior_of([LEVEL]))
    _day: int | None = None
    _usual: Vector = field(default_factory=lambda: np.ones(1))  # the mean row: what stands for an attribute nobody told
    _rows_seen: int = 0

    def chances(self, records: Sequence[Attributes]) -> Vector:
        """P(success), one for each. An attribute that is missing counts as the usual one, a category never seen as nothing."""
        return logistic(self._rows(records) @ self._belief.mean)

    def learn(self, records: Sequence[Attributes], succeeded: Sequence[bool], day: int) -> None:
        """Endings of one day (counted from anywhere; an earlier day than the last counts as the last)."""
        if not records:
            return
        self._make_room(records)
        if self._day is not None and day > self._day:
            self._belief = self._belief.loosened(KEPT_A_DAY ** min(day - self._day, LONGEST_GAP), self._prior)
        self._day = day if self._day is None else max(day, self._day)
        rows, wins = self._rows(records), np.asarray(succeeded, dtype=np.float64)
        self._rows_seen += len(wins)
        self._usual = self._usual + (rows.mean(axis=0) - self._usual) * (len(wins) / self._rows_seen)
        self._belief = learned(self._belief, rows, np.ones(len(wins)), wins)

    def why(self, record: Attributes, most: int = 5) -> list[tuple[str, float]]:
        """The effects that move a record's log-odds most, for people; those of a number are put together."""
        told: dict[str, float] = {}
        for effect, weight in effects_of(record).items():
            if effect != LEVEL and (place := self._places.get(effect)) is not None:
                name = effect if "=" in effect else _attribute(effect)
                told[name] = told.get(name, 0.0) + weight * float(self._belief.mean[place])
        return sorted(told.items(), key=lambda part: (-abs(part[1]), part[0]))[:most]

    def _rows(self, records: Sequence[Attributes]) -> Matrix:
        rows = np.tile(self._usual, (len(records), 1))
        told: dict[str, list[int]] = {}
        for effect, place in self._places.items():
            told.setdefault(_attribute(effect), []).append(place)
        for row, known in zip(rows, records, strict=True):
            for name in known.keys() & told.keys():
                row[told[name]] = 0.0
            for effect, weight in effects_of(known).items():
                if (place := self._places.get(effect)) is not None:
                    row[place] = weight
        return rows

    def _make_room(self, records: Sequence[Attributes]) -> None:
        fresh = dict.fromkeys(effect for known in records for effect in effects_of(known) if effect not in self._places)
        if fresh:
            added = _prior_of(list(fresh))
            self._places |= {effect: len(self._places) + place for place, effect in enumerate(fresh)}
            self._prior, self._belief = _beside(self._prior, added), _beside(self._belief, added)
            self._usual = np.concatenate([self._usual, np.zeros(len(fresh))])


def _prior_of(effects: Sequence[str]) -> Belief:
    mean = [math.log(PRIOR_CHANCE / (1.0 - PRIOR_CHANCE)) if effect == LEVEL else 0.0 for effect in effects]
    return Belief.prior(np.array(mean), np.array([_spread(effect) for effect in effects]))


def _beside(one: Belief, other: Belief) -> Belief:
    """Two beliefs about different weights as one."""
    split, width = len(one.mean), len(one.mean) + len(other.mean)
    precision = np.zeros((width, width))
    precision[:split, :split], precision[split:, split:] = one.precision, other.precision
    return Belief(np.concatenate([one.mean, other.mean]), precision)
