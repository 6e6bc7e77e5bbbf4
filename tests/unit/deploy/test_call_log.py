"""Reading a recorded log: who queued, who only walked through the menu, midnight, clocks set right, faults with their line."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services.router.what_if.records.call_log import read_day
from services.router.what_if.records.calls import CallEnd, LogUnreadable
from services.router.what_if.records.mapping import load_map
from tests.unit.deploy.synthetic_log import row, write

PRESET = load_map("anonymous-bank")
DAY = "010203"
REAL = Path(__file__).resolve().parents[4] / "shared/data/anonymous_bank/calls_19990201_19990221.tsv"


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Jerusalem")).timestamp()) * 1_000_000


def test_a_call_enters_the_queue_when_it_leaves_the_menu(tmp_path: Path) -> None:
    log = write(tmp_path / "log.tsv", [row(1, 36_000, waits=40, serves=90, menu=12)])
    call = read_day(log, PRESET, DAY)[0]
    assert (call.queued_at, call.served_at) == (moment("2001-02-03 10:00:00"), moment("2001-02-03 10:00:40"))
    assert (call.end, call.waited_seconds, call.service_seconds) == (CallEnd.SERVED, 40, 90)


@pytest.mark.parametrize(
    ("outcome", "waits", "end", "offered"),
    [
        ("AGENT", 0, CallEnd.SERVED, True),
        ("HANG", 30, CallEnd.ABANDONED, True),
        ("HANG", 0, CallEnd.LEFT_IN_MENU, False),
        ("PHANTOM", 0, CallEnd.IGNORED, False),
    ],
)
def test_only_who_queued_was_offered(tmp_path: Path, outcome: str, waits: int, end: CallEnd, offered: bool) -> None:
    call = read_day(write(tmp_path / "log.tsv", [row(1, 36_000, outcome=outcome, waits=waits)]), PRESET, DAY)[0]
    assert (call.end, call.offered) == (end, offered)


def test_a_call_across_midnight_belongs_to_the_next_day_a_clock_set_right_does_not(tmp_path: Path) -> None:
    past_midnight = row(1, 86_400 + 5, menu=20)
    set_right = row(2, 36_000, menu=-50)  # entered 10:00:50, left the menu 10:00:00
    calls = read_day(write(tmp_path / "log.tsv", [past_midnight, set_right]), PRESET, DAY)
    assert [call.queued_at for call in calls] == [moment("2001-02-03 10:00:00"), moment("2001-02-04 00:00:05")]


def test_unknown_callers_and_servers_are_nobody(tmp_path: Path) -> None:
    known = row(1, 36_000, customer="77", priority="2", server="ANNA")
    unknown = row(2, 36_001, customer="0", server="NO_SERVER")
    first, second = read_day(write(tmp_path / "log.tsv", [known, unknown]), PRESET, DAY)
    assert (first.customer, first.tier, first.agent) == ("77", "high", "ANNA")
    assert (second.customer, second.tier, second.agent) == (None, "standard", None)


def test_a_broken_row_is_named_by_its_line(tmp_path: Path) -> None:
    broken = list(row(1, 36_000))
    broken[12] = "VANISHED"
    with pytest.raises(LogUnreadable, match="line 2"):
        read_day(write(tmp_path / "log.tsv", [tuple(broken)]), PRESET, DAY)


def test_calls_that_cannot_be_told_apart_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LogUnreadable, match="comes twice"):
        read_day(write(tmp_path / "log.tsv", [row(1, 36_000), row(1, 36_100)]), PRESET, DAY)


def test_a_day_without_calls_and_a_map_nobody_wrote_are_said(tmp_path: Path) -> None:
    with pytest.raises(LogUnreadable, match="no call on day"):
        read_day(write(tmp_path / "log.tsv", [row(1, 36_000)]), PRESET, "990203")
    with pytest.raises(LogUnreadable, match="anonymous-bank"):
        load_map("nobody-wrote-this")


def test_a_map_says_everything_that_is_wrong_with_it(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("time_zone: UTC\ncall: {}\n")
    with pytest.raises(LogUnreadable, match=r"call.key: .*call.queue_seconds"):
        load_map(str(wrong))


@pytest.mark.skipif(not REAL.exists(), reason="the shared data folder beside the repository is absent")
def test_the_real_day_counts_as_its_readers_count_it() -> None:
    calls = read_day(REAL, PRESET, "990203")
    ends = [call.end for call in calls]
    assert [ends.count(end) for end in CallEnd] == [1319, 223, 397, 10, 0]
