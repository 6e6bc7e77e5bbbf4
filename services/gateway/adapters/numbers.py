"""Telephone numbers as channels hand them over."""

from __future__ import annotations

import phonenumbers


def e164(number: str, country: str) -> str:
    """The number in E.164, read as one of `country` where it has no country code; unchanged where it is none."""
    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        return number
    if not phonenumbers.is_possible_number(parsed):
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def caller(number: str | None, country: str) -> str | None:
    """A caller's number in E.164; None for a withheld one and for what is no number (a SIP name)."""
    if not number:
        return None
    found = e164(number, country)
    return found if found.startswith("+") and found[1:].isdigit() and 6 <= len(found) <= 16 else None
