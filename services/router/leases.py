"""How router instances share the partitions: each keeps itself known as alive, works out its fair share, claims what is
free and gives back what is too much. Leases in PostgreSQL decide; nothing here is needed for safety.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

import asyncpg

from services.router.journal import Share, Store
from services.router.owner import SERVING, PartitionOwner
from services.router.settings import RouterSettings
from shared import telemetry

ALIVE_LEASES = 0.75
"""An instance counts as alive this part of a lease after its last word, so shares are known before leases run out."""
STOP_SECONDS = 8.0

log = telemetry.logger("router")


def fair_share(partitions: int, living: Sequence[str], instance_id: str) -> int:
    """Partitions the instance is to hold: an equal part, the remainder going to the first by id."""
    if instance_id not in living:
        return 0
    each, over = divmod(partitions, len(living))
    return each + (sorted(living).index(instance_id) < over)


class Ownership:
    """Runs a `PartitionOwner` for each partition this instance holds."""

    def __init__(
        self, store: Store, instance_id: str, settings: RouterSettings, new_owner: Callable[[int], PartitionOwner]
    ) -> None:
        self._store = store
        self._instance_id = instance_id
        self._settings = settings
        self._new_owner = new_owner
        self._prepared = False
        self._running: dict[int, tuple[PartitionOwner, asyncio.Task[None]]] = {}

    @property
    def owners(self) -> Mapping[int, PartitionOwner]:
        """Partition → its owner here."""
        return {partition: owner for partition, (owner, _) in self._running.items()}

    async def run(self) -> None:
        """Share until cancelled; then stop intake, drain, publish, release. The database's absence is waited out."""
        try:
            while True:
                try:
                    await self._take_turn()
                except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                    log.warning("shares wait for the database", cause=type(error).__name__)
                await asyncio.sleep(self._settings.router_share_seconds)
        finally:
            await self._stop_all()

    async def _take_turn(self) -> None:
        if not self._prepared:
            await self._store.ensure_partitions(self._settings.kafka_partitions)
            self._prepared = True
        await self._store.keep_alive(self._instance_id, self._settings.router_lease_seconds * ALIVE_LEASES)
        living, shares = await self._store.living(), await self._store.shares()
        self._settle(shares, fair_share(len(shares), living, self._instance_id))

    def _settle(self, shares: Sequence[Share], allowed: int) -> None:
        """Start and stop owners so that this instance holds its share."""
        for partition in [p for p, (_, task) in self._running.items() if task.done()]:
            del self._running[partition]
        staying = [partition for partition, (owner, _) in self._running.items() if not owner.stopping]
        for partition in staying[allowed:]:
            log.info("partition given back", partition=partition)
            self._running[partition][0].stop()
        for share in shares:
            if len(staying) >= allowed:
                break
            if share.partition not in self._running and (share.free or share.owner == self._instance_id):
                staying.append(share.partition)
                self._start(share.partition)
        for share in shares:
            held = share.partition in self._running and self._running[share.partition][0].status == SERVING
            telemetry.gauge("ucc_partition_owned", int(held), partition=str(share.partition))

    def _start(self, partition: int) -> None:
        owner = self._new_owner(partition)
        self._running[partition] = (owner, asyncio.create_task(owner.run(), name=f"partition-{partition}"))

    async def _stop_all(self) -> None:
        for owner, _ in self._running.values():
            owner.stop()
        tasks = [task for _, task in self._running.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_SECONDS)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            await self._store.retire(self._instance_id)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("not retired; the others will notice", cause=type(error).__name__)
