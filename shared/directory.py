"""Tenants and agent pools: which partition carries a pool. Read-mostly, cached; a pool never moves."""

from __future__ import annotations

from dataclasses import dataclass

from shared.errors import NotFound
from shared.postgres import Pool


@dataclass(frozen=True, slots=True)
class Tenant:
    tenant_id: str
    name: str
    default_country: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class AgentPool:
    tenant_id: str
    pool_id: str
    partition: int


class Directory:
    """Looks tenants and pools up; a miss asks the database again, so new ones appear without a restart."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._tenants: dict[str, Tenant] = {}
        self._pools: dict[tuple[str, str], AgentPool] = {}

    async def refresh(self) -> None:
        """Read everything again."""
        tenants = await self._pool.fetch("SELECT tenant_id, name, default_country, time_zone FROM directory.tenants")
        pools = await self._pool.fetch("SELECT tenant_id, pool_id, partition FROM directory.pools ORDER BY 1, 2")
        self._tenants = {row["tenant_id"]: Tenant(*row) for row in tenants}
        self._pools = {(row["tenant_id"], row["pool_id"]): AgentPool(*row) for row in pools}

    async def tenant(self, tenant_id: str) -> Tenant:
        """Raises NotFound."""
        if tenant_id not in self._tenants:
            await self.refresh()
        if tenant_id not in self._tenants:
            raise NotFound("no such tenant")
        return self._tenants[tenant_id]

    async def pool(self, tenant_id: str, pool_id: str | None = None) -> AgentPool:
        """The pool, or the tenant's only (first) one. Raises NotFound."""
        for _ in range(2):
            for (tenant, pool), found in self._pools.items():
                if tenant == tenant_id and pool_id in (None, pool):
                    return found
            await self.refresh()
        raise NotFound("no such agent pool")

    async def pools_of(self, tenant_id: str) -> list[AgentPool]:
        """A tenant's pools; empty for a tenant without any."""
        for _ in range(2):
            found = [pool for (tenant, _), pool in self._pools.items() if tenant == tenant_id]
            if found:
                return found
            await self.refresh()
        return []

    async def pools(self) -> list[AgentPool]:
        await self.refresh()
        return list(self._pools.values())
