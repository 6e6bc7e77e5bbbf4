"""Public holidays of the countries a dialogue's calendars name, as ISO days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from services.ivr.domain.calendars import PublicDays
from shared.public_days import days_of_year


class PublicHolidays:
    """Looks years up once."""

    def around(self, now: datetime, countries: Iterable[str | None]) -> Mapping[str, PublicDays]:
        """The days of this year and its neighbours' edges: whatever the time zone, today is among them.

        A country the library does not know has none.
        """
        found: dict[str, PublicDays] = {}
        for country in {each for each in countries if each is not None}:
            years = [days_of_year(country, now.year + offset) for offset in (-1, 0, 1)]
            found[country] = PublicDays(
                frozenset(day.isoformat() for year in years if year is not None for day in year.off),
                frozenset(day.isoformat() for year in years if year is not None for day in year.worked),
            )
        return found
