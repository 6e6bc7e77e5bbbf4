"""The short way to a number's normal form agrees with the long one."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.outbound.number_forms import NumberForms
from services.outbound.numbers import UnusableNumber, normal_number

COUNTRIES = ("CN", "FR", "DE", "US", "GB", "SG", "AU", "BR")
FORMS = {country: NumberForms(country) for country in COUNTRIES}


def either(country: str, text: str) -> tuple[object, object]:
    def outcome(form: object) -> object:
        try:
            return form(text)  # type: ignore[operator]
        except UnusableNumber:
            return "unusable"

    return outcome(FORMS[country].normal), outcome(lambda written: normal_number(written, country))


@settings(max_examples=400)
@given(
    st.sampled_from(COUNTRIES),
    st.from_regex(r"(\+|00)?[0-9]{5,14}", fullmatch=True),
)
@example("CN", "13812348000")
@example("CN", "02161234567")
@example("CN", "8613812348000")
@example("FR", "0612345678")
@example("FR", "+330612345678")
@example("AU", "0412345678")
def test_any_digits(country: str, text: str) -> None:
    fast, slow = either(country, text)
    assert fast == slow


@settings(max_examples=400)
@given(
    st.sampled_from(COUNTRIES),
    st.sampled_from(["{}", "+{code}{}", "{prefix}{}", "{code}{}", "+{code} ({}"]),
    st.sampled_from(["mobile", "fixed_line"]),
    st.data(),
)
def test_numbers_of_the_country(country: str, form: str, kind: str, data: st.DataObject) -> None:
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(country)
    assert metadata is not None
    pattern = getattr(metadata, kind).national_number_pattern
    national = data.draw(st.from_regex(pattern, fullmatch=True, alphabet="0123456789"))
    fast, slow = either(
        country, form.format(national, code=metadata.country_code, prefix=metadata.national_prefix or "")
    )
    assert fast == slow


@pytest.mark.parametrize(
    "text", ["", "abc", "+", "12", "138 1234 8000 ext 5", "１３８１２３４８０００", "tel:+8613812348000"]
)
def test_what_is_not_plain_goes_the_long_way(text: str) -> None:
    fast, slow = either("CN", text)
    assert fast == slow
