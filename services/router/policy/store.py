"""Policy documents: saved whole with hash and author, published through the outbox to their pool's partition.

The event on Kafka names version and hash only; the document is read from here when the event is heard, and is journaled
with it, so that a replay needs nothing but the journal.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import asyncpg

from services.router.journal import SQL
from services.router.policy.document import CheckedDocument
from shared.contracts.contact_events import PolicyPublished
from shared.contracts.envelope import Envelope, stable_id
from shared.contracts.wire import CONTACT_EVENTS
from shared.directory import AgentPool
from shared.errors import Conflict, NotFound
from shared.postgres import Connection, Pool, enqueue, tenant_transaction

Waiting = Literal["apply", "keep"]
"""Whether a version applies to those who wait already."""


@dataclass(frozen=True, slots=True)
class PolicyHeading:
    """A version without its document."""

    version: int
    hash: str
    author: str
    note: str
    created_at: datetime
    waiting: Waiting = "apply"
    approved_by: str | None = None
    restores: int | None = None  # the older version it is a copy of


@dataclass(frozen=True, slots=True)
class PolicyVersion(PolicyHeading):
    """One saved version; `document` is the author's YAML, `mapping` the complete policy the core reads."""

    document: str = ""
    mapping: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class Publication:
    """What is to become the next version, and how it came to be."""

    checked: CheckedDocument
    author: str
    note: str = ""
    waiting: Waiting = "apply"
    approved_by: str | None = None
    restores: int | None = None
    request_id: str | None = None  # Idempotency-Key: the same one publishes once

    @property
    def hash(self) -> str:
        return hash_of(self.checked.document)


def hash_of(document: str) -> str:
    """SHA-256 of the author's text."""
    return hashlib.sha256(document.encode()).hexdigest()


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
        return await newest_in(connection, pool)


async def newest_in(connection: Connection, pool: AgentPool) -> PolicyVersion | None:
    """The version saved last, within a transaction."""
    return _version(await connection.fetchrow(SQL["newest_policy"], pool.tenant_id, pool.pool_id))


async def saved_version(api_pool: Pool, pool: AgentPool, version: int) -> PolicyVersion:
    """Raises NotFound."""
    async with tenant_transaction(api_pool, pool.tenant_id) as connection:
        found = _version(await connection.fetchrow(SQL["policy_version"], pool.tenant_id, pool.pool_id, version))
    if found is None:
        raise NotFound("no such version")
    return found


async def headings(api_pool: Pool, pool: AgentPool, before: int, limit: int) -> Sequence[PolicyHeading]:
    """Versions older than `before`, newest first."""
    async with tenant_transaction(api_pool, pool.tenant_id) as connection:
        records = await connection.fetch(SQL["policy_versions_before"], pool.tenant_id, pool.pool_id, before, limit)
    return [PolicyHeading(**dict(record)) for record in records]


async def publish(api_pool: Pool, pool: AgentPool, wanted: Publication, now: int) -> PolicyHeading:
    """Save the document as the next version and tell the pool's partition, in one transaction. Raises Conflict."""
    try:
        async with tenant_transaction(api_pool, pool.tenant_id) as connection:
            if wanted.request_id is not None:
                again = await connection.fetchrow(
                    SQL["policy_of_request"], pool.tenant_id, pool.pool_id, wanted.request_id
                )
                if again is not None:
                    return _same_request(PolicyHeading(**dict(again)), wanted)
            return await publish_in(connection, pool, wanted, now)
    except asyncpg.UniqueViolationError as error:
        raise Conflict("policy_changed", "somebody published another version meanwhile; read it first") from error


async def publish_in(connection: Connection, pool: AgentPool, wanted: Publication, now: int) -> PolicyHeading:
    """As `publish`, within a transaction. Raises asyncpg.UniqueViolationError when another version came first."""
    last = await newest_in(connection, pool)
    version = 1 if last is None else last.version + 1
    await connection.execute(
        SQL["save_policy"], pool.tenant_id, pool.pool_id, version, wanted.hash, wanted.checked.document,
        json.dumps(wanted.checked.mapping, ensure_ascii=False), wanted.author, wanted.note, wanted.waiting,
        wanted.approved_by, wanted.restores, wanted.request_id,
    )  # fmt: skip
    envelope = Envelope(
        stable_id("policy", pool.tenant_id, pool.pool_id, str(version)), "/router", now,
        pool.tenant_id, pool.pool_id, PolicyPublished(version, wanted.hash, wanted.waiting), pool.pool_id,
    )  # fmt: skip
    await enqueue(connection, CONTACT_EVENTS, envelope, partition=pool.partition, key=pool.pool_id)
    saved = _version(await connection.fetchrow(SQL["policy_version"], pool.tenant_id, pool.pool_id, version))
    assert saved is not None
    return saved


def _same_request(found: PolicyHeading, wanted: Publication) -> PolicyHeading:
    if found.hash != wanted.hash:
        raise Conflict("idempotency_key_reused", "this Idempotency-Key published another document")
    return found
