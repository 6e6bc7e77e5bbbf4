"""Where a number may be: its time zones (all of them), its regions, and their public holidays.

Of a telephone number the prefix is all that is known. A mobile or a ported number may be elsewhere, so the address of a record
adds its own zone and region, and the rules must hold in all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from typing import Final

import phonenumbers
from phonenumbers import geocoder, timezone

from services.outbound.domain.windows import zone_of
from shared.public_days import days_of_year

_UNKNOWN_ZONE: Final = "Etc/Unknown"
_STATES: Final = {
    "Alabama": "AL", "Alaska": "AK", "Arizona": "AZ", "Arkansas": "AR", "California": "CA", "Colorado": "CO",
    "Connecticut": "CT", "Delaware": "DE", "District of Columbia": "DC", "Washington D.C.": "DC", "Florida": "FL",
    "Georgia": "GA", "Hawaii": "HI", "Idaho": "ID", "Illinois": "IL", "Indiana": "IN", "Iowa": "IA", "Kansas": "KS",
    "Kentucky": "KY", "Louisiana": "LA", "Maine": "ME", "Maryland": "MD", "Massachusetts": "MA", "Michigan": "MI",
    "Minnesota": "MN", "Mississippi": "MS", "Missouri": "MO", "Montana": "MT", "Nebraska": "NE", "Nevada": "NV",
    "New Hampshire": "NH", "New Jersey": "NJ", "New Mexico": "NM", "New York": "NY", "North Carolina": "NC",
    "North Dakota": "ND", "Ohio": "OH", "Oklahoma": "OK", "Oregon": "OR", "Pennsylvania": "PA", "Rhode Island": "RI",
    "South Carolina": "SC", "South Dakota": "SD", "Tennessee": "TN", "Texas": "TX", "Utah": "UT", "Vermont": "VT",
    "Virginia": "VA", "Washington State": "WA", "Washington": "WA", "West Virginia": "WV", "Wisconsin": "WI",
    "Wyoming": "WY",
}  # fmt: skip
_STATE_CODES: Final = frozenset(_STATES.values())


@dataclass(frozen=True, slots=True)
class NumberPlace:
    """Where a number may be. `zones` empty: not known. `regions`: ISO 3166 countries, or parts ("US-FL"); empty: not known."""

    valid: bool
    zones: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()

    def with_address(self, zone: str | None, region: str | None = None) -> NumberPlace:
        """The same with what the person's address says. A zone of no such name makes the zones unknown."""
        zones, regions = self.zones, self.regions
        if zone:
            zones = () if zone_of(zone) is None else tuple(sorted({*zones, zone}))
        if region:
            regions = tuple(sorted({*regions, region}))
        return NumberPlace(self.valid, zones, regions)


@lru_cache(maxsize=65_536)
def place_of_number(number: str) -> NumberPlace:
    """The place of an E.164 number ("+13055550123"). What is no possible number is not `valid`."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return NumberPlace(valid=False)
    if not phonenumbers.is_possible_number(parsed):
        return NumberPlace(valid=False)
    zones = tuple(zone for zone in timezone.time_zones_for_number(parsed) if zone != _UNKNOWN_ZONE)
    region = phonenumbers.region_code_for_number(parsed) or phonenumbers.region_code_for_country_code(
        parsed.country_code or 0
    )
    if region in (None, "001", "ZZ"):
        return NumberPlace(valid=True, zones=zones)
    return NumberPlace(True, zones, (_part_of(region, parsed),))


def holidays_of(regions: Iterable[str], now: int) -> frozenset[date]:
    """Public holidays of all the regions, from the day before `now` (µs) to the end of the next year."""
    year = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=now) - timedelta(days=1)).year
    return frozenset().union(*(_days_off(region, year) for region in sorted(set(regions))))


@cache
def _days_off(region: str, year: int) -> frozenset[date]:
    """Of a part of a country also its own; where none are known of a part, the country's."""
    off: set[date] = set()
    for each in range(year, year + 3):
        days = days_of_year(region, each) or days_of_year(region.partition("-")[0], each)
        off |= days.off if days else frozenset()
    return frozenset(off)


def _part_of(region: str, parsed: phonenumbers.PhoneNumber) -> str:
    """The state of a number of the United States, as its area code was assigned; else the country."""
    if region != "US":
        return region
    told = geocoder.description_for_number(parsed, "en")
    state = _STATES.get(told) or told.rpartition(", ")[2]
    return f"US-{state}" if state in _STATE_CODES else region
