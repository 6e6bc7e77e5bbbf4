"""A second view of the same features: how much each one speaks for a question (naive Bayes), whoever resembles whom.

Similarity looks for the nearest examples; this counts in how many examples of a question a feature occurs. The two err on
different texts, so a little of this one (`SHARE`) is added to the scores. What it would have said without an example, or without
a whole question, is a matter of subtracting counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.ivr.domain.matching.similarity import Floats, Index, Integers, Vector

SHARE: Final = np.float32(0.1)  # of a score of 1
_SMOOTH: Final = 0.05  # examples assumed to have any feature
_STEEP: Final = 12.0  # how far the mean evidence of a feature tells questions apart


@dataclass(frozen=True, slots=True)
class Evidence:
    """`index` holds for each feature log(1 + count / smooth) by question, `sums` all the counts of each,
    smoothed."""

    index: Index
    counts: tuple[tuple[Integers, Integers], ...]  # by question: features, ascending, and how many examples have each
    sums: NDArray[np.float64]

    @classmethod
    def of(cls, vectors: Sequence[Vector], classes: Sequence[int], count: int, features: int) -> Evidence:
        """`classes` says which question each vector is an example of."""
        ids: list[list[Integers]] = [[np.zeros(0, np.int32)] for _ in range(count)]
        for vector, question in zip(vectors, classes, strict=True):
            ids[question].append(vector.ids)
        counted = [np.unique(np.concatenate(each), return_counts=True) for each in ids]
        counts = tuple((known.astype(np.int32), times.astype(np.int32)) for known, times in counted)
        rows = [Vector(known, np.log1p(times / _SMOOTH).astype(np.float32), 1.0) for known, times in counts]
        sums = np.array([times.sum() for _, times in counts]) + _SMOOTH * features
        return cls(Index.of(rows, features), counts, sums)

    def scores(self, vector: Vector) -> Floats:
        """What is added to each question's score."""
        return added(self._mean(vector)[None, :])[0]

    def without_each(self, vectors: Sequence[Vector], classes: Integers) -> Floats:
        """Row i: mean evidence for every question had example i not been counted. `added` makes scores of it."""
        found = np.stack([self._mean(vector) for vector in vectors])
        for row, (vector, question) in enumerate(zip(vectors, map(int, classes), strict=True)):
            known, times = self.counts[question]
            others = times[np.searchsorted(known, vector.ids)] - 1
            whole = np.log(self.sums[question] - len(vector.ids))
            found[row, question] = float(np.log1p(others / _SMOOTH).mean()) - whole if len(others) else 0.0
        return found

    def _mean(self, vector: Vector) -> Floats:
        """Log likelihood of each question, mean over the features of the text."""
        known = max(1, len(vector.ids))
        each = self.index.cosines(Vector(vector.ids, np.ones(len(vector.ids), np.float32), vector.known))
        return (each / np.float32(known) - np.log(self.sums)).astype(np.float32)


def added(evidence: Floats) -> Floats:
    """From mean evidence, a row a text, to what is added to the scores."""
    raised = np.exp(np.float32(_STEEP) * (evidence - evidence.max(axis=1, keepdims=True)))
    return (SHARE * raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)
