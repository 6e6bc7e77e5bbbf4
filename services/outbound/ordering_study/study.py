"""Whom to call first: a bank's telemarketing record replayed day by day, our ordering against the order of the file and plain
logistic regression, on the later part of the record, judged in time order.

`ucc bench ordering` runs it. The last fifth of the record is judged, or a later file, and the first only taught. Two ways of
judging: `fixed`, where everybody learns from the earlier part and is then left alone, and `learning`, where everybody also
learns, after each day, how that day's calls ended. A score is always given before its day begins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from services.outbound.domain.replay import area
from services.outbound.domain.shrinkage import Belief, Vector, learned
from services.outbound.domain.success import SuccessChances
from services.outbound.ordering_study.telemarketing import LIST_SIZE, Calls, plain_features

EARLIER = 0.8
FIRST = (0.2, 0.5)
ALMOST_FREE = 10.0
"""Spread of a weight of plain logistic regression: only what no data decides is held at all."""
RESAMPLES = 500
SEED = 7

Chosen: TypeAlias = "np.ndarray[Any, np.dtype[np.int64]]"
"""Places of calls in the judged part."""


def plain(calls: Calls, begin: int, *, learning: bool, with_list: bool = False) -> Vector:
    """Scores by logistic regression on everything before: the judged part as a whole, or each day anew."""
    features = plain_features(calls, with_list=with_list)
    prior = Belief.prior(np.zeros(features.shape[1]), np.full(features.shape[1], ALMOST_FREE))
    days = [day for day in calls.days() if day.start >= begin] if learning else [slice(begin, len(calls))]
    scores, weights = np.zeros(len(calls)), prior.mean
    for day in days:
        ones = np.ones(day.start)
        weights = learned(prior, features[: day.start], ones, calls.sold[: day.start], weights).mean
        scores[day] = features[day] @ weights
    return scores[begin:]


def ours(calls: Calls, begin: int, *, learning: bool, without: frozenset[str] = frozenset()) -> Vector:
    """Scores by `SuccessChances`, which is production's."""
    known = [{name: value for name, value in call.items() if name not in without} for call in calls.known]
    chances, scores = SuccessChances(), np.zeros(len(calls))
    for day in calls.days():
        if day.start >= begin:
            scores[day] = chances.chances(known[day])
        if day.start < begin or learning:
            chances.learn(known[day], [bool(sold) for sold in calls.sold[day]], int(calls.day[day.start]))
    return scores[begin:]


def file_order(calls: Calls, begin: int) -> Vector:
    """Earlier in the file, earlier called."""
    return -np.arange(len(calls) - begin, dtype=np.float64)


def found(scores: Vector, sold: Vector, share: float) -> float:
    """The share of all sales among the best `share` of the calls."""
    best = np.argsort(-scores, kind="stable")[: int(share * len(sold))]
    return float(sold[best].sum() / sold.sum())


def found_each_day(scores: Vector, calls: Calls, begin: int, share: float) -> float:
    """The share of all sales found when each day's best `share` of calls is made: no day is measured against another."""
    sales = 0.0
    for day in calls.days():
        if day.start >= begin:
            of_day = scores[day.start - begin : day.stop - begin]
            best = np.argsort(-of_day, kind="stable")[: round(share * len(of_day))]
            sales += calls.sold[day][best].sum()
    return sales / float(calls.sold[begin:].sum())


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f}–{self.high:.3f})"


def resampled(calls: Calls, begin: int, figure: Callable[[Chosen], float], rng: np.random.Generator) -> Interval:
    """`figure` of chosen calls of the judged part, with the interval of drawing whole days with replacement: calls of a day are
    alike, so single calls drawn would make it too narrow."""
    days = [np.arange(day.start - begin, day.stop - begin) for day in calls.days() if day.start >= begin]
    drawn = [
        figure(np.concatenate([days[n] for n in rng.integers(len(days), size=len(days))])) for _ in range(RESAMPLES)
    ]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(figure(np.concatenate(days)), float(low), float(high))


@dataclass(frozen=True)
class Verdict:
    """One ordering on the judged part. `first`: share of sales in the first 20 % and 50 % of calls; `each_day`: of each day's."""

    name: str
    scores: Vector
    area: Interval
    first: tuple[Interval, ...]
    each_day: tuple[float, ...]


def judge(name: str, scores: Vector, calls: Calls, begin: int) -> Verdict:
    sold = calls.sold[begin:]

    def of(figure: Callable[[Vector, Vector], float]) -> Interval:
        rng = np.random.default_rng(SEED)  # the same days for everybody
        return resampled(calls, begin, lambda chosen: figure(scores[chosen], sold[chosen]), rng)

    first = tuple(of(lambda s, y, share=share: found(s, y, share)) for share in FIRST)
    each_day = tuple(found_each_day(scores, calls, begin, share) for share in FIRST)
    return Verdict(name, scores, of(area), first, each_day)


def gain(better: Verdict, worse: Verdict, calls: Calls, begin: int) -> Interval:
    """By how much the area of one is above the other's, on the same drawn days."""
    sold = calls.sold[begin:]
    return resampled(
        calls, begin,
        lambda chosen: area(better.scores[chosen], sold[chosen]) - area(worse.scores[chosen], sold[chosen]),
        np.random.default_rng(SEED),
    )  # fmt: skip


def contacts(sold: Vector, contact: Sequence[int], most: int = 8) -> list[tuple[int, int, float, float]]:
    """The how-manieth conversation: how many people had it, P(success in it), share of all sales up to it. The last row is of
    all further ones."""
    numbers, rows, so_far = np.asarray(contact), list[tuple[int, int, float, float]](), 0.0
    for n in range(1, most + 1):
        here = numbers == n if n < most else numbers >= n
        asked = (
            int(np.maximum(numbers[numbers >= most] - most + 1, 0).sum()) if n == most else int((numbers >= n).sum())
        )
        so_far += float(sold[here].sum())
        rows.append((n, asked, float(sold[here].sum()) / max(asked, 1), so_far / float(sold.sum())))
    return rows


def compare(calls: Calls, begin: int) -> tuple[list[Verdict], Mapping[str, Interval]]:
    """Every ordering on the calls from `begin` on, and our gains over plain logistic regression (area)."""
    verdicts = [
        judge("file order", file_order(calls, begin), calls, begin),
        judge("plain, fixed", plain(calls, begin, learning=False), calls, begin),
        judge("plain with list size, fixed", plain(calls, begin, learning=False, with_list=True), calls, begin),
        judge("ours, fixed", ours(calls, begin, learning=False), calls, begin),
        judge("plain, learning", plain(calls, begin, learning=True), calls, begin),
        judge("plain with list size, learning", plain(calls, begin, learning=True, with_list=True), calls, begin),
        judge("ours without list size, learning", ours(calls, begin, learning=True, without=frozenset({LIST_SIZE})), calls, begin),
        judge("ours, learning", ours(calls, begin, learning=True), calls, begin),
    ]  # fmt: skip
    by_name = {verdict.name: verdict for verdict in verdicts}
    pairs = [
        ("ours, fixed", "plain, fixed"), ("ours, fixed", "plain with list size, fixed"),
        ("ours, learning", "plain, learning"), ("ours, learning", "plain with list size, learning"),
        ("ours without list size, learning", "plain, learning"),
    ]  # fmt: skip
    return verdicts, {f"{one} − {other}": gain(by_name[one], by_name[other], calls, begin) for one, other in pairs}
