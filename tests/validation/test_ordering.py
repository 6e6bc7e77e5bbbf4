"""The study of whom to call first: on a made-up record of our own always, on the real one where it lies beside the repository."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from deploy.commands.bench import RECORD
from services.outbound.domain.replay import area
from services.outbound.ordering_study.study import EARLIER, compare, contacts, file_order, found, ours, plain
from services.outbound.ordering_study.telemarketing import MONTHS, read_calls

HEADER = "age;job;marital;education;default;balance;housing;loan;contact;day;month;duration;campaign;pdays;previous;poutcome;y"


def record(folder: Path, days: int = 60, calls: int = 40) -> Path:
    """Two months in which who says yes changes: students first, then the retired; a month's name says nothing of the next."""
    draw = np.random.default_rng(5)
    lines = [HEADER]
    for day in range(days):
        for _ in range(calls):
            job = draw.choice(["student", "worker", "retired"])
            yes = draw.random() < (0.3 if job == ("student" if day < days // 2 else "retired") else 0.03)
            month, of_month = MONTHS[(9 + day // 28) % 12], day % 28 + 1  # October, November, December: one year
            lines.append(
                f"{draw.integers(18, 80)};{job};single;primary;no;{draw.integers(-100, 900)};no;no;cellular;{of_month};{month};"
                f"99;{draw.integers(1, 4)};-1;0;unknown;{'yes' if yes else 'no'}"
            )
    file = folder / "calls.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def test_days_follow_each_other_and_what_is_known_only_afterwards_is_not_read(tmp_path: Path) -> None:
    calls = read_calls(record(tmp_path))
    assert len(calls) == 2_400
    assert len(calls.days()) == 60
    assert (np.diff(calls.day) >= 0).all()
    assert "duration" not in calls.known[0]
    assert calls.known[0]["list_size"] == 40.0
    begin = calls.cut(EARLIER)
    assert calls.day[begin - 1] < calls.day[begin]


def test_learning_day_by_day_follows_the_change(tmp_path: Path) -> None:
    calls = read_calls(record(tmp_path))
    begin = calls.cut(EARLIER)
    sold = calls.sold[begin:]
    areas = {
        "file": area(file_order(calls, begin), sold),
        "plain": area(plain(calls, begin, learning=False), sold),
        "ours": area(ours(calls, begin, learning=True), sold),
    }
    assert areas["ours"] > areas["plain"] + 0.02
    assert areas["ours"] > areas["file"] + 0.1


def test_no_score_knows_how_its_own_day_ended(tmp_path: Path) -> None:
    calls = read_calls(record(tmp_path))
    begin = calls.cut(EARLIER)
    last = calls.days()[-1]
    told = ours(calls, begin, learning=True)
    calls.sold[last] = 1.0 - calls.sold[last]
    assert (ours(calls, begin, learning=True) == told).all()


def test_area_and_share_of_sales_by_hand() -> None:
    scores, sold = np.array([4.0, 3.0, 2.0, 1.0]), np.array([1.0, 0.0, 1.0, 0.0])
    assert area(scores, sold) == pytest.approx(0.75)
    assert area(np.zeros(4), sold) == pytest.approx(0.5)
    assert found(scores, sold, 0.25) == pytest.approx(0.5)


def test_conversations_are_counted_among_those_who_had_them() -> None:
    rows = contacts(np.array([1.0, 0.0, 0.0, 1.0]), [1, 1, 2, 4], most=3)
    assert rows == [(1, 4, 0.25, 0.5), (2, 2, 0.0, 0.5), (3, 2, 0.5, 1.0)]


@pytest.mark.study
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not RECORD.exists(), reason="the bank's telemarketing record is not beside this repository")
def test_on_the_later_part_of_the_real_record_ours_beats_file_order_and_plain_regression() -> None:
    calls = read_calls(RECORD)
    verdicts, gains = compare(calls, calls.cut(EARLIER))
    areas = {verdict.name: verdict.area.value for verdict in verdicts}
    assert areas["ours, learning"] > areas["plain, learning"] > areas["file order"]
    assert gains["ours, learning − plain, learning"].low > 0
    assert gains["ours, fixed − plain, fixed"].low > 0
