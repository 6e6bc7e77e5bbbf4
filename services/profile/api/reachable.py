"""Where customers can be reached, for outbound's plans and follow-ups: name, language, numbers; asked by id or by a source's key."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from services.profile.api.access import ForTenant, InRoom, tenant_of
from services.profile.api.resources import Document, Id, Page, Request
from services.profile.store import customers
from shared.contracts.crm_records import Key
from shared.contracts.fields import Name
from shared.security import Principal, Role, allow

router = APIRouter(prefix="/v1", tags=["customers"])
Service = Annotated[Principal, Depends(allow(Role.SERVICE))]


class ReachableQuestion(Request):
    """`customer_id`, or `source` and `key` of a record it came from."""

    customer_id: Id | None = None
    source: Name | None = None
    key: Key | None = None


class ReachableIn(Request):
    customers: Annotated[list[ReachableQuestion], Field(min_length=1, max_length=500)]


@router.post(
    "/reachable", response_model=Page[Document | None], summary="Names and numbers of customers, in the order asked"
)
async def reachable(
    body: ReachableIn, room: InRoom, principal: Service, tenant: ForTenant = None
) -> Page[Document | None]:
    """null: no such customer."""
    asked = [(each.customer_id, each.source, each.key) for each in body.customers]
    async with room.of_tenant(principal, tenant) as connection:
        rows = await customers.reachable(connection, tenant_of(principal, tenant), asked)
    found = {row["place"]: dict(row) for row in rows}
    for row in found.values():
        del row["place"]
    return Page(items=[found.get(place) for place in range(1, len(asked) + 1)], next=None)
