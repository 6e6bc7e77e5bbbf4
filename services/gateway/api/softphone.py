"""The telephone in the page of whoever asks: where to register, as whom, with which password."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel

from services.gateway import store
from services.gateway.adapters.asterisk.ari import Ari, AriRefused, Away, Gone
from services.gateway.adapters.asterisk.settings import AsteriskSettings
from services.gateway.adapters.asterisk.softphone import Account, IceServer, SoftphoneSettings, account_of, provide
from services.gateway.api.access import PartsOf
from services.gateway.parts import Parts
from shared import telemetry
from shared.contracts.wire import to_iso
from shared.errors import NotFound
from shared.postgres import tenant_transaction
from shared.security import Principal, Role, allow

router = APIRouter(tags=["endpoints"])
log = telemetry.logger("gateway")

KIND = "asterisk"
Owner = Annotated[Principal, Depends(allow(Role.AGENT, Role.SUPERVISOR, Role.ADMIN))]


class Softphone(BaseModel):
    """Valid until `expires_at`; the page asks again before that, or when it is refused."""

    ws_url: str
    sip_uri: str
    user: str
    password: str
    expires_at: str
    ice: list[IceServer]


@router.get("/v1/agents/me/softphone", summary="The telephone in one's own page")
async def get_softphone(parts: PartsOf, principal: Owner) -> Softphone:
    """404 for whom no phone of kind softphone is set, or where no Asterisk takes browsers; 503 while it does not answer."""
    agent_id = principal.agent_id or principal.subject
    async with tenant_transaction(parts.api, principal.tenant) as connection:
        found = await store.endpoints(connection, principal.tenant, agent_id)
    if not found or found[0].kind != "softphone":
        raise NotFound("no softphone is set for you")
    row, asterisk, settings = _exchange(parts, principal.tenant)
    account = account_of(row.secret, found[0].address, settings.password_hours, time.time())
    await _push(asterisk, account, settings)
    return Softphone(
        ws_url=settings.ws_url, sip_uri=f"sip:{account.user}@{settings.domain}", user=account.user,
        password=account.password, expires_at=to_iso(account.expires_at * 1_000_000), ice=list(settings.ice),
    )  # fmt: skip


def _exchange(parts: Parts, tenant: str) -> tuple[store.CredentialRow, AsteriskSettings, SoftphoneSettings]:
    """The tenant's first Asterisk that takes browsers. Raises NotFound."""
    for row in sorted(parts.credentials.adapters(), key=lambda row: row.gateway_id):
        if row.tenant_id == tenant and row.kind == KIND:
            asterisk = AsteriskSettings.model_validate(row.settings)
            if asterisk.softphone is not None:
                return row, asterisk, asterisk.softphone
    raise NotFound("no Asterisk here takes telephones in pages")


async def _push(asterisk: AsteriskSettings, account: Account, settings: SoftphoneSettings) -> None:
    ari = Ari(asterisk.ari_url, asterisk.ari_user, asterisk.ari_password.get_secret_value(), asterisk.app)
    try:
        await provide(ari, account, settings)
    except (Away, Gone, AriRefused) as error:
        log.warning("softphone not provided", fault=type(error).__name__)
        raise HTTPException(503, "the telephone exchange does not answer", headers={"Retry-After": "3"}) from error
    finally:
        await ari.close()
