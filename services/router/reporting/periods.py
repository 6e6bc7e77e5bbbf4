"""Days and intervals of a time zone as spans of real time: a day has 23, 24 or 25 hours, as the clocks there say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

from services.router.domain.reporting.rows import QUARTER

Interval = Literal["15", "30", "60", "day", "total"]
LONGEST_DAYS = 400
MOST_PERIODS = 40_000


class TooLong(ValueError):
    """Asked for more days or periods than one answer may have."""


@dataclass(frozen=True, slots=True)
class Periods:
    """Consecutive periods, µs: each from its beginning to the next one's, the last to `end`."""

    zone: ZoneInfo
    beginnings: Sequence[int]
    end: int

    @property
    def start(self) -> int:
        return self.beginnings[0]

    def of(self, number: int) -> tuple[int, int]:
        """Beginning and end of a period, counted from 1."""
        following = self.beginnings[number] if number < len(self.beginnings) else self.end
        return self.beginnings[number - 1], following

    def local(self, at: int) -> str:
        """RFC 3339 with the zone's offset, to the second."""
        return datetime.fromtimestamp(at / 1e6, UTC).astimezone(self.zone).isoformat(timespec="seconds")


def midnight(day: date, zone: ZoneInfo) -> int:
    """When a day begins, µs. Where clocks skip midnight, the first moment after."""
    local = datetime(day.year, day.month, day.day, tzinfo=zone)
    return int(local.timestamp()) * 1_000_000


def today(now: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(now / 1e6, UTC).astimezone(zone).date()


def periods(first: date, last: date, interval: Interval, zone: ZoneInfo) -> Periods:
    """The periods of the days from `first` to `last`. Raises TooLong, or ValueError when they are the wrong way round.

    Within a day intervals are counted from its midnight in real time: where an hour is repeated there are more of them.
    """
    if last < first:
        raise ValueError("to: before from")
    count = (last - first).days + 1
    if count > LONGEST_DAYS:
        raise TooLong(f"at most {LONGEST_DAYS} days at once")
    midnights = [midnight(first + timedelta(days=n), zone) for n in range(count + 1)]
    beginnings = midnights[:-1]
    if interval == "total":
        beginnings = midnights[:1]
    elif interval != "day":
        length = int(interval) // 15 * QUARTER
        beginnings = [at for start, end in pairwise(midnights) for at in range(start, end, length)]
    if len(beginnings) > MOST_PERIODS:
        raise TooLong(f"at most {MOST_PERIODS} intervals at once: ask for fewer days or longer intervals")
    return Periods(zone, beginnings, midnights[-1])
