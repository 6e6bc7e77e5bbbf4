"""Every named statement is understood by the migrated schema, and no row is seen without a tenant."""

from __future__ import annotations

import asyncpg
import pytest

from services.console.store.statements import SQL


@pytest.mark.parametrize("name", sorted(SQL))
async def test_statement_prepares(module_database_url: str, name: str) -> None:
    connection = await asyncpg.connect(module_database_url, server_settings={"search_path": "console"})
    try:
        await connection.prepare(SQL[name])
    finally:
        await connection.close()


async def test_nothing_is_seen_without_a_tenant(module_database_url: str) -> None:
    owner = await asyncpg.connect(module_database_url)
    await owner.execute("INSERT INTO console.teams (tenant_id, team_id, name) VALUES ('t', 'a', 'A')")
    tables = await owner.fetch(
        "SELECT tablename FROM pg_policies WHERE schemaname = 'console' AND policyname = 'one_tenant'"
    )
    with_tenant = await owner.fetch(
        "SELECT table_name FROM information_schema.columns WHERE table_schema = 'console' AND column_name = 'tenant_id'"
    )
    assert {row[0] for row in tables} == {row[0] for row in with_tenant}
    await owner.execute("SET ROLE ucc_console_api")
    assert await owner.fetchval("SELECT count(*) FROM console.teams") == 0
    await owner.execute("SELECT set_config('ucc.tenant', 't', false)")
    assert await owner.fetchval("SELECT count(*) FROM console.teams") == 1
    await owner.close()
