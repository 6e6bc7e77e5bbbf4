"""Contacts as profile knows them: who it is, the pop, how it went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from services.profile.domain.identification import SEARCHED_KINDS, Found, IdentityLevel
from services.profile.domain.pop import ContactHalf
from services.profile.store.statements import SQL
from shared.contracts.fields import AddressKind
from shared.errors import NotFound
from shared.postgres import Connection, Pool


@dataclass(frozen=True, slots=True)
class Arrival:
    """A contact that arrived, with its address in normal form (None where it came without a usable one)."""

    contact_id: str
    pool_id: str | None
    partition: int
    channel: str
    business_line: str
    entry: str | None
    address_kind: AddressKind | None
    address: str | None
    display_name: str | None
    text: str | None
    arrived_at: datetime
    reason: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """Who a recorded contact is."""

    customer_id: str | None
    candidates: int
    repeat: bool


@dataclass(frozen=True, slots=True)
class PopRow:
    """The contact's half, and its customer's card where there is a fresh one."""

    half: ContactHalf
    customer_id: str | None
    customer_version: int | None
    built_on: Any
    card: Mapping[str, Any] | None


async def customers_with(connection: Connection, tenant: str, kind: AddressKind, address: str) -> list[str]:
    """Ids of the customers who have this address; six at most."""
    kinds = [str(k) for k in SEARCHED_KINDS[kind]]
    return [
        row["customer_id"] for row in await connection.fetch(SQL["customers_with_identity"], tenant, address, kinds)
    ]


async def candidates_in_words(connection: Connection, tenant: str, customer_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Candidates as the pop shows them."""
    rows = await connection.fetch(SQL["candidates_in_words"], tenant, list(customer_ids))
    return [
        {
            "customer_id": row["customer_id"],
            "name": row["name"],
            "tier": row["tier"],
            "last_contact_at": row["last_contact_at"] and row["last_contact_at"].isoformat().replace("+00:00", "Z"),
        }
        for row in rows
    ]


async def record_arrival(
    connection: Connection,
    tenant: str,
    arrival: Arrival,
    found: Found,
    candidates: Sequence[Mapping[str, Any]],
    repeat: bool,
) -> Answer:
    """Record the contact once; a repeat gives the answer of the first time."""
    row = await connection.fetchrow(
        SQL["record_arrival"], tenant, arrival.contact_id, arrival.pool_id, arrival.partition, arrival.channel,
        arrival.business_line, arrival.entry, arrival.address_kind, arrival.address, arrival.display_name, arrival.text,
        arrival.arrived_at, found.customer_id, "lookup" if found.customer_id else None, found.level, list(candidates), repeat,
        arrival.reason,
    )  # fmt: skip
    if row is None:
        row = await connection.fetchrow(SQL["recorded_arrival"], tenant, arrival.contact_id)
    assert row is not None
    return Answer(row["customer_id"], len(row["candidates"]), row["repeat"])


async def read_pop(pool: Pool, tenant: str, contact_id: str) -> PopRow:
    """One indexed read. Raises NotFound."""
    row: asyncpg.Record | None = await pool.fetchrow(SQL["read_pop"], tenant, contact_id)
    if row is None:
        raise NotFound("no such contact")
    half = ContactHalf(
        row["contact_id"], row["channel"], row["business_line"], row["entry"], row["address_kind"], row["address"],
        row["display_name"], row["first_text"], row["arrived_at"], row["group_name"], row["note"], row["repeat"],
        IdentityLevel(row["identity_level"]), row["candidates"], row["contact_version"], row["reason"],
    )  # fmt: skip
    return PopRow(half, row["customer_id"], row["customer_version"], row["built_on"], row["card"])


@dataclass(frozen=True, slots=True)
class LinkedContact:
    """A contact locked for a person's command on it."""

    contact_id: str
    pool_id: str | None
    partition: int | None
    channel: str
    address_kind: AddressKind | None
    address: str | None
    display_name: str | None
    customer_id: str | None
    candidates: tuple[str, ...]
    level: IdentityLevel


async def lock(connection: Connection, tenant: str, contact_id: str) -> LinkedContact:
    """Raises NotFound."""
    row = await connection.fetchrow(SQL["lock_contact"], tenant, contact_id)
    if row is None:
        raise NotFound("no such contact")
    return LinkedContact(
        row["contact_id"], row["pool_id"], row["partition"], row["channel"],
        AddressKind(row["address_kind"]) if row["address_kind"] else None, row["address"], row["display_name"],
        row["customer_id"], tuple(c["customer_id"] for c in row["candidates"]), IdentityLevel(row["identity_level"]),
    )  # fmt: skip


async def link(
    connection: Connection, tenant: str, contact_id: str, customer_id: str, by: str, level: IdentityLevel, repeat: bool
) -> int:
    """The contact is this customer's; returns the contact's new version."""
    return await connection.fetchval(SQL["link_customer"], tenant, contact_id, customer_id, by, level, repeat)


async def set_level(connection: Connection, tenant: str, contact_id: str, level: IdentityLevel) -> None:
    await connection.execute(SQL["set_identity_level"], tenant, contact_id, level)


async def write_note(connection: Connection, tenant: str, contact_id: str, text: str) -> int:
    """Keep the note of a contact; returns the contact's new version. Raises NotFound."""
    version = await connection.fetchval(SQL["write_contact_note"], tenant, contact_id, text)
    if version is None:
        raise NotFound("no such contact")
    return version


async def note_of_self_service(connection: Connection, tenant: str, contact_id: str, note: str) -> None:
    """Keep what the customer chose and typed, once. Raises NotFound."""
    if await connection.fetchval(SQL["contact_there"], tenant, contact_id) is None:
        raise NotFound("no such contact")
    await connection.execute(SQL["note_of_self_service"], tenant, contact_id, note)


async def listed(
    connection: Connection,
    tenant: str,
    before: tuple[datetime, str],
    customer_id: str | None,
    open_only: bool,
    limit: int,
) -> list[asyncpg.Record]:
    """Contacts, newest first."""
    return await connection.fetch(SQL["list_contacts"], tenant, *before, customer_id, open_only, limit)


async def touch(connection: Connection, tenant: str, customer_ids: Sequence[str]) -> None:
    """Something on these customers' cards changed."""
    await connection.execute(SQL["touch_customers"], tenant, list(customer_ids))
