"""Customers: create, change, find, their timeline."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import asyncpg

from services.profile.store.statements import SQL
from shared.contracts.fields import AddressKind
from shared.errors import NotFound
from shared.postgres import Connection

AGENT = "agent"
"""Source of what people entered here."""


@dataclass(frozen=True, slots=True)
class OwnFields:
    """A customer's own fields, as people or a source system give them."""

    name: str | None = None
    tier: str | None = None
    language: str | None = None
    account_owner: str | None = None
    preferences: Mapping[str, str] = field(default_factory=dict)
    note: str | None = None


@dataclass(frozen=True, slots=True)
class NewIdentity:
    """An identity in normal form."""

    kind: AddressKind
    value: str
    label: str | None = None


def new_id(kind: str) -> str:
    """A fresh opaque id, its kind readable: cu-…, id-…, ca-…"""
    return f"{kind}-{uuid.uuid4().hex}"


async def create(connection: Connection, tenant: str, fields: OwnFields, identities: Sequence[NewIdentity]) -> str:
    """A new customer; returns its id."""
    customer_id = new_id("cu")
    await connection.execute(
        SQL["create_customer"], tenant, customer_id, fields.name, fields.tier, fields.language, fields.account_owner,
        dict(fields.preferences), fields.note,
    )  # fmt: skip
    await add_identities(connection, tenant, customer_id, identities)
    return customer_id


async def add_identities(
    connection: Connection, tenant: str, customer_id: str, identities: Sequence[NewIdentity]
) -> None:
    """Give the customer identities; those it has stay."""
    if identities:
        await connection.execute(
            SQL["add_identities"], tenant, customer_id, [new_id("id") for _ in identities],
            [str(i.kind) for i in identities], [i.value for i in identities], [i.label for i in identities], AGENT,
        )  # fmt: skip


async def remove_identity(connection: Connection, tenant: str, customer_id: str, identity_id: str) -> None:
    """Raises NotFound."""
    if await connection.fetchval(SQL["remove_identity"], tenant, customer_id, identity_id) is None:
        raise NotFound("no such identity of this customer")


async def lock(connection: Connection, tenant: str, customer_id: str) -> tuple[OwnFields, int]:
    """The customer's own fields and version, locked. Raises NotFound."""
    row = await connection.fetchrow(SQL["lock_customer"], tenant, customer_id)
    if row is None:
        raise NotFound("no such customer")
    fields = OwnFields(row["name"], row["tier"], row["language"], row["account_owner"], row["preferences"], row["note"])
    return fields, row["version"]


async def require(connection: Connection, tenant: str, customer_id: str) -> None:
    """Raises NotFound unless the customer exists."""
    if await connection.fetchval(SQL["customer_exists"], tenant, customer_id) is None:
        raise NotFound("no such customer")


async def change(
    connection: Connection, tenant: str, customer_id: str, now: OwnFields, changes: Mapping[str, Any]
) -> None:
    """Write `changes` over the locked fields `now`; no real change makes no version."""
    then = replace(now, **changes)
    if then != now:
        await connection.execute(
            SQL["change_customer"], tenant, customer_id, then.name, then.tier, then.language, then.account_owner,
            dict(then.preferences), then.note,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; every given way adds hits."""

    name_part: str | None = None
    last_digits: str | None = None
    exact: Sequence[str] | None = None


async def search(
    connection: Connection, tenant: str, wanted: Search | None, after: tuple[str, str], limit: int
) -> list[asyncpg.Record]:
    """Customers in order of name and id, after that key; everybody where nothing is looked for."""
    if wanted is None:
        return await connection.fetch(SQL["list_customers"], tenant, *after, limit)
    return await connection.fetch(
        SQL["search_customers"], tenant, wanted.name_part and wanted.name_part.lower(),
        wanted.last_digits and wanted.last_digits[::-1], wanted.exact, *after, limit,
    )  # fmt: skip


async def timeline(
    connection: Connection, tenant: str, customer_id: str, before: tuple[datetime, str], limit: int
) -> list[asyncpg.Record]:
    """What happened with the customer, newest first."""
    return await connection.fetch(SQL["timeline_of_customer"], tenant, customer_id, *before, limit)


async def identity_value(connection: Connection, tenant: str, customer_id: str, identity_id: str) -> tuple[str, str]:
    """(kind, whole value). Raises NotFound."""
    row = await connection.fetchrow(SQL["identity_value"], tenant, customer_id, identity_id)
    if row is None:
        raise NotFound("no such identity of this customer")
    return row["kind"], row["value"]


async def audit(
    connection: Connection, tenant: str, user: str, action: str, *, customer_id: str | None = None,
    contact_id: str | None = None, detail: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """Write down who did what; `detail` holds ids and codes, never a number or name."""
    await connection.execute(SQL["write_audit"], tenant, user, action, customer_id, contact_id, dict(detail or {}))


async def reachable(
    connection: Connection, tenant: str, asked: Sequence[tuple[str | None, str | None, str | None]]
) -> list[asyncpg.Record]:
    """Customers by (id, or source and key), each with the place of its question from 1; unknown ones are left out."""
    ids, sources, keys = zip(*asked, strict=True)
    return await connection.fetch(SQL["reachable_customers"], tenant, list(ids), list(sources), list(keys))
