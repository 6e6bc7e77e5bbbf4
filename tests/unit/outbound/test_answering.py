"""Who answers when: learned from few calls without shouting, from many without prejudice; and when to try again."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from services.outbound.domain.answering import ATTEMPTS, AnswerCell, AnswerChances, part_of_day
from services.outbound.domain.best_time import HOUR, best_time
from services.outbound.domain.outcomes import DialOutcome

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = int(datetime(2026, 11, 23, 1, tzinfo=UTC).timestamp()) * 1_000_000  # 09:00 in Shanghai
DAY = 24 * HOUR


def taught(days: int, calls: int, seed: int = 1) -> AnswerChances:
    """People at home in the evening (.5), at work in the morning (.1)."""
    draw = random.Random(seed)
    known = AnswerChances()
    for day in range(days):
        for n in range(calls):
            at = MONDAY + day * DAY + (n % 12) * HOUR
            cell = AnswerCell.at(at, SHANGHAI, 1 + n % 3)
            answers = draw.random() < (0.5 if cell.hour >= 17 else 0.1)
            known.observe(cell, DialOutcome.ANSWERED_PERSON if answers else DialOutcome.NO_ANSWER, at)
    return known


def test_nothing_known_is_the_prior_everywhere() -> None:
    known = AnswerChances()
    assert known.chance(AnswerCell(10, 2)) == pytest.approx(0.25)
    told = known.told(AnswerCell(10, 2))
    assert told.low < 0.05 < 0.6 < told.high
    assert told.dialled == 0


def test_a_few_calls_move_a_little_and_many_a_lot() -> None:
    few, many = taught(1, 12), taught(30, 120)
    cell = AnswerCell(18, 2)
    assert 0.25 < few.chance(cell) < 0.5
    assert many.chance(cell) == pytest.approx(0.5, abs=0.05)
    assert many.chance(AnswerCell(9, 2)) == pytest.approx(0.1, abs=0.04)
    assert many.told(cell).high - many.told(cell).low < few.told(cell).high - few.told(cell).low


def test_one_lucky_hour_does_not_outshine_what_a_month_says() -> None:
    known = taught(30, 60)
    for _ in range(3):
        known.observe(AnswerCell(11, 6), DialOutcome.ANSWERED_PERSON, MONDAY + 30 * DAY)
    assert known.chance(AnswerCell(11, 6)) < known.chance(AnswerCell(18, 6))


def test_a_changed_world_is_followed() -> None:
    known = taught(30, 120)
    for n in range(1200):
        known.observe(AnswerCell(9, 1), DialOutcome.ANSWERED_PERSON, MONDAY + (31 + n // 10) * DAY)
    assert known.chance(AnswerCell(9, 1)) > 0.7


def test_dead_numbers_say_nothing_of_the_hour() -> None:
    known = AnswerChances()
    for outcome in (DialOutcome.SIT_VACANT, DialOutcome.FAX, DialOutcome.FAILED, DialOutcome.CANCELLED):
        known.observe(AnswerCell(10, 2), outcome, MONDAY)
    assert known.saved()["cells"] == []


def test_saved_and_restored_it_says_the_same() -> None:
    known = taught(20, 48)
    again = AnswerChances.of(known.saved())
    assert again.saved() == known.saved()
    for cell in (AnswerCell(9, 0), AnswerCell(18, 5, 9, 9)):
        assert again.chance(cell) == pytest.approx(
            known.chance(cell), abs=0.01
        )  # the effects are refitted at 2 % growth
    assert len(known.week()) == 7
    assert known.chance(AnswerCell(9, 0, ATTEMPTS)) == known.chance(AnswerCell(9, 0, 99))


def test_parts_of_the_day() -> None:
    assert [part_of_day(hour) for hour in (0, 7, 8, 12, 16, 17, 21, 23)] == [0, 0, 1, 2, 3, 4, 5, 5]


def test_the_best_time_is_the_evening_but_not_an_evening_far_away() -> None:
    known = taught(30, 120)
    found = best_time(known, [SHANGHAI], MONDAY, 2)
    assert found is not None
    assert AnswerCell.at(found.at, SHANGHAI).hour in (17, 18, 19, 20)
    assert found.at < MONDAY + DAY
    assert found.chance > found.chance_at_once
    even = best_time(AnswerChances(), [SHANGHAI], MONDAY, 2)
    assert even is not None
    assert even.at == MONDAY  # nothing is known: at once


def test_only_allowed_moments_are_chosen_and_the_worst_zone_counts() -> None:
    known = taught(30, 120)
    morning = best_time(known, [SHANGHAI], MONDAY, 2, allowed=lambda at: AnswerCell.at(at, SHANGHAI).hour < 12)
    assert morning is not None
    assert AnswerCell.at(morning.at, SHANGHAI).hour < 12
    assert best_time(known, [SHANGHAI], MONDAY, 2, allowed=lambda _: False) is None
    assert best_time(known, [], MONDAY, 2) is None
    both = best_time(known, [SHANGHAI, ZoneInfo("Europe/Berlin")], MONDAY, 2)
    alone = best_time(known, [SHANGHAI], MONDAY, 2)
    assert both is not None
    assert alone is not None
    assert both.chance <= alone.chance


def test_the_table_says_what_the_estimate_says() -> None:
    known = taught(20, 48)
    table = known.table()
    for cell in (AnswerCell(0, 0), AnswerCell(9, 3, 2, 1), AnswerCell(23, 6, 6, 2), AnswerCell(18, 5, 99, 99)):
        assert table.chance(cell) == known.chance(cell)
