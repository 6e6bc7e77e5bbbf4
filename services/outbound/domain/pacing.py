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

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypedDict

from services.outbound.domain.chances import (
    Chances,
    Horizon,
    answer_chances,
    busy_in_talk,
    busy_in_wrap,
    horizons_of,
    tables,
)
from services.outbound.domain.estimates import CampaignEstimates, SavedEstimates
from services.outbound.domain.pacing_view import PacedCampaign, PacingDecision, PacingView
from services.outbound.domain.prospects import NOTHING_KNOWN, SECOND, Prospects
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
    # Of the ring time: the moments a new dial is weighed at. The median is when it counts; the late one sees the whole of a burst
    # of dials placed together, half of which are answered after the median.
    quantiles: tuple[float, ...] = (0.5, 0.9)
    steering: Steering = Steering()


RATE_MOVED = 0.02  # share of the answer rate after which the table of answers is computed anew
INBOUND = ""  # the name inbound work is learned under
BENCH = PacingRules(pause_seconds=0.0, occupancy_ceiling=1.0)


class _Campaign:
    """What the pacer keeps of one campaign: its estimates, its τ, and the tables computed from them."""

    def __init__(self, rules: PacingRules) -> None:
        self.estimates = CampaignEstimates()
        self.tolerance = Tolerance(rules.steering)
        self._rules = rules
        self._horizons: tuple[Horizon, ...] = ()
        self._horizons_of = -1
        self._chances = NOTHING_KNOWN
        self._busy_of: tuple[object, ...] = ()
        self._rings_of: tuple[object, ...] = ()
        self._rate = 0.0

    def horizons(self) -> tuple[Horizon, ...]:
        """When a dial of this campaign placed now is likely to be answered."""
        if self._horizons_of != self.estimates.answered_after.revision:
            self._horizons_of = self.estimates.answered_after.revision
            self._horizons = horizons_of(self.estimates, self._rules.quantiles, self._rules.patience_seconds)
        return self._horizons

    def chances(self, horizons: tuple[Horizon, ...], rest: float) -> Chances:
        """The tables, computed anew when what they rest on has moved."""
        known, chances = self.estimates, self._chances
        busy = (horizons, rest, known.talk.revision, known.wrap.revision)
        if busy != self._busy_of:
            self._busy_of = busy
            talk = tables(busy_in_talk(known, at.free - rest) for at in horizons)
            wrap = tables(busy_in_wrap(known, at.free - rest) for at in horizons)
            chances = Chances(talk, wrap, chances.answered)
        rings, rate = (horizons, known.answered_after.revision, known.unanswered_after.revision), known.answer.cautious
        if rings != self._rings_of or abs(rate - self._rate) > RATE_MOVED * self._rate:
            self._rings_of, self._rate = rings, rate
            answered = tables(answer_chances(known, at.answer, rate) for at in horizons)
            chances = Chances(chances.talk_busy, chances.wrap_busy, answered)
        self._chances = chances
        return chances


class Pacer:
    """The pacer of one pool. `plan` is cheap enough to be asked at every change."""

    def __init__(self, rules: PacingRules = PacingRules(), saved: SavedPacer | None = None) -> None:
        self._rules = rules
        self._known: dict[str, _Campaign] = {}
        self._now = 0  # of the last plan or observation
        if saved is not None:
            self._restore(saved)

    def plan(self, view: PacingView, now: int) -> PacingDecision:
        """How many records of each cell of each campaign to dial at `now` (µs), with the reasons."""
        self._now = now
        rest = self._rest_seconds(view)
        horizons = self._campaign(view.campaigns[0].campaign_id if view.campaigns else INBOUND).horizons()

        @cache
        def chances(name: str) -> Chances:
            return self._campaign(name).chances(horizons, rest)

        prospects = Prospects(view, now, horizons, chances, round(rest * SECOND))
        turns = [self._turns(campaign, prospects) for campaign in view.campaigns]
        waiting = list(turns)
        while waiting:
            turn = waiting[0] if len(waiting) == 1 else min(waiting, key=Turns.rank)
            if not turn.take():
                waiting.remove(turn)
        dials = {turn.campaign.campaign_id: turn.dialled for turn in turns if turn.dialled}
        return PacingDecision(dials, rest, lambda: tuple(turn.explained() for turn in turns))

    def _turns(self, campaign: PacedCampaign, prospects: Prospects) -> Turns:
        known = self._campaign(campaign.campaign_id)
        return Turns(campaign, prospects, *known.tolerance.of(campaign.budget), known.estimates.answer)

    def _rest_seconds(self, view: PacingView) -> float:
        """The pause that keeps occupancy under its ceiling: handling ÷ (handling + pause) = ceiling."""
        rules = self._rules
        if rules.occupancy_ceiling >= 1 or not view.campaigns:
            return rules.pause_seconds
        handling = self.handling_seconds([campaign.campaign_id for campaign in view.campaigns])
        return max(rules.pause_seconds, handling * (1 / rules.occupancy_ceiling - 1))

    def handling_seconds(self, campaigns: Sequence[str]) -> float:
        """Mean seconds of talk and wrap-up, over these campaigns (`INBOUND` for inbound work)."""
        times = [self._campaign(name).estimates for name in campaigns]
        return sum(each.talk.mean + each.wrap.mean for each in times) / len(times)

    def _campaign(self, name: str) -> _Campaign:
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = _Campaign(self._rules)
        return known

    def observe_answered(self, campaign: str, rang: int, now: int) -> None:
        """A person answered, `rang` µs after the dial was placed."""
        self._now, estimates = now, self._campaign(campaign).estimates
        estimates.answer.observe(True, now - rang, now)
        estimates.answered_after.observe(rang / SECOND)

    def observe_unanswered(self, campaign: str, after: int, now: int) -> None:
        """A dial ended without a person (busy, machine, rung out, failed, cancelled by the ring limit) after `after` µs."""
        self._now, estimates = now, self._campaign(campaign).estimates
        estimates.answer.observe(False, now - after, now)
        estimates.unanswered_after.observe(after / SECOND)

    def observe_met(self, campaign: str, abandoned: bool, limit: float = 0.03) -> None:
        """A person who answered met an agent, or was abandoned for want of one."""
        self._campaign(campaign).tolerance.observe(abandoned, limit)

    def observe_talk(self, campaign: str, lasted: int) -> None:
        """A conversation ended after `lasted` µs; campaign "" for inbound work."""
        self._campaign(campaign).estimates.talked(lasted / SECOND, self._now)

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
