"""Imports: claimed by one worker at a time, gone on with batch by batch, their progress true after any crash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import asyncpg

from services.profile.domain.columns import Kind
from services.profile.domain.records import Outcome
from services.profile.store.customers import new_id
from services.profile.store.statements import SQL
from shared.errors import NotFound
from shared.postgres import Connection


@dataclass(frozen=True, slots=True)
class Claimed:
    """An import this worker goes on with, from row `done` (rows counted without the header)."""

    tenant: str
    import_id: str
    kind: Kind
    source: str
    file: bytes
    uploaded_at: datetime
    done: int


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that was not kept, and why."""

    line: int
    faults: Sequence[dict[str, str]]
    cells: Sequence[str]


async def begin(
    connection: Connection, tenant: str, kind: Kind, source: str, file: bytes, user: str, now: datetime
) -> str:
    """Keep the file for a worker; returns the import's id."""
    import_id = new_id("im")
    await connection.execute(SQL["begin_import"], tenant, import_id, kind, source, file, now, user)
    return import_id


async def claim(connection: Connection, worker: str, lease_seconds: float) -> Claimed | None:
    """The oldest import nobody works on."""
    row = await connection.fetchrow(SQL["claim_import"], worker, lease_seconds)
    return None if row is None else Claimed(*row)


async def was_read(
    connection: Connection, job: Claimed, worker: str, rows: int, header: Sequence[str], lease_seconds: float
) -> None:
    """How many rows the file has, and its columns."""
    await connection.execute(
        SQL["import_was_read"], job.tenant, job.import_id, worker, rows, list(header), lease_seconds
    )


async def hold(connection: Connection, job: Claimed, worker: str, done: int) -> bool:
    """Whether the import is still ours and stands at row `done`; nobody else moves it until the transaction ends."""
    return await connection.fetchval(SQL["hold_import"], job.tenant, job.import_id, worker, done) is not None


async def went_on(
    connection: Connection, job: Claimed, rows: int, outcomes: Sequence[Outcome], rejected: Sequence[Rejection], lease_seconds: float,
) -> None:  # fmt: skip
    """`rows` more are done, with these outcomes; in the transaction that wrote them."""
    counts = Counter(outcomes)
    await connection.execute(
        SQL["import_went_on"], job.tenant, job.import_id, rows, counts[Outcome.CREATED], counts[Outcome.UPDATED],
        counts[Outcome.UNCHANGED], len(rejected), lease_seconds,
    )  # fmt: skip
    await connection.executemany(
        SQL["reject_rows"], [(job.tenant, job.import_id, r.line, list(r.faults), list(r.cells)) for r in rejected]
    )


async def finish(
    connection: Connection, job: Claimed, worker: str, state: Literal["done", "failed"], failure: str | None = None
) -> None:
    """The import is over and its file forgotten."""
    await connection.execute(SQL["finish_import"], job.tenant, job.import_id, worker, state, failure)


async def read(connection: Connection, tenant: str, import_id: str) -> asyncpg.Record:
    """Raises NotFound."""
    row = await connection.fetchrow(SQL["read_import"], tenant, import_id)
    if row is None:
        raise NotFound("no such import")
    return row


async def listed(connection: Connection, tenant: str, before: tuple[datetime, str], limit: int) -> list[asyncpg.Record]:
    return await connection.fetch(SQL["list_imports"], tenant, *before, limit)


async def rejected(connection: Connection, tenant: str, import_id: str, after_line: int, limit: int) -> list[Any]:
    """Rejected rows in order of their lines."""
    return await connection.fetch(SQL["rejected_rows"], tenant, import_id, after_line, limit)
