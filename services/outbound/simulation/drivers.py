"""The production pacer as driver of a floor; it is told nothing that a dialler would not see."""

from __future__ import annotations

from collections.abc import Mapping

from services.outbound.domain.pacing import BENCH, Pacer, PacingRules, SavedPacer
from services.outbound.domain.pacing_view import (
    AbandonmentBudget,
    PacedCampaign,
    PacedCell,
    PacingMode,
    PacingView,
)
from services.outbound.simulation.floor import Floor

LIMIT = 0.03
NOTHING: Mapping[str, int] = {}


class PacerDriver:
    """One campaign, driven by the pacer."""

    def __init__(self, rules: PacingRules = BENCH, saved: SavedPacer | None = None, limit: float = LIMIT) -> None:
        self.pacer = Pacer(rules, saved)
        self._limit = limit
        self._budget = AbandonmentBudget()

    def dials(self, floor: Floor, now: int) -> Mapping[str, int]:
        if self._budget.answered_30d != floor.answered_30d or self._budget.answered_24h != floor.answered_24h:
            self._budget = AbandonmentBudget(
                floor.answered_30d, floor.abandoned_30d, floor.answered_24h, floor.abandoned_24h, self._limit
            )
        cells = [PacedCell(cell, dials.values(), len(floor.waiting[cell])) for cell, dials in floor.in_flight.items()]
        campaign = PacedCampaign("c", PacingMode.PREDICTIVE, cells, self._budget)
        return self.pacer.plan(PacingView(floor.agents, (campaign,)), now).dials.get("c", NOTHING)

    def answered(self, rang: int, now: int) -> None:
        self.pacer.observe_answered("c", rang, now)

    def unanswered(self, after: int, now: int) -> None:
        self.pacer.observe_unanswered("c", after, now)

    def met(self, abandoned: bool, now: int) -> None:
        self.pacer.observe_met("c", abandoned, self._limit)

    def talked(self, lasted: int) -> None:
        self.pacer.observe_talk("c", lasted)

    def wrapped(self, lasted: int) -> None:
        self.pacer.observe_wrap("c", lasted)
