"""HTTP of a campaign this second: the funnel, the budget, what is left, how it is paced and why."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request

from services.outbound.api.access import Document, InRoom, PathId, Reader, of_tenant, tenant_of
from services.outbound.api.campaigns import abandonment_of, day_begins, day_figures, persons
from services.outbound.domain.abandonment import MONTH_WINDOW, wilson
from services.outbound.domain.contact_ledger import DAY, HOUR
from services.outbound.store import campaigns, desk, figures, leases
from shared.contracts.fields import SECOND
from shared.contracts.wire import EPOCH

router = APIRouter(prefix="/v1/campaigns", tags=["live"])

HOURS_DAYS = 14
"""Days the answer rate by hour is made of."""


@router.get(
    "/{campaign_id}/live",
    response_model=Document,
    summary="Read from counters; costs the same however long the lists are",
)
async def live(campaign_id: PathId, parts: InRoom, principal: Reader) -> Document:
    tenant, now = tenant_of(principal), parts.clock.now()
    midnight = await day_begins(parts, tenant, now)
    async with of_tenant(parts, tenant) as connection:
        row = await campaigns.row_of(connection, tenant, campaign_id)
        campaign = campaigns.campaign_of(row)
        under_way = await figures.under_way(connection, tenant, campaign_id)
        today = (await figures.since(connection, tenant, [campaign_id], midnight)).get(campaign_id, {})
        hour = (await figures.since(connection, tenant, [campaign_id], now // HOUR * HOUR - HOUR)).get(campaign_id, {})
        records = (await figures.records(connection, tenant, [campaign_id])).get(campaign_id, {})
        next_due = await figures.next_due(connection, tenant, campaign_id)
        abandonment = await abandonment_of(parts, connection, campaign)
        pool = await leases.read_pacing(connection, tenant, campaign.pool)
    pacing = pool.get("campaigns", {}).get(campaign_id)
    waiting = records.get("waiting", 0)
    pace = _pace(hour, row["started_at"] or now, now)
    return {
        "now": now, "state": campaign.state, "state_reason": row["state_reason"], "unknown": under_way.get("unknown", 0),
        "funnel": {
            "dialling": under_way.get("authorised", 0), "ringing": under_way.get("dialled", 0),
            "waiting": under_way.get("answered", 0), "talking": under_way.get("connected", 0),
        },
        "today": day_figures(today), "abandonment": abandonment,
        "records": {**records, "due_now": waiting}, "next_due": next_due, "pace_per_hour": pace,
        "hours_left": round(waiting / pace, 2) if pace else None,
        "agents": _agents(pacing), "pacing": pacing, "hold_up": pacing and pacing.get("hold_up"),
        "planned_by": {"epoch": pool.get("epoch"), "held": pool.get("held", False)},
    }  # fmt: skip


def _pace(lately: figures.Counts, started_at: int, now: int) -> float:
    """Dialled an hour since the last full hour began, or since the start where that is later (no less than a minute ago)."""
    since = max(now // HOUR * HOUR - HOUR, min(started_at, now - 60 * SECOND))
    return round(lately.get("authorised", 0) * HOUR / (now - since), 1)


def _agents(pacing: Document | None) -> Document:
    states = (pacing or {}).get("agents", {})
    return {
        "idle": states.get("idle", 0), "talking": states.get("handling", 0) + states.get("offered", 0),
        "wrapping": states.get("wrapping", 0),
    }  # fmt: skip


@router.get("/{campaign_id}/pacing", response_model=Document, summary="The plans of the last minutes, oldest first")
async def pacing(
    request: Request, campaign_id: PathId, parts: InRoom, principal: Reader,
    limit: Annotated[int, Query(ge=1, le=900)] = 900, since: Annotated[int, Query(ge=0)] = 0,
) -> Document:  # fmt: skip
    """What this instance planned; where another plans the pool, its last plan only."""
    tenant = tenant_of(principal)
    async with of_tenant(parts, tenant) as connection:
        campaign = await campaigns.read(connection, tenant, campaign_id)
        pool = await leases.read_pacing(connection, tenant, campaign.pool)
    kept = request.app.state.engine.plans_of(tenant, campaign.pool, campaign_id)
    last = pool.get("campaigns", {}).get(campaign_id)
    plans = kept or ([last] if last else [])
    return {"items": [plan for plan in plans if plan["at"] > since][-limit:]}


@router.get("/{campaign_id}/machines", response_model=Document, summary="How often persons are taken for machines")
async def machines(campaign_id: PathId, parts: InRoom, principal: Reader) -> Document:
    """Of the last 30 days: calls that sounded like a machine, those of them somebody told who it was, and the share of persons
    among these with Wilson's 95 % interval."""
    tenant, now = tenant_of(principal), parts.clock.now()
    async with of_tenant(parts, tenant) as connection:
        campaign = await campaigns.read(connection, tenant, campaign_id)
        figures_of = await desk.machine_figures(connection, tenant, campaign_id, now - MONTH_WINDOW)
    rate = figures_of.false_machines
    return {
        **asdict(figures_of), "days": MONTH_WINDOW // DAY, "detects": campaign.choices.detect_machine,
        "audit_share": campaign.choices.machine_audit_share, "rate": rate.value, "low": rate.low, "high": rate.high,
    }  # fmt: skip


@router.get(
    "/{campaign_id}/hours", response_model=Document, summary="How often people answer, by hour of the tenant's day"
)
async def hours(campaign_id: PathId, parts: InRoom, principal: Reader) -> Document:
    """Of the last 14 days, with Wilson's 95 % interval."""
    tenant, now = tenant_of(principal), parts.clock.now()
    zone = ZoneInfo((await parts.directory.tenant(tenant)).time_zone)
    async with of_tenant(parts, tenant) as connection:
        await campaigns.row_of(connection, tenant, campaign_id)
        rows = await figures.by_hour(connection, tenant, campaign_id, now - HOURS_DAYS * DAY)
    dialled: defaultdict[int, int] = defaultdict(int)
    answered: defaultdict[int, int] = defaultdict(int)
    for at, counts in rows:
        hour = (EPOCH + timedelta(microseconds=at)).astimezone(zone).hour
        dialled[hour] += counts.get("dialled", 0)
        answered[hour] += persons(counts)
    shown: list[Document] = []
    for hour in sorted(hour for hour, n in dialled.items() if n):
        n = max(dialled[hour], answered[hour])
        rate = wilson(answered[hour], n)
        shown.append(
            {"hour": hour, "dialled": n, "answered": answered[hour], "rate": rate.value, "low": rate.low, "high": rate.high}
        )  # fmt: skip
    return {"items": shown}
