"""A campaign's turns within one plan: may it dial one more, which cell of it, and if not, why."""

from __future__ import annotations

from collections.abc import Mapping

from services.outbound.domain.estimates import AnswerRate
from services.outbound.domain.pacing_view import (
    CampaignPacing,
    PacedCampaign,
    PacedCell,
    PacingFact,
    PacingMode,
    PacingReason,
)
from services.outbound.domain.prospects import Prospects

ENOUGH_AGENTS = 5  # a cell with fewer is paced toward progressive
ENOUGH_DIALS = 150  # observed before the estimates are believed in full


class Turns:
    """One campaign in one plan.

    `tolerance` τ as steered, `budget_share` how much of it the budget leaves, `answer` what is known of answering.
    """

    def __init__(
        self, campaign: PacedCampaign, prospects: Prospects,
        tolerance: float, budget_share: float, answer: AnswerRate,
    ) -> None:  # fmt: skip
        self.campaign = campaign
        self._prospects = prospects
        self._tolerance, self._budget_share = tolerance, budget_share
        self._first_chance = prospects.first_chance(campaign.campaign_id)
        self._answer_rate = answer.mean
        self._learned = 0.0 if answer.collapsed else min(1.0, answer.observed / ENOUGH_DIALS)
        self._left = {cell.cell: cell.records for cell in campaign.cells}
        self._dialled: dict[str, int] = {}
        self._in_flight = sum(len(cell.dials) + cell.waiting for cell in campaign.cells)

    @property
    def dialled(self) -> Mapping[str, int]:
        """By cell."""
        return self._dialled

    def rank(self) -> tuple[int, float, str]:
        """Who dials next: higher priority, then fewest dials in flight for its weight, then the name."""
        dials = self._in_flight + sum(self._dialled.values())
        return (-self.campaign.priority, dials / self.campaign.weight, self.campaign.campaign_id)

    def take(self) -> bool:
        """Dial one more where it carries the least risk; False when the campaign is done for this plan."""
        open_cells = [cell for cell in self.campaign.cells if self._left[cell.cell] > 0]
        if len(open_cells) > 1:
            open_cells.sort(key=lambda cell: (self._prospects.risk(cell.cell), cell.cell))
        for cell in open_cells:
            if self._allowed(cell.cell):
                self._prospects.dial(cell.cell, self._first_chance)
                self._left[cell.cell] -= 1
                self._dialled[cell.cell] = self._dialled.get(cell.cell, 0) + 1
                return True
        return False

    def _allowed(self, cell: str) -> bool:
        prospects, mode = self._prospects, self.campaign.mode
        if mode is PacingMode.POWER:
            return prospects.dials(cell) < round(self.campaign.ratio * prospects.free(cell))
        if prospects.unclaimed(cell) > 0:  # the progressive floor
            return True
        if mode is not PacingMode.PREDICTIVE:
            return False
        tolerance = self._tolerance_of(cell)
        return tolerance > 0 and prospects.bears(cell, tolerance)

    def _tolerance_of(self, cell: str) -> float:
        few = min(1.0, max(0, self._prospects.agents(cell) - 1) / (ENOUGH_AGENTS - 1))
        return self._tolerance * few * self._learned

    def explained(self) -> CampaignPacing:
        """The campaign's part of the decision in words and numbers, once nothing more may be dialled."""
        risks = {cell.cell: self._prospects.risk(cell.cell) for cell in self.campaign.cells}
        tightest = min(self.campaign.cells, key=lambda cell: risks[cell.cell])
        supply, demand = self._prospects.expected(tightest.cell)
        return CampaignPacing(
            self.campaign.campaign_id, self._dialled, self._tolerance_of(tightest.cell), risks[tightest.cell], supply, demand,
            self._answer_rate, tuple(self._reasons(tightest, risks[tightest.cell])),
        )  # fmt: skip

    def _reasons(self, cell: PacedCell, risk: float) -> list[PacingFact]:
        name, mode, prospects = cell.cell, self.campaign.mode, self._prospects
        agents, free = prospects.agents(name), prospects.free(name)
        if self._left[name] <= 0:
            return [PacingFact(PacingReason.NO_RECORDS, {"dialled": self._dialled.get(name, 0)})]
        kept = prospects.kept(name)
        if agents == 0 and not kept:
            return [PacingFact(PacingReason.NO_AGENT)]
        reserve = [PacingFact(PacingReason.INBOUND_RESERVE, {"agents": kept})] if kept else []
        if agents == 0:
            return reserve
        found: list[PacingFact] = []
        if mode is PacingMode.POWER:
            found.append(PacingFact(PacingReason.RATIO, {"ratio": self.campaign.ratio, "free": free}))
        elif mode is PacingMode.PREDICTIVE and (tolerance := self._tolerance_of(name)) > 0:
            found.append(PacingFact(PacingReason.TOLERANCE, {"risk": risk, "tolerance": tolerance}))
        else:
            found.append(PacingFact(PacingReason.PROGRESSIVE, {"free": free, "in_flight": prospects.dials(name)}))
        if mode is PacingMode.PREDICTIVE:
            found += self._restraints(agents)
        if resting := prospects.resting(name):
            found.append(PacingFact(PacingReason.RESTING, {"agents": resting}))
        return found + reserve

    def _restraints(self, agents: int) -> list[PacingFact]:
        budget = self.campaign.budget
        left = {"answered": budget.answered_30d, "abandoned": budget.abandoned_30d, "limit": budget.limit,
                "answered_24h": budget.answered_24h, "abandoned_24h": budget.abandoned_24h}  # fmt: skip
        found: list[PacingFact] = []
        if self._budget_share <= 0:
            found.append(PacingFact(PacingReason.BUDGET_SPENT, left))
        elif self._budget_share < 1:
            found.append(PacingFact(PacingReason.BUDGET_LOW, left))
        if agents < ENOUGH_AGENTS:
            found.append(PacingFact(PacingReason.FEW_AGENTS, {"agents": agents}))
        if self._learned < 1:
            found.append(PacingFact(PacingReason.LEARNING, {"known": self._learned}))
        return found
