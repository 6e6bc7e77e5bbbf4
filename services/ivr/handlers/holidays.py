"""Public holidays of countries, with the weekend days worked instead, from the `holidays` library."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import cache

import holidays

from services.ivr.domain.calendars import PublicDays


@cache
def _of_year(country: str, year: int) -> PublicDays:
    """A country the library does not know has none."""
    try:
        known = holidays.country_holidays(country, years=year)
    except NotImplementedError:
        return PublicDays()
    worked: Iterable[date] = getattr(known, "weekend_workdays", None) or ()
    return PublicDays(frozenset(day.isoformat() for day in known), frozenset(day.isoformat() for day in worked))


class PublicHolidays:
    """Looks years up once."""

    def around(self, now: datetime, countries: Iterable[str | None]) -> Mapping[str, PublicDays]:
        """The days of this year and its neighbours' edges: whatever the time zone, today is among them."""
        found: dict[str, PublicDays] = {}
        for country in {each for each in countries if each is not None}:
            years = [_of_year(country, now.year + offset) for offset in (-1, 0, 1)]
            found[country] = PublicDays(
                frozenset[str]().union(*(year.off for year in years)),
                frozenset[str]().union(*(year.worked for year in years)),
            )
        return found
