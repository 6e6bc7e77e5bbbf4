"""Normal forms of a list's numbers, many times as fast as one by one.

A number that is plainly a valid one of the list's country (digits that match the country's own patterns, with `+` or in national
form) is normal by its digits. Everything else goes the long way (`numbers.normal_number`), and both ways agree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from phonenumbers.phonemetadata import PhoneMetadata

from services.outbound.numbers import normal_number

_PUNCTUATION: Final = str.maketrans("", "", " -()")
_DIGITS: Final = re.compile(r"\+?[0-9]{5,15}")


@dataclass(frozen=True, slots=True)
class _Country:
    """How plain numbers of a country look."""

    code: str
    valid: re.Pattern[str]
    general: re.Pattern[str]
    national_prefix: str | None

    def national(self, digits: str) -> str | None:
        """The national number, or None: not plain."""
        if digits[0] == "+":
            national = digits[1 + len(self.code) :] if digits.startswith(self.code, 1) else ""
            return national if self.valid.fullmatch(national) else None
        if digits.startswith(self.code):
            return None  # perhaps the country code without its `+`
        if self.valid.fullmatch(digits):
            return digits
        prefix = self.national_prefix
        if prefix and digits.startswith(prefix) and not self.general.fullmatch(digits):
            national = digits[len(prefix) :]
            return national if self.valid.fullmatch(national) else None
        return None


@cache
def _country(region: str) -> _Country | None:
    metadata = PhoneMetadata.metadata_for_region(region)
    if metadata is None:
        return None
    described = (metadata.mobile, metadata.fixed_line, metadata.general_desc)
    patterns = [kind.national_number_pattern for kind in described if kind and kind.national_number_pattern]
    if len(patterns) < len(described):
        return None
    mobile, fixed, general = patterns
    valid = re.compile(f"(?:{mobile})|(?:{fixed})")
    return _Country(str(metadata.country_code), valid, re.compile(general), metadata.national_prefix)


@dataclass(frozen=True, slots=True)
class NumberForms:
    """Numbers of one list; those without country code are of `country` (ISO 3166 alpha-2)."""

    country: str

    def normal(self, text: str) -> str:
        """As `normal_number`. Raises UnusableNumber."""
        country = _country(self.country)
        digits = text.translate(_PUNCTUATION)
        if country is not None and _DIGITS.fullmatch(digits) and text[0] not in "-(":
            national = country.national(digits)
            if national is not None:
                return f"+{country.code}{national}"
        return normal_number(text, self.country)
