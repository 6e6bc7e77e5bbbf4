"""Days are as long as the clocks of the zone say."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from services.router.domain.reporting.rows import QUARTER
from services.router.reporting.periods import TooLong, periods, today
from shared.contracts.fields import SECOND

HOUR = 3600 * SECOND


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Asia/Shanghai", date(2026, 11, 22), 24),
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("America/Santiago", date(2026, 9, 6), 23),  # clocks skip midnight itself
        ("Asia/Kathmandu", date(2026, 11, 22), 24),  # + 5:45
    ],
)
def test_a_day_is_as_long_as_its_clocks_say(zone: str, day: date, hours: int) -> None:
    whole = periods(day, day, "day", ZoneInfo(zone))
    assert whole.end - whole.start == hours * HOUR
    halves = periods(day, day, "30", ZoneInfo(zone))
    assert len(halves.beginnings) == 2 * hours
    assert all(at % QUARTER == 0 for at in halves.beginnings)
    assert halves.of(1)[0] == whole.start
    assert halves.of(len(halves.beginnings))[1] == whole.end


def test_the_repeated_hour_is_told_apart_by_its_offset() -> None:
    hours = periods(date(2026, 10, 25), date(2026, 10, 25), "60", ZoneInfo("Europe/Berlin"))
    names = [hours.local(at) for at in hours.beginnings]
    assert names[2:4] == ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"]


def test_several_days_follow_each_other() -> None:
    days = periods(date(2026, 10, 24), date(2026, 10, 26), "day", ZoneInfo("Europe/Berlin"))
    assert [(days.of(n)[1] - days.of(n)[0]) // HOUR for n in (1, 2, 3)] == [24, 25, 24]
    assert len(periods(date(2026, 10, 24), date(2026, 10, 26), "total", ZoneInfo("Europe/Berlin")).beginnings) == 1


def test_too_much_at_once_is_refused() -> None:
    with pytest.raises(TooLong):
        periods(date(2025, 1, 1), date(2026, 12, 31), "day", ZoneInfo("UTC"))
    with pytest.raises(ValueError, match="before"):
        periods(date(2026, 1, 2), date(2026, 1, 1), "day", ZoneInfo("UTC"))


def test_today_is_the_zones() -> None:
    evening = 1_795_366_800 * SECOND  # 2026-11-22 17:00 UTC
    assert today(evening, ZoneInfo("Asia/Shanghai")) == date(2026, 11, 23)
    assert today(evening, ZoneInfo("America/New_York")) == date(2026, 11, 22)
