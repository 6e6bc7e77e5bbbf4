"""What every route needs: who asks, the transaction of the asker's tenant, and who may see whole numbers."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, HTTPException, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from services.outbound.parts import Parts
from services.outbound.store.statements import errors_by_consequence
from shared.http import decode_cursor
from shared.postgres import Connection, tenant_transaction
from shared.security import EVERY_TENANT, Principal, Role, allow

PLANNERS = (Role.CAMPAIGN_MANAGER, Role.SUPERVISOR, Role.ADMIN)
"""Roles that make and steer campaigns."""
READERS = (*PLANNERS, Role.ANALYST)
SEES_NUMBERS = (Role.CAMPAIGN_MANAGER, Role.SUPERVISOR, Role.ADMIN)

PathId = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:\-]+$")]
Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:\-]+$")]
Code = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\w.\-]+$")]
Line = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[^\x00]*$")]
Prose = Annotated[str, Field(min_length=1, max_length=2_000, pattern=r"^[^\x00]*$")]
Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=1000)]
ForTenant = Annotated[
    str | None, Query(max_length=64, description="Only with a service's token, which names no tenant itself")
]
Document = dict[str, Any]
RowT = TypeVar("RowT")
LAST = 2**62
"""A time after every other, where a newest-first page begins."""


class Body(BaseModel):
    """A request body; unknown fields are mistakes of the caller and said so."""

    model_config = ConfigDict(extra="forbid")


class Page(BaseModel, Generic[RowT]):
    """A keyset page; `next` goes on from its last entry."""

    items: list[RowT]
    next: str | None


async def parts_of(request: Request) -> Parts:
    """Async, because FastAPI would send a plain function to a thread."""
    return request.app.state.parts


def tenant_of(principal: Principal, wanted: str | None = None) -> str:
    """The tenant of a request: the token's; only a service, whose token names none, says it itself (where the route lets it)."""
    if principal.tenant != EVERY_TENANT:
        return principal.tenant
    if wanted is None:
        raise HTTPException(403, "needs the token of one tenant, or a service's with ?tenant=")
    return wanted


@asynccontextmanager
async def of_tenant(parts: Parts, tenant: str) -> AsyncGenerator[Connection]:
    """A transaction that sees one tenant only. A lost database is a 503."""
    with errors_by_consequence():
        async with tenant_transaction(parts.api, tenant) as connection:
            yield connection


def newest_first(cursor: str | None) -> tuple[int, str]:
    """The key (time, id) a newest-first page goes on before. Raises 422."""
    if cursor is None:
        return LAST, ""
    at, key = decode_cursor(cursor, int, str)
    return at, key


InRoom = Annotated[Parts, Depends(parts_of)]
Reader = Annotated[Principal, Depends(allow(*READERS))]
ReaderOrService = Annotated[Principal, Depends(allow(*READERS, Role.SERVICE))]
Planner = Annotated[Principal, Depends(allow(*PLANNERS))]
PlannerOrService = Annotated[Principal, Depends(allow(*PLANNERS, Role.SERVICE))]
Neighbour = Annotated[Principal, Depends(allow(Role.SERVICE))]
