"""Consents and refusals: added, never changed; read by number for the dialler and by customer for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import asyncpg

from services.profile.domain.consents import Said
from services.profile.store.statements import SQL
from shared.postgres import Connection


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """A word with everything that is kept of it. `number` is E.164."""

    consent_id: str
    kind: Literal["given", "withdrawn"]
    number: str
    channel: str
    purpose: str | None
    source: str
    said_at: datetime
    recorded_at: datetime
    proof: str | None = None
    expires_at: datetime | None = None
    customer_id: str | None = None
    contact_id: str | None = None
    campaign: str | None = None
    attempt_id: str | None = None
    recorded_by: str | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """A customer who has a number."""

    customer_id: str
    language: str | None
    preferences: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AtNumber:
    """What is known of a number: who has it, and what was said of it on each channel."""

    holders: list[Holder] = field(default_factory=list[Holder])
    said: dict[str, list[Said]] = field(default_factory=dict[str, list[Said]])


def _said(row: asyncpg.Record) -> Said:
    return Said(
        row["kind"], row["purpose"], row["said_at"], row["recorded_at"], row["source"], row["proof"], row["expires_at"],
        row["customer_id"],
    )  # fmt: skip


async def keep(connection: Connection, tenant: str, row: ConsentRow) -> bool:
    """Add a word. False where its id was there already: then nothing changed. A customer nobody knows is left out."""
    return await connection.fetchval(
        SQL["keep_consent"], tenant, row.consent_id, row.kind, row.number, row.channel, row.purpose, row.source, row.proof,
        row.said_at, row.recorded_at, row.expires_at, row.customer_id, row.contact_id, row.campaign, row.attempt_id,
        row.recorded_by,
    ) is not None  # fmt: skip


async def at_numbers(connection: Connection, tenant: str, numbers: Sequence[str]) -> Mapping[str, AtNumber]:
    """What is known of these numbers (E.164), in two statements however many they are."""
    found = {number: AtNumber() for number in numbers}
    for row in await connection.fetch(SQL["holders_of_numbers"], tenant, list(found)):
        found[row["value"]].holders.append(Holder(row["customer_id"], row["language"], row["preferences"]))
    for row in await connection.fetch(SQL["consents_at_numbers"], tenant, list(found)):
        found[row["number"]].said.setdefault(row["channel"], []).append(_said(row))
    return found


async def numbers_of(connection: Connection, tenant: str, customer_id: str) -> Mapping[str, str]:
    """The customer's telephone and fax numbers, identity id → E.164."""
    rows = await connection.fetch(SQL["numbers_of_customer"], tenant, customer_id)
    return {row["identity_id"]: row["value"] for row in rows}


async def history(connection: Connection, tenant: str, customer_id: str, limit: int) -> list[asyncpg.Record]:
    """What was said by the customer or of one of their numbers, newest first."""
    return await connection.fetch(SQL["consents_of_customer"], tenant, customer_id, limit)
