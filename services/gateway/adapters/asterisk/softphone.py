"""The telephone in an agent's page: a SIP account of Asterisk over WebSocket, made when the page asks for it.

Nobody configures these accounts: account, address and credential are pushed through ARI into Asterisk's own database
(`sorcery.conf` of the generated configuration says so), where they survive its restart. A password follows from the row's
secret, the account and the hours it is good for, so that every instance of the gateway gives the same one; asking again
after them replaces it.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import time
from dataclasses import dataclass
from typing import Annotated, Any, Final, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.gateway.adapters.asterisk.ari import Ari, AriRefused, Away, Gone, path
from services.gateway.adapters.port import ChannelPort
from shared import telemetry

log = telemetry.logger("gateway")

CONTEXT: Final = "ucc-phones"
_LOCAL: Final = ("localhost", "127.0.0.1", "::1")
_LABEL: Final = b"ucc softphone 1"


class IceServer(BaseModel):
    """A STUN or TURN server, as browsers take it."""

    model_config = ConfigDict(extra="forbid")
    urls: Annotated[str, Field(pattern=r"^(stun|stuns|turn|turns):[^\s]{1,200}$")]
    username: str | None = None
    credential: str | None = None


class SoftphoneSettings(BaseModel):
    """Where browsers reach Asterisk. Sound and signalling are encrypted: `ws://` only for a browser on the same machine."""

    model_config = ConfigDict(extra="forbid")
    ws_url: Annotated[str, Field(pattern=r"^wss?://[^\s?#]{1,200}$")]
    domain: Annotated[str, Field(pattern=r"^[A-Za-z0-9.\-]{1,255}$")] = "ucc.invalid"
    codecs: Annotated[str, Field(pattern=r"^[a-z0-9,]{1,64}$")] = "opus,ulaw,alaw"
    password_hours: Annotated[int, Field(ge=1, le=24)] = 12
    ice: tuple[IceServer, ...] = ()

    @model_validator(mode="after")
    def _encrypted(self) -> Self:
        parts = urlsplit(self.ws_url)
        if parts.scheme == "ws" and parts.hostname not in _LOCAL:
            raise ValueError("ws_url: wss:// except on this machine")
        return self


@dataclass(frozen=True, slots=True)
class Account:
    """A page's SIP account. `expires_at`: seconds since 1970, after which the page asks again."""

    user: str
    password: str
    expires_at: int


def account_of(secret: str, user: str, hours: int, now: float) -> Account:
    """The account `user` has at `now` (seconds since 1970)."""
    seconds = hours * 3600
    window = int(now) // seconds
    digest = hmac.digest(secret.encode(), b"\0".join((_LABEL, user.encode(), str(window).encode())), "sha256")
    return Account(user, base64.b32encode(digest[:20]).decode().lower(), (window + 1) * seconds)


async def rotate(port: ChannelPort, ari: Ari, settings: SoftphoneSettings) -> None:
    """When passwords are over Asterisk learns the next ones at once, for ever: an old one opens nothing."""
    while True:
        now = time.time()
        over = account_of(port.secret, "", settings.password_hours, now).expires_at
        await asyncio.sleep(max(over - now, 0) + 1)
        for endpoint in await port.endpoints():
            if endpoint.kind != "softphone":
                continue
            account = account_of(port.secret, endpoint.address, settings.password_hours, time.time())
            try:
                await provide(ari, account, settings)
            except (Away, Gone, AriRefused) as error:
                log.warning("a softphone keeps its old password until its page asks", fault=type(error).__name__)


async def provide(ari: Ari, account: Account, settings: SoftphoneSettings) -> None:
    """Make Asterisk know the account; again is harmless. Raises Away, AriRefused."""
    user = account.user
    objects: dict[str, dict[str, Any]] = {
        "auth": {"auth_type": "userpass", "username": user, "password": account.password},
        "aor": {"max_contacts": 1, "remove_existing": "yes"},
        "endpoint": {
            "aors": user, "auth": user, "context": CONTEXT, "disallow": "all", "allow": settings.codecs, "webrtc": "yes",
            "direct_media": "no", "rtp_timeout": 60, "device_state_busy_at": 1, "callerid": f"{user} <{user}>",
        },
    }  # fmt: skip
    for kind, fields in objects.items():
        body = {"fields": [{"attribute": name, "value": str(value)} for name, value in fields.items()]}
        await ari.request("PUT", path("asterisk", "config", "dynamic", "res_pjsip", kind, user), body)
