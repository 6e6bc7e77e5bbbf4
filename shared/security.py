"""Who is asking: tokens (Ed25519, verified with public keys only), roles, and signatures of gateways.

Staff get short-lived tokens from console; services hold one with role `service` and tenant `*`. Every route names the
roles that may use it, and the tenant always comes from the token, never from the request.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fastapi import HTTPException, Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

ISSUER = "ucc"
EVERY_TENANT = "*"
REMEMBERED_TOKENS = 4096


class Role(StrEnum):
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    CAMPAIGN_MANAGER = "campaign_manager"
    ANALYST = "analyst"
    ADMIN = "admin"
    SERVICE = "service"  # a room of UCC itself


@dataclass(frozen=True, slots=True)
class Principal:
    """The verified asker. `teams` and `sites` scope what a supervisor sees; empty means all of the tenant."""

    subject: str
    tenant: str
    roles: frozenset[Role]
    agent_id: str | None = None
    teams: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()

    def has(self, *roles: Role) -> bool:
        return bool(self.roles.intersection(roles))


def new_signing_key() -> str:
    """A fresh private key (JWK, JSON)."""
    return json.dumps(OKPKey.generate_key("Ed25519", auto_kid=True).as_dict(private=True))


def public_keys(signing_key: str) -> str:
    """The JWKS (JSON) that verifies tokens of `signing_key`."""
    return json.dumps({"keys": [OKPKey.import_key(json.loads(signing_key)).as_dict(private=False)]})


def issue_token(signing_key: str, principal: Principal, *, lifetime_seconds: int) -> str:
    """A signed token for `principal`."""
    key = OKPKey.import_key(json.loads(signing_key))
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "sub": principal.subject,
        "tenant": principal.tenant,
        "roles": sorted(principal.roles),
        "agent": principal.agent_id,
        "teams": list(principal.teams),
        "sites": list(principal.sites),
        "iat": now,
        "exp": now + lifetime_seconds,
    }
    return jwt.encode({"alg": "Ed25519", "kid": key.kid}, claims, key, algorithms=["Ed25519"])


class TokenVerifier:
    """Believes tokens signed by the given public keys, nothing else."""

    def __init__(self, jwks: str) -> None:
        self._keys = KeySet.import_key_set(json.loads(jwks)) if json.loads(jwks)["keys"] else None
        self._verified: dict[str, tuple[Principal, float]] = {}
        self._rules = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": ISSUER}, sub={"essential": True}, exp={"essential": True}
        )

    def verify(self, token: str) -> Principal | None:
        """The principal, or None for anything that is not a valid token now. A signature is checked once per token."""
        if self._keys is None:
            return None
        known = self._verified.get(token)
        if known is not None and known[1] > time.time():
            return known[0]
        try:
            claims = jwt.decode(token, self._keys, algorithms=["Ed25519"]).claims
            self._rules.validate(claims)
            principal = Principal(
                claims["sub"],
                claims["tenant"],
                frozenset(Role(role) for role in claims["roles"]),
                claims.get("agent"),
                tuple(claims.get("teams") or ()),
                tuple(claims.get("sites") or ()),
            )
            if len(self._verified) >= REMEMBERED_TOKENS:
                self._verified.clear()
            self._verified[token] = (principal, claims["exp"])
            return principal
        except (JoseError, ValueError, KeyError, TypeError):
            return None


def principal_of(request: Request) -> Principal:
    """The verified principal of a request (bearer token, or console's session cookie). 401 without one."""
    verifier: TokenVerifier = request.app.state.verifier
    header = request.headers.get("authorization", "")
    token = header[7:] if header.lower().startswith("bearer ") else request.cookies.get("ucc_session", "")
    principal = verifier.verify(token) if token else None
    if principal is None:
        raise HTTPException(401, "sign in first", headers={"WWW-Authenticate": "Bearer"})
    return principal


def allow(*roles: Role) -> Callable[[Request], Awaitable[Principal]]:
    """A dependency for routes: the principal, if it has one of `roles`; else 403."""

    async def check(
        request: Request,
    ) -> Principal:  # async: FastAPI sends a plain function to a thread, which costs more than it does
        principal = principal_of(request)
        if not principal.has(*roles):
            raise HTTPException(403, f"needs one of the roles {', '.join(sorted(roles))}")
        return principal

    return check


WEBHOOK_WINDOW_SECONDS = 300
_LATEST = 2**40  # seconds; no clock shows more


def verify_webhook(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Standard Webhooks: HMAC-SHA256 over id.timestamp.body, 300 s window. `secret` is `whsec_…` (base64)."""
    at = webhook_signed_at(secret, headers, body)
    return at is not None and abs(time.time() - at) <= WEBHOOK_WINDOW_SECONDS


def webhook_signed_at(secret: str, headers: Mapping[str, str], body: bytes) -> int | None:
    """When (seconds since 1970) a body was signed, however long ago; None when the signature does not fit."""
    try:
        at = int(headers["webhook-timestamp"])
        expected = _signature(secret, headers["webhook-id"], at, body)
    except (KeyError, ValueError):
        return None
    if not 0 <= at <= _LATEST:
        return None
    return at if any(same(expected, given) for given in headers.get("webhook-signature", "").split()) else None


def sign_webhook(secret: str, message_id: str, body: bytes, at: int) -> dict[str, str]:
    """Headers that sign `body` the Standard Webhooks way; `at` in seconds since 1970."""
    signature = _signature(secret, message_id, at, body)
    return {"webhook-id": message_id, "webhook-timestamp": str(at), "webhook-signature": signature}


def _signature(secret: str, message_id: str, at: int, body: bytes) -> str:
    """Standard Webhooks, version 1. Its library signs text only; a fax is none (a test holds the two together)."""
    key = base64.b64decode(secret.removeprefix("whsec_") + "==")
    return "v1," + base64.b64encode(hmac.digest(key, f"{message_id}.{at}.".encode() + body, "sha256")).decode()


def key_digest(api_key: str) -> str:
    """What is stored of a random API key."""
    return hashlib.sha256(api_key.encode()).hexdigest()


def same(left: str, right: str) -> bool:
    """Constant-time comparison."""
    return hmac.compare_digest(left.encode(), right.encode())
