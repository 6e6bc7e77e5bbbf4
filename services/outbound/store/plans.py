"""Call plans: one list of one campaign each, their pages taken once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import asyncpg

from services.outbound.store.statements import LISTS
from shared.contracts.call_plans import CallPlanned
from shared.postgres import Connection


async def begin(
    connection: Connection, tenant: str, plan: CallPlanned, campaign_id: str, list_id: str, now: int
) -> tuple[str, str]:
    """Campaign and list of the plan, as its first page had them; nobody else takes a page until the transaction ends."""
    await connection.execute(
        LISTS["create_plan"], tenant, plan.plan_id, campaign_id, list_id, plan.kind, plan.title, plan.made_at, plan.pages,
        plan.complete_by, plan.lineage, now,
    )  # fmt: skip
    row = await connection.fetchrow(LISTS["read_plan"], tenant, plan.plan_id)
    assert row is not None
    return row["campaign_id"], row["list_id"]


async def page_is_there(connection: Connection, tenant: str, plan_id: str, page: int) -> bool:
    return await connection.fetchval(LISTS["page_is_there"], tenant, plan_id, page)


async def keep_page(
    connection: Connection, tenant: str, plan: CallPlanned, created: int, duplicates: int, refused: Sequence[Mapping[str, str]]
) -> bool:  # fmt: skip
    """False for a page that was taken already."""
    calls = len(plan.calls)
    refusals = [dict(each) for each in refused]
    kept = await connection.fetchval(
        LISTS["keep_page"], tenant, plan.plan_id, plan.page, calls, created, duplicates, refusals
    )
    return kept is not None


async def listed(
    connection: Connection, tenant: str, campaign_id: str, before: tuple[int, str], limit: int
) -> list[asyncpg.Record]:
    return await connection.fetch(LISTS["list_plans"], tenant, campaign_id, *before, limit)
