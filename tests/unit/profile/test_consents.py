"""Consent: what stands at any moment, how far a refusal reaches, and when people wish not to be called."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest

from services.profile.domain.consents import ALL_DAY, ConsentState, Said, calling_preferences, quiet_windows, standing

DAY = datetime(2026, 11, 2, 9, tzinfo=UTC)


def said(kind: Literal["given", "withdrawn"], day: int, purpose: str | None = "marketing", **more: Any) -> Said:
    at = DAY + timedelta(days=day)
    return Said(kind, purpose, at, more.pop("recorded_at", at), "agent", **more)


def on(day: float) -> datetime:
    return DAY + timedelta(days=day)


def state(words: list[Said], day: float, purpose: str = "marketing", holders: tuple[str, ...] = ()) -> ConsentState:
    return standing(words, purpose, holders, on(day)).consent


def test_what_held_on_any_day_is_told_from_what_was_said() -> None:
    words = [said("given", 5), said("withdrawn", 3), said("given", 1)]
    days = {0: "none", 1: "given", 2: "given", 3: "withdrawn", 4: "withdrawn", 5: "given"}
    assert {day: state(words, day) for day in days} == days


def test_a_refusal_of_everything_leaves_what_was_asked_for() -> None:
    words = [said("given", 1, "promised_reply"), said("given", 1), said("withdrawn", 2, None)]
    assert state(words, 3) == state(words, 3, "debt_collection") == "withdrawn"
    assert state(words, 3, "promised_reply") == "given"
    assert state(words, 3, "requested_callback") == "none"
    assert state([*words, said("withdrawn", 2, "promised_reply")], 3, "promised_reply") == "withdrawn"


def test_a_refusal_of_one_purpose_says_nothing_of_another() -> None:
    words = [said("given", 1, "service_followup"), said("withdrawn", 2, "marketing")]
    assert state(words, 3, "service_followup") == "given"


def test_of_the_same_moment_the_refusal_counts() -> None:
    assert state([said("given", 1), said("withdrawn", 1)], 1) == "withdrawn"


def test_a_paper_signed_before_the_refusal_and_entered_after_it_changes_nothing() -> None:
    late = said("given", 1, recorded_at=on(4))
    assert state([said("withdrawn", 2), late], 5) == "withdrawn"


def test_what_was_not_known_yet_did_not_hold() -> None:
    words = [said("given", 0), said("withdrawn", 1, recorded_at=on(3))]
    assert (state(words, 2), state(words, 3)) == ("given", "withdrawn")


def test_an_expired_consent_is_none_and_says_when() -> None:
    words = [said("given", 0, expires_at=on(10))]
    assert state(words, 9) == "given"
    expired = standing(words, "marketing", (), on(10))
    assert expired.consent == "none"
    assert expired.said is not None
    assert expired.said.expires_at == on(10)


def test_a_number_that_changed_hands_takes_no_consent_along_but_keeps_its_refusal() -> None:
    words = [said("given", 0, customer_id="cu-1")]
    assert state(words, 1, holders=("cu-1", "cu-2")) == "given"
    assert state(words, 1, holders=("cu-2",)) == "none"
    assert state([said("withdrawn", 0, customer_id="cu-1")], 1, holders=("cu-2",)) == "withdrawn"


@pytest.mark.parametrize(
    ("text", "windows"),
    [
        ("20:00-09:00", [["20:00", "09:00"]]),
        ("12点～14点，21:30–8", [["12:00", "14:00"], ["21:30", "08:00"]]),
        ("no", []),
        ("", []),
        ("yes", [ALL_DAY]),
        ("晚上不要打", [ALL_DAY]),
        ("25:00-09:00", [ALL_DAY]),
        ("09:00-09:00", [ALL_DAY]),
    ],
)
def test_quiet_windows(text: str, windows: list[list[str]]) -> None:
    assert quiet_windows(text) == windows


def test_of_a_family_the_strictest_wish_counts() -> None:
    wishes = calling_preferences(
        [
            ("zh", {"no_calls_before": "9", "do_not_disturb": "12:00-14:00"}),
            ("zh", {"no_calls_before": "10:30", "no_calls_after": "20:00"}),
        ]
    )
    assert wishes == {
        "no_calls_before": "10:30",
        "no_calls_after": "20:00",
        "do_not_disturb": [["12:00", "14:00"]],
        "language": "zh",
    }
    assert calling_preferences([("zh", {}), ("en", {})])["language"] is None
    assert calling_preferences([(None, {"no_calls_after": "late"})])["do_not_disturb"] == [ALL_DAY]
