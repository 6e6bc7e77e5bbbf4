"""Follow-ups of deals: their rules, one row for each deal and rule, opened once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import asyncpg
from pydantic import TypeAdapter

from services.outbound.domain.follow_ups import Deal, FollowUpRule
from services.outbound.store.statements import LISTS
from shared.errors import Conflict
from shared.postgres import Connection

RULES: TypeAdapter[list[FollowUpRule]] = TypeAdapter(list[FollowUpRule])
DEAL: TypeAdapter[Deal] = TypeAdapter(Deal)


@dataclass(frozen=True, slots=True)
class DueFollowUp:
    """A follow-up to be opened. `since` µs: when it was first due."""

    tenant: str
    rule_id: str
    source: str
    deal_key: str
    customer_key: str
    revised_at: int
    since: int
    deal: Deal

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.tenant, self.rule_id, self.source, self.deal_key


async def rules(connection: Connection, tenant: str) -> tuple[list[FollowUpRule], int]:
    """The tenant's rules and their version; none, and 0, where nobody has written any."""
    row = await connection.fetchrow(LISTS["read_follow_up_rules"], tenant)
    return (RULES.validate_python(row["rules"]), row["version"]) if row else ([], 0)


async def keep_rules(
    connection: Connection, tenant: str, wanted: Sequence[FollowUpRule], version: int, user: str, now: int
) -> int:
    """Returns the new version. Raises Conflict where somebody else changed them first."""
    documents: list[dict[str, Any]] = RULES.dump_python(list(wanted), mode="json")
    kept = await connection.fetchval(LISTS["keep_follow_up_rules"], tenant, documents, version, now, user)
    if kept is None:
        raise Conflict("version", "somebody else changed the rules meanwhile")
    return kept


async def hear_deal(connection: Connection, tenant: str, source: str, deal_key: str, revised_at: int) -> bool:
    """False for a revision older than one that was heard."""
    return await connection.fetchval(LISTS["hear_deal"], tenant, source, deal_key, revised_at) is not None


async def keep(
    connection: Connection, tenant: str, rule_id: str, source: str, deal_key: str, customer_key: str, due: int, deal: Deal
) -> None:  # fmt: skip
    """It will be opened; one that was is left alone."""
    await connection.execute(
        LISTS["keep_follow_up"], tenant, rule_id, source, deal_key, customer_key, deal.revised_at, due, asdict(deal)
    )


async def drop_others(
    connection: Connection, tenant: str, source: str, deal_key: str, revised_at: int, kept: Sequence[str]
) -> None:
    """What no rule but `kept` asks for any more."""
    await connection.execute(LISTS["drop_follow_ups"], tenant, source, deal_key, revised_at, list(kept))


async def due(connection: Connection, now: int, limit: int) -> list[DueFollowUp]:
    return [
        DueFollowUp(
            row["tenant_id"], row["rule_id"], row["source"], row["deal_key"], row["customer_key"], row["revised_at"], row["due_at"],
            DEAL.validate_python(row["deal"]),
        )
        for row in await connection.fetch(LISTS["due_follow_ups"], now, limit)
    ]  # fmt: skip


async def lock(connection: Connection, one: DueFollowUp) -> bool:
    """Whether it is as it was seen; nobody else opens it until the transaction ends."""
    return await connection.fetchval(LISTS["lock_follow_up"], *one.key, one.revised_at) is not None


async def opened(connection: Connection, one: DueFollowUp, campaign_id: str, record_id: str) -> None:
    await connection.execute(LISTS["follow_up_opened"], *one.key, campaign_id, record_id)


async def waits(connection: Connection, one: DueFollowUp, reason: str, again_at: int | None) -> None:
    """Why it is not opened, and when it is tried again; None: not any more."""
    state = "dropped" if again_at is None else "due"
    await connection.execute(LISTS["follow_up_waits"], *one.key, state, reason, again_at or 0)


async def listed(
    connection: Connection, tenant: str, state: str, before: tuple[int, str], limit: int
) -> list[asyncpg.Record]:
    return await connection.fetch(LISTS["list_follow_ups"], tenant, state, *before, limit)
