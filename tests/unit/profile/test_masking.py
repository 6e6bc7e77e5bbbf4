"""What is left of a number for those who need not see it."""

from __future__ import annotations

import pytest

from shared.contracts.masking import masked


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("phone", "+8613812348000", "138****8000"),
        ("phone", "+862162345678", "21****5678"),
        ("fax", "+14155550123", "+141****0123"),
        ("phone", "+8612315", "****15"),
        ("email", "wang.fang@example.com", "w****@example.com"),
        ("web", "visitor-0042", "****0042"),
        ("crm", "K17", "****7"),
    ],
)
def test_masked(kind: str, value: str, shown: str) -> None:
    assert masked(kind, value) == shown
