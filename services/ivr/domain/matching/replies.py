"""Which of an agent's replies answers the customer's question: what makes a past chat a source of standard answers.

A reply is seen with its question and the replies around it: its spelling and concepts (`features`), what it shares with the
question, which wording answers which (every pair of a piece of the question and a piece of the reply), where it stands and how
long it is. All of that is hashed into one sparse line per reply and weighed by a logistic regression. How sure is learnt on threads
that were not taught, so 0.7 is right about seven times in ten.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.ivr.domain.matching.features import grams
from services.ivr.domain.matching.similarity import Floats

BUCKETS: Final = 1 << 20
RIDGE: Final = 0.3  # how strongly weights are drawn to zero, against one reply's surprise
_REACH: Final = 80  # characters of a reply or question looked at
_PAIRED: Final = 24  # rarest short pieces of each side that are paired
_FURTHEST: Final = 6  # positions beyond count as this one
_STEPS, _TURNS = 8, 15  # of Newton, and of conjugate gradients inside each
_DIGIT: Final = re.compile(r"\d")

# How much each view of a reply weighs, whatever the number of its pieces.
REPLY: Final = 1.0
QUESTION: Final = 0.5
NEIGHBOUR: Final = 0.6
SHARED: Final = 0.6
PAIRS: Final = 1.8

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Thread:
    """A customer's question and what the agent then wrote, in order, with whether each reply answers it."""

    question: str
    replies: tuple[str, ...]
    answers: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class ReplyModel:
    """Weights by bucket, how rare each piece is, and how scores become probabilities (`slope`, `offset`).

    From `threshold` (a probability) on, a reply is best taken for an answer: there the harmonic mean of precision and recall (F1)
    was highest on threads that were not taught."""

    weights: Floats
    rarity: Floats
    slope: float
    offset: float
    threshold: float

    def probabilities(self, question: str, replies: Sequence[str]) -> tuple[float, ...]:
        """For each reply, in order, how probable it is that it answers `question`."""
        if not replies:
            return ()
        scores = _Lines.of([_seen(question, replies, self.rarity)]).times(self.weights)
        return tuple(float(p) for p in _logistic(self.slope * scores + self.offset))


def learn(threads: Sequence[Thread]) -> ReplyModel:
    """A model of `threads`, calibrated on halves taught without each other.

    Raises ValueError when there are not both answers and other replies in each half (every second thread).
    """
    halves = (threads[::2], threads[1::2])
    for half in halves:
        if len({answer for thread in half for answer in thread.answers}) < 2:
            raise ValueError("too few threads: each half needs replies that answer and replies that do not")
    rarity = _rarity(threads)
    lines = [_Lines.of([_seen(t.question, t.replies, rarity) for t in half]) for half in halves]
    truths = [np.array([a for t in half for a in t.answers], np.float64) for half in halves]
    crossed = [lines[n].times(_fitted(lines[1 - n], truths[1 - n])) for n in (0, 1)]
    scores, truth = np.concatenate(crossed), np.concatenate(truths)
    slope, offset = _line_through(scores, truth)
    weights = _fitted(_Lines.joined(lines), truth)
    return ReplyModel(weights, rarity, slope, offset, _best_cut(_logistic(slope * scores + offset), truth))


@lru_cache(maxsize=4096)
def _pieces(text: str) -> tuple[str, ...]:
    """Pieces of spelling and concepts, every figure as 0, in a fixed order."""
    found = grams(_DIGIT.sub("0", text[:_REACH]))
    return tuple(sorted([*found["s"], *("c:" + concept for concept in found["c"])]))


def _hashed(prefix: str, pieces: Iterable[str]) -> Numbers:
    return np.array([zlib.crc32((prefix + piece).encode()) for piece in pieces], np.int64) % BUCKETS


def _rarity(threads: Sequence[Thread]) -> Floats:
    """Inverse document frequency by bucket."""
    count, seen = 1, np.zeros(BUCKETS, np.float32)
    for thread in threads:
        for text in (thread.question, *thread.replies):
            seen[np.unique(_hashed("", _pieces(text)))] += 1.0
            count += 1
    return np.log(count / (1.0 + seen)).astype(np.float32)


Line = tuple[Numbers, Floats]
"""Buckets and values of one reply."""


def _seen(question: str, replies: Sequence[str], rarity: Floats) -> list[Line]:
    asked = _pieces(question)
    said = [_pieces(reply) for reply in replies]
    shared = [sorted(set(asked) & set(pieces)) for pieces in said]
    whole = float(rarity[_hashed("", asked)].sum()) + 1.0
    overlaps = [float(rarity[_hashed("", pieces)].sum()) / whole for pieces in shared]
    lengths = [float(len(reply)) for reply in replies]
    lines: list[Line] = []
    for place, pieces in enumerate(said):
        parts = [
            (REPLY, _hashed("r", pieces)),
            (QUESTION, _hashed("q", asked)),
            (SHARED, _hashed("s", shared[place])),
            (NEIGHBOUR, _hashed("b", said[place - 1] if place else ("none",))),
            (NEIGHBOUR, _hashed("a", said[place + 1] if place + 1 < len(said) else ("none",))),
            (PAIRS, _pairs(asked, pieces, rarity)),
        ]
        facts = _facts(place, overlaps, lengths)
        parts += [(math.sqrt(len(facts)), _hashed("f", facts))]
        parts = [(weight, buckets) for weight, buckets in parts if len(buckets)]
        values = [np.full(len(b), weight / math.sqrt(len(b)), np.float32) for weight, b in parts]
        lines.append((np.concatenate([buckets for _, buckets in parts]), np.concatenate(values)))
    return lines


def _facts(place: int, overlaps: Sequence[float], lengths: Sequence[float]) -> list[str]:
    """Where a reply stands among its thread's, by order, by what it shares with the question and by length."""
    stands, count = min(place, _FURTHEST), min(len(lengths), _FURTHEST + 2)
    return [
        f"place {stands}",
        f"place {stands} of {count}",
        f"length {min(12, int(2 * math.log2(1 + lengths[place])))}",
        f"overlap {min(12, int(12 * overlaps[place]))}",
        f"more shared {sum(other > overlaps[place] for other in overlaps)}",
        f"longer {sum(other > lengths[place] for other in lengths)}",
    ]


def _pairs(asked: Sequence[str], said: Sequence[str], rarity: Floats) -> Numbers:
    """A bucket for every short piece of the question with every short piece of the reply."""

    def rarest(pieces: Sequence[str]) -> Numbers:
        short = _hashed("", [piece for piece in pieces if len(piece) <= 2 or piece.startswith("c:")])
        return short[np.argsort(-rarity[short], kind="stable")[:_PAIRED]]

    mixed = rarest(asked)[:, None] * 1_000_003 + rarest(said)[None, :] * 8_191
    return (((mixed >> 11) ^ mixed) % BUCKETS).ravel()


@dataclass(frozen=True, slots=True)
class _Lines:
    """Sparse lines one after another; `starts` where each begins. No line is empty: every reply has its facts."""

    buckets: NDArray[np.int32]
    values: Floats
    starts: Numbers

    @classmethod
    def of(cls, threads: Iterable[Sequence[Line]]) -> _Lines:
        lines = [line for thread in threads for line in thread]
        lengths = [len(buckets) for buckets, _ in lines]
        return cls(
            np.concatenate([buckets for buckets, _ in lines]).astype(np.int32),
            np.concatenate([values for _, values in lines]),
            np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64),
        )

    @classmethod
    def joined(cls, several: Sequence[_Lines]) -> _Lines:
        offsets = np.cumsum([0, *(len(lines.values) for lines in several[:-1])])
        return cls(
            np.concatenate([lines.buckets for lines in several]),
            np.concatenate([lines.values for lines in several]),
            np.concatenate([lines.starts + offset for lines, offset in zip(several, offsets, strict=True)]),
        )

    def times(self, weights: Floats) -> NDArray[np.float64]:
        """One score a line."""
        return np.add.reduceat(weights[self.buckets] * self.values, self.starts).astype(np.float64)

    def back(self, of_lines: NDArray[np.float64]) -> Floats:
        """One sum a bucket: the transposed product."""
        lengths = np.diff(np.append(self.starts, len(self.values)))
        spread = np.repeat(of_lines.astype(np.float32), lengths) * self.values
        return np.bincount(self.buckets, weights=spread, minlength=BUCKETS).astype(np.float32)


def _fitted(lines: _Lines, truth: NDArray[np.float64]) -> Floats:
    """Logistic regression by Newton's steps, each found by conjugate gradients (the curve is never written down)."""
    weights = np.zeros(BUCKETS, np.float32)
    for _ in range(_STEPS):
        said = _logistic(lines.times(weights))
        slope: Floats = (lines.back(said - truth) + np.float32(RIDGE) * weights).astype(np.float32)
        curve = said * (1.0 - said)
        step, rest = np.zeros_like(weights), -slope
        towards: Floats = rest.copy()
        size = float(rest @ rest)
        enough = 1e-4 * size
        for _turn in range(_TURNS):
            bent = lines.back(curve * lines.times(towards)) + np.float32(RIDGE) * towards
            far = np.float32(size / float(towards @ bent))
            step += far * towards
            rest -= far * bent
            before, size = size, float(rest @ rest)
            if size <= enough:
                break
            towards = (rest + np.float32(size / before) * towards).astype(np.float32)
        weights += step
        if float(step @ step) <= 1e-5 * float(weights @ weights):
            break
    return weights


def _line_through(scores: NDArray[np.float64], truth: NDArray[np.float64]) -> tuple[float, float]:
    """Slope and offset under which the truth is least surprising (Platt 1999), by Newton's steps drawn a little to (1, 0)."""
    signs, start = np.stack([scores, np.ones_like(scores)], axis=1), np.array([1.0, 0.0])
    weights = start.copy()
    for _ in range(20):
        said = _logistic(signs @ weights)
        slope = signs.T @ (said - truth) + (weights - start)
        curve = (signs * (said * (1.0 - said))[:, None]).T @ signs + np.eye(2)
        weights = weights - np.linalg.solve(curve, slope)
    return float(weights[0]), float(weights[1])


def _best_cut(probability: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    order = np.argsort(-probability, kind="stable")
    hits = np.cumsum(truth[order])
    f1 = 2.0 * hits / (np.arange(1, len(hits) + 1) + truth.sum())
    return round(float(probability[order][int(np.argmax(f1))]), 4)


def _logistic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1.0 / (1.0 + np.exp(-np.clip(x, -40.0, 40.0)))
