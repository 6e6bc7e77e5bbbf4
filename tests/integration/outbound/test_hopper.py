"""The hopper at length: the next records are the first of an index, however many wait behind them."""

from __future__ import annotations

import json
from typing import Any

from services.outbound.store.statements import SQL
from tests.integration.outbound.conftest import POOL, House

RECORDS = 100_000


async def _plan(house: House, statement: str, *arguments: Any) -> str:
    async with house.parts.workers.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            told = await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {SQL[statement]}", *arguments)
            return json.dumps(told)
        finally:
            await transaction.rollback()


def _rows_read(step: Any) -> int:
    """The most rows any step of a plan looked at."""
    looked_at = int(step["Actual Rows"]) + int(step.get("Rows Removed by Filter", 0))
    return max([looked_at, *map(_rows_read, step.get("Plans", []))])


async def test_the_next_hundred_of_a_hundred_thousand_are_read_by_index(house: House) -> None:
    campaign = await house.campaign(state="paused")
    await house.owner.execute(
        "INSERT INTO outbound.records (tenant_id, campaign_id, record_id, list_id, person_key, numbers, priority, score, created_at,"
        " language) SELECT $1, $2, 'h' || n, $2, md5(n::text), '[]', n % 5, n % 997, 0, CASE WHEN n % 3 > 0 THEN 'zh' END"
        " FROM generate_series(1, $3) n",
        house.tenant, campaign, RECORDS,
    )  # fmt: skip
    await house.owner.execute(
        "INSERT INTO outbound.dialling_leases VALUES ($1, $2, 'x', 7, now() + interval '1 hour')"
        " ON CONFLICT (tenant_id, pool_id) DO UPDATE SET epoch = 7",
        house.tenant, POOL,
    )  # fmt: skip
    await house.owner.execute("ANALYZE outbound.records")
    for statement, arguments in {
        "claim_records": (house.tenant, campaign, POOL, 100, 7, ["", "zh"]),
        "records_ready": (house.tenant, campaign, 2_000),
        "wake_records": (house.tenant, campaign, house.now(), 1_000),
        "records_left": (house.tenant, campaign),
    }.items():
        plan = await _plan(house, statement, *arguments)
        assert _rows_read(json.loads(plan)[0]["Plan"]) <= 2_000, f"{statement} reads more than it gives"
    states = await house.owner.fetch(
        "SELECT state, records FROM outbound.record_counts WHERE campaign_id = $1", campaign
    )
    assert {row["state"]: row["records"] for row in states} == {"waiting": RECORDS}
