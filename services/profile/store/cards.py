"""Cards: read while fresh, else assembled from one snapshot and kept for the version they were made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import asyncpg

from services.profile.domain.card import (
    CaseFacts,
    ContactFacts,
    CustomerFacts,
    DealFacts,
    IdentityFacts,
    Known,
    PromiseFacts,
    build_card,
)
from services.profile.store.statements import SQL
from shared.contracts.fields import AddressKind
from shared.errors import NotFound
from shared.postgres import Connection


@dataclass(frozen=True, slots=True)
class Card:
    """A card and the customer's version it shows."""

    version: int
    document: Mapping[str, Any]


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _known(row: asyncpg.Record) -> Known:
    return Known(
        customer=CustomerFacts(
            row["customer_id"], row["version"], row["name"], row["tier"], row["language"], row["account_owner"],
            row["preferences"], row["note"], row["created_at"],
        ),
        identities=[
            IdentityFacts(i["identity_id"], AddressKind(i["kind"]), i["value"], i["label"]) for i in row["identities"]
        ],
        deals=[
            DealFacts(d["deal_id"], d["business_line"], d["product"], d["status"], _day(d["signed_on"]), _day(d["ends_on"]),
                      d["amount_cents"], d["currency"], d["site"])
            for d in row["deals"]
        ],
        contacts=[
            ContactFacts(c["contact_id"], c["channel"], c["business_line"], c["group_name"], _moment(c["arrived_at"]),
                         _moment(c["closed_at"]), c["end_kind"], c["agent_id"], c["reason"], c["disposition"])
            for c in row["contacts"]
        ],
        cases=[
            CaseFacts(s["case_id"], s["kind"], s["subject"], s["state"], s["waiting_for"], s["owner"], s["department"],
                      _moment(s["due_at"]) if s["due_at"] else None, s["reopened"])
            for s in row["cases"]
        ],
        promises=[
            PromiseFacts(p["promise_id"], p["case_id"], p["text"], p["owner"], _moment(p["due_at"])) for p in row["promises"]
        ],
    )  # fmt: skip


async def known_of(connection: Connection, tenant: str, customer_id: str) -> Known:
    """Everything known of a customer, in one snapshot. Raises NotFound."""
    row = await connection.fetchrow(SQL["known_of_customer"], tenant, customer_id)
    if row is None:
        raise NotFound("no such customer")
    return _known(row)


async def rebuild_card(
    connection: Connection, tenant: str, customer_id: str, today: date, unresolved: frozenset[str]
) -> Card:
    """Assemble and keep the card. A change meanwhile has a higher version, so it is never hidden. Raises NotFound."""
    known = await known_of(connection, tenant, customer_id)
    card = Card(known.customer.version, build_card(known, today, unresolved))
    await connection.execute(SQL["save_card"], tenant, customer_id, card.version, today, card.document)
    return card


async def fresh_card(
    connection: Connection, tenant: str, customer_id: str, today: date, unresolved: frozenset[str]
) -> Card:
    """The customer's card of today. Raises NotFound."""
    row = await connection.fetchrow(SQL["card_of_customer"], tenant, customer_id)
    if row is not None and row["card"] is not None and row["built_on"] == today:
        return Card(row["version"], row["card"])
    return await rebuild_card(connection, tenant, customer_id, today, unresolved)
