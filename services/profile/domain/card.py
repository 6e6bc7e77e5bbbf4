"""The card: the customer's half of the screen-pop, assembled once a change and shown as it is.

A card holds full values; `services.profile.domain.pop` decides what of it a role and an identity level may see.
It also carries what the router wants to know of the customer, so that answering an arrival is one look-up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypedDict

from services.profile.domain.tiers import Words, tier_reason
from shared.contracts.fields import AddressKind
from shared.contracts.masking import masked

CONTACTS_SHOWN = 10
CASES_SHOWN = 10
DEALS_SHOWN = 20
DO_NOT_DISTURB = "do_not_disturb"
CONFIRM_ADDRESS = "confirm_address"
"""Preference (or flag from the source system) that makes the agent ask for the present address (requirement 57)."""


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """A customer's own fields."""

    customer_id: str
    version: int
    name: str | None
    tier: str | None
    language: str | None
    account_owner: str | None
    preferences: Mapping[str, str]
    note: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class IdentityFacts:
    identity_id: str
    kind: AddressKind
    value: str
    label: str | None


@dataclass(frozen=True, slots=True)
class DealFacts:
    deal_id: str
    business_line: str
    product: str
    status: str
    signed_on: date | None
    ends_on: date | None
    amount_cents: int | None
    currency: str
    site: str | None


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """A closed contact."""

    contact_id: str
    channel: str
    business_line: str
    group: str | None
    arrived_at: datetime
    closed_at: datetime
    end: str
    agent_id: str | None
    reason: str | None
    disposition: str | None


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """A case that is not closed."""

    case_id: str
    kind: str
    subject: str
    state: str
    waiting_for: str | None
    owner: str | None
    department: str | None
    due_at: datetime | None
    reopened: int


@dataclass(frozen=True, slots=True)
class PromiseFacts:
    """A promise not kept yet."""

    promise_id: str
    case_id: str
    text: str
    owner: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """Everything the card is made of, read in one snapshot. Newest first in every list."""

    customer: CustomerFacts
    identities: Sequence[IdentityFacts]
    deals: Sequence[DealFacts]
    contacts: Sequence[ContactFacts]
    cases: Sequence[CaseFacts]
    promises: Sequence[PromiseFacts]


class Preferred(TypedDict):
    agent_id: str
    why: Literal["case_owner", "account_owner", "last_good_agent"]


class Routing(TypedDict):
    """What the router wants to know."""

    tier: str | None
    language: str | None
    preferred: list[Preferred]
    last_served_at: str | None


class Prompt(TypedDict):
    """Something the agent should do or know; `due_at` where time matters (the page says "overdue")."""

    code: str
    words: Words
    due_at: str | None


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")


def preferred_agents(known: Known, unresolved: frozenset[str]) -> list[Preferred]:
    """Case owners, then the account owner, then the last agent who served the customer with a good ending; each once."""
    ranked: list[Preferred] = [
        {"agent_id": case.owner, "why": "case_owner"} for case in known.cases if case.owner is not None
    ]
    if known.customer.account_owner is not None:
        ranked.append({"agent_id": known.customer.account_owner, "why": "account_owner"})
    for contact in known.contacts:
        if contact.end == "served" and contact.agent_id and contact.disposition not in unresolved:
            ranked.append({"agent_id": contact.agent_id, "why": "last_good_agent"})
            break
    seen: set[str] = set()
    return [p for p in ranked if not (p["agent_id"] in seen or seen.add(p["agent_id"]))][:8]


def prompts_for(known: Known) -> list[Prompt]:
    """What the agent should bring up, most binding first."""
    found: list[Prompt] = [
        {
            "code": "promise_open",
            "words": {"zh": f"有未兑现的承诺：{promise.text}", "en": f"A promise is open: {promise.text}"},
            "due_at": _time(promise.due_at),
        }
        for promise in known.promises
    ]
    for case in known.cases:
        if case.reopened:
            words = {
                "zh": f"工单曾重开 {case.reopened} 次：{case.subject}",
                "en": f"Case reopened {case.reopened}×: {case.subject}",
            }
            found.append({"code": "case_reopened", "words": words, "due_at": _time(case.due_at)})
    preferences = known.customer.preferences
    if preferences.get(CONFIRM_ADDRESS):
        words = {"zh": "请与客户核对地址", "en": "Please confirm the customer's address"}
        found.append({"code": "confirm_address", "words": words, "due_at": None})
    if preferences.get(DO_NOT_DISTURB):
        window = preferences[DO_NOT_DISTURB]
        words = {"zh": f"请勿打扰：{window}", "en": f"Do not disturb: {window}"}
        found.append({"code": "do_not_disturb", "words": words, "due_at": None})
    if not any(i.kind in (AddressKind.PHONE, AddressKind.EMAIL) for i in known.identities):
        words = {"zh": "没有回电号码，请询问", "en": "No way to call back: ask for a number"}
        found.append({"code": "ask_number", "words": words, "due_at": None})
    return found


def build_card(known: Known, today: date, unresolved: frozenset[str]) -> dict[str, object]:
    """The card of a customer on a day. `unresolved`: dispositions that make no "last good agent"."""
    customer = known.customer
    last_served = next((c.closed_at for c in known.contacts if c.end == "served"), None)
    routing: Routing = {
        "tier": customer.tier,
        "language": customer.language,
        "preferred": preferred_agents(known, unresolved),
        "last_served_at": _time(last_served),
    }
    return {
        "customer": {
            "customer_id": customer.customer_id,
            "name": customer.name,
            "language": customer.language,
            "account_owner": customer.account_owner,
            "note": customer.note,
            "customer_since": _time(customer.created_at),
            "identities": [
                {"identity_id": i.identity_id, "kind": i.kind, "masked": masked(i.kind, i.value), "value": i.value, "label": i.label}
                for i in known.identities
            ],
        },
        "tier": {"code": customer.tier, "why": tier_reason(customer.tier, [d.signed_on for d in known.deals], today)},
        "preferences": dict(customer.preferences),
        "last_contacts": [
            {"contact_id": c.contact_id, "channel": c.channel, "business_line": c.business_line, "group": c.group,
             "at": _time(c.arrived_at), "end": c.end, "agent_id": c.agent_id, "reason": c.reason,
             "disposition": c.disposition}
            for c in known.contacts[:CONTACTS_SHOWN]
        ],
        "open_cases": [
            {"case_id": c.case_id, "kind": c.kind, "subject": c.subject, "state": c.state, "waiting_for": c.waiting_for,
             "owner": c.owner, "department": c.department, "due_at": _time(c.due_at), "reopened": c.reopened}
            for c in known.cases[:CASES_SHOWN]
        ],
        "promises": [
            {"promise_id": p.promise_id, "case_id": p.case_id, "text": p.text, "owner": p.owner, "due_at": _time(p.due_at)}
            for p in known.promises
        ],
        "deals": [
            {"deal_id": d.deal_id, "business_line": d.business_line, "product": d.product, "status": d.status,
             "signed_on": d.signed_on and d.signed_on.isoformat(), "ends_on": d.ends_on and d.ends_on.isoformat(),
             "amount_cents": d.amount_cents, "currency": d.currency, "site": d.site}
            for d in known.deals[:DEALS_SHOWN]
        ],
        "prompts": prompts_for(known),
        "routing": routing,
    }  # fmt: skip
