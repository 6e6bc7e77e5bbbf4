"""The card: who is preferred, why the tier, what to bring up; and what of it is shown."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.profile.domain.card import (
    CaseFacts,
    ContactFacts,
    CustomerFacts,
    DealFacts,
    IdentityFacts,
    Known,
    build_card,
    preferred_agents,
)
from services.profile.domain.identification import IdentityLevel
from services.profile.domain.pop import ContactHalf, is_repeat, pop_for
from services.profile.domain.tiers import months_before, tier_reason
from shared.contracts.fields import AddressKind

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
BAD = frozenset({"unresolved"})


def contact(agent: str, end: str = "served", disposition: str = "solved", days: int = 1) -> ContactFacts:
    at = NOW - timedelta(days=days)
    return ContactFacts(f"c-{agent}", "phone", "rental", "g", at, at, end, agent, "billing", disposition)


def known(**lists: Any) -> Known:
    customer = CustomerFacts(
        "cu-1", 3, "王芳", "gold", "zh-wuu", "a-owner", {"do_not_disturb": "20:00-09:00"}, None, NOW
    )
    empty: dict[str, Any] = {"identities": (), "deals": (), "contacts": (), "cases": (), "promises": ()}
    return Known(customer, **(empty | lists))


def test_preferred_case_owner_then_account_owner_then_last_good_agent_each_once() -> None:
    case = CaseFacts("ca-1", "repair", "锅炉", "open", None, "a-case", None, None, 0)
    contacts = [
        contact("a-bad", disposition="unresolved"),
        contact("a-lost", end="failed"),
        contact("a-good"),
        contact("a-old"),
    ]
    ranked = preferred_agents(known(cases=[case, case], contacts=contacts), BAD)
    assert [(p["agent_id"], p["why"]) for p in ranked] == [
        ("a-case", "case_owner"), ("a-owner", "account_owner"), ("a-good", "last_good_agent"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("signed", "words"),
    [
        ([date(2026, 1, 1), date(2024, 11, 22), date(2024, 11, 21)], "gold: 2 deals in 24 months"),
        ([date(2020, 5, 1)], "gold: last deal 2020-05-01; tier as set in the customer system"),
        ([], "gold: as set in the customer system"),
    ],
)
def test_tier_says_why(signed: list[date], words: str) -> None:
    assert tier_reason("gold", signed, NOW.date())["en"] == words


def test_months_before_the_end_of_a_month() -> None:
    assert months_before(date(2026, 3, 31), 1) == date(2026, 2, 28)
    assert months_before(date(2026, 1, 15), 24) == date(2024, 1, 15)


def test_repeat_only_after_a_served_contact_within_the_window() -> None:
    served = (NOW - timedelta(days=7)).isoformat()
    assert is_repeat(served, NOW, 7)
    assert not is_repeat(served, NOW, 6)
    assert not is_repeat(None, NOW, 7)
    card = build_card(known(contacts=[contact("a-1", end="abandoned_in_queue")]), NOW.date(), BAD)
    assert card["routing"]["last_served_at"] is None  # type: ignore[index]


@pytest.mark.parametrize("sees_numbers", [True, False])
@pytest.mark.parametrize("level", list(IdentityLevel))
def test_what_is_shown(sees_numbers: bool, level: IdentityLevel) -> None:
    number = "+8613812348000"
    deal = DealFacts("de-1", "sales", "阳光花园", "signed", date(2026, 1, 1), date(2027, 1, 1), 100, "CNY", None)
    identity = IdentityFacts("id-1", AddressKind.PHONE, number, None)
    card = build_card(known(identities=[identity], deals=[deal]), NOW.date(), BAD)
    half = ContactHalf(
        "c-1", "phone", "rental", None, "phone", number, None, None, NOW, None, None, False, level, [], 1
    )  # fmt: skip
    pop = pop_for(half, card, 3, sees_numbers=sees_numbers)
    assert (number in str(pop)) is sees_numbers
    assert (pop["deals"][0]["amount_cents"] == 100) is (level is IdentityLevel.VERIFIED)
    assert "routing" not in pop
    assert {p["code"] for p in pop["prompts"]} == {"do_not_disturb"}
