"""An outbound service of its own per module: real PostgreSQL, the session's broker, and its neighbours played in this process:
a profile and a router that answer what a test says, a gateway that is a reader and writer of topics.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
import pytest_asyncio
from fastapi import FastAPI
from pydantic import SecretStr

from services.outbound.app import create_app
from services.outbound.numbers import number_key, person_key
from services.outbound.parts import Parts
from services.outbound.settings import OutboundSettings
from shared.contracts.envelope import Envelope, stable_id
from shared.contracts.wire import CONSENTS, DIAL_REQUESTS, DIAL_RESULTS, decode
from shared.kafka import Producer, make_consumer
from shared.security import Principal, Role, issue_token, new_signing_key, public_keys
from tests.conftest import Broker

SIGNING_KEY = new_signing_key()
POOL = "main"
GATEWAY = "gw-1"
SECOND = 1_000_000
MORNING = 1_795_572_000 * SECOND
"""When every test begins, by the policy's clock: Wednesday 2026-11-25, 10:00 in Shanghai. The law looks at clocks."""
KNOWN = {
    "customer_id": None, "candidates": 0, "consent": "given", "source": "paper", "proof": None,
    "given_at": "2020-01-01T00:00:00Z", "withdrawn_at": None, "expires_at": None,
    "preferences": {"no_calls_before": None, "no_calls_after": None, "do_not_disturb": [], "language": None},
}  # fmt: skip


@dataclass
class Neighbours:
    """What profile and router answer. `wishes`: number → what differs from a standing consent."""

    wishes: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    agents: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    groups: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    reachable: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    """Customer id or key → customer_id, name, language, numbers."""
    inbound: dict[str, Any] | None = None
    profile_away: bool = False
    asked: int = 0
    skills: list[str] = field(default_factory=list[str])
    now: Callable[[], int] = lambda: MORNING

    def idle(self, count: int, group: str = "sales-out", skills: Sequence[str] = ()) -> None:
        """That many agents wait for a call; with skills, those are all that routing knows."""
        self.skills = list(skills)
        since = self.now() - 60 * SECOND
        self.agents = [
            {"agent_id": f"a-{n}", "state": "idle", "since": since, "groups": [group], "contact_group": None,
             "kept_for_inbound": False, "occupancy": 0, "skills": list(skills)}
            for n in range(count)
        ]  # fmt: skip
        self.groups = [{"group": group, "open": True, "answered": 0, "waiting": 0}]

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET" and request.url.path == "/v1/dialling":
            now = time.time_ns() // 1000
            return httpx.Response(
                200,
                json={
                    "now": now,
                    "reserve_held": False,
                    "inbound": self.inbound,
                    "agents": self.agents,
                    "groups": self.groups,
                    "skills": self.skills,
                },
            )
        if self.profile_away:
            return httpx.Response(503)
        if request.url.path == "/v1/reachable":
            customers = json.loads(request.content)["customers"]
            return httpx.Response(
                200, json={"items": [self.reachable.get(c["customer_id"] or c["key"]) for c in customers]}
            )
        self.asked += 1
        entries = json.loads(request.content)["entries"]
        return httpx.Response(200, json={"items": [KNOWN | self.wishes.get(e["number"], {}) for e in entries]})


@dataclass
class House:
    """The running service, its database as the owner sees it, and one tenant to dial for."""

    app: FastAPI
    settings: OutboundSettings
    owner: asyncpg.Connection
    producer: Producer
    neighbours: Neighbours
    tenant: str
    other: str
    _made: int = 0

    @property
    def parts(self) -> Parts:
        return self.app.state.parts

    def now(self) -> int:
        """Policy time, µs."""
        return self.parts.clock.now()

    def client(self, *roles: Role, tenant: str | None = None, user: str = "u-1") -> httpx.AsyncClient:
        """A client with a token of these roles (campaign manager by default); a service's names no tenant."""
        named = roles or (Role.CAMPAIGN_MANAGER,)
        of = "*" if named == (Role.SERVICE,) else tenant or self.tenant
        principal = Principal(user, of, frozenset(named), user.replace("u-", "a-"))
        token = issue_token(SIGNING_KEY, principal, lifetime_seconds=3600)
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://outbound",
            headers={"Authorization": f"Bearer {token}"},
        )

    async def campaign(self, *, state: str = "running", records: int = 0, **fields: Any) -> str:
        """A campaign with so many records of people nobody called yet."""
        campaign_id = f"cp-{uuid.uuid4().hex[:12]}"
        now = self.now()
        document = fields.pop("document", {})
        await self.owner.execute(
            "INSERT INTO outbound.campaigns (tenant_id, campaign_id, title, mode, purpose, subject, state, pool_id, group_name,"
            " business_line, gateway_id, rulesets, document, created_at, created_by, changed_at)"
            " VALUES ($1, $2, 'Test', $3, $4, '', $5, $6, 'sales-out', 'sales', $7, $8, $9, $10, 'u-1', $10)",
            self.tenant, campaign_id, fields.pop("mode", "progressive"), fields.pop("purpose", "service_followup"), state, POOL,
            GATEWAY, fields.pop("rulesets", []), json.dumps(document), now,
        )  # fmt: skip
        await self.owner.execute(
            "INSERT INTO outbound.lists (tenant_id, list_id, campaign_id, title, source, created_at) VALUES ($1, $2, $2, 'L', 'api', $3)",
            self.tenant, campaign_id, now,
        )  # fmt: skip
        for _ in range(records):
            await self.record(campaign_id)
        if state == "running":
            await self.owner.execute("SELECT pg_notify('outbound_wake', $1)", f"{self.tenant}/{POOL}")
        return campaign_id

    async def record(self, campaign_id: str, number: str | None = None, **fields: Any) -> str:
        """One record more; returns its id."""
        self._made += 1
        number = number or f"+86138{uuid.uuid4().int % 10**8:08d}"
        secret = self.settings.person_key_secret.get_secret_value()
        key = number_key(secret, self.tenant, number)
        record_id = f"r{self._made:06d}"
        row: dict[str, Any] = {
            "tenant_id": self.tenant, "campaign_id": campaign_id, "record_id": record_id, "list_id": campaign_id,
            "person_key": person_key(secret, self.tenant, fields.get("customer_id"), number),
            "numbers": json.dumps([{"number": number, "key": key}]), "created_at": 0, **fields,
        }  # fmt: skip
        marks = ", ".join(f"${n}" for n in range(1, len(row) + 1))
        await self.owner.execute(f"INSERT INTO outbound.records ({', '.join(row)}) VALUES ({marks})", *row.values())
        return record_id

    async def state(self, campaign_id: str, record_id: str) -> asyncpg.Record:
        found = await self.owner.fetchrow(
            "SELECT * FROM outbound.records WHERE tenant_id = $1 AND campaign_id = $2 AND record_id = $3",
            self.tenant, campaign_id, record_id,
        )  # fmt: skip
        assert found is not None
        return found

    async def attempts(self, campaign_id: str) -> list[asyncpg.Record]:
        return await self.owner.fetch(
            "SELECT * FROM outbound.attempts WHERE tenant_id = $1 AND campaign_id = $2 ORDER BY attempt_id",
            self.tenant, campaign_id,
        )  # fmt: skip

    async def tell(self, *facts: Any) -> None:
        """A gateway says what became of attempts."""
        for fact in facts:
            told = Envelope(
                stable_id(type(fact).__name__, fact.attempt_id, str(fact)), f"/gateway/{GATEWAY}", 0, self.tenant, fact.attempt_id, fact
            )  # fmt: skip
            await self.producer.publish(DIAL_RESULTS, told, key=fact.attempt_id)

    async def refuse(self, fact: Any, key: str) -> None:
        """Somebody refuses, or consents."""
        said = Envelope(f"e-{uuid.uuid4().hex}", "/profile", 0, self.tenant, key, fact)
        await self.producer.publish(CONSENTS, said, key=key)

    async def clear(self) -> None:
        """Nothing runs any more, nobody is called."""
        self.neighbours.agents = []
        self.neighbours.inbound = None
        self.neighbours.wishes = {}
        self.neighbours.profile_away = False
        await self.owner.execute("UPDATE outbound.campaigns SET state = 'stopped' WHERE state IN ('running', 'paused')")
        await self.owner.execute("UPDATE outbound.attempts SET closed_at = 1, state = 'closed' WHERE closed_at IS NULL")


class Requests:
    """What a gateway is asked for, of one tenant, as it reads the topic from the beginning of a test on."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.seen: list[Any] = []

    async def read(self) -> None:
        consumer = make_consumer(self._house.settings.kafka_bootstrap_servers, DIAL_REQUESTS)
        await consumer.start()
        try:
            while True:
                for records in (await consumer.getmany(timeout_ms=100)).values():
                    opened = [decode(DIAL_REQUESTS, r.headers, r.value) for r in records]
                    self.seen += [e.data for e in opened if e.tenant == self._house.tenant]
        finally:
            await consumer.stop()

    def of(self, campaign_id: str, kind: str = "PlaceCall") -> list[Any]:
        return [r for r in self.seen if r.campaign == campaign_id and type(r).__name__ == kind]


async def until(condition: Callable[[], Any], seconds: float = 30) -> Any:
    """Wait for a condition (plain or awaitable) to hold; returns what it gave."""
    async with asyncio.timeout(seconds):
        while True:
            found = condition()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return found
            await asyncio.sleep(0.02)


@pytest_asyncio.fixture(scope="module")
async def house(module_database_url: str, broker: Broker) -> AsyncGenerator[House]:
    owner = await asyncpg.connect(module_database_url)
    suffix = uuid.uuid4().hex[:8]
    tenant, other = f"jinfeng-{suffix}", f"other-{suffix}"
    for partition, name in enumerate((tenant, other)):
        await owner.execute("INSERT INTO directory.tenants (tenant_id, name) VALUES ($1, $1)", name)
        await owner.execute("INSERT INTO directory.pools VALUES ($1, $2, $3)", name, POOL, partition)
        await owner.execute("INSERT INTO outbound.caller_ids VALUES ($1, '+862165432100', 'own', NULL, 1, true)", name)
        await owner.execute("INSERT INTO outbound.operators VALUES ($1, 'ICP-1', true, 1900, '{}')", name)
        await owner.execute("INSERT INTO outbound.trunks VALUES ($1, 't-1', $2, 1000, 1000)", name, GATEWAY)
    settings = OutboundSettings(
        database_url=module_database_url,
        kafka_bootstrap_servers=broker.bootstrap_servers,
        kafka_partitions=broker.partitions,
        token_verify_keys=SecretStr(public_keys(SIGNING_KEY)),
        consumer_group=f"outbound-{suffix}",
        outbound_silence_seconds=3600,
        clock_started=time.time_ns() // 1000,
        clock_origin=MORNING,
    )
    neighbours = Neighbours()
    app = create_app(settings, httpx.MockTransport(neighbours.answer))
    producer = Producer(broker.bootstrap_servers)
    async with app.router.lifespan_context(app):
        made = House(app, settings, owner, producer, neighbours, tenant, other)
        neighbours.now = made.now
        yield made
    await producer.stop()
    await owner.close()


@pytest_asyncio.fixture
async def requests(house: House) -> AsyncGenerator[Requests]:
    """The topic as a gateway reads it; when the test ends nothing runs any more."""
    reading = Requests(house)
    loop = asyncio.create_task(reading.read())
    yield reading
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)
    await house.clear()
