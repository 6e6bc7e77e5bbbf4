"""A profile service of its own per module: real PostgreSQL, the session's broker, two tenants side by side."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio
from aiokafka.structs import TopicPartition
from fastapi import FastAPI
from pydantic import SecretStr

from services.profile.app import create_app
from services.profile.settings import ProfileSettings
from shared.contracts.contact_events import ContactArrived
from shared.contracts.envelope import Envelope
from shared.contracts.fields import AddressKind, Channel
from shared.contracts.wire import CONTACT_EVENTS, decode
from shared.kafka import Producer, make_consumer
from shared.security import Principal, Role, issue_token, new_signing_key, public_keys
from tests.conftest import Broker

SIGNING_KEY = new_signing_key()
POOL = "main"
PARTITION = 1


@dataclass
class House:
    """The running service, its database as the owner sees it, and two tenants."""

    app: FastAPI
    settings: ProfileSettings
    owner: asyncpg.Connection
    producer: Producer
    tenant: str
    other: str

    def client(self, *roles: Role, tenant: str | None = None, user: str = "u-1") -> httpx.AsyncClient:
        """A client with a token of these roles (agent by default); its agent id is the user's with `a-`."""
        principal = Principal(user, tenant or self.tenant, frozenset(roles or (Role.AGENT,)), user.replace("u-", "a-"))
        token = issue_token(SIGNING_KEY, principal, lifetime_seconds=3600)
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://profile",
            headers={"Authorization": f"Bearer {token}"},
        )

    async def customer(self, **fields: Any) -> dict[str, Any]:
        """A new customer through the interface."""
        async with self.client(tenant=fields.pop("tenant", None)) as client:
            answer = await client.post("/v1/customers", json=fields)
            assert answer.status_code == 201, answer.text
            return answer.json()

    def arrival(self, address: str | None, *, tenant: str | None = None, **fields: Any) -> Envelope[ContactArrived]:
        contact_id = f"c-{uuid.uuid4().hex}"
        now = time.time_ns() // 1000
        data = ContactArrived(
            contact_id, fields.pop("channel", Channel.PHONE), "rental", now,
            address_kind=fields.pop("kind", AddressKind.PHONE), address=address, **fields,
        )  # fmt: skip
        return Envelope(f"e-{contact_id}", "/test", now, tenant or self.tenant, contact_id, data, POOL)

    async def arrive(self, address: str | None, *, tenant: str | None = None, **fields: Any) -> str:
        """A contact arrives over the broker; returns its id once its pop is there."""
        envelope = self.arrival(address, tenant=tenant, **fields)
        await self.producer.publish(CONTACT_EVENTS, envelope, partition=PARTITION)
        async with asyncio.timeout(20), self.client(tenant=tenant) as client:
            while (await client.get(f"/v1/contacts/{envelope.subject}/pop")).status_code != 200:
                await asyncio.sleep(0.02)
        return envelope.subject

    async def profiled(self, contact_id: str, at_least: int = 1) -> Envelope[Any]:
        """The last ContactProfiled of a contact on the broker, once there are `at_least` that many."""
        found: list[Envelope[Any]] = []
        consumer = make_consumer(self.settings.kafka_bootstrap_servers)
        await consumer.start()
        try:
            consumer.assign([TopicPartition(CONTACT_EVENTS, PARTITION)])
            await consumer.seek_to_beginning()
            async with asyncio.timeout(20):
                while len(found) < at_least:
                    for records in (await consumer.getmany(timeout_ms=200)).values():
                        opened = [decode(CONTACT_EVENTS, r.headers, r.value) for r in records]
                        found += [e for e in opened if e.subject == contact_id and e.type == "ContactProfiled"]
        finally:
            await consumer.stop()
        return found[-1]

    async def pop(self, contact_id: str, *roles: Role, tenant: str | None = None) -> dict[str, Any]:
        async with self.client(*roles, tenant=tenant) as client:
            answer = await client.get(f"/v1/contacts/{contact_id}/pop")
            assert answer.status_code == 200, answer.text
            return answer.json()


@pytest_asyncio.fixture(scope="module")
async def house(module_database_url: str, broker: Broker) -> AsyncGenerator[House]:
    owner = await asyncpg.connect(module_database_url)
    suffix = uuid.uuid4().hex[:8]
    tenant, other = f"jinfeng-{suffix}", f"other-{suffix}"
    for partition, name in enumerate((tenant, other), start=PARTITION):
        await owner.execute("INSERT INTO directory.tenants (tenant_id, name) VALUES ($1, $1)", name)
        await owner.execute("INSERT INTO directory.pools VALUES ($1, $2, $3)", name, POOL, partition)
    settings = ProfileSettings(
        database_url=module_database_url,
        kafka_bootstrap_servers=broker.bootstrap_servers,
        kafka_partitions=broker.partitions,
        token_verify_keys=SecretStr(public_keys(SIGNING_KEY)),
        consumer_group=f"profile-{suffix}",
    )
    app = create_app(settings)
    producer = Producer(broker.bootstrap_servers)
    async with app.router.lifespan_context(app):
        yield House(app, settings, owner, producer, tenant, other)
    await producer.stop()
    await owner.close()


@pytest.fixture
def number() -> str:
    """A mobile number nobody has yet."""
    return f"+86138{uuid.uuid4().int % 10**8:08d}"
