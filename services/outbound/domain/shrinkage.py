"""Learning a chance from few outcomes: logistic regression whose weights are held near what was believed before.

A belief is a Gaussian over the weights (log-odds). Outcomes move it to the best compromise between what was believed and what was
seen (Newton's method; the curvature there is how sure it is: Laplace's approximation). Where little was seen the belief hardly
moves, so a cell with three calls does not shout; where much was seen the prior is forgotten. Fed back in with some of its sureness
taken away it follows a drifting world (dynamic logistic regression: West, Harrison & Migon 1985; McCormick et al. 2012).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

Vector: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
Matrix: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]

NEWTON_STEPS = 30
SETTLED = 1e-7
"""Change of the log posterior, per unit of it, at which a fit is done."""


@dataclass(frozen=True, slots=True)
class Belief:
    """What is believed of d weights: their mean, and how surely (precision, d × d)."""

    mean: Vector
    precision: Matrix

    @staticmethod
    def prior(mean: Vector, spread: Vector) -> Belief:
        """Independent weights; `spread` is the standard deviation of each."""
        return Belief(np.asarray(mean, dtype=np.float64), np.diag(1.0 / np.asarray(spread, dtype=np.float64) ** 2))

    def loosened(self, keep: float, prior: Belief) -> Belief:
        """The same means, with `keep` of the sureness beyond the prior's left: the world may have moved on."""
        return Belief(self.mean, keep * self.precision + (1.0 - keep) * prior.precision)


def logistic(log_odds: Vector) -> Vector:
    """Log-odds as a chance, without overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * log_odds))


def learned(before: Belief, features: Matrix, tried: Vector, succeeded: Vector, start: Vector | None = None) -> Belief:
    """The belief after outcomes: row i of `features` was tried `tried[i]` times and succeeded `succeeded[i]` times (weights may be
    fractions). `start`: where to look from, if something near the answer is known. Raises numpy.linalg.LinAlgError for a prior that
    is no belief (a precision that is not positive)."""
    mean = before.mean if start is None else start
    log_odds = features @ mean
    reached = _log_posterior(before, mean, log_odds, tried, succeeded)
    for _ in range(NEWTON_STEPS):
        chance = logistic(log_odds)
        curvature = before.precision + (features.T * (tried * chance * (1.0 - chance))) @ features
        slope = features.T @ (succeeded - tried * chance) - before.precision @ (mean - before.mean)
        step = np.linalg.solve(curvature, slope)
        length, found = 1.0, reached
        while length > 1e-4:  # a full step may overshoot where nearly everything succeeded
            log_odds = features @ (mean + length * step)
            found = _log_posterior(before, mean + length * step, log_odds, tried, succeeded)
            if found >= reached:
                break
            length /= 2.0
        mean = mean + length * step
        done, reached = abs(found - reached) <= SETTLED * (1.0 + abs(reached)), found
        if done:
            break
    chance = logistic(features @ mean)
    return Belief(mean, before.precision + (features.T * (tried * chance * (1.0 - chance))) @ features)


def _log_posterior(before: Belief, mean: Vector, log_odds: Vector, tried: Vector, succeeded: Vector) -> float:
    away = mean - before.mean
    likelihood = succeeded @ log_odds - tried @ np.logaddexp(0.0, log_odds)
    return float(likelihood - 0.5 * away @ before.precision @ away)
