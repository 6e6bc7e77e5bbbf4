"""The engine: takes the pools nobody plans, runs a planner for each, wakes it when something changed, gives the lease back.

Safety does not rest here: two engines that both believe to own a pool write under different epochs, and one of them is refused.
"""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, field
from typing import Any

from services.outbound.adapters.router_client import RouterClient
from services.outbound.handlers.gate import Gate
from services.outbound.handlers.planner import PoolPlanner
from services.outbound.parts import Parts
from services.outbound.store import leases
from services.outbound.store.leases import DiallingLease, LeaseLost
from services.outbound.store.statements import errors_by_consequence
from shared import telemetry
from shared.errors import Backpressure
from shared.postgres import Connection, worker_transaction

LOOK_SECONDS = 1.0
"""How often pools without a planner are looked for."""
SETTLE_SECONDS = 0.02
"""Changes that come together are answered by one plan."""
IDLE_STEPS = 20
"""A planner with nothing to plan for gives its pool back after so many looks."""
log = telemetry.logger("outbound")


@dataclass(slots=True)
class _Running:
    planner: PoolPlanner
    lease: DiallingLease
    changed: asyncio.Event
    loop: asyncio.Task[None]


@dataclass(slots=True)
class Engine:
    """One a process."""

    parts: Parts
    gate: Gate
    router: RouterClient
    name: str = field(default_factory=lambda: f"outbound-{uuid.uuid4().hex[:12]}")
    _running: dict[tuple[str, str], _Running] = field(default_factory=dict[tuple[str, str], _Running])
    _look: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Until cancelled. Raises when the connection that listens is lost: run it again."""
        async with self.parts.workers.acquire() as listener:
            await listener.add_listener("outbound_wake", self._wake)
            try:
                while not listener.is_closed():
                    self._look.clear()
                    await self._take_free_pools()
                    try:
                        async with asyncio.timeout(LOOK_SECONDS):
                            await self._look.wait()
                    except TimeoutError:
                        continue
                raise ConnectionResetError("the connection that listens was lost")
            finally:
                await self._stop()
                if not listener.is_closed():
                    await listener.remove_listener("outbound_wake", self._wake)

    def plans_of(self, tenant: str, pool: str, campaign_id: str) -> list[dict[str, Any]]:
        """What was planned here of a campaign in the last minutes, oldest first; nothing where another plans the pool."""
        running = self._running.get((tenant, pool))
        return [] if running is None else list(running.planner.plans.get(campaign_id, ()))

    def _wake(self, _connection: Connection, _pid: int, _channel: str, payload: object) -> None:
        tenant, _, pool = str(payload).partition("/")
        running = self._running.get((tenant, pool))
        (running.changed if running is not None else self._look).set()

    async def _take_free_pools(self) -> None:
        for pool in [pool for pool, running in self._running.items() if running.loop.done()]:
            loop = self._running.pop(pool).loop
            if not loop.cancelled() and (fault := loop.exception()) is not None:
                log.error("a planner failed; its lease runs out and it begins anew", pool=pool[1], exc_info=fault)
        try:
            with errors_by_consequence():
                wanted = [p for p in await leases.pools_at_work(self.parts.workers) if p not in self._running]
                for tenant, pool in await leases.free_of(self.parts.workers, wanted):
                    await self._take(tenant, pool)
        except Backpressure as error:
            log.warning("pools wait for the database", cause=str(error))

    async def _take(self, tenant: str, pool: str) -> None:
        async with worker_transaction(self.parts.workers) as connection:
            lease = await leases.take(
                connection, tenant, pool, self.name, self.parts.settings.outbound_lease_seconds
            )  # fmt: skip
        if lease is None:
            return
        telemetry.count("ucc_dialling_leases_taken_total")
        planner, changed = PoolPlanner(self.parts, self.gate, self.router, lease), asyncio.Event()
        loop = asyncio.create_task(self._plan(planner, lease, changed), name=f"dialling-{tenant}-{pool}")
        self._running[tenant, pool] = _Running(planner, lease, changed, loop)

    async def _plan(self, planner: PoolPlanner, lease: DiallingLease, changed: asyncio.Event) -> None:
        idle = 0
        while idle < IDLE_STEPS:
            changed.clear()
            try:
                with errors_by_consequence():
                    idle = 0 if await planner.step() else idle + 1
            except LeaseLost:
                log.warning("the lease of a pool is another's now", pool=lease.pool)
                return
            except Backpressure as error:
                log.warning("planning waits for the database", cause=str(error))
            try:
                async with asyncio.timeout(self.parts.settings.outbound_plan_seconds):
                    await changed.wait()
                await asyncio.sleep(SETTLE_SECONDS)
            except TimeoutError:
                continue
        await self._release(lease)

    async def _release(self, lease: DiallingLease) -> None:
        try:
            with errors_by_consequence():
                async with worker_transaction(self.parts.workers) as connection:
                    await lease.release(connection)
        except Backpressure as error:
            log.warning("a lease was not given back; it runs out", cause=str(error))

    async def _stop(self) -> None:
        ended = list(self._running.values())
        self._running.clear()
        for running in ended:
            running.loop.cancel()
        await asyncio.gather(*(running.loop for running in ended), return_exceptions=True)
        for running in ended:
            await self._release(running.lease)
