"""Who may ask the router for what, and of which tenant and pool."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request

from shared.directory import AgentPool, Directory
from shared.errors import NotFound
from shared.security import EVERY_TENANT, Principal, Role, allow

YAML = "application/yaml"

Staff = Annotated[Principal, Depends(allow(Role.AGENT, Role.SUPERVISOR, Role.ANALYST, Role.ADMIN))]
Overseer = Annotated[Principal, Depends(allow(Role.SUPERVISOR, Role.ANALYST, Role.ADMIN, Role.SERVICE))]
Waiter = Annotated[Principal, Depends(allow(Role.SERVICE, Role.AGENT, Role.SUPERVISOR, Role.ADMIN))]
Author = Annotated[Principal, Depends(allow(Role.SUPERVISOR, Role.ADMIN))]
Room = Annotated[Principal, Depends(allow(Role.SERVICE))]
ForTenant = Annotated[
    str | None, Query(max_length=64, description="Only with a service's token, which names no tenant itself")
]
PoolName = Annotated[str | None, Query(max_length=64, description="Agent pool; the tenant's only one by default")]


def tenant_of(principal: Principal, wanted: str | None) -> str:
    """The tenant of a request: the token's; only a service, whose token names none, says it itself."""
    if principal.tenant != EVERY_TENANT:
        return principal.tenant
    if wanted is None:
        raise NotFound("a service's token needs ?tenant=")
    return wanted


async def pool_of(request: Request, principal: Principal, tenant: str | None, pool: str | None) -> AgentPool:
    """The pool a request is about. Raises NotFound."""
    directory: Directory = request.app.state.directory
    return await directory.pool(tenant_of(principal, tenant), pool)
