"""How alike two texts are: cosine of their weighted features, looked up in an inverted index of the taught examples.

Each channel of a text counts as its weight says however many features it has; rare features count more (inverse document
frequency). Features never seen before stay in the text's length, so that a text full of unknown words resembles nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.ivr.domain.matching.features import CHANNELS, grams

Floats: TypeAlias = NDArray[np.float32]
Integers: TypeAlias = NDArray[np.int32]

_FREQUENT: Final = 25  # more than one row in so many has it


@dataclass(frozen=True, slots=True)
class Vector:
    """A text of length 1: `ids` of its known features with their `values`; `known` is the share of it that is known, 0–1."""

    ids: Integers
    values: Floats
    known: float


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Feature → number, and how much each weighs."""

    numbers: dict[str, int]
    weights: Floats  # inverse document frequency, by number
    unknown: float  # what a feature weighs that no example has

    @classmethod
    def of(cls, texts: Sequence[str]) -> Vocabulary:
        """The features of `texts`."""
        frequency: dict[str, int] = {}
        for text in texts:
            for channel, found in grams(text).items():
                for gram in found:
                    frequency[channel + gram] = frequency.get(channel + gram, 0) + 1
        count = 1.0 + len(texts)
        seen = np.fromiter(frequency.values(), np.float64, len(frequency))
        weights = (np.log(count / (1.0 + seen)) + 1.0).astype(np.float32)
        return cls({gram: number for number, gram in enumerate(frequency)}, weights, math.log(count) + 1.0)

    def widened(self, text: str) -> Vocabulary:
        """With the features that only `text` has, as weighty as unknown ones were."""
        new = [c + g for c, found in grams(text).items() for g in found if c + g not in self.numbers]
        numbers = self.numbers | {gram: len(self.numbers) + i for i, gram in enumerate(new)}
        added = np.full(len(new), self.unknown, np.float32)
        return Vocabulary(numbers, np.concatenate([self.weights, added]), self.unknown)

    def vector(self, text: str) -> Vector:
        """`text` as a point on the unit sphere; without ids when nothing in it is known."""
        ids: list[int] = []
        values: list[float] = []
        inside = whole = 0.0
        for channel, found in grams(text).items():
            if not found:
                continue
            weighted = [
                (number, (1.0 + math.log(times)) * (self.unknown if number < 0 else float(self.weights[number])))
                for number, times in ((self.numbers.get(channel + gram, -1), times) for gram, times in found.items())
            ]
            scale = CHANNELS[channel] / sum(value * value for _, value in weighted)
            whole += CHANNELS[channel]
            for number, value in weighted:
                if number >= 0:
                    ids.append(number)
                    values.append(value * math.sqrt(scale))
                    inside += value * value * scale
        length = math.sqrt(whole) or 1.0
        return Vector(
            np.array(ids, np.int32), np.array(values, np.float32) / np.float32(length), inside / (whole or 1.0)
        )


@dataclass(frozen=True, slots=True)
class Index:
    """For every feature the rows (examples) that have it.

    A feature that many rows have is kept as a full line of values, `dense[line[f]]`; of the others the row numbers and values
    stand at starts[f]:starts[f+1]. So a text costs about the same however common its words are.
    """

    size: int
    line: Integers  # −1: a rare feature
    dense: Floats
    starts: Integers
    rows: Integers
    values: Floats

    @classmethod
    def of(cls, vectors: Sequence[Vector], features: int) -> Index:
        """Every vector is a row, in order."""
        ids = np.concatenate([v.ids for v in vectors])
        rows = np.repeat(np.arange(len(vectors), dtype=np.int32), [len(v.ids) for v in vectors])
        values = np.concatenate([v.values for v in vectors])
        frequent = np.flatnonzero(np.bincount(ids, minlength=features) * _FREQUENT > len(vectors))
        line = np.full(features, -1, np.int32)
        line[frequent] = np.arange(len(frequent), dtype=np.int32)
        dense = np.zeros((len(frequent), len(vectors)), np.float32)
        often = line[ids] >= 0
        dense[line[ids[often]], rows[often]] = values[often]
        ids, rows, values = ids[~often], rows[~often], values[~often]
        order = np.argsort(ids, kind="stable")
        starts = np.concatenate([[0], np.cumsum(np.bincount(ids, minlength=features))]).astype(np.int32)
        return cls(len(vectors), line, dense, starts, rows[order], values[order])

    def cosines(self, vector: Vector) -> Floats:
        """Similarity (0–1) of `vector` to every row."""
        lines = self.line[vector.ids]
        often = lines >= 0
        found = vector.values[often] @ self.dense[lines[often]]
        ids, values = vector.ids[~often], vector.values[~often]
        begins, ends = self.starts[ids], self.starts[ids + 1]
        lengths = ends - begins
        total = int(lengths.sum())
        if total == 0:
            return found
        # All the postings of all the features at once: position = its feature's begin + how far into that feature.
        at = np.arange(total) + np.repeat(begins - (np.cumsum(lengths) - lengths), lengths)
        weighted = self.values[at] * np.repeat(values, lengths)
        return (found + np.bincount(self.rows[at], weights=weighted, minlength=self.size)).astype(np.float32)
