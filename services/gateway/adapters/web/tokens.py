"""Who a visitor is: a sealed token of ours, and the site's signed word for those who are signed in there.

The token is encrypted and authenticated (JWE, A256GCM) under a key derived from the site's row, so it is opaque to the
browser that keeps it, cannot be altered, and ends when the row's secret is renewed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass

from joserfc import jwe, jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

IDENTITY_SECONDS = 24 * 3600
"""A site's word older than this in its `exp` is not taken: a leaked one must end some day."""
MAX_TOKEN = 4_000


@dataclass(frozen=True, slots=True)
class Visitor:
    """`customer`, `name`: what the site vouched for; None for somebody unknown. `expires_at`: seconds since 1970."""

    visitor_id: str
    expires_at: int
    customer: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class SignedIdentity:
    """A site's word for one of its users."""

    customer: str
    name: str | None


def _key(secret: str) -> OctKey:
    return OctKey.import_key(hmac.digest(secret.encode(), b"ucc web visitor token", "sha256"))


def new_visitor(expires_at: int) -> Visitor:
    """Somebody unknown, under an id that says nothing."""
    return Visitor(f"v{secrets.token_hex(12)}", expires_at)


def known_visitor(identity: SignedIdentity, secret: str, expires_at: int) -> Visitor:
    """Somebody the site vouches for: the same visitor in every browser, under an id only this row can make."""
    digest = hmac.digest(secret.encode(), b"ucc web visitor id\x00" + identity.customer.encode(), "sha256")
    return Visitor(f"u{digest.hex()[:24]}", expires_at, identity.customer, identity.name)


def seal(visitor: Visitor, site: str, secret: str) -> str:
    """The visitor's token for this site."""
    claims = {"v": visitor.visitor_id, "s": site, "e": visitor.expires_at, "c": visitor.customer, "n": visitor.name}
    return jwe.encrypt_compact({"alg": "dir", "enc": "A256GCM"}, json.dumps(claims), _key(secret))


def unseal(token: str, site: str, secret: str, now: float) -> Visitor | None:
    """The visitor; None for a token altered, expired, or of another site."""
    if not token or len(token) > MAX_TOKEN:
        return None
    try:
        sealed = jwe.decrypt_compact(token, _key(secret), algorithms=["dir", "A256GCM"]).plaintext
        claims = json.loads(sealed or b"")
        visitor = Visitor(claims["v"], int(claims["e"]), claims["c"], claims["n"])
    except (JoseError, ValueError, KeyError, TypeError):
        return None
    return visitor if claims["s"] == site and visitor.expires_at > now else None


def identity_of(word: str, key: str, now: float) -> SignedIdentity | None:
    """Whom a site vouches for: a JWT (HS256) with `id`, `exp` (a day ahead at most) and perhaps `name`; None for anything else."""
    if len(word) > MAX_TOKEN:
        return None
    try:
        claims = jwt.decode(word, OctKey.import_key(key.encode()), algorithms=["HS256"]).claims
        customer, name, expires_at = claims["id"], claims.get("name"), claims["exp"]
    except (JoseError, ValueError, KeyError, TypeError):
        return None
    if not isinstance(customer, str) or not 1 <= len(customer) <= 128 or not customer.isprintable():
        return None
    if not isinstance(expires_at, int | float) or not now < expires_at <= now + IDENTITY_SECONDS:
        return None
    shown = name.strip()[:100] if isinstance(name, str) and name.isprintable() else ""
    return SignedIdentity(customer, shown or None)


def digest(text: str) -> str:
    """A short stable mark of a text, for keys and entity tags."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
