"""The schema: every named statement fits it, no tenant sees another's rows, secrets stay with the worker."""

from __future__ import annotations

import asyncpg
import pytest

from services.gateway import callback_store, fax_store, recording_store, store
from shared.postgres import open_pool, tenant_transaction
from shared.security import Role
from tests.integration.gateway.conftest import House, token

TABLES = ("gateways", "contacts", "events", "messages", "commands", "files", "file_pages", "used_signatures", "outbox")


STATEMENTS = {**store.SQL, **recording_store.SQL, **fax_store.SQL, **callback_store.SQL}


@pytest.mark.parametrize("name", sorted(STATEMENTS))
async def test_every_statement_can_be_prepared(house: House, name: str) -> None:
    await house.app.state.parts.worker.fetchval("SELECT 1")
    async with house.app.state.parts.worker.acquire() as connection:
        await connection.prepare(STATEMENTS[name])


async def test_every_table_is_under_forced_row_security(house: House) -> None:
    rows = await house.rows(
        "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'gateway' AND relkind = 'r' "
        "AND NOT (relrowsecurity AND relforcerowsecurity)"
    )
    assert {row["relname"] for row in rows} == {"watermark"}  # no tenant in it, and the API role has no right to it


async def test_a_tenant_sees_its_own_only_and_nobody_without_one(house: House) -> None:
    mine, theirs = await house.gateway(), await house.gateway("rival")
    for gateway in (mine, theirs):
        await gateway.arrives("call-of-tenant")
    api = await open_pool(house.database_url, "gateway", "api")
    try:
        for table in ("contacts", "events", "messages", "files", "used_signatures"):
            assert await api.fetch(f"SELECT tenant_id FROM {table}") == []
            async with tenant_transaction(api, "rival") as connection:
                rows = await connection.fetch(f"SELECT DISTINCT tenant_id FROM {table}")
                assert {row["tenant_id"] for row in rows} <= {"rival"}
        async with tenant_transaction(api, "rival") as connection:
            assert (
                await connection.execute("UPDATE contacts SET closed_at = 1 WHERE gateway_id = $1", mine.gateway_id)
                == "UPDATE 0"
            )
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with tenant_transaction(api, "jinfeng") as connection:
                await connection.fetch("SELECT secret FROM gateways")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with tenant_transaction(api, "rival") as connection:
                await connection.execute(
                    "INSERT INTO contacts (tenant_id, contact_id, channel, partition, opened_at) VALUES ('jinfeng', 'c', 'web', 1, 1)"
                )
    finally:
        await api.close()


async def test_administration_is_for_administrators_of_the_tenant(house: House) -> None:
    mine = await house.gateway()
    for headers, status in (
        ({}, 401), (token(Role.AGENT), 403), (token(Role.SUPERVISOR), 403), (token(Role.ADMIN, tenant="*"), 403), (token(Role.ADMIN), 201),
    ):  # fmt: skip
        answer = await house.http.post("/v1/gateways", json={"title": "another"}, headers=headers)
        assert answer.status_code == status
    rival = token(Role.ADMIN, tenant="rival")
    listed = (await house.http.get("/v1/gateways", params={"limit": 500}, headers=rival)).json()["items"]
    assert mine.gateway_id not in {row["gateway_id"] for row in listed}
    assert (await house.http.delete(f"/v1/gateways/{mine.gateway_id}", headers=rival)).status_code == 404
    assert (await house.http.post(f"/v1/gateways/{mine.gateway_id}/secret", headers=rival)).status_code == 404
    own = (await house.http.get("/v1/gateways", params={"limit": 500}, headers=token(Role.ADMIN))).json()["items"]
    assert mine.gateway_id in {row["gateway_id"] for row in own}
    assert not any("secret" in row or "api_key" in row for row in own)
