"""Administration of gateways' credentials. A secret and an API key are shown once, when they are made."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError

from services.gateway import store
from services.gateway.api.access import PartsOf
from services.gateway.credentials import new_api_key, new_secret
from services.gateway.kinds import KINDS
from shared.errors import Forbidden, NotFound
from shared.http import decode_cursor, encode_cursor
from shared.postgres import tenant_transaction
from shared.security import EVERY_TENANT, Principal, Role, allow, key_digest

router = APIRouter(tags=["administration"])


def _of_one_tenant(principal: Principal) -> Principal:
    if principal.tenant == EVERY_TENANT:
        raise Forbidden("credentials belong to one tenant")
    return principal


async def _admin(principal: Annotated[Principal, Depends(allow(Role.ADMIN))]) -> Principal:
    return _of_one_tenant(principal)


async def _chooser(principal: Annotated[Principal, Depends(allow(Role.ADMIN, Role.CAMPAIGN_MANAGER))]) -> Principal:
    """Who makes a campaign says which gateway dials."""
    return _of_one_tenant(principal)


Admin = Annotated[Principal, Depends(_admin)]
Chooser = Annotated[Principal, Depends(_chooser)]
GatewayId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._:\-]{1,64}$")]


class NewGateway(BaseModel):
    """`pool`: the agent pool its contacts belong to; absent: the tenant's first.

    `kind`: `outside` for a program of somebody else, else a channel this service speaks itself, set up by `settings`.
    """

    title: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")]
    pool: Annotated[str, Field(pattern=r"^[\w.\-]{1,64}$")] | None = None
    kind: Annotated[str, Field(pattern=r"^[a-z]{1,32}$")] = store.OUTSIDE
    settings: dict[str, Any] = {}


class GatewayCredentials(BaseModel):
    """Shown once."""

    gateway_id: str
    secret: str
    api_key: str


class GatewayView(BaseModel):
    gateway_id: str
    title: str
    kind: str
    pool: str | None
    created_at: datetime
    revoked_at: datetime | None
    heard_at: datetime | None
    lost_at: datetime | None


class Gateways(BaseModel):
    items: list[GatewayView]
    next: str | None


@router.get("/v1/gateways", summary="The tenant's gateways, without secrets")
async def list_gateways(
    parts: PartsOf, asker: Chooser, limit: Annotated[int, Query(ge=1, le=500)] = 100, cursor: str | None = None
) -> Gateways:
    after = decode_cursor(cursor, str)[0] if cursor else ""
    async with tenant_transaction(parts.api, asker.tenant) as connection:
        rows = await store.gateways(connection, after, limit)
    items = [
        GatewayView(
            gateway_id=row.gateway_id, title=row.title, kind=row.kind, pool=row.pool_id, created_at=row.created_at,
            revoked_at=row.revoked_at, heard_at=row.heard_at, lost_at=row.lost_at,
        )
        for row in rows
    ]  # fmt: skip
    return Gateways(items=items, next=encode_cursor(rows[-1].gateway_id) if len(rows) == limit else None)


@router.post("/v1/gateways", status_code=201, summary="A credential for somebody's gateway")
async def create_gateway(parts: PartsOf, admin: Admin, body: NewGateway) -> GatewayCredentials:
    pool = await parts.directory.pool(admin.tenant, body.pool)
    slug = re.sub(r"[^a-z0-9]+", "-", body.title.lower()).strip("-")[:24]
    made = GatewayCredentials(
        gateway_id=f"gw-{slug or 'gateway'}-{secrets.token_hex(4)}", secret=new_secret(), api_key=new_api_key()
    )
    row = store.CredentialRow(
        made.gateway_id, admin.tenant, pool.pool_id if body.pool else None, made.secret, key_digest(made.api_key),
        body.kind, _settings(body.kind, body.settings),
    )  # fmt: skip
    async with tenant_transaction(parts.api, admin.tenant) as connection:
        await store.add_gateway(connection, row, body.title)
    await parts.credentials.refresh()
    return made


def _settings(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as the adapter's model has them, defaults written out. Raises RequestValidationError naming each field."""
    if kind == store.OUTSIDE:
        return {}
    if kind not in KINDS:
        known = ", ".join([store.OUTSIDE, *sorted(KINDS)])
        fault = {"loc": ("body", "kind"), "msg": f"there is {known}", "type": "unknown_kind"}
        raise RequestValidationError([fault])
    try:
        return KINDS[kind].settings.model_validate(given).model_dump(mode="json")
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        raise RequestValidationError([{**f, "loc": ("body", "settings", *f["loc"])} for f in faults]) from error


@router.put("/v1/gateways/{gateway_id}/settings", status_code=204, summary="Set a channel up anew; it restarts with it")
async def set_up_gateway(parts: PartsOf, admin: Admin, gateway_id: GatewayId, body: dict[str, Any]) -> None:
    row = parts.credentials.adapter(gateway_id)
    if row is None or row.tenant_id != admin.tenant:
        raise NotFound("no such channel")
    async with tenant_transaction(parts.api, admin.tenant) as connection:
        await store.set_up_gateway(connection, gateway_id, _settings(row.kind, body))
    await parts.credentials.refresh()


@router.post("/v1/gateways/{gateway_id}/secret", summary="A new secret and API key; the old ones end within seconds")
async def renew_secret(parts: PartsOf, admin: Admin, gateway_id: GatewayId) -> GatewayCredentials:
    made = GatewayCredentials(gateway_id=gateway_id, secret=new_secret(), api_key=new_api_key())
    async with tenant_transaction(parts.api, admin.tenant) as connection:
        if not await store.renew_gateway(connection, gateway_id, made.secret, key_digest(made.api_key)):
            raise NotFound("no such gateway")
    await parts.credentials.refresh()
    return made


@router.delete("/v1/gateways/{gateway_id}", status_code=204, summary="Revoke a gateway's credential")
async def revoke_gateway(parts: PartsOf, admin: Admin, gateway_id: GatewayId) -> None:
    async with tenant_transaction(parts.api, admin.tenant) as connection:
        if not await store.revoke_gateway(connection, gateway_id):
            raise NotFound("no such gateway")
    await parts.credentials.refresh()
