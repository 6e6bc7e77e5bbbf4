"""Telephone numbers as channels hand them over."""

from __future__ import annotations

import phonenumbers


def e164(number: str, country: str) -> str:
    """The number in E.164, read as one of `country` where it has no country code; unchanged where it is none."""
    return dialled(number, country) or number


def dialled(written: str, country: str) -> str | None:
    """E.164 of a number as people write it; None for what nobody could dial."""
    try:
        parsed = phonenumbers.parse(written, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def caller(number: str | None, country: str) -> str | None:
    """A caller's number in E.164; None for a withheld one and for what is no number (a SIP name)."""
    if not number:
        return None
    found = e164(number, country)
    return found if found.startswith("+") and found[1:].isdigit() and 6 <= len(found) <= 16 else None
