"""Calling windows at their edges: to the microsecond, across clock changes, in several zones at once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.outbound.domain.windows import (
    MINUTE,
    Window,
    business_days_after,
    closed_zone,
    day_ends,
    local_time,
    next_open,
    reaches,
    week_of,
    zone_of,
)
from tests.unit.outbound.asking import moment

EIGHT_TO_NINE = Window(week_of(dict.fromkeys(range(7), ((8 * 60, 21 * 60),))))
NEW_YORK, PARIS, LOS_ANGELES = ZoneInfo("America/New_York"), ZoneInfo("Europe/Paris"), ZoneInfo("America/Los_Angeles")
ZONES = ["America/New_York", "America/Los_Angeles", "Europe/Paris", "Europe/London", "Asia/Shanghai", "Asia/Kolkata",
         "Australia/Lord_Howe", "America/St_Johns", "Pacific/Chatham", "Asia/Beirut"]  # fmt: skip


def inside(window: Window, at: int, *zones: ZoneInfo) -> bool:
    return closed_zone(window, zones, at) is None


@pytest.mark.parametrize(
    ("clock", "is_inside"),
    [
        ("2026-06-01 07:59:59.999999", False),
        ("2026-06-01 08:00:00", True),
        ("2026-06-01 20:59:59.999999", True),
        ("2026-06-01 21:00:00", False),
    ],
)
def test_edges_to_the_microsecond(clock: str, is_inside: bool) -> None:
    assert inside(EIGHT_TO_NINE, moment(clock, "America/New_York"), NEW_YORK) is is_inside


def test_every_zone_must_hold() -> None:
    """A number of Kentucky may be in two zones: 08:30 in Louisville is 07:30 in Chicago."""
    both = (ZoneInfo("America/New_York"), ZoneInfo("America/Chicago"))
    at = moment("2026-06-01 08:30", "America/New_York")
    assert closed_zone(EIGHT_TO_NINE, both, at) == both[1]
    assert next_open(EIGHT_TO_NINE, both, at) == moment("2026-06-01 08:00", "America/Chicago")
    late = moment("2026-06-01 20:30", "America/Chicago")  # 21:30 in the other
    assert next_open(EIGHT_TO_NINE, both, late) == moment("2026-06-02 08:00", "America/Chicago")


def test_zones_that_never_agree_never_open() -> None:
    far = (ZoneInfo("Pacific/Pago_Pago"), ZoneInfo("Pacific/Kiritimati"))  # 25 hours apart: an hour beside each other
    assert next_open(Window(week_of({0: ((0, 60),)})), far, moment("2026-06-01 00:00")) is None


def test_an_hour_that_is_skipped_opens_with_the_change() -> None:
    """2026-03-08 New York goes from 02:00 to 03:00. A window from 02:30 opens when the clock first reads past it."""
    window = Window(week_of({6: ((150, 240),)}))
    change = moment("2026-03-08 07:00")
    assert not inside(window, change - 1, NEW_YORK)
    assert inside(window, change, NEW_YORK)
    assert next_open(window, [NEW_YORK], moment("2026-03-08 05:00")) == change


def test_an_hour_that_comes_twice_is_inside_twice() -> None:
    """2026-11-01 New York reads 01:00–02:00 twice; a window 01:15–01:45 opens twice that night."""
    window = Window(week_of({6: ((75, 105),)}))
    first, second = moment("2026-11-01 05:15"), moment("2026-11-01 06:15")
    assert next_open(window, [NEW_YORK], first - 1) == first
    assert next_open(window, [NEW_YORK], first + 30 * MINUTE) == second
    assert not inside(window, second + 30 * MINUTE, NEW_YORK)


def test_the_evening_after_a_change_ends_by_the_clock() -> None:
    """The day Paris gains an hour is 25 hours long; 21:00 is still 21:00."""
    closes = moment("2026-10-25 21:00", "Europe/Paris")
    assert inside(EIGHT_TO_NINE, closes - 1, PARIS)
    assert not inside(EIGHT_TO_NINE, closes, PARIS)
    assert closes - moment("2026-10-25 00:00", "Europe/Paris") == 22 * 60 * MINUTE


def test_holidays_and_weekends_are_passed_over() -> None:
    """Friday 2026-12-25 is closed in France, and so is the weekend."""
    window = Window(week_of(dict.fromkeys(range(5), ((600, 780), (840, 1200)))), closed_on_holidays=True)
    evening = moment("2026-12-24 20:00", "Europe/Paris")
    opens = next_open(window, [PARIS], evening, {date(2026, 12, 25)})
    assert opens == moment("2026-12-28 10:00", "Europe/Paris")
    lunch = moment("2026-12-28 13:00", "Europe/Paris")
    assert next_open(window, [PARIS], lunch) == moment("2026-12-28 14:00", "Europe/Paris")


def test_a_holiday_is_the_callees_day_not_ours() -> None:
    """New Year begins in Shanghai while it is still the old year in Los Angeles."""
    window = Window(EIGHT_TO_NINE.week, closed_on_holidays=True)
    at = moment("2026-12-31 09:00", "America/Los_Angeles")
    assert closed_zone(window, [LOS_ANGELES], at, {date(2027, 1, 1)}) is None
    assert closed_zone(window, [ZoneInfo("Asia/Shanghai")], at, {date(2027, 1, 1)}) is not None


intervals = st.tuples(st.integers(0, 1430), st.integers(1, 600)).map(lambda p: (p[0], min(1440, p[0] + p[1])))
weeks = st.dictionaries(st.integers(0, 6), st.lists(intervals, max_size=2).map(tuple), max_size=7).map(week_of)
# Within two days of a change of clocks, or anywhere.
near_changes = st.sampled_from(
    [moment(day) for day in ("2026-03-08", "2026-11-01", "2026-03-29", "2026-10-25", "2026-04-05", "2026-10-04")]
).flatmap(lambda at: st.integers(at - 2880 * MINUTE, at + 2880 * MINUTE))
moments = near_changes | st.integers(moment("2025-01-01"), moment("2027-12-31"))


SUNDAY_NIGHT = week_of({6: ((0, 181),)})


@example(
    SUNDAY_NIGHT, ["America/New_York"], moment("2026-03-06")
)  # the change of that night is Sunday's, not Saturday's
@example(week_of({6: ((30, 90),)}), ["Asia/Beirut"], moment("2026-03-28"))  # Beirut skips the hour after midnight
@example(week_of({5: ((1380, 1440),)}), ["Asia/Beirut"], moment("2026-10-24 20:30"))  # and reads the last one twice
@given(weeks, st.lists(st.sampled_from(ZONES), min_size=1, max_size=3, unique=True), moments)
def test_next_opening_is_the_first_moment_that_is_inside(week: tuple[object, ...], zones: list[str], at: int) -> None:
    """Against a walk from minute to minute: nothing between `at` and the answer is inside, the answer is."""
    window = Window(week)  # pyright: ignore[reportArgumentType]
    known = [zone for name in zones if (zone := zone_of(name)) is not None]
    opens = next_open(window, known, at)
    if opens is not None:
        assert closed_zone(window, known, opens) is None
        assert opens == at or closed_zone(window, known, opens - 1) is not None
    whole = at - at % MINUTE
    walked = next(
        (
            max(at, minute)
            for minute in range(whole, whole + 3 * 1440 * MINUTE, MINUTE)
            if all(_reads_inside(window, zone, minute) for zone in known)
        ),
        None,
    )
    if walked is not None:
        assert opens == walked
    else:
        assert opens is None or opens >= whole + 3 * 1440 * MINUTE


def _reads_inside(window: Window, zone: object, at: int) -> bool:
    clock = datetime.fromtimestamp(at / 1e6, UTC).astimezone(zone)  # pyright: ignore[reportArgumentType]
    minute = clock.hour * 60 + clock.minute
    return any(opens <= minute < closes for opens, closes in window.week[clock.weekday()])


def test_an_unknown_zone_is_none() -> None:
    assert zone_of("Mars/Olympus") is None
    assert zone_of("../../etc/passwd") is None


def test_local_time_is_exact() -> None:
    assert local_time(moment("2026-06-01 12:00", "America/New_York") - 1, NEW_YORK).microsecond == 999_999


def test_a_day_begins_where_it_begins_first() -> None:
    day = date(2026, 8, 11)
    assert not reaches(day, [PARIS], moment("2026-08-11 00:00", "Europe/Paris") - 1)
    assert reaches(day, [PARIS], moment("2026-08-11 00:00", "Europe/Paris"))
    assert reaches(day, [NEW_YORK, PARIS], moment("2026-08-11 00:00", "Europe/Paris")), "the earliest of several"
    assert reaches(day, [], moment("2026-08-10 10:00")), "unknown: as if it were the earliest on earth"
    assert not reaches(day, [], moment("2026-08-10 09:59:59.999999"))


@given(st.integers(moment("2025-01-01"), moment("2027-01-01")), st.integers(0, 30))
def test_business_days_end_on_a_business_day(at: int, days: int) -> None:
    ends = local_time(business_days_after(at, days, NEW_YORK) - 1, NEW_YORK)
    begins = local_time(at, NEW_YORK)
    between = [begins.date() + timedelta(n) for n in range(1, (ends.date() - begins.date()).days + 1)]
    assert sum(day.weekday() < 5 for day in between) == days


def test_ten_business_days_pass_over_a_holiday() -> None:
    """From Friday 2026-11-20; Thanksgiving is no business day."""
    at = moment("2026-11-20 15:00", "America/New_York")
    ends = business_days_after(at, 10, NEW_YORK, {date(2026, 11, 26)})
    assert ends == moment("2026-12-08 00:00", "America/New_York")


def test_days_end_by_the_clock_also_when_it_is_changed() -> None:
    """The week-end New York gains an hour: Sunday 2026-11-01 is 25 hours long."""
    since, until = moment("2026-10-31 00:00", "America/New_York") - 1, moment("2026-11-02 08:00", "America/New_York")
    assert day_ends(since, until, NEW_YORK) == [
        moment("2026-11-01 00:00", "America/New_York") - 1,
        moment("2026-11-02 00:00", "America/New_York") - 1,
        until,
    ]
    assert day_ends(since, since + 5, NEW_YORK) == [since + 5]
