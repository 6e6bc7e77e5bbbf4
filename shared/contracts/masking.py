"""What of a number or address is shown to people who do not need all of it: 138****8000."""

from __future__ import annotations

from shared.contracts.fields import AddressKind

STARS = "****"


def masked(kind: AddressKind | str, value: str) -> str:
    """Enough to recognise the value when the customer says it, too little to use it.

    Numbers hide four digits at least, before the last four; the country code of E.164 is left out for +86,
    as people write it. E-mail addresses keep their first letter and their domain, ids their last four characters.
    """
    match AddressKind(kind):
        case AddressKind.PHONE | AddressKind.FAX:
            return _masked_number(value)
        case AddressKind.EMAIL:
            name, _, domain = value.partition("@")
            return f"{name[:1]}{STARS}@{domain}" if domain else STARS
        case AddressKind.WEB | AddressKind.CRM:
            return STARS + value[-4:] if len(value) > 8 else STARS + value[-1:]


def _masked_number(value: str) -> str:
    digits = value.removeprefix("+86")
    if len(digits) < 8:
        return STARS + digits[-2:]
    return digits[: max(1, len(digits) - 8)][:6] + STARS + digits[-4:]
