"""`python -m services.router.reporting.keeper`: a process of its own that follows the journal and keeps the tables of reports.

Rows, counts and the watermark move in one transaction, so that whatever dies, every input is counted once. With
`--recompute --compare` it counts the whole journal again in memory and says where the tables differ; `--recompute` alone
begins the tables anew.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Mapping
from typing import Any

from services.router.domain.core import decisions_from_json, input_from_json
from services.router.domain.reporting.book import Book
from services.router.domain.reporting.fold import ReportChanges, Reports
from services.router.journal import JournalBroken, Row, Store
from services.router.reporting.store import TABLES, ReportStore, as_tables, everything, watermark
from services.router.settings import RouterSettings
from shared import telemetry
from shared.contracts.metrics import definitions
from shared.kafka import supervise
from shared.postgres import open_pool

PAGE = 1000
"""Journal rows counted in one transaction at most."""
REST = 2
"""The process rests at least this many times as long as it worked, unless it is far behind."""
SLICE_SECONDS = 0.02
SHOWN = 20
"""Differences listed at most."""
KEYS: Mapping[str, tuple[str, ...]] = {
    "contacts": ("tenant_id", "contact_id", "born"),
    "stays": ("tenant_id", "contact_id", "born", "number"),
    "talks": ("tenant_id", "interaction_id"),
    "agents": ("tenant_id", "pool_id", "agent_id"),
    "ratings": ("tenant_id", "contact_id", "agent_id"),
    "targets": ("tenant_id", "pool_id"),
    "groups": ("tenant_id", "pool_id", "group_id", "channel", "direction", "quarter"),
    "staff": ("tenant_id", "pool_id", "agent_id", "quarter"),
    "breaks": ("tenant_id", "pool_id", "agent_id", "reason", "quarter"),
}

log = telemetry.logger("router-reports")


class Counter:
    """Follows every partition's journal from where its tables stand."""

    def __init__(self, journal: Store, reports: ReportStore, partitions: int) -> None:
        self._journal = journal
        self._reports = reports
        self._partitions = partitions
        self._going: dict[int, tuple[int, Reports]] = {}

    async def round(self) -> int:
        """Count what is new, at most a page a partition. Returns how many journal rows that was."""
        return sum([await self._advance(partition) for partition in range(self._partitions)])

    async def _advance(self, partition: int) -> int:
        head = await self._journal.head(partition)
        if head is None or head.position < 1:
            return 0
        going = self._going.pop(partition, None)  # kept only if the page ends well
        position, reports = going if going is not None else await self._reports.load(partition)
        rows = await self._journal.rows_after(partition, position, head.position, PAGE)
        if rows:
            await hear_all(reports, rows, position)
            after = rows[-1]
            await self._reports.save(partition, position, after.position, after.now, reports.take())
            position = after.position
        self._going[partition] = (position, reports)
        return len(rows)


async def hear_all(reports: Reports, rows: list[Row] | tuple[Row, ...] | Any, position: int) -> None:
    """Journal rows following `position`, giving way to others now and then. Raises JournalBroken at a hole."""
    started = time.perf_counter()
    for row in rows:
        if row.position != position + 1:
            raise JournalBroken(f"position {position + 1} of partition {reports.partition} is missing")
        reports.hear(input_from_json(row.input), decisions_from_json(row.decisions))
        position = row.position
        if time.perf_counter() - started > SLICE_SECONDS:
            await asyncio.sleep(0)
            started = time.perf_counter()


async def compare(settings: RouterSettings, partition: int) -> list[str]:
    """Count the journal again in memory, to where the tables stand, and tell what differs (at most 20 lines).

    The tables are read as they stood at one moment, so that counting may go on meanwhile.
    """
    pool = await open_pool(settings.database_url, "router", "worker", maximum=2)
    try:
        journal = Store(pool)
        async with pool.acquire() as connection:
            await connection.execute("SET idle_in_transaction_session_timeout = 0")
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                counted = await watermark(connection, partition)
                if counted is None:
                    return []
                book = await recount(journal, partition, counted[0])
                return await _differences(connection, partition, book)
    finally:
        await pool.close()


async def recount(journal: Store, partition: int, until: int) -> Book:
    """The reports of the journal's first `until` rows. Raises JournalBroken."""
    reports, book, position = Reports(partition, definitions()), Book(), 0
    while position < until:
        rows = await journal.rows_after(partition, position, until, PAGE)
        if not rows:
            raise JournalBroken(f"the journal of partition {partition} ends at {position}, not {until}")
        await hear_all(reports, rows, position)
        book.enter(reports.take())
        position = rows[-1].position
    return book


async def _differences(connection: Any, partition: int, book: Book) -> list[str]:
    whole = ReportChanges(
        book.rows.contacts, book.rows.stays, book.rows.talks, book.rows.agents, book.rows.ratings, book.rows.targets,
        book.groups, book.staff, book.breaks,
    )  # fmt: skip
    expected = as_tables(whole, partition, definitions())
    found: list[str] = []
    for table in TABLES:
        wanted = {_key(table, row): row for row in expected[table]}
        async for row in everything(connection, table, partition):
            right = wanted.pop(_key(table, row), None)
            if right is None:
                found.append(f"{table} {_key(table, row)}: not in the journal")
            elif right != row:
                fields = ", ".join(f"{name} {row[name]} for {right[name]}" for name in row if row[name] != right[name])
                found.append(f"{table} {_key(table, row)}: {fields}")
            if len(found) >= SHOWN:
                return found
        found += [f"{table} {key}: missing" for key in list(wanted)[: SHOWN - len(found)]]
    return found


def _key(table: str, row: Mapping[str, Any]) -> str:
    return "/".join(str(row[name]) for name in KEYS[table])


async def serve(settings: RouterSettings) -> None:
    """Rounds until cancelled."""
    pool = await open_pool(settings.database_url, "router", "worker", maximum=2)
    try:
        counter = Counter(Store(pool), ReportStore(pool, definitions()), settings.kafka_partitions)

        async def rounds() -> None:
            while True:
                started = time.monotonic()
                counted = await counter.round()
                took = time.monotonic() - started
                behind = counted >= PAGE
                await asyncio.sleep(0 if behind else max(settings.router_report_seconds, REST * took))

        await supervise("reports", rounds)
    finally:
        await pool.close()


async def begin_anew(settings: RouterSettings) -> int:
    """Empty the tables and count every partition's journal again. Returns how many rows that was."""
    pool = await open_pool(settings.database_url, "router", "worker", maximum=2)
    try:
        store = ReportStore(pool, definitions())
        for partition in range(settings.kafka_partitions):
            await store.forget(partition)
        counter, total = Counter(Store(pool), store, settings.kafka_partitions), 0
        while counted := await counter.round():
            total += counted
        return total
    finally:
        await pool.close()


async def check(settings: RouterSettings) -> int:
    """Compare every partition; exit code 1 where something differs."""
    differing = 0
    for partition in range(settings.kafka_partitions):
        lines = await compare(settings, partition)
        differing += bool(lines)
        sys.stdout.write(f"partition {partition}: {'differs' if lines else 'equal'}\n")
        sys.stdout.writelines(f"  {line}\n" for line in lines)
    return 1 if differing else 0


def main() -> None:
    arguments = argparse.ArgumentParser(description="Keep the tables of reports, begin them anew, or check them.")
    arguments.add_argument("--recompute", action="store_true", help="count the whole journal again")
    arguments.add_argument("--compare", action="store_true", help="beside the tables, saying what differs")
    chosen = arguments.parse_args()
    settings = RouterSettings()
    telemetry.configure_logging(settings.log_level, json=settings.log_json)
    if chosen.compare:
        sys.exit(asyncio.run(check(settings)))
    if chosen.recompute:
        sys.stdout.write(f"{asyncio.run(begin_anew(settings))} journal rows counted\n")
        return
    try:
        asyncio.run(serve(settings))
    except KeyboardInterrupt:
        log.info("stopped")


if __name__ == "__main__":
    main()
