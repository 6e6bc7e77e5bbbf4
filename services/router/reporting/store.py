"""The tables of reports: what was counted goes in with the watermark it was counted to, in one transaction, once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from services.router.domain.reporting.fold import Counts, ReportChanges, Reports
from services.router.domain.reporting.rows import AgentRow, ContactRow, StayRow, TalkRow, TargetsRow
from shared.contracts.metrics import Definitions
from shared.contracts.wire import adapter
from shared.errors import UccError
from shared.postgres import Connection, Pool, named_statements, worker_transaction

SQL = named_statements(Path(__file__).parents[1] / "sql" / "reports.sql")
OPEN: Mapping[str, type[Any]] = {
    "contacts": ContactRow,
    "stays": StayRow,
    "talks": TalkRow,
    "agents": AgentRow,
    "targets": TargetsRow,
}
"""Rows that counting goes on from, in the order it needs them."""
TABLES = ("contacts", "stays", "talks", "agents", "ratings", "targets", "groups", "staff", "breaks")


class CountedElsewhere(UccError):
    """Another process moved the watermark: nothing was written, what is in memory is worthless."""


def measures(definitions: Definitions, of: str) -> tuple[str, ...]:
    """The counted columns of a table. `waiting` is what offered leaves over, and no column."""
    return tuple(name for name, measure in definitions.measures.items() if measure.of == of and name != "waiting")


def _counted(counts: Mapping[Any, Counts], partition: int, names: Collection[str]) -> list[dict[str, Any]]:
    zero = dict.fromkeys(names, 0)
    return [{**asdict(where), "partition": partition, **zero, **found} for where, found in counts.items() if found]


def as_tables(changes: ReportChanges, partition: int, definitions: Definitions) -> dict[str, list[dict[str, Any]]]:
    """Changes as rows of the tables, by table."""

    def dumped(rows: Iterable[object]) -> list[dict[str, Any]]:
        return [adapter(type(row)).dump_python(row, mode="json") for row in rows]

    return {
        "contacts": dumped(changes.contacts.values()),
        "stays": dumped(changes.stays.values()),
        "talks": dumped(changes.talks.values()),
        "agents": dumped(changes.agents.values()),
        "ratings": dumped(changes.ratings.values()),
        "targets": dumped(changes.targets.values()),
        "groups": _counted(changes.groups, partition, measures(definitions, "group")),
        "staff": _counted(changes.staff, partition, measures(definitions, "agent")),
        "breaks": [
            {**asdict(where), "partition": partition, "passed": passed}
            for where, passed in changes.breaks.items()
            if passed
        ],
    }


class ReportStore:
    """The write side, for workers (all tenants)."""

    def __init__(self, pool: Pool, definitions: Definitions) -> None:
        self.pool = pool
        self.definitions = definitions

    async def load(self, partition: int) -> tuple[int, Reports]:
        """(position, open rows) of a partition. Rows counted under other definitions are forgotten first."""
        async with worker_transaction(self.pool) as connection:
            await connection.execute(SQL["begin_watermark"], partition, self.definitions.version)
            found = await connection.fetchrow(f"{SQL['watermark']} FOR UPDATE", partition)
            assert found is not None
            if found["definitions"] != self.definitions.version:
                await self._clear(connection, partition)
                return 0, Reports(partition, self.definitions)
            reports = Reports(partition, self.definitions)
            rows = {name: await self._rows(connection, f"open_{name}", partition, kind) for name, kind in OPEN.items()}
        reports.begin(**rows)
        return found["position"], reports

    @staticmethod
    async def _rows(connection: Connection, statement: str, partition: int, kind: type[Any]) -> list[Any]:
        return [
            adapter(kind).validate_json(record["row"]) for record in await connection.fetch(SQL[statement], partition)
        ]

    async def save(self, partition: int, before: int, after: int, now: int, changes: ReportChanges) -> None:
        """What was heard of positions in (before, after]. Raises CountedElsewhere; after any other error load again."""
        tables = as_tables(changes, partition, self.definitions)
        async with worker_transaction(self.pool) as connection:
            moved = await connection.fetchval(
                SQL["advance_watermark"], partition, before, after, now, self.definitions.version
            )
            if moved is None:
                raise CountedElsewhere(f"partition {partition} is no longer counted to {before}")
            for table in TABLES:
                if tables[table]:
                    statement = "add" if table in ("groups", "staff", "breaks") else "save"
                    await connection.execute(SQL[f"{statement}_{table}"], json.dumps(tables[table]))

    async def forget(self, partition: int) -> None:
        """Empty the partition's rows, to count them again from the journal."""
        async with worker_transaction(self.pool) as connection:
            await connection.execute(SQL["begin_watermark"], partition, self.definitions.version)
            await connection.fetchrow(f"{SQL['watermark']} FOR UPDATE", partition)
            await self._clear(connection, partition)

    async def _clear(self, connection: Connection, partition: int) -> None:
        await connection.execute(SQL["restart_watermark"], partition, self.definitions.version)
        for table in TABLES:
            await connection.execute(SQL[f"clear_{table}"], partition)


async def watermark(connection: Connection, partition: int) -> tuple[int, int, int] | None:
    """(position, now, definitions) a partition is counted to."""
    found = await connection.fetchrow(SQL["watermark"], partition)
    return None if found is None else (found["position"], found["now"], found["definitions"])


async def everything(connection: Connection, table: str, partition: int) -> AsyncIterator[dict[str, Any]]:
    """All rows of a table of one partition, read in pieces (within a transaction)."""
    async for record in connection.cursor(SQL[f"all_{table}"], partition, prefetch=1000):
        yield json.loads(record["row"])
