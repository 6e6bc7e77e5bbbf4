"""Rows the agent's desk asks for, and who rang back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import asyncpg

from services.outbound.domain.machine_audits import MachineFigures
from services.outbound.domain.outcomes import DialOutcome
from services.outbound.store.attempts import AttemptRow, attempt_of
from services.outbound.store.statements import SQL as STATEMENTS
from shared.postgres import Connection, named_statements

SQL: Final = named_statements(Path(__file__).parent.parent / "sql" / "desk.sql")


async def card(
    connection: Connection, tenant: str, attempt_id: str, contact_id: str | None = None
) -> asyncpg.Record | None:
    """An attempt with its record and campaign; with `contact_id`: whether that contact rang back."""
    return await connection.fetchrow(SQL["attempt_card"], tenant, attempt_id, contact_id or "")


async def attempt_of_contact(connection: Connection, tenant: str, contact_id: str) -> str | None:
    return await connection.fetchval(SQL["attempt_of_contact"], tenant, contact_id)


async def book(
    connection: Connection, attempt: AttemptRow, at: int, agent_id: str | None, now: int, payload: Mapping[str, Any]
) -> bool:  # fmt: skip
    """False: the attempt has no record to call again."""
    booked = await connection.fetchval(
        SQL["book_callback"], attempt.tenant, attempt.campaign_id, attempt.record_id, at, agent_id, now, dict(payload)
    )
    return booked is not None


async def keep_disposition(connection: Connection, tenant: str, attempt_id: str, disposition: str) -> None:
    await connection.execute(SQL["keep_disposition"], tenant, attempt_id, disposition)


async def last_attempt_to(connection: Connection, tenant: str, number_key: str, since: int) -> AttemptRow | None:
    row = await connection.fetchrow(SQL["last_attempt_to_number"], tenant, number_key, since)
    return None if row is None else attempt_of(row)


async def keep_ring_back(connection: Connection, tenant: str, contact_id: str, attempt: AttemptRow, at: int) -> bool:
    """False: known already."""
    kept = await connection.fetchval(SQL["keep_ring_back"], tenant, contact_id, attempt.attempt_id, at)
    if kept is not None:
        await connection.execute(SQL["close_rung_back"], tenant, attempt.campaign_id, attempt.record_id)
    return kept is not None


async def refused(connection: Connection, tenant: str, attempt_id: str) -> None:
    """The person declined in this conversation: rules that rest after a refusal count it."""
    await connection.execute(SQL["refused_in_conversation"], tenant, attempt_id)


async def keep_answerer(connection: Connection, tenant: str, attempt_id: str, machine: bool, now: int) -> bool:
    """False: nobody answered, or somebody said otherwise before."""
    return await connection.fetchval(SQL["keep_answerer"], tenant, attempt_id, machine, now) is not None


async def machine_spoke(connection: Connection, attempt: AttemptRow) -> bool:
    """The outcome of an attempt that counted as a conversation is a machine's; False: it did not count as one."""
    if await connection.fetchval(SQL["machine_spoke"], attempt.tenant, attempt.attempt_id) is None:
        return False
    await connection.execute(
        STATEMENTS["close_ledger"], attempt.tenant, attempt.attempt_id, DialOutcome.MACHINE, attempt.ended_at
    )
    return True


async def call_again_after_machine(connection: Connection, attempt: AttemptRow) -> bool:
    """False: the record is not done by that conversation."""
    of = (attempt.tenant, attempt.campaign_id, attempt.record_id)
    return await connection.fetchval(SQL["call_again_after_machine"], *of) is not None


async def machine_figures(connection: Connection, tenant: str, campaign_id: str, since: int) -> MachineFigures:
    row = await connection.fetchrow(SQL["machine_figures"], tenant, campaign_id, since)
    assert row is not None  # counts always answer
    return MachineFigures(**dict(row))
