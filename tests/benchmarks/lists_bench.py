"""How long a million records take to become a campaign's, and whether the hopper's next ones cost more among a million.

python -m tests.benchmarks lists                 (200,000 rows, 10,000 → 200,000 waiting)
python -m tests.benchmarks.lists_bench --full    (1,000,000 rows as CSV and as XLSX, 10,000 → 1,000,000 waiting)
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import io
import os
import resource
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import openpyxl
from pydantic import SecretStr

from deploy.embedded import BROKER_PARTITIONS, EmbeddedBroker, EmbeddedPostgres, create_database, fresh_name
from services.outbound.app import create_app
from services.outbound.domain.deduplication import Wins
from services.outbound.handlers.import_process import ImportProcess
from services.outbound.settings import OutboundSettings
from services.outbound.store import imports
from services.outbound.store.statements import SQL
from shared.postgres import Pool, migrate, open_pool, worker_transaction
from shared.security import Principal, Role, issue_token, new_signing_key, public_keys
from tests.benchmarks.report import Figure
from tests.integration.outbound.conftest import Neighbours

TENANT = "bench"
HEADER = ["编号", "姓名", "手机", "优先级", "价值", "原因", "承诺", "语言"]
FIELDS = ["key", "name", "number", "priority", "value", "reason", "promised", "language"]
PIECE_BYTES = 1 << 20
ROUNDS = 30


def rows_of(count: int) -> list[list[object]]:
    """People with numbers of their own; of a hundred one comes again and one has no number that can be dialled."""
    rows: list[list[object]] = []
    for n in range(count):
        person = n - (n % 100 == 13)
        number = "12" if n % 100 == 7 else f"1{(38, 59, 86, 77)[person % 4]}{person * 97 % 10**8:08d}"
        rows.append(
            [f"K{n:07d}", f"客户{n % 5000}", number, n % 100, f"{n % 900}.50", "合同下月到期", "安排看房", "zh"]
        )
    return rows


def as_csv(rows: list[list[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *rows])
    return text.getvalue().encode()


def as_xlsx(rows: list[list[object]]) -> bytes:
    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet()
    for row in [HEADER, *rows]:
        sheet.append(row)
    kept = io.BytesIO()
    workbook.save(kept)
    return kept.getvalue()


async def campaign(owner: asyncpg.Connection, campaign_id: str) -> None:
    await owner.execute(
        "INSERT INTO outbound.campaigns (tenant_id, campaign_id, title, mode, purpose, pool_id, group_name, business_line, gateway_id,"
        " rulesets, document, created_at, created_by, changed_at)"
        " VALUES ($1, $2, $2, 'progressive', 'service_followup', 'main', 'g', 'rental', 'gw', '{}', '{}', 1, 'u', 1)",
        TENANT, campaign_id,
    )  # fmt: skip


async def imported(
    workers: Pool, settings: OutboundSettings, campaign_id: str, file: bytes
) -> tuple[float, asyncpg.Record]:
    """Seconds from the whole file being there to its last record, the confirmation of its columns taking none; and the counts."""
    import_id = f"im-{campaign_id}"
    async with worker_transaction(workers) as connection:
        await imports.begin(connection, TENANT, import_id, campaign_id, "bench", None, "u", 1)
        for place in range(0, len(file), PIECE_BYTES):
            piece = file[place : place + PIECE_BYTES]
            await imports.keep_piece(connection, TENANT, import_id, place // PIECE_BYTES, piece)
    started = time.perf_counter()
    async with worker_transaction(workers) as connection:
        await imports.file_is_whole(connection, TENANT, import_id, len(file))
    running = asyncio.create_task(ImportProcess(workers, settings).run())
    try:
        while True:
            async with worker_transaction(workers) as connection:
                row = await imports.read(connection, TENANT, import_id)
                if row["state"] == "mapping":
                    await imports.keep_mapping(connection, TENANT, import_id, FIELDS, Wins.FIRST, None, None, "bench")
                    await imports.start(connection, TENANT, import_id, 2)
            if row["state"] in ("done", "failed"):
                return time.perf_counter() - started, row
            await asyncio.sleep(0.1)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def next_ones(owner: asyncpg.Connection, campaign_id: str, count: int) -> float:
    """Milliseconds (median) to claim the hopper's next `count` records, rolled back each time."""
    await owner.execute("SET search_path TO outbound")
    await owner.execute(
        "INSERT INTO dialling_leases VALUES ($1, 'main', 'bench', 1, now() + interval '1 day') ON CONFLICT DO NOTHING",
        TENANT,
    )
    statement = await owner.prepare(SQL["claim_records"])
    took: list[float] = []
    for _ in range(ROUNDS):
        change = owner.transaction()
        await change.start()
        started = time.perf_counter()
        claimed = await statement.fetch(TENANT, campaign_id, "main", count, 1, ["", "zh"])
        took.append((time.perf_counter() - started) * 1000)
        await change.rollback()
        assert len(claimed) == count
    return statistics.median(took)


async def whys(url: str, owner: asyncpg.Connection, campaign_id: str) -> tuple[float, float]:
    """Milliseconds (median, most) until "why is this record not dialled" is answered, of records all over the campaign."""
    broker, key = EmbeddedBroker(), new_signing_key()
    settings = OutboundSettings(
        database_url=url, kafka_bootstrap_servers=broker.bootstrap_servers, kafka_partitions=BROKER_PARTITIONS,
        token_verify_keys=SecretStr(public_keys(key)),
    )  # fmt: skip
    rows = await owner.fetch(
        "SELECT record_id FROM outbound.records WHERE campaign_id = $1 ORDER BY md5(record_id) LIMIT $2",
        campaign_id,
        ROUNDS,
    )
    app = create_app(settings, httpx.MockTransport(Neighbours().answer))
    token = issue_token(key, Principal("u", TENANT, frozenset({Role.CAMPAIGN_MANAGER})), lifetime_seconds=3600)
    transport, headers = httpx.ASGITransport(app), {"Authorization": f"Bearer {token}"}
    took: list[float] = []
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://outbound", headers=headers) as client,
    ):
        for row in rows:
            started = time.perf_counter()
            answer = await client.get(f"/v1/campaigns/{campaign_id}/records/{row['record_id']}/why")
            took.append((time.perf_counter() - started) * 1000)
            answer.raise_for_status()
    return statistics.median(took), max(took)


@asynccontextmanager
async def _database() -> AsyncGenerator[tuple[str, asyncpg.Connection, Pool]]:
    with tempfile.TemporaryDirectory(prefix="ucc-bench-") as name:
        postgres = EmbeddedPostgres(Path(name) / "postgres")
        url = create_database(postgres.url, fresh_name("bench"))
        migrate(url)
        owner = await asyncpg.connect(url)
        await owner.execute("INSERT INTO directory.tenants (tenant_id, name) VALUES ($1, $1)", TENANT)
        workers = await open_pool(url, "outbound", "worker")
        try:
            yield url, owner, workers
        finally:
            await workers.close()
            await owner.close()
            postgres.stop()


async def list_figures(rows: int, *, xlsx: bool = False, told: bool = False) -> list[Figure]:
    """Rows a second of an import, and how the cost of the next ones grows from 10,000 to `rows` waiting."""
    content = rows_of(rows)
    figures: list[Figure] = []
    async with _database() as (url, owner, workers):
        settings = OutboundSettings(database_url=url)
        files = {"small": as_csv(content[:10_000]), "csv": as_csv(content)} | (
            {"xlsx": as_xlsx(content)} if xlsx else {}
        )
        for name, file in files.items():
            await campaign(owner, name)
            seconds, row = await imported(workers, settings, name, file)
            counts = {key: row[key] for key in ("total_rows", "created", "duplicates", "rejected")}
            assert row["state"] == "done", row["failure"]
            assert counts["created"] + counts["duplicates"] + counts["rejected"] == counts["total_rows"]
            if told:
                used = resource.getrusage(resource.RUSAGE_CHILDREN)
                print(f"workers so far {used.ru_utime + used.ru_stime:.0f} s of a core; load {os.getloadavg()[0]:.1f}")
                print(
                    f"{name}: {len(file) / 1e6:.0f} MB in {seconds:.1f} s, {counts['total_rows'] / seconds:,.0f} rows/s; {counts}"
                )
            if name != "small":
                figures.append(
                    Figure(
                        "lists",
                        f"{rows:,} rows as {name.upper()} become records",
                        seconds * 1_000_000 / rows,
                        "≤ 120",
                        "s a million",
                    )
                )
        await owner.execute("ANALYZE outbound.records")
        small, large = [await next_ones(owner, name, 100) for name in ("small", "csv")]
        if told:
            print(f"next 100 of 10,000: {small:.2f} ms, of {rows:,}: {large:.2f} ms")
            plan = await owner.fetch("EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, SUMMARY OFF) " + NEXT, TENANT, "csv")
            print("\n".join(line[0] for line in plan))
        figures.append(Figure("lists", f"next 100 of {rows:,} waiting ÷ of 10,000", large / small, "≤ 2"))
        answered = await whys(url, owner, "csv")
        if told:
            print(
                f"why a record of {rows:,} is not dialled, by HTTP: p50 {answered[0]:.0f} ms, most {answered[1]:.0f} ms"
            )
        figures.append(
            Figure("lists", f"why (not) now, most of {ROUNDS} records of {rows:,}", answered[1], "≤ 200", "ms")
        )
    return figures


NEXT = """SELECT c.record_id FROM outbound.records c
 WHERE c.tenant_id = $1 AND c.campaign_id = $2 AND c.state = 'waiting' AND coalesce(c.language, '') = 'zh'
 ORDER BY c.turn, c.priority DESC, c.score DESC, c.record_id LIMIT 100 FOR UPDATE SKIP LOCKED"""
"""What `claim_records` chooses by."""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--full", action="store_true", help="a million rows, as CSV and as XLSX")
    asked = parser.parse_args()
    asyncio.run(list_figures(1_000_000 if asked.full else asked.rows, xlsx=asked.full, told=True))
