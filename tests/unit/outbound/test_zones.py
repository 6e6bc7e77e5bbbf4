"""Where numbers may be, as far as their prefix tells."""

from __future__ import annotations

from datetime import date

import pytest

from services.outbound.zones import NumberPlace, holidays_of, place_of_number
from tests.unit.outbound.asking import moment


@pytest.mark.parametrize(
    ("number", "zones", "regions"),
    [
        ("+12125551234", ("America/New_York",), ("US-NY",)),
        ("+13055551234", ("America/New_York",), ("US-FL",)),
        ("+19185551234", ("America/Chicago",), ("US-OK",)),
        ("+14105551234", ("America/New_York",), ("US-MD",)),
        ("+14165550123", ("America/Toronto",), ("CA",)),
        ("+33142685300", ("Europe/Paris",), ("FR",)),
        ("+8613812345678", ("Asia/Shanghai",), ("CN",)),
    ],
)
def test_numbers(number: str, zones: tuple[str, ...], regions: tuple[str, ...]) -> None:
    assert place_of_number(number) == NumberPlace(True, zones, regions)


def test_a_toll_free_number_may_be_anywhere_on_the_plan() -> None:
    place = place_of_number("+18005551234")
    assert len(place.zones) > 20
    assert place.regions == ("US",)


def test_a_mobile_of_the_british_isles_has_several_zones() -> None:
    assert {"Europe/London", "Europe/Jersey"} <= set(place_of_number("+447911123456").zones)


@pytest.mark.parametrize("number", ["", "12345", "+999", "+1212", "not a number"])
def test_what_cannot_be_dialled(number: str) -> None:
    assert not place_of_number(number).valid


def test_a_satellite_telephone_has_no_zone() -> None:
    place = place_of_number("+88216123456")
    assert (place.zones, place.regions) == ((), ())


def test_the_address_adds_its_own() -> None:
    place = place_of_number("+12125551234").with_address("America/Los_Angeles", "US-CA")
    assert place.zones == ("America/Los_Angeles", "America/New_York")
    assert place.regions == ("US-CA", "US-NY")
    assert place_of_number("+12125551234").with_address("Mars/Olympus").zones == (), "an unknown clock is no clock"
    assert place.with_address(None) == place


def test_holidays_of_all_the_regions_over_the_turn_of_the_year() -> None:
    days = holidays_of(["FR", "US-FL"], moment("2026-12-31 23:00"))
    assert {date(2026, 12, 25), date(2027, 7, 14), date(2027, 7, 4)} <= days
    assert holidays_of(["ZZ"], moment("2026-12-31 23:00")) == frozenset()
