"""The demo's own channels: a web site with its chat, a telephone in the browser that plays customers of the ledger, a fax line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shared.contracts.crm_records import CustomerRecorded
from shared.contracts.fields import AddressKind

LINES = {
    "rental": {"zh": "租房", "en": "Renting"},
    "sales": {"zh": "买房卖房", "en": "Buying and selling"},
    "decoration": {"zh": "装修", "en": "Decoration"},
    "property": {"zh": "物业与报修", "en": "Property and repairs"},
}
MAIN_NUMBER = "021-9500-0000"
FAX_NUMBER = "021-9500-0009"
PLAYED = 4
"""Customers who can be played, half of them of the free seat."""


def web_site() -> dict[str, Any]:
    """Settings of the site whose page is part of the widget (same origin, so no further origin is allowed)."""
    return {
        "lines": [{"business_line": line, "title": title} for line, title in LINES.items()],
        "entries": [
            {"entry": line, "business_line": line, "self_service": True, "title": title["zh"]} for line, title in LINES.items()
        ],
        "title": {"zh": "金丰示例房产 · 在线客服", "en": "Jinfeng Sample Homes"},
        "sessions_per_minute": 300,
    }  # fmt: skip


def telephone(site: str, customers: Sequence[CustomerRecorded], free_seat: str) -> dict[str, Any]:
    """Settings of the telephone simulator beside that site; the main number's menu finds the business line."""
    numbers = [
        {
            "entry": MAIN_NUMBER,
            "business_line": "rental",
            "self_service": True,
            "title": f"总机 Main number {MAIN_NUMBER}",
        }
    ]
    for number, (line, title) in enumerate(LINES.items(), 1):
        entry = f"021-9500-000{number}"
        shown = f"{title['zh']} {title['en']} {entry}"
        numbers.append({"entry": entry, "business_line": line, "self_service": True, "title": shown})
    return {
        "entries": numbers, "callers": _played(customers, free_seat), "site": site, "calls_per_minute": 120,
        "network": {},  # who is called and played by nobody answers by themselves, or does not
    }  # fmt: skip


def fax_line() -> dict[str, Any]:
    """Settings of the fax line: what is sent to it is read, answered from the standard question set, or handed to a person."""
    return {
        "entries": [
            {"entry": "*", "business_line": "rental", "self_service": True, "title": f"传真 Fax {FAX_NUMBER}"},
        ],
        "transport": "directory",
        "letterhead": {
            "name": "金丰示例房产 Jinfeng Sample Homes", "address": "上海市浦东新区示例路 100 号",
            "phone": MAIN_NUMBER, "fax": FAX_NUMBER,
        },
    }  # fmt: skip


def _played(customers: Sequence[CustomerRecorded], free_seat: str) -> list[dict[str, str]]:
    """Known customers with a telephone number, the free seat's own first."""
    reachable = [c for c in customers if c.name and _number(c)]
    own = [c for c in reachable if c.account_owner == free_seat][: PLAYED // 2]
    others = [c for c in reachable if c.account_owner != free_seat][: PLAYED - len(own)]
    return [
        {"label": f"{c.name} ({c.tier})" if c.tier else str(c.name), "number": str(_number(c))} for c in (*own, *others)
    ]


def _number(customer: CustomerRecorded) -> str | None:
    return next((i.value for i in customer.identities if i.kind is AddressKind.PHONE and i.value), None)
