"""A campaign's own hours and caps are rules like any other."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from services.outbound.domain.contact_ledger import DAY
from services.outbound.domain.own_rules import own_rules
from services.outbound.domain.rulesets import CapRule, WindowRule
from services.outbound.domain.windows import closed_zone, microseconds, next_open

SHANGHAI = ZoneInfo("Asia/Shanghai")
CHOSEN_AT = microseconds(datetime(2026, 11, 1, tzinfo=UTC))


def at(hour: int, minute: int = 0) -> int:
    """A moment of Monday, 2 November 2026 in Shanghai."""
    return microseconds(datetime(2026, 11, 2, hour, minute, tzinfo=SHANGHAI))


def test_nothing_chosen_is_no_ruleset() -> None:
    assert own_rules({}, {}, CHOSEN_AT) is None


def test_hours_are_of_the_clock_of_who_is_called() -> None:
    own = own_rules({"mon": [["09:00", "12:00"], ["14:00", "24:00"]]}, {}, CHOSEN_AT)
    assert own is not None
    (hours,) = own.rules
    assert isinstance(hours, WindowRule)
    inside = {
        moment: closed_zone(hours.window, [SHANGHAI], at(*moment)) is None
        for moment in ((8, 59), (9, 0), (12, 0), (14, 0), (23, 59))
    }
    assert inside == {(8, 59): False, (9, 0): True, (12, 0): False, (14, 0): True, (23, 59): True}
    assert closed_zone(hours.window, [SHANGHAI], at(10) + DAY) is not None, "a day not named is closed"


def test_days_off_are_days_of_who_is_called() -> None:
    own = own_rules({}, {}, CHOSEN_AT, ["2026-11-02"])
    assert own is not None
    (off,) = own.rules
    assert isinstance(off, WindowRule)
    assert off.clause.id == "own.days_off"
    assert closed_zone(off.window, [SHANGHAI], at(0)) is not None
    assert closed_zone(off.window, [SHANGHAI], at(0) - 1) is None
    assert next_open(off.window, [SHANGHAI], at(15)) == at(0) + DAY


def test_caps_count_the_person_over_a_rolling_window_and_say_whose_choice_they_are() -> None:
    own = own_rules({}, {"24h": 2, "30d": 4}, CHOSEN_AT)
    assert own is not None
    caps = [(rule.at_most, rule.within) for rule in own.rules if isinstance(rule, CapRule)]
    assert caps == [(2, DAY), (4, 30 * DAY)]
    assert {rule.clause.dated for rule in own.rules} == {date(2026, 11, 1)}
    assert all("operator" in rule.clause.source for rule in own.rules)
