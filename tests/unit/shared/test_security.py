"""Tokens and signatures: believed when genuine, refused for every way they can be wrong."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from shared.security import (
    Principal,
    Role,
    TokenVerifier,
    issue_token,
    key_digest,
    new_signing_key,
    public_keys,
    same,
    sign_webhook,
    verify_webhook,
    webhook_signed_at,
)

KEY = new_signing_key()
VERIFIER = TokenVerifier(public_keys(KEY))
AGENT = Principal("user-7", "acme", frozenset({Role.AGENT}), "agent-07", ("team-1",), ("site-1",))


def test_a_genuine_token_brings_its_principal() -> None:
    assert VERIFIER.verify(issue_token(KEY, AGENT, lifetime_seconds=60)) == AGENT


def test_public_keys_hold_no_private_part() -> None:
    assert "d" not in json.loads(public_keys(KEY))["keys"][0]


def forged(key: Any, algorithm: str, **changes: Any) -> str:
    claims = {
        "iss": "ucc",
        "sub": "user-7",
        "tenant": "acme",
        "roles": ["agent"],
        "exp": int(time.time()) + 3600,  # longer than the run of all tests
        **changes,
    }
    present = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(
        {"alg": algorithm, "kid": OKPKey.import_key(json.loads(KEY)).kid}, present, key, algorithms=[algorithm]
    )


def own(**changes: Any) -> str:
    return forged(OKPKey.import_key(json.loads(KEY)), "Ed25519", **changes)


def segment(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


GENUINE = own()
HEAD, BODY, SIGNATURE = GENUINE.split(".")
REFUSED = {
    "expired": own(exp=int(time.time()) - 1),
    "without expiry": own(exp=None),
    "of another issuer": own(iss="somebody"),
    "without an issuer": own(iss=None),
    "without a subject": own(sub=None),
    "without a tenant": own(tenant=None),
    "with a role nobody has": own(roles=["emperor"]),
    "without roles": own(roles=None),
    "by another key": issue_token(new_signing_key(), AGENT, lifetime_seconds=60),
    "by another key under our key's id": forged(OKPKey.generate_key("Ed25519"), "Ed25519"),
    "signed with the public key as a secret": forged(OctKey.import_key(public_keys(KEY)), "HS256"),
    "unsigned": f"{segment({'alg': 'none'})}.{BODY}.",
    "with its signature cut off": f"{HEAD}.{BODY}.",
    "with another body": f"{HEAD}.{segment({'iss': 'ucc', 'sub': 'x', 'tenant': '*', 'roles': ['service'], 'exp': 2**40})}.{SIGNATURE}",
    "with another signature": f"{HEAD}.{BODY}.{SIGNATURE[:-6]}AAAAAA",
    "not a token": "x",
    "of two parts": f"{HEAD}.{BODY}",
    "not ASCII": "é.ü.ö",
    "empty": "",
}


@pytest.mark.parametrize("token", REFUSED.values(), ids=REFUSED)
def test_anything_else_is_nobody(token: str) -> None:
    assert VERIFIER.verify(token) is None


def test_the_genuine_one_among_the_forged_is_believed() -> None:
    assert VERIFIER.verify(GENUINE) is not None


def test_a_remembered_token_still_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    verifier, token = TokenVerifier(public_keys(KEY)), issue_token(KEY, AGENT, lifetime_seconds=60)
    assert verifier.verify(token) == AGENT
    later = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: later)
    assert verifier.verify(token) is None


def test_without_keys_nobody_is_believed() -> None:
    assert TokenVerifier('{"keys": []}').verify(GENUINE) is None


# The test vector of the Standard Webhooks specification's reference libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VECTOR = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
BODY_OF_VECTOR = b'{"test": 2432232314}'


def test_the_standards_own_vector() -> None:
    assert webhook_signed_at(SECRET, VECTOR, BODY_OF_VECTOR) == 1614265330
    assert sign_webhook(SECRET, VECTOR["webhook-id"], BODY_OF_VECTOR, 1614265330) == VECTOR
    assert not verify_webhook(SECRET, VECTOR, BODY_OF_VECTOR)  # years outside the window


def signed(body: bytes = b"{}", ago: int = 0) -> dict[str, str]:
    return sign_webhook(SECRET, "msg_1", body, int(time.time()) - ago)


def test_the_window_is_five_minutes_both_ways() -> None:
    assert verify_webhook(SECRET, signed(ago=290), b"{}")
    assert verify_webhook(SECRET, signed(ago=-290), b"{}")
    assert not verify_webhook(SECRET, signed(ago=310), b"{}")
    assert not verify_webhook(SECRET, signed(ago=-310), b"{}")


def test_one_fitting_signature_of_several_is_enough_while_secrets_change() -> None:
    headers = signed()
    headers["webhook-signature"] = f"v1,AAAA v1a,xyz {headers['webhook-signature']}"
    assert verify_webhook(SECRET, headers, b"{}")


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "msg_2"},
        {"webhook-timestamp": str(int(time.time()) - 7)},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "9" * 30},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "nonsense"},
        {"webhook-signature": "v1,é"},
        {"webhook-signature": ""},
    ],
)
def test_a_changed_header_is_refused(change: dict[str, str]) -> None:
    assert not verify_webhook(SECRET, {**signed(), **change}, b"{}")


def test_a_missing_header_another_body_another_secret_are_refused() -> None:
    for header in VECTOR:
        assert not verify_webhook(SECRET, {k: v for k, v in signed().items() if k != header}, b"{}")
    assert not verify_webhook(SECRET, signed(), b"{ }")
    assert not verify_webhook(SECRET, signed(), b"\xff\xfe")
    assert not verify_webhook("whsec_" + base64.b64encode(b"another secret of ours").decode(), signed(), b"{}")


def test_keys_are_stored_as_digests_and_compared_whole() -> None:
    assert key_digest("a") != "a"
    assert same(key_digest("a"), key_digest("a"))
    assert not same(key_digest("a"), key_digest("b"))
