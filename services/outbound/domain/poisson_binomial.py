"""How likely a sum of independent yes-or-no events reaches a number, when each has its own probability.

Small thresholds are counted exactly; large ones by the normal approximation with its skewness correction (Volkova 1996, "A
refinement of the central limit theorem for sums of independent random indicators"), whose error here stays below .01.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

EXACT_UP_TO = 14  # thresholds above are approximated: 100 agents then cost as much as 20
_ROOT_HALF = math.sqrt(0.5)
_DENSITY = 1 / math.sqrt(2 * math.pi)


def reaches(probabilities: Iterable[float], threshold: int) -> float:
    """P(sum of the events ≥ threshold)."""
    if threshold <= 0:
        return 1.0
    if threshold > EXACT_UP_TO:
        return refined_normal(*moments(probabilities), threshold)
    below = [0.0] * threshold  # P(sum = k), k < threshold
    below[0] = 1.0
    for p in probabilities:
        add_event(below, p)
    return max(0.0, 1 - sum(below))


def add_event(below: list[float], p: float) -> None:
    """One more event: P(sum = k) for k below the threshold, in place."""
    q = 1 - p
    for k in range(len(below) - 1, 0, -1):
        below[k] = below[k] * q + below[k - 1] * p
    below[0] *= q


def moments(probabilities: Iterable[float]) -> tuple[float, float, float]:
    """Sums of p, p² and p³: all that the approximation asks."""
    first = second = third = 0.0
    for p in probabilities:
        square = p * p
        first += p
        second += square
        third += square * p
    return first, second, third


def refined_normal(first: float, second: float, third: float, threshold: int) -> float:
    """P(sum ≥ threshold) from the sums of p, p², p³."""
    variance = first - second
    if variance < 1e-9:
        return 1.0 if first > threshold - 0.5 else 0.0
    deviation = math.sqrt(variance)
    z = (threshold - 0.5 - first) / deviation
    skewness = (first - 3 * second + 2 * third) / (variance * deviation)
    correction = skewness * (1 - z * z) * _DENSITY * math.exp(-z * z / 2) / 6
    return min(1.0, max(0.0, 0.5 * math.erfc(z * _ROOT_HALF) - correction))
