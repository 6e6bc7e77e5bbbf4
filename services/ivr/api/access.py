"""What every route needs: who asks, the pool of the API role, and the room's parts."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, HTTPException, Path, Query, Request

from services.ivr.handlers.serving import Serving
from services.ivr.settings import IvrSettings
from shared.database_faults import errors_by_consequence
from shared.postgres import Connection, Pool, tenant_transaction
from shared.security import EVERY_TENANT, Principal, Role, allow

READERS = (Role.AGENT, Role.SUPERVISOR, Role.ANALYST, Role.ADMIN)
WORKERS = (Role.AGENT, Role.SUPERVISOR, Role.ADMIN)
EDITORS = (Role.SUPERVISOR, Role.ADMIN)

PathName = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[\w.\-]+$")]
Limit = Annotated[int, Query(ge=1, le=200)]
Before = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Versions older than this one")]
NEWEST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Room:
    """What the routes stand on; put together by `app`, kept in `app.state.room`."""

    api: Pool
    serving: Serving

    @property
    def settings(self) -> IvrSettings:
        return self.serving.settings

    def now(self) -> datetime:
        """Policy time."""
        return self.serving.now()

    @asynccontextmanager
    async def of_tenant(self, principal: Principal) -> AsyncGenerator[Connection]:
        """A transaction that sees the asker's tenant only. A lost database is a 503."""
        with errors_by_consequence():
            async with tenant_transaction(self.api, tenant_of(principal)) as connection:
                yield connection


async def room_of(request: Request) -> Room:
    """Async, because FastAPI would send a plain function to a thread."""
    return request.app.state.room


def tenant_of(principal: Principal) -> str:
    """The asker's tenant; a service without one has to act for a person."""
    if principal.tenant == EVERY_TENANT:
        raise HTTPException(403, "needs the token of one tenant")
    return principal.tenant


InRoom = Annotated[Room, Depends(room_of)]
Reader = Annotated[Principal, Depends(allow(*READERS))]
Worker = Annotated[Principal, Depends(allow(*WORKERS))]
Editor = Annotated[Principal, Depends(allow(*EDITORS))]
