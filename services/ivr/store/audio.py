"""Spoken words, by content."""

from __future__ import annotations

from collections.abc import Collection

from services.ivr.store.statements import SQL
from shared.postgres import Connection


async def there(connection: Connection, tenant: str, hashes: Collection[str]) -> set[str]:
    """Which of these are kept."""
    return {row["hash"] for row in await connection.fetch(SQL["audio_there"], tenant, list(hashes))}


async def keep(connection: Connection, tenant: str, content: str, language: str, wav: bytes) -> None:
    await connection.execute(SQL["keep_audio"], tenant, content, language, wav)


async def read(connection: Connection, content: str, tenant: str | None) -> bytes | None:
    """`tenant` None: whoever's."""
    return await connection.fetchval(SQL["read_audio"], content, tenant)
