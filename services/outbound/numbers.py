"""Telephone numbers as outbound needs them: one normal form, and keyed hashes in their place.

The ledger, attempts and refusals know people by keys only: a leaked row names nobody, and without the secret no list of
numbers can be tried against it.
"""

from __future__ import annotations

import hashlib
import hmac

import phonenumbers


class UnusableNumber(ValueError):
    """The text is no telephone number. The message never quotes it."""


def normal_number(text: str, country: str) -> str:
    """E.164 of `text`, numbers without country code being of `country`. Raises UnusableNumber."""
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException as error:
        raise UnusableNumber("not a telephone number") from error
    if not phonenumbers.is_possible_number(number):
        raise UnusableNumber("not a possible telephone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def number_key(secret: str, tenant: str, number: str) -> str:
    """The key of a number (E.164) in a tenant."""
    return _key(secret, tenant, "n", number)


def person_key(secret: str, tenant: str, customer_id: str | None, number: str) -> str:
    """The key of a person: of the customer where known, else of the number."""
    return _key(secret, tenant, "c", customer_id) if customer_id else number_key(secret, tenant, number)


def _key(secret: str, tenant: str, kind: str, value: str) -> str:
    return hmac.new(secret.encode(), f"{tenant}\x1f{kind}\x1f{value}".encode(), hashlib.sha256).hexdigest()[:32]
