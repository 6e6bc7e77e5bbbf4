"""What is learned of answering, counted; and the scores of waiting records made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import asyncpg

from services.outbound.domain.answering import AnswerCell, AnswerTable
from services.outbound.domain.records import DialRecord
from services.outbound.store.statements import ORDERING
from shared.postgres import Connection


@dataclass(frozen=True, slots=True)
class WaitingClass:
    """Records that wait and are alike: their zone (None: unknown) and how often they were dialled."""

    zone: str | None
    attempts: int
    records: int


async def count_answer(
    connection: Connection, tenant: str, campaign_id: str, day: int, cell: AnswerCell, *, answered: bool
) -> None:
    """`day`: local, days since 1970-01-01."""
    await connection.execute(
        ORDERING["count_answer"], tenant, campaign_id, day, cell.hour, cell.attempt, cell.missed, int(answered)
    )


async def answer_counts(connection: Connection, tenant: str, campaign_id: str, since: int) -> list[asyncpg.Record]:
    """(day, hour, attempt, missed, dialled, answered) from a day on, oldest first."""
    return await connection.fetch(ORDERING["answer_counts"], tenant, campaign_id, since)


async def keep_answer_table(
    connection: Connection, tenant: str, campaign_id: str, table: AnswerTable, now: int
) -> None:
    """The chances further tries are timed by."""
    await connection.execute(ORDERING["keep_answer_table"], tenant, campaign_id, list(table.chances), now)


async def answer_table(connection: Connection, tenant: str, campaign_id: str) -> AnswerTable | None:
    """The chances as last worked out; None: too little is known."""
    chances = await connection.fetchval(ORDERING["answer_table"], tenant, campaign_id)
    return None if chances is None else AnswerTable(chances)


async def waiting_before(
    connection: Connection, tenant: str, campaign_id: str, record: DialRecord, at_most: int
) -> int:
    """How many waiting records come before one, counted no further than `at_most`."""
    return await connection.fetchval(
        ORDERING["waiting_before"], tenant, campaign_id, record.turn, record.priority, record.score, record.record_id, at_most
    )  # fmt: skip


async def tries_in_vain(
    connection: Connection, tenant: str, campaign_id: str, record_id: str, before: int
) -> Sequence[int]:
    """When (µs) a record was dialled in vain, before its `before`-th attempt."""
    rows = await connection.fetch(ORDERING["tries_in_vain"], tenant, campaign_id, record_id, before)
    return [row["placed_at"] for row in rows]


async def campaigns_to_rank(connection: Connection) -> list[tuple[str, str]]:
    """(tenant, campaign) of all that run."""
    return [(row["tenant_id"], row["campaign_id"]) for row in await connection.fetch(ORDERING["campaigns_to_rank"])]


async def rank_alone(connection: Connection, tenant: str, campaign_id: str) -> bool:
    """Whether this transaction is the one that ranks the campaign now."""
    return await connection.fetchval(ORDERING["rank_alone"], tenant, campaign_id)


async def waiting_classes(connection: Connection, tenant: str, campaign_id: str) -> list[WaitingClass]:
    """The largest first."""
    rows = await connection.fetch(ORDERING["waiting_classes"], tenant, campaign_id)
    return [WaitingClass(row["zone"], row["attempts"], row["records"]) for row in rows]


async def rescore(
    connection: Connection, tenant: str, campaign_id: str, of: WaitingClass, factor: float, at_most: int
) -> int:
    """Score records of a class by their value × `factor`; returns how many were not near it already."""
    done = await connection.execute(
        ORDERING["rescore"], tenant, campaign_id, of.zone, of.attempts, factor, at_most
    )  # fmt: skip
    return int(done.split()[-1])


async def endings(
    connection: Connection, tenant: str, campaign_id: str, successes: Sequence[str], at_most: int
) -> list[asyncpg.Record]:
    """Conversations with what was known of their records, the newest first."""
    return await connection.fetch(ORDERING["endings"], tenant, campaign_id, list(successes), at_most)


async def list_sizes(connection: Connection, tenant: str, campaign_id: str) -> Mapping[str, int]:
    """List → how many records."""
    rows = await connection.fetch(ORDERING["list_sizes"], tenant, campaign_id)
    return {row["list_id"]: row["records"] for row in rows}


async def records_to_judge(
    connection: Connection, tenant: str, campaign_id: str, after: str, at_most: int
) -> list[asyncpg.Record]:
    """What may still be dialled, in order of ids after one."""
    return await connection.fetch(ORDERING["records_to_judge"], tenant, campaign_id, after, at_most)


async def set_success(connection: Connection, tenant: str, campaign_id: str, found: Mapping[str, float]) -> None:
    """Record → how much likelier than usual it succeeds."""
    await connection.execute(
        ORDERING["set_success"], tenant, campaign_id, list(found), list(found.values())
    )  # fmt: skip


async def forget_success(connection: Connection, tenant: str, campaign_id: str) -> None:
    await connection.execute(ORDERING["forget_success"], tenant, campaign_id)
