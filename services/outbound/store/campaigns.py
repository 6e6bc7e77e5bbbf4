"""Rows of campaigns: read, made, changed, moved along their states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

import asyncpg

from services.outbound.domain.campaigns import Campaign, CampaignState, Choices, DialMode, Move, after
from services.outbound.store.statements import SQL
from shared.errors import Conflict, NotFound, Refused
from shared.postgres import Connection

_CHOSEN = frozenset(one.name for one in fields(Choices))


def campaign_of(row: asyncpg.Record) -> Campaign:
    """A row as the domain has it. Choices an older version does not know keep their defaults."""
    document: Mapping[str, Any] = row["document"]
    return Campaign(
        row["tenant_id"], row["campaign_id"], row["title"], DialMode(row["mode"]), row["purpose"], row["subject"],
        CampaignState(row["state"]), row["pool_id"], row["group_name"], row["business_line"], row["gateway_id"],
        tuple(row["rulesets"]), choices_of(document), row["version"],
        row["created_at"], row["changed_at"],
    )  # fmt: skip


def choices_of(document: Mapping[str, Any]) -> Choices:
    chosen = {name: value for name, value in document.items() if name in _CHOSEN}
    codes = {name: tuple(chosen.get(name, ())) for name in ("dispositions", "successes")}
    return Choices(**{**chosen, **codes})


async def create(connection: Connection, campaign: Campaign, by: str) -> bool:
    """Asked twice with one id it is one campaign; False the second time."""
    c = campaign
    done = await connection.execute(
        SQL["create_campaign"], c.tenant, c.campaign_id, c.title, c.mode, c.purpose, c.subject, c.pool, c.group, c.business_line,
        c.gateway_id, list(c.rulesets), asdict(c.choices), c.created_at, by,
    )  # fmt: skip
    return done == "INSERT 0 1"


async def change(connection: Connection, campaign: Campaign, now: int) -> None:
    """Raises Conflict where somebody else changed it first."""
    c = campaign
    changed = await connection.fetchval(
        SQL["change_campaign"], c.tenant, c.campaign_id, c.version, c.title, c.mode, c.purpose, c.subject, c.group,
        c.business_line, c.gateway_id, list(c.rulesets), asdict(c.choices), now,
    )  # fmt: skip
    if changed is None:
        raise Conflict("version", "somebody else changed the campaign meanwhile")


async def row_of(connection: Connection, tenant: str, campaign_id: str) -> asyncpg.Record:
    """Raises NotFound."""
    row = await connection.fetchrow(SQL["read_campaign"], tenant, campaign_id)
    if row is None:
        raise NotFound("no such campaign")
    return row


async def read(connection: Connection, tenant: str, campaign_id: str) -> Campaign:
    """Raises NotFound."""
    return campaign_of(await row_of(connection, tenant, campaign_id))


async def lock(connection: Connection, tenant: str, campaign_id: str) -> Campaign:
    """The campaign, while nobody dials by it. Raises NotFound."""
    row = await connection.fetchrow(SQL["lock_campaign"], tenant, campaign_id)
    if row is None:
        raise NotFound("no such campaign")
    return campaign_of(row)


async def may_dial(connection: Connection, tenant: str, campaign_id: str) -> bool:
    """Whether it runs; nobody stops it before the transaction ends."""
    return await connection.fetchval(SQL["share_campaign"], tenant, campaign_id) == CampaignState.RUNNING


async def move(
    connection: Connection, campaign: Campaign, wanted: Move, by: str, reason: str | None, now: int
) -> CampaignState:
    """Take a step, in the transaction that holds the campaign. Raises Refused where the table has no such step."""
    following = after(campaign.state, wanted)
    if following is None:
        raise Refused("not_possible", f"a campaign that is {campaign.state} cannot do this: {wanted}")
    if wanted is Move.MAKE_READY and not (campaign.gateway_id and campaign.group and campaign.business_line):
        raise Refused("incomplete", "a campaign needs a gateway, a group and a business line before it is made ready")
    await connection.execute(
        SQL["move_campaign"], campaign.tenant, campaign.campaign_id, following, reason or f"{wanted} by {by}", now
    )
    await audit(connection, campaign.tenant, now, by, f"campaign_{wanted}", campaign.campaign_id, {"reason": reason})
    await wake(connection, campaign.tenant, campaign.pool)
    return following


async def audit(
    connection: Connection, tenant: str, now: int, by: str, action: str, campaign_id: str | None, details: Mapping[str, Any]
) -> None:  # fmt: skip
    """Who did what; ids and codes only."""
    await connection.execute(SQL["write_audit"], tenant, now, by, action, campaign_id, dict(details))


async def wake(connection: Connection, tenant: str, pool: str) -> None:
    """Tell whoever plans the pool, once the transaction is committed, that something changed. A hint."""
    await connection.execute("SELECT pg_notify('outbound_wake', $1)", f"{tenant}/{pool}")
