"""Signatures agree with the official validator, both ways; what was changed on the way is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from services.gateway.adapters.twiml.signature import signature, signed

TOKEN = "12345678901234567890123456789012"
URL = "https://ucc.example/v1/twiml/gw-1/gather?step=abc"
FORM = {"CallSid": "CA1", "From": "+8613800008000", "Digits": "1", "Unheard-Of": "", "名": "值"}


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=6))
def test_the_same_as_the_official_one(form: dict[str, str]) -> None:
    clean = {k.encode("utf-8", "replace").decode(): v.encode("utf-8", "replace").decode() for k, v in form.items()}
    ours = signature(TOKEN, URL, clean.items())
    assert ours == RequestValidator(TOKEN).compute_signature(URL, clean)
    assert RequestValidator(TOKEN).validate(URL, clean, ours)
    assert signed(TOKEN, URL, clean.items(), RequestValidator(TOKEN).compute_signature(URL, clean))


@pytest.mark.parametrize("url", [URL, "https://ucc.example:443/v1/twiml/gw-1/gather?step=abc"])
def test_with_and_without_the_usual_port(url: str) -> None:
    assert signed(TOKEN, URL, FORM.items(), RequestValidator(TOKEN).compute_signature(url, FORM))


@pytest.mark.parametrize(
    ("token", "url", "form"),
    [
        ("another token", URL, FORM),
        (TOKEN, URL.replace("abc", "abd"), FORM),
        (TOKEN, URL.replace("gw-1", "gw-2"), FORM),
        (TOKEN, URL.replace("https", "http"), FORM),
        (TOKEN, URL, {**FORM, "Digits": "2"}),
        (TOKEN, URL, {**FORM, "More": "x"}),
        (TOKEN, URL, {k: v for k, v in FORM.items() if k != "Digits"}),
    ],
)
def test_whatever_was_changed_is_noticed(token: str, url: str, form: dict[str, str]) -> None:
    genuine = signature(TOKEN, URL, FORM.items())
    assert signed(TOKEN, URL, FORM.items(), genuine)
    assert not signed(token, url, form.items(), genuine)
    assert not RequestValidator(token).validate(url, form, genuine)


@pytest.mark.parametrize("given", ["", "AAAA", "é", "v1,AAAA"])
def test_no_signature_is_none(given: str) -> None:
    assert not signed(TOKEN, URL, FORM.items(), given)
