"""From a calendar as written to when it is open: holidays, make-up workdays, single days, and the clock changes.

The core is given the result, journaled with the policy or as `HoursExpanded`; so it needs neither a time zone nor a list
of holidays, and a replay years later finds the hours as they were.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.router.domain.inputs import Intervals
from services.router.domain.policy.document import PolicyErrors
from services.router.domain.policy.hours import DAY_MINUTES, WEEKDAYS, Calendar, minutes_of
from services.router.domain.policy.model import Policy
from shared.contracts.fields import SECOND
from shared.public_days import days_of_year

HORIZON_DAYS: Final = 62
"""How far hours are computed ahead."""
REFRESH_DAYS: Final = 31
"""Computed anew when less than this is left."""
DAY: Final = 86_400 * SECOND
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def check_calendars(policy: Policy) -> None:
    """Raises PolicyErrors for time zones and countries this installation does not know."""
    faults: list[tuple[str, str]] = []
    zones = {"time_zone": policy.time_zone}
    for calendar in policy.calendars.values():
        path = f"calendars.{calendar.id}"
        zones[f"{path}.time_zone"] = calendar.time_zone
        if calendar.holidays is not None and days_of_year(calendar.holidays, 2026) is None:
            faults.append((f"{path}.holidays", f"no public holidays are known for {calendar.holidays!r}"))
    for path, zone in zones.items():
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            faults.append((path, f"time zone {zone!r} does not exist"))
    if faults:
        raise PolicyErrors(faults)


def row_of(calendar: Calendar, day: date) -> tuple[str, ...]:
    """The intervals that begin on a day of the calendar's own time zone."""
    written = calendar.exceptions.get(day.isoformat())
    if written is not None:
        return written
    public = None if calendar.holidays is None else days_of_year(calendar.holidays, day.year)
    if public is not None and day in public.worked:
        return calendar.week.get(calendar.make_up_as, ())
    if public is not None and day in public.off:
        return ()
    return calendar.week.get(WEEKDAYS[day.weekday()], ())


def expand(calendar: Calendar, from_us: int, days: int) -> Intervals:
    """When the calendar is open from `from_us` on for `days` days, µs; an interval under way is given whole."""
    until = from_us + days * DAY
    return _merged(pair for pair in _raw(calendar, from_us, until) if pair[1] > from_us and pair[0] < until)


def hours_of(policy: Policy, now: int) -> tuple[Mapping[str, Intervals], int]:
    """When each calendar is open, and up to when that is known (0: there are no calendars)."""
    if not policy.calendars:
        return {}, 0
    hours = {name: expand(calendar, now, HORIZON_DAYS) for name, calendar in policy.calendars.items()}
    return hours, now + HORIZON_DAYS * DAY


def _raw(calendar: Calendar, from_us: int, until: int) -> Iterator[tuple[int, int]]:
    zone = ZoneInfo(calendar.time_zone)
    day = (_EPOCH + timedelta(microseconds=from_us)).astimezone(zone).date() - timedelta(days=1)
    last = (_EPOCH + timedelta(microseconds=until)).astimezone(zone).date()
    while day <= last:
        for interval in row_of(calendar, day):
            opens, closes = (_instant(day, minute, zone) for minute in minutes_of(interval))
            if closes > opens:  # an interval may fall wholly into the hour the clocks leave out
                yield opens, closes
        day += timedelta(days=1)


def _instant(day: date, minute: int, zone: ZoneInfo) -> int:
    """A wall-clock time as absolute time. A time the clocks skip is when they have; of a repeated one, the first."""
    over, minute = divmod(minute, DAY_MINUTES)
    day += timedelta(days=over)
    wall = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone)
    back = wall.astimezone(UTC).astimezone(zone)
    if back.replace(tzinfo=None) != wall.replace(tzinfo=None):  # skipped: the moment of the change
        wall = _end_of_gap(wall, zone)
    return (wall.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)


def _end_of_gap(wall: datetime, zone: ZoneInfo) -> datetime:
    """The moment the clocks jumped over `wall`."""
    before = wall.replace(fold=1).astimezone(UTC)  # the offsets around a gap: fold=1 reads it by the later one
    after = wall.replace(fold=0).astimezone(UTC)
    low, high = min(before, after), max(before, after)
    offset = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0).astimezone(zone)


def _merged(intervals: Iterable[tuple[int, int]]) -> Intervals:
    found: list[tuple[int, int]] = []
    for opens, closes in sorted(intervals):
        if found and opens <= found[-1][1]:
            found[-1] = (found[-1][0], max(closes, found[-1][1]))
        else:
            found.append((opens, closes))
    return tuple(found)
