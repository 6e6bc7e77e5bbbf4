"""Outbound dies at the n-th step: before or after any statement, any commit, any publish. Then another goes on.

The database is real; the gateway is a peer that writes down what it dials and says what became of it. Two counts must be nought,
wherever death came: people dialled twice, and outcomes that were told and are not in the books.
"""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import asyncpg
import httpx

from services.outbound.adapters.profile_client import ProfileClient
from services.outbound.adapters.router_client import RouterClient
from services.outbound.handlers.gate import Gate
from services.outbound.handlers.planner import PoolPlanner
from services.outbound.handlers.results import FoldResult
from services.outbound.numbers import number_key
from services.outbound.parts import Parts
from services.outbound.settings import OutboundSettings
from services.outbound.store import leases
from shared.clock import FastClock
from shared.contracts.dial_requests import PlaceCall
from shared.contracts.dial_results import AttemptAnswered, AttemptConnected, AttemptEnded, AttemptRang
from shared.contracts.envelope import Envelope, stable_id
from shared.contracts.wire import DIAL_REQUESTS, decode
from shared.directory import Directory
from shared.outbox import OutboxRelay
from shared.postgres import open_pool, worker_transaction
from tests.integration.outbound.conftest import GATEWAY, MORNING, POOL, Neighbours

OUTCOMES = ("talked", "no_answer", "abandoned", "busy", "machine")


class Died(Exception):
    """The process is gone, at this step."""


@dataclass
class Fate:
    """Steps are counted; at `dies_at` the process is gone. 0: never."""

    dies_at: int = 0
    steps: int = 0

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.dies_at:
            raise Died


class MortalConnection:
    """A connection whose every statement may be the last thing a process does, or the last it learns of."""

    def __init__(self, connection: Any, fate: Fate) -> None:
        self._connection, self._fate = connection, fate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def _said(self, name: str, *arguments: Any) -> Any:
        self._fate.step()
        answer = await getattr(self._connection, name)(*arguments)
        self._fate.step()
        return answer

    async def execute(self, *arguments: Any) -> Any:
        return await self._said("execute", *arguments)

    async def fetch(self, *arguments: Any) -> Any:
        return await self._said("fetch", *arguments)

    async def fetchrow(self, *arguments: Any) -> Any:
        return await self._said("fetchrow", *arguments)

    async def fetchval(self, *arguments: Any) -> Any:
        return await self._said("fetchval", *arguments)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[None]:
        real = self._connection.transaction()
        await real.start()
        try:
            yield
            self._fate.step()  # dead before the commit: the server rolls back
        except BaseException:
            await real.rollback()
            raise
        await real.commit()
        self._fate.step()  # dead after it: it holds, and nobody here knows


class MortalPool:
    def __init__(self, pool: Any, fate: Fate) -> None:
        self._pool, self._fate = pool, fate

    @asynccontextmanager
    async def acquire(self) -> AsyncGenerator[MortalConnection]:
        async with self._pool.acquire() as connection:
            yield MortalConnection(connection, self._fate)

    async def fetch(self, *arguments: Any) -> Any:
        async with self.acquire() as connection:
            return await connection.fetch(*arguments)


@dataclass
class GatewayPeer:
    """Dials what it is asked for, once an attempt, and tells what became of it. What it told stays on the topic."""

    tenant: str
    now: int
    dialled: Counter[str] = field(default_factory=Counter[str])  # by number
    attempts: dict[str, str] = field(default_factory=dict[str, str])  # attempt → outcome
    told: list[Envelope[Any]] = field(default_factory=list[Envelope[Any]])

    def asked(self, request: Any) -> None:
        if not isinstance(request, PlaceCall) or request.attempt_id in self.attempts:
            return
        assert request.number is not None
        self.dialled[request.number] += 1
        outcome = OUTCOMES[len(self.attempts) % len(OUTCOMES)]
        self.attempts[request.attempt_id] = outcome
        of = (request.attempt_id, request.campaign, GATEWAY)
        facts: list[Any] = [AttemptRang(*of, self.now, self.now)]
        if outcome in ("talked", "abandoned"):
            facts.append(AttemptAnswered(*of, self.now, "person"))
        if outcome == "talked":
            facts.append(AttemptConnected(*of, self.now, "a-0"))
        facts.append(AttemptEnded(*of, outcome, self.now))  # type: ignore[arg-type]
        self.told += [
            Envelope(stable_id(type(f).__name__, request.attempt_id), "/gateway/gw-1", 0, self.tenant, request.attempt_id, f)
            for f in facts
        ]  # fmt: skip


@dataclass
class Topic:
    """Stands for the producer of the relay: what is acknowledged has arrived, whatever the sender still learns."""

    peer: GatewayPeer
    fate: Fate

    async def send_raw(self, topic: str, messages: Sequence[Any]) -> None:
        self.fate.step()
        for _, _, headers, body in messages:
            self.peer.asked(decode(DIAL_REQUESTS, headers, body).data)
        self.fate.step()


@dataclass
class Ground:
    """The database, and what lives through any death."""

    parts: Parts
    owner: asyncpg.Connection
    neighbours: Neighbours
    tenant: str

    async def campaign(self, records: int) -> str:
        campaign_id = f"cp-{uuid.uuid4().hex[:12]}"
        now = self.parts.clock.now()
        secret = self.parts.settings.person_key_secret.get_secret_value()
        await self.owner.execute("UPDATE outbound.campaigns SET state = 'stopped'")
        await self.owner.execute(
            "INSERT INTO outbound.campaigns (tenant_id, campaign_id, title, mode, purpose, state, pool_id, group_name, business_line,"
            " gateway_id, rulesets, document, created_at, created_by, changed_at) VALUES ($1, $2, 'T', 'progressive',"
            " 'service_followup', 'running', $3, 'sales-out', 'sales', $4, '{}', '{}', $5, 'u', $5)",
            self.tenant, campaign_id, POOL, GATEWAY, now,
        )  # fmt: skip
        await self.owner.execute(
            "INSERT INTO outbound.lists (tenant_id, list_id, campaign_id, title, source, created_at) VALUES ($1, $2, $2, 'L', 'api', 0)",
            self.tenant, campaign_id,
        )  # fmt: skip
        for n in range(records):
            number = f"+86138{uuid.uuid4().int % 10**8:08d}"
            key = number_key(secret, self.tenant, number)
            await self.owner.execute(
                "INSERT INTO outbound.records (tenant_id, campaign_id, record_id, list_id, person_key, numbers, created_at)"
                " VALUES ($1, $2, $3, $2, $4, $5, 0)",
                self.tenant, campaign_id, f"r{n}", key, json.dumps([{"number": number, "key": key}]),
            )  # fmt: skip
        return campaign_id


@asynccontextmanager
async def open_ground(database_url: str) -> AsyncGenerator[Ground]:
    owner = await asyncpg.connect(database_url)
    tenant = f"t-{uuid.uuid4().hex[:8]}"
    await owner.execute("INSERT INTO directory.tenants (tenant_id, name) VALUES ($1, $1)", tenant)
    await owner.execute("INSERT INTO directory.pools VALUES ($1, $2, 0)", tenant, POOL)
    await owner.execute("INSERT INTO outbound.caller_ids VALUES ($1, '+862165432100', 'own', NULL, 1, true)", tenant)
    await owner.execute("INSERT INTO outbound.operators VALUES ($1, 'ICP-1', true, 1900, '{}')", tenant)
    workers = await open_pool(database_url, "outbound", "worker", minimum=1, maximum=3)
    clock = FastClock(1.0, started=time.time_ns() // 1000, origin=MORNING)
    settings = OutboundSettings(outbound_calls_per_second=1000, outbound_channels=1000)
    producer: Any = None
    neighbours = Neighbours(now=clock.now)
    parts = Parts(settings, workers, workers, producer, Directory(workers), clock)
    yield Ground(parts, owner, neighbours, tenant)
    await workers.close()
    await owner.close()


@dataclass
class Life:
    """One process, mortal at every step."""

    ground: Ground
    fate: Fate
    peer: GatewayPeer
    heard: int = 0  # how much of what the gateway told is committed as read

    async def run(self, campaign_id: str) -> None:
        """Plan, publish, fold, until everything told is folded. Raises Died."""
        ground = self.ground
        workers: Any = MortalPool(ground.parts.workers, self.fate)
        parts = replace(ground.parts, workers=workers)
        client = httpx.AsyncClient(transport=httpx.MockTransport(ground.neighbours.answer), base_url="http://test")
        async with worker_transaction(workers) as connection:
            lease = await leases.take(connection, ground.tenant, POOL, f"o-{uuid.uuid4().hex[:6]}", 60)
        assert lease is not None
        planner = PoolPlanner(parts, Gate(parts, ProfileClient(client)), RouterClient(client), lease)
        topic: Any = Topic(self.peer, self.fate)
        relay = OutboxRelay(workers, topic, "outbound")
        fold = FoldResult(parts)
        await planner.step()
        while await relay.publish_pending():
            continue
        while self.heard < len(self.peer.told):
            await fold.fold(self.peer.told[self.heard])
            self.fate.step()  # folded, and the offset not committed
            self.heard += 1
        await planner.step()
        await client.aclose()


@dataclass
class Verdict:
    """What was found at the end of a story."""

    steps: int
    twice: list[str]
    lost: list[str]
    undialled: int


async def story(ground: Ground, records: int, dies_at: int) -> Verdict:
    """A campaign is begun, its process dies at a step, others go on to the end; then the books are compared."""
    campaign_id = await ground.campaign(records)
    ground.neighbours.idle(records)
    peer = GatewayPeer(ground.tenant, ground.parts.clock.now())
    life = Life(ground, Fate(dies_at), peer)
    try:
        await life.run(campaign_id)
    except Died:
        await ground.owner.execute("UPDATE outbound.dialling_leases SET lease_until = '-infinity'")
        await Life(ground, Fate(), peer, life.heard).run(campaign_id)
    await ground.owner.execute("UPDATE outbound.dialling_leases SET lease_until = '-infinity'")
    rows = await ground.owner.fetch(
        "SELECT attempt_id, result, state FROM outbound.attempts WHERE campaign_id = $1", campaign_id
    )
    booked = {row["attempt_id"]: row["result"] for row in rows}
    return Verdict(
        life.fate.steps,
        [number for number, times in peer.dialled.items() if times > 1],
        [attempt for attempt, outcome in peer.attempts.items() if booked.get(attempt) != outcome],
        records - len(peer.attempts),
    )
