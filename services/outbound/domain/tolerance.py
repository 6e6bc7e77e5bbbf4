"""How much risk of meeting no agent a dial may carry: τ, steered by what the abandonment ledger has left.

Each person who answers moves log τ by the gain × (target − abandoned): the long-run share of abandoned then is the target whatever
the estimates are worth (Robbins–Monro; as adaptive conformal inference, Gibbs and Candès 2021). What is left of the windows'
budgets takes τ to zero before a limit is crossed; at zero the campaign is progressive, which abandons nobody.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypedDict

from services.outbound.domain.pacing_view import AbandonmentBudget

FEWEST = 50
FEWEST_DAILY = 400
OVERDRAWN = 3.0  # persons: a floor whose day's cushion is more may overdraw by the rest before τ is zero


class SavedTolerance(TypedDict):
    """A `Tolerance` in JSON."""

    log_tolerance: float
    persons: int


@dataclass(frozen=True, slots=True)
class Steering:
    """How τ is steered; all shares are of persons who answered."""

    start: float = 0.06
    lowest: float = 0.01
    highest: float = 0.40
    target: float = 0.96  # of the limit
    gain: float = 2.7  # ÷ √ persons a day: what a day's chance amounts to
    cushion: float = 0.1  # × √ persons a day: with less budget left τ is taken back, with as much overdrawn it is zero
    least: float = 0.1  # share of τ in between


class Tolerance:
    """τ of one campaign."""

    def __init__(self, steering: Steering = Steering()) -> None:
        self._steering = steering
        self._log = math.log(steering.start)
        self.persons = 0
        self._daily = FEWEST_DAILY

    def observe(self, abandoned: bool, limit: float) -> None:
        """One person who answered was abandoned, or met an agent."""
        steering = self._steering
        self._log += steering.gain / math.sqrt(self._daily) * (steering.target * limit - (1.0 if abandoned else 0.0))
        self._log = min(max(self._log, math.log(steering.lowest)), math.log(steering.highest))
        self.persons += 1

    def of(self, budget: AbandonmentBudget) -> tuple[float, float]:
        """(τ, share of it the budget leaves: 1 = plenty, 0 = spent)."""
        left = min(left_of(budget.answered_30d, budget.abandoned_30d, budget.limit),
                   left_of(budget.answered_24h, budget.abandoned_24h, budget.limit))  # fmt: skip
        self._daily = max(FEWEST_DAILY, budget.answered_24h)
        cushion = self._steering.cushion * math.sqrt(self._daily)
        # A large floor at a tenth of τ earns its budget back almost as fast as a progressive one, with agents far busier.
        share = min(1.0, max(self._steering.least, left / cushion)) if left > min(0.0, OVERDRAWN - cushion) else 0.0
        return math.exp(self._log) * share, share

    def saved(self) -> SavedTolerance:
        """For JSON."""
        return {"log_tolerance": self._log, "persons": self.persons}

    def restore(self, saved: SavedTolerance) -> None:
        """Continue from `saved`."""
        self._log, self.persons = saved["log_tolerance"], saved["persons"]


def left_of(answered: int, abandoned: int, limit: float) -> float:
    """Persons who may still be abandoned before the share exceeds the limit; nobody is judged by fewer than `FEWEST` persons."""
    return limit * max(answered, FEWEST) - abandoned
