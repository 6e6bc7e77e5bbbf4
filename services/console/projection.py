"""The live projection at work: decisions in, pictures per pool, frames out; checkpointed, rebuilt from the journal.

Everything between two awaits is consistent: a batch is folded and its frames laid into the log without yielding, so a
snapshot never shows a state whose frames come later.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.console.domain.alarms import alarm_changes, standing_alarms
from services.console.domain.changes import Changes
from services.console.domain.fold import agent_notices, fold
from services.console.domain.live import GroupFacts, PoolLive, backlog, begin_day, queued_for, staff, use_policy
from services.console.domain.service_level import Variant
from services.console.domain.shapes import (
    EVERY_FLOOR,
    EVERYBODY,
    WALLBOARD,
    Alarm,
    AlarmKind,
    Backlog,
    FloorView,
    Notice,
    Queued,
    Staff,
    WallboardView,
    agent_audience,
    floor_audiences,
)
from services.console.push import KEEPALIVE_SECONDS, FrameLog
from services.console.settings import ConsoleSettings
from services.console.store.checkpoints import Checkpoints, encode_pictures
from shared import telemetry
from shared.clock import Clock
from shared.contracts.envelope import Envelope
from shared.decisions import DecisionFeed, JournalClient
from shared.directory import Directory
from shared.errors import NotFound, SequenceBroken

log = telemetry.logger("console")

GROUP_ROWS_SECONDS = 0.2
SUMMARY_SECONDS = 1.0


@dataclass(slots=True)
class TenantLive:
    """One tenant's pools, its log of frames, and what was told last (to tell only what is new)."""

    tenant: str
    zone: ZoneInfo
    frames: FrameLog
    pools: dict[str, PoolLive] = field(default_factory=dict)
    changed_groups: set[tuple[str, str]] = field(default_factory=set)
    changed_lines: set[tuple[str, str]] = field(default_factory=set)
    queue_changed: bool = True
    queued: dict[str, Queued] = field(default_factory=dict)
    staff: Staff | None = None
    backlog: Backlog | None = None
    alarms: dict[str, Alarm] = field(default_factory=dict)

    def pool_of_agent(self, agent_id: str) -> PoolLive | None:
        return next((pool for pool in self.pools.values() if agent_id in pool.agents), None)

    def pool_of_contact(self, contact_id: str) -> PoolLive | None:
        return next((pool for pool in self.pools.values() if contact_id in pool.contacts), None)

    def holders(self, contact_id: str) -> set[str]:
        return {agent for pool in self.pools.values() for agent in pool.holders(contact_id)}

    def contacts_of(self, customer_id: str) -> set[str]:
        """Contacts in somebody's hands that are this customer's."""
        open_ones = {
            c.contact_id for p in self.pools.values() for c in p.contacts.values() if c.customer_id == customer_id
        }
        wrapping = {
            wrap_up.contact_id
            for pool in self.pools.values()
            for agent in pool.agents.values()
            for wrap_up in agent.wrap_ups.values()
            if wrap_up.customer_id == customer_id
        }
        return open_ones | wrapping


class Projection:
    """The live pictures of all tenants. `on_policy` is told when a tenant's policy has changed."""

    def __init__(
        self,
        settings: ConsoleSettings,
        clock: Clock,
        directory: Directory,
        checkpoints: Checkpoints,
        on_policy: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._directory = directory
        self._checkpoints = checkpoints
        self._on_policy = on_policy
        self._variant = Variant(settings.service_level_variant)
        self._tenants: dict[str, TenantLive] = {}
        self._policies: dict[str, Mapping[str, GroupFacts]] = {}
        self._applied: dict[int, tuple[int, int]] = {}
        self._pools_of: dict[int, set[tuple[str, str]]] = {}
        self._saved: dict[int, int] = {}
        self.ready = asyncio.Event()
        self.broken: str | None = None

    # -- what others ask ---------------------------------------------------------------------------------------------

    async def tenant(self, tenant: str) -> TenantLive:
        """The live picture of a tenant. Raises NotFound for one that does not exist."""
        if tenant not in self._tenants:
            known = await self._directory.tenant(tenant)
            frames = FrameLog(uuid.uuid4().hex[:8])
            self._tenants.setdefault(tenant, TenantLive(tenant, ZoneInfo(known.time_zone), frames))
        return self._tenants[tenant]

    def today(self, live: TenantLive, at: int | None = None) -> str:
        """The date in the tenant's time zone at `at` (µs; now when None)."""
        moment = (self._clock.now() if at is None else at) / 1e6
        return datetime.fromtimestamp(moment, UTC).astimezone(live.zone).date().isoformat()

    def wallboard(self, live: TenantLive) -> WallboardView:
        rows = [
            group.row(pool.pool, self._variant, self._settings.short_abandon_seconds)
            for pool in live.pools.values()
            for group in pool.groups.values()
        ]
        rows.sort(key=lambda row: (row.business_line or "", row.group))
        lines = [line.row(name, pool.pool) for pool in live.pools.values() for name, line in pool.lines.items()]
        lines.sort(key=lambda row: (row.business_line, row.pool))
        pools = live.pools.values()
        return WallboardView(tuple(rows), staff(pools), backlog(pools), tuple(live.alarms.values()), tuple(lines))

    def floor(self, live: TenantLive, audiences: Iterable[str]) -> FloorView:
        """The agents and alarms seen by the floors in `audiences`."""
        seen = set(audiences)
        agents = [
            agent.shape(pool.pool, pool.ratings.get(agent.state.agent_id, ()))
            for pool in live.pools.values()
            for agent in pool.agents.values()
            if seen.intersection(floor_audiences(agent.state.teams, agent.state.sites))
        ]
        alarms = [alarm for alarm in live.alarms.values() if seen.intersection(self._who_sees(live, alarm))]
        return FloorView(tuple(sorted(agents, key=lambda a: a.agent_id)), tuple(alarms))

    def use_policy(self, tenant: str, facts: Mapping[str, GroupFacts]) -> None:
        """Names and targets of the groups as the policy in force has them."""
        self._policies[tenant] = facts
        if (live := self._tenants.get(tenant)) is not None:
            for pool in live.pools.values():
                use_policy(pool, facts)
                live.changed_groups.update((pool.pool, group) for group in pool.groups)
            live.frames.append(Notice("catalogue_changed", (EVERYBODY,), {}))

    def tell(self, tenant: str, notice: Notice) -> None:
        """Lay a frame that does not come from a decision into a tenant's log."""
        if (live := self._tenants.get(tenant)) is not None:
            live.frames.append(notice)

    def known(self, tenant: str) -> TenantLive | None:
        return self._tenants.get(tenant)

    def served_by(self, contact_id: str) -> tuple[str, str] | None:
        """(tenant, agent) of who has the customer of this contact now, in any tenant; contact ids are unique."""
        for live in self._tenants.values():
            pool = live.pool_of_contact(contact_id)
            agent_id = pool.contacts[contact_id].agent_id if pool is not None else None
            if pool is not None and agent_id is not None and pool.handles(agent_id, contact_id):
                return live.tenant, agent_id
        return None

    def stop_streams(self) -> None:
        """Let every page go; it reconnects by itself."""
        for live in self._tenants.values():
            for subscription in list(live.frames.subscriptions):
                subscription.finish("stopping")

    # -- decisions in ------------------------------------------------------------------------------------------------

    async def run(self, bootstrap_servers: str, journal: JournalClient) -> None:
        """Follow the router until cancelled. A broken sequence stops the projection and alarms; a restart rebuilds it."""
        if self.broken:
            await asyncio.Event().wait()
        await self._load()
        feed = DecisionFeed(bootstrap_servers, journal, self._applied, range(self._settings.kafka_partitions))
        async with asyncio.TaskGroup() as both:
            both.create_task(self._when_caught_up(feed))
            both.create_task(self._follow(feed))

    async def _follow(self, feed: DecisionFeed) -> None:
        try:
            async for partition, batch in feed.batches():
                await self._apply(partition, batch)
        except SequenceBroken as error:
            self.broken = str(error)
            log.error("the sequence of decisions is broken; the live picture stands still", fault=self.broken)
            await self._checkpoints.drop()
            await asyncio.Event().wait()

    async def _load(self) -> None:
        """Start from the checkpoints; pages still connected come back for a snapshot of the new picture."""
        self.ready.clear()
        self.stop_streams()
        self._tenants.clear()
        self._pools_of.clear()
        self._applied.clear()
        self._saved.clear()
        for partition, sequence, epoch, pools in await self._checkpoints.read():
            self._applied[partition], self._saved[partition] = (sequence, epoch), sequence
            for pool in pools:
                live = await self.tenant(pool.tenant)
                live.pools[pool.pool] = pool
                self._pools_of.setdefault(partition, set()).add((pool.tenant, pool.pool))

    async def _when_caught_up(self, feed: DecisionFeed) -> None:
        await feed.caught_up.wait()
        for pool in await self._directory.pools():
            live = await self.tenant(pool.tenant_id)
            self._pool(live, pool.pool_id, pool.partition)
        self._summaries()
        self.ready.set()

    def _pool(self, live: TenantLive, pool_id: str, partition: int) -> PoolLive:
        if pool_id not in live.pools:
            pool = live.pools[pool_id] = PoolLive(
                live.tenant, pool_id, self.today(live), self._settings.short_abandon_seconds * 1_000_000
            )
            self._pools_of.setdefault(partition, set()).add((live.tenant, pool_id))
            use_policy(pool, self._policies.get(live.tenant, {}))
        return live.pools[pool_id]

    async def _apply(self, partition: int, batch: Sequence[Envelope[Any]]) -> None:
        for tenant in {envelope.tenant for envelope in batch}:
            try:
                await self.tenant(tenant)
            except NotFound:
                log.warning("decisions of a tenant that no longer exists are passed over", partition=partition)
        changes: dict[tuple[str, str], Changes] = {}
        for envelope in batch:
            live = self._tenants.get(envelope.tenant)
            if live is None or envelope.pool is None:
                continue
            pool = self._pool(live, envelope.pool, partition)
            if (day := self.today(live, envelope.time)) > pool.day:
                self._begin_day(live, pool, day)
            fold(pool, envelope.data, envelope.time, changes.setdefault((envelope.tenant, envelope.pool), Changes()))
        for (tenant, pool_id), change in changes.items():
            self._show(self._tenants[tenant], self._tenants[tenant].pools[pool_id], change)
        last = batch[-1]
        self._applied[partition] = (last.sequence or 0, last.epoch or 0)
        for tenant in {tenant for (tenant, _), change in changes.items() if change.policy}:
            self._on_policy(tenant)

    def _show(self, live: TenantLive, pool: PoolLive, changes: Changes) -> None:
        for notice in changes.notices:
            live.frames.append(notice)
        for notice in agent_notices(pool, changes.agents):
            live.frames.append(notice)
        live.changed_groups.update((pool.pool, group) for group in changes.groups)
        live.changed_lines.update((pool.pool, line) for line in changes.lines)
        live.queue_changed = live.queue_changed or changes.queue

    # -- what is told at intervals -----------------------------------------------------------------------------------

    async def tick(self) -> None:
        """Rows of changed groups, then once a second counts, alarms and the day; for ever."""
        next_summary = next_tending = 0.0
        while True:
            await asyncio.sleep(GROUP_ROWS_SECONDS)
            if not self.ready.is_set():
                continue
            now = time.monotonic()
            for live in self._tenants.values():
                self._tell_groups(live)
            if now >= next_summary:
                next_summary = now + SUMMARY_SECONDS
                self._summaries()
            if now >= next_tending:
                next_tending = now + KEEPALIVE_SECONDS
                for live in self._tenants.values():
                    live.frames.tend(now)
                open_pages = sum(len(live.frames.subscriptions) for live in self._tenants.values())
                telemetry.gauge("ucc_push_subscribers", open_pages)

    def _tell_groups(self, live: TenantLive) -> None:
        changed, live.changed_groups = live.changed_groups, set()
        for pool_id, name in sorted(changed):
            if (group := live.pools[pool_id].groups.get(name)) is not None:
                row = group.row(pool_id, self._variant, self._settings.short_abandon_seconds)
                live.frames.append(Notice("group", (WALLBOARD,), row))
        lines, live.changed_lines = live.changed_lines, set()
        for pool_id, name in sorted(lines):
            if (line := live.pools[pool_id].lines.get(name)) is not None:
                live.frames.append(Notice("self_service", (WALLBOARD,), line.row(name, pool_id)))

    def _summaries(self) -> None:
        for live in self._tenants.values():
            for pool in live.pools.values():
                if (day := self.today(live)) > pool.day:
                    self._begin_day(live, pool, day)
            if live.queue_changed:
                live.queue_changed = False
                self._tell_queued(live)
            if (counted := staff(live.pools.values())) != live.staff:
                live.staff = counted
                live.frames.append(Notice("staff", (WALLBOARD,), counted))
            if (owed := backlog(live.pools.values())) != live.backlog:
                live.backlog = owed
                live.frames.append(Notice("backlog", (WALLBOARD,), owed))
            self._tell_alarms(live)

    def _tell_queued(self, live: TenantLive) -> None:
        queued: dict[str, Queued] = {}
        for pool in live.pools.values():
            queued.update(queued_for(pool, pool.agents))
        for agent_id, now in queued.items():
            if live.queued.get(agent_id) != now:
                live.frames.append(Notice("queued", (agent_audience(agent_id),), now))
        live.queued = queued

    def _tell_alarms(self, live: TenantLive) -> None:
        standing: dict[str, Alarm] = {}
        for pool in live.pools.values():
            standing.update(standing_alarms(pool, self._clock.now()))
        if self.broken:
            known = live.alarms.get("sequence_broken")
            standing["sequence_broken"] = known or Alarm(
                "sequence_broken", AlarmKind.SEQUENCE_BROKEN, "raised", self._clock.now()
            )
        for alarm in alarm_changes(live.alarms, standing):
            live.frames.append(Notice("alarm", self._who_sees(live, alarm), alarm))
        live.alarms = standing

    def _who_sees(self, live: TenantLive, alarm: Alarm) -> tuple[str, ...]:
        if alarm.agent_id is None:
            return (WALLBOARD, EVERY_FLOOR)
        pool = live.pool_of_agent(alarm.agent_id)
        state = pool.agents[alarm.agent_id].state if pool is not None else None
        return (WALLBOARD, *floor_audiences(state.teams if state else (), state.sites if state else ()))

    def _begin_day(self, live: TenantLive, pool: PoolLive, day: str) -> None:
        begin_day(pool, day)
        live.frames.append(Notice("day_began", (WALLBOARD,), {"day": day}))
        live.changed_groups.update((pool.pool, group) for group in pool.groups)
        live.changed_lines.update((pool.pool, line) for line in pool.lines)

    # -- checkpoints -------------------------------------------------------------------------------------------------

    async def checkpoint(self) -> None:
        """Write changed partitions down every few seconds, for ever."""
        while True:
            await asyncio.sleep(self._settings.checkpoint_seconds)
            await self.save()

    async def save(self) -> None:
        """Write down every partition that has moved on, all as of one moment."""
        moved = [
            (partition, sequence, epoch, encode_pictures(self._pictures(partition)))
            for partition, (sequence, epoch) in self._applied.items()
            if self.broken is None and self._saved.get(partition) != sequence
        ]
        for partition, sequence, epoch, state in moved:
            await self._checkpoints.write(partition, sequence, epoch, state)
            self._saved[partition] = sequence

    def _pictures(self, partition: int) -> list[PoolLive]:
        return [self._tenants[tenant].pools[pool] for tenant, pool in sorted(self._pools_of.get(partition, ()))]
