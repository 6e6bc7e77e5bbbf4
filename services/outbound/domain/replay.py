"""Whether an ordering is worth using: a campaign's own endings replayed in time order, each scored before it was known."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from services.outbound.domain.shrinkage import Vector
from services.outbound.domain.success import Attributes, SuccessChances

ENDINGS: Final = 200
SUCCESSES: Final = 20
"""Fewer of either prove nothing."""
SURE: Final = 1.645
"""Standard errors by which the area must be above one half: one chance in twenty of being fooled."""
SELDOM: Final = 20
"""A text seen less often among the endings is no category: names and addresses would be learned by heart."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A conversation that was had: what was known of the record before, whether it succeeded, on which day (counted from anywhere)."""

    known: Attributes
    succeeded: bool
    day: int


@dataclass(frozen=True, slots=True)
class Replay:
    """What was learned in the end, how well each day was told beforehand, and whether that is a gain over the list's own order."""

    chances: SuccessChances
    area: float
    error: float
    endings: int
    successes: int

    @property
    def gains(self) -> bool:
        enough = self.endings >= ENDINGS and self.successes >= SUCCESSES
        return enough and self.area - SURE * self.error > 0.5


def area(scores: Vector, succeeded: Vector) -> float:
    """Area under the receiver operating characteristic: P(a success is ranked before a failure), ties by half. One half where
    all ended alike."""
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[place]
    wins = float(succeeded.sum())
    losses = len(succeeded) - wins
    if not wins or not losses:
        return 0.5
    return float((ranks[succeeded > 0].sum() - wins * (wins + 1) / 2) / (wins * losses))


def area_error(found: float, wins: float, losses: float) -> float:
    """Its standard error (Hanley & McNeil 1982)."""
    if not wins or not losses:
        return 0.5
    both, twice = found / (2 - found), 2 * found**2 / (1 + found)
    spread = found * (1 - found) + (wins - 1) * (both - found**2) + (losses - 1) * (twice - found**2)
    return math.sqrt(max(spread, 0.0) / (wins * losses))


def common(endings: Sequence[Ending]) -> frozenset[tuple[str, str]]:
    """The texts seen often enough to be categories."""
    seen = Counter((name, value) for one in endings for name, value in one.known.items() if isinstance(value, str))
    return frozenset(pair for pair, times in seen.items() if times >= SELDOM)


def without_rare(known: Attributes, categories: frozenset[tuple[str, str]]) -> Attributes:
    return {
        name: value for name, value in known.items() if not isinstance(value, str) or (name, value) in categories
    }  # fmt: skip


def replayed(endings: Sequence[Ending]) -> tuple[Replay, frozenset[tuple[str, str]]]:
    """Replay endings day by day: scored with what was learned of the days before, then learned. Also the categories that count."""
    categories, chances = common(endings), SuccessChances()
    by_day: dict[int, list[Ending]] = {}
    for one in sorted(endings, key=lambda one: one.day):
        by_day.setdefault(one.day, []).append(one)
    scores: list[Vector] = []
    for day, of_day in by_day.items():
        known = [without_rare(one.known, categories) for one in of_day]
        scores.append(chances.chances(known))
        chances.learn(known, [one.succeeded for one in of_day], day)
    later = [np.array([one.succeeded for one in of_day], dtype=np.float64) for of_day in by_day.values()]
    if len(later) < 2:
        return Replay(chances, 0.5, 0.5, len(endings), sum(one.succeeded for one in endings)), categories
    told, ended = np.concatenate(scores[1:]), np.concatenate(later[1:])  # before the first day nothing was known
    found, wins = area(told, ended), float(ended.sum())
    replay = Replay(chances, found, area_error(found, wins, len(ended) - wins), len(ended), int(wins))
    return replay, categories
