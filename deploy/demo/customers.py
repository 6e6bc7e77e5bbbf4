"""Five thousand customers of the demo tenant with their leases, sales, decorations and service contracts.

The same seed and day give the same people. Their mobile numbers lie in 1740 0–5, a block reserved for satellite telephones, their
fax numbers begin with a 9 that Shanghai assigns to nobody: they look right and reach no one.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from deploy.demo.names import full_name
from shared.contracts.crm_records import CustomerRecorded, DealRecorded, Identity
from shared.contracts.fields import AddressKind

SOURCE = "demo-crm"
SITES = ("xuhui", "jingan", "pudong")
ESTATES = {
    "xuhui": ("康健新村", "梅陇雅苑", "徐汇公寓", "田林花园", "漕河景庭"),
    "jingan": ("静安枫景", "延平名邸", "曹家渡新村", "愚园小区", "康定花园"),
    "pudong": ("世纪雅庭", "金桥新城", "陆家嘴花园", "张江汤臣苑", "三林世博家园"),
}
ROOMS = ("一室一厅", "两室一厅", "两室两厅", "三室一厅", "三室两厅", "四室两厅")
OWNED = 0.25
"""Share of customers with an account owner."""
GOLD_DEALS = 4
"""Deals within 24 months that make a customer gold; two make silver."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Customers with the deals they made."""

    customers: Sequence[CustomerRecorded]
    deals: Sequence[DealRecorded]


def generate(count: int, *, seed: int, today: date, owners: Sequence[str] = ()) -> Ledger:
    """`count` customers and their deals as the demo's existing system would hold them on `today`.

    A quarter of them has one of `owners` (agent ids) as account owner.
    """
    chance = random.Random(seed)
    customers: list[CustomerRecorded] = []
    deals: list[DealRecorded] = []
    for number in range(count):
        key = f"C{number + 1:05d}"
        site = chance.choice(SITES)
        own = [_deal(chance, key, n, site, today) for n in range(_deal_count(chance))]
        deals += own
        owner = chance.choice(owners) if owners and chance.random() < OWNED else None
        customers.append(_customer(chance, number, key, own, today, owner))
    return Ledger(customers, deals)


def mobile_number(number: int) -> str:
    """The `number`-th customer's own mobile (E.164); distinct below 6,000,000, neighbours far apart."""
    return f"+861740{(number * 972_311 + 130_057) % 6_000_000:07d}"


def fax_number(number: int) -> str:
    """The `number`-th customer's fax (E.164)."""
    return f"+86219{(number * 7_919 + 1_009) % 10_000_000:07d}"


def _deal_count(chance: random.Random) -> int:
    return chance.choices((0, 1, 2, 3, 4, 5, 6), weights=(18, 40, 22, 10, 5, 3, 2))[0]


def _deal(chance: random.Random, customer: str, n: int, site: str, today: date) -> DealRecorded:
    line = chance.choices(("rental", "sales", "decoration", "property"), weights=(45, 15, 15, 25))[0]
    signed = today - timedelta(days=chance.randrange(5, 1_400))
    flat = f"{chance.choice(ESTATES[site])} {chance.randrange(1, 40)}号{chance.randrange(101, 1806)}室"
    match line:
        case "rental":
            ends = signed + timedelta(days=365 * chance.choice((1, 1, 2)))
            product, cents = f"{chance.choice(ROOMS)}租约 · {flat}", chance.randrange(28, 160) * 100_00
        case "sales":
            ends, product, cents = None, f"{chance.choice(ROOMS)} · {flat}", chance.randrange(180, 1_600) * 10_000_00
        case "decoration":
            ends = signed + timedelta(days=chance.randrange(60, 150))
            product, cents = (
                f"{chance.choice(('精装', '简装', '厨卫翻新'))} · {flat}",
                chance.randrange(4, 60) * 10_000_00,
            )
        case _:
            ends = signed + timedelta(days=365)
            product, cents = f"物业服务 · {flat}", chance.randrange(12, 90) * 100_00
    return DealRecorded(
        source=SOURCE,
        key=f"{customer}-D{n + 1}",
        customer_key=customer,
        business_line=line,
        product=product,
        status="active" if ends is None or ends > today else "completed",
        revised_at=_noon(signed),
        signed_on=signed.isoformat(),
        ends_on=ends.isoformat() if ends else None,
        amount_cents=cents,
        site=site,
    )


def _customer(
    chance: random.Random, number: int, key: str, deals: Sequence[DealRecorded], today: date, owner: str | None
) -> CustomerRecorded:
    identities = [Identity(AddressKind.PHONE, mobile_number(number), "手机")]
    if chance.random() < 0.35:
        identities.append(Identity(AddressKind.WEB, f"visitor-{number + 1:05d}", "网站账号"))
    if chance.random() < 0.06:
        identities.append(Identity(AddressKind.FAX, fax_number(number), "传真"))
    if chance.random() < 0.3:
        identities.append(Identity(AddressKind.EMAIL, f"c{number + 1:05d}@example.com", "邮箱"))
    preferences: dict[str, str] = {}
    if chance.random() < 0.12:
        preferences["pace"] = chance.choice(("slow", "brisk"))
    if chance.random() < 0.08:
        preferences["quiet_hours"] = "20:00-09:00"
    return CustomerRecorded(
        source=SOURCE,
        key=key,
        revised_at=_noon(today - timedelta(days=1)),
        tier=_tier(deals, today),
        language=chance.choices(("zh", "zh-wuu", "zh-yue", "en"), weights=(72, 20, 3, 5))[0],
        account_owner=owner,
        name=full_name(chance),
        identities=tuple(identities),
        preferences=preferences,
    )


def _tier(deals: Sequence[DealRecorded], today: date) -> str:
    since = (today - timedelta(days=730)).isoformat()
    recent = sum((deal.signed_on or "") >= since for deal in deals)
    return "gold" if recent >= GOLD_DEALS else "silver" if recent >= 2 else "standard"


def _noon(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp()) * 1_000_000
