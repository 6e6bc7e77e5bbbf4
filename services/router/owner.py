"""The loop of one partition: hear → decide → commit → publish, under one epoch, until somebody else claims it.

Three loops run side by side and in order: deciding (in memory), committing (one statement a batch) and publishing (only
what is committed). Whatever goes wrong, memory is discarded and the partition recovered from its journal under a new epoch.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from services.router.domain.core import (
    PartitionState,
    apply,
    decide,
    decision_bodies,
    decisions_to_json,
    input_to_json,
)
from services.router.domain.inputs import Fact, HoursExpanded, Input, Quarantined, TimerDue
from services.router.intake import Heard, Intake
from services.router.journal import Batch, Claim, Journal, NewRow, Row, StaleEpoch, Store
from services.router.kafka_source import EventLog, OffsetHole, Source
from services.router.policy.calendars import DAY, REFRESH_DAYS, hours_of
from services.router.publishing import Committed, Publisher, committed
from services.router.recovery import fold_to
from services.router.settings import RouterSettings
from shared import telemetry
from shared.clock import Clock
from shared.contracts.fields import SECOND
from shared.errors import BrokerUnavailable
from shared.kafka import Producer

FETCH_SECONDS: Final = 0.5
"""An idle fetch ends after this long, so that stopping and timers are noticed."""
GATE_SECONDS: Final = 0.05
"""While timers wait for what the log already holds, it is asked this often."""
RESTART_SECONDS: Final = 0.2
HOLE_SECONDS: Final = 5.0
DRAIN_SECONDS: Final = 3.0
SERVING: Final = "serving"
HASH_SHARE: Final = 200
"""An owner spends at most one part in this many of its time on hashing its state."""
HASHED_AT_ONCE: Final = 200
"""Records hashed before the loop turns."""
CAREFUL_INPUTS: Final = 1000
HOURS_SECONDS: Final = 60.0
"""An owner looks this often whether opening hours are known far enough ahead."""

log = telemetry.logger("router")

Key = int | TimerDue | str
"""What names an input before it has a position: its offset, the timer itself, or the id of what the owner adds."""


class DecideFailed(Exception):
    """The core raised on an input: the state in memory may be half-changed."""

    def __init__(self, key: Key, cause: BaseException) -> None:
        super().__init__(f"{type(cause).__name__} on {key}")
        self.key = key


@dataclass(slots=True)
class Suspicion:
    """What is known about inputs the core raised on. Survives recoveries, so that a failing input never loops.

    The first failure makes the partition careful: inputs are decided and committed one by one until the suspect has passed.
    Failing again, alone, condemns it: it is journaled as quarantined and laid into the dead-letter topic.
    """

    suspect: Key | None = None
    careful_inputs: int = 0
    condemned: set[Key] = field(default_factory=set)

    def failed(self, key: Key) -> None:
        if key == self.suspect:
            self.condemned.add(key)
            self.suspect, self.careful_inputs = None, 0
        else:
            self.suspect, self.careful_inputs = key, CAREFUL_INPUTS

    def passed(self, key: Key) -> None:
        if self.careful_inputs:
            self.careful_inputs -= 1
        if key == self.suspect or not self.careful_inputs:
            self.suspect, self.careful_inputs = None, 0

    def settled(self, next_offset: int) -> None:
        """Everything before this offset is committed, the condemned among it too."""
        self.condemned = {key for key in self.condemned if not isinstance(key, int) or key >= next_offset}


@dataclass(frozen=True, slots=True)
class Decision:
    """A decided batch on its way to the journal, and what will be published once it is there."""

    batch: Batch
    committed: list[Committed]


@dataclass(eq=False)
class Tenure:
    """One epoch of one partition: the state in memory and the three loops around it."""

    claim: Claim
    state: PartitionState
    journal: Journal
    source: Source
    intake: Intake
    publisher: Publisher
    clock: Clock
    settings: RouterSettings
    suspicion: Suspicion
    cluster: str
    """Id of the broker `source` reads from."""
    stopping: asyncio.Event

    def __post_init__(self) -> None:
        self._position = self.claim.next_position
        self.sequence = self.claim.next_sequence
        """Of the next decision."""
        self._last_now = self.claim.last_now
        self.offset = self.source.position()
        """First offset not yet committed to (or on its way to) the journal."""
        self._pending: deque[Heard] = deque()
        self._gate: tuple[int, int] | None = None  # (asked at, where the log ended then)
        self._rows: list[NewRow] = []
        self._committed: list[Committed] = []
        self._to_commit: asyncio.Queue[Decision | None] = asyncio.Queue(1)
        self._hash_due = 0.0
        self._hashed_position = 0
        self._hours_due = 0.0

    async def run(self) -> None:
        """Serve until told to stop (then everything decided is committed and published) or something fails."""
        await together(self._decide_loop(), self._commit_loop(), self.publisher.run())

    async def _decide_loop(self) -> None:
        while not self.stopping.is_set():
            if not self._pending:
                await self._hear()
            timers_until = None if self._pending else await self._timers_open()
            if self._pending and self._pending[0].record.offset in self.suspicion.condemned:
                await self._quarantine_head()
            else:
                self._decide_batch(timers_until)
            await self._hand_over()
            await self.publisher.room()
            await asyncio.sleep(0)
        await self._to_commit.put(None)

    async def _hear(self) -> None:
        wait = FETCH_SECONDS
        if self._gate is not None:
            wait = GATE_SECONDS
        elif (due := self.state.next_timer()) is not None:
            wait = min(wait, max(0.0, (due - self.clock.now()) / 1e6 / self.clock.rate))
        records = await self.source.fetch(wait, self.settings.router_batch_inputs)
        self._pending.extend(await self.intake.hear(records))

    async def _timers_open(self) -> int | None:
        """Up to when timers may fire: all that the log held at that moment has been decided.

        So an acceptance already in Kafka beats its timeout, also after an outage. While the broker does not say where the
        log ends, no timer fires.
        """
        due = self.state.next_timer()
        if due is None or due > self.clock.now():
            self._gate = None
            return None
        if self._gate is None or self._gate[0] < due:
            asked_at = self.clock.now()
            try:
                self._gate = (asked_at, await self.source.end())
            except BrokerUnavailable:
                await asyncio.sleep(RESTART_SECONDS)
                return None
        asked_at, end = self._gate
        if self.source.position() < end:
            return None
        self._gate = None
        return asked_at

    def _decide_batch(self, timers_until: int | None) -> None:
        """Decide what is pending, then due timers, as far as the batch's limits go."""
        started = time.perf_counter()
        limit = 1 if self.suspicion.careful_inputs else self.settings.router_batch_inputs
        until = started + self.settings.router_batch_seconds
        if started >= self._hours_due:
            self._hours_due = started + HOURS_SECONDS
            self._expand_hours()
        while self._pending and len(self._rows) < limit and time.perf_counter() < until:
            heard = self._pending[0]
            if heard.record.offset in self.suspicion.condemned:
                return
            self._take(heard.tenant, heard.pool, heard.event_id, heard.occurred_at, heard.fact, heard.record.offset)
            self._pending.popleft()
        while timers_until is not None and len(self._rows) < limit and time.perf_counter() < until:
            found = self.state.due_timer(timers_until)
            if found is None:
                break
            tenant, pool, timer = found
            fact: Fact = timer
            if timer in self.suspicion.condemned:
                fact = self._alarm(Quarantined(f"timer:{self._position}", type(timer).__name__, timer=timer))
            self._take(tenant, pool, f"timer:{self._position}", timer.due, fact, timer)
        if self._rows:
            telemetry.observe("ucc_decide_seconds", time.perf_counter() - started)

    def _expand_hours(self) -> None:
        """Feed each pool its opening hours further ahead, once they no longer reach far enough."""
        now = max(self._last_now, self.clock.now())
        day = datetime.fromtimestamp(now / SECOND, UTC).date().isoformat()
        for pool in tuple(self.state.pools.values()):
            if pool.policy is None or not pool.policy.calendars or pool.hours_until - now >= REFRESH_DAYS * DAY:
                continue
            event_id = f"hours:{pool.pool}:{day}"
            if event_id in pool.events:
                continue
            fact: Fact = HoursExpanded(*hours_of(pool.policy, now))
            if event_id in self.suspicion.condemned:
                fact = self._alarm(Quarantined(event_id, type(fact).__name__))
            self._take(pool.tenant, pool.pool, event_id, now, fact, event_id)

    async def _quarantine_head(self) -> None:
        """Journal the head of what is pending as quarantined instead of deciding it; the record itself goes to the DLQ."""
        heard = self._pending[0]
        await self.intake.dead_letter(heard.record, "the router failed on this event twice; quarantined", heard.tenant)
        fact = Quarantined(
            heard.event_id,
            type(heard.fact).__name__,
            getattr(heard.fact, "contact_id", None),
            getattr(heard.fact, "agent_id", None),
        )
        self._take(heard.tenant, heard.pool, heard.event_id, heard.occurred_at, self._alarm(fact), heard.record.offset)
        self._pending.popleft()

    def _alarm(self, fact: Quarantined) -> Quarantined:
        telemetry.count("ucc_quarantined_inputs_total", partition=str(self.claim.partition))
        log.error("input quarantined", partition=self.claim.partition, event_id=fact.event_id, type=fact.event_type)
        return fact

    def _take(self, tenant: str, pool: str, event_id: str, occurred_at: int, fact: Fact, key: Key) -> None:
        """One input through the core, into the batch. Raises DecideFailed."""
        now = max(self._last_now, self.clock.now())
        heard = Input(self._position, now, tenant, pool, event_id, occurred_at, fact)
        try:
            decisions = decide(self.state, heard)
            self.state = apply(self.state, heard, decisions)
            bodies = decision_bodies(decisions)
            texts = input_to_json(heard), decisions_to_json(decisions, bodies)
        except Exception as error:
            log.error("the core raised", partition=self.claim.partition, event_id=event_id, exc_info=True)
            raise DecideFailed(key, error) from error
        row = Row(self._position, self.claim.epoch, now, tenant, pool, self.sequence, len(decisions), *texts)
        contacts = {getattr(fact, "contact_id", None), *(getattr(d.decision, "contact_id", None) for d in decisions)}
        self._rows.append(NewRow(row, event_id, tuple(sorted(c for c in contacts if c))))
        self._committed.append(Committed(row.position, row.epoch, now, row.first_sequence, decisions, bodies))
        self._position += 1
        self.sequence += len(decisions)
        self._last_now = now
        self.suspicion.passed(key)

    async def _hand_over(self) -> None:
        """Pass what was decided (or a moved offset) on to the committing loop, at most one batch ahead of it."""
        offset = self._pending[0].record.offset if self._pending else self.source.position()
        if not self._rows and offset == self.offset:
            return
        batch = Batch(
            self._rows, self.cluster, offset, self._position, self.sequence, self._last_now, await self._state_hash()
        )
        await self._to_commit.put(Decision(batch, self._committed))
        self._rows, self._committed, self.offset = [], [], offset

    async def _state_hash(self) -> str | None:
        """Now and then, the hash of the state after this batch, for the snapshot process to compare.

        A large state takes longer than a lease: leases are prolonged and questions answered meanwhile. Nothing is decided,
        so the state stands still.
        """
        started = time.monotonic()
        if started < self._hash_due or self._position == self._hashed_position or self.suspicion.careful_inputs:
            return None
        digest = hashlib.sha256()
        for n, piece in enumerate(self.state.canonical(), 1):
            digest.update(piece.encode())
            if n % HASHED_AT_ONCE == 0:
                await asyncio.sleep(0)
        took = time.monotonic() - started
        self._hash_due = started + max(self.settings.router_hash_seconds, took * HASH_SHARE)
        self._hashed_position = self._position
        return digest.hexdigest()

    async def _commit_loop(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self.settings.router_renew_seconds):
                    decision = await self._to_commit.get()
            except TimeoutError:
                await self.journal.renew(self.publisher.published)
                continue
            if decision is None:
                return self.publisher.close()
            started = time.perf_counter()
            await self.journal.append(decision.batch, self.publisher.published)
            telemetry.observe("ucc_append_seconds", time.perf_counter() - started)
            telemetry.count("ucc_inputs_total", len(decision.batch.rows))
            telemetry.count("ucc_decisions_total", sum(len(row.decisions) for row in decision.committed))
            self.publisher.hand_over(decision.committed)


async def together(*loops: Coroutine[Any, Any, None]) -> None:
    """Run loops side by side until all return; the first failure ends the others and is raised as itself."""
    tasks = [asyncio.ensure_future(loop) for loop in loops]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class PartitionOwner:
    """Claims one partition, serves it, recovers it after any failure, and lets go when fenced or told to stop."""

    def __init__(
        self, partition: int, instance_id: str, store: Store, event_log: EventLog, producer: Producer,
        new_intake: Callable[[int], Intake], clock: Clock, settings: RouterSettings,
    ) -> None:  # fmt: skip
        self.partition = partition
        self.status = "claiming"
        """For `/readyz`: "serving", or what keeps it from that."""
        self.tenure: Tenure | None = None
        self._instance_id = instance_id
        self._store = store
        self._event_log = event_log
        self._producer = producer
        self._new_intake = new_intake
        self._clock = clock
        self._settings = settings
        self._suspicion = Suspicion()
        self._stopping = asyncio.Event()

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    def stop(self) -> None:
        """Finish what is decided, commit, publish, release. `run` returns then."""
        self._stopping.set()

    async def run(self) -> None:
        """Own the partition until it is released or lost."""
        while not self._stopping.is_set():
            try:
                await self._serve_once()
                return
            except StaleEpoch:
                telemetry.count("ucc_stale_epoch_refusals_total", partition=str(self.partition))
                log.warning("partition lost: another epoch", partition=self.partition)
                return
            except DecideFailed as failure:
                self._suspicion.failed(failure.key)
                self.status = "recovering: the core raised"
            except OffsetHole as hole:
                self.status = f"stopped: {hole}"
                log.error("offset hole; the partition stops", partition=self.partition, fault=str(hole))
                await self._pause(HOLE_SECONDS)
            except Exception as error:
                self.status = f"recovering: {type(error).__name__}"
                log.error("partition recovers", partition=self.partition, fault=type(error).__name__, exc_info=True)
                await self._pause(RESTART_SECONDS)
            finally:
                self.tenure = None

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    async def _serve_once(self) -> None:
        """Claim, recover, serve, release. Returns at once while another's lease runs. Raises whatever ends it."""
        async with AsyncExitStack() as stack:
            connection = await stack.enter_async_context(self._store.pool.acquire())
            claim = await self._store.claim(
                connection, self.partition, self._instance_id, self._settings.router_lease_seconds
            )
            if claim is None:
                return
            telemetry.count("ucc_takeovers_total", partition=str(self.partition))
            journal = Journal(connection, claim, self._settings.router_lease_seconds)
            self.tenure = await self._recover(claim, journal, stack)
            self.status = SERVING
            serving = asyncio.ensure_future(self.tenure.run())
            try:
                await self._until_drained(serving)
            finally:
                serving.cancel()
                await asyncio.gather(serving, return_exceptions=True)
            await journal.release(self.tenure.publisher.published)
            self.status = "released"

    async def _until_drained(self, serving: asyncio.Future[None]) -> None:
        stopped = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait([serving, stopped], return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        await asyncio.wait([serving], timeout=DRAIN_SECONDS if not serving.done() else None)
        if serving.done():
            serving.result()

    async def _recover(self, claim: Claim, journal: Journal, stack: AsyncExitStack) -> Tenure:
        """State from the journal, source at the stored offset, unpublished decisions handed over again."""
        self.status = "recovering"
        if claim.cluster_id is not None:
            self._suspicion.settled(claim.next_offset)
        recovered = asyncio.Event()
        renewing = asyncio.ensure_future(self._keep_lease(journal, claim, recovered))
        try:
            fold = await fold_to(self._store, self.partition, claim.next_position - 1)
            cluster = await self._event_log.cluster_id()
            offset = claim.next_offset if claim.cluster_id == cluster else None
            if claim.cluster_id not in (None, cluster):
                log.warning("another broker: its log is read from the beginning", partition=self.partition)
            source = await self._event_log.open(self.partition, offset)
            stack.push_async_callback(source.close)
            publisher = Publisher(self.partition, self._producer, claim.published_sequence)
            published = claim.published_sequence
            while rows := await self._store.rows_with_decisions_after(self.partition, published, 1000):
                publisher.hand_over([committed(row) for row in rows])
                published = rows[-1].first_sequence + rows[-1].decision_count - 1
        finally:
            recovered.set()
            await renewing
        if fold.last_now > claim.last_now:
            claim = replace(claim, last_now=fold.last_now)
        return Tenure(
            claim, fold.state, journal, source, self._new_intake(self.partition), publisher, self._clock, self._settings,
            self._suspicion, cluster, self._stopping,
        )  # fmt: skip

    async def _keep_lease(self, journal: Journal, claim: Claim, recovered: asyncio.Event) -> None:
        """Recovery may outlast a lease."""
        while not recovered.is_set():
            try:
                async with asyncio.timeout(self._settings.router_renew_seconds):
                    await recovered.wait()
            except TimeoutError:
                await journal.renew(claim.published_sequence)
