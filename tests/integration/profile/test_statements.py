"""Every named statement fits the migrated schema, every table is under forced row-level security."""

from __future__ import annotations

import asyncpg

from services.profile.store.statements import SQL
from shared.postgres import open_pool


async def test_every_statement_prepares_and_is_used(module_database_url: str) -> None:
    from pathlib import Path

    import services.profile.store as store

    code = "\n".join(path.read_text() for path in Path(store.__path__[0]).glob("*.py"))
    pool = await open_pool(module_database_url, "profile", "worker")
    async with pool.acquire() as connection:
        for name, statement in SQL.items():
            assert f'"{name}"' in code, f"{name} is used nowhere"
            await connection.prepare(statement)
    await pool.close()


async def test_every_table_of_tenants_is_under_forced_row_level_security(module_database_url: str) -> None:
    owner = await asyncpg.connect(module_database_url)
    rows = await owner.fetch(
        "SELECT relname, relforcerowsecurity FROM pg_class WHERE relnamespace = 'profile'::regnamespace AND relkind = 'r'"
    )
    await owner.close()
    assert {row["relname"] for row in rows if not row["relforcerowsecurity"]} == {"watermark"}
    assert len(rows) > 10


async def test_without_a_tenant_nothing_is_seen(module_database_url: str) -> None:
    owner = await asyncpg.connect(module_database_url)
    await owner.execute("INSERT INTO profile.customers (tenant_id, customer_id, name) VALUES ('t-1', 'cu-1', '王芳')")
    pool = await open_pool(module_database_url, "profile", "api")
    assert await pool.fetchval("SELECT count(*) FROM customers") == 0
    assert await pool.fetchval("SELECT count(*) FROM name_endings") == 0
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT set_config('ucc.tenant', 't-1', true)")
        assert await connection.fetchval("SELECT count(*) FROM customers") == 1
    await pool.close()
    await owner.close()
