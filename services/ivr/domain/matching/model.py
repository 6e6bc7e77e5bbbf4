"""A trained matcher: text in, verdict out, with the examples that explain it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

from services.ivr.domain.matching.confidence import Calibration, signs_of
from services.ivr.domain.matching.evidence import Evidence
from services.ivr.domain.matching.ridge import CORRECTED_RIDGE, kernel
from services.ivr.domain.matching.similarity import Floats, Index, Vector, Vocabulary
from services.ivr.domain.matching.verdict import (
    OUTSIDE,
    Candidate,
    Decision,
    Example,
    Match,
    Near,
    Thresholds,
    group_named,
)
from services.ivr.domain.matching.wire import packed, unpacked

_SHOWN: Final = 3


@dataclass(frozen=True)
class Model:
    """What was learnt. `coefficients` has a row for each of `rows`, a column for each of `questions` and a last one for
    `OUTSIDE`. Immutable; `corrected` gives a new one."""

    questions: tuple[str, ...]
    rows: tuple[Example, ...]
    groups: Mapping[str, str]
    business_lines: Mapping[str, str]
    vocabulary: Vocabulary
    vectors: tuple[Vector, ...]
    sharpness: float
    coefficients: NDArray[np.float16]
    calibration: Calibration

    @cached_property
    def _index(self) -> Index:
        return Index.of(self.vectors, len(self.vocabulary.weights))

    @cached_property
    def _weights(self) -> Floats:
        return self.coefficients.astype(np.float32)

    @cached_property
    def _question_of_row(self) -> NDArray[np.intp]:
        number = {question: n for n, question in enumerate((*self.questions, OUTSIDE))}
        return np.array([number[e.question] for e in self.rows], np.intp)

    @cached_property
    def _evidence(self) -> Evidence:
        classes = self._question_of_row.tolist()
        return Evidence.of(self.vectors, classes, len(self.questions) + 1, len(self.vocabulary.weights))

    @cached_property
    def _group_of(self) -> tuple[str | None, ...]:
        return tuple(group_named(q) or self.groups.get(q) for q in self.questions)

    def match(
        self,
        text: str,
        language: str | None = None,
        business_line: str | None = None,
        allowed: frozenset[str] | None = None,
        thresholds: Thresholds = Thresholds(),
    ) -> Match:
        """The verdict on `text` among the questions of `business_line` and, when given, among `allowed`.

        A text the model knows nothing of, an empty one, one of signs only: handed over. `language` decides which examples
        explain first where both languages have some; the text itself tells the matcher what it is written in.
        """
        vector = self.vocabulary.vector(text)
        open_ = self._open(business_line, allowed)
        if len(vector.ids) == 0 or not open_.any():
            return Match("hand_over", None, None, 0.0, (), ())
        cosines = self._index.cosines(vector)
        scores = kernel(cosines, self.sharpness) @ self._weights + self._evidence.scores(vector)
        probabilities = self._probabilities(scores, cosines, vector.known, open_)
        best = np.argsort(-probabilities, kind="stable")[:_SHOWN]
        candidates = tuple(
            Candidate(self.questions[q], round(float(probabilities[q]), 4))
            for q in map(int, best)
            if probabilities[q] > 0.0
        )
        return self._verdict(candidates, probabilities, self._nearest(cosines, open_, language), thresholds)

    def corrected(self, correction: Example) -> Model:
        """Taught one more text at once, without training again: the best step that changes only this example's coefficients.
        The next `train` with the correction among its corrections does the same thoroughly.

        Raises ValueError when the model does not know the correction's question yet, or the text holds nothing to learn.
        """
        if correction.question not in (*self.questions, OUTSIDE):
            raise ValueError("the model was not trained with this question")
        vocabulary = self.vocabulary.widened(correction.text)
        vector = vocabulary.vector(correction.text)
        if len(vector.ids) == 0:
            raise ValueError("the text holds nothing to learn from")
        cosines = self._index.cosines(self.vocabulary.vector(correction.text))
        said = kernel(cosines, self.sharpness) @ self._weights
        wanted = np.zeros(len(self.questions) + 1, np.float32)
        wanted[(*self.questions, OUTSIDE).index(correction.question)] = 1.0
        step = (wanted - said) / np.float32(1.0 + CORRECTED_RIDGE)
        return replace(
            self,
            rows=(*self.rows, correction),
            vocabulary=vocabulary,
            vectors=(*self.vectors, vector),
            coefficients=np.vstack([self.coefficients, step.astype(np.float16)]),
        )

    def to_bytes(self) -> bytes:
        """The whole model; texts stand for their vectors, which are made again when read."""
        numbers = {question: n for n, question in enumerate((*self.questions, OUTSIDE))}
        header: dict[str, object] = {
            "questions": list(self.questions),
            "rows": [[numbers[e.question], e.text, e.language] for e in self.rows],
            "groups": dict(self.groups),
            "business_lines": dict(self.business_lines),
            "grams": list(self.vocabulary.numbers),
            "unknown": self.vocabulary.unknown,
            "sharpness": self.sharpness,
            "judge": list(self.calibration.judge),
            "steepness": self.calibration.steepness,
            "another": self.calibration.another,
        }
        return packed(header, {"weights": self.vocabulary.weights, "coefficients": self.coefficients})

    @classmethod
    def from_bytes(cls, data: bytes) -> Model:
        """Raises ValueError when `data` is not what `to_bytes` of this version wrote."""
        header, arrays = unpacked(data)
        try:
            questions = tuple(cast(list[str], header["questions"]))
            names = (*questions, OUTSIDE)
            rows = tuple(Example(names[n], t, la) for n, t, la in cast(list[tuple[int, str, str]], header["rows"]))
            grams = cast(list[str], header["grams"])
            weights, coefficients = arrays["weights"], arrays["coefficients"]
            calibration = Calibration(
                tuple(cast(list[float], header["judge"])),
                cast(float, header["steepness"]),
                cast(float, header["another"]),
            )
            groups = cast(dict[str, str], header["groups"])
            business_lines = cast(dict[str, str], header["business_lines"])
            unknown, sharpness = cast(float, header["unknown"]), cast(float, header["sharpness"])
        except (KeyError, IndexError, TypeError) as error:
            raise ValueError("not a matcher model: something is missing in its header") from error
        if weights.shape != (len(grams),) or coefficients.shape != (len(rows), len(names)):
            raise ValueError("not a matcher model: its parts do not fit together")
        vocabulary = Vocabulary({g: n for n, g in enumerate(grams)}, weights.astype(np.float32), unknown)
        return cls(
            questions=questions,
            rows=rows,
            groups=groups,
            business_lines=business_lines,
            vocabulary=vocabulary,
            vectors=tuple(vocabulary.vector(e.text) for e in rows),
            sharpness=sharpness,
            coefficients=coefficients.astype(np.float16),
            calibration=calibration,
        )

    def _open(self, business_line: str | None, allowed: frozenset[str] | None) -> NDArray[np.bool_]:
        return np.array(
            [
                (allowed is None or q in allowed or group_named(q) is not None)
                and (business_line is None or self.business_lines.get(q, business_line) == business_line)
                for q in self.questions
            ],
            np.bool_,
        )

    def _probabilities(
        self, scores: Floats, cosines: Floats, known: float, open_: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """For every question, 0 where it is not open; what is missing to 1 is "none of these"."""
        open_rows = np.append(open_, False)[self._question_of_row]
        nearest = cosines.max(where=open_rows, initial=0.0)
        chosen = scores[:-1][open_][None, :]
        one = (np.array([nearest], np.float32), np.array([known], np.float32), scores[-1:])
        signs = signs_of(chosen, *one, self.calibration.steepness)
        found = np.zeros(len(open_))
        found[open_] = self.calibration.probabilities(chosen, signs)[0]
        return found

    def _nearest(self, cosines: Floats, open_: NDArray[np.bool_], language: str | None) -> tuple[Near, ...]:
        order = np.argsort(-cosines, kind="stable")[: 8 * _SHOWN]
        near = [
            (self.rows[r], float(cosines[r]))
            for r in map(int, order)
            if cosines[r] > 0.0 and (q := int(self._question_of_row[r])) < len(open_) and open_[q]
        ]
        if language is not None:
            near.sort(key=lambda pair: pair[0].language != language)
        return tuple(Near(e.question, e.text, round(min(1.0, s), 4)) for e, s in near[:_SHOWN])

    def _verdict(
        self,
        candidates: tuple[Candidate, ...],
        probabilities: NDArray[np.float64],
        nearest: tuple[Near, ...],
        thresholds: Thresholds,
    ) -> Match:
        confidence = candidates[0].confidence if candidates else 0.0
        mass: dict[str, float] = {}
        for group, probability in zip(self._group_of, probabilities, strict=True):
            if group is not None:
                mass[group] = mass.get(group, 0.0) + float(probability)
        group = max(mass, key=lambda g: (mass[g], g), default=None)
        sure_of_group = group is not None and mass[group] >= thresholds.answer
        decision: Decision = "hand_over"
        if candidates and confidence >= thresholds.answer:
            question = candidates[0].question
            if group_named(question) is None:
                return Match("answer", question, self.groups.get(question), confidence, candidates, nearest)
        elif candidates and confidence >= thresholds.ask_back:
            decision = "ask_back"
        return Match(decision, None, group if sure_of_group else None, confidence, candidates, nearest)
