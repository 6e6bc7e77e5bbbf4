"""Policy documents: saved whole with hash and author, published through the outbox to their pool's partition.

The event on Kafka names version and hash only; the document is read from here when the event is heard, and is journaled
with it, so that a replay needs nothing but the journal.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from services.router.journal import SQL
from services.router.policy_document import CheckedDocument
from shared.clock import Clock
from shared.contracts.contact_events import PolicyPublished
from shared.contracts.envelope import Envelope, stable_id
from shared.contracts.wire import CONTACT_EVENTS
from shared.directory import AgentPool
from shared.errors import Conflict
from shared.postgres import Pool, enqueue, tenant_transaction


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One saved version; `document` is the author's YAML, `mapping` the complete policy the core reads."""

    version: int
    hash: str
    document: str
    mapping: Mapping[str, object]
    author: str
    note: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PolicyHeading:
    """A version without its document."""

    version: int
    hash: str
    author: str
    note: str
    created_at: datetime


def _version(record: asyncpg.Record | None) -> PolicyVersion | None:
    if record is None:
        return None
    fields: dict[str, Any] = dict(record)
    return PolicyVersion(**{**fields, "mapping": json.loads(fields["mapping"])})


class PolicyStore:
    """Saved policies as a worker sees them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def version(self, tenant: str, pool: str, version: int) -> PolicyVersion | None:
        """The saved version, or None."""
        return _version(await self._pool.fetchrow(SQL["policy_version"], tenant, pool, version))


async def newest(api_pool: Pool, pool: AgentPool) -> PolicyVersion | None:
    """The version saved last, or None before the first."""
    async with tenant_transaction(api_pool, pool.tenant_id) as connection:
        return _version(await connection.fetchrow(SQL["newest_policy"], pool.tenant_id, pool.pool_id))


async def headings(api_pool: Pool, pool: AgentPool, before: int, limit: int) -> Sequence[PolicyHeading]:
    """Versions older than `before`, newest first."""
    async with tenant_transaction(api_pool, pool.tenant_id) as connection:
        records = await connection.fetch(SQL["policy_versions_before"], pool.tenant_id, pool.pool_id, before, limit)
    return [PolicyHeading(*record) for record in records]


async def publish(
    api_pool: Pool, pool: AgentPool, checked: CheckedDocument, *, author: str, note: str, clock: Clock
) -> PolicyHeading:
    """Save the document as the next version and tell the pool's partition, in one transaction. Raises Conflict."""
    digest = hashlib.sha256(checked.document.encode()).hexdigest()
    try:
        async with tenant_transaction(api_pool, pool.tenant_id) as connection:
            last = await connection.fetchrow(SQL["newest_policy"], pool.tenant_id, pool.pool_id)
            version = 1 if last is None else last["version"] + 1
            await connection.execute(
                SQL["save_policy"], pool.tenant_id, pool.pool_id, version, digest, checked.document,
                json.dumps(checked.mapping, ensure_ascii=False), author, note,
            )  # fmt: skip
            envelope = Envelope(
                stable_id("policy", pool.tenant_id, pool.pool_id, str(version)), "/router", clock.now(),
                pool.tenant_id, pool.pool_id, PolicyPublished(version, digest), pool.pool_id,
            )  # fmt: skip
            await enqueue(connection, CONTACT_EVENTS, envelope, partition=pool.partition, key=pool.pool_id)
            saved = await connection.fetchrow(SQL["policy_version"], pool.tenant_id, pool.pool_id, version)
    except asyncpg.UniqueViolationError as error:
        raise Conflict("policy_changed", "somebody published another version meanwhile; read it first") from error
    assert saved is not None
    return PolicyHeading(saved["version"], saved["hash"], saved["author"], saved["note"], saved["created_at"])
