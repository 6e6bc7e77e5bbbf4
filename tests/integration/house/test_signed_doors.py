"""I12 at the doors of providers: each request is signed by the gateway's own secret; another tenant's gateway cannot pass for it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
import pytest_asyncio

from shared.security import Role, sign_webhook
from tests.integration.house.conftest import House

SIGNED = {
    ("POST", "/v1/twiml/{gateway_id}/voice"), ("POST", "/v1/twiml/{gateway_id}/next"),
    ("POST", "/v1/twiml/{gateway_id}/party"),
    ("POST", "/v1/twiml/{gateway_id}/gather"), ("POST", "/v1/twiml/{gateway_id}/said"),
    ("POST", "/v1/twiml/{gateway_id}/status"), ("POST", "/v1/twiml/{gateway_id}/leg"),
    ("POST", "/v1/twiml/{gateway_id}/dial"), ("POST", "/v1/twiml/{gateway_id}/recording"),
    ("GET", "/v1/twiml/{gateway_id}/audio/{audio}.wav"),
    ("POST", "/v1/sms/{gateway_id}/inbound"), ("POST", "/v1/sms/{gateway_id}/reports"),
}  # fmt: skip
"""Doors for which nobody has a token of UCC: the provider signs."""
PUBLIC = "https://ucc.example"
ENTRY = "+862155550100"


@dataclass(frozen=True)
class Provider:
    """A tenant's account with a provider. `twiml`, `sms`: gateway ids."""

    tenant: str
    twiml: str
    token: str
    sms: str
    secret: str

    def knock(self, method: str, path: str, at: Provider) -> tuple[str, dict[str, str], bytes]:
        """A request for the door of `at`, signed as this one's provider signs: path, headers, body."""
        kind = "twiml" if "/twiml/" in path else "sms"
        path = path.format(gateway_id=getattr(at, kind), audio="abc")
        if kind == "sms":
            body = json.dumps(
                {"id": "m-1", "from": "+8613900000001", "to": ENTRY, "text": "hello", "status": "sent"}
            ).encode()
            signed = sign_webhook(self.secret, "msg_1", body, int(time.time()))
            return path, {"content-type": "application/json", **signed}, body
        form = {
            "CallSid": f"CA-{at.tenant}",
            "AccountSid": "AC1",
            "To": "+862100000000",
            "From": "+8613900000001",
            "CallStatus": "ringing",
        }
        signed_text = PUBLIC + path + "".join(name + form[name] for name in sorted(form))
        mac = base64.b64encode(hmac.digest(self.token.encode(), signed_text.encode(), hashlib.sha1)).decode()
        return (
            path,
            {"content-type": "application/x-www-form-urlencoded", "x-twilio-signature": mac},
            urlencode(form).encode(),
        )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def providers(house: House) -> dict[str, Provider]:
    made: dict[str, Provider] = {}
    for tenant in ("east", "west"):
        admin, token = house.bearer(tenant, Role.ADMIN), f"the token of {tenant}"
        entries = [{"entry": ENTRY, "business_line": "rental"}]
        calls = {
            "account_sid": "AC1", "auth_token": token, "api_url": "http://127.0.0.1:9", "public_url": PUBLIC,
            "caller_id": ENTRY, "entries": entries,
        }  # fmt: skip
        texts = {"entries": entries, "send_url": "http://127.0.0.1:9"}
        rows = [
            await house.made(
                "gateway", "POST", "/v1/gateways", admin, json={"title": kind, "kind": kind, "settings": settings}
            )
            for kind, settings in (("twiml", calls), ("sms", texts))
        ]
        made[tenant] = Provider(tenant, rows[0]["gateway_id"], token, rows[1]["gateway_id"], rows[1]["secret"])
    return made


@pytest.mark.parametrize(("method", "path"), sorted(SIGNED))
async def test_only_its_own_provider_is_let_in(
    house: House, providers: dict[str, Provider], method: str, path: str
) -> None:
    east, west = providers["east"], providers["west"]
    where, headers, body = east.knock(method, path, at=east)
    plain = {name: value for name, value in headers.items() if name == "content-type"}
    assert (await house.ask("gateway", method, where, plain, content=body)).status_code == 401
    staff = {**plain, **house.bearer("east", Role.ADMIN)}
    assert (await house.ask("gateway", method, where, staff, content=body)).status_code == 401
    _, foreign, _ = west.knock(method, path, at=east)
    assert (await house.ask("gateway", method, where, foreign, content=body)).status_code == 401
    changed = body.replace(b"13900000001", b"13900000002")
    assert (await house.ask("gateway", method, where, headers, content=changed)).status_code == 401
    if method == "POST":  # a sound's address is given out with its key, tried with the channel
        assert (await house.ask("gateway", method, where, headers, content=body)).status_code in (200, 204)
