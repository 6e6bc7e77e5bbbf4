"""Rows of outbound's attempts ↔ `domain.attempts`; every statement is named in `sql/attempts.sql`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import asyncpg
from pydantic_core import from_json

from services.gateway.domain.attempts import KeptAttempt
from shared.contracts.dial_results import AttemptEnded
from shared.contracts.wire import DIAL_REQUESTS, DIAL_RESULTS, dump_data, validate_data
from shared.postgres import Connection, named_statements

SQL: Final = named_statements(Path(__file__).parent / "sql" / "attempts.sql")


def _attempt(row: asyncpg.Record) -> KeptAttempt:
    columns = dict(row)
    ended = columns.pop("ended")
    return KeptAttempt(
        tenant=columns.pop("tenant_id"),
        wanted=validate_data(DIAL_REQUESTS, "PlaceCall", columns.pop("wanted")),
        ended=None if ended is None else validate_data(DIAL_RESULTS, "AttemptEnded", ended),
        **columns,
    )


async def keep(connection: Connection, attempt: KeptAttempt, now: int) -> bool:
    """False where it was asked for before."""
    return await connection.fetchval(
        SQL["keep_attempt"], attempt.tenant, attempt.attempt_id, attempt.wanted.gateway_id, attempt.contact_id,
        attempt.subject, from_json(dump_data(attempt.wanted)), attempt.number, attempt.display_name, now,
    ) is not None  # fmt: skip


async def find(connection: Connection, tenant: str, attempt_id: str) -> KeptAttempt | None:
    """Locked until the transaction ends."""
    row = await connection.fetchrow(SQL["attempt"], tenant, attempt_id)
    return None if row is None else _attempt(row)


async def of_contacts(connection: Connection, contact_ids: Iterable[str]) -> list[KeptAttempt]:
    """Those under way, locked until the transaction ends."""
    return [_attempt(row) for row in await connection.fetch(SQL["attempts_of_contacts"], sorted(contact_ids))]


async def under_way(connection: Connection, gateway_id: str) -> list[KeptAttempt]:
    return [_attempt(row) for row in await connection.fetch(SQL["attempts_under_way"], gateway_id)]


async def withdraw(connection: Connection, attempt: KeptAttempt, reason: str) -> None:
    await connection.execute(SQL["withdraw_attempt"], attempt.tenant, attempt.attempt_id, reason)


async def answered(connection: Connection, tenant: str, attempt_id: str, at: int) -> tuple[int, str] | None:
    """When and by whom they were connected already, if that was heard of first."""
    row = await connection.fetchrow(SQL["attempt_answered"], tenant, attempt_id, at)
    return None if row is None or row["connected_at"] is None else (row["connected_at"], row["connected_by"])


async def connected(connection: Connection, tenant: str, attempt_id: str, at: int, by: str) -> bool:
    """Whether it was told before that somebody took the call."""
    return await connection.fetchval(SQL["attempt_connected"], tenant, attempt_id, at, by) is not None


async def end(connection: Connection, tenant: str, ended: AttemptEnded) -> bool:
    """False where it has an outcome already."""
    said = from_json(dump_data(ended))
    return await connection.fetchval(SQL["end_attempt"], tenant, ended.attempt_id, said) is not None


async def forget(connection: Connection, before: int, at_most: int) -> int:
    """Attempts that ended, and dials begun, before then (µs): up to so many of each tenant. Returns how many of the kind with most."""
    return await connection.fetchval(SQL["forget_attempts"], before, at_most)
