"""When a person may be called, by their own clocks. A number may be in several time zones, and the address names another: the
window must hold in all of them, because nobody knows which one the telephone is in.

A moment is inside by what the wall clock there reads, so nothing special happens when clocks are changed: an hour that is
skipped is never read, an hour that comes twice is inside twice. Times are µs since 1970 UTC; a window is half-open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAY_MINUTES: Final = 1440
MINUTE: Final = 60_000_000
HORIZON_DAYS: Final = 62
"""How far ahead an opening is looked for: longer than any row of holidays."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Window:
    """A week of intervals [from, to) in minutes of the local day, Monday first; `holidays` closed altogether where named, and
    local days of `closed_on`."""

    week: tuple[tuple[tuple[int, int], ...], ...]
    closed_on_holidays: bool = False
    closed_on: frozenset[date] = frozenset()

    def holds(self, local: datetime, holidays: AbstractSet[date]) -> bool:
        """Whether a wall clock reading is inside."""
        if local.date() in self.closed_on or (self.closed_on_holidays and local.date() in holidays):
            return False
        since_midnight = (
            local.hour * 60 + local.minute
        )  # the rest of the minute is within it: the ends are whole minutes
        return any(opens <= since_midnight < closes for opens, closes in self.week[local.weekday()])


@lru_cache(maxsize=1024)
def zone_of(name: str) -> tzinfo | None:
    """The IANA zone, or None: there is none of this name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def local_time(at: int, zone: tzinfo) -> datetime:
    """What the wall clock reads in a zone, exact to the microsecond."""
    return (_EPOCH + timedelta(microseconds=at)).astimezone(zone)


def microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def closed_zone(
    window: Window, zones: Sequence[tzinfo], at: int, holidays: AbstractSet[date] = frozenset()
) -> tzinfo | None:
    """The first zone in which the window does not hold, or None: it holds in all. No zone at all never holds: the caller
    refuses that before."""
    return next((zone for zone in zones if not window.holds(local_time(at, zone), holidays)), None)


def next_open(
    window: Window, zones: Sequence[tzinfo], at: int, holidays: AbstractSet[date] = frozenset()
) -> int | None:
    """The first moment from `at` on at which the window holds in every zone; None: not within HORIZON_DAYS."""
    if closed_zone(window, zones, at, holidays) is None:
        return at
    # windows open on whole minutes, so the whole closed minute has one answer: thousands of records ask within it
    return _first_opening(window, tuple(zones), at - at % MINUTE, frozenset(holidays))


@lru_cache(maxsize=4096)
def _first_opening(window: Window, zones: tuple[tzinfo, ...], at: int, holidays: frozenset[date]) -> int | None:
    """Each zone in turn moves the moment on to its own next opening, until none objects; so the result is the least one."""
    end = at + HORIZON_DAYS * DAY_MINUTES * MINUTE
    moment = at
    while moment <= end:
        closed = closed_zone(window, zones, moment, holidays)
        if closed is None:
            return moment
        later = _opens_after(window, closed, moment, holidays)
        if later is None:
            return None
        moment = later
    return None


def _opens_after(window: Window, zone: tzinfo, at: int, holidays: AbstractSet[date]) -> int | None:
    """The first moment after `at` (closed) at which one zone's clock reads a time inside."""
    today = local_time(at, zone).date()
    for days in range(HORIZON_DAYS + 1):
        day = today + timedelta(days=days)
        openings = [
            moment
            for moment in _moments_of(day, window, zone)
            if moment > at and window.holds(local_time(moment, zone), holidays)
        ]
        if openings:
            return min(openings)
    return None


def _moments_of(day: date, window: Window, zone: tzinfo) -> list[int]:
    """The moments of a local day at which the window can open: where its intervals begin (twice, in an hour that comes twice)
    and where the clock is changed."""
    walls = [
        datetime.combine(day, time(opens // 60, opens % 60), zone).replace(fold=fold)
        for opens, _ in window.week[day.weekday()]
        for fold in (0, 1)
    ]
    moments = [microseconds(wall) for wall in walls]
    begins = datetime.combine(day, time(), zone).astimezone(UTC) - _SECOND
    ends = datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC) - _SECOND
    if begins.astimezone(zone).utcoffset() != ends.astimezone(zone).utcoffset():
        moments.append(microseconds(_change_between(begins, ends, zone)))
    return moments


def _change_between(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """When the offset of a zone changes between two moments of one day (to the second; zones change on whole seconds)."""
    old = before.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // _SECOND // 2 * _SECOND
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after


def reaches(day: date, zones: Sequence[tzinfo], at: int) -> bool:
    """Whether a day has begun in any of the zones (in the earliest on earth where none is known): what comes into force that
    day holds from then on."""
    if not zones:
        return local_time(at + 14 * 60 * MINUTE, UTC).date() >= day
    return any(local_time(at, zone).date() >= day for zone in zones)


def business_days_after(at: int, days: int, zone: tzinfo, holidays: AbstractSet[date] = frozenset()) -> int:
    """The end of the `days`-th business day (Monday to Friday, no public holiday) after the local day of `at`."""
    day = local_time(at, zone).date()
    left = days
    while left:
        day += timedelta(days=1)
        if day.weekday() < 5 and day not in holidays:
            left -= 1
    return microseconds(datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC))


def day_ends(since: int, until: int, zone: tzinfo) -> list[int]:
    """The last moment of each local day that ends in (since, until], and `until` itself."""
    ends: list[int] = []
    day = local_time(since + 1, zone).date()
    while True:
        day += timedelta(days=1)
        end = microseconds(datetime.combine(day, time(), zone).astimezone(UTC)) - 1
        if end >= until:
            return [*ends, until]
        ends.append(end)


def week_of(rows: Mapping[int, tuple[tuple[int, int], ...]]) -> tuple[tuple[tuple[int, int], ...], ...]:
    """A week from rows by weekday (0 Monday); a day not named is closed."""
    return tuple(tuple(sorted(rows.get(day, ()))) for day in range(7))
