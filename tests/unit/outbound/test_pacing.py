"""The pacer: progressive as its floor, chance-constrained above it, cells and campaigns that share agents, budgets that bind."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from services.outbound.domain.pacing import BENCH, Pacer, PacingRules
from services.outbound.domain.pacing_view import (
    AbandonmentBudget,
    AgentMoment,
    PacedAgent,
    PacedCampaign,
    PacedCell,
    PacingMode,
    PacingReason,
    PacingView,
)

SECOND = 1_000_000
NOW = 1_000_000 * SECOND
PLENTY = AbandonmentBudget(20_000, 200, 1_000, 10)
SPENT = AbandonmentBudget(20_000, 800, 1_000, 60)
ALL = frozenset({"all"})


def agents(
    idle: int = 0,
    talking: int = 0,
    wrapping: int = 0,
    cells: frozenset[str] = ALL,
    campaign: str = "c",
    name: str = "a",
) -> list[PacedAgent]:
    """Idle for a minute; talking for two; wrapping up for twenty seconds."""
    states = (
        [(AgentMoment.IDLE, 60)] * idle
        + [(AgentMoment.HANDLING, 120)] * talking
        + [(AgentMoment.WRAPPING, 20)] * wrapping
    )
    return [
        PacedAgent(f"{name}{n}", state, NOW - seconds * SECOND, cells, campaign)
        for n, (state, seconds) in enumerate(states)
    ]


def campaign(
    name: str = "c", mode: PacingMode = PacingMode.PREDICTIVE, cell: str = "all", dials: int = 0
) -> PacedCampaign:
    """With so many dials placed three seconds ago and plenty of budget."""
    return PacedCampaign(name, mode, (PacedCell(cell, [NOW - 3 * SECOND] * dials),), PLENTY)


def experienced(rules: PacingRules = BENCH, names: tuple[str, ...] = ("c",)) -> Pacer:
    """Has seen 400 dials of each campaign, a quarter answered after about 10 s, and 100 calls of 120 + 30 s."""
    pacer = Pacer(rules)
    for name in names:
        for n in range(400):
            ends = NOW - (500 - n) * SECOND
            if n % 4 == 0:
                pacer.observe_answered(name, (7 + n % 7) * SECOND, ends)
                pacer.observe_talk(name, (60 + n % 120) * SECOND)
                pacer.observe_wrap(name, (20 + n % 20) * SECOND)
            else:
                pacer.observe_unanswered(name, (3, 23, 25)[n % 3] * SECOND, ends)
    return pacer


def dialled(pacer: Pacer, people: list[PacedAgent], *campaigns: PacedCampaign) -> int:
    decision = pacer.plan(PacingView(people, campaigns), NOW)
    return sum(sum(cells.values()) for cells in decision.dials.values())


def test_nobody_there_nobody_dialled() -> None:
    for mode in PacingMode:
        assert dialled(experienced(), [], campaign(mode=mode)) == 0
        assert dialled(experienced(), agents(idle=5, cells=frozenset({"other"})), campaign(mode=mode)) == 0
        away = [replace(agent, state=AgentMoment.RESERVED) for agent in agents(idle=5)]
        assert dialled(experienced(), away, campaign(mode=mode)) == 0


def test_progressive_and_preview_dial_once_for_each_free_agent() -> None:
    for mode in (PacingMode.PROGRESSIVE, PacingMode.PREVIEW):
        assert dialled(experienced(), agents(idle=4, talking=3, wrapping=2), campaign(mode=mode)) == 4
        assert dialled(experienced(), agents(idle=4, talking=3), campaign(mode=mode, dials=3)) == 1
        assert dialled(experienced(), agents(idle=2), campaign(mode=mode, dials=5)) == 0


def test_power_keeps_its_ratio() -> None:
    power = replace(campaign(mode=PacingMode.POWER), ratio=2.5)
    assert dialled(experienced(), agents(idle=4), power) == 10
    assert dialled(experienced(), agents(idle=4), replace(power, cells=(PacedCell("all", [NOW] * 7),))) == 3


def test_predictive_dials_more_than_progressive_and_stops_at_its_tolerance() -> None:
    pacer = experienced()
    decision = pacer.plan(PacingView(agents(idle=4, talking=10, wrapping=6), (campaign(),)), NOW)
    told = decision.of("c")
    assert told.total == decision.dials["c"]["all"] > 8
    # One more would be borne by nobody: the next person to answer finds no agent with more than τ.
    assert told.risk > told.tolerance > 0
    assert [reason.code for reason in told.reasons] == [PacingReason.TOLERANCE]
    assert told.supply > 4
    assert told.answer_rate == pytest.approx(0.25, abs=0.05)


def test_more_agents_free_never_mean_fewer_dials() -> None:
    pacer = experienced()
    for talking in (0, 5, 12, 40):
        counts = [dialled(pacer, agents(idle=idle, talking=talking), campaign()) for idle in range(12)]
        assert counts == sorted(counts)


def test_more_dials_in_flight_never_mean_more_dials_in_all() -> None:
    pacer, people = experienced(), agents(idle=3, talking=12, wrapping=5)
    counts = [dialled(pacer, people, campaign(dials=dials)) for dials in range(20)]
    assert counts == sorted(counts, reverse=True)


def test_persons_waiting_count_as_answers() -> None:
    people = agents(idle=3, talking=9)
    waiting = replace(campaign(), cells=(PacedCell("all", (), waiting=2),))
    assert dialled(experienced(), people, waiting) < dialled(experienced(), people, campaign())


def test_a_spent_budget_makes_it_progressive_and_says_so() -> None:
    spent = replace(campaign(), budget=SPENT)
    decision = experienced().plan(PacingView(agents(idle=4, talking=16), (spent,)), NOW)
    assert decision.of("c").total == 4
    assert {PacingReason.PROGRESSIVE, PacingReason.BUDGET_SPENT} <= {reason.code for reason in decision.of("c").reasons}


def test_a_day_over_its_limit_binds_though_the_month_is_well_within() -> None:
    day = replace(campaign(), budget=AbandonmentBudget(20_000, 200, 1_000, 60))
    assert dialled(experienced(), agents(idle=4, talking=16), day) == 4


def test_abandoned_persons_lower_the_tolerance_and_served_ones_raise_it() -> None:
    strict, lenient, people = experienced(), experienced(), agents(idle=4, talking=16)
    for _ in range(20):
        strict.observe_met("c", abandoned=True)
    for _ in range(600):
        lenient.observe_met("c", abandoned=False)
    assert dialled(strict, people, campaign()) < dialled(experienced(), people, campaign())
    assert dialled(lenient, people, campaign()) > dialled(experienced(), people, campaign())


def test_a_cold_start_is_progressive_and_says_it_is_learning() -> None:
    decision = Pacer(BENCH).plan(PacingView(agents(idle=6, talking=14), (campaign(),)), NOW)
    assert decision.of("c").total == 6
    assert PacingReason.LEARNING in {reason.code for reason in decision.of("c").reasons}


def test_few_agents_are_paced_toward_progressive() -> None:
    told = [
        experienced().plan(PacingView(agents(idle=1, talking=number - 1), (campaign(),)), NOW).of("c")
        for number in (1, 2, 3, 5)
    ]
    tolerances = [each.tolerance for each in told]
    assert tolerances[0] == 0
    assert tolerances == sorted(tolerances)
    assert all(each.total >= 1 for each in told)  # never below progressive
    assert PacingReason.FEW_AGENTS in {reason.code for reason in told[1].reasons}


def test_no_more_records_than_there_are() -> None:
    scarce = replace(campaign(), cells=(PacedCell("all", records=2),))
    decision = experienced().plan(PacingView(agents(idle=9), (scarce,)), NOW)
    assert decision.of("c").total == 2
    assert [reason.code for reason in decision.of("c").reasons] == [PacingReason.NO_RECORDS]


def test_the_inbound_reserve_is_not_dialled_for() -> None:
    people = agents(idle=6, talking=14)
    kept = [replace(agent, state=AgentMoment.RESERVED) for agent in people[:4]] + people[4:]
    assert dialled(experienced(), kept, campaign(mode=PacingMode.PROGRESSIVE)) == 2
    assert dialled(experienced(), kept, campaign()) < dialled(experienced(), people, campaign())


def test_an_agent_is_left_alone_for_her_pause() -> None:
    fresh = [replace(agent, since=NOW - 3 * SECOND) for agent in agents(idle=4)]
    pausing = experienced(PacingRules(pause_seconds=5, occupancy_ceiling=1))
    assert dialled(pausing, fresh, campaign(mode=PacingMode.PROGRESSIVE)) == 0
    told = pausing.plan(PacingView(fresh, (campaign(),)), NOW).of("c")
    assert told.total > 0  # they will have rested before a dial placed now is answered
    assert PacingReason.RESTING in {reason.code for reason in told.reasons}
    assert dialled(pausing, agents(idle=4), campaign(mode=PacingMode.PROGRESSIVE)) == 4


def test_the_occupancy_ceiling_lengthens_the_pause() -> None:
    decision = experienced(PacingRules(occupancy_ceiling=0.88)).plan(PacingView(agents(idle=2), (campaign(),)), NOW)
    assert decision.rest_seconds == pytest.approx(150 * (1 / 0.88 - 1), rel=0.1)


def test_a_record_is_dialled_only_against_agents_who_may_serve_it() -> None:
    zh, en, both = frozenset({"zh"}), frozenset({"en"}), frozenset({"zh", "en"})
    two = replace(campaign(mode=PacingMode.PROGRESSIVE), cells=(PacedCell("zh"), PacedCell("en")))

    def by_cell(people: list[PacedAgent]) -> dict[str, int]:
        return dict(experienced().plan(PacingView(people, (two,)), NOW).dials.get("c", {}))

    assert by_cell(agents(idle=3, cells=zh)) == {"zh": 3}
    found = by_cell(
        agents(idle=2, cells=zh, name="z") + agents(idle=1, cells=en, name="e") + agents(idle=1, cells=both, name="b")
    )
    # One person speaks both: she is counted once, whichever language takes her.
    assert sum(found.values()) == 4
    assert found["zh"] <= 3
    assert found["en"] <= 2


def test_campaigns_share_agents_by_priority_then_by_weight() -> None:
    people = agents(idle=6)
    first, second = campaign("x", PacingMode.PROGRESSIVE), campaign("y", PacingMode.PROGRESSIVE)
    pacer = experienced(names=("x", "y"))

    def shares(*campaigns: PacedCampaign) -> dict[str, int]:
        decision = pacer.plan(PacingView(people, campaigns), NOW)
        return {name: sum(cells.values()) for name, cells in decision.dials.items()}

    assert shares(first, second) == {"x": 3, "y": 3}
    assert shares(replace(first, priority=1), second) == {"x": 6}
    assert shares(replace(first, weight=2.0), second) == {"x": 4, "y": 2}


def test_what_it_knows_survives_a_restart() -> None:
    pacer, people = experienced(), agents(idle=4, talking=16)
    again = Pacer(BENCH, json.loads(json.dumps(pacer.saved())))
    assert dialled(again, people, campaign()) == pytest.approx(dialled(pacer, people, campaign()), abs=1)
    assert PacingReason.LEARNING not in {
        r.code for r in again.plan(PacingView(people, (campaign(),)), NOW).of("c").reasons
    }


def test_when_nobody_answers_any_more_it_is_progressive_and_does_not_dial_thousands() -> None:
    """Trunks lost: every dial fails at once. The way back is open too."""
    pacer, people = experienced(), agents(idle=20)
    for n in range(300):
        pacer.observe_unanswered("c", 3 * SECOND, NOW + n * SECOND)
    later = PacingView(people, (campaign(),))
    assert pacer.plan(later, NOW + 300 * SECOND).of("c").total == 20
    for n in range(300, 500):
        if n % 4 == 0:
            pacer.observe_answered("c", 9 * SECOND, NOW + n * SECOND)
        else:
            pacer.observe_unanswered("c", 23 * SECOND, NOW + n * SECOND)
    assert 20 < pacer.plan(later, NOW + 540 * SECOND).of("c").total < 100
