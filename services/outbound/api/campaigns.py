"""HTTP of campaigns: made, changed, started, paused, stopped."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import asyncpg
from fastapi import APIRouter
from pydantic import Field

from services.outbound.api.access import (
    Body,
    Code,
    Cursor,
    Document,
    Id,
    InRoom,
    Limit,
    Line,
    Page,
    PathId,
    Planner,
    Reader,
    newest_first,
    of_tenant,
    tenant_of,
)
from services.outbound.api.campaign_choices import chosen
from services.outbound.domain.abandonment import MONTH_WINDOW
from services.outbound.domain.budget import BudgetLeft, budget_of, limit_of, tightest
from services.outbound.domain.campaigns import Campaign, CampaignState, DialMode, Move
from services.outbound.domain.contact_ledger import DAY, HOUR
from services.outbound.domain.purposes import Purpose
from services.outbound.handlers.refusals import UNREACHED, cancel
from services.outbound.handlers.rulebook import rules_of
from services.outbound.parts import Parts
from services.outbound.ruleset_documents import shipped
from services.outbound.store import attempts, campaigns, figures, leases
from shared.contracts.wire import EPOCH
from shared.errors import Refused
from shared.http import encode_cursor
from shared.postgres import Connection
from shared.security import Principal

router = APIRouter(prefix="/v1/campaigns", tags=["campaigns"])
CHANGEABLE = frozenset({CampaignState.DRAFT, CampaignState.READY, CampaignState.PAUSED, CampaignState.FINISHED})


class CampaignIn(Body):
    """`choices`: the rest, each with a careful default (schema: Choices). `gateway_id`: which gateway dials."""

    title: Line
    mode: DialMode
    purpose: Purpose
    group: Code
    business_line: Code
    gateway_id: Id
    subject: Annotated[str, Field(max_length=64)] = ""
    pool: Code | None = None
    rulesets: Annotated[list[Code], Field(max_length=20, default_factory=list)]
    choices: Annotated[dict[str, Any], Field(default_factory=dict)]
    campaign_id: Id | None = None  # the asker's own, so that asking again is the same campaign
    version: int | None = None


class StepIn(Body):
    reason: Annotated[str | None, Field(max_length=256)] = None


async def campaign_from(parts: Parts, tenant: str, wanted: CampaignIn, campaign_id: str, now: int) -> Campaign:
    """Raises Refused for a ruleset there is none of, InvalidMessage for choices that cannot be, NotFound for a pool."""
    if unknown := [name for name in wanted.rulesets if name not in shipped()]:
        raise Refused("ruleset", f"rulesets: there is no {unknown[0]}")
    pool = await parts.directory.pool(tenant, wanted.pool)
    return Campaign(
        tenant, campaign_id, wanted.title, wanted.mode, wanted.purpose, wanted.subject, CampaignState.DRAFT, pool.pool_id,
        wanted.group, wanted.business_line, wanted.gateway_id, tuple(wanted.rulesets), chosen(wanted.choices, wanted.mode),
        wanted.version or 1, now, now,
    )  # fmt: skip


async def document_of(
    parts: Parts, connection: Connection, tenant: str, rows: Sequence[asyncpg.Record]
) -> list[Document]:
    """Campaigns as resources, with their counters."""
    now, ids = parts.clock.now(), [row["campaign_id"] for row in rows]
    counts = await figures.records(connection, tenant, ids)
    today = await figures.since(connection, tenant, ids, await day_begins(parts, tenant, now))
    held_up = await _held_up(connection, tenant, rows)
    return [
        {
            "campaign_id": c.campaign_id, "title": c.title, "mode": c.mode, "purpose": c.purpose, "subject": c.subject,
            "state": c.state, "state_reason": row["state_reason"], "pool": c.pool, "group": c.group,
            "business_line": c.business_line, "gateway_id": c.gateway_id, "rulesets": list(c.rulesets),
            "choices": asdict(c.choices), "version": c.version, "created_at": c.created_at, "created_by": row["created_by"],
            "changed_at": c.changed_at, "started_at": row["started_at"], "ended_at": row["ended_at"],
            "records": standing(counts.get(c.campaign_id, {})), "today": day_figures(today.get(c.campaign_id, {})),
            "abandonment": await abandonment_of(parts, connection, c), "hold_up": held_up.get(c.campaign_id),
        }
        for row in rows
        for c in [campaigns.campaign_of(row)]
    ]  # fmt: skip


async def _held_up(connection: Connection, tenant: str, rows: Sequence[asyncpg.Record]) -> Mapping[str, str | None]:
    """What keeps running campaigns from dialling as a whole, as their last plans found."""
    running = {row["campaign_id"]: row["pool_id"] for row in rows if row["state"] == CampaignState.RUNNING}
    pools = {pool: await leases.read_pacing(connection, tenant, pool) for pool in set(running.values())}
    plans = {name: pools[pool].get("campaigns", {}).get(name) for name, pool in running.items()}
    return {name: plan["hold_up"] for name, plan in plans.items() if plan}


def standing(counts: Mapping[str, int]) -> Document:
    """Records by state, all of them, and those that may still be dialled."""
    over = counts.get("done", 0) + counts.get("suppressed", 0)
    total = sum(counts.values())
    return {**counts, "all": total, "left": total - over}


async def day_begins(parts: Parts, tenant: str, now: int) -> int:
    """Midnight of the tenant's day, µs."""
    zone = ZoneInfo((await parts.directory.tenant(tenant)).time_zone)
    midnight = (EPOCH + timedelta(microseconds=now)).astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight - EPOCH) // timedelta(microseconds=1)


def day_figures(counts: Mapping[str, int]) -> Document:
    outcomes = {name.partition(".")[2]: n for name, n in counts.items() if name.startswith("outcome.") and n}
    return {
        "authorised": counts.get("authorised", 0), "dialled": counts.get("dialled", 0), "answered": persons(counts),
        "abandoned": outcomes.get("abandoned", 0), "outcomes": outcomes,
        "suppressed": {name.partition(".")[2]: n for name, n in counts.items() if name.startswith("suppressed.") and n},
    }  # fmt: skip


def persons(counts: Mapping[str, int]) -> int:
    """Who answered, those who still talk included; an unknown attempt that was settled by hand was told only by its end."""
    closed = counts.get("outcome.answered_person", 0) + counts.get("outcome.abandoned", 0)
    return max(closed, counts.get("answered_by.person", 0))


async def abandonment_of(parts: Parts, connection: Connection, campaign: Campaign) -> Document:
    """By the ledger the pacer is steered by; of a campaign that is over, by its counters: nothing is steered there."""
    rules, now = rules_of(campaign), parts.clock.now()
    if campaign.state in (CampaignState.STOPPED, CampaignState.FINISHED):
        since = (now - MONTH_WINDOW) // HOUR * HOUR
        counts = (await figures.since(connection, campaign.tenant, [campaign.campaign_id], since)).get(
            campaign.campaign_id, {}
        )
        limit = limit_of(rules, campaign.choices.abandonment_limit)
        window = BudgetLeft(MONTH_WINDOW, persons(counts), counts.get("outcome.abandoned", 0), limit)
    else:
        counted = await parts.books.figures(connection, campaign.tenant, campaign.campaign_id, now)
        window = tightest(rules, budget_of(rules, counted, campaign.choices.abandonment_limit))
    return {
        "limit": window.limit, "window_days": window.within // DAY, "answered": window.answered, "abandoned": window.abandoned,
        "left": max(0, int(window.left)),
    }  # fmt: skip


@router.get("", response_model=Page[Document], summary="Newest first")
async def listed(parts: InRoom, principal: Reader, limit: Limit = 50, cursor: Cursor = None) -> Page[Document]:
    tenant = tenant_of(principal)
    async with of_tenant(parts, tenant) as connection:
        rows = await connection.fetch(campaigns.SQL["list_campaigns"], tenant, *newest_first(cursor), limit + 1)
        shown = await document_of(parts, connection, tenant, rows[:limit])
    more = encode_cursor(rows[limit - 1]["created_at"], rows[limit - 1]["campaign_id"]) if len(rows) > limit else None
    return Page(items=shown, next=more)


@router.post("", status_code=201, response_model=Document, summary="A draft; nothing is dialled before it is started")
async def create(wanted: CampaignIn, parts: InRoom, principal: Planner) -> Document:
    tenant, now = tenant_of(principal), parts.clock.now()
    campaign_id = wanted.campaign_id or f"cp-{uuid.uuid4().hex[:12]}"
    if len(campaign_id) > 24 or "." in campaign_id:
        raise Refused("campaign_id", "at most 24 characters, and no dot")
    campaign = await campaign_from(parts, tenant, wanted, campaign_id, now)
    async with of_tenant(parts, tenant) as connection:
        if await campaigns.create(connection, campaign, principal.subject):
            await campaigns.audit(connection, tenant, now, principal.subject, "campaign_created", campaign_id, {})
        return await _one(parts, connection, tenant, campaign_id)


@router.get("/{campaign_id}", response_model=Document)
async def read(campaign_id: PathId, parts: InRoom, principal: Reader) -> Document:
    async with of_tenant(parts, tenant_of(principal)) as connection:
        return await _one(parts, connection, tenant_of(principal), campaign_id)


@router.put("/{campaign_id}", response_model=Document, summary="On the version it was made on; not while it dials")
async def change(campaign_id: PathId, wanted: CampaignIn, parts: InRoom, principal: Planner) -> Document:
    tenant, now = tenant_of(principal), parts.clock.now()
    campaign = await campaign_from(parts, tenant, wanted, campaign_id, now)
    async with of_tenant(parts, tenant) as connection:
        present = await campaigns.lock(connection, tenant, campaign_id)
        if present.state not in CHANGEABLE:
            raise Refused("state", f"a campaign that is {present.state} is not changed; pause it first")
        await campaigns.change(connection, replace(campaign, version=wanted.version or present.version), now)
        await campaigns.audit(connection, tenant, now, principal.subject, "campaign_changed", campaign_id, {})
        return await _one(parts, connection, tenant, campaign_id)


@router.post("/{campaign_id}/ready", response_model=Document, summary="It may be started")
async def make_ready(campaign_id: PathId, parts: InRoom, principal: Planner, step: StepIn | None = None) -> Document:
    return await _step(parts, principal, campaign_id, [Move.MAKE_READY], step)


@router.post("/{campaign_id}/start", response_model=Document, summary="Start it, or go on")
async def start(campaign_id: PathId, parts: InRoom, principal: Planner, step: StepIn | None = None) -> Document:
    return await _step(parts, principal, campaign_id, [Move.RUN], step)


@router.post("/{campaign_id}/pause", response_model=Document, summary="Nothing more is dialled; what rings goes on")
async def pause(campaign_id: PathId, parts: InRoom, principal: Planner, step: StepIn | None = None) -> Document:
    return await _step(parts, principal, campaign_id, [Move.PAUSE], step)


@router.post("/{campaign_id}/stop", response_model=Document, summary="For good; what rings is given up")
async def stop(campaign_id: PathId, parts: InRoom, principal: Planner, step: StepIn | None = None) -> Document:
    return await _step(parts, principal, campaign_id, [Move.STOP], step)


async def _step(
    parts: Parts, principal: Principal, campaign_id: str, moves: list[Move], step: StepIn | None
) -> Document:  # fmt: skip
    """Asking for what is so already is no mistake: the answer is the same."""
    tenant, now = tenant_of(principal), parts.clock.now()
    reason = step.reason if step is not None else None
    async with of_tenant(parts, tenant) as connection:
        campaign = await campaigns.lock(connection, tenant, campaign_id)
        wanted = moves[-1]
        if wanted is Move.RUN and campaign.state is CampaignState.DRAFT:
            moves = [Move.MAKE_READY, Move.RUN]
        if campaign.state is not _ENDS_IN[wanted]:
            for move in moves:
                state = await campaigns.move(connection, campaign, move, principal.subject, reason, now)
                campaign = replace(campaign, state=state)
            await _give_up(connection, campaign, wanted, now)
        return await _one(parts, connection, tenant, campaign_id)


_ENDS_IN = {
    Move.MAKE_READY: CampaignState.READY, Move.RUN: CampaignState.RUNNING, Move.PAUSE: CampaignState.PAUSED,
    Move.STOP: CampaignState.STOPPED,
}  # fmt: skip


async def _give_up(connection: Connection, campaign: Campaign, move: Move, now: int) -> None:
    """A pause takes back records no agent has accepted yet; a stop gives up what rings as well."""
    if move not in (Move.PAUSE, Move.STOP):
        return
    under_way = await attempts.open_of_campaign(connection, campaign.tenant, campaign.campaign_id)
    given_up = [a for a in under_way if a.state in UNREACHED and (move is Move.STOP or a.placed_at is None)]
    await cancel(connection, campaign.tenant, given_up, "stopped" if move is Move.STOP else "paused", now)


async def _one(parts: Parts, connection: Connection, tenant: str, campaign_id: str) -> Document:
    row = await campaigns.row_of(connection, tenant, campaign_id)
    return (await document_of(parts, connection, tenant, [row]))[0]
