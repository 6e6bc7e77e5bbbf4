"""Who may call: others' gateways by signature or API key, staff by token; and how much in a second."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from services.gateway.credentials import Credential, CredentialBook
from services.gateway.parts import Parts
from shared import telemetry
from shared.postgres import Connection, tenant_transaction, worker_transaction
from shared.security import EVERY_TENANT, Principal, Role, allow

STAFF = allow(Role.AGENT, Role.SUPERVISOR, Role.ADMIN, Role.SERVICE)
Staff = Annotated[Principal, Depends(STAFF)]


async def parts_of(request: Request) -> Parts:
    return request.app.state.parts


PartsOf = Annotated[Parts, Depends(parts_of)]


class Meter:
    """So many events a second per credential, in this instance."""

    def __init__(self, rate: str) -> None:
        self._rate: RateLimitItem = parse(rate)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    async def charge(self, credential: Credential, events: int = 1) -> None:
        """Raises HTTP 429 when the credential has used up its share."""
        if not await self._limiter.hit(self._rate, credential.gateway_id, cost=max(events, 1)):
            raise HTTPException(429, f"at most {self._rate} events for this gateway", headers={"Retry-After": "1"})


async def gateway_of(request: Request) -> Credential:
    """The gateway whose signature (`UCC-Gateway` and Standard Webhooks headers) or API key the request carries. 401 else."""
    book: CredentialBook = request.app.state.parts.credentials
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "apikey":
        credential = await book.by_key(key.strip())
    else:
        body = await request.body()
        credential = await book.by_signature(request.headers.get("ucc-gateway", ""), request.headers, body)
    if credential is None:
        telemetry.count("ucc_signature_failures_total", way="http")
        raise HTTPException(
            401, "no valid signature (300 s window) or API key of a gateway", headers={"WWW-Authenticate": "ApiKey"}
        )
    return credential


async def metered_gateway(request: Request, credential: Annotated[Credential, Depends(gateway_of)]) -> Credential:
    """As `gateway_of`, charged for one request."""
    await request.app.state.meter.charge(credential)
    return credential


Gateway = Annotated[Credential, Depends(metered_gateway)]


@asynccontextmanager
async def seen_by(parts: Parts, principal: Principal) -> AsyncGenerator[Connection]:
    """A transaction that sees what the principal may: its tenant's rows; a room of UCC serves every tenant."""
    everything = principal.tenant == EVERY_TENANT and principal.has(Role.SERVICE)
    scope = worker_transaction(parts.worker) if everything else tenant_transaction(parts.api, principal.tenant)
    async with scope as connection:
        yield connection
