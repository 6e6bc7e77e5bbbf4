"""Our Standard Webhooks signatures are those of its library, and go on to what is not text."""

from __future__ import annotations

import base64
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from shared.security import sign_webhook, verify_webhook, webhook_signed_at

SECRET = "whsec_" + base64.b64encode(b"a key of thirty-two bytes......!").decode()


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.integers(0, 4_000_000_000))
def test_the_same_signature_as_the_library(body: str, at: int) -> None:
    expected = Webhook(SECRET).sign("msg_1", datetime.fromtimestamp(at, UTC), body)
    headers = sign_webhook(SECRET, "msg_1", body.encode(), at)
    assert headers["webhook-signature"] == expected
    assert webhook_signed_at(SECRET, headers, body.encode()) == at


def test_the_library_believes_us() -> None:
    body = b'{"a": 1}'
    assert Webhook(SECRET).verify(body, sign_webhook(SECRET, "msg_1", body, int(time.time()))) == {"a": 1}


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_bytes_are_signed_as_they_are(body: bytes, other: bytes) -> None:
    headers = sign_webhook(SECRET, "msg_1", body, int(time.time()))
    assert verify_webhook(SECRET, headers, body)
    assert verify_webhook(SECRET, headers, other) == (body == other)


@pytest.mark.parametrize(("age", "believed"), [(0, True), (295, True), (305, False), (-295, True), (-305, False)])
def test_a_window_of_five_minutes(age: int, believed: bool) -> None:
    assert verify_webhook(SECRET, sign_webhook(SECRET, "msg_1", b"x", int(time.time()) - age), b"x") is believed


def test_one_of_several_signatures_is_enough() -> None:
    headers = sign_webhook(SECRET, "msg_1", b"x", int(time.time()))
    headers["webhook-signature"] = "v1,b2xkZXI= v1a,xx " + headers["webhook-signature"]
    assert verify_webhook(SECRET, headers, b"x")
