"""What a duration nobody recorded is drawn from: the recorded ones of the same kind, else a lognormal fitted to few, else to all.

Conversations of call centres are about lognormal (Brown et al. 2005); with enough of them the recorded values themselves are
the better distribution, for they keep its steps and tails.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import exp, fsum, log, sqrt
from typing import Generic, TypeVar

ENOUGH = 30
"""So many recorded values stand for themselves; fewer are smoothed by a fitted distribution."""
FEW = 5
"""Fewer than this fit nothing: a wider class of contacts is asked."""

V = TypeVar("V")


class Source(StrEnum):
    """Where a drawn value comes from, as the result names it."""

    RECORDED_ALIKE = "recorded_alike"  # one of the recorded values of the same group and channel (or agent)
    FITTED_ALIKE = "fitted_alike"  # a lognormal fitted to those
    RECORDED_ALL = "recorded_all"  # one of all recorded values
    FITTED_ALL = "fitted_all"  # a lognormal fitted to them
    ASSUMED = "assumed"  # the record holds none


@dataclass(frozen=True, slots=True)
class Lognormal:
    """exp(mean + sd·Z); `mean` and `sd` of the logarithm of µs."""

    mean: float
    sd: float

    @classmethod
    def fitted(cls, values: Sequence[int]) -> Lognormal:
        """Maximum likelihood; values below 1 ms are counted as 1 ms."""
        logs = [log(max(value, 1_000)) for value in values]
        mean = fsum(logs) / len(logs)
        return cls(mean, sqrt(fsum((each - mean) ** 2 for each in logs) / len(logs)))

    def draw(self, chance: random.Random) -> int:
        return round(exp(chance.gauss(self.mean, self.sd)))


@dataclass(frozen=True, slots=True)
class Drawn:
    """A value and where it came from."""

    value: int
    source: Source


class Durations:
    """Recorded durations (µs) by class, e.g. (group, channel). `draw` asks the class, then everything, then assumes."""

    def __init__(self, by_class: Mapping[tuple[str, ...], Sequence[int]], assumed: int) -> None:
        self._by_class = {key: tuple(values) for key, values in by_class.items() if values}
        self._all = tuple(value for key in sorted(self._by_class) for value in self._by_class[key])
        self._fits: dict[tuple[str, ...] | None, Lognormal] = {}
        self._assumed = assumed

    def draw(self, chance: random.Random, key: tuple[str, ...], longer_than: int = 0) -> Drawn:
        """A duration beyond `longer_than`, which is known to have passed."""
        alike = self._by_class.get(key, ())
        if len(alike) >= ENOUGH:
            return self._longer(chance, alike, longer_than, key, Source.RECORDED_ALIKE)
        if len(alike) >= FEW:
            return Drawn(self._beyond(chance, self._fit(key, alike), longer_than), Source.FITTED_ALIKE)
        if len(self._all) >= ENOUGH:
            return self._longer(chance, self._all, longer_than, None, Source.RECORDED_ALL)
        if len(self._all) >= FEW:
            return Drawn(self._beyond(chance, self._fit(None, self._all), longer_than), Source.FITTED_ALL)
        return Drawn(longer_than + self._assumed, Source.ASSUMED)

    def _longer(
        self, chance: random.Random, values: Sequence[int], than: int, key: tuple[str, ...] | None, source: Source
    ) -> Drawn:
        fitting = values if than <= 0 else [value for value in values if value > than]
        if fitting:
            return Drawn(chance.choice(fitting), source)
        fitted = Source.FITTED_ALIKE if key else Source.FITTED_ALL
        return Drawn(self._beyond(chance, self._fit(key, values), than), fitted)

    def _beyond(self, chance: random.Random, fit: Lognormal, than: int) -> int:
        for _ in range(50):
            if (value := fit.draw(chance)) > than:
                return value
        return than + fit.draw(chance)  # far out in the tail: as long again

    def _fit(self, key: tuple[str, ...] | None, values: Sequence[int]) -> Lognormal:
        if key not in self._fits:
            self._fits[key] = Lognormal.fitted(values)
        return self._fits[key]


class Examples(Generic[V]):
    """Recorded behaviours (an agent's answers to offers) by class; few or none of a class: anybody's."""

    def __init__(self, by_class: Iterable[tuple[str, V]]) -> None:
        self._by_class: dict[str, list[V]] = {}
        self._all: list[V] = []
        for key, value in by_class:
            self._by_class.setdefault(key, []).append(value)
            self._all.append(value)

    def draw(self, chance: random.Random, key: str) -> tuple[V, Source] | None:
        """One recorded behaviour; None where the record holds none at all."""
        alike = self._by_class.get(key, [])
        if len(alike) >= FEW:
            return chance.choice(alike), Source.RECORDED_ALIKE
        return (chance.choice(self._all), Source.RECORDED_ALL) if self._all else None
