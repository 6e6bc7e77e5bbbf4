"""Who asks: the site a path names, the visitor a token names, and how much each may ask for in a minute."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, HTTPException, Path, Request
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from services.gateway.adapters.kind import port_of
from services.gateway.adapters.port import ChannelPort
from services.gateway.adapters.web.live import Live
from services.gateway.adapters.web.settings import WebSettings
from services.gateway.adapters.web.tokens import Visitor, unseal

SiteId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._:\-]{1,64}$", description="gateway id of a row of kind web")]


class Limits:
    """So many of a thing a minute, in this instance."""

    def __init__(self) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    async def charge(self, many: int, *key: str) -> None:
        """Raises HTTP 429 when `key` has used up its minute."""
        if not await self._limiter.hit(RateLimitItemPerMinute(many), *key):
            raise HTTPException(429, f"at most {many} in a minute", headers={"Retry-After": "10"})


class State:
    """What the visitor routes of one instance share."""

    def __init__(self) -> None:
        self.limits = Limits()
        self.live = Live()


def state_of(request: Request) -> State:
    state: State | None = getattr(request.app.state, "web", None)
    if state is None:
        state = request.app.state.web = State()
    return state


@dataclass(frozen=True, slots=True)
class Site:
    port: ChannelPort
    settings: WebSettings


async def site_of(request: Request, site: SiteId) -> Site:
    """The site of the path. Raises NotFound."""
    return Site(*port_of(request, site, "web"))


SiteOf = Annotated[Site, Depends(site_of)]


def bearer(request: Request, port: ChannelPort, without: str) -> Visitor:
    """Whose token of this row the request carries. 401, saying what to do first, without a valid one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    sealed = token.strip() if scheme.lower() == "bearer" else ""
    holder = unseal(sealed, port.gateway_id, port.secret, time.time())
    if holder is None:
        raise HTTPException(401, without, headers={"WWW-Authenticate": "Bearer"})
    return holder


async def visitor_of(request: Request, site: SiteOf) -> Visitor:
    """The visitor whose token the request carries. 401 without a valid one of this site."""
    return bearer(request, site.port, "begin a session first")


VisitorOf = Annotated[Visitor, Depends(visitor_of)]


async def charged(request: Request, site: SiteOf, visitor: VisitorOf) -> None:
    """Counts what a visitor asks to be written, published or searched."""
    await state_of(request).limits.charge(site.settings.messages_per_minute, site.port.gateway_id, visitor.visitor_id)


Charged = Depends(charged)


def client_of(request: Request) -> str:
    """The address requests are counted by (uvicorn puts a trusted proxy's word here)."""
    return request.client.host if request.client else "unknown"
