"""Addresses in their one normal form: E.164 for telephone and fax numbers, lower case for e-mail, the rest trimmed."""

from __future__ import annotations

import re
import unicodedata

import phonenumbers

from shared.contracts.fields import AddressKind

LONGEST = 256
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class UnusableAddress(ValueError):
    """The text is no address of its kind. The message never quotes it."""


def normal_form(kind: AddressKind, text: str, country: str) -> str:
    """The normal form of `text`; numbers without country code are of `country` (ISO 3166 alpha-2). Raises UnusableAddress."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if not plain or len(plain) > LONGEST:
        raise UnusableAddress("empty or too long")
    match kind:
        case AddressKind.PHONE | AddressKind.FAX:
            return _e164(plain, country)
        case AddressKind.EMAIL:
            if not _EMAIL.fullmatch(plain):
                raise UnusableAddress("not an e-mail address")
            return plain.lower()
        case AddressKind.WEB | AddressKind.CRM:
            return plain


def _e164(text: str, country: str) -> str:
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException as error:
        raise UnusableAddress("not a telephone number") from error
    if not phonenumbers.is_possible_number(number):
        raise UnusableAddress("not a possible telephone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
