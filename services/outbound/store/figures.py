"""Figures of campaigns, read from counters that move with what they count: nothing here grows with the lists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from services.outbound.store.statements import ORDERING, SQL
from shared.postgres import Connection

Counts = Mapping[str, int]


async def records(connection: Connection, tenant: str, campaign_ids: Sequence[str]) -> Mapping[str, Counts]:
    """Campaign → record state → how many."""
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for row in await connection.fetch(SQL["record_counts"], tenant, list(campaign_ids)):
        found[row["campaign_id"]][row["state"]] = row["records"]
    return found


async def since(connection: Connection, tenant: str, campaign_ids: Sequence[str], hour: int) -> Mapping[str, Counts]:
    """Campaign → counter → sum over the hours from `hour` (µs) on."""
    rows = await connection.fetch(SQL["counts_since"], tenant, list(campaign_ids), hour)
    return {row["campaign_id"]: row["counts"] for row in rows}


async def by_hour(connection: Connection, tenant: str, campaign_id: str, hour: int) -> list[tuple[int, Counts]]:
    """(hour µs, counters), oldest first."""
    rows = await connection.fetch(SQL["hours_of_campaign"], tenant, campaign_id, hour)
    return [(row["hour"], row["counts"]) for row in rows]


async def under_way(connection: Connection, tenant: str, campaign_id: str) -> Counts:
    """Attempt state → how many are under way."""
    rows = await connection.fetch(SQL["funnel"], tenant, campaign_id)
    return {row["state"]: row["attempts"] for row in rows}


async def next_due(connection: Connection, tenant: str, campaign_id: str) -> int | None:
    """When the first resting record is looked at again, µs; None: none rests."""
    return await connection.fetchval(ORDERING["next_due"], tenant, campaign_id)
