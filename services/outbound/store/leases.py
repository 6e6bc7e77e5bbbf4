"""Who plans a pool's dialling. Safety rests on the epoch: whoever dials writes under the lease it was told, in the same
transaction, and a lease that was taken over since has another epoch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.outbound.store.statements import SQL
from shared.postgres import Connection, Pool


class LeaseLost(Exception):
    """Somebody else plans the pool now: nothing may be dialled by what is in memory here."""


@dataclass(frozen=True, slots=True)
class DiallingLease:
    """The right to plan a pool of agents, under one epoch."""

    tenant: str
    pool: str
    owner: str
    epoch: int
    seconds: float

    async def hold(self, connection: Connection) -> None:
        """Prolong it; nobody takes it over before the transaction ends. Raises LeaseLost."""
        held = await connection.fetchval(
            SQL["renew_lease"], self.tenant, self.pool, self.owner, self.epoch, self.seconds
        )
        if held is None:
            raise LeaseLost(f"{self.tenant}/{self.pool}")

    async def release(self, connection: Connection) -> None:
        await connection.execute(SQL["release_lease"], self.tenant, self.pool, self.owner, self.epoch)

    async def keep_pacing(self, connection: Connection, pacing: Mapping[str, Any]) -> None:
        """What was planned last, for the live view and whoever takes over."""
        await connection.execute(SQL["keep_pacing"], self.tenant, self.pool, self.owner, self.epoch, dict(pacing))


async def take(connection: Connection, tenant: str, pool: str, owner: str, seconds: float) -> DiallingLease | None:
    """The lease under a new epoch, or None: another has it."""
    epoch = await connection.fetchval(SQL["take_lease"], tenant, pool, owner, seconds)
    return None if epoch is None else DiallingLease(tenant, pool, owner, epoch, seconds)


async def pools_at_work(workers: Pool) -> list[tuple[str, str]]:
    """(tenant, pool) wherever there is something to plan."""
    return [(row["tenant_id"], row["pool_id"]) for row in await workers.fetch(SQL["pools_at_work"])]


async def free_of(workers: Pool, pools: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those nobody plans."""
    rows = await workers.fetch(SQL["free_pools"], [tenant for tenant, _ in pools], [pool for _, pool in pools])
    return [(row["tenant_id"], row["pool_id"]) for row in rows]


async def read_pacing(connection: Connection, tenant: str, pool: str) -> Mapping[str, Any]:
    """The last plan of a pool; empty where there was none."""
    row = await connection.fetchrow(SQL["read_pacing"], tenant, pool)
    return {} if row is None else {"epoch": row["epoch"], "held": row["held"], **row["pacing"]}
