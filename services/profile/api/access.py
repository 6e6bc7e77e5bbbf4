"""What every route needs: who asks, the pool of the API role, and who may see whole numbers."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from fastapi import Depends, HTTPException, Path, Query, Request

from services.profile.settings import ProfileSettings
from services.profile.store.statements import errors_by_consequence
from shared.clock import Clock
from shared.contracts.wire import EPOCH
from shared.directory import Directory
from shared.postgres import Connection, Pool, tenant_transaction
from shared.security import EVERY_TENANT, Principal, Role, allow

STAFF = (Role.AGENT, Role.SUPERVISOR, Role.ANALYST, Role.ADMIN)
WORKERS = (Role.AGENT, Role.SUPERVISOR, Role.ADMIN)
"""Roles that work with customers; analysts read."""
SEES_NUMBERS = (Role.SUPERVISOR, Role.ADMIN)

PathId = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:\-]+$")]
ForTenant = Annotated[
    str | None, Query(max_length=64, description="Only with a service's token, which names no tenant itself")
]


@dataclass(frozen=True, slots=True)
class Room:
    """What the routes stand on; put together by `app`, kept in `app.state.room`."""

    api: Pool
    workers: Pool
    directory: Directory
    clock: Clock
    settings: ProfileSettings

    def now(self) -> datetime:
        """Policy time."""
        return EPOCH + timedelta(microseconds=self.clock.now())

    def today(self) -> date:
        return self.now().astimezone(UTC).date()

    @asynccontextmanager
    async def of_tenant(self, principal: Principal, wanted: str | None = None) -> AsyncGenerator[Connection]:
        """A transaction that sees the asker's tenant only. A lost database is a 503."""
        with errors_by_consequence():
            async with tenant_transaction(self.api, tenant_of(principal, wanted)) as connection:
                yield connection


async def room_of(request: Request) -> Room:
    """Async, because FastAPI would send a plain function to a thread."""
    return request.app.state.room


def tenant_of(principal: Principal, wanted: str | None = None) -> str:
    """The tenant of a request: the token's; only a service, whose token names none, says it itself (where the route lets it)."""
    if principal.tenant != EVERY_TENANT:
        return principal.tenant
    if wanted is None:
        raise HTTPException(403, "needs the token of one tenant, or a service's with ?tenant=")
    return wanted


def sees_numbers(principal: Principal) -> bool:
    """Whether the asker gets whole numbers without asking for each."""
    return principal.has(*SEES_NUMBERS)


InRoom = Annotated[Room, Depends(room_of)]
Staff = Annotated[Principal, Depends(allow(*STAFF))]
StaffOrService = Annotated[Principal, Depends(allow(*STAFF, Role.SERVICE))]
Worker = Annotated[Principal, Depends(allow(*WORKERS))]
