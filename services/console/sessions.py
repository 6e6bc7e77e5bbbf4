"""Who signs in: passwords (argon2id), limits on guessing, tokens, and browser sessions that renew them.

A browser holds two HttpOnly cookies: a short-lived token every service can verify by itself, and the session's secret,
which only the console can turn into the next token, with the roles of that moment. Ending a session, deactivating a
user or changing roles therefore takes effect within one token's life, and at once for everything that renews.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import secrets
import time
from dataclasses import dataclass

import argon2
from argon2.exceptions import InvalidHashError, VerificationError
from fastapi import HTTPException, Request
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from services.console.settings import ConsoleSettings
from services.console.store import users
from services.console.store.users import User
from shared.errors import Backpressure
from shared.postgres import Pool, tenant_transaction
from shared.security import issue_token, key_digest

TOKEN_COOKIE = "ucc_session"
SECRET_COOKIE = "ucc_renewal"
ADDRESS_FACTOR = 6
"""Failures one address may cause, in failures of one user: an office shares an address."""

CHECKS_AT_ONCE = 2
"""Passwords: each takes four threads, 64 MiB and 0.2 s of a core. When a shift of a hundred signs in, those at work come first."""
CHECK_WAITS_SECONDS = 8.0

_HASHER = argon2.PasswordHasher()
_NOBODY = _HASHER.hash(secrets.token_urlsafe(16))
"""What is verified where there is no such user, so that both answers take the same time."""


def hash_password(password: str) -> str:
    """argon2id with the library's current parameters (RFC 9106, low memory)."""
    return _HASHER.hash(password)


def password_fits(password_hash: str, password: str) -> bool:
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def token_of(request: Request) -> str:
    """The token a request came with: bearer, else the cookie's; "" without."""
    header = request.headers.get("authorization", "")
    return header[7:] if header else request.cookies.get(TOKEN_COOKIE, "")


def token_expiry(token: str) -> float:
    """Wall seconds at which a (verified) token ends; 0.0 for what is no token."""
    try:
        payload = token.split(".")[1]
        return float(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["exp"])
    except (IndexError, ValueError, KeyError, TypeError, binascii.Error):
        return 0.0


@dataclass(frozen=True, slots=True)
class Renewed:
    token: str
    user: User


class SignIns:
    """Signs people in and keeps their sessions."""

    def __init__(self, settings: ConsoleSettings, pool: Pool) -> None:
        self._settings = settings
        self._pool = pool
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._per_user = RateLimitItemPerMinute(settings.sign_in_failures_per_minute)
        self._per_address = RateLimitItemPerMinute(settings.sign_in_failures_per_minute * ADDRESS_FACTOR)
        self._checking = asyncio.Semaphore(CHECKS_AT_ONCE)

    async def _check(self, password_hash: str, password: str) -> bool:
        """Raises Backpressure where too many sign in: whoever waits longer has asked again meanwhile."""
        try:
            async with asyncio.timeout(CHECK_WAITS_SECONDS):
                await self._checking.acquire()
        except TimeoutError:
            raise Backpressure("many sign in at once") from None
        try:
            return await asyncio.to_thread(password_fits, password_hash, password)
        finally:
            self._checking.release()

    async def authenticate(self, tenant: str, name: str, password: str, address: str) -> User:
        """The user these credentials belong to. Raises 401 for anything wrong, 429 after too many failures."""
        limits = [
            (self._per_user, ("user", tenant, name.lower())),
            (self._per_address, ("address", address)),
        ]
        for limit, key in limits:
            if not await self._limiter.test(limit, *key):
                await self._refuse(limit, key)
        async with tenant_transaction(self._pool, tenant) as connection:
            user = await users.user_by_name(connection, name)
        fits = await self._check(user.password_hash if user else _NOBODY, password)
        if user is None or not fits or not user.active:
            for limit, key in limits:
                await self._limiter.hit(limit, *key)
            raise HTTPException(401, "tenant, user or password is wrong")
        return user

    async def _refuse(self, limit: RateLimitItem, key: tuple[str, ...]) -> None:
        window = await self._limiter.get_window_stats(limit, *key)
        wait = max(1, int(window.reset_time - time.time()) + 1)
        raise HTTPException(429, "too many failed sign-ins; wait a moment", headers={"Retry-After": str(wait)})

    def browser_token(self, tenant: str, user: User) -> str:
        return self._token(tenant, user, self._settings.token_seconds)

    def program_token(self, tenant: str, user: User) -> str:
        """For programs that sign in with credentials and hold no cookie."""
        return self._token(tenant, user, self._settings.session_seconds)

    def _token(self, tenant: str, user: User, seconds: int) -> str:
        key = self._settings.token_signing_key.get_secret_value()
        return issue_token(key, user.principal(tenant), lifetime_seconds=seconds)

    async def begin(self, tenant: str, user: User) -> str:
        """Open a browser session; the value of its secret cookie."""
        secret = secrets.token_urlsafe(32)
        async with tenant_transaction(self._pool, tenant) as connection:
            await users.begin_session(connection, key_digest(secret), user.user_id)
        return base64.urlsafe_b64encode(tenant.encode()).decode().rstrip("=") + "." + secret

    async def renew(self, cookie: str) -> Renewed | None:
        """The next token of a standing session of an active user; None: sign in again."""
        tenant, digest = read_secret(cookie)
        if not tenant:
            return None
        async with tenant_transaction(self._pool, tenant) as connection:
            user_id = await users.use_session(
                connection, digest,
                idle_seconds=self._settings.session_idle_seconds, longest_seconds=self._settings.session_seconds,
            )  # fmt: skip
            user = await users.user_by_id(connection, user_id) if user_id else None
        return Renewed(self.browser_token(tenant, user), user) if user is not None and user.active else None

    async def end(self, cookie: str) -> None:
        """End the session of this secret cookie, if there is one."""
        tenant, digest = read_secret(cookie)
        if tenant:
            async with tenant_transaction(self._pool, tenant) as connection:
                await users.end_session(connection, digest)


def read_secret(cookie: str) -> tuple[str, str]:
    """Tenant and digest of a secret cookie; ("", "") for anything else."""
    head, dot, secret = cookie.partition(".")
    try:
        tenant = base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)).decode()
    except (ValueError, binascii.Error):
        return "", ""
    return (tenant, key_digest(secret)) if dot and secret and "\x00" not in tenant else ("", "")
