"""Tenants are kept apart by the database itself; migrations lead where a fresh schema stands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import asyncpg
import pytest

from deploy.embedded import create_database, fresh_name
from shared import postgres
from shared.directory import Directory
from shared.errors import NotFound
from shared.postgres import Pool, migrate, migration_folders, open_pool, tenant_transaction, worker_transaction

EVERY_NOTE = "SELECT tenant_id, note_id, text FROM notes ORDER BY 1, 2"


@pytest.fixture
async def notes(worker: Pool) -> None:
    async with worker_transaction(worker) as connection:
        await connection.executemany(
            "INSERT INTO notes VALUES ($1, $2, $3)",
            [("acme", 1, "ours"), ("acme", 2, "ours too"), ("other", 1, "theirs")],
        )


async def rows(pool: Pool, tenant: str) -> list[str]:
    async with tenant_transaction(pool, tenant) as connection:
        return [row["text"] for row in await connection.fetch(EVERY_NOTE)]


@pytest.mark.usefixtures("notes")
async def test_a_tenant_sees_its_own_rows_and_no_other(api: Pool) -> None:
    assert await rows(api, "acme") == ["ours", "ours too"]
    assert await rows(api, "other") == ["theirs"]
    assert await rows(api, "nobody") == []


@pytest.mark.usefixtures("notes")
async def test_no_tenant_set_sees_nothing_and_changes_nothing(api: Pool) -> None:
    assert await api.fetch(EVERY_NOTE) == []
    assert await api.execute("UPDATE notes SET text = 'x'") == "UPDATE 0"
    assert await api.execute("DELETE FROM notes") == "DELETE 0"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await api.execute("INSERT INTO notes VALUES ('acme', 9, 'x')")


@pytest.mark.usefixtures("notes")
async def test_the_tenant_ends_with_its_transaction(probe_url: str) -> None:
    pool = await open_pool(probe_url, "probe", "api", maximum=1)
    assert await rows(pool, "acme") != []
    assert await pool.fetch(EVERY_NOTE) == []  # the same connection, handed out again
    with pytest.raises(ZeroDivisionError):
        async with tenant_transaction(pool, "acme"):
            raise ZeroDivisionError
    assert await pool.fetch(EVERY_NOTE) == []
    await pool.close()


@pytest.mark.usefixtures("notes")
async def test_another_tenants_rows_cannot_be_written_changed_or_taken_over(api: Pool, worker: Pool) -> None:
    for statement in (
        "INSERT INTO notes VALUES ('other', 7, 'x')",
        "UPDATE notes SET tenant_id = 'other' WHERE note_id = 1",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with tenant_transaction(api, "acme") as connection:
                await connection.execute(statement)
    async with tenant_transaction(api, "acme") as connection:
        assert await connection.execute("UPDATE notes SET text = 'x' WHERE tenant_id = 'other'") == "UPDATE 0"
    assert [row["text"] for row in await worker.fetch(EVERY_NOTE)] == ["ours", "ours too", "theirs"]


@pytest.mark.usefixtures("notes")
async def test_the_tables_owner_is_bound_too(probe_url: str) -> None:
    """Forced: only a superuser passes by, and services never are one."""
    connection = await asyncpg.connect(probe_url)
    owner = fresh_name("probe_owner")
    await connection.execute(
        f"CREATE ROLE {owner}; GRANT USAGE ON SCHEMA probe TO {owner}; ALTER TABLE probe.notes OWNER TO {owner}; SET ROLE {owner}"
    )
    try:
        assert await connection.fetch("SELECT * FROM probe.notes") == []
        await connection.execute("SELECT set_config('ucc.tenant', 'acme', false)")
        assert await connection.fetch("SELECT * FROM probe.notes") == []  # no policy speaks for the owner
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("INSERT INTO probe.notes VALUES ('acme', 9, 'x')")
    finally:
        await connection.execute(
            f"RESET ROLE; REASSIGN OWNED BY {owner} TO CURRENT_USER; DROP OWNED BY {owner}; DROP ROLE {owner}"
        )
        await connection.close()


async def test_every_table_with_a_tenant_is_under_forced_row_level_security(probe_url: str) -> None:
    connection = await asyncpg.connect(probe_url)
    try:
        bare = await connection.fetch("""
            SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
            JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p') AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
            AND n.nspname NOT IN ('directory', 'pg_catalog', 'information_schema')""")
        assert [row["name"] for row in bare] == []
    finally:
        await connection.close()


async def test_the_api_role_writes_the_outbox_and_cannot_read_it(api: Pool) -> None:
    async with tenant_transaction(api, "acme") as connection:
        await connection.execute(
            "INSERT INTO outbox (tenant_id, topic, key, headers, body) VALUES ('acme', 't', 'k', $1, '')", {}
        )
    for statement in ("SELECT * FROM outbox", "DELETE FROM outbox", "SELECT * FROM watermark"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with tenant_transaction(api, "acme") as connection:
                await connection.execute(statement)


async def test_neither_role_reaches_another_services_schema(api: Pool, worker: Pool, probe_url: str) -> None:
    owner = await asyncpg.connect(probe_url)
    await owner.execute(
        "SELECT directory.create_service('neighbour'); CREATE TABLE neighbour.t (tenant_id text NOT NULL);"
        "SELECT directory.protect('neighbour', 't')"
    )
    await owner.close()
    for pool in (api, worker):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.fetch("SELECT * FROM neighbour.t")


async def test_sessions_cannot_hang(worker: Pool) -> None:
    assert await worker.fetchval("SHOW idle_in_transaction_session_timeout") == "3s"
    assert await worker.fetchval("SHOW lock_timeout") == "5s"


async def test_the_directory_learns_of_new_tenants_without_a_restart(worker: Pool, probe_url: str) -> None:
    directory = Directory(worker)
    with pytest.raises(NotFound):
        await directory.tenant("acme")
    owner = await asyncpg.connect(probe_url)
    await owner.execute(
        "INSERT INTO directory.tenants (tenant_id, name) VALUES ('acme', 'Acme');"
        "INSERT INTO directory.pools (tenant_id, pool_id, partition) VALUES ('acme', 'main', 3)"
    )
    await owner.close()
    assert (await directory.tenant("acme")).default_country == "CN"
    assert (await directory.pool("acme")).partition == 3
    with pytest.raises(NotFound):
        await directory.pool("acme", "night")


async def catalog(url: str) -> list[tuple[object, ...]]:
    """Tables, columns, indexes, constraints, policies and functions of a database."""
    ours = "n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'public')"
    connection = await asyncpg.connect(url)
    try:
        found = [
            *await connection.fetch(
                "SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, "
                "pg_get_expr(d.adbin, d.adrelid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 LEFT JOIN pg_attrdef d ON d.adrelid = c.oid "
                f"AND d.adnum = a.attnum WHERE {ours}"
            ),
            *await connection.fetch(
                "SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(k.oid) FROM pg_constraint k "
                f"JOIN pg_namespace n ON n.oid = k.connamespace WHERE {ours}"
            ),
            *await connection.fetch(
                "SELECT 'policy', schemaname, tablename, policyname, roles::text, qual, with_check FROM pg_policies"
            ),
            *await connection.fetch(
                f"SELECT 'function', p.proname, p.prosrc FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {ours}"
            ),
            *await connection.fetch(
                "SELECT 'rights', n.nspname, c.relname, (SELECT array_agg(x::text ORDER BY x::text) FROM unnest(c.relacl) x)::text "
                f"FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {ours}"
            ),
        ]
        return sorted((tuple(row) for row in found), key=repr)
    finally:
        await connection.close()


async def test_migrating_again_changes_nothing(database_url: str) -> None:
    before = await catalog(database_url)
    assert migrate(database_url) == []
    assert await catalog(database_url) == before


async def test_migrating_step_by_step_leads_to_the_fresh_schema(
    postgres_server: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installation that grew room by room stands where a new one starts."""
    url = create_database(postgres_server, fresh_name("ucc_grown"))
    folders: Sequence[Path] = migration_folders()
    applied: list[str] = []
    for count in range(1, len(folders) + 1):
        monkeypatch.setattr(postgres, "migration_folders", lambda count=count: folders[:count])
        applied += migrate(url)
    assert len(applied) == len(set(applied)) == sum(len(list(folder.glob("*.sql"))) for folder in folders)
    assert await catalog(url) == await catalog(database_url)


def test_every_service_names_its_migrations_after_itself() -> None:
    for folder in migration_folders():
        room = folder.parent.parent.name
        assert all(path.name.startswith(f"{room}-") for path in folder.glob("*.sql")), room
