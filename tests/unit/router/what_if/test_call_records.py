"""Call records of every kind: tables by mapping, Asterisk's queue_log, work nobody wrote down; a day that runs as it was."""

from __future__ import annotations

import pytest

from services.router.domain.policy.document import parse_policy
from services.router.what_if.asked import ask_call_record
from services.router.what_if.records.absences import merged, unseen_work, without
from services.router.what_if.records.as_record import as_record, from_json, replayable, starting_policy, to_json
from services.router.what_if.records.call_log import read_table
from services.router.what_if.records.calls import CallEnd, LogUnreadable, RecordedCall, Shift
from services.router.what_if.records.mapping import load_map, parse_map
from services.router.what_if.records.queue_log import read_queue_log
from services.router.what_if.rerun import Question, policy_in_force
from services.router.what_if.unrecorded import Models
from shared.contracts.fields import SECOND

GENERIC = load_map("generic-csv")
HEADER = "call_id,queued_at,wait_seconds,talk_seconds,queue,agent"
QUEUE_LOG = """\
1700000000|NONE|repairs|Ann|ADDMEMBER|
1700000005|c1|repairs|NONE|ENTERQUEUE||02155551234|1
1700000011|c1|repairs|Ann|CONNECT|6|b1|4
1700000071|c1|repairs|Ann|COMPLETECALLER|6|60|1
1700000080|c2|repairs|NONE|ENTERQUEUE||02155551235|1
1700000110|c2|repairs|NONE|ABANDON|1|1|30
1700000111|c9|repairs|NONE|ABANDON|1|1|30
1700000120|c3|repairs|NONE|ENTERQUEUE||02155551236|1
1700000180|c3|repairs|NONE|EXITWITHTIMEOUT|1|1|60
garbage
1700000200|c3|rent|NONE|ENTERQUEUE||02155551236|1
1700000202|c3|rent|Ann|CONNECT|2|b3|1
1700000232|c3|rent|Ann|TRANSFER|100|default|2|30|1
1700000300|NONE|repairs|Ann|PAUSEALL|
"""


def table(*rows: str):
    return read_table([f"{line}\n" for line in (HEADER, *rows)], GENERIC)


def call(key: str, at: int, wait: int, talk: int, agent: str | None) -> RecordedCall:
    """Seconds; without an agent the customer gave up."""
    end = CallEnd.SERVED if agent else CallEnd.ABANDONED
    return RecordedCall(key, None, "g", "standard", at * SECOND, wait, end, (at + wait) * SECOND, talk, agent)


def test_a_table_is_read_line_by_line_and_what_does_not_fit_is_set_aside() -> None:
    read = table(
        "1,2026-11-20 09:00:00,5,1:30,Repairs & more,Ann",
        "2,2026-11-20T09:01:00+08:00,40,0,Rent,",
        "3,soon,5,5,Rent,Ann",
        "1,2026-11-20 09:02:00,5,5,Rent,Ann",
        "5,2026-11-20 09:03:00,-1,5,Rent,Ann",
        "6,2026-11-20 09:03:00",
    )
    assert [(one.key, one.end, one.service_seconds, one.group, one.agent) for one in read.calls] == [
        ("1", CallEnd.SERVED, 90, "Repairs-more", "Ann"),
        ("2", CallEnd.ABANDONED, 0, "Rent", None),
    ]
    assert [row.line for row in read.rejected] == [4, 5, 6, 7]
    assert "comes twice" in read.rejected[1].why
    assert (read.read, read.rejected_rows) == (6, 4)


def test_a_mapping_tells_time_in_one_way() -> None:
    text = "time_zone: UTC\ncall: {key: [a], queue_seconds: b, service_seconds: c, group: {column: d}}"
    with pytest.raises(LogUnreadable, match="either queued_at, or date and queue_entry"):
        parse_map(text)


def test_calls_are_pieced_together_from_the_events_of_a_queue_log() -> None:
    read = read_queue_log(QUEUE_LOG.splitlines())
    assert [(one.key, one.end, one.waited_seconds, one.service_seconds, one.group) for one in read.calls] == [
        ("c1", CallEnd.SERVED, 6, 60, "repairs"),
        ("c2", CallEnd.ABANDONED, 30, 0, "repairs"),
        ("c3", CallEnd.ELSEWHERE, 60, 0, "repairs"),
        ("c3#2", CallEnd.SERVED, 2, 30, "rent"),
    ]
    assert [(row.line, row.why.split(":")[0]) for row in read.rejected] == [
        (7, "ABANDON of a call that never entered a queue here"),
        (10, "1 fields; epoch|call|queue|agent|event are needed"),
    ]
    assert read.shifts == [Shift("Ann", 1_700_000_000 * SECOND, 1_700_000_300 * SECOND)]


def test_spans() -> None:
    assert merged([(5, 9), (1, 3), (3, 4), (8, 12)]) == [(1, 4), (5, 12)]
    assert without((0, 20), [(1, 4), (5, 12)]) == [(0, 1), (4, 5), (12, 20)]


def test_somebody_who_lets_customers_wait_is_working_or_away() -> None:
    """Ann ends a call at 100 while one waits until 130: work after it. At 200–260 one waits and nobody comes: away."""
    calls = [call("a", 0, 0, 100, "Ann"), call("b", 90, 40, 20, "Ann"), call("c", 200, 60, 0, None)]
    unseen = unseen_work(calls, [Shift("Ann", 0, 1800 * SECOND)], {"Ann": ["g"]})
    assert unseen.after_calls == {"a": 30 * SECOND}
    assert unseen.away == {"Ann": [(200 * SECOND, 260 * SECOND)]}


def test_what_is_kept_of_a_record_has_no_names() -> None:
    read = table("1,2026-11-20 09:00:00,5,60,Rent,Ann Smith")
    kept = to_json(replayable(read.calls, read.shifts, "Asia/Shanghai"))
    assert "Ann" not in str(kept)
    assert from_json(kept).calls[0].agent == "agent-01"


def test_a_record_runs_as_it_was_under_a_policy_made_from_it() -> None:
    rows = [
        "1,2026-11-20 09:00:00,0,100,Rent,Ann",
        "2,2026-11-20 09:00:30,70,60,Rent,Ann",
        "3,2026-11-20 09:00:40,35,0,Rent,",
        "4,2026-11-20 09:10:00,0,30,Rent,Ann",
    ]
    day = replayable(table(*rows).calls, (), "Asia/Shanghai")
    mapping = starting_policy(day)
    record = as_record(day, policy_in_force(mapping, 1), parse_policy(mapping))
    run = Question(record, Models(record), {}).run(1)
    found = [(wait.end, round(wait.waited / SECOND)) for wait in run.waits.values()]
    assert found == [("answered", 0), ("answered", 70), ("abandoned_in_queue", 35), ("answered", 0)]


def test_a_record_without_agents_or_calls_is_refused_with_words() -> None:
    with pytest.raises(LogUnreadable, match="names no agent"):
        replayable(table("1,2026-11-20 09:00:00,5,60,Rent,").calls, (), "UTC")
    with pytest.raises(LogUnreadable, match="no call of the record entered a queue"):
        replayable([], (), "UTC")


def test_the_record_s_own_figures_stand_beside_the_answer() -> None:
    rows = [
        f"{n},2026-11-20 09:{n:02d}:00,{n % 3 * 15},{40 + n},{'Rent,Ann' if n % 2 else 'Buy,Bob'}" for n in range(50)
    ]
    day = replayable(table(*rows).calls, (), "Asia/Shanghai")
    before = parse_policy(starting_policy(day)).to_mapping()
    result = ask_call_record(day, before, before, 2, lambda _doing, _share: None)
    assert result["recorded"]["answered"] == 50
    assert result["source"] == "call_record"
    assert result["policy"]["unchanged"]
    assert result["contacts"]["changed"] == 0
