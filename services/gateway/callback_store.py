"""Rows of callbacks: whom to call, and which attempts were begun."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from services.gateway.domain.callbacks import KeptCallback
from services.gateway.domain.sessions import HeldContact
from shared.postgres import Connection, named_statements

SQL: Final = named_statements(Path(__file__).parent / "sql" / "callbacks.sql")


async def keep(connection: Connection, callback: KeptCallback) -> None:
    """Asked twice it is one callback."""
    await connection.execute(
        SQL["keep_callback"], callback.tenant, callback.contact_id, callback.gateway_id, callback.subject,
        callback.number, callback.origin, callback.requested_at,
    )  # fmt: skip


async def number_of(connection: Connection, contact_id: str, gateway_id: str) -> str | None:
    """Whom a callback of this gateway calls."""
    row = await connection.fetchrow(SQL["callback"], contact_id, gateway_id)
    return None if row is None else row["number"]


async def number_for_staff(connection: Connection, contact_id: str) -> str | None:
    return await connection.fetchval(SQL["callback_number"], contact_id)


async def was_begun(connection: Connection, attempt_id: str) -> bool:
    return await connection.fetchval(SQL["was_begun"], attempt_id)


async def begin_dial(
    connection: Connection, tenant: str, attempt_id: str, contact_id: str, gateway_id: str, now: int
) -> bool:
    """Write the intent; False where it was written before."""
    return await connection.fetchval(SQL["begin_dial"], tenant, attempt_id, contact_id, gateway_id, now) is not None


async def open_callbacks(connection: Connection, contacts: Iterable[HeldContact]) -> None:
    rows = [(c.tenant, c.contact_id, c.gateway_id, c.channel, c.pool_id, c.partition, c.opened_at) for c in contacts]
    await connection.execute(SQL["open_callbacks"], *map(list, zip(*rows, strict=True)))
