"""Those who drive a floor: the pacer, and its opponents as they are used in the field.

VICIdial's adaptive law is ported from its published description: every 15 s the dial level is multiplied by how much the recent
surplus of waiting agents differs from its target, halved after a burst of drops, and reset when the day's drops exceed the limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
    """The production pacer; it is told nothing of the floor that a dialler would not see."""

    def __init__(self, rules: PacingRules = BENCH, saved: SavedPacer | None = None, reserve: int = 0) -> None:
        self.pacer = Pacer(rules, saved)
        self._reserve = reserve
        self._budget = AbandonmentBudget()

    def dials(self, floor: Floor, now: int) -> Mapping[str, int]:
        if self._budget.answered_30d != floor.answered_30d or self._budget.answered_24h != floor.answered_24h:
            self._budget = AbandonmentBudget(
                floor.answered_30d, floor.abandoned_30d, floor.answered_24h, floor.abandoned_24h, LIMIT
            )
        cells = [PacedCell(cell, dials.values(), len(floor.waiting[cell])) for cell, dials in floor.in_flight.items()]
        campaign = PacedCampaign("c", PacingMode.PREDICTIVE, cells, self._budget)
        return self.pacer.plan(PacingView(floor.agents, (campaign,), self._reserve), now).dials.get("c", NOTHING)

    def answered(self, rang: int, now: int) -> None:
        self.pacer.observe_answered("c", rang, now)

    def unanswered(self, after: int, now: int) -> None:
        self.pacer.observe_unanswered("c", after, now)

    def met(self, abandoned: bool, now: int) -> None:
        self.pacer.observe_met("c", abandoned, LIMIT)

    def talked(self, lasted: int) -> None:
        self.pacer.observe_talk("c", lasted)

    def wrapped(self, lasted: int) -> None:
        self.pacer.observe_wrap("c", lasted)


class Deaf:
    """A driver that learns nothing; with one cell."""

    def answered(self, rang: int, now: int) -> None: ...

    def unanswered(self, after: int, now: int) -> None: ...

    def met(self, abandoned: bool, now: int) -> None: ...

    def talked(self, lasted: int) -> None: ...

    def wrapped(self, lasted: int) -> None: ...

    def in_flight(self, floor: Floor) -> int:
        return sum(map(len, floor.in_flight.values())) + sum(map(len, floor.waiting.values()))


class Progressive(Deaf):
    """One dial for each free agent."""

    def dials(self, floor: Floor, now: int) -> Mapping[str, int]:
        wanted = len(floor.idle) - self.in_flight(floor)
        return {"all": wanted} if wanted > 0 else NOTHING


@dataclass
class StaticRatio(Deaf):
    """Lines for each agent signed in, whatever they do: a fixed number of dials kept in flight for each agent not talking."""

    ratio: float

    def dials(self, floor: Floor, now: int) -> Mapping[str, int]:
        wanted = int(self.ratio * len(floor.idle)) - self.in_flight(floor)
        return {"all": wanted} if wanted > 0 else NOTHING
