"""Where agents' phones ring. Administrators set them; an agent sees their own."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, Field

from services.gateway import store
from services.gateway.adapters.port import Endpoint
from services.gateway.api.access import PartsOf
from services.gateway.api.admin import Admin
from shared.errors import Forbidden, NotFound
from shared.postgres import tenant_transaction
from shared.security import Principal, Role, allow

router = APIRouter(tags=["endpoints"])

AgentId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._:\-]{1,64}$")]
Viewer = Annotated[Principal, Depends(allow(Role.AGENT, Role.SUPERVISOR, Role.ADMIN))]


class Phone(BaseModel):
    """`softphone`: in the agent's page · `sip`: a SIP phone · `extension`: of an existing PBX, by trunk · `outside`: a number."""

    kind: Literal["softphone", "sip", "extension", "outside"]
    address: Annotated[str, Field(pattern=r"^\+?[A-Za-z0-9._\-]{1,64}$")]
    auto_answer: bool = False


class AgentPhone(Phone):
    agent_id: str


class Phones(BaseModel):
    items: list[AgentPhone]


@router.get("/v1/endpoints", summary="Every agent's phone")
async def list_endpoints(parts: PartsOf, admin: Admin) -> Phones:
    async with tenant_transaction(parts.api, admin.tenant) as connection:
        found = await store.endpoints(connection, admin.tenant)
    return Phones(items=[_phone(endpoint) for endpoint in found])


@router.get("/v1/agents/{agent_id}/endpoint", summary="Where an agent's phone rings")
async def get_endpoint(parts: PartsOf, principal: Viewer, agent_id: AgentId) -> AgentPhone:
    if not principal.has(Role.SUPERVISOR, Role.ADMIN) and agent_id not in (principal.agent_id, principal.subject):
        raise Forbidden("an agent sees their own phone only")
    async with tenant_transaction(parts.api, principal.tenant) as connection:
        found = await store.endpoints(connection, principal.tenant, agent_id)
    if not found:
        raise NotFound("no phone is set for this agent")
    return _phone(found[0])


@router.put("/v1/agents/{agent_id}/endpoint", status_code=204, summary="Set where an agent's phone rings")
async def put_endpoint(parts: PartsOf, admin: Admin, agent_id: AgentId, body: Phone) -> None:
    async with tenant_transaction(parts.api, admin.tenant) as connection:
        await store.set_endpoint(
            connection, admin.tenant, Endpoint(agent_id, body.kind, body.address, body.auto_answer)
        )


@router.delete("/v1/agents/{agent_id}/endpoint", status_code=204, summary="The agent has no phone")
async def delete_endpoint(parts: PartsOf, admin: Admin, agent_id: AgentId) -> None:
    async with tenant_transaction(parts.api, admin.tenant) as connection:
        if not await store.remove_endpoint(connection, admin.tenant, agent_id):
            raise NotFound("no phone is set for this agent")


def _phone(endpoint: Endpoint) -> AgentPhone:
    return AgentPhone(
        agent_id=endpoint.agent_id, kind=endpoint.kind, address=endpoint.address, auto_answer=endpoint.auto_answer
    )
