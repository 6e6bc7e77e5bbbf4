"""A service of nothing but plumbing: schema `probe` with one protected table, an outbox and a watermark; both brokers."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest

from deploy.embedded import EmbeddedBroker
from shared.contracts.contact_events import ContactAbandoned, ContactEvent
from shared.contracts.envelope import Envelope
from shared.contracts.wire import CONTACT_EVENTS, decode
from shared.kafka import Producer, Received, create_topics, make_consumer
from shared.postgres import Pool, open_pool
from tests.conftest import Broker


@pytest.fixture
async def probe_url(database_url: str) -> str:
    """A migrated database with the service `probe`."""
    connection = await asyncpg.connect(database_url)
    await connection.execute("""
        SELECT directory.create_service('probe');
        CREATE TABLE probe.notes (tenant_id text NOT NULL, note_id int NOT NULL, text text, PRIMARY KEY (tenant_id, note_id));
        SELECT directory.protect('probe', 'notes');
        SELECT directory.create_outbox('probe');
        SELECT directory.create_watermark('probe');
        """)
    await connection.close()
    return database_url


@pytest.fixture
async def api(probe_url: str) -> AsyncIterator[Pool]:
    pool = await open_pool(probe_url, "probe", "api")
    yield pool
    await pool.close()


@pytest.fixture
async def worker(probe_url: str) -> AsyncIterator[Pool]:
    pool = await open_pool(probe_url, "probe", "worker")
    yield pool
    await pool.close()


@pytest.fixture(scope="session")
def embedded_broker() -> EmbeddedBroker:
    return EmbeddedBroker()


@pytest.fixture(scope="session")
def memory_broker(embedded_broker: EmbeddedBroker) -> Broker:
    return Broker(embedded_broker.bootstrap_servers, "in-memory", 4)


@pytest.fixture
def quick_rejoin(either: Broker) -> None:
    """For tests that leave a group and join it again."""
    if not either.real:
        pytest.skip(
            "the in-memory broker counts a member that left for 15 s more; one test of this file shows that it works"
        )


@pytest.fixture(params=["in-memory", "Apache Kafka"])
def either(request: pytest.FixtureRequest) -> Broker:
    """The same suite on both brokers: what holds on the small one must hold on the real one."""
    return request.getfixturevalue("memory_broker" if request.param == "in-memory" else "real_kafka")


@pytest.fixture
async def topic(either: Broker) -> str:
    """A topic of this test's own, carrying contact events."""
    name = f"probe-{uuid.uuid4().hex[:8]}"
    await create_topics(either.bootstrap_servers, either.partitions, 1, [name, f"{name}.dlq"])
    return name


@pytest.fixture
async def producer(either: Broker) -> AsyncIterator[Producer]:
    producer = Producer(either.bootstrap_servers)
    await producer.start()
    yield producer
    await producer.stop()


def fact(number: int) -> Envelope[ContactEvent]:
    """The `number`th small fact."""
    contact = f"contact-{number}"
    return Envelope(
        f"event-{number}", "/probe", 1_700_000_000_000_000, "acme", contact, ContactAbandoned(contact), "main"
    )


async def read_fact(record: object) -> Envelope[ContactEvent]:
    """Opens records of any topic as contact events."""
    return decode(CONTACT_EVENTS, record.headers, record.value)  # type: ignore[attr-defined]


async def read_back(bootstrap_servers: str, topic: str, count: int) -> list[tuple[dict[str, bytes], bytes | None]]:
    """Headers and bodies of a topic's first `count` messages, then of whatever else is there."""
    consumer = make_consumer(bootstrap_servers, topic)
    await consumer.start()
    try:
        found: list[tuple[dict[str, bytes], bytes | None]] = []
        while True:
            fetched = await consumer.getmany(timeout_ms=100 if len(found) >= count else 1_000)
            found += [(dict(record.headers), record.value) for records in fetched.values() for record in records]
            if len(found) >= count and not fetched:
                return found
    finally:
        await consumer.stop()


Handler = Callable[[Received], Awaitable[None]]
