"""The signature of TwiML gateways: HMAC-SHA1 over the public URL and the sorted parameters, keyed by the account's token.

It carries no time, so a copied request stays valid: what a request does is therefore tied to ids (call, step, leg) that
count once, and nothing is answered about a call that is over.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit

from shared.security import same

_USUAL_PORTS = {"http": 80, "https": 443}


def signature(token: str, url: str, parameters: Iterable[tuple[str, str]]) -> str:
    """What the gateway sends as `X-Twilio-Signature`."""
    text = url + "".join(name + value for name, value in sorted(set(parameters)))
    return base64.b64encode(hmac.digest(token.encode(), text.encode(), "sha1")).decode()


def signed(token: str, url: str, parameters: Iterable[tuple[str, str]], given: str) -> bool:
    """Whether `given` fits; gateways differ in whether they sign the usual port with the URL."""
    listed = list(parameters)
    return any(same(signature(token, way, listed), given) for way in _ways(url))


def _ways(url: str) -> set[str]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or _USUAL_PORTS.get(parts.scheme)
    return {url, urlunsplit(parts._replace(netloc=host)), urlunsplit(parts._replace(netloc=f"{host}:{port}"))}
