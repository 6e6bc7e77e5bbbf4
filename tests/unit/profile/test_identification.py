"""One customer, candidates or nobody; never a guess."""

from __future__ import annotations

import pytest

from services.profile.domain.identification import Found, IdentityLevel, identify
from services.profile.numbers import UnusableAddress, normal_form
from shared.contracts.fields import AddressKind

CLAIMED, RECOGNISED, _ = IdentityLevel


@pytest.mark.parametrize(
    ("kind", "matches", "found"),
    [
        (AddressKind.PHONE, [], Found(None, (), CLAIMED)),
        (AddressKind.PHONE, ["cu-1"], Found("cu-1", (), RECOGNISED)),
        (AddressKind.PHONE, ["cu-1", "cu-1"], Found("cu-1", (), RECOGNISED)),  # as telephone and as fax
        (AddressKind.PHONE, ["cu-2", "cu-1"], Found(None, ("cu-1", "cu-2"), CLAIMED)),
        (AddressKind.EMAIL, ["cu-1"], Found("cu-1", (), CLAIMED)),  # anybody can type an address
        (None, [], Found(None, (), CLAIMED)),
    ],
)
def test_identify(kind: AddressKind | None, matches: list[str], found: Found) -> None:
    assert identify(kind, matches) == found


@pytest.mark.parametrize(
    ("kind", "text", "country", "normal"),
    [
        ("phone", "138 1234 8000", "CN", "+8613812348000"),
        ("phone", "０２１-６２３４５６７８", "CN", "+862162345678"),  # full-width digits, area code
        ("phone", "(02) 2345-6789", "TW", "+886223456789"),
        ("fax", "+86 21 6234 5678", "TW", "+862162345678"),
        ("email", " Wang@Example.COM ", "CN", "wang@example.com"),
        ("web", " Visitor-7 ", "CN", "Visitor-7"),
    ],
)
def test_normal_form(kind: str, text: str, country: str, normal: str) -> None:
    assert normal_form(AddressKind(kind), text, country) == normal


@pytest.mark.parametrize(("kind", "text"), [("phone", "anonymous"), ("phone", "12"), ("email", "x@y"), ("web", "  ")])
def test_unusable(kind: str, text: str) -> None:
    with pytest.raises(UnusableAddress):
        normal_form(AddressKind(kind), text, "CN")
