"""The owner loop dies, or its surroundings fail, at every boundary, hundreds of times; the journal stays a clean history and
readers see every decision once.

Real PostgreSQL; event log and broker in memory, so that each fault hits its exact place. A kill is an exception no code of
the router catches; the next owner knows nothing but the database.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest

from services.router import owner as owner_module
from services.router.auditing.auditor import AuditReport, audit
from services.router.domain import core
from services.router.intake import Intake
from services.router.journal import Batch, Journal, Store
from services.router.owner import PartitionOwner
from services.router.policy import store as policies
from services.router.policy.document import check_document
from services.router.policy.store import PolicyStore
from services.router.replay import Replay, pages
from services.router.settings import RouterSettings
from services.router.snapshots import Snapshotter
from shared.contracts.contact_events import PolicyPublished
from shared.contracts.envelope import Envelope
from shared.directory import AgentPool, Directory
from shared.postgres import Pool, open_pool
from tests.integration.router.policies import POLICY_YAML
from tests.integration.router.rig import Killed, MemoryBroker, MemoryLog, Reader, start_time
from tests.integration.router.world import World

KILLS = (
    "before decide", "after decide", "after apply", "before append", "after append",
    "before publish", "after publish", "after acknowledgement",
)  # fmt: skip
FAILURES = (
    "connection lost in append",
    "nothing acknowledged",
    "partly acknowledged",
    "taken, not acknowledged",
    "superseded",
)
POOL = AgentPool("jinfeng", "main", 0)


@dataclass
class Faults:
    """Chooses where the next fault strikes and after how many passages."""

    seed: int
    struck: Counter[str] = field(default_factory=Counter)
    armed: str = ""
    left: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def arm(self) -> None:
        """Every kind in turn, so that none is left out; when, is left to chance."""
        kinds = (*KILLS, *FAILURES)
        self.armed = kinds[sum(self.struck.values()) % len(kinds)]
        self.left = self.random.randint(1, 12)

    def strikes(self, where: str) -> bool:
        if where != self.armed:
            return False
        self.left -= 1
        if self.left > 0:
            return False
        self.struck[where] += 1
        self.armed = ""
        return True

    def boundary(self, where: str) -> None:
        if self.strikes(where):
            raise Killed(where)

    def refuse(self, count: int) -> tuple[int, int] | None:
        if self.strikes("nothing acknowledged"):
            return 0, 0
        if count > 1 and self.strikes("partly acknowledged"):
            taken = self.random.randint(1, count)
            return taken, self.random.randint(0, taken)
        if self.strikes("taken, not acknowledged"):
            return count, 0
        return None


@dataclass
class Scene:
    """One partition under fire."""

    database_url: str
    workers: Pool
    faults: Faults
    log: MemoryLog
    broker: MemoryBroker
    world: World
    settings: RouterSettings
    acknowledged: list[tuple[str, str]] = field(default_factory=list)
    instances: int = 0
    stale: int = 0

    def __post_init__(self) -> None:
        self.clock = start_time()
        self.store = Store(self.workers)
        self.reader = Reader()

    def new_owner(self, instance: str) -> PartitionOwner:
        directory, policy_store = Directory(self.workers), PolicyStore(self.workers)
        return PartitionOwner(
            0, instance, self.store, self.log, self.broker,
            lambda partition: Intake(partition, directory, policy_store, self.broker), self.clock, self.settings,
        )  # fmt: skip

    def write(self, envelope: Envelope[Any]) -> None:
        self.log.write(envelope)
        self.acknowledged.append((envelope.tenant, envelope.id))

    async def publish_policy(self) -> None:
        api = await open_pool(self.database_url, "router", "api")
        saved = await policies.publish(
            api, POOL, policies.Publication(check_document(POLICY_YAML), "test"), self.clock.now()
        )
        await api.close()
        fact = PolicyPublished(saved.version, saved.hash)
        self.write(Envelope("policy-1", "/router", self.clock.now(), "jinfeng", "main", fact, "main"))

    def settled(self, owner: PartitionOwner) -> bool:
        """Everything heard, decided, committed, published, and no timer due."""
        tenure = owner.tenure
        if tenure is None or tenure.offset != self.log.end or tenure.publisher.published != tenure.sequence - 1:
            return False
        due = tenure.state.next_timer()
        return due is None or due > self.clock.now()

    async def settle(self, owner: PartitionOwner, running: asyncio.Task[None]) -> None:
        async with asyncio.timeout(30):
            while not running.done() and not self.settled(owner):
                if self.faults.strikes("superseded"):
                    await self.supersede()
                await asyncio.sleep(0.0005)

    async def supersede(self) -> None:
        """Somebody else takes the partition while its owner still believes in it, and lets go again."""
        async with self.workers.acquire() as connection:
            taken = None
            while taken is None:  # the owner's next append may prolong its lease in between
                await self.expire_lease()
                taken = await self.store.claim(connection, 0, "somebody-else", 6.0)
            await Journal(connection, taken, 6.0).release(0)
            self.stale += 1

    async def expire_lease(self) -> None:
        await self.workers.execute("UPDATE partitions SET lease_until = '-infinity' WHERE partition = 0")

    async def run(self, points: int) -> None:
        """Let the world live until `points` faults have struck and every contact has ended."""
        self.owner = self.new_owner("instance-0")
        self.running = asyncio.create_task(self.owner.run())
        try:
            await self._live(points)
            self.owner.stop()
            last = self.owner.tenure
            await self.running
        finally:
            self.running.cancel()
            await asyncio.gather(self.running, return_exceptions=True)
        assert last is not None
        self.final_hash = last.state.hash()

    async def _live(self, points: int) -> None:
        snapshotter = Snapshotter(self.store, 1)
        self.world.begin(self.clock.now())
        while not self.world.finished:
            if sum(self.faults.struck.values()) >= points:
                self.world.last_call()
            elif not self.faults.armed:
                self.faults.arm()
            await self.settle(self.owner, self.running)
            if self.running.done():
                self._restart_after(self.running.exception())
                if self.faults.random.random() < 0.5:  # another instance, after the lease; else the same one, at once
                    await self.expire_lease()
                    self.instances += 1
                self.owner = self.new_owner(f"instance-{self.instances}")
                self.running = asyncio.create_task(self.owner.run())
                if self.faults.random.random() < 0.1:
                    assert (await snapshotter.round()).disagreed == 0
                continue
            for envelope in self.reader.read(self.broker.decisions):
                self.world.read(envelope)
            self._advance(self.owner)
        self.faults.armed = ""
        await self.settle(self.owner, self.running)
        self.reader.read(self.broker.decisions)

    def _restart_after(self, failure: BaseException | None) -> None:
        if failure is not None and not isinstance(failure, Killed):
            raise failure

    def _advance(self, owner: PartitionOwner) -> None:
        """On to the next thing that happens, in the world or by a timer."""
        tenure = owner.tenure
        due = [self.world.next_due(), tenure.state.next_timer() if tenure else None]
        following = min((at for at in due if at is not None), default=self.clock.now() + 1_000_000)
        self.clock.advance(max(0, following - self.clock.now()) + self.faults.random.randint(0, 300_000))
        for envelope in self.world.due(self.clock.now()):
            self.write(envelope)

    async def audit(self) -> AuditReport:
        rows = [row async for page in pages(self.store, 0) for row in page]
        claims = [(epoch, position) for epoch, _, position in await self.store.claims(0)]
        return audit(rows, 0, claims=claims, acknowledged=self.acknowledged, final_hash=self.final_hash)


def install(faults: Faults, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the faults where a process can die: around `decide`, `apply` and the append."""

    class FaultyJournal(Journal):
        async def append(self, batch: Batch, published_sequence: int) -> None:
            faults.boundary("before append")
            if faults.strikes("connection lost in append"):
                victim = self._connection.get_server_pid()
                writing = asyncio.ensure_future(super().append(batch, published_sequence))
                if faults.random.random() < 0.5:
                    await asyncio.sleep(faults.random.random() * 0.002)
                async with await psycopg.AsyncConnection.connect(database_url) as owner:
                    await owner.execute("SELECT pg_terminate_backend(%s)", [victim])
                await writing  # raises, or committed before it was cut
                await self._connection.fetchval("SELECT 1")
            else:
                await super().append(batch, published_sequence)
            faults.boundary("after append")

    def decide(state: core.PartitionState, given: core.Input) -> tuple[core.Decided, ...]:
        faults.boundary("before decide")
        decisions = core.decide(state, given)
        faults.boundary("after decide")
        return decisions

    def apply(
        state: core.PartitionState, given: core.Input, decisions: tuple[core.Decided, ...]
    ) -> core.PartitionState:
        state = core.apply(state, given, decisions)
        faults.boundary("after apply")
        return state

    monkeypatch.setattr(owner_module, "Journal", FaultyJournal)
    monkeypatch.setattr(owner_module, "decide", decide)
    monkeypatch.setattr(owner_module, "apply", apply)
    monkeypatch.setattr(owner_module, "RESTART_SECONDS", 0.001)


@pytest.fixture
async def workers(database_url: str) -> AsyncIterator[Pool]:
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO directory.tenants (tenant_id, name) VALUES ('jinfeng', 'J')")
        connection.execute("INSERT INTO directory.pools VALUES ('jinfeng', 'main', 0)")
    pool = await open_pool(database_url, "router", "worker")
    await Store(pool).ensure_partitions(1)
    yield pool
    await pool.close()


def scene(database_url: str, workers: Pool, seed: int, *, contacts: int) -> Scene:
    faults = Faults(seed)
    broker = MemoryBroker(faults.boundary)
    broker.refuse = faults.refuse
    settings = RouterSettings(database_url=database_url, router_batch_inputs=7, router_hash_seconds=0.05)
    return Scene(database_url, workers, faults, MemoryLog(0), broker, World(seed, contacts=contacts), settings)


POINTS = 130
SEEDS = (1, 2, 3, 4)


@pytest.mark.parametrize("seed", SEEDS)
async def test_any_death_leaves_a_clean_history(
    seed: int, database_url: str, workers: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """520 points in all: every boundary, kills and failures in turn."""
    stage = scene(database_url, workers, seed, contacts=150)
    install(stage.faults, database_url, monkeypatch)
    await stage.publish_policy()
    await stage.run(POINTS)
    report = await stage.audit()
    assert report.findings == []
    assert report.open_contacts == []
    assert report.counts["contacts"] >= 150
    assert sum(stage.faults.struck.values()) >= POINTS
    assert set(stage.faults.struck) == {*KILLS, *FAILURES}
    head = await stage.store.head(0)
    assert head is not None
    assert stage.reader.sequence == head.sequence == head.published_sequence
    replayed = Replay(0)
    async for page in pages(stage.store, 0):
        replayed.feed(page)
    assert replayed.report()["differing"] == []
    assert replayed.report()["state"] == stage.final_hash == report.state_hash
