"""One partition's loop: failing inputs, timers behind what the log holds, another broker, a hole, the right to write."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest

from services.router import owner as owner_module
from services.router.auditing.auditor import audit
from services.router.domain import core
from services.router.domain.agents import Agent
from services.router.domain.inputs import TimerDue
from services.router.intake import Intake
from services.router.journal import SQL, Store
from services.router.owner import PartitionOwner
from services.router.policy import store as policies
from services.router.policy.document import check_document
from services.router.policy.store import PolicyStore
from services.router.replay import pages
from services.router.settings import RouterSettings
from shared.contracts import contact_events as events
from shared.contracts import routing_decisions as said
from shared.contracts.envelope import Envelope
from shared.contracts.fields import SECOND, Channel, HeldSkill
from shared.directory import AgentPool, Directory
from shared.postgres import open_pool
from tests.integration.router.policies import POLICY_YAML
from tests.integration.router.rig import MemoryBroker, MemoryLog, start_time

POOL = AgentPool("jinfeng", "main", 0)


@dataclass
class Bench:
    """An owner on real PostgreSQL, its log and broker in memory, its clock in our hand."""

    store: Store
    settings: RouterSettings
    log: MemoryLog = field(default_factory=lambda: MemoryLog(0))
    broker: MemoryBroker = field(default_factory=MemoryBroker)
    sent: int = 0

    def __post_init__(self) -> None:
        self.clock = start_time()
        self.owner = self.new_owner("one")
        self.running = asyncio.create_task(self.owner.run())

    def new_owner(self, instance: str) -> PartitionOwner:
        directory, policy_store = Directory(self.store.pool), PolicyStore(self.store.pool)
        return PartitionOwner(
            0, instance, self.store, self.log, self.broker,
            lambda partition: Intake(partition, directory, policy_store, self.broker), self.clock, self.settings,
        )  # fmt: skip

    def restart(self, instance: str) -> None:
        self.owner = self.new_owner(instance)
        self.running = asyncio.create_task(self.owner.run())

    def say(self, fact: Any, event_id: str = "") -> str:
        self.sent += 1
        subject = getattr(fact, "contact_id", None) or getattr(fact, "agent_id", "x")
        envelope = Envelope(event_id or f"e{self.sent}", "/test", self.clock.now(), "jinfeng", subject, fact, "main")
        self.log.write(envelope)
        return envelope.id

    def told(self, kind: type[Any]) -> list[Any]:
        return [e.data for e in self.broker.decisions if isinstance(e.data, kind)]

    async def until(self, kind: type[Any], count: int = 1) -> list[Any]:
        async with asyncio.timeout(20):
            while len(self.told(kind)) < count:
                if self.running.done():
                    self.running.result()
                await asyncio.sleep(0.005)
        return self.told(kind)

    async def at_rest(self) -> None:
        """Everything in the log is committed and published."""
        async with asyncio.timeout(20):
            while True:
                head = await self.store.head(0)
                offset = await self.store.pool.fetchval("SELECT next_offset FROM partitions WHERE partition = 0")
                if head and offset == self.log.end and self.broker.decisions and (
                    self.broker.decisions[-1].sequence == head.sequence
                ):  # fmt: skip
                    return
                await asyncio.sleep(0.01)

    async def stop(self) -> None:
        self.owner.stop()
        await asyncio.wait([self.running], timeout=10)
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)

    def arrive(self, contact: str, channel: Channel = Channel.PHONE) -> str:
        return self.say(events.ContactArrived(contact, channel, "rental", self.clock.now()))

    def sign_in(self, agent: str) -> str:
        return self.say(
            events.AgentSignedIn(agent, f"s-{agent}", (HeldSkill("rental", 8),), presence=events.Presence.AVAILABLE)
        )


@pytest.fixture
async def bench(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(owner_module, "HOLE_SECONDS", 0.05)
    monkeypatch.setattr(owner_module, "RESTART_SECONDS", 0.005)
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO directory.tenants (tenant_id, name) VALUES ('jinfeng', 'J')")
        connection.execute("INSERT INTO directory.pools VALUES ('jinfeng', 'main', 0)")
    workers = await open_pool(database_url, "router", "worker")
    store = Store(workers)
    await store.ensure_partitions(1)
    api = await open_pool(database_url, "router", "api")
    bench = Bench(store, RouterSettings(database_url=database_url, router_hash_seconds=0.05))
    document = check_document(POLICY_YAML.replace("enrichment_wait_ms: 150", "enrichment_wait_ms: 0"))
    saved = await policies.publish(api, POOL, policies.Publication(document, "test"), bench.clock.now())
    await api.close()
    bench.say(events.PolicyPublished(saved.version, saved.hash))
    await bench.until(said.PolicyApplied)
    yield bench
    await bench.stop()
    await workers.close()


async def test_an_input_the_core_fails_on_is_quarantined_while_the_rest_flows(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decide(state: core.PartitionState, given: core.Input) -> tuple[core.Decided, ...]:
        if isinstance(given.fact, events.ContactArrived) and given.fact.contact_id.startswith("poison"):
            raise ZeroDivisionError("a bug")
        return core.decide(state, given)

    monkeypatch.setattr(owner_module, "decide", decide)
    for n in range(20):
        bench.arrive(f"c{n}")
        if n in (3, 4, 11):
            bench.arrive(f"poison{n}")
    queued = await bench.until(said.ContactQueued, 20)
    assert {decision.contact_id for decision in queued} == {f"c{n}" for n in range(20)}
    refused = await bench.until(said.InputRefused, 3)
    assert [r.contact_id for r in refused] == ["poison3", "poison4", "poison11"]
    assert {r.reason for r in refused} == {said.RefusalReason.QUARANTINED}
    assert len({dead["ce_id"] for dead in bench.broker.dead}) == 3
    assert all(dead["dlq_error"].startswith("the router failed on this event twice") for dead in bench.broker.dead)


async def test_a_timer_the_core_fails_on_does_not_come_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = 0

    def decide(state: core.PartitionState, given: core.Input) -> tuple[core.Decided, ...]:
        nonlocal tried
        if isinstance(given.fact, TimerDue):
            tried += 1
            raise ZeroDivisionError("a bug")
        return core.decide(state, given)

    monkeypatch.setattr(owner_module, "decide", decide)
    bench.sign_in("a1")
    bench.arrive("c1")
    await bench.until(said.OfferMade)
    bench.clock.advance(60 * SECOND)
    await bench.until(said.InputRefused)
    bench.arrive("c2")
    await bench.until(said.ContactQueued, 2)
    assert tried == 2


async def test_an_acceptance_already_in_the_log_beats_its_timeout_after_an_outage(bench: Bench) -> None:
    bench.sign_in("a1")
    bench.arrive("c1")
    [offer] = await bench.until(said.OfferMade)
    await bench.at_rest()
    await bench.stop()
    bench.clock.advance(offer.expires_at - bench.clock.now() - SECOND)
    bench.say(events.OfferAccepted("a1", "c1", offer.offer_id))
    bench.clock.advance(3600 * SECOND)
    bench.restart("one")
    assigned = await bench.until(said.ContactAssigned)
    assert assigned[0].offer_id == offer.offer_id
    assert bench.told(said.OfferWithdrawn) == []


async def test_under_another_brokers_id_the_log_is_read_from_its_beginning(bench: Bench) -> None:
    bench.arrive("c1")
    await bench.until(said.ContactQueued)
    await bench.at_rest()
    await bench.stop()
    bench.log = MemoryLog(0)
    bench.log.cluster = "cluster-2"
    bench.arrive("c2")
    bench.arrive("c3")
    bench.restart("two")
    queued = await bench.until(said.ContactQueued, 3)
    assert [decision.contact_id for decision in queued] == ["c1", "c2", "c3"]


async def test_a_hole_in_the_log_stops_the_partition_and_says_so(bench: Bench) -> None:
    bench.arrive("c1")
    await bench.until(said.ContactQueued)
    await bench.at_rest()
    await bench.stop()
    bench.log.first += 100  # retention, or a restored broker: the stored offset is gone
    bench.restart("two")
    async with asyncio.timeout(10):
        while not bench.owner.status.startswith("stopped"):
            await asyncio.sleep(0.01)
    assert "is not in the log" in bench.owner.status


async def test_what_was_committed_but_not_published_is_published_by_the_successor(bench: Bench) -> None:
    bench.broker.refuse = lambda count: (0, 0)
    bench.arrive("c1")
    async with asyncio.timeout(10):
        while (head := await bench.store.head(0)) is None or head.position < 2:
            await asyncio.sleep(0.01)
    bench.running.cancel()
    await asyncio.gather(bench.running, return_exceptions=True)
    assert bench.told(said.ContactQueued) == []
    bench.broker.refuse = lambda count: None
    bench.restart("one")
    await bench.until(said.ContactQueued)
    sequences = [e.sequence or 0 for e in bench.broker.decisions]
    assert sorted(set(sequences)) == list(range(1, max(sequences) + 1))


async def _two_owners(bench: Bench) -> None:
    """A second router takes over while the first still believes; both go on."""
    bench.arrive("c1")
    await bench.until(said.ContactQueued)
    await bench.at_rest()
    first, running = bench.owner, bench.running
    await bench.store.pool.execute("UPDATE partitions SET lease_until = '-infinity'")
    bench.restart("two")
    async with asyncio.timeout(10):
        while bench.owner.status != "serving":
            await asyncio.sleep(0.005)
    for n in range(2, 6):
        bench.arrive(f"c{n}")
        await asyncio.sleep(0.05)
    first.stop()
    await asyncio.wait([running], timeout=10)


async def _findings(bench: Bench) -> set[str]:
    rows = [row async for page in pages(bench.store, 0) for row in page]
    claims = [(epoch, position) for epoch, _, position in await bench.store.claims(0)]
    return {finding.invariant for finding in audit(rows, 0, claims=claims).findings}


async def test_a_superseded_owner_is_refused_and_stops(bench: Bench) -> None:
    await _two_owners(bench)
    await bench.until(said.ContactQueued, 5)
    assert await _findings(bench) == set()


async def test_mutant_without_the_epoch_check_is_caught(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    guarded = "WHERE partition = $1 AND epoch = $2"
    assert guarded in SQL["append"]
    written = SQL["append"].replace(guarded, "WHERE partition = $1 AND $2::bigint > 0")
    monkeypatch.setattr(owner_module, "RESTART_SECONDS", 0.5)
    await bench.stop()
    monkeypatch.setitem(SQL, "append", written.replace("owned.epoch,", "$2::bigint,"))  # type: ignore[arg-type]
    bench.restart("one")
    await _two_owners(bench)
    assert "fence" in await _findings(bench)


async def test_mutant_without_dedupe_is_caught(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(state: core.PartitionState, given: core.Input) -> tuple[core.Decided, ...]:
        for pool in state.pools.values():
            pool.events.clear()
            pool.ended.clear()
        return core.decide(state, given)

    monkeypatch.setattr(owner_module, "decide", forgetful)
    event_id = bench.arrive("c1")
    bench.say(events.ContactEnded("c1", "customer"))
    bench.say(events.ContactArrived("c1", Channel.PHONE, "rental", bench.clock.now()), event_id)
    await bench.until(said.ContactQueued, 2)
    await bench.at_rest()
    assert "I1" in await _findings(bench)


async def test_mutant_without_a_capacity_guard_is_caught(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Agent, "loads", lambda _agent: {})
    bench.sign_in("a1")
    for n in range(4):
        bench.arrive(f"c{n}")
    await bench.until(said.OfferMade, 2)
    await bench.at_rest()
    assert "I3" in await _findings(bench)


async def test_opening_hours_are_computed_further_ahead_by_who_takes_over_a_month_later(bench: Bench) -> None:
    """Published with two months of them; with a month left they are added to, once, and the journal says so."""
    api = await open_pool(bench.settings.database_url, "router", "api")
    document = check_document(POLICY_YAML + "calendars: {office: {week: {mon-fri: '09:00-18:00'}}}\n")
    saved = await policies.publish(api, POOL, policies.Publication(document, "test"), bench.clock.now())
    await api.close()
    bench.say(events.PolicyPublished(saved.version, saved.hash))
    await bench.until(said.PolicyApplied, 2)
    await bench.stop()
    bench.clock.advance(32 * 86_400 * SECOND)
    bench.restart("two")
    bench.arrive("c1")
    await bench.until(said.EnrichmentAwaited)
    await bench.at_rest()
    assert bench.owner.tenure is not None
    [pool] = bench.owner.tenure.state.pools.values()
    assert pool.hours_until - bench.clock.now() == 62 * 86_400 * SECOND
    assert pool.hours["office"][-1][0] > bench.clock.now() + 55 * 86_400 * SECOND
    heard = await bench.store.pool.fetch("SELECT event_id FROM journal WHERE event_id LIKE 'hours:%'")
    assert len(heard) == 1
