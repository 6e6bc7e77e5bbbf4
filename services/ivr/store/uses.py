"""What standard questions were worth: asked, answered, contained, came back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import asyncpg

from services.ivr.domain.visit import QuestionUse
from services.ivr.store.statements import SQL
from shared.postgres import Connection


async def asked(
    connection: Connection, tenant: str, contact_id: str, channel: str, uses: Iterable[QuestionUse], now: datetime
) -> None:
    """Questions asked in a contact; each counts once."""
    rows = [(tenant, contact_id, use.question, use.version, channel, use.by, now) for use in uses]
    if rows:
        await connection.executemany(SQL["use_asked"], rows)


async def answered(connection: Connection, tenant: str, contact_id: str, question: str, now: datetime) -> None:
    await connection.execute(SQL["use_answered"], tenant, contact_id, question, now)


async def closed(connection: Connection, ends: Sequence[tuple[str, str, str, datetime, str | None]]) -> None:
    """(tenant, contact, its end, when, customer)."""
    await connection.execute(SQL["uses_closed"], *map(list, zip(*ends, strict=True)))


async def customer_heard_of(
    connection: Connection, tenant: str, customer_id: str, contact_id: str, now: datetime, since: datetime
) -> None:
    """A customer is in contact: who asked in this contact, and that they came back after earlier ones."""
    await connection.execute(SQL["customer_known"], tenant, contact_id, customer_id)
    await connection.execute(SQL["customer_came_back"], tenant, customer_id, contact_id, now, since)


async def usage(
    connection: Connection, tenant: str, since: datetime, window_complete_before: datetime
) -> list[asyncpg.Record]:
    return await connection.fetch(SQL["question_usage"], tenant, since, window_complete_before)
