"""HTTP of what a tenant dials with: its verified numbers, its trunks, what it declares about itself; and who refused."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends
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
    Reader,
    newest_first,
    of_tenant,
    tenant_of,
)
from services.outbound.ruleset_documents import shipped
from services.outbound.store import campaigns, operators, refusals
from services.outbound.store.operators import CallerId, Operator, Trunk
from shared.errors import Refused
from shared.http import encode_cursor
from shared.security import Principal, Role, allow

router = APIRouter(prefix="/v1", tags=["lines"])
Admin = Annotated[Principal, Depends(allow(Role.ADMIN))]


class CallerIdIn(Body):
    """`verified`: somebody rang it, or the carrier attests it; without that it is never shown."""

    number: Annotated[str, Field(pattern=r"^\+[1-9]\d{3,14}$")]
    pool_name: Code = "own"
    region: Annotated[str | None, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")] = None
    verified: bool = False
    active: bool = True


class TrunkIn(Body):
    gateway_id: Id
    calls_per_second: Annotated[float, Field(ge=0.01, le=10_000)]
    channels: Annotated[int, Field(gt=0, le=100_000)]


class OperatorIn(Body):
    """What rules ask an operator for. `rulesets`: for callbacks no campaign asked for."""

    licence: Line | None = None
    records_conversations: bool = False
    keeps_days: Annotated[int, Field(ge=0, le=36_500)] = 0
    rulesets: Annotated[list[Code], Field(max_length=20, default_factory=list)]


@router.put("/caller-ids", response_model=Document, summary="A number of ours that calls show")
async def keep_caller_id(wanted: CallerIdIn, parts: InRoom, principal: Admin) -> Document:
    tenant, now = tenant_of(principal), parts.clock.now()
    caller = CallerId(
        wanted.number, wanted.pool_name, wanted.region, now if wanted.verified else None, wanted.active
    )  # fmt: skip
    async with of_tenant(parts, tenant) as connection:
        await operators.keep_caller_id(connection, tenant, caller)
        await campaigns.audit(
            connection, tenant, now, principal.subject, "caller_id_kept", None, {"pool": caller.pool_name}
        )
    return asdict(caller)


@router.get("/trunks", response_model=Document)
async def trunks(parts: InRoom, principal: Reader) -> Document:
    async with of_tenant(parts, tenant_of(principal)) as connection:
        return {"items": [asdict(trunk) for trunk in await operators.trunks(connection, tenant_of(principal))]}


@router.put("/trunks/{trunk_id}", response_model=Document, summary="Calls per second and channels of a trunk")
async def keep_trunk(trunk_id: PathId, wanted: TrunkIn, parts: InRoom, principal: Admin) -> Document:
    tenant, now = tenant_of(principal), parts.clock.now()
    trunk = Trunk(trunk_id, wanted.gateway_id, wanted.calls_per_second, wanted.channels)
    async with of_tenant(parts, tenant) as connection:
        await operators.keep_trunk(connection, tenant, trunk)
        await campaigns.audit(connection, tenant, now, principal.subject, "trunk_kept", None, {"trunk": trunk_id})
    return asdict(trunk)


@router.get("/operator", response_model=Document, summary="What the tenant declares about itself")
async def operator(parts: InRoom, principal: Reader) -> Document:
    async with of_tenant(parts, tenant_of(principal)) as connection:
        return asdict(await operators.read(connection, tenant_of(principal)))


@router.put("/operator", response_model=Document)
async def declare(wanted: OperatorIn, parts: InRoom, principal: Admin) -> Document:
    tenant, now = tenant_of(principal), parts.clock.now()
    if unknown := [name for name in wanted.rulesets if name not in shipped()]:
        raise Refused("ruleset", f"rulesets: there is no {unknown[0]}")
    declared = Operator(wanted.licence, wanted.records_conversations, wanted.keeps_days, tuple(wanted.rulesets))
    async with of_tenant(parts, tenant) as connection:
        await operators.keep(connection, tenant, declared)
        await campaigns.audit(connection, tenant, now, principal.subject, "operator_declared", None, {})
    return asdict(declared)


@router.get("/refusals", response_model=Page[Document], summary="Who refused, newest first; keys, no numbers")
async def refused(parts: InRoom, principal: Reader, limit: Limit = 50, cursor: Cursor = None) -> Page[Document]:
    tenant = tenant_of(principal)
    async with of_tenant(parts, tenant) as connection:
        rows = await refusals.listed(connection, tenant, newest_first(cursor), limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    more = encode_cursor(last["withdrawn_at"], last["refusal_id"]) if last else None
    return Page(items=[dict(row) for row in rows[:limit]], next=more)
