"""From examples to a model: who resembles whom, scores fitted, confidence calibrated on what was left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.ivr.domain.matching.background import SENTENCES
from services.ivr.domain.matching.confidence import Calibration, Signs, calibrate, joined, signs_of, steepness_of
from services.ivr.domain.matching.evidence import Evidence, added
from services.ivr.domain.matching.features import normalise
from services.ivr.domain.matching.model import Model
from services.ivr.domain.matching.ridge import (
    BACKGROUND_RIDGE,
    CORRECTED_RIDGE,
    RIDGE,
    SHARPNESSES,
    Fit,
    fit,
    kernel,
    with_margin,
)
from services.ivr.domain.matching.similarity import Floats, Index, Integers, Vector, Vocabulary
from services.ivr.domain.matching.verdict import OUTSIDE, Example

_TOO_NEAR: Final = 0.35  # a background sentence this similar to a taught example is left aside
_TRIED_UP_TO: Final = (
    2_500  # examples; beyond, a second fit costs seconds and the last sharpness was best on all that was measured
)


def train(
    examples: Sequence[Example],
    *,
    corrections: Sequence[Example] = (),
    groups: Mapping[str, str] | None = None,
    business_lines: Mapping[str, str] | None = None,
    outside: Sequence[str] = (),
) -> Model:
    """Learn from examples and from agents' corrections, oldest first: a correction weighs more than an example, and takes the
    place of whatever was taught of the same text before.

    `groups` names the question group of each standard question, `business_lines` the line it belongs to (absent: any line).
    `outside` are texts known to ask for nothing this house does, added to the small background the matcher brings itself.
    Raises ValueError when there is no example of a question with a letter or digit in it.
    """
    taught = _last_word(examples, corrections)
    questions = tuple(sorted({e.question for e, _ in taught if e.question != OUTSIDE}))
    if not questions:
        raise ValueError("no example of a question has a text")
    taught = sorted(taught, key=lambda pair: (pair[0].question == OUTSIDE, pair[0].question))
    rows = [e for e, _ in taught]
    vocabulary = Vocabulary.of([e.text for e in rows] + list(outside))
    vectors = [vocabulary.vector(e.text) for e in rows]
    ridge = [CORRECTED_RIDGE if corrected else RIDGE for _, corrected in taught]
    strangers = [(text, RIDGE) for text in outside]
    strangers += [(text, BACKGROUND_RIDGE) for text in _far_from(vectors, vocabulary)]
    for text, doubt in strangers:
        rows.append(Example(OUTSIDE, text, ""))
        vectors.append(vocabulary.vector(text))
        ridge.append(doubt)
    index = Index.of(vectors, len(vocabulary.weights))
    cosines = np.stack([index.cosines(v) for v in vectors])
    number = {question: n for n, question in enumerate((*questions, OUTSIDE))}
    classes = np.array([number[e.question] for e in rows], np.int32)
    sharpness, fitted = _best_fit(cosines, np.array(ridge, np.float32), classes, len(number))
    counted = Evidence.of(vectors, classes.tolist(), len(number), len(vocabulary.weights))
    evidence = counted.without_each(vectors, classes)
    return Model(
        questions=questions,
        rows=tuple(rows),
        groups=dict(groups or {}),
        business_lines=dict(business_lines or {}),
        vocabulary=vocabulary,
        vectors=tuple(vectors),
        sharpness=sharpness,
        coefficients=fitted.coefficients.astype(np.float16),
        calibration=_calibrated(fitted, evidence, cosines, classes, _known_to_others(vectors, index)),
    )


def _last_word(examples: Sequence[Example], corrections: Sequence[Example]) -> list[tuple[Example, bool]]:
    """Each text once per question, or only once when a correction speaks of it; texts without letters or digits dropped."""
    taught: dict[tuple[str, str], tuple[Example, bool]] = {}
    for example in examples:
        flat = normalise(example.text)
        if any(map(str.isalnum, flat)):
            taught.setdefault((flat, example.question), (example, False))
    questions_of: dict[str, list[str]] = {}
    for flat, question in taught:
        questions_of.setdefault(flat, []).append(question)
    for correction in corrections:
        flat = normalise(correction.text)
        if any(map(str.isalnum, flat)):
            for question in questions_of.get(flat, []):
                taught.pop((flat, question), None)
            taught[flat, correction.question] = (correction, True)
            questions_of[flat] = [correction.question]
    return list(taught.values())


def _far_from(vectors: Sequence[Vector], vocabulary: Vocabulary) -> list[str]:
    """The sentences of the background that resemble nothing taught."""
    index = Index.of(vectors, len(vocabulary.weights))
    return [s for s in SENTENCES if float(index.cosines(vocabulary.vector(s)).max(initial=0.0)) < _TOO_NEAR]


def _best_fit(cosines: Floats, ridge: Floats, classes: Integers, count: int) -> tuple[float, Fit]:
    """Small sets try each sharpness and keep the one that is right most often about examples left out (without the margin: only
    there is what is said of them exact)."""
    ladder = SHARPNESSES if len(classes) <= _TRIED_UP_TO else SHARPNESSES[-1:]
    fits = [(sharpness, fit(kernel(cosines, sharpness), ridge, classes, count)) for sharpness in ladder]
    ours = classes != count - 1
    sharpness, plain = max(fits, key=lambda pair: int((pair[1].without_each().argmax(axis=1) == classes)[ours].sum()))
    return sharpness, with_margin(plain, ridge)


def _known_to_others(vectors: Sequence[Vector], index: Index) -> Floats:
    """Share of each row that another row knows too: what a text from outside would find known."""
    shared = np.diff(index.starts) > 1
    return np.array([float((v.values[shared[v.ids]] ** 2).sum()) for v in vectors], np.float32)


def _calibrated(fitted: Fit, evidence: Floats, cosines: Floats, classes: Integers, known: Floats) -> Calibration:
    """On the examples as a model sees them that was not taught them, or not taught their question."""
    outside = int(classes.max())
    np.fill_diagonal(cosines, 0.0)
    without_each = fitted.without_each() + added(evidence)
    sizes = np.bincount(classes, minlength=outside + 1)
    inside = np.flatnonzero((classes != outside) & (sizes[classes] > 1))
    steepness = steepness_of(without_each[inside, :outside], classes[inside].astype(np.intp))

    def signs(scores: Floats, rows: NDArray[np.intp], remaining: NDArray[np.bool_]) -> Signs:
        nearest = cosines[rows].max(axis=1, where=remaining, initial=0.0)
        return signs_of(scores[:, :-1], nearest, known[rows], scores[:, -1], steepness)

    ours, background = classes != outside, np.flatnonzero(classes == outside)
    strange = [signs(without_each[background], background, ours)]
    for question in range(outside if outside > 1 else 0):
        rows = np.flatnonzero(classes == question)
        scores = np.delete(fitted.without_block(rows), question, axis=1)
        scores += added(np.delete(evidence[rows], question, axis=1))
        strange.append(signs(scores, rows, ours & (classes != question)))
    right = without_each[inside, :outside].argmax(axis=1) == classes[inside]
    return calibrate(signs(without_each[inside], inside, ours), right, joined(strange), steepness)
