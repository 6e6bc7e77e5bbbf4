"""An ordering learned from a campaign's endings is used only where their replay shows a gain."""

from __future__ import annotations

import numpy as np
import pytest

from services.outbound.domain.replay import Ending, area, area_error, common, replayed, without_rare


def endings(chance_of_student: float, days: int = 20, calls: int = 40) -> list[Ending]:
    draw = np.random.default_rng(11)
    made: list[Ending] = []
    for day in range(days):
        for n in range(calls):
            student = bool(draw.random() < 0.3)
            known = {
                "job": "student" if student else "worker",
                "name": f"{day}-{n}",
                "age": float(draw.integers(18, 80)),
            }
            made.append(Ending(known, bool(draw.random() < (chance_of_student if student else 0.1)), day))
    return made


def test_a_difference_is_found_and_used() -> None:
    replay, categories = replayed(endings(0.5))
    assert replay.gains
    assert replay.area > 0.6
    assert categories == {("job", "student"), ("job", "worker")}  # names are not learned by heart


def test_where_all_are_alike_nothing_is_used() -> None:
    replay, _ = replayed(endings(0.1))
    assert not replay.gains
    assert replay.area == pytest.approx(0.5, abs=0.08)


def test_few_endings_or_one_day_prove_nothing() -> None:
    assert not replayed(endings(0.9, days=3))[0].gains
    assert not replayed(endings(0.9, days=1, calls=900))[0].gains
    assert not replayed([])[0].gains


def test_the_area_and_its_error() -> None:
    assert area(np.array([3.0, 2.0, 1.0]), np.array([1.0, 0.0, 0.0])) == 1.0
    assert area(np.array([3.0, 2.0]), np.zeros(2)) == 0.5
    assert area_error(0.75, 50, 50) == pytest.approx(0.049, abs=0.001)  # Hanley & McNeil 1982
    assert area_error(0.75, 0, 50) == 0.5


def test_rare_texts_are_no_categories() -> None:
    many = [Ending({"job": "worker", "town": f"t{n}"}, False, 0) for n in range(30)]
    assert without_rare({"job": "worker", "town": "t1", "age": 3.0}, common(many)) == {"job": "worker", "age": 3.0}
