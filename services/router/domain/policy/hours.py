"""Opening hours as a manager writes them: a week, public holidays, and single days that differ.

The core never computes a calendar: the shell expands it to intervals of absolute time, which are journaled with the policy
(`services.router.policy.calendars`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from services.router.domain.policy.words import Words


class Weekday(StrEnum):
    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


WEEKDAYS: Final = tuple(str(day) for day in Weekday)
DAY_MINUTES: Final = 1440
CLOSED: Final = "closed"
ALL_DAY: Final = "24h"
INTERVAL: Final = r"(?!(..:..)-\1)(?:[01][0-9]|2[0-3]):[0-5][0-9]-(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)"
"""A time of day to a later one, or past midnight to an earlier one of the next day; never to itself."""

_INTERVAL = re.compile(INTERVAL, re.ASCII)


@dataclass(frozen=True, slots=True)
class Calendar:
    """When something is open, in its own time zone.

    A row of the week or of an exception is a tuple of intervals ("09:00-12:00", past midnight "22:00-02:00", "24h");
    an empty one means closed all day. A day takes its row from the exceptions, else closed on a public holiday, else
    `make_up_as` on a weekend day that is worked in exchange for a holiday, else its weekday. An interval past midnight
    belongs to the day it begins on.
    """

    id: str
    name: Words
    time_zone: str  # IANA
    week: Mapping[str, tuple[str, ...]]  # of WEEKDAYS; a day not named is closed
    holidays: str | None = None  # country whose public holidays are closed (ISO 3166, "CN"; a part of it as "DE-BY")
    make_up_as: str = "mon"
    exceptions: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])  # ISO day → row

    def to_mapping(self) -> dict[str, object]:
        mapping: dict[str, object] = {
            "name": self.name.to_mapping(),
            "time_zone": self.time_zone,
            "week": {day: row_to_value(self.week[day]) for day in WEEKDAYS if day in self.week},
        }
        if self.holidays is not None:
            mapping |= {"holidays": self.holidays, "make_up_as": self.make_up_as}
        if self.exceptions:
            mapping["exceptions"] = {day: row_to_value(row) for day, row in self.exceptions.items()}
        return mapping


def row_to_value(row: Sequence[str]) -> object:
    """A day's row as it is written."""
    return list(row) if row else CLOSED


def is_interval(text: str) -> bool:
    """Whether the text is an interval that lasts, or the whole day."""
    return text == ALL_DAY or _INTERVAL.fullmatch(text) is not None


def minutes_of(interval: str) -> tuple[int, int]:
    """First minute of the day, and the minute it is over: beyond 1440 where it passes midnight."""
    if interval == ALL_DAY:
        return 0, DAY_MINUTES
    opens = int(interval[:2]) * 60 + int(interval[3:5])
    closes = int(interval[6:8]) * 60 + int(interval[9:11])
    return opens, closes if closes > opens else closes + DAY_MINUTES
