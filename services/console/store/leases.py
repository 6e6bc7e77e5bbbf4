"""Leases of agents' open pages as rows: opened at sign-in, kept by heartbeats, each loss told once by one instance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.console.store.statements import SQL
from shared.postgres import Connection


@dataclass(frozen=True, slots=True)
class Lease:
    tenant_id: str
    agent_id: str
    session_id: str


async def open_lease(connection: Connection, agent_id: str, session_id: str) -> None:
    await connection.execute(SQL["open_lease"], agent_id, session_id)


async def close_lease(connection: Connection, agent_id: str) -> None:
    await connection.execute(SQL["close_lease"], agent_id)


async def lease_of(connection: Connection, agent_id: str) -> str | None:
    """The session id of a signed-in agent; None for one who is not."""
    return await connection.fetchval(SQL["lease_of"], agent_id)


async def keep_leases(connection: Connection, agents: Sequence[tuple[str, str]]) -> None:
    """Note heartbeats of (tenant, agent) pairs."""
    await connection.execute(SQL["keep_leases"], [t for t, _ in agents], [a for _, a in agents])


async def returned(connection: Connection, within_seconds: float) -> list[Lease]:
    return [Lease(*row) for row in await connection.fetch(SQL["returned_leases"], within_seconds)]


async def fell_silent(connection: Connection, seconds: float, stage: str, next_stage: str) -> list[Lease]:
    return [Lease(*row) for row in await connection.fetch(SQL["silent_leases"], seconds, stage, next_stage)]


async def forgotten(connection: Connection, seconds: float) -> list[Lease]:
    return [Lease(*row) for row in await connection.fetch(SQL["forgotten_leases"], seconds)]


async def pools_of(connection: Connection, leases: Sequence[Lease]) -> dict[tuple[str, str], str]:
    """(tenant, agent) → pool id, as the roster has it."""
    rows = await connection.fetch(
        SQL["pools_of_agents"], [lease.tenant_id for lease in leases], [lease.agent_id for lease in leases]
    )
    return {(row["tenant_id"], row["agent_id"]): row["pool_id"] for row in rows}
