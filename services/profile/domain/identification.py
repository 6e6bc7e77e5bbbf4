"""Who a contact is, from what it came with: one customer, candidates, or nobody. Never a guess.

Ambiguity is an answer of its own: a number that belongs to several customers makes them candidates to be asked about,
and no candidate's data is shown as the caller's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.contracts.fields import AddressKind, IdentityLevel

CANDIDATES_SHOWN = 5
"""More are counted, not listed: an agent asks for the name then."""


class Verification(StrEnum):
    """How a customer proved who they are."""

    PIN = "pin"
    QUESTION = "question"
    SIGNED_ID = "signed_id"


SEARCHED_KINDS = {
    AddressKind.PHONE: (AddressKind.PHONE, AddressKind.FAX),  # one line often carries both
    AddressKind.FAX: (AddressKind.FAX, AddressKind.PHONE),
    AddressKind.EMAIL: (AddressKind.EMAIL,),
    AddressKind.WEB: (AddressKind.WEB,),
    AddressKind.CRM: (AddressKind.CRM,),
}
"""Kinds of identity an address of a kind may be found under."""


@dataclass(frozen=True, slots=True)
class Found:
    """The customer(s) behind an address. Exactly one of: `customer_id`; `candidates` (≥ 2); neither (unknown)."""

    customer_id: str | None
    candidates: tuple[str, ...]
    level: IdentityLevel


def identify(kind: AddressKind | None, matches: Sequence[str]) -> Found:
    """What distinct customers `matches` (ids, any order, repeats allowed) mean for a contact with an address of `kind`."""
    distinct = tuple(sorted(set(matches)))
    if len(distinct) != 1:
        return Found(None, distinct, IdentityLevel.CLAIMED)
    recognised = kind in (AddressKind.PHONE, AddressKind.FAX, AddressKind.WEB, AddressKind.CRM)
    return Found(distinct[0], (), IdentityLevel.RECOGNISED if recognised else IdentityLevel.CLAIMED)
