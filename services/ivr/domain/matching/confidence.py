"""How sure: scores become probabilities that are right as often as they say.

A logistic judge looks at five signs and says how probable it is that the best question is the right one. It is trained on what
the model says of each example when that example was left out (right or wrong), and when its whole question was left out (always
wrong): so it learns "something we do not know" from the question set itself, without a collection of such texts. What the best
question leaves over goes to the others by a softmax of their scores, and to "none of ours"; so does what the known strangers
(the background, texts that agents marked as nobody's) claim in that softmax.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.ivr.domain.matching.similarity import Floats

OUTSIDE_SHARE: Final = 0.05  # assumed share of customers' texts that ask for something not in the set
_PRIOR_STRENGTH: Final = 1.0  # how much evidence, in examples, moves the judge away from where it starts
_START: Final = (-3.0, 3.0, 2.0, 1.0, 1.0, 0.3)
_START_STEEPNESS: Final = 20.0
_SURELY: Final = 1e-4
_SECOND_AT_MOST: Final = 0.99


@dataclass(frozen=True, slots=True)
class Signs:
    """What a judgement rests on, one row a text: best score, its lead over the second, nearest example, known share of the
    text, and the best question's share in the softmax. `outside` is the strangers' share against the best question."""

    best: Floats
    lead: Floats
    nearest: Floats
    known: Floats
    share: Floats
    outside: Floats

    def matrix(self) -> NDArray[np.float64]:
        """With a first column of ones; the share as log odds."""
        share = np.clip(self.share.astype(np.float64), _SURELY, 1.0 - _SURELY)
        odds = np.log(share / (1.0 - share))
        ones = np.ones(len(share), np.float64)
        signs = [ones, self.best, self.lead, self.nearest, self.known, odds]
        return np.stack(signs, axis=1).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Calibration:
    """The judge's weights, the softmax's steepness (inverse temperature), and the probability that a text is another one of
    our questions when the best is wrong."""

    judge: tuple[float, ...] = _START
    steepness: float = _START_STEEPNESS
    another: float = 0.5

    def probabilities(self, scores: Floats, signs: Signs) -> NDArray[np.float64]:
        """Probability of each question, a row a text; what is missing to 1 is "none of ours"."""
        shares = softmax(self.steepness * scores.astype(np.float64))
        rows, best = np.arange(len(shares)), np.argmax(shares, axis=1)
        right = _logistic(signs.matrix() @ np.array(self.judge))
        shares[rows, best] = 0.0
        others = np.maximum(shares.sum(axis=1), 1e-9)
        found = shares * (self.another * (1.0 - right) / others)[:, None]
        # A second question is never more probable than the one that scored best.
        found = np.minimum(found, _SECOND_AT_MOST * right[:, None])
        found[rows, best] = right
        return found * (1.0 - signs.outside.astype(np.float64))[:, None]


def signs_of(scores: Floats, nearest: Floats, known: Floats, outside: Floats, steepness: float) -> Signs:
    """From each text's scores of the open questions, at least one."""
    if scores.shape[1] == 1:
        best, second = scores[:, 0], np.zeros(len(scores), np.float32)
    else:
        top = np.partition(scores, -2, axis=1)
        best, second = top[:, -1], top[:, -2]
    share = softmax(steepness * scores.astype(np.float64)).max(axis=1).astype(np.float32)
    strangers = _logistic(steepness * (outside - best).astype(np.float64)).astype(np.float32)
    return Signs(best, best - second, nearest, known, share, strangers)


def joined(several: Sequence[Signs]) -> Signs:
    """The rows of all."""
    return Signs(*(np.concatenate([getattr(signs, f.name) for signs in several]) for f in fields(Signs)))


def steepness_of(scores: Floats, right: NDArray[np.intp]) -> float:
    """The steepness under which the right questions are least surprising, of a fixed ladder."""
    if len(right) == 0:
        return _START_STEEPNESS
    rows, ladder = np.arange(len(right)), np.geomspace(2.0, 60.0, 40)
    surprise = [
        _PRIOR_STRENGTH * float(np.log(steep / _START_STEEPNESS) ** 2)
        - float(np.log(softmax(steep * scores.astype(np.float64))[rows, right] + 1e-12).sum())
        for steep in ladder
    ]
    return round(float(ladder[int(np.argmin(surprise))]), 6)


def calibrate(taught: Signs, right: NDArray[np.bool_], strange: Signs, steepness: float) -> Calibration:
    """`taught`: examples left out alone, with whether the best question was the `right` one. `strange`: texts whose question
    is not there. Few examples move the judge little from where it starts."""
    if len(right) == 0 or len(strange.best) == 0:
        return Calibration(steepness=steepness)
    signs = np.concatenate([taught.matrix(), strange.matrix()])
    truth = np.concatenate([right.astype(np.float64), np.zeros(len(strange.best), np.float64)])
    # As if one text in twenty were strange, with the number of examples as the weight of the evidence.
    each = OUTSIDE_SHARE / (1.0 - OUTSIDE_SHARE) * len(right) / len(strange.best)
    weight = np.concatenate([np.ones(len(right)), np.full(len(strange.best), each)])
    wrong, strangers = float((~right).sum()), each * len(strange.best)
    another = (wrong + 1.0) / (wrong + strangers + 2.0)
    return Calibration(_judge(signs, truth, weight), steepness, round(another, 6))


def _judge(signs: NDArray[np.float64], truth: NDArray[np.float64], weight: NDArray[np.float64]) -> tuple[float, ...]:
    """Logistic regression by Newton's steps, drawn towards the start; a step that makes it worse is halved."""
    start = np.array(_START)
    weights, toll = start.copy(), _toll(signs @ start, truth, weight)
    for _ in range(50):
        said = _logistic(signs @ weights)
        slope = signs.T @ (weight * (said - truth)) + _PRIOR_STRENGTH * (weights - start)
        curve = (signs * (weight * said * (1.0 - said))[:, None]).T @ signs + _PRIOR_STRENGTH * np.eye(len(start))
        step = np.linalg.solve(curve, slope)
        for _halving in range(12):
            tried = weights - step
            toll_tried = _toll(signs @ tried, truth, weight) + _PRIOR_STRENGTH / 2 * float(((tried - start) ** 2).sum())
            if toll_tried < toll:
                break
            step = step / 2
        else:
            break
        weights, gain, toll = tried, toll - toll_tried, toll_tried
        if gain < 1e-7 * max(1.0, toll):
            break
    return tuple(round(float(w), 6) for w in weights)


def _toll(odds: NDArray[np.float64], truth: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    """Surprise at the truth: weighted log loss."""
    return float((weight * (np.logaddexp(0.0, odds) - truth * odds)).sum())


def _logistic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1.0 / (1.0 + np.exp(-np.clip(x, -40.0, 40.0)))


def softmax(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of shares that sum to 1."""
    raised = np.exp(x - x.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)
