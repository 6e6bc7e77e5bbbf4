"""PostgreSQL: pools under one of a service's two roles, transactions that see one tenant, migrations, named SQL, outbox.

The API role of a service sees only the tenant set for the transaction (forced row-level security; none set sees
nothing). The worker role serves its own tables across tenants. A coroutine never shares a connection.
"""

# yoyo carries no types of its own:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import asyncpg
import yoyo

from shared.contracts.envelope import Envelope
from shared.contracts.wire import encode

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
else:  # at run time asyncpg's classes take no parameters
    Connection = asyncpg.Connection
    Pool = asyncpg.Pool

ROOT = Path(__file__).resolve().parent.parent


async def _json_as_text(connection: Connection) -> None:
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(kind, encoder=json.dumps, decoder=json.loads, schema="pg_catalog")


async def _nothing_to_reset(_connection: Connection) -> None:
    """A transaction left open was rolled back before this is called."""


async def open_pool(
    database_url: str, service: str, role: Literal["api", "worker"], *, minimum: int = 1, maximum: int = 8, resets: bool = True
) -> Pool:  # fmt: skip
    """A pool whose sessions act as `ucc_<service>_<role>` and cannot hang: command 30 s, lock 5 s, idle in transaction 3 s.

    `resets=False` saves a round trip after every use, for pools whose sessions keep nothing beyond a transaction (no LISTEN,
    no session locks, no settings).
    """
    return await asyncpg.create_pool(
        database_url,
        min_size=minimum,
        max_size=maximum,
        command_timeout=30,
        timeout=10,
        init=_json_as_text,
        reset=None if resets else _nothing_to_reset,
        server_settings={
            "role": f"ucc_{service}_{role}",
            "search_path": service,
            "application_name": f"ucc-{service}-{role}",
            "lock_timeout": "5s",
            "idle_in_transaction_session_timeout": "3s",
        },
    )


@asynccontextmanager
async def tenant_transaction(pool: Pool, tenant: str) -> AsyncGenerator[Connection]:
    """A transaction that sees and writes rows of one tenant only (API role)."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT set_config('ucc.tenant', $1, true)", tenant)
        yield connection


@asynccontextmanager
async def worker_transaction(pool: Pool) -> AsyncGenerator[Connection]:
    """A transaction of a worker, across tenants."""
    async with pool.acquire() as connection, connection.transaction():
        yield connection


def named_statements(path: Path) -> Mapping[str, str]:
    """Statements of a `queries.sql`: each begins with `-- name: intent` and is described by the comments under it."""
    parts = re.split(r"^-- name: *(\w+) *$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {name: text.strip() for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def migration_folders() -> Sequence[Path]:
    """`shared/sql/migrations` first, then every service's `sql/migrations`."""
    return [ROOT / "shared" / "sql" / "migrations", *sorted(ROOT.glob("services/*/sql/migrations"))]


def migrate(database_url: str) -> list[str]:
    """Bring the database to the newest schema (yoyo-migrations, plain SQL files). Returns the ids applied now."""
    backend: Any = yoyo.get_backend(re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", database_url))
    migrations: Any = yoyo.read_migrations(*(str(folder) for folder in migration_folders()))
    try:
        with backend.lock(timeout=60):
            pending = backend.to_apply(migrations)
            backend.apply_migrations(pending)
            return [migration.id for migration in pending]
    finally:
        backend.connection.close()  # a database with sessions cannot be cloned or dropped


async def enqueue(
    connection: Connection, topic: str, envelope: Envelope[Any], *, partition: int | None, key: str
) -> None:
    """Write a message into the service's outbox, in the transaction of the change it tells of."""
    headers, body = encode(envelope)
    await connection.execute(
        "INSERT INTO outbox (tenant_id, topic, partition, key, headers, body) VALUES ($1, $2, $3, $4, $5, $6)",
        envelope.tenant,
        topic,
        partition,
        key,
        {name: value.decode() for name, value in headers},
        body,
    )
    await wake_relay(connection)


async def wake_relay(connection: Connection) -> None:
    """Tell the relay of the service's own outbox, once the transaction is committed."""
    await connection.execute("SELECT pg_notify('ucc_outbox_' || current_schema(), '')")
