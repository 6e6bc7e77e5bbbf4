"""What becomes of a record after each outcome, and in which order records are dialled."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.outbound.domain.answering import AnswerCell, AnswerChances, part_of_day
from services.outbound.domain.best_time import HOUR
from services.outbound.domain.ordering import (
    DialTurn,
    dial_rank,
    dial_turn,
    dial_worth,
    explained,
    place_told,
    rank_told,
)
from services.outbound.domain.outcomes import DialOutcome
from services.outbound.domain.records import DialRecord, ReachableNumber, RecordState
from services.outbound.domain.recycling import DEFAULT_RULES, MINUTE, RecyclingPlan, recycle

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = int(datetime(2026, 11, 23, 2, tzinfo=UTC).timestamp()) * 1_000_000  # Monday 10:00 in Shanghai


def record(numbers: int = 1, **fields: Any) -> DialRecord:
    reachable = tuple(ReachableNumber(f"+86138000000{n}", f"k{n}", ("Asia/Shanghai",)) for n in range(numbers))
    fields = {"number_index": 0, "attempts": 1, **fields}
    return DialRecord(fields.pop("record_id", "r-1"), "l-1", "p-1", reachable, state=RecordState.DIALLING, **fields)


def test_every_outcome_has_a_rule() -> None:
    assert set(DEFAULT_RULES) == set(DialOutcome) - {DialOutcome.ANSWERED_PERSON}


def test_who_was_spoken_with_is_done_unless_the_agent_wants_more_and_then_thrice_at_most() -> None:
    assert recycle(record(), DialOutcome.ANSWERED_PERSON, NOW).state is RecordState.DONE
    again = recycle(record(contacts=1), DialOutcome.ANSWERED_PERSON, NOW, again=True)
    assert (again.state, again.not_before) == (RecordState.RESTING, NOW + 24 * HOUR)
    last = recycle(record(contacts=2), DialOutcome.ANSWERED_PERSON, NOW, again=True)
    assert (last.state, last.reason) == (RecordState.DONE, "contacts")


def test_unanswered_it_is_tried_in_another_part_of_the_day() -> None:
    next_try = recycle(record(), DialOutcome.NO_ANSWER, NOW)
    assert next_try.not_before is not None
    assert next_try.not_before >= NOW + 3 * HOUR
    assert part_of_day(AnswerCell.at(next_try.not_before, SHANGHAI).hour) != part_of_day(10)


def test_late_in_the_evening_the_next_part_is_the_morning() -> None:
    evening = NOW + 10 * HOUR  # 20:00
    next_try = recycle(record(), DialOutcome.NO_ANSWER, evening)
    assert next_try.not_before is not None
    assert AnswerCell.at(next_try.not_before, SHANGHAI).hour == 8


def test_what_is_known_of_answering_chooses_the_hour() -> None:
    known = AnswerChances()
    for n in range(400):
        outcome = DialOutcome.ANSWERED_PERSON if n % 2 else DialOutcome.NO_ANSWER
        known.observe(AnswerCell(19, n % 7), outcome, NOW)
        known.observe(AnswerCell(14, n % 7), DialOutcome.NO_ANSWER, NOW)
    next_try = recycle(record(), DialOutcome.NO_ANSWER, NOW, chances=known)
    assert next_try.not_before is not None
    assert AnswerCell.at(next_try.not_before, SHANGHAI).hour == 19


def test_busy_is_tried_soon_and_each_time_twice_as_late() -> None:
    rests = [recycle(record(outcomes={"busy": times}), DialOutcome.BUSY, NOW).not_before for times in range(4)]
    assert rests == [NOW + minutes * MINUTE for minutes in (5, 10, 20, 40)]


@pytest.mark.parametrize("outcome", [DialOutcome.SIT_VACANT, DialOutcome.SIT_INTERCEPT, DialOutcome.FAX])
def test_a_dead_number_gives_way_to_the_next_at_once(outcome: DialOutcome) -> None:
    following = recycle(record(2), outcome, NOW)
    assert (following.state, following.number_index) == (RecordState.WAITING, 1)
    last = recycle(record(2, number_index=1), outcome, NOW)
    assert (last.state, last.reason) == (RecordState.DONE, outcome)


def test_after_three_tries_the_next_number_then_done() -> None:
    assert recycle(record(2, outcomes={"no_answer": 1}), DialOutcome.NO_ANSWER, NOW).number_index == 0
    assert recycle(record(2, outcomes={"no_answer": 2}), DialOutcome.NO_ANSWER, NOW).number_index == 1
    end = recycle(record(2, number_index=1, outcomes={"no_answer": 5}, attempts=6), DialOutcome.NO_ANSWER, NOW)
    assert (end.state, end.reason) == (RecordState.DONE, "no_answer")


def test_no_mixture_of_outcomes_goes_on_for_ever() -> None:
    outcomes = [outcome for outcome in DEFAULT_RULES if outcome is not DialOutcome.CANCELLED]
    now, state, dials = NOW, record(3), 1
    while (end := recycle(state, outcome := outcomes[dials % len(outcomes)], now)).state is not RecordState.DONE:
        dials += 1
        counted = {**state.outcomes, outcome.value: state.outcomes.get(outcome.value, 0) + 1}
        state = record(3, number_index=end.number_index, outcomes=counted, attempts=state.attempts + 1)
        now = end.not_before or now
        assert dials <= RecyclingPlan().attempts


def test_a_call_that_was_not_made_costs_nothing() -> None:
    cancelled = recycle(record(attempts=99), DialOutcome.CANCELLED, NOW)
    assert (cancelled.state, cancelled.not_before) == (RecordState.RESTING, NOW + 30 * 1_000_000)


def test_the_order_callbacks_then_priority_then_worth_then_the_id() -> None:
    ranked = [
        dial_rank(record(record_id="d", turn=DialTurn.PERSONAL_CALLBACK), 0.0),
        dial_rank(record(record_id="c", turn=DialTurn.ANYONES_CALLBACK, priority=9), 9.0),
        dial_rank(record(record_id="b", priority=5), 0.1),
        dial_rank(record(record_id="e", priority=1), dial_worth(0.4, 1000)),
        dial_rank(record(record_id="a", priority=1), dial_worth(0.3, 1000)),
        dial_rank(record(record_id="f", priority=1), dial_worth(0.3, 1000)),
    ]
    assert sorted(ranked, reverse=True)[::-1] == ranked


def test_the_turn_and_its_words() -> None:
    assert dial_turn(callback=True, agent_id="a-1") is DialTurn.PERSONAL_CALLBACK
    assert dial_turn(callback=True, agent_id=None) is DialTurn.ANYONES_CALLBACK
    assert dial_turn(callback=False, agent_id=None) is DialTurn.CAMPAIGN
    rank = dial_rank(record(priority=3), dial_worth(0.25, 400, 1.5))
    assert explained(rank, 0.25, 1.5, 400) == {
        "turn": "campaign", "priority": 3, "chance_of_answer": 0.25, "success": 1.5, "value": 400, "worth": 150.0,
    }  # fmt: skip
    told = rank_told(rank, 0.25, 1.5, 400, learned=True)
    assert told.en == (
        "Its rank: the campaign's own order; priority 3; worth 1.5 = chance of an answer this hour 25% (learned in this campaign)"
        " × success 1.50 times the usual × value 4.00."
    )
    assert [place_told(n, 1000).en for n in (0, 1, 7, 1000)] == [
        "It is the next one.", "One record comes before it.", "7 records come before it.", "1000 records or more come before it.",
    ]  # fmt: skip
    assert dial_worth(0.25, 0) == 0.25  # without values the chances order
