"""Every named statement fits the migrated schema, under the role that serves all tenants."""

from __future__ import annotations

import asyncpg

from services.outbound.store.statements import SQL
from tests.integration.outbound.conftest import House


async def test_every_statement_can_be_prepared(house: House) -> None:
    faults: list[str] = []
    async with house.parts.workers.acquire() as connection:
        for name, text in SQL.items():
            try:
                await connection.prepare(text)
            except asyncpg.PostgresError as error:
                faults.append(f"{name}: {error}")
    assert not faults, "\n".join(faults)
