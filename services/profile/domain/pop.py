"""The screen-pop: a contact's own half joined with its customer's card, cut to what the asker may see.

Two rules cut: numbers are masked unless the role may see them (revealing one is a command of its own), and money and
terms of contracts open only when the person on the line is *verified*, whoever asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.profile.domain.identification import CANDIDATES_SHOWN, IdentityLevel
from shared.contracts.masking import masked

HIDDEN_UNTIL_VERIFIED = ("amount_cents", "ends_on")
NO_CARD: Mapping[str, Any] = {
    "customer": None,
    "tier": {"code": None, "why": {"zh": "尚未评级", "en": "Not rated yet"}},
    "preferences": {},
    "last_contacts": [],
    "open_cases": [],
    "promises": [],
    "deals": [],
}


@dataclass(frozen=True, slots=True)
class ContactHalf:
    """What the pop says of the contact itself."""

    contact_id: str
    channel: str
    business_line: str
    entry: str | None
    address_kind: str | None
    address: str | None
    display_name: str | None
    first_text: str | None
    arrived_at: datetime
    group: str | None
    note: str | None
    repeat: bool
    level: IdentityLevel
    candidates: Sequence[Mapping[str, Any]]
    version: int
    reason: str | None = None  # code the contact came with, or the one it ended with


def is_repeat(last_served_at: str | None, arrived_at: datetime, window_days: int) -> bool:
    """Whether a contact came back within the window after a served one (abandoned ones do not count)."""
    if last_served_at is None:
        return False
    return timedelta() <= arrived_at - datetime.fromisoformat(last_served_at) <= timedelta(days=window_days)


def _prompts(contact: ContactHalf, card: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if contact.candidates:
        n = len(contact.candidates)
        found.append(
            _prompt(
                "choose_customer",
                f"该号码对应 {n} 位客户，请询问姓名",
                f"{n} customers share this address: ask who is calling",
            )
        )
    elif card is None:
        found.append(_prompt("create_customer", "未知来访者：请建立客户资料", "Unknown: create the customer"))
    if contact.repeat:
        found.append(
            _prompt("repeat_contact", "近日已联系过，问题可能尚未解决", "Came back within days: perhaps not solved")
        )
    return found  # fmt: skip


def _prompt(code: str, zh: str, en: str) -> dict[str, Any]:
    return {"code": code, "words": {"zh": zh, "en": en}, "due_at": None}


def without_values(identities: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Identities as a role that sees masked numbers only gets them."""
    return [{k: v for k, v in identity.items() if k != "value"} for identity in identities]


def without_terms(deals: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Deals as they are shown before the customer is verified."""
    return [{**deal, **dict.fromkeys(HIDDEN_UNTIL_VERIFIED), "hidden_until_verified": True} for deal in deals]


def pop_for(
    contact: ContactHalf, card: Mapping[str, Any] | None, customer_version: int | None, *, sees_numbers: bool
) -> dict[str, Any]:
    """The document of one contact for one role."""
    shown = dict(NO_CARD if card is None else card)
    shown.pop("routing", None)
    if shown["customer"] is not None and not sees_numbers:
        shown["customer"] = {**shown["customer"], "identities": without_values(shown["customer"]["identities"])}
    if contact.level is not IdentityLevel.VERIFIED:
        shown["deals"] = without_terms(shown["deals"])
    address = contact.address if sees_numbers else None
    return {
        "contact": {
            "contact_id": contact.contact_id,
            "channel": contact.channel,
            "business_line": contact.business_line,
            "group": contact.group,
            "entry": contact.entry,
            "address_kind": contact.address_kind,
            "address_masked": masked(contact.address_kind, contact.address) if contact.address_kind and contact.address else None,
            "address": address,
            "display_name": contact.display_name,
            "text": contact.first_text,
            "arrived_at": contact.arrived_at.isoformat().replace("+00:00", "Z"),
            "identity_level": contact.level,
            "repeat": contact.repeat,
            "note": contact.note,
            "reason": contact.reason,
        },
        **shown,
        "candidates": list(contact.candidates[:CANDIDATES_SHOWN]),
        "prompts": [*_prompts(contact, card), *shown.get("prompts", [])],
        "suggestions": [],  # the planner's; hidden while a complaint is open
        "pop_version": f"{contact.version}.{customer_version or 0}",
    }  # fmt: skip
