"""Opening hours: whether one of a dialogue's calendars is open at a moment, in its own time zone, holidays considered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from services.ivr.domain.dialogue import OpeningHours

MONDAY = 0


@dataclass(frozen=True, slots=True)
class PublicDays:
    """A country's days off, and weekend days worked instead, as ISO days."""

    off: frozenset[str] = frozenset()
    worked: frozenset[str] = frozenset()


def is_open(hours: OpeningHours, now: datetime, public: PublicDays = PublicDays()) -> bool:
    """Own days come before public ones: closed, then open days, then days off, then make-up workdays, then the week."""
    local = now.astimezone(ZoneInfo(hours.time_zone))
    day = local.date().isoformat()
    if day in hours.closed_days:
        return False
    if day in hours.open_days:
        spans = hours.open_days[day]
    elif day in public.off:
        return False
    else:
        spans = hours.weekly.get(MONDAY if day in public.worked else local.weekday(), ())
    minute = local.hour * 60 + local.minute
    return any(begins <= minute < ends for begins, ends in spans)


def open_now(calendars: Mapping[str, OpeningHours], now: datetime, public: Mapping[str, PublicDays]) -> frozenset[str]:
    """Names of the calendars that are open."""
    return frozenset(
        name for name, hours in calendars.items() if is_open(hours, now, public.get(hours.country or "", PublicDays()))
    )
