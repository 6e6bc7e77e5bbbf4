"""What is wrong with a campaign's choices is said all at once; what the gate and the recycling could not read is never kept."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.outbound.domain.campaigns import Choices, DialMode
from services.outbound.domain.choice_faults import choice_faults
from services.outbound.domain.own_rules import own_rules

CLOCKS = st.sampled_from(["00:00", "09:00", "12:00", "13:30", "24:00", "24:30", "9:00", "noon", "25:00", ""])
INTERVALS = st.lists(st.lists(CLOCKS, max_size=3), max_size=4)


def faults(mode: DialMode = DialMode.PROGRESSIVE, **changes: object) -> list[tuple[str, str]]:
    return [(fault.field, fault.code) for fault in choice_faults(replace(Choices(), **changes), mode)]  # type: ignore[arg-type]


def test_the_defaults_are_sound() -> None:
    assert faults() == []


def test_everything_wrong_is_named() -> None:
    assert faults(
        DialMode.AGENTLESS, ratio=99.0, occupancy_ceiling=float("nan"), caps={"1h": 3, "24h": 0}, days_off=("2026-13-01",),
        recycling={"busy": {"rest_seconds": -1, "soon": 1}, "answered_person": {}}, successes=("sold",), dispositions=("no",),
    ) == [
        ("occupancy_ceiling", "range"), ("ratio", "range"), ("days_off.0", "date"), ("caps.1h", "window"), ("caps.24h", "range"),
        ("recycling.busy.rest_seconds", "range"), ("recycling.busy.soon", "unknown"), ("recycling.answered_person", "outcome"),
        ("entry", "missing"), ("successes", "not_offered"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("intervals", "fault"),
    [
        ([["09:00", "12:00"], ["13:00", "18:00"]], []),
        ([["13:00", "18:00"], ["09:00", "13:00"]], []),
        ([["18:00", "09:00"]], [("calendar.mon.0", "order")]),
        ([["09:00", "12:00"], ["11:00", "18:00"]], [("calendar.mon.1", "overlap")]),
        ([["9", "12:00"]], [("calendar.mon.0", "clock")]),
    ],
)
def test_a_day_has_intervals_that_do_not_overlap(intervals: list[list[str]], fault: list[tuple[str, str]]) -> None:
    assert faults(calendar={"mon": intervals}) == fault


@given(calendar=st.dictionaries(st.sampled_from(["mon", "sun", "someday"]), INTERVALS, max_size=3))
def test_a_sound_calendar_is_one_the_gate_reads(calendar: dict[str, list[list[str]]]) -> None:
    if not faults(calendar=calendar):
        own_rules(calendar, {}, 0)
