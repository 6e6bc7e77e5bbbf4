"""Dialogues as their authors wrote them, every version kept; and how new a tenant's content is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from services.ivr.store.statements import SQL
from shared.errors import Conflict, NotFound
from shared.postgres import Connection


@dataclass(frozen=True, slots=True)
class Revision:
    """Content kept in memory is good for one of these."""

    questions: int = 0
    dialogues: int = 0


@dataclass(frozen=True, slots=True)
class Published:
    dialogue_id: str
    version: int
    document: str
    at: datetime
    by: str


async def revision(connection: Connection, tenant: str) -> Revision:
    row = await connection.fetchrow(SQL["revision_of_tenant"], tenant)
    return Revision() if row is None else Revision(row["questions"], row["dialogues"])


async def tenants(connection: Connection) -> list[str]:
    """Tenants that have any content."""
    return [row["tenant_id"] for row in await connection.fetch(SQL["tenants_with_content"])]


async def in_force(connection: Connection, tenant: str) -> list[tuple[str, int, str]]:
    """(id, version, document)."""
    return [
        (row["dialogue_id"], row["version"], row["document"])
        for row in await connection.fetch(SQL["dialogues_in_force"], tenant)
    ]


async def listed(connection: Connection, tenant: str) -> list[asyncpg.Record]:
    return await connection.fetch(SQL["list_dialogues"], tenant)


async def read(connection: Connection, tenant: str, dialogue_id: str) -> Published:
    """Raises NotFound."""
    row = await connection.fetchrow(SQL["read_dialogue"], tenant, dialogue_id)
    if row is None:
        raise NotFound("no such dialogue")
    return Published(dialogue_id, row["version"], row["document"], row["updated_at"], row["updated_by"])


async def read_version(connection: Connection, tenant: str, dialogue_id: str, version: int) -> str:
    """Raises NotFound."""
    document = await connection.fetchval(SQL["read_dialogue_version"], tenant, dialogue_id, version)
    if document is None:
        raise NotFound("no such version")
    return document


async def versions(
    connection: Connection, tenant: str, dialogue_id: str, before: int, limit: int
) -> list[asyncpg.Record]:
    """Newest first: version, created_at, created_by."""
    return await connection.fetch(SQL["dialogue_versions"], tenant, dialogue_id, before, limit)


async def publish(
    connection: Connection, tenant: str, dialogue_id: str, document: str, base: int | None, by: str, now: datetime
) -> int:
    """The version in force now. Raises Conflict when `base` is not the newest."""
    version = await connection.fetchval(SQL["publish_dialogue"], tenant, dialogue_id, base, document, now, by)
    if version is None:
        raise Conflict("version_conflict", "another version was published meanwhile; read it first")
    kept = await connection.fetchval(SQL["keep_dialogue_version"], tenant, dialogue_id, version, document, now, by)
    if kept is not None:
        await connection.execute(SQL["raise_dialogue_revision"], tenant)
    return version
