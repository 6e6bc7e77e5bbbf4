"""Public holidays of countries, with the weekend days worked instead, from the `holidays` library."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache

import holidays


@dataclass(frozen=True, slots=True)
class DaysOfYear:
    """A country's days off in one year, and the weekend days that are worked in exchange.

    China announces its exchange of days each autumn for the year after; a year not announced yet has none.
    """

    off: frozenset[date]
    worked: frozenset[date]


@cache
def days_of_year(country: str, year: int) -> DaysOfYear | None:
    """`country` is ISO 3166 ("CN"), or a part of one ("DE-BY"). None: not known to the library."""
    name, _, part = country.partition("-")
    try:
        known = holidays.country_holidays(name, subdiv=part or None, years=year)
    except NotImplementedError:
        return None
    worked: Iterable[date] = getattr(known, "weekend_workdays", None) or ()
    return DaysOfYear(frozenset(known), frozenset(day for day in worked if day.year == year))
