"""Kernel ridge regression with a margin: from who resembles whom to a score for every question, with answers to "what if it
had not been taught this?".

(K + Λ) A = Y gives coefficients A for targets Y: 1 for an example's question, 0 for the others. Being surer than the target is no
error, so targets follow scores beyond 1 and below 0 and the system is solved again (Ho & Kashyap 1965; where that ends is the
support vector machine of the squared hinge). The one factorisation serves every turn, and gives without training again what the
model would have said of an example had it been left out, alone or with its whole question: exactly, given the other examples'
targets. On those the confidence is calibrated. (Rasmussen & Williams, Gaussian Processes, 2006, ch. 5.4.2; An et al. 2007.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.ivr.domain.matching.similarity import Floats, Integers

SHARPNESSES: Final = (
    1.0,
    2.0,
)  # how much more than in proportion near examples count; the last where nothing was tried
RIDGE: Final = 0.1  # how far an example may be disbelieved
CORRECTED_RIDGE: Final = 0.02  # an agent's word weighs more
BACKGROUND_RIDGE: Final = 2.0  # the house's own examples, however few, outweigh what we brought along
_TURNS: Final = (
    10  # of solving and moving the targets; more gain little and make what is said of left-out examples too sure
)
_BLOCK: Final = 256


def kernel(cosines: Floats, sharpness: float) -> Floats:
    """0 for strangers, 1 for the same text, convex between: (exp(sc) − 1) / (exp(s) − 1)."""
    return (np.expm1(np.float32(sharpness) * cosines) / np.float32(np.expm1(sharpness))).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Fit:
    """Coefficients (example × class), and the inverse of the kernel matrix's lower factor for the left-out answers."""

    coefficients: Floats
    targets: Floats
    inverse_factor: Floats

    def without_each(self) -> Floats:
        """Row i: the scores of example i by a model that was not taught example i."""
        diagonal = np.einsum("ij,ij->j", self.inverse_factor, self.inverse_factor)
        return (self.targets - self.coefficients / diagonal[:, None]).astype(np.float32)

    def without_block(self, rows: NDArray[np.intp]) -> Floats:
        """The scores of the examples `rows` by a model that was taught none of them."""
        columns = self.inverse_factor[rows.min() :, rows]  # above its diagonal a lower factor is empty
        held = np.linalg.solve(columns.T @ columns, self.coefficients[rows])
        return (self.targets[rows] - held).astype(np.float32)


def fit(kernels: Floats, ridge: Floats, classes: Integers, count: int) -> Fit:
    """Solve for `count` classes; row i belongs to classes[i] and is believed as far as ridge[i] is small."""
    targets = np.zeros((len(classes), count), np.float32)
    targets[np.arange(len(classes)), classes] = 1.0
    matrix = kernels.copy()
    matrix[np.diag_indices(len(matrix))] += ridge
    factor = np.linalg.cholesky(matrix)
    _invert_lower(factor)
    return Fit((factor.T @ (factor @ targets)).astype(np.float32), targets, factor)


def with_margin(plain: Fit, ridge: Floats) -> Fit:
    """After the turns, each gaining momentum from the one before (Nesterov)."""
    factor, own = plain.inverse_factor, plain.targets > 0
    targets = before = plain.targets
    coefficients, speed = plain.coefficients, 1.0
    for _ in range(_TURNS):
        scores = targets - ridge[:, None] * coefficients
        moved = np.where(own, np.maximum(scores, np.float32(1.0)), np.minimum(scores, np.float32(0.0)))
        faster = (1.0 + math.sqrt(1.0 + 4.0 * speed * speed)) / 2.0
        targets = moved + np.float32((speed - 1.0) / faster) * (moved - before)
        before, speed = moved, faster
        coefficients = (factor.T @ (factor @ targets)).astype(np.float32)
    return Fit(coefficients, targets.astype(np.float32), factor)


def _invert_lower(factor: Floats) -> None:
    """In place: [[A, 0], [B, C]]⁻¹ = [[A⁻¹, 0], [−C⁻¹ B A⁻¹, C⁻¹]], down to small blocks."""
    size = len(factor)
    if size <= _BLOCK:
        factor[:] = np.linalg.inv(factor)
        return
    half = size // 2
    upper, below, lower = factor[:half, :half], factor[half:, :half], factor[half:, half:]
    _invert_lower(upper)
    _invert_lower(lower)
    below[:] = -(lower @ below @ upper)
