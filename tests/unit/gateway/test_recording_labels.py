"""Names of recordings in Asterisk: whose they are can be read back, others' are left alone."""

from __future__ import annotations

import pytest

from services.gateway.adapters.asterisk.recording import Label


@pytest.mark.parametrize("told", [True, False])
def test_a_name_says_whose_recording_it_is(told: bool) -> None:
    label = Label("0b0cd3ab-e59a-5a66-86e0-3a4d3a3f2c11", 1_800_000_000_000_000, told)
    assert Label.of(label.name) == label


@pytest.mark.parametrize(
    "name", ["voicemail", "ucc", "ucc.c.1", "ucc.c.x.1", "ucc.c.1.2", "other.c.1.1", "ucc.c.1.1.1", ""]
)
def test_what_is_not_ours_is_left_alone(name: str) -> None:
    assert Label.of(name) is None
