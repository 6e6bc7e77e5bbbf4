"""Rows that nothing asks for any more; every statement is named in `sql/retention.sql`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from shared.postgres import Connection, named_statements

SQL: Final = named_statements(Path(__file__).parent.parent / "sql" / "retention.sql")


async def chosen_rulesets(connection: Connection, tenant: str) -> list[str]:
    return [row["name"] for row in await connection.fetch(SQL["chosen_rulesets"], tenant)]


async def forget(connection: Connection, tenant: str, before: int, days: int, at_most: int) -> int:
    """Up to `at_most` rows of each kind from before then (µs), `days` ago; returns how many of the kind that had most."""
    attempts = await connection.fetchval(SQL["forget_attempts"], tenant, before, at_most, days)
    entries = await connection.fetchval(SQL["forget_entries"], tenant, before, at_most)
    answers = await connection.fetchval(SQL["forget_answers"], tenant, before, at_most)
    return max(attempts, entries, answers)
