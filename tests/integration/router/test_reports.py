"""The tables of reports on real PostgreSQL: counted once whatever dies, equal to the journal, of one tenant only."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from services.router.journal import Store
from services.router.reporting import store as report_store
from services.router.reporting.keeper import Counter, compare
from services.router.reporting.store import SQL, TABLES, CountedElsewhere, ReportStore
from services.router.settings import RouterSettings
from shared.contracts.metrics import definitions
from shared.postgres import Pool, open_pool, tenant_transaction
from tests.integration.router.journaled import PARTITION, lively_day, write_journal

ROOT = Path(__file__).parents[3]


class Killed(BaseException):
    """The process is gone."""


@pytest.fixture
async def workers(database_url: str) -> AsyncIterator[Pool]:
    pool = await open_pool(database_url, "router", "worker")
    yield pool
    await pool.close()


@pytest.fixture
def settings(database_url: str, monkeypatch: pytest.MonkeyPatch) -> RouterSettings:
    monkeypatch.setenv("UCC_DATABASE_URL", database_url)
    return RouterSettings(kafka_partitions=PARTITION + 1)


async def counted(pool: Pool) -> dict[str, list[str]]:
    """Everything in the tables."""
    found: dict[str, list[str]] = {}
    async with pool.acquire() as connection, connection.transaction():
        for table in TABLES:
            rows = [row async for row in report_store.everything(connection, table, PARTITION)]
            found[table] = sorted(json.dumps(row, sort_keys=True) for row in rows)
    return found


async def test_the_tables_equal_the_journal(workers: Pool, settings: RouterSettings) -> None:
    await write_journal(Store(workers), PARTITION, lively_day(1, 40))
    counter = Counter(Store(workers), ReportStore(workers, definitions()), PARTITION + 1)
    assert await counter.round() > 250
    assert await counter.round() == 0
    assert await compare(settings, PARTITION) == []
    first = await counted(workers)
    assert all(first[table] for table in TABLES if table not in ("ratings", "breaks"))
    await ReportStore(workers, definitions()).forget(PARTITION)
    assert not any((await counted(workers)).values())
    await Counter(Store(workers), ReportStore(workers, definitions()), PARTITION + 1).round()
    assert await counted(workers) == first


async def test_a_difference_is_found_and_named(workers: Pool, settings: RouterSettings) -> None:
    await write_journal(Store(workers), PARTITION, lively_day(2, 40))
    await Counter(Store(workers), ReportStore(workers, definitions()), PARTITION + 1).round()
    await workers.execute("UPDATE report_groups SET offered = offered + 1 WHERE group_id = 'rental-general'")
    await workers.execute("DELETE FROM report_agents WHERE agent_id = 'main-agent-00'")
    lines = await compare(settings, PARTITION)
    assert any(line.startswith("groups") and "offered" in line for line in lines)
    assert any(line.startswith("agents") and line.endswith("missing") for line in lines)


async def test_counted_once_wherever_it_is_killed(
    workers: Pool, settings: RouterSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Death before, within and after every transaction: the statements run, and nothing is counted twice or lost."""
    journal = lively_day(4, 40)
    store = Store(workers)
    await write_journal(store, PARTITION, journal, size=40)
    monkeypatch.setattr("services.router.reporting.keeper.PAGE", 25)
    steps = ["watermark", "contacts", "stays", "talks", "agents", "groups", "staff", "after commit"]
    for step in steps * 2:
        doomed = _Doomed(workers, step)
        counter = Counter(store, doomed, PARTITION + 1)
        with pytest.raises(Killed):
            await _until_killed(counter)
    last = Counter(store, ReportStore(workers, definitions()), PARTITION + 1)
    while await last.round():
        pass
    assert await compare(settings, PARTITION) == []


async def _until_killed(counter: Counter) -> None:
    while await counter.round():
        pass
    raise Killed  # nothing was left to die at


class _Doomed(ReportStore):
    """Dies at the named statement of its second page, or right after its commit."""

    def __init__(self, pool: Pool, step: str) -> None:
        super().__init__(pool, definitions())
        self._step = step
        self._pages = 0

    async def save(self, partition: int, before: int, after: int, now: int, changes: Any) -> None:
        self._pages += 1
        if self._pages < 2 or self._step == "after commit":
            await super().save(partition, before, after, now, changes)
            if self._pages >= 2:
                raise Killed
            return
        tables = report_store.as_tables(changes, partition, self.definitions)
        async with self.pool.acquire() as connection, connection.transaction():
            version = self.definitions.version
            assert await connection.fetchval(SQL["advance_watermark"], partition, before, after, now, version)
            for table in TABLES:
                if self._step in ("watermark", table):
                    raise Killed
                statement = "add" if table in ("groups", "staff", "breaks") else "save"
                await connection.execute(SQL[f"{statement}_{table}"], json.dumps(tables[table]))
            raise Killed


async def test_a_second_counter_is_refused_and_goes_on_from_the_tables(workers: Pool, settings: RouterSettings) -> None:
    store, journal = Store(workers), lively_day(5, 40)
    reports = ReportStore(workers, definitions())
    one, other = Counter(store, reports, PARTITION + 1), Counter(store, reports, PARTITION + 1)
    await write_journal(store, PARTITION, journal[: len(journal) // 2])
    await one.round()
    await other.round()
    position, open_rows = await reports.load(PARTITION)
    with pytest.raises(CountedElsewhere):
        await reports.save(PARTITION, position - 1, position, 0, open_rows.take())
    assert await compare(settings, PARTITION) == []


async def test_other_definitions_count_anew(workers: Pool, settings: RouterSettings) -> None:
    await write_journal(Store(workers), PARTITION, lively_day(6, 40))
    await Counter(Store(workers), ReportStore(workers, definitions()), PARTITION + 1).round()
    before = await counted(workers)
    await workers.execute("UPDATE report_watermarks SET definitions = 0")
    await workers.execute("UPDATE report_groups SET offered = 0")
    await Counter(Store(workers), ReportStore(workers, definitions()), PARTITION + 1).round()
    assert await counted(workers) == before


async def test_a_tenant_reads_its_own_only(workers: Pool, database_url: str) -> None:
    await write_journal(Store(workers), PARTITION, lively_day(7, 40))
    await Counter(Store(workers), ReportStore(workers, definitions()), PARTITION + 1).round()
    api = await open_pool(database_url, "router", "api", maximum=2)
    try:
        for table in TABLES:
            if table in ("ratings", "breaks"):
                continue
            async with tenant_transaction(api, "jinfeng") as connection:
                assert await connection.fetchval(f"SELECT count(*) FROM report_{table}") > 0
            async with tenant_transaction(api, "another") as connection:
                assert await connection.fetchval(f"SELECT count(*) FROM report_{table}") == 0
        async with tenant_transaction(api, "jinfeng") as connection:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute("DELETE FROM report_contacts")
    finally:
        await api.close()


async def test_columns_are_the_measures_and_fields(workers: Pool) -> None:
    """Definitions, rows and tables name the same things."""
    async with workers.acquire() as connection:
        for name, of in (("report_groups", "group"), ("report_staff", "agent")):
            columns = {r["column_name"] for r in await connection.fetch(
                "SELECT column_name FROM information_schema.columns WHERE table_name = $1", name)}  # fmt: skip
            assert set(report_store.measures(definitions(), of)) <= columns
        for statement in SQL.values():
            await connection.prepare(statement)


async def test_the_command_says_equal(workers: Pool, settings: RouterSettings) -> None:
    await write_journal(Store(workers), PARTITION, lively_day(8, 40))
    command = [sys.executable, "-m", "services.router.reporting.keeper"]
    for arguments, said in (
        (["--recompute"], "journal rows counted"),
        (["--recompute", "--compare"], "partition 3: equal"),
    ):
        run = await asyncio.to_thread(
            subprocess.run, [*command, *arguments], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
        )
        assert said in run.stdout
