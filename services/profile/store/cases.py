"""Cases, promises and what happened to them: rows ↔ domain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from services.profile.domain.cases import Case, CaseState
from services.profile.store.customers import new_id
from services.profile.store.statements import SQL
from shared.errors import NotFound
from shared.postgres import Connection


@dataclass(frozen=True, slots=True)
class CaseFields:
    """What people say of a case beside its state."""

    kind: str
    subject: str
    reason: str | None = None
    owner: str | None = None
    department: str | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LockedCase:
    """A case nobody else changes until the transaction ends."""

    case_id: str
    customer_id: str
    version: int
    fields: CaseFields
    case: Case


@dataclass(frozen=True, slots=True)
class CaseEntry:
    """One line of a case's history; `from_state` and `to_state` of a handover are the owners."""

    kind: str
    by: str
    at: datetime
    text: str | None = None
    from_state: str | None = None
    to_state: str | None = None


async def open_case(
    connection: Connection, tenant: str, customer_id: str, fields: CaseFields, user: str, now: datetime
) -> str:
    """A new case; returns its id."""
    case_id = new_id("ca")
    await connection.execute(
        SQL["open_case"], tenant, case_id, customer_id, fields.kind, fields.subject, fields.reason, fields.owner,
        fields.department, fields.due_at, now, user,
    )  # fmt: skip
    return case_id


async def lock(connection: Connection, tenant: str, case_id: str) -> LockedCase:
    """Raises NotFound."""
    row = await connection.fetchrow(SQL["lock_case"], tenant, case_id)
    if row is None:
        raise NotFound("no such case")
    return LockedCase(
        case_id,
        row["customer_id"],
        row["version"],
        CaseFields(
            row["kind"], row["subject"], row["reason"], row["owner"], row["department"], row["due_at"]
        ),
        Case(
            CaseState(row["state"]), row["owner"], row["owed"], row["waiting_for"], row["reopened"], row["answered_at"],
            row["closed_at"],
        ),
    )  # fmt: skip


async def write_state(connection: Connection, tenant: str, case_id: str, case: Case) -> None:
    await connection.execute(
        SQL["move_case"], tenant, case_id, case.state, case.waiting_for, case.reopened, case.answered_at, case.closed_at
    )


async def write_fields(connection: Connection, tenant: str, case_id: str, fields: CaseFields) -> None:
    await connection.execute(
        SQL["change_case"], tenant, case_id, fields.kind, fields.subject, fields.reason, fields.owner, fields.department,
        fields.due_at,
    )  # fmt: skip


async def add_entry(connection: Connection, tenant: str, case_id: str, customer_id: str, entry: CaseEntry) -> None:
    await connection.execute(
        SQL["write_case_entry"], tenant, new_id("en"), case_id, customer_id, entry.at, entry.by, entry.kind, entry.text,
        entry.from_state, entry.to_state,
    )  # fmt: skip


async def read(connection: Connection, tenant: str, case_id: str) -> asyncpg.Record:
    """The case with promises, entries, contacts. Raises NotFound."""
    row = await connection.fetchrow(SQL["read_case"], tenant, case_id)
    if row is None:
        raise NotFound("no such case")
    return row


async def listed(
    connection: Connection, tenant: str, before: tuple[datetime, str], filters: Mapping[str, Any], limit: int
) -> list[asyncpg.Record]:
    """Newest first. `filters`: customer_id, owner, state, open (true: not closed)."""
    return await connection.fetch(
        SQL["list_cases"], tenant, *before, filters.get("customer_id"), filters.get("owner"), filters.get("state"),
        bool(filters.get("open")), limit,
    )  # fmt: skip


async def make_promise(
    connection: Connection, tenant: str, case: LockedCase, text: str, owner: str, due_at: datetime, user: str, now: datetime
) -> str:  # fmt: skip
    """A reply owed; returns its id."""
    promise_id = new_id("pr")
    await connection.execute(
        SQL["make_promise"], tenant, promise_id, case.case_id, case.customer_id, text, owner, due_at, now, user
    )
    return promise_id


async def lock_promise(connection: Connection, tenant: str, promise_id: str) -> asyncpg.Record:
    """Raises NotFound."""
    row = await connection.fetchrow(SQL["lock_promise"], tenant, promise_id)
    if row is None:
        raise NotFound("no such promise")
    return row


async def keep_promise(connection: Connection, tenant: str, promise_id: str, user: str, now: datetime) -> None:
    await connection.execute(SQL["keep_promise"], tenant, promise_id, now, user)


async def promises_due(
    connection: Connection, tenant: str, after: tuple[datetime, str], owner: str | None, due_before: datetime | None, limit: int
) -> list[asyncpg.Record]:  # fmt: skip
    """Promises still owed, soonest first."""
    return await connection.fetch(SQL["promises_due"], tenant, *after, owner, due_before, limit)


async def link_contact(connection: Connection, tenant: str, case_id: str, contact_id: str) -> bool:
    """Whether the contact is linked only now."""
    return await connection.execute(SQL["link_case_contact"], tenant, case_id, contact_id) == "INSERT 0 1"
