"""Signing in and out: cookies for browsers, a bearer token for programs."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from services.console.guard import cookie_headers
from services.console.parts import Parts, Wired
from services.console.roster import Password
from services.console.sessions import SECRET_COOKIE, hash_password, read_secret
from services.console.store import roster, users
from services.console.store.users import User
from shared.contracts.fields import Name
from shared.postgres import tenant_transaction
from shared.security import Principal, principal_of

router = APIRouter(prefix="/api", tags=["session"])


class Credentials(BaseModel):
    model_config = ConfigDict(extra="forbid")

    tenant: Name
    user: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00]*$")]
    password: Annotated[SecretStr, Field(min_length=1, max_length=128)]


class Me(BaseModel):
    """Who is signed in. `teams` and `sites` scope a supervisor; `now` is policy time in µs."""

    user_id: str
    tenant: str
    user: str
    display_name: str
    roles: list[str]
    agent_id: str | None
    teams: list[str]
    sites: list[str]
    language: str
    now: int
    clock_rate: float


class Token(BaseModel):
    token: str
    token_type: str = "Bearer"
    expires_in: int


class NewPassword(BaseModel):
    model_config = ConfigDict(extra="forbid")

    old: Annotated[SecretStr, Field(min_length=1, max_length=128)]
    new: Password


def _me(parts: Parts, tenant: str, user: User) -> Me:
    return Me(
        user_id=user.user_id, tenant=tenant, user=user.sign_in_name, display_name=user.display_name, roles=sorted(user.roles),
        agent_id=user.agent_id, teams=list(user.teams), sites=list(user.sites), language=user.language,
        now=parts.clock.now(), clock_rate=parts.settings.clock_rate,
    )  # fmt: skip


async def _authenticated(request: Request, parts: Parts, given: Credentials) -> User:
    address = request.client.host if request.client else "unknown"
    return await parts.sign_ins.authenticate(given.tenant, given.user, given.password.get_secret_value(), address)


@router.post("/session", summary="Sign in with a browser: sets the session's cookies")
async def sign_in(request: Request, response: Response, parts: Wired, given: Credentials) -> Me:
    user = await _authenticated(request, parts, given)
    secret = await parts.sign_ins.begin(given.tenant, user)
    for cookie in cookie_headers(parts.settings, parts.sign_ins.browser_token(given.tenant, user), secret):
        response.headers.append("set-cookie", cookie)
    return _me(parts, given.tenant, user)


@router.get("/session", summary="Who is signed in")
async def who(parts: Wired, principal: Annotated[Principal, Depends(principal_of)]) -> Me:
    return _me(parts, principal.tenant, await _user(parts, principal))


@router.delete("/session", status_code=204, summary="Sign out: the session ends, its cookies go")
async def sign_out(request: Request, response: Response, parts: Wired) -> None:
    await parts.sign_ins.end(request.cookies.get(SECRET_COOKIE, ""))
    for cookie in cookie_headers(parts.settings, "", ""):
        response.headers.append("set-cookie", cookie)


@router.post("/tokens", summary="A bearer token for a program")
async def token(request: Request, parts: Wired, given: Credentials) -> Token:
    user = await _authenticated(request, parts, given)
    return Token(
        token=parts.sign_ins.program_token(given.tenant, user), expires_in=parts.settings.session_seconds
    )  # fmt: skip


@router.post("/session/password", status_code=204, summary="Change one's own password; other sessions end")
async def change_password(
    request: Request, parts: Wired, principal: Annotated[Principal, Depends(principal_of)], given: NewPassword
) -> None:
    user = await _user(parts, principal)
    await parts.sign_ins.authenticate(
        principal.tenant, user.sign_in_name, given.old.get_secret_value(), f"user:{user.user_id}"
    )
    password_hash = await asyncio.to_thread(hash_password, given.new.get_secret_value())
    _, keep = read_secret(request.cookies.get(SECRET_COOKIE, ""))
    async with tenant_transaction(parts.api_pool, principal.tenant) as connection:
        await users.set_password(connection, user.user_id, password_hash, keep_session=keep)
        await roster.note(connection, user.user_id, "password_changed", "users", user.user_id, None)


async def _user(parts: Parts, principal: Principal) -> User:
    async with tenant_transaction(parts.api_pool, principal.tenant) as connection:
        user = await users.user_by_id(connection, principal.subject)
    if user is None or not user.active:
        raise HTTPException(401, "this account no longer exists")
    return user
