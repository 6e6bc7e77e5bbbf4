"""Fifty-two real faults while twenty thousand contacts pass: kill -9, SIGSTOP beyond the lease, restarts of Kafka and PostgreSQL, two
routers fighting for a partition. After each one partitions move on within ten seconds, and every history stays clean.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.brokers import KafkaProcess, kafka_jars
from tests.faults.city import PARTITIONS, City

CONTACTS = int(os.environ.get("UCC_FAULT_CONTACTS", "20000"))
ROUNDS = int(os.environ.get("UCC_FAULT_ROUNDS", "4"))
"""Each round holds 13 faults."""
RATE = 30.0
TAKEOVER_SECONDS = float(os.environ.get("UCC_FAULT_TAKEOVER_SECONDS", "10"))
"""The promise is ten on a machine of its own; this one starts and kills a dozen processes beside."""
LEASE_SECONDS = 6.0
ROUND = (
    "kill",
    "rival",
    "rival",
    "pause",
    "rival",
    "broker",
    "rival",
    "kill",
    "postgres",
    "rival",
    "kill",
    "rival",
    "postgres",
)

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1500)]


class Siege:
    """Strikes a city, fault by fault, and holds it to its promises after each."""

    def __init__(self, city: City) -> None:
        self.city = city
        self.struck: Counter[str] = Counter()
        self.takeovers: list[float] = []
        self.refusals = 0.0

    async def strike(self, kind: str) -> None:
        before = await self.city.heads()
        started = time.monotonic()
        await getattr(self, f"_{kind}")(before)
        self.struck[kind] += 1
        print(f"{sum(self.struck.values()):3} {kind:9} {time.monotonic() - started:5.1f} s", flush=True)
        await self.city.audited()
        for auditor in self.city.auditors:
            assert auditor.report.findings == [], auditor.report.findings[:5]
        assert await self.city.store.disagreements() == []

    async def _victim(self) -> tuple[int, list[int]]:
        """The router that serves the most, and what it serves."""
        owned = [await self.city.owned_by(router) for router in self.city.routers]
        most = max(range(len(owned)), key=lambda n: len(owned[n]))
        return most, owned[most]

    async def _kill(self, before: dict[int, tuple[int, int]]) -> None:
        number, partitions = await self._victim()
        assert partitions
        self.city.routers.pop(number).kill()
        took = await self.city.moved_on(partitions, before, new_epoch=True, limit=30)
        self.takeovers.append(took)
        assert took <= TAKEOVER_SECONDS
        await self.city.start_router()
        await self._shared()

    async def _shared(self) -> None:
        """Both routers serve again."""
        async with asyncio.timeout(60):
            while not all([await self.city.owned_by(router) for router in self.city.routers]):
                await asyncio.sleep(0.3)

    async def _pause(self, before: dict[int, tuple[int, int]]) -> None:
        number, partitions = await self._victim()
        router = self.city.routers[number]
        refused, claimed = await self.city.refusals(router), await self.city.claims(router)
        pausing = asyncio.create_task(self.city.pause(router, LEASE_SECONDS + 4))
        took = await self.city.moved_on(partitions, before, new_epoch=True, limit=30)
        self.takeovers.append(took)
        assert took <= TAKEOVER_SECONDS
        await pausing
        # Paused within an append, it wakes to a command that took too long and claims anew; else its next write is refused.
        async with asyncio.timeout(60):
            while await self.city.refusals(router) <= refused and await self.city.claims(router) <= claimed:
                await asyncio.sleep(0.2)
        self.refusals += await self.city.refusals(router) - refused
        await self._shared()

    async def _rival(self, before: dict[int, tuple[int, int]]) -> None:
        partition = sum(self.struck.values()) % PARTITIONS
        epoch = await self.city.rival(partition, 0.7)
        # Beyond the rival's own epoch, not beyond the journal's end as read now: the next owner may be at work already.
        await self.city.moved_on([partition], {partition: (epoch, 0)}, new_epoch=True, limit=20)

    async def _broker(self, before: dict[int, tuple[int, int]]) -> None:
        await asyncio.to_thread(self.city.kafka.kill)
        await asyncio.sleep(1)
        await asyncio.to_thread(self.city.kafka.start)
        await self.city.moved_on(range(PARTITIONS), await self.city.heads(), new_epoch=False, limit=60)

    async def _postgres(self, before: dict[int, tuple[int, int]]) -> None:
        await asyncio.to_thread(self.city.postgres.restart_immediately)
        await self.city.moved_on(range(PARTITIONS), await self.city.heads(), new_epoch=False, limit=60)


def replay(city: City, partition: int, seed: str) -> dict[str, object]:
    """`decide` asked again over the whole journal, in a fresh process under a hash seed."""
    answer = subprocess.run(
        [sys.executable, "-m", "services.router.replay", "--partition", str(partition)],
        env={**os.environ, **city.environment, "PYTHONHASHSEED": seed}, capture_output=True, check=True, timeout=300,
    )  # fmt: skip
    return json.loads(answer.stdout)


async def test_fifty_faults_lose_nothing() -> None:
    jars = kafka_jars()
    if jars is None:
        pytest.skip("needs Apache Kafka as a process: Java and Maven")
    kafka = KafkaProcess(jars)
    await asyncio.to_thread(kafka.start)
    async with AsyncExitStack() as stack:
        stack.callback(kafka.stop)
        # Not pytest's folder: every pytest that starts closes that one to PostgreSQL's own user.
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ucc-faults-", ignore_cleanup_errors=True))
        city = City(Path(folder), kafka, CONTACTS, RATE)
        await city.build(stack)
        for _ in range(2):
            await city.start_router()
        city.live(stack)
        siege = Siege(city)
        await siege._shared()
        for kind in ROUND * ROUNDS:
            await siege.strike(kind)
        for world in city.worlds:
            world.last_call()
        async with asyncio.timeout(600):
            while not city.finished:
                await asyncio.sleep(0.5)
                city.assert_alive()
        await city.audited()
        await at_rest(city, siege)


async def at_rest(city: City, siege: Siege) -> None:
    """Everything committed is published and clean; fresh processes come to the same state and the same decisions."""
    await city.fall_silent()
    for router in list(city.routers):
        await asyncio.to_thread(router.stop)
    await city.audited()
    reports = [auditor.close(acknowledged=ids) for auditor, ids in zip(city.auditors, city.acknowledged, strict=True)]
    for partition, report in enumerate(reports):
        assert report.findings == []
        assert report.open_contacts == []
        head = await city.store.head(partition)
        assert head is not None
        assert head.published_sequence == head.sequence
    assert await city.store.disagreements() == []
    contacts = sum(report.counts["contacts"] for report in reports)
    assert contacts >= CONTACTS
    first, second = await asyncio.gather(*(asyncio.to_thread(replay, city, 0, seed) for seed in ("1", "4711")))
    assert first == second
    assert first["differing"] == []
    assert first["state"] == reports[0].state_hash
    assert sum(siege.struck.values()) >= 13 * ROUNDS
    assert siege.refusals > 0
    compared = await city.workers.fetchval("SELECT count(*) FROM snapshots")
    assert compared > 0
    print(
        f"faults {dict(siege.struck)}; contacts {contacts}; inputs {sum(r.counts['inputs'] for r in reports)}; "
        f"decisions {sum(r.counts['decisions'] for r in reports)}; takeover worst {max(siege.takeovers):.1f} s; "
        f"stale writes refused {siege.refusals:.0f}"
    )
