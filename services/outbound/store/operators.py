"""What an operator declares about itself, and its lines: caller IDs and trunks."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from services.outbound.store.statements import SQL
from shared.postgres import Connection


@dataclass(frozen=True, slots=True)
class Operator:
    """A tenant's declarations rules ask for. `rulesets`: for callbacks no campaign asked for."""

    licence: str | None = None
    records_conversations: bool = False
    keeps_days: int = 0
    rulesets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CallerId:
    """A number of ours. `region`: shown to people there first."""

    number: str
    pool_name: str
    region: str | None
    verified_at: int | None
    active: bool

    @property
    def usable(self) -> bool:
        return self.active and self.verified_at is not None


@dataclass(frozen=True, slots=True)
class Trunk:
    trunk_id: str
    gateway_id: str
    calls_per_second: float
    channels: int


async def read(connection: Connection, tenant: str) -> Operator:
    """What is declared; nothing where nobody declared anything."""
    row = await connection.fetchrow(SQL["read_operator"], tenant)
    if row is None:
        return Operator()
    return Operator(row["licence"], row["records_conversations"], row["keeps_days"], tuple(row["rulesets"]))


async def keep(connection: Connection, tenant: str, operator: Operator) -> None:
    await connection.execute(
        SQL["keep_operator"], tenant, operator.licence, operator.records_conversations, operator.keeps_days,
        list(operator.rulesets),
    )  # fmt: skip


async def caller_ids(connection: Connection, tenant: str) -> list[CallerId]:
    return [CallerId(*row) for row in await connection.fetch(SQL["caller_ids"], tenant)]


async def keep_caller_id(connection: Connection, tenant: str, caller: CallerId) -> None:
    await connection.execute(
        SQL["keep_caller_id"], tenant, caller.number, caller.pool_name, caller.region, caller.verified_at, caller.active
    )


async def trunks(connection: Connection, tenant: str) -> list[Trunk]:
    rows: list[asyncpg.Record] = await connection.fetch(SQL["trunks"], tenant)
    return [Trunk(*row) for row in rows]


async def keep_trunk(connection: Connection, tenant: str, trunk: Trunk) -> None:
    await connection.execute(
        SQL["keep_trunk"], tenant, trunk.trunk_id, trunk.gateway_id, trunk.calls_per_second, trunk.channels
    )
