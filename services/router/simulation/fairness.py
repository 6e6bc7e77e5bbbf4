"""How evenly something fell on many: one number."""

from __future__ import annotations

from collections.abc import Sequence


def gini(amounts: Sequence[float]) -> float:
    """Gini coefficient of amounts ≥ 0: 0 where all have alike, (n − 1)/n where one has all; 0 for none."""
    ordered = sorted(amounts)
    total = sum(ordered)
    if not ordered or total <= 0:
        return 0.0
    weighted = sum(rank * amount for rank, amount in enumerate(ordered, 1))
    n = len(ordered)
    return 2 * weighted / (n * total) - (n + 1) / n
