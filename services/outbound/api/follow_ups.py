"""HTTP of follow-ups: the tenant's rules as one document, and what they opened or why not."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
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
    Planner,
    newest_first,
    of_tenant,
    tenant_of,
)
from services.outbound.domain.follow_ups import CountedFrom, FollowUpRule, unknown_word
from services.outbound.store import campaigns, follow_ups
from shared.errors import InvalidMessage
from shared.http import encode_cursor

router = APIRouter(prefix="/v1", tags=["follow-ups"])
Words = Annotated[str, Field(max_length=256, pattern=r"^[^\x00]*$")]
Named = Annotated[list[Line], Field(max_length=50, default_factory=list)]


class RuleIn(Body):
    """`days` after (before: negative) the day it is counted from. `reason` and `promised` are what the agent reads; they may name
    `{product}`, `{status}`, `{business_line}`, `{signed_on}`, `{ends_on}`."""

    rule_id: Code
    title: Line
    reason: Words
    days: Annotated[int, Field(ge=-3650, le=3650)]
    counted_from: CountedFrom = CountedFrom.REVISED
    statuses: Named
    products: Named
    business_lines: Named
    promised: Words = ""
    campaign: Id | None = None
    group: Annotated[str, Field(max_length=64)] = ""
    priority: Annotated[int, Field(ge=0, le=100)] = 0
    active: bool = True

    def rule(self) -> FollowUpRule:
        lists = {name: tuple(getattr(self, name)) for name in ("statuses", "products", "business_lines")}
        return FollowUpRule(**{**self.model_dump(), **lists})


class RulesIn(Body):
    """`version`: the one they were made on; 0 where there are none yet."""

    rules: Annotated[list[RuleIn], Field(max_length=100)]
    version: Annotated[int, Field(ge=0)]


@router.get("/follow-up-rules", response_model=Document, summary="Which deals are followed up, when, in which words")
async def read(parts: InRoom, principal: Planner) -> Document:
    async with of_tenant(parts, tenant_of(principal)) as connection:
        rules, version = await follow_ups.rules(connection, tenant_of(principal))
    return {"rules": follow_ups.RULES.dump_python(rules, mode="json"), "version": version}


@router.put(
    "/follow-up-rules", response_model=Document, summary="All rules at once; deals told from now on follow them"
)
async def write(wanted: RulesIn, parts: InRoom, principal: Planner) -> Document:
    tenant, now = tenant_of(principal), parts.clock.now()
    rules = [rule.rule() for rule in wanted.rules]
    _checked(rules)
    async with of_tenant(parts, tenant) as connection:
        for rule in rules:
            if rule.campaign is not None:
                await campaigns.read(connection, tenant, rule.campaign)
        version = await follow_ups.keep_rules(connection, tenant, rules, wanted.version, principal.subject, now)
        await campaigns.audit(
            connection, tenant, now, principal.subject, "follow_up_rules_changed", None, {"version": version}
        )
    return {"rules": follow_ups.RULES.dump_python(rules, mode="json"), "version": version}


def _checked(rules: list[FollowUpRule]) -> None:
    """Raises InvalidMessage naming the first that cannot be."""
    seen: set[str] = set()
    for place, rule in enumerate(rules):
        if rule.rule_id in seen:
            raise _invalid(f"rules.{place}.rule_id", "twice", "two rules of one id")
        seen.add(rule.rule_id)
        for name in ("reason", "promised"):
            if (word := unknown_word(getattr(rule, name))) is not None:
                raise _invalid(f"rules.{place}.{name}", "unknown_word", f"a deal has no {{{word}}}")


def _invalid(field: str, code: str, message: str) -> InvalidMessage:
    return InvalidMessage(message, [{"field": field, "code": code, "message": message}])


@router.get(
    "/follow-ups", response_model=Page[Document], summary="The latest due first: opened, still to come, dropped and why"
)
async def listed(
    parts: InRoom, principal: Planner, state: Annotated[Literal["due", "opened", "dropped"] | None, Query()] = None,
    limit: Limit = 50, cursor: Cursor = None,
) -> Page[Document]:  # fmt: skip
    tenant = tenant_of(principal)
    async with of_tenant(parts, tenant) as connection:
        rows = await follow_ups.listed(connection, tenant, state or "", newest_first(cursor), limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    more = encode_cursor(last["due_at"], last["rule_id"] + last["deal_key"]) if last else None
    return Page(items=[dict(row) for row in rows[:limit]], next=more)
