"""A running gateway: real HTTP, PostgreSQL and broker; the router's part is played by decisions the tests write."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
import pytest
import uvicorn
from aiokafka.structs import ConsumerRecord, TopicPartition
from fastapi import FastAPI

from deploy.embedded import create_database, fresh_name
from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from shared.contracts import routing_decisions as decided
from shared.contracts.envelope import Envelope
from shared.contracts.fields import Channel
from shared.contracts.wire import CONTACT_EVENTS, MESSAGES, ROUTING_DECISIONS, decode, encode
from shared.kafka import Producer, create_topics, make_consumer
from shared.security import Principal, Role, issue_token, new_signing_key, public_keys, sign_webhook
from tests.brokers import free_port
from tests.conftest import Broker

SIGNING_KEY = new_signing_key()
PARTITION = 1
OTHER_PARTITION = 2
TENANTS = {"jinfeng": PARTITION, "rival": OTHER_PARTITION}


def token(*roles: Role, tenant: str = "jinfeng", agent_id: str | None = None) -> dict[str, str]:
    principal = Principal("somebody", tenant, frozenset(roles), agent_id)
    return {"Authorization": f"Bearer {issue_token(SIGNING_KEY, principal, lifetime_seconds=24 * 3600)}"}


@contextlib.asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[str]:
    """The application on a port of its own."""
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(app, port=port, log_level="error", lifespan="on", timeout_graceful_shutdown=1)
    )
    server.install_signal_handlers = lambda: None  # type: ignore[method-assign]
    with contextlib.ExitStack():
        serving_task = asyncio.create_task(server._serve())
        while not server.started:
            if serving_task.done():
                serving_task.result()
                raise RuntimeError("the application did not start")
            await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            await serving_task


@dataclass
class Router:
    """Plays the router: numbers decisions, keeps them as its journal, publishes them."""

    producer: Producer
    journal: dict[int, list[Envelope[Any]]] = field(default_factory=dict)

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/v1/journal/{partition}/decisions")
        async def decisions(partition: int, after: int = 0, limit: int = 1000) -> dict[str, Any]:
            rows = [e for e in self.journal.get(partition, []) if (e.sequence or 0) > after][:limit]
            items = []
            for envelope in rows:
                headers, body = encode(envelope)
                items.append({"headers": {k: v.decode() for k, v in headers}, "body": body.decode()})
            return {"items": items, "last": rows[-1].sequence if rows else after}

        return app

    async def decides(self, *decisions: Any, tenant: str = "jinfeng", publish: bool = True) -> None:
        partition = TENANTS[tenant]
        rows = self.journal.setdefault(partition, [])
        fresh: list[Envelope[Any]] = []
        for data in decisions:
            subject = getattr(data, "contact_id", None) or data.agent_id
            fresh.append(
                Envelope(
                    uuid.uuid4().hex, f"/router/{partition}", now_us(), tenant, subject, data, "main",
                    partition, len(rows) + 1, 1, len(rows) + 1,
                )
            )  # fmt: skip
            rows.append(fresh[-1])
        if publish:
            await self.producer.publish(ROUTING_DECISIONS, *fresh, partition=partition)


def now_us() -> int:
    return time.time_ns() // 1000


def queued(contact_id: str, gateway_id: str | None, channel: Channel = Channel.PHONE) -> decided.ContactQueued:
    at = now_us()
    return decided.ContactQueued(
        contact_id, channel, "rental", "rental-repair", (), at, at, at, at, decided.HeadStart(),
        decided.QueueCause.NEW, 1, gateway_id=gateway_id,
    )  # fmt: skip


def offered(
    contact_id: str, gateway_id: str | None, offer_id: str, channel: Channel = Channel.PHONE
) -> decided.OfferMade:
    reasons = decided.OfferReasons("contact", "group", "longest_idle", (1,), 0, decided.HeadStart(), 1)
    return decided.OfferMade(
        offer_id,
        contact_id,
        "agent-7",
        channel,
        "rental",
        "rental-repair",
        now_us(),
        now_us(),
        reasons,
        gateway_id=gateway_id,
    )


def assigned(
    contact_id: str, gateway_id: str | None, offer_id: str, channel: Channel = Channel.PHONE
) -> decided.ContactAssigned:
    return decided.ContactAssigned(
        contact_id,
        "agent-7",
        offer_id,
        f"i-{offer_id}",
        channel,
        "rental-repair",
        now_us() + 10_000_000,
        0,
        gateway_id=gateway_id,
    )


def closed(contact_id: str, gateway_id: str | None, channel: Channel = Channel.PHONE) -> decided.ContactClosed:
    return decided.ContactClosed(
        contact_id, decided.ContactEnd.SERVED, now_us(), channel, "rental", "customer", gateway_id=gateway_id
    )


class Topic:
    """Everything written to one topic since the fixture began."""

    def __init__(self, broker: Broker, topic: str) -> None:
        self.topic = topic
        self._consumer = make_consumer(broker.bootstrap_servers)
        self._partitions = [TopicPartition(topic, p) for p in range(broker.partitions)]
        self.records: list[ConsumerRecord[bytes, bytes]] = []

    async def open(self) -> None:
        await self._consumer.start()
        self._consumer.assign(self._partitions)
        await self._consumer.seek_to_end(*self._partitions)
        for tp in self._partitions:
            await self._consumer.position(tp)

    async def close(self) -> None:
        await self._consumer.stop()

    async def fetch(self, timeout_ms: int = 100) -> None:
        for records in (await self._consumer.getmany(timeout_ms=timeout_ms)).values():
            self.records.extend(records)

    def envelopes(self) -> list[Envelope[Any]]:
        wire = self.topic.removesuffix(".dlq")
        return [decode(wire, r.headers, r.value) for r in self.records] if wire in MESSAGES else []

    async def until(self, wanted: Callable[[Envelope[Any]], bool], seconds: float = 10) -> Envelope[Any]:
        """The first envelope that is wanted."""
        async with asyncio.timeout(seconds):
            while True:
                if found := next((e for e in self.envelopes() if wanted(e)), None):
                    return found
                await self.fetch()

    async def until_record(
        self, wanted: Callable[[dict[str, str]], bool], seconds: float = 10
    ) -> ConsumerRecord[bytes, bytes]:
        async with asyncio.timeout(seconds):
            while True:
                for record in self.records:
                    if wanted({k: v.decode(errors="replace") for k, v in record.headers}):
                        return record
                await self.fetch()


@dataclass
class GatewayClient:
    """Somebody's gateway: signs what it sends."""

    http: httpx.AsyncClient
    gateway_id: str
    secret: str
    api_key: str
    tenant: str = "jinfeng"

    @property
    def key(self) -> dict[str, str]:
        return {"Authorization": f"ApiKey {self.api_key}"}

    def signed(self, body: bytes, at: float | None = None, webhook_id: str | None = None) -> dict[str, str]:
        seconds = int(time.time() if at is None else at)
        signature = sign_webhook(self.secret, webhook_id or f"msg_{uuid.uuid4().hex}", body, seconds)
        return {"UCC-Gateway": self.gateway_id, "Content-Type": "application/cloudevents+json", **signature}

    async def send(self, document: Any, **headers: str) -> httpx.Response:
        body = json.dumps(document).encode()
        return await self.http.post("/v1/contact-events", content=body, headers={**self.signed(body), **headers})

    async def arrives(self, subject: str, channel: str = "phone", **data: Any) -> str:
        """A contact arrives; its contact id."""
        answer = await self.send(arrival(subject, channel=channel, **data))
        assert answer.status_code == 202, answer.text
        return answer.json()["contacts"][subject]

    @contextlib.asynccontextmanager
    async def stream(self, after: int | None = None) -> AsyncIterator[EventStream]:
        headers = {**self.key, **({"Last-Event-ID": str(after)} if after is not None else {})}
        async with self.http.stream("GET", "/v1/gateway/stream", headers=headers, timeout=20) as response:
            assert response.status_code == 200
            yield EventStream(response)


class EventStream:
    """Frames of a server-sent stream: (id, event, data)."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()

    async def next(self, seconds: float = 10) -> tuple[int, str, dict[str, Any]]:
        frame: dict[str, str] = {}
        async with asyncio.timeout(seconds):
            async for line in self._lines:
                if line:
                    name, _, value = line.partition(": ")
                    frame[name] = value
                elif "id" in frame:
                    return int(frame["id"]), frame["event"], json.loads(frame["data"])
                else:
                    frame = {}
        raise AssertionError("the stream ended")

    async def types(self, count: int) -> list[str]:
        return [(await self.next())[1] for _ in range(count)]


def arrival(subject: str, event_id: str | None = None, **data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": event_id or f"arrived-{subject}",
        "type": "ContactArrived",
        "subject": subject,
        "time": "2026-03-01T09:00:00+08:00",
        "data": {"channel": "phone", "business_line": "rental", "arrived_at": now_us(), **data},
    }


@dataclass
class House:
    """The running service with everything around it."""

    http: httpx.AsyncClient
    router: Router
    producer: Producer
    app: FastAPI
    broker: Broker
    database_url: str

    async def gateway(self, tenant: str = "jinfeng", title: str = "PBX") -> GatewayClient:
        answer = await self.http.post("/v1/gateways", json={"title": title}, headers=token(Role.ADMIN, tenant=tenant))
        assert answer.status_code == 201, answer.text
        return GatewayClient(self.http, **answer.json(), tenant=tenant)

    async def rows(self, sql: str, *arguments: object) -> Sequence[asyncpg.Record]:
        connection = await asyncpg.connect(self.database_url)
        try:
            return await connection.fetch(sql, *arguments)
        finally:
            await connection.close()


TOPICS = ["contact-events", "contact-inbox", "conversation-messages", "channel-commands", "routing-decisions",
          "contact-inbox.dlq", "channel-commands.dlq", "contact-events.dlq"]  # fmt: skip


async def furnish(database_url: str) -> None:
    """Tenants and their pools."""
    connection = await asyncpg.connect(database_url)
    for tenant, partition in TENANTS.items():
        await connection.execute("INSERT INTO directory.tenants (tenant_id, name) VALUES ($1, $1)", tenant)
        await connection.execute("INSERT INTO directory.pools VALUES ($1, 'main', $2)", tenant, partition)
    await connection.close()


@pytest.fixture(scope="package")
def gateway_database_url(postgres_server: str, migrated_template: str) -> str:
    return create_database(postgres_server, fresh_name("ucc_gateway"), template=migrated_template)


@pytest.fixture(scope="package")
async def house(gateway_database_url: str, broker: Broker) -> AsyncIterator[House]:
    async with open_house(gateway_database_url, broker) as opened:
        yield opened


@contextlib.asynccontextmanager
async def open_house(database_url: str, broker: Broker, **more: Any) -> AsyncIterator[House]:
    """The gateway as long as the block runs, with `more` settings of its own."""
    await furnish(database_url)
    await create_topics(broker.bootstrap_servers, broker.partitions, 1, TOPICS)
    producer = Producer(broker.bootstrap_servers)
    await producer.start()
    router = Router(producer)
    async with serving(router.app()) as router_url:
        settings = GatewaySettings(
            database_url=database_url,
            kafka_bootstrap_servers=broker.bootstrap_servers,
            kafka_partitions=broker.partitions,
            router_url=router_url,
            service_token="service",  # type: ignore[arg-type]
            token_verify_keys=public_keys(SIGNING_KEY),  # type: ignore[arg-type]
            gateway_lease_seconds=1.0,
            fax_languages="",  # reading takes seconds; the tests that are about it ask for it
            **{"authorise_dials": False, **more},
        )
        app = create_app(settings)
        async with serving(app) as url, httpx.AsyncClient(base_url=url, timeout=20, trust_env=False) as http:
            async with asyncio.timeout(20):
                await app.state.caught_up.wait()
            yield House(http, router, producer, app, broker, database_url)
    await producer.stop()


@pytest.fixture
async def contact_events(house: House) -> AsyncIterator[Topic]:
    topic = Topic(house.broker, CONTACT_EVENTS)
    await topic.open()
    yield topic
    await topic.close()


@pytest.fixture
async def open_topic(house: House) -> AsyncIterator[Callable[[str], Any]]:
    topics: list[Topic] = []

    async def opened(name: str) -> Topic:
        topics.append(Topic(house.broker, name))
        await topics[-1].open()
        return topics[-1]

    yield opened
    for topic in topics:
        await topic.close()
