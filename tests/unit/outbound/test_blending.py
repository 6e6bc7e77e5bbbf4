"""How many agents a dialler leaves to inbound: against the chain solved by brute force, and as the pacer then counts them."""

from __future__ import annotations

import math
import random
import statistics
from dataclasses import replace

import pytest

from services.outbound.domain.blending import (
    CAUTION,
    Carried,
    Caution,
    InboundWork,
    calls_per_second,
    load_of,
    reserve_of,
    with_reserve,
)
from services.outbound.domain.cells import DialCell
from services.outbound.domain.floor import Floor, FloorAgent, InboundDemand, PauseRule, paced_agents
from services.outbound.domain.pacing import Pacer, PacingRules
from services.outbound.domain.pacing_view import PacedCampaign, PacedCell, PacingMode, PacingReason, PacingView

SECOND = 1_000_000
NOW = 10_000 * SECOND
CERTAIN = Caution(deviations=0.0)


def need(agents: int, per_hour: int, reserve_agents: int = 0) -> InboundDemand:
    return InboundDemand(staffed=agents, arrived=per_hour // 4, over_seconds=900, reserve_agents=reserve_agents)


def late(agents: int, per_hour: int, handling: float, reserve: int, seconds: int = 20) -> float:
    """P(a caller waits longer), by the stationary law of n = N − R … N + 2,000, written down state by state."""
    per_second, served = per_hour / 3600, 1 / handling
    weights = [1.0]
    for n in range(agents - reserve + 1, agents + 2_001):
        weights.append(weights[-1] * per_second / (min(n, agents) * served))
    waiting = sum(weights[reserve:]) / sum(weights)
    return waiting * math.exp(-(agents * served - per_second) * seconds)


@pytest.mark.parametrize(("agents", "per_hour"), [(10, 100), (20, 240), (40, 400), (40, 640), (40, 760), (100, 1_600)])
def test_the_fewest_are_kept_with_which_inbound_hardly_notices(agents: int, per_hour: int) -> None:
    found = reserve_of(need(agents, per_hour), 180.0, caution=CERTAIN)
    alone = late(agents, per_hour, 180.0, agents)
    assert late(agents, per_hour, 180.0, found) - alone <= CERTAIN.loss + 1e-9
    assert found == 0 or late(agents, per_hour, 180.0, found - 1) - alone > CERTAIN.loss


def test_nobody_dials_where_more_call_than_can_be_answered_and_everybody_where_nobody_calls() -> None:
    assert reserve_of(need(40, 900), 180.0) == 40
    assert reserve_of(need(40, 0), 180.0) == 0
    assert reserve_of(need(40, 0, reserve_agents=3), 180.0) == 3
    assert reserve_of(need(2, 0, reserve_agents=3), 180.0) == 2
    assert reserve_of(InboundDemand(), 180.0) == 0


def test_the_more_points_are_tolerated_the_fewer_are_kept() -> None:
    kept = [reserve_of(replace(need(20, 240, 2), tolerated_loss_points=points), 180.0) for points in (0, 1, 3, 10, 100)]
    assert kept[0] == 20
    assert kept[-1] == 2
    assert sorted(kept, reverse=True) == kept
    assert len(set(kept)) == 5


@pytest.mark.parametrize("agents", [6, 12, 40])
def test_a_forecast_close_to_saturation_keeps_no_fewer_than_a_likelier_one(agents: int) -> None:
    for share in (0.5, 0.7, 0.8):
        seen = Carried(share * agents, 900)
        certain = reserve_of(need(agents, 100_000), 200.0, seen, CERTAIN)
        assert reserve_of(need(agents, 100_000), 200.0, seen) >= certain


def test_the_forecast_is_raised_by_what_chance_may_hide() -> None:
    assert calls_per_second(need(40, 400), 0.0) == pytest.approx(100 / 900)
    assert calls_per_second(need(40, 400), 1.0) == pytest.approx(110 / 900)
    assert reserve_of(need(40, 400), 180.0, caution=Caution(deviations=3.0)) > reserve_of(
        need(40, 400), 180.0, caution=CERTAIN
    )
    assert calls_per_second(InboundDemand(arrived=2, over_seconds=1)) < 0.1  # two calls in the first second are no rush


def test_an_agent_with_three_chats_counts_once() -> None:
    """Nine hundred seconds of chats: sixty came, of ten minutes each, three to an agent."""
    chats, seen = need(40, 240), Carried(agents=13.3, over_seconds=900)
    assert load_of(chats, 600.0, None, 1.5) > 40
    assert 13.3 < load_of(chats, 600.0, seen, 1.5) < 20
    assert reserve_of(chats, 600.0) == 40
    assert 0 < reserve_of(chats, 600.0, seen) < 20


def test_what_was_seen_never_asks_for_more_than_what_came() -> None:
    calls = need(40, 400)
    assert load_of(calls, 180.0, Carried(38.0, 900), 1.5) == load_of(calls, 180.0, None, 1.5)


def test_the_mean_seen_is_raised_as_an_unlimited_pools_mean_would_stray() -> None:
    """Against the variance of the mean of many simulated quarters of an hour (independent, started in equilibrium)."""
    chance, handling, load, tau = random.Random(5), 180.0, 12.0, 900.0
    means: list[float] = []
    for _ in range(1_500):
        total, at = 0.0, -40 * handling
        while at < tau:
            at += chance.expovariate(load / handling)
            ends = at + chance.expovariate(1 / handling)
            total += max(0.0, min(ends, tau) - max(at, 0.0))
        means.append(total / tau)
    seen = load_of(need(40, 4_000), handling, Carried(load, tau), 1.0) - load
    assert seen == pytest.approx(statistics.pstdev(means), rel=0.1)


def test_only_the_last_quarter_of_an_hour_is_seen_and_nothing_before_two() -> None:
    work = InboundWork()
    assert work.carried is None
    for second in range(0, 120):
        work.observe(NOW + second * SECOND, InboundDemand(busy=30, waiting=2))
    assert work.carried is None
    for second in range(120, 1_800):
        work.observe(NOW + second * SECOND, InboundDemand(busy=4))
    assert work.carried == Carried(4.0, 890.0)
    work.observe(NOW + 1_900 * SECOND, InboundDemand(busy=9))
    assert work.carried is None, "nobody looked for a minute and a half"


def agent(
    name: str, state: str = "idle", seconds: int = 60, paused: int | None = None, inbound: bool = True
) -> FloorAgent:
    until = None if paused is None else NOW + paused * SECOND
    return FloorAgent(name, state, NOW - seconds * SECOND, ("out",), paused_until=until, serves_inbound=inbound)


def test_who_pauses_is_kept_first_then_who_is_idle_least_then_who_works_longest() -> None:
    people = (
        agent("rested", seconds=90),
        agent("fresh", seconds=10),
        agent("pausing", paused=5),
        agent("only-out", inbound=False),
    )
    floor = Floor(NOW, (*people, agent("talks", "handling", 200), agent("began", "handling", 2)))

    def kept(reserve: int, idle: int, waiting: int = 0) -> set[str]:
        asked = InboundDemand(reserve, staffed=9, idle=idle, waiting=waiting)
        return set(with_reserve(Floor(NOW, floor.agents, inbound=asked), 180.0).kept)

    assert kept(1, idle=3) == {"pausing"}
    assert kept(3, idle=3) == {"pausing", "fresh", "rested"}
    assert kept(4, idle=3) == {"pausing", "fresh", "rested", "talks"}
    assert kept(1, idle=3, waiting=1) == {"pausing", "fresh"}
    assert kept(3, idle=5) == {"pausing"}, "two colleagues no campaign could have are idle as well"


def test_while_the_level_is_missed_all_who_serve_inbound_are_kept_whatever_they_do() -> None:
    floor = Floor(
        NOW,
        (agent("a"), agent("b", "handling"), agent("c", inbound=False)),
        inbound=InboundDemand(held=True, staffed=2),
    )
    assert with_reserve(floor, 180.0).kept == {"a", "b"}
    assert with_reserve(Floor(NOW, floor.agents), 180.0).kept == set()


def reasons(floor: Floor) -> tuple[int, dict[PacingReason, float]]:
    people = paced_agents(floor, {}, {"out": ["c"]}, {"c": [DialCell("c", ("",))]})
    campaign = PacedCampaign("c", PacingMode.PROGRESSIVE, (PacedCell("c"),))
    told = Pacer(PacingRules()).plan(PacingView(people, (campaign,)), NOW).of("c")
    return told.total, {fact.code: fact.numbers.get("agents", 0) for fact in told.reasons}


def test_the_page_tells_who_is_kept_and_who_pauses() -> None:
    rule = PauseRule(5, 88)
    people = (agent("a"), agent("b"), agent("c", paused=4), agent("d", seconds=1))
    total, told = reasons(Floor(NOW, people, between_calls=rule))
    assert total == 3, "the router says that d is rested, though she has been idle for a second only"
    assert told[PacingReason.RESTING] == 1
    assert PacingReason.INBOUND_RESERVE not in told
    total, told = reasons(
        with_reserve(Floor(NOW, people, inbound=InboundDemand(2, staffed=4, idle=4), between_calls=rule), 180.0)
    )
    assert (total, told[PacingReason.INBOUND_RESERVE]) == (2, 2)
    assert PacingReason.RESTING not in told, "who pauses is among the kept"
    total, told = reasons(with_reserve(Floor(NOW, people, inbound=InboundDemand(held=True), between_calls=rule), 180.0))
    assert (total, told) == (0, {PacingReason.INBOUND_RESERVE: 4})


def test_only_who_worked_rests_and_a_break_is_rest() -> None:
    def worked(name: str, seconds: int | None) -> FloorAgent:
        return replace(agent(name, seconds=1), worked_until=None if seconds is None else NOW - seconds * SECOND)

    total, told = reasons(Floor(NOW, (worked("new", None), worked("from a break", 600), worked("from a call", 1))))
    assert (total, told[PacingReason.RESTING]) == (2, 1)


def test_the_shipped_caution_is_the_documented_one() -> None:
    assert Caution(0.006, 1.5) == CAUTION
