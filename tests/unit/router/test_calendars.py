"""Calendars expanded: split shifts, past midnight, the clock changes, holidays with make-up workdays, single days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.router.domain.core import PolicyErrors, parse_policy
from services.router.domain.policy.hours import WEEKDAYS, Calendar, minutes_of
from services.router.domain.policy.words import Words
from services.router.policy.calendars import DAY, HORIZON_DAYS, check_calendars, expand, hours_of, row_of
from tests.unit.router.centre import POLICY


def calendar(week: Mapping[str, tuple[str, ...]], zone: str = "Asia/Shanghai", **more: Any) -> Calendar:
    return Calendar("c", Words("c", "c"), zone, week, **more)


def us(text: str, zone: str = "UTC") -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    return int(moment.timestamp()) * 1_000_000


def local(calendar_: Calendar, since: str, days: int) -> list[str]:
    """The intervals from local midnight of a day, as local wall-clock times."""
    zone = ZoneInfo(calendar_.time_zone)
    found = expand(calendar_, us(since, calendar_.time_zone), days)
    return [
        " – ".join(datetime.fromtimestamp(at / 1e6, UTC).astimezone(zone).strftime("%m-%d %H:%M") for at in pair)
        for pair in found
    ]


EVERY_DAY = dict.fromkeys(WEEKDAYS, ("09:00-17:00",))
OFFICE = dict.fromkeys(WEEKDAYS[:5], ("09:00-12:00", "13:00-18:00"))


def test_a_split_shift_and_closed_weekend() -> None:
    assert local(calendar(OFFICE), "2026-11-20", 4) == [  # a Friday
        "11-20 09:00 – 11-20 12:00",
        "11-20 13:00 – 11-20 18:00",
        "11-23 09:00 – 11-23 12:00",
        "11-23 13:00 – 11-23 18:00",
    ]


def test_a_night_shift_belongs_to_the_day_it_begins_and_is_whole_when_under_way() -> None:
    nights = calendar({"fri": ("22:00-06:00",)})
    assert local(nights, "2026-11-21", 1) == ["11-20 22:00 – 11-21 06:00"]


def test_adjoining_intervals_become_one() -> None:
    always = calendar(dict.fromkeys(WEEKDAYS, ("24h",)))
    assert local(always, "2026-11-20", 3) == ["11-20 00:00 – 11-23 00:00"]


def test_chinas_national_day_and_its_make_up_workdays() -> None:
    days = calendar(OFFICE, holidays="CN", make_up_as="fri")
    opened = {text[:5] for text in local(days, "2026-09-19", 23)}
    assert {"09-20", "10-10"} <= opened  # a Sunday and a Saturday that are worked
    assert not opened & {"09-19", "10-01", "10-02", "10-05", "10-06", "10-07"}


def test_make_up_days_follow_the_named_row() -> None:
    days = calendar({"mon": ("08:00-20:00",), "fri": ("09:00-15:00",)}, holidays="CN", make_up_as="fri")
    assert row_of(days, date(2026, 9, 20)) == ("09:00-15:00",)


def test_what_the_administrator_writes_beats_holidays_and_week() -> None:
    days = calendar(
        OFFICE, holidays="CN", exceptions={"2026-10-01": ("10:00-12:00",), "2026-09-20": (), "2026-09-18": ()}
    )
    opened = local(days, "2026-09-18", 14)
    assert "10-01 10:00 – 10-01 12:00" in opened
    assert not [text for text in opened if text.startswith(("09-18", "09-20"))]


@pytest.mark.parametrize(
    ("day", "week", "hours"),
    [
        ("2026-03-29", ("01:00-05:00",), 3),  # Berlin leaves out 02:00–03:00
        ("2026-10-25", ("01:00-05:00",), 5),  # and repeats it in autumn
        ("2026-03-29", ("02:30-05:00",), 2),  # what begins inside the gap begins when it ends
        ("2026-03-29", ("02:10-02:50",), 0),  # what lies inside it does not happen
        ("2026-03-29", ("24h",), 23),
        ("2026-10-25", ("24h",), 25),
    ],
)
def test_the_clocks_change(day: str, week: tuple[str, ...], hours: int) -> None:
    berlin = calendar({"sun": week}, "Europe/Berlin")
    found = expand(berlin, us(day, "Europe/Berlin"), 1)
    assert sum(closes - opens for opens, closes in found) == hours * 3_600_000_000


def test_a_part_of_a_country_has_its_own_days() -> None:
    assert row_of(calendar(EVERY_DAY, holidays="DE-BY"), date(2026, 1, 6)) == ()
    assert row_of(calendar(EVERY_DAY, holidays="DE"), date(2026, 1, 6)) == ("09:00-17:00",)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"time_zone": "Asia/Atlantis"}, "time_zone"),
        ({"calendars": {"c": {"time_zone": "Mars/Olympus", "week": {}}}}, "calendars.c.time_zone"),
        ({"calendars": {"c": {"holidays": "XX", "week": {}}}}, "calendars.c.holidays"),
        ({"calendars": {"c": {"holidays": "DE-XX", "week": {}}}}, "calendars.c.holidays"),
    ],
)
def test_what_this_installation_does_not_know_is_told(change: dict[str, Any], path: str) -> None:
    with pytest.raises(PolicyErrors) as refused:
        check_calendars(parse_policy(POLICY | change))
    assert path in [where for where, _ in refused.value.errors]


def test_hours_of_a_policy_reach_as_far_as_they_say() -> None:
    now = us("2026-11-20")
    hours, until = hours_of(parse_policy(POLICY | {"calendars": {"c": {"week": {"mon-sun": "24h"}}}}), now)
    assert until == now + HORIZON_DAYS * DAY
    assert hours["c"][0][0] <= now < until <= hours["c"][-1][1]
    assert hours_of(parse_policy(POLICY), now) == ({}, 0)


MINUTE = st.integers(0, 1439).map(lambda m: f"{m // 60:02d}:{m % 60:02d}")
INTERVAL = st.tuples(MINUTE, MINUTE).filter(lambda pair: pair[0] != pair[1]).map("-".join)
WEEK = st.dictionaries(st.sampled_from(WEEKDAYS), st.lists(INTERVAL, max_size=3).map(tuple))


@given(WEEK, st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
       st.integers(0, 365), st.integers(0, 1439))  # fmt: skip
def test_open_is_what_a_clock_on_the_wall_says(
    week: dict[str, tuple[str, ...]], zone: str, day: int, minute: int
) -> None:
    """Against the obvious: is the minute on the wall inside a row of today, or of yesterday past midnight?"""
    given_ = calendar(week, zone)
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day, minutes=minute)
    wall = moment.astimezone(ZoneInfo(zone))
    if wall.utcoffset() != (moment - timedelta(days=2)).astimezone(ZoneInfo(zone)).utcoffset():
        return  # around a change of the clocks the cases above hold
    now = wall.hour * 60 + wall.minute
    today, yesterday = (given_.week.get(WEEKDAYS[(wall.weekday() - back) % 7], ()) for back in (0, 1))
    expected = any(a <= now < b for a, b in map(minutes_of, today))
    expected |= any(a <= now + 1440 < b for a, b in map(minutes_of, yesterday))
    at = int(moment.timestamp()) * 1_000_000
    assert any(a <= at < b for a, b in expand(given_, at, 2)) == expected


@given(WEEK, st.integers(0, 3_000))
def test_intervals_are_in_order_and_apart(week: dict[str, tuple[str, ...]], day: int) -> None:
    found = expand(calendar(week, "Europe/Berlin"), day * DAY, HORIZON_DAYS)
    flat = [at for pair in found for at in pair]
    assert flat == sorted(set(flat))
