"""How many records to dial now, so that agents keep talking and almost nobody who answers finds nobody there.

Every half second and at each change, one plan for a pool of agents and all the campaigns that share it:

    S = idle agents + Σ Bernoulli(agent comes free in time | elapsed in talk or wrap-up)
    D = persons waiting + Σ Bernoulli(a person answers in time | elapsed ring)
    dial one more while P(D ≥ S) ≤ τ

at the moments a dial placed now is likely to be answered. τ is steered by the abandonment budget (`tolerance`), the chances come
from what is learned of the campaign (`estimates`, `chances`), skills are counted by cells (`supply`). Progressive (a dial for each
free agent, nobody abandoned) is the floor under it all. The pacer is pure: time and observations are handed in; the simulator and
production run this code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from services.outbound.domain.chances import Chances, Horizon, answer_chances, busy_in_talk, busy_in_wrap, horizons_of
from services.outbound.domain.estimates import CampaignEstimates, SavedEstimates
from services.outbound.domain.pacing_view import PacedCampaign, PacingDecision, PacingView
from services.outbound.domain.prospects import SECOND, Prospects
from services.outbound.domain.tolerance import SavedTolerance, Steering, Tolerance
from services.outbound.domain.turns import Turns


class SavedPacer(TypedDict):
    """A `Pacer` in JSON: a restart continues, and yesterday's estimate starts today."""

    estimates: dict[str, SavedEstimates]
    tolerances: dict[str, SavedTolerance]


@dataclass(frozen=True, slots=True)
class PacingRules:
    """What the operator may set. `occupancy_ceiling` 1.0 = off; `patience_seconds` how long a person may wait for an agent."""

    pause_seconds: float = 5.0
    occupancy_ceiling: float = 0.88
    patience_seconds: float = 2.0
    quantiles: tuple[float, ...] = (0.5,)
    steering: Steering = Steering()


INBOUND = ""  # the name inbound work is learned under
BENCH = PacingRules(pause_seconds=0.0, occupancy_ceiling=1.0)


class _Campaign:
    """What the pacer keeps of one campaign: its estimates, its τ, and the tables computed from them."""

    def __init__(self, rules: PacingRules) -> None:
        self.estimates = CampaignEstimates()
        self.tolerance = Tolerance(rules.steering)
        self._tables: tuple[Chances, ...] = ()
        self._computed_for: tuple[object, ...] = ()
        self._rate = 0.0

    def chances(self, horizons: tuple[Horizon, ...], rest: float) -> tuple[Chances, ...]:
        """The tables, computed anew when what they rest on has moved."""
        known, rate = self.estimates, self.estimates.answer.cautious
        busy = (horizons, rest, known.talk.revision, known.wrap.revision)
        rings = (known.answered_after.revision, known.unanswered_after.revision)
        if (*busy, *rings) == self._computed_for and abs(rate - self._rate) <= 0.02 * self._rate:
            return self._tables
        if busy == self._computed_for[:4]:
            times = [(table.talk_busy, table.wrap_busy) for table in self._tables]
        else:
            times = [(busy_in_talk(known, at.free - rest), busy_in_wrap(known, at.free - rest)) for at in horizons]
        self._tables = tuple(
            Chances(talk, wrap, answer_chances(known, at.answer, rate))
            for (talk, wrap), at in zip(times, horizons, strict=True)
        )
        self._computed_for, self._rate = (*busy, *rings), rate
        return self._tables


class Pacer:
    """The pacer of one pool. `plan` is cheap enough to be asked at every change."""

    def __init__(self, rules: PacingRules = PacingRules(), saved: SavedPacer | None = None) -> None:
        self._rules = rules
        self._known: dict[str, _Campaign] = {}
        if saved is not None:
            self._restore(saved)

    def plan(self, view: PacingView, now: int) -> PacingDecision:
        """How many records of each cell of each campaign to dial at `now` (µs), with the reasons."""
        rest = self._rest_seconds(view)
        horizons = self._horizons(view)
        names = {campaign.campaign_id for campaign in view.campaigns}.union(agent.campaign for agent in view.agents)
        chances = {name: self._campaign(name).chances(horizons, rest) for name in names}
        prospects = Prospects(view, now, horizons, chances, round(rest * SECOND))
        turns = [self._turns(campaign, prospects, chances[campaign.campaign_id]) for campaign in view.campaigns]
        waiting = list(turns)
        while waiting:
            turn = min(waiting, key=Turns.rank) if len(waiting) > 1 else waiting[0]
            if not turn.take():
                waiting.remove(turn)
        return PacingDecision(tuple(turn.decided() for turn in turns), rest)

    def _turns(self, campaign: PacedCampaign, prospects: Prospects, tables: tuple[Chances, ...]) -> Turns:
        known = self._campaign(campaign.campaign_id)
        return Turns(campaign, prospects, tables, *known.tolerance.of(campaign.budget), known.estimates.answer)

    def _rest_seconds(self, view: PacingView) -> float:
        """The pause that keeps occupancy under its ceiling: handling ÷ (handling + pause) = ceiling."""
        rules = self._rules
        if rules.occupancy_ceiling >= 1 or not view.campaigns:
            return rules.pause_seconds
        times = [self._campaign(campaign.campaign_id).estimates for campaign in view.campaigns]
        handling = sum(each.talk.mean + each.wrap.mean for each in times) / len(times)
        return max(rules.pause_seconds, handling * (1 / rules.occupancy_ceiling - 1))

    def _horizons(self, view: PacingView) -> tuple[Horizon, ...]:
        first = view.campaigns[0].campaign_id if view.campaigns else INBOUND
        return horizons_of(self._campaign(first).estimates, self._rules.quantiles, self._rules.patience_seconds)

    def _campaign(self, name: str) -> _Campaign:
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = _Campaign(self._rules)
        return known

    def observe_answered(self, campaign: str, rang: int, now: int) -> None:
        """A person answered, `rang` µs after the dial was placed."""
        estimates = self._campaign(campaign).estimates
        estimates.answer.observe(True, now)
        estimates.answered_after.observe(rang / SECOND)

    def observe_unanswered(self, campaign: str, after: int, now: int) -> None:
        """A dial ended without a person (busy, machine, rung out, failed, cancelled by the ring limit) after `after` µs."""
        estimates = self._campaign(campaign).estimates
        estimates.answer.observe(False, now)
        estimates.unanswered_after.observe(after / SECOND)

    def observe_met(self, campaign: str, abandoned: bool, limit: float = 0.03) -> None:
        """A person who answered met an agent, or was abandoned for want of one."""
        self._campaign(campaign).tolerance.observe(abandoned, limit)

    def observe_talk(self, campaign: str, lasted: int) -> None:
        """A conversation ended after `lasted` µs; campaign "" for inbound work."""
        self._campaign(campaign).estimates.talk.observe(lasted / SECOND)

    def observe_wrap(self, campaign: str, lasted: int) -> None:
        """A wrap-up ended after `lasted` µs; campaign "" for inbound work."""
        self._campaign(campaign).estimates.wrap.observe(lasted / SECOND)

    def answer_rate(self, campaign: str) -> float:
        """P(a person answers) as estimated now."""
        return self._campaign(campaign).estimates.answer.mean

    def saved(self) -> SavedPacer:
        """For JSON."""
        return {"estimates": {name: known.estimates.saved() for name, known in self._known.items()},
                "tolerances": {name: known.tolerance.saved() for name, known in self._known.items()}}  # fmt: skip

    def _restore(self, saved: SavedPacer) -> None:
        for name, estimates in saved["estimates"].items():
            self._campaign(name).estimates.restore(estimates)
        for name, tolerance in saved["tolerances"].items():
            self._campaign(name).tolerance.restore(tolerance)
