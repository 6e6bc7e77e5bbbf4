"""The journal on real PostgreSQL: one statement a batch, fenced by epoch, seen by one tenant."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.router.journal import SQL, Batch, Claim, Journal, NewRow, Row, StaleEpoch, Store, rows_of_contact
from shared.postgres import Pool, open_pool, tenant_transaction

LEASE = 6.0


@pytest.fixture
async def workers(database_url: str) -> AsyncIterator[Pool]:
    pool = await open_pool(database_url, "router", "worker")
    yield pool
    await pool.close()


@pytest.fixture
async def store(workers: Pool) -> Store:
    store = Store(workers)
    await store.ensure_partitions(2)
    return store


def batch(claim: Claim, count: int, *, tenant: str = "jinfeng", offset: int = 10, per_row: int = 2) -> Batch:
    """`count` inputs with `per_row` decisions each, following the claim."""
    rows = [
        NewRow(
            Row(claim.next_position + n, claim.epoch, 1000 + n, tenant, "main", claim.next_sequence + n * per_row,
                per_row, f'{{"n":{n}}}', "[1,2]"),
            f"e{claim.next_position + n}",
            (f"c{n % 3}",),
        )
        for n in range(count)
    ]  # fmt: skip
    return Batch(
        rows, "cluster", offset, claim.next_position + count, claim.next_sequence + count * per_row, 2000, "hash"
    )


async def test_every_statement_is_prepared_against_the_schema(workers: Pool) -> None:
    async with workers.acquire() as connection:
        for name, text in SQL.items():
            assert await connection.prepare(text), name


async def test_an_append_moves_everything_at_once(store: Store) -> None:
    async with store.pool.acquire() as connection:
        claim = await store.claim(connection, 0, "one", LEASE)
        assert claim is not None
        await Journal(connection, claim, LEASE).append(batch(claim, 5), 3)
    head = await store.head(0)
    assert head is not None
    assert (head.position, head.sequence, head.published_sequence) == (5, 10, 3)
    rows = await store.rows_after(0, 0, 5)
    assert [row.position for row in rows] == [1, 2, 3, 4, 5]
    assert rows[4].input == '{"n":4}'
    assert [row.position for row in await store.rows_with_decisions_after(0, 3, 100)] == [2, 3, 4, 5]
    assert [row.position for row in await store.rows_with_decisions_after(0, 4, 100)] == [3, 4, 5]


async def test_a_lease_keeps_others_out_until_it_ends(store: Store) -> None:
    async with store.pool.acquire() as connection:
        assert await store.claim(connection, 0, "one", LEASE) is not None
        assert await store.claim(connection, 0, "two", LEASE) is None
        again = await store.claim(connection, 0, "one", LEASE)
        assert again is not None
        assert again.epoch == 2
        await store.pool.execute("UPDATE partitions SET lease_until = clock_timestamp() WHERE partition = 0")
        taken = await store.claim(connection, 0, "two", LEASE)
        assert taken is not None
        assert taken.epoch == 3


async def test_a_stale_epoch_writes_nothing(store: Store) -> None:
    async with store.pool.acquire() as old_connection, store.pool.acquire() as new_connection:
        old = await store.claim(old_connection, 0, "one", LEASE)
        assert old is not None
        await store.pool.execute("UPDATE partitions SET lease_until = clock_timestamp() WHERE partition = 0")
        new = await store.claim(new_connection, 0, "two", LEASE)
        assert new is not None
        stale = Journal(old_connection, old, LEASE)
        with pytest.raises(StaleEpoch):
            await stale.append(batch(old, 3), 0)
        with pytest.raises(StaleEpoch):
            await stale.renew(0)
        with pytest.raises(StaleEpoch):
            await stale.release(0)
    assert await store.rows_after(0, 0, 100) == []
    assert await store.claims(0) == [(1, "one", 1), (2, "two", 1)]


async def test_a_released_partition_is_free_at_once(store: Store) -> None:
    async with store.pool.acquire() as connection:
        claim = await store.claim(connection, 1, "one", LEASE)
        assert claim is not None
        await Journal(connection, claim, LEASE).release(0)
        assert [share.free for share in await store.shares()] == [True, True]
        assert await store.claim(connection, 1, "two", LEASE) is not None


async def _written_by_jinfeng(store: Store) -> None:
    async with store.pool.acquire() as connection:
        claim = await store.claim(connection, 0, "one", LEASE)
        assert claim is not None
        await Journal(connection, claim, LEASE).append(batch(claim, 3), 0)


async def test_a_tenant_sees_its_own_rows_only(store: Store, database_url: str) -> None:
    await _written_by_jinfeng(store)
    api = await open_pool(database_url, "router", "api")
    try:
        assert [row.position for _, row in await rows_of_contact(api, "jinfeng", "c1")] == [2]
        assert await rows_of_contact(api, "other", "c1") == []
        async with tenant_transaction(api, "other") as connection:
            assert await connection.fetchval("SELECT count(*) FROM journal") == 0
        for table in ("journal", "journal_contacts", "policy_versions"):
            assert await api.fetchval(f"SELECT count(*) FROM {table}") == 0
    finally:
        await api.close()


async def test_mutant_without_a_tenant_clause_is_stopped_by_row_level_security_and_seen_without_it(
    store: Store, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _written_by_jinfeng(store)
    guarded = "c.tenant_id = $1 AND"
    assert guarded in SQL["rows_of_contact"]
    monkeypatch.setitem(SQL, "rows_of_contact", SQL["rows_of_contact"].replace(guarded, "$1::text <> '' AND"))  # type: ignore[arg-type]
    api = await open_pool(database_url, "router", "api")
    try:
        assert await rows_of_contact(api, "other", "c1") == []  # the clause is gone, the policy holds
    finally:
        await api.close()
    assert (
        len(await rows_of_contact(store.pool, "other", "c1")) == 1
    )  # both gone: this is what the test above would see


async def test_snapshots_are_thinned_but_old_ones_stay_near(store: Store) -> None:
    for position in range(1000, 61_000, 1000):
        await store.save_snapshot(0, position, f"h{position}", b"{}")
    kept = [r["position"] for r in await store.pool.fetch("SELECT position FROM snapshots ORDER BY position")]
    assert kept == [19_000, 39_000, *range(53_000, 61_000, 1000)]
    assert await store.nearest_snapshot(0, 38_000) == (19_000, "h19000", b"{}")
