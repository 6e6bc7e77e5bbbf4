"""The abandonment ledger: figures do not depend on how the facts came, and every edge of the two seconds is where the rules say."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.outbound.domain.abandonment import (
    DAY_WINDOW,
    MONTH_WINDOW,
    ORIGINS,
    AbandonmentFact,
    AbandonmentFigures,
    AbandonmentLedger,
    ClockOrigin,
    Counts,
    WhoAnswered,
    folded,
    wilson,
)
from services.outbound.domain.budget import budget_of, tightest
from services.outbound.domain.compliance import budget_spent
from services.outbound.domain.contact_ledger import DAY
from services.outbound.ruleset_documents import shipped
from shared.contracts.dial_results import AttemptAnswered, AttemptConnected, AttemptEnded, AttemptRang
from tests.unit.outbound.asking import SECOND, moment

NOON = moment("2026-06-01 12:00")
CAMPAIGN: Any = {"campaign": "spring", "gateway_id": "g1"}
By = Literal["person", "machine", "fax"]


def answered(attempt: str, at: int, by: By | None = None, began: int | None = None, ended: int | None = None):
    return AttemptAnswered(
        attempt, connected_at=at, by=by, greeting_began_at=began, greeting_ended_at=ended, **CAMPAIGN
    )


def connected(attempt: str, at: int):
    return AttemptConnected(attempt, at=at, agent_id="a1", **CAMPAIGN)


def ended(attempt: str, at: int, outcome: Any = "abandoned", reason: str | None = None):
    return AttemptEnded(attempt, outcome=outcome, at=at, reason=reason, **CAMPAIGN)


def figures(*facts: AbandonmentFact, now: int = NOON + DAY // 2, within: int = DAY_WINDOW) -> AbandonmentFigures:
    return folded("spring", facts).figures(now, within)


@pytest.mark.parametrize(("late", "abandoned"), [(0, 0), (1, 1)])
def test_two_seconds_to_the_microsecond_from_each_origin(late: int, abandoned: int) -> None:
    """Line open at 0 s, "hello" from 1 s to 2.5 s: the agent may come at 2, 3 or 4.5 s."""
    began, over = NOON + SECOND, NOON + 5 * SECOND // 2
    for n, origin in enumerate((NOON, began, over)):
        got = figures(answered("x", NOON, "person", began, over), connected("x", origin + 2 * SECOND + late))
        assert got.counts.persons == 1
        assert got.abandoned(ORIGINS[n]) == abandoned
        assert all(got.abandoned(later) == 0 for later in ORIGINS[n + 1 :])
        assert all(got.abandoned(earlier) == 1 for earlier in ORIGINS[:n])


def test_a_greeting_nobody_heard_starts_the_clock_at_the_answer() -> None:
    got = figures(answered("x", NOON), connected("x", NOON + 3 * SECOND))
    assert got.counts.abandoned == (1, 1, 1)


def test_who_hangs_up_within_two_seconds_was_not_abandoned() -> None:
    soon = figures(answered("x", NOON), ended("x", NOON + 2 * SECOND, reason="hung_up_by_customer"))
    assert (soon.counts.persons, soon.counts.abandoned) == (1, (0, 0, 0))
    late = figures(answered("x", NOON), ended("x", NOON + 2 * SECOND + 1, reason="hung_up_by_customer"))
    assert late.counts.abandoned == (1, 1, 1)
    ours = figures(answered("x", NOON), ended("x", NOON + SECOND))
    assert ours.counts.abandoned == (1, 1, 1), "we hung up: however soon"


def test_an_answer_whose_end_nobody_knows_counts_against_us() -> None:
    got = figures(answered("x", NOON), ended("x", NOON + 60 * SECOND, "unknown"))
    assert got.counts.abandoned == (1, 1, 1)


def test_what_is_not_settled_is_open() -> None:
    got = figures(answered("x", NOON))
    assert (got.counts, got.open) == (Counts(), 1)


def test_who_answered_is_the_agents_word_then_the_classifiers_then_a_person() -> None:
    assert figures(answered("x", NOON), connected("x", NOON)).counts.persons == 1
    by_agent = figures(answered("x", NOON), connected("x", NOON), WhoAnswered("x", "spring", machine=True))
    assert by_agent.counts.persons == 0
    flagged = figures(answered("x", NOON, "machine"), ended("x", NOON + SECOND, "machine"))
    assert (flagged.counts.persons, flagged.counts.machines) == (0, 1)


def test_people_taken_for_machines_count_as_abandoned_by_the_audited_rate() -> None:
    """100 people, 2 abandoned; 50 flagged as machines, all audited, 5 of them people: (2 + 5) ÷ (100 + 5)."""
    facts: list[AbandonmentFact] = []
    for n in range(100):
        late = 3 * SECOND if n < 2 else SECOND
        facts += [answered(f"p{n}", NOON + n), connected(f"p{n}", NOON + n + late)]
    for n in range(50):
        facts += [answered(f"m{n}", NOON + n, "machine"), ended(f"m{n}", NOON + n + SECOND, "machine")]
        facts.append(WhoAnswered(f"m{n}", "spring", machine=n >= 5, audited=True))
    got = figures(*facts)
    assert got.rate(ClockOrigin.CONNECTED) == pytest.approx(2 / 100)
    adjusted = got.adjusted_rate(ClockOrigin.CONNECTED)
    assert adjusted.value == pytest.approx(7 / 105)
    assert adjusted.low < adjusted.value < adjusted.high
    assert got.budget_left(ClockOrigin.CONNECTED, 0.03) == pytest.approx(1)


def test_machines_nobody_audited_may_all_be_people() -> None:
    got = figures(answered("x", NOON, "machine"), ended("x", NOON + SECOND, "machine"))
    assert got.adjusted_rate(ClockOrigin.CONNECTED).high == 1.0


def test_the_interval_is_wilsons() -> None:
    """10 of 100: 5.52 % to 17.44 % (the textbook's)."""
    share = wilson(10, 100)
    assert (round(share.low, 4), round(share.high, 4)) == (0.0552, 0.1744)
    assert wilson(0, 0).high == 1.0


@pytest.mark.parametrize("within", [DAY_WINDOW, MONTH_WINDOW])
def test_windows_roll_to_the_microsecond(within: int) -> None:
    facts = [answered("x", NOON), connected("x", NOON + 3 * SECOND)]
    assert figures(*facts, now=NOON, within=within).counts.persons == 1
    assert figures(*facts, now=NOON - 1, within=within).counts.persons == 0
    assert figures(*facts, now=NOON + within - 1, within=within).counts.persons == 1
    assert figures(*facts, now=NOON + within, within=within).counts.persons == 0


def test_other_campaigns_are_none_of_it() -> None:
    ledger = AbandonmentLedger("winter")
    ledger.absorb(answered("x", NOON))
    assert ledger.figures(NOON, DAY_WINDOW) == AbandonmentFigures(Counts())


def one_abandoned_of(count: int, which: int, every: int = SECOND) -> list[AbandonmentFact]:
    facts: list[AbandonmentFact] = []
    for n in range(count):
        at = NOON + n * every
        facts += [answered(f"p{n}", at), connected(f"p{n}", at + (3 * SECOND if n == which else 0))]
    return facts


def worst(facts: list[AbandonmentFact], *ends: int) -> tuple[int, float] | None:
    found = folded("spring", facts).worst(ends, DAY_WINDOW, lambda figures: figures.rate(ClockOrigin.CONNECTED))
    return None if found is None else (found[0], found[1].rate(ClockOrigin.CONNECTED))


def test_a_day_is_measured_when_it_is_over() -> None:
    """One abandoned of a hundred is 1 %, though it was 1 of 1 when it happened; the day after nobody answered."""
    facts = one_abandoned_of(100, 0)
    assert worst(facts, NOON + DAY // 2, NOON + 3 * DAY) == (NOON + DAY // 2, 0.01)
    assert worst(facts, NOON + 3 * DAY) is None


def test_the_worst_day_is_found() -> None:
    """A call an hour for three days, the 40th abandoned: the second day has 1 of 24."""
    hour = DAY // 24
    ends = [NOON + n * DAY - 1 for n in (1, 2, 3)]
    assert worst(one_abandoned_of(72, 40, hour), *ends) == (ends[1], 1 / 24)


@st.composite
def histories(draw: st.DrawFn) -> list[AbandonmentFact]:
    """The facts of a few attempts, whole or in part, over more than a month."""
    facts: list[AbandonmentFact] = []
    for n in range(draw(st.integers(1, 12))):
        attempt, at = f"x{n}", NOON + draw(st.integers(0, 40 * DAY))
        facts.append(AttemptRang(attempt, placed_at=at - 9 * SECOND, **CAMPAIGN))
        if draw(st.booleans()):
            began = draw(st.none() | st.integers(at, at + 3 * SECOND))
            over = None if began is None else draw(st.none() | st.integers(began, began + 3 * SECOND))
            facts.append(answered(attempt, at, draw(st.sampled_from([None, "person", "machine"])), began, over))
        if draw(st.booleans()):
            facts.append(connected(attempt, at + draw(st.integers(0, 9 * SECOND))))
        if draw(st.booleans()):
            outcome = draw(st.sampled_from(["talked", "abandoned", "machine", "unknown"]))
            reason = draw(st.sampled_from([None, "hung_up_by_customer"]))
            facts.append(ended(attempt, at + draw(st.integers(0, 99 * SECOND)), outcome, reason))
        if draw(st.booleans()):
            facts.append(WhoAnswered(attempt, "spring", draw(st.booleans()), audited=draw(st.booleans())))
    return facts


@settings(max_examples=60)
@given(histories(), st.randoms(use_true_random=False), st.lists(st.integers(NOON - DAY, NOON + 75 * DAY), max_size=4))
def test_shuffled_repeated_and_replayed_facts_give_identical_figures(
    facts: list[AbandonmentFact], random: Any, asked_at: list[int]
) -> None:
    once = folded("spring", facts)
    shuffled = [*facts, *random.choices(facts, k=len(facts))]
    random.shuffle(shuffled)
    live = AbandonmentLedger("spring")
    for n, fact in enumerate(shuffled):
        live.absorb(fact)
        if n % 3 == 0:  # asked in between, as it is in service: what is kept of sums must not go stale
            live.figures(NOON + DAY, DAY_WINDOW)
    for now in [*asked_at, NOON + 41 * DAY]:
        for within in (DAY_WINDOW, MONTH_WINDOW):
            assert live.figures(now, within) == once.figures(now, within)
            assert once.figures(now, within).counts == _counted_by_hand(facts, now, within)


def _counted_by_hand(facts: list[AbandonmentFact], now: int, within: int) -> Counts:
    """The same figures from a plain scan of the facts."""
    persons, machines, audited, falsely, lost = 0, 0, 0, 0, [0, 0, 0]
    for start in (fact for fact in facts if isinstance(fact, AttemptAnswered)):
        own = [fact for fact in facts if fact.attempt_id == start.attempt_id]
        agent = [fact.at for fact in own if isinstance(fact, AttemptConnected)]
        end = [fact for fact in own if isinstance(fact, AttemptEnded)]
        word = [fact for fact in own if isinstance(fact, WhoAnswered)]
        if not now - within < start.connected_at <= now or not (agent or end):
            continue
        detected = start.by == "machine" or any(fact.outcome == "machine" for fact in end)
        flagged = detected and not agent
        checked = bool(word) and word[0].audited
        machine = word[0].machine if word else detected
        audited += detected and checked
        if flagged and (machine or not checked):
            machines += 1
            continue
        if machine:
            continue
        falsely += detected and checked
        if flagged:
            machines += 1
            continue
        persons += 1
        began = start.connected_at if start.greeting_began_at is None else start.greeting_began_at
        over = began if start.greeting_ended_at is None else start.greeting_ended_at
        for n, origin in enumerate((start.connected_at, began, over)):
            if agent:
                lost[n] += agent[0] > origin + 2 * SECOND
            else:
                left = end[0].reason == "hung_up_by_customer" and end[0].at <= origin + 2 * SECOND
                lost[n] += not left
    return Counts(persons, (lost[0], lost[1], lost[2]), machines, audited, falsely)


def test_what_is_forgotten_is_in_no_window() -> None:
    facts: list[AbandonmentFact] = []
    for n in range(40):
        facts += [answered(f"d{n}", NOON + n * DAY), connected(f"d{n}", NOON + n * DAY)]
    ledger = folded("spring", facts)
    now = NOON + 39 * DAY
    before = ledger.figures(now, MONTH_WINDOW)
    ledger.forget(now - MONTH_WINDOW + 1)
    assert ledger.figures(now, MONTH_WINDOW) == before
    ledger.absorb(answered("new", now + SECOND))
    ledger.absorb(connected("new", now + SECOND))
    assert ledger.figures(now + SECOND, MONTH_WINDOW).counts.persons == before.counts.persons + 1


def test_a_budget_is_spent_by_the_gates_own_measure() -> None:
    """The planner goes one to one exactly where the gate would refuse."""
    us, uk = shipped()["us"], shipped()["uk"]
    for lost in range(6):
        month = AbandonmentFigures(Counts(100, (lost, lost, lost)))
        assert budget_spent([us], {MONTH_WINDOW: month}) is (lost > 3)
        assert budget_spent([us, uk], {DAY_WINDOW: month}) is (lost > 3)
    assert not budget_spent([shipped()["restraint"]], {})


def test_what_is_left_is_told_of_the_tightest_window_the_rules_name() -> None:
    us, uk = shipped()["us"], shipped()["uk"]
    windows = {
        MONTH_WINDOW: AbandonmentFigures(Counts(400, (4, 4, 4))),
        DAY_WINDOW: AbandonmentFigures(Counts(100, (2, 2, 2))),
    }
    for rulesets, within, left in (
        ([us], MONTH_WINDOW, 8),
        ([uk], DAY_WINDOW, 1),
        ([us, uk], DAY_WINDOW, 1),
        ([], MONTH_WINDOW, 8),
    ):
        window = tightest(rulesets, budget_of(rulesets, windows, 0.03))
        assert (window.within, window.left) == (within, pytest.approx(left))
