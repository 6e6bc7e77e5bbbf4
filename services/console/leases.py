"""An agent's open page is a lease: a heartbeat every 3 s keeps it, silence is told to the router in three steps.

| silence | event | meaning |
|---|---|---|
| 10 s | EndpointLost | no offers; live contacts stay |
| 15 s | PresenceChanged(not ready, "disconnected") | whoever comes back says themselves when they are ready |
| 30 min | AgentSignedOut | the seat is empty |

Back before the last step: EndpointRestored. The lease lies in the database, so it outlives this process and is shared by
all instances; what is told goes through the outbox, in the transaction that moves the lease. These are network timeouts:
wall time by the database's clock, never policy time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from services.console.settings import ConsoleSettings
from services.console.store import leases as store
from services.console.store.leases import Lease
from services.console.store.outgoing import AgentFact, announce
from shared.clock import Clock
from shared.contracts.contact_events import (
    AgentSignedOut,
    EndpointLost,
    EndpointRestored,
    Presence,
    PresenceChanged,
)
from shared.directory import Directory
from shared.postgres import Connection, Pool, worker_transaction

SWEEP_SECONDS = 1.0


class Leases:
    """Gathers heartbeats and sweeps once a second."""

    def __init__(self, settings: ConsoleSettings, clock: Clock, directory: Directory, worker_pool: Pool) -> None:
        self._settings = settings
        self._clock = clock
        self._directory = directory
        self._pool = worker_pool
        self._heard: set[tuple[str, str]] = set()

    def heartbeat(self, tenant: str, agent_id: str) -> None:
        """The agent's page is there."""
        self._heard.add((tenant, agent_id))

    async def run(self) -> None:
        """Sweep until cancelled. A console that was away lets pages be heard first before it calls them lost."""
        deaf_until = asyncio.get_running_loop().time() + self._settings.unreachable_after_seconds
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            await self.sweep(judge=asyncio.get_running_loop().time() >= deaf_until)

    async def sweep(self, *, judge: bool = True) -> None:
        """Write the heartbeats down; with `judge`, tell of who fell silent and who is back."""
        heard, self._heard = sorted(self._heard), set()
        limits = self._settings
        async with worker_transaction(self._pool) as connection:
            if heard:
                await store.keep_leases(connection, heard)
            if not judge:
                return
            back = await store.returned(connection, limits.unreachable_after_seconds)
            await self._tell(connection, back, lambda agent: EndpointRestored(agent))
            gone = await store.forgotten(connection, limits.signed_out_after_seconds)
            await self._tell(connection, gone, lambda agent: AgentSignedOut(agent))
            cut = await store.fell_silent(connection, limits.disconnected_after_seconds, "unreachable", "disconnected")
            await self._tell(connection, cut, lambda agent: PresenceChanged(agent, Presence.NOT_READY, "disconnected"))
            silent = await store.fell_silent(connection, limits.unreachable_after_seconds, "present", "unreachable")
            await self._tell(connection, silent, lambda agent: EndpointLost(agent))

    async def _tell(self, connection: Connection, leases: Sequence[Lease], event: Callable[[str], AgentFact]) -> None:
        if not leases:
            return
        pools = await store.pools_of(connection, leases)
        for lease in leases:
            pool = await self._directory.pool(lease.tenant_id, pools.get((lease.tenant_id, lease.agent_id)))
            await announce(connection, self._clock.now(), pool, event(lease.agent_id))
