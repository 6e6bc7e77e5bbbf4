"""The path's figures: latency and throughput of real service processes on the real broker, each beside its own floor.

Latency: Kafka event in → `OfferMade` out against an echo with the same hops and commits, measured in turn.
Throughput: events posted to the gateway until the last decision is read, against a bare consume→produce of as many records.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from aiokafka.structs import TopicPartition

from shared.contracts.contact_events import AgentSignedIn, ContactArrived, Presence
from shared.contracts.envelope import Envelope
from shared.contracts.fields import AddressKind, Channel, HeldSkill
from shared.contracts.wire import CONTACT_EVENTS, ROUTING_DECISIONS, dump_data
from shared.kafka import Producer, create_topics, make_consumer
from shared.security import Role
from tests.benchmarks.report import ROUNDS, Figure, percentile
from tests.processes import Keys, ServiceProcess

TENANT, POOL, PARTITION = "bench", "main", 0
CONTACTS = 120  # a latency round
RATE = 60.0  # contacts a second in a latency round
MESSAGES = 3000  # a throughput round

POLICY = """
enrichment_wait_ms: {enrichment}
business_lines:
  rental: {{name: {{zh: 租赁, en: Rental}}, default_group: rental}}
skills:
  rental: {{name: {{zh: 租赁, en: Rental}}}}
capacity:
  web: {{maximum: 50, weight: 1}}
  max_load: 100
groups:
  rental:
    name: {{zh: 租赁, en: Rental}}
    business_line: rental
    channels: [web]
    skills: [{{skill: rental, level: 1}}]
    targets: {{web: 60}}
    offer_timeout_seconds: {{web: 3600}}
"""


@dataclass
class RunningPath:
    """Running services and a reader of decisions."""

    servers: str
    database_url: str
    keys: Keys
    router: ServiceProcess
    profile: ServiceProcess
    gateway: ServiceProcess
    producer: Producer
    api_key: str = ""
    seen: dict[str, float] = field(default_factory=dict)  # contact → when its OfferMade was read
    decisions: int = 0

    async def read(self) -> None:
        consumer = make_consumer(self.servers, max_records=5000)
        await consumer.start()
        here = TopicPartition(ROUTING_DECISIONS, PARTITION)
        consumer.assign([here])
        await consumer.seek_to_end(here)
        await consumer.position(here)
        try:
            while True:
                for records in (await consumer.getmany(timeout_ms=1000)).values():
                    now = time.perf_counter()
                    for record in records:
                        self.decisions += 1
                        headers = dict(record.headers)
                        if headers["ce_type"] == b"OfferMade":
                            self.seen[json.loads(record.value or b"{}")["contact_id"]] = now
        finally:
            await consumer.stop()

    async def wait_for(self, contacts: list[str], seconds: float = 60) -> None:
        async with asyncio.timeout(seconds):
            while not all(contact in self.seen for contact in contacts):
                await asyncio.sleep(0.01)


def _arrival(contact_id: str) -> Envelope[Any]:
    now = time.time_ns() // 1000
    data = ContactArrived(
        contact_id, Channel.WEB, "rental", now, address_kind=AddressKind.WEB, address=f"visitor-{contact_id[-4:]}"
    )
    return Envelope(f"e-{contact_id}", "/bench", now, TENANT, contact_id, data, POOL)


async def _policy(path: RunningPath, enrichment: int) -> None:
    token = path.keys.token(Role.ADMIN, tenant=TENANT)
    async with httpx.AsyncClient(
        base_url=path.router.url, headers={"Authorization": f"Bearer {token}"}, trust_env=False
    ) as client:
        answer = await client.put(
            "/v1/policy",
            content=POLICY.format(enrichment=enrichment).encode(),
            headers={"Content-Type": "application/yaml"},
        )
        answer.raise_for_status()
        version = answer.json()["version"]
    before = path.decisions
    async with asyncio.timeout(20):
        while path.decisions == before:
            await asyncio.sleep(0.02)
    assert version


async def _agents(path: RunningPath, count: int) -> None:
    now = time.time_ns() // 1000
    for n in range(count):
        agent_id = f"a-{uuid.uuid4().hex[:12]}"
        data = AgentSignedIn(agent_id, f"s-{n}", (HeldSkill("rental", 5),), presence=Presence.AVAILABLE)
        envelope = Envelope(f"in-{agent_id}", "/bench", now, TENANT, agent_id, data, POOL)
        await path.producer.publish(CONTACT_EVENTS, envelope, partition=PARTITION)


@contextlib.asynccontextmanager
async def running(servers: str, database_url: str, folder: Path) -> AsyncIterator[RunningPath]:
    """Router, profile and gateway as processes, a pool with agents, a decision reader."""
    keys = Keys()
    connection = await asyncpg.connect(database_url)
    await connection.execute("INSERT INTO directory.tenants (tenant_id, name) VALUES ($1, 'bench')", TENANT)
    await connection.execute(
        "INSERT INTO directory.pools (tenant_id, pool_id, partition) VALUES ($1, $2, $3)", TENANT, POOL, PARTITION
    )
    await connection.close()
    environment = {
        "UCC_DATABASE_URL": database_url,
        "UCC_KAFKA_BOOTSTRAP_SERVERS": servers,
        "UCC_KAFKA_PARTITIONS": "4",
        "UCC_TOKEN_VERIFY_KEYS": keys.verify_keys,
        "UCC_SERVICE_TOKEN": keys.token(Role.SERVICE),
        "UCC_LOG_LEVEL": "WARNING",
    }
    router = ServiceProcess("router", environment, folder / "router.log")
    environment["UCC_ROUTER_URL"] = router.url
    profile = ServiceProcess("profile", environment, folder / "profile.log")
    gateway = ServiceProcess("gateway", environment, folder / "gateway.log")
    producer = Producer(servers)
    try:
        router.start()
        await producer.start()
        path = RunningPath(servers, database_url, keys, router, profile, gateway, producer)
        reader = asyncio.create_task(path.read())
        await asyncio.sleep(1)
        yield path
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
    finally:
        await producer.stop()
        for process in (gateway, profile, router):
            process.stop()


async def _offer_latencies(path: RunningPath, contacts: int, rate: float) -> list[float]:
    """Milliseconds from just before the event is sent until its OfferMade is read, at a steady rate."""
    sent: dict[str, float] = {}
    started = time.perf_counter()
    sends: list[asyncio.Task[None]] = []
    for n in range(contacts):
        await asyncio.sleep(max(0.0, started + n / rate - time.perf_counter()))
        contact = f"c-{uuid.uuid4().hex}"
        sent[contact] = time.perf_counter()
        sends.append(asyncio.create_task(path.producer.publish(CONTACT_EVENTS, _arrival(contact), partition=PARTITION)))
    await asyncio.gather(*sends)
    await path.wait_for(list(sent))
    return [(path.seen[contact] - at) * 1000 for contact, at in sent.items()]


class EchoChain:
    """`hops` − 1 echo processes in a row, each with a commit, as a floor of the path."""

    def __init__(self, servers: str, database_url: str, hops: int) -> None:
        run = uuid.uuid4().hex[:6]
        self.topics = [f"floor-{run}-{n}" for n in range(hops)]
        self.servers = servers
        self.database_url = database_url
        self.processes: list[subprocess.Popen[bytes]] = []
        self.seen: dict[bytes, float] = {}
        self.task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await create_topics(self.servers, 1, 1, self.topics)
        self.processes = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.benchmarks.echo", self.servers, self.database_url, source, target],
                stdout=subprocess.PIPE, start_new_session=True,
            )
            for source, target in zip(self.topics, self.topics[1:], strict=False)
        ]  # fmt: skip
        for process in self.processes:
            assert process.stdout is not None
            await asyncio.to_thread(process.stdout.readline)
        ready = asyncio.Event()
        self.task = asyncio.create_task(self._read(ready))
        await ready.wait()

    async def _read(self, ready: asyncio.Event) -> None:
        consumer = make_consumer(self.servers, max_records=5000)
        await consumer.start()
        here = TopicPartition(self.topics[-1], 0)
        consumer.assign([here])
        await consumer.seek_to_end(here)
        await consumer.position(here)
        ready.set()
        try:
            while True:
                for records in (await consumer.getmany(timeout_ms=1000)).values():
                    now = time.perf_counter()
                    for record in records:
                        self.seen[record.key or b""] = now
        finally:
            await consumer.stop()

    async def latencies(self, producer: Producer, contacts: int, rate: float) -> list[float]:
        body = dump_data(_arrival("c-" + uuid.uuid4().hex).data)
        sent: dict[bytes, float] = {}
        started = time.perf_counter()
        sends: list[asyncio.Task[None]] = []
        for n in range(contacts):
            await asyncio.sleep(max(0.0, started + n / rate - time.perf_counter()))
            key = uuid.uuid4().hex.encode()
            sent[key] = time.perf_counter()
            sends.append(asyncio.create_task(producer.send_raw(self.topics[0], [(0, key, [], body)])))
        await asyncio.gather(*sends)
        async with asyncio.timeout(30):
            while not all(key in self.seen for key in sent):
                await asyncio.sleep(0.01)
        return [(self.seen[key] - at) * 1000 for key, at in sent.items()]

    async def throughput(self, producer: Producer, messages: int) -> float:
        """Records a second through one consume→produce, sent in batches of 500."""
        body = dump_data(_arrival("c-" + uuid.uuid4().hex).data)
        keys = [uuid.uuid4().hex.encode() for _ in range(messages)]
        started = time.perf_counter()
        for at in range(0, messages, 500):
            await producer.send_raw(self.topics[0], [(0, key, [], body) for key in keys[at : at + 500]])
        async with asyncio.timeout(60):
            while keys[-1] not in self.seen:
                await asyncio.sleep(0.005)
        return messages / (self.seen[keys[-1]] - started)

    async def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
        for process in self.processes:
            process.kill()
            process.wait()


async def _gateway_credential(path: RunningPath) -> None:
    token = path.keys.token(Role.ADMIN, tenant=TENANT)
    async with httpx.AsyncClient(
        base_url=path.gateway.url, headers={"Authorization": f"Bearer {token}"}, trust_env=False
    ) as client:
        answer = await client.post("/v1/gateways", json={"title": "bench"})
        answer.raise_for_status()
        path.api_key = answer.json()["api_key"]


async def _through_gateway(path: RunningPath, messages: int) -> tuple[float, float]:
    """(events a second, decisions a second) from the first POST until the last contact's OfferMade is read."""
    run = uuid.uuid4().hex[:8]
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    arrived = time.time_ns() // 1000
    events = [
        {"specversion": "1.0", "id": f"{run}-{n}", "type": "ContactArrived", "subject": f"{run}-{n}", "time": now,
         "data": {"channel": "web", "business_line": "rental", "arrived_at": arrived, "address_kind": "web", "address": f"v{n}"}}
        for n in range(messages)
    ]  # fmt: skip
    before = path.decisions
    headers = {"Authorization": f"ApiKey {path.api_key}"}
    contacts: list[str] = []
    async with httpx.AsyncClient(base_url=path.gateway.url, headers=headers, timeout=30, trust_env=False) as client:
        started = time.perf_counter()
        for at in range(0, messages, 500):
            answer = await client.post("/v1/contact-events", json=events[at : at + 500])
            answer.raise_for_status()
            contacts += answer.json()["contacts"].values()
    await path.wait_for(contacts)
    taken = max(path.seen[contact] for contact in contacts) - started
    return messages / taken, (path.decisions - before) / taken


async def _serial_commits(database_url: str, times: int = 300) -> float:
    """Commits a second of one connection that inserts one row at a time."""
    connection = await asyncpg.connect(database_url)
    await connection.execute("CREATE TABLE IF NOT EXISTS public.serial (at timestamptz, body text)")
    started = time.perf_counter()
    for _ in range(times):
        await connection.execute("INSERT INTO public.serial VALUES (now(), $1)", "x" * 300)
    taken = time.perf_counter() - started
    await connection.close()
    return times / taken


async def _loads(path: RunningPath, capacity: float) -> float:
    """Median over rounds of p50 at 80 % of `capacity` arrivals a second ÷ p50 at 10 %."""
    ratios: list[float] = []
    for _ in range(3):
        low = await _offer_latencies(path, int(capacity * 0.1 * 2), capacity * 0.1)
        high = await _offer_latencies(path, int(capacity * 0.8 * 2), capacity * 0.8)
        ratios.append(statistics.median(high) / statistics.median(low))
    return statistics.median(ratios)


async def path_figures(servers: str, database_url: str, folder: Path, broker: str) -> list[Figure]:
    """All rows of the path."""
    figures: list[Figure] = []
    two, three = EchoChain(servers, database_url, 2), EchoChain(servers, database_url, 3)
    bare = EchoChain(servers, "", 2)
    async with running(servers, database_url, folder) as path:
        try:
            for chain in (two, three, bare):
                await chain.start()
            await _policy(path, 0)
            await _agents(path, 60)
            await _offer_latencies(path, 60, RATE)  # warm
            await two.latencies(path.producer, 60, RATE)
            pairs: list[tuple[list[float], list[float]]] = []
            for _ in range(ROUNDS):
                floor = await two.latencies(path.producer, CONTACTS, RATE)
                pairs.append((await _offer_latencies(path, CONTACTS, RATE), floor))
            figures += _latency_rows("event → offer", pairs, "2 hops + 1 commit", broker)

            path.profile.start()
            await _policy(path, 150)
            await _agents(path, 40)
            await _offer_latencies(path, 60, RATE)
            pairs = []
            for _ in range(ROUNDS):
                floor = await three.latencies(path.producer, CONTACTS, RATE)
                pairs.append((await _offer_latencies(path, CONTACTS, RATE), floor))
            figures += _latency_rows("event → offer with profile", pairs, "3 hops + 2 commits", broker)
            path.profile.stop()
            await _policy(path, 0)

            path.gateway.start()
            await _gateway_credential(path)
            await _agents(path, 20)
            rates: list[float] = []
            durable: list[float] = []
            events_a_second: list[float] = []
            for _ in range(ROUNDS):
                await _agents(path, MESSAGES // 50 + 1)
                floor_rate = await bare.throughput(path.producer, MESSAGES)
                events, decisions = await _through_gateway(path, MESSAGES)
                rates.append(events / floor_rate)
                events_a_second.append(events)
                durable.append(decisions / await _serial_commits(database_url))
            rate = statistics.median(events_a_second)
            figures.append(
                Figure("path", "messages/s through gateway, Kafka, journal, decisions ÷ bare consume→produce",
                       statistics.median(rates), "≥ 0.3", note=f"{rate:,.0f} contacts/s durable; {broker}")
            )  # fmt: skip
            figures.append(
                Figure(
                    "path",
                    "durable decisions/s ÷ serial commits/s",
                    statistics.median(durable),
                    "≥ 20",
                    note="through the gateway",
                )
            )
            path.gateway.stop()
            await _agents(path, 400)
            capacity = min(rate, 600.0)
            figures.append(
                Figure(
                    "path",
                    "p50 at 80 % load ÷ p50 at 10 %",
                    await _loads(path, capacity),
                    "≤ 2",
                    note=f"of {capacity:,.0f} contacts/s",
                )
            )
        finally:
            for chain in (two, three, bare):
                await chain.stop()
    return figures


def _latency_rows(name: str, pairs: list[tuple[list[float], list[float]]], floor: str, broker: str) -> list[Figure]:
    rows: list[Figure] = []
    for label, share, goal in (("p50", 0.5, "≤ 1.5"), ("p99", 0.99, "≤ 2")):
        above = [percentile(path, share) for path, _ in pairs]
        below = [percentile(base, share) for _, base in pairs]
        ratio = statistics.median(a / b for a, b in zip(above, below, strict=True))
        note = f"{statistics.median(above):.1f} ms against {statistics.median(below):.1f} ms; {broker}"
        rows.append(Figure("path", f"{name} {label} ÷ ({floor})", ratio, goal, note=note))
    return rows
