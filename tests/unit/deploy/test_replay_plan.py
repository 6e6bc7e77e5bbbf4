"""The plan of a replay: staffing as recorded, patience as recorded, seeded where the log is silent; and the tally's balance."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from deploy.clients.switchboard import LegEnd
from deploy.replay.plan import make_plan, read_questions
from deploy.replay.tally import Tally
from deploy.replay.tenant import agent_names, numbers, policy_document
from services.router.policy.document import check_document
from services.router.what_if.records.call_log import read_day
from services.router.what_if.records.calls import HALF_HOUR, shifts_of
from services.router.what_if.records.mapping import load_map
from shared.contracts.fields import SECOND
from tests.unit.deploy.synthetic_log import half_hour, row, write

PRESET = load_map("anonymous-bank")
DAY = "010203"


def plan_of(tmp_path: Path, *rows: tuple[str, ...], questions: tuple[str, ...] = ()):
    calls = read_day(write(tmp_path / "log.tsv", list(rows)), PRESET, DAY)
    return make_plan(calls, 20, seed=5, questions=questions)


def test_agents_are_there_in_the_half_hours_in_which_they_served(tmp_path: Path) -> None:
    calls = read_day(
        write(
            tmp_path / "log.tsv",
            [
                row(1, 36_000 + 600, server="ANNA", serves=60),  # 10:10
                row(2, 36_000 + 1_790, server="ANNA", serves=60),  # 10:29:50, ends after half past
                row(3, 36_000 + 7_200, server="ANNA", serves=60),  # 12:00
                row(4, 36_000 + 30, server="BORIS", serves=10),
            ],
        ),
        PRESET,
        DAY,
    )
    shifts = shifts_of(calls)
    start = min(shift.begins for shift in shifts)
    assert [(s.agent, (s.begins - start) // HALF_HOUR, (s.ends - start) // HALF_HOUR) for s in shifts] == [
        ("ANNA", 0, 2),
        ("BORIS", 0, 1),
        ("ANNA", 4, 5),
    ]
    assert all(shift.begins % HALF_HOUR == 0 for shift in shifts)


def test_who_hung_up_keeps_the_recorded_patience_who_was_served_waits_as_long_as_it_takes(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, row(1, 36_000, outcome="HANG", waits=33), row(2, 36_050, waits=10, serves=75))
    gave_up, served = plan.contacts
    assert (gave_up.patience, served.patience) == (33 * SECOND, None)
    assert served.service == 75 * SECOND
    assert gave_up.service == 75 * SECOND  # served sooner than its patience, it lasts as one of its group did


def test_the_same_log_gives_the_same_plan(tmp_path: Path) -> None:
    half_hour(tmp_path / "log.tsv")
    calls = read_day(tmp_path / "log.tsv", PRESET, DAY)
    first, second = (make_plan(calls, 20, seed=5, questions=("在吗？", "多少钱？")) for _ in range(2))
    assert first == second
    assert [contact.at for contact in first.contacts] == sorted(contact.at for contact in first.contacts)


def test_recorded_figures_leave_out_who_never_queued(tmp_path: Path) -> None:
    plan = plan_of(
        tmp_path,
        row(1, 36_000, waits=0),
        row(2, 36_010, waits=30),
        row(3, 36_020, outcome="HANG", waits=50),
        row(4, 36_030, outcome="HANG", waits=0),
        row(5, 36_040, outcome="PHANTOM"),
    )
    recorded = plan.recorded
    assert (recorded.offered, recorded.answered, recorded.abandoned) == (3, 2, 1)
    assert (recorded.left_in_menu, recorded.ignored) == (1, 1)
    assert recorded.asa_seconds == 15.0
    assert recorded.service_level == pytest.approx(1 / 3)


def test_web_questions_keep_quotes_and_blank_ones_are_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "questions.tsv"
    file.write_text('0\t他说"可以"吗？\n1\t\n2\t在吗\n', encoding="utf-8")
    assert read_questions(file) == ['他说"可以"吗？', "在吗"]


def test_the_logs_names_stay_out_and_numbers_reach_nobody(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, row(1, 36_000, server="ANNA", customer="77", priority="2"), row(2, 36_001, server="BORIS"))
    assert dict(agent_names(plan)) == {"ANNA": "agent-01", "BORIS": "agent-02"}
    assert all(number.startswith("+861740") for number in numbers(plan).values())
    assert plan.tiers == {"77": "high"}


@pytest.mark.parametrize("rate", [1, 60, 1000])
def test_the_policy_is_good_and_keeps_infrastructure_waits_in_wall_time(rate: int) -> None:
    document = policy_document(PRESET, rate)
    checked = check_document(document).mapping
    assert checked["enrichment_wait_ms"] == min(10_000, 150 * rate)
    assert set(yaml.safe_load(document)["groups"]) == {*PRESET.groups.values(), "web-questions"}


def leg(end: str, *, waited: int = 0, assigned: int = 0) -> LegEnd:
    return LegEnd("c", end, waited * SECOND, assigned, "a" if assigned else None, 0)


def test_a_tally_adds_up_or_says_so() -> None:
    tally = Tally()
    for _ in range(5):
        tally.arrived()
    tally.closed(leg("served", waited=10, assigned=1))
    tally.closed(leg("served", waited=30, assigned=1))
    tally.closed(leg("abandoned_in_queue", waited=50))
    assert (tally.answered, tally.abandoned, tally.flowed_out, tally.still_waiting) == (2, 1, 0, 2)
    assert tally.balanced
    assert tally.asa_seconds == 20.0
    assert tally.service_level(20) == pytest.approx(1 / 5)
    tally.closed(leg("failed"))
    assert not tally.balanced
