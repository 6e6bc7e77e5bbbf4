"""HTTP of call plans: what a planner says on the topic, said over HTTP, and what became of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from services.outbound.api.access import (
    Cursor,
    Document,
    ForTenant,
    InRoom,
    Limit,
    Page,
    Planner,
    PlannerOrService,
    newest_first,
    of_tenant,
    tenant_of,
)
from services.outbound.handlers.plans import TakePlan
from services.outbound.store import plans
from shared.contracts.call_plans import CallPlanned
from shared.http import encode_cursor

router = APIRouter(prefix="/v1/plans", tags=["lists"])


@router.post(
    "", status_code=201, response_model=Document, summary="A page of a call plan; again the same page changes nothing"
)
async def take(plan: CallPlanned, request: Request, principal: PlannerOrService, tenant: ForTenant = None) -> Document:
    """The first page makes a draft campaign of the plan's kind, unless it names one. Entries that become no record come back
    with the reason: `no_number`, `unusable_number`, `no_customer`."""
    handler: TakePlan = request.app.state.take_plan
    taken = await handler.take(tenant_of(principal, tenant), plan)
    return {
        "plan_id": plan.plan_id, "page": plan.page, "campaign_id": taken.campaign_id, "list_id": taken.list_id,
        "created": taken.created, "duplicates": taken.duplicates, "refused": [dict(each) for each in taken.refused],
    }  # fmt: skip


@router.get("", response_model=Page[Document], summary="Newest first, of a campaign or of all")
async def listed(
    parts: InRoom, principal: Planner, campaign: Annotated[str, Query(max_length=64)] = "", limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Document]:  # fmt: skip
    tenant = tenant_of(principal)
    async with of_tenant(parts, tenant) as connection:
        rows = await plans.listed(connection, tenant, campaign, newest_first(cursor), limit + 1)
    shown = [
        {name: row[name] for name in (
            "plan_id", "campaign_id", "list_id", "kind", "title", "made_at", "received_at", "complete_by", "lineage", "pages",
            "pages_there", "calls", "created", "duplicates", "refused",
        )}
        for row in rows[:limit]
    ]  # fmt: skip
    more = encode_cursor(rows[limit - 1]["received_at"], rows[limit - 1]["plan_id"]) if len(rows) > limit else None
    return Page(items=shown, next=more)
