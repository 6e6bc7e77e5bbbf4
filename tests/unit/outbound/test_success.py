"""Who is likely to say yes: learned from endings, held back where little was seen, following a world that changes."""

from __future__ import annotations

import numpy as np
import pytest

from services.outbound.domain.shrinkage import Belief, learned, logistic
from services.outbound.domain.success import PRIOR_CHANCE, Attributes, SuccessChances, effects_of


def people(count: int, seed: int) -> list[Attributes]:
    draw = np.random.default_rng(seed)
    return [
        {"job": str(draw.choice(["student", "worker", "retired"])), "age": float(draw.integers(18, 90)), "list_size": 100.0}
        for _ in range(count)
    ]  # fmt: skip


def endings(asked: list[Attributes], likes: str, seed: int) -> list[bool]:
    """Half of one job say yes, one in twenty of everybody else. (Its own draws: those of `people` would tell.)"""
    draw = np.random.default_rng(1_000 + seed)
    return [bool(draw.random() < (0.5 if known["job"] == likes else 0.05)) for known in asked]


def test_nothing_seen_is_the_prior_for_everybody() -> None:
    assert SuccessChances().chances(people(3, 1)) == pytest.approx(PRIOR_CHANCE)


def test_what_was_seen_orders_who_comes_next() -> None:
    known = SuccessChances()
    for day in range(5):
        asked = people(200, day)
        known.learn(asked, endings(asked, "student", day), day)
    student, worker = known.chances([{"job": "student", "age": 30.0}, {"job": "worker", "age": 30.0}])
    assert student == pytest.approx(0.5, abs=0.12)
    assert worker < 0.12
    assert known.why({"job": "student", "age": 30.0})[0][0] == "job=student"


def test_three_lucky_calls_do_not_make_a_rule() -> None:
    known = SuccessChances()
    asked = people(500, 1)
    known.learn(asked, endings(asked, "student", 1), 1)
    known.learn([{"job": "clown", "age": 30.0}] * 3, [True] * 3, 2)
    clown, student = known.chances([{"job": "clown", "age": 30.0}, {"job": "student", "age": 30.0}])
    assert 0.05 < clown < student


def test_a_changed_world_is_followed() -> None:
    known = SuccessChances()
    for day in range(120):
        asked = people(50, day)
        known.learn(asked, endings(asked, "student" if day < 60 else "retired", day), day)
    student, retired = known.chances([{"job": "student", "age": 30.0}, {"job": "retired", "age": 70.0}])
    assert retired > 2 * student


def test_the_same_endings_give_the_same_chances() -> None:
    asked = people(200, 4)
    one, other = SuccessChances(), SuccessChances()
    for known in (one, other):
        known.learn(asked, endings(asked, "worker", 4), 7)
        known.learn([], [], 8)
    assert (one.chances(asked) == other.chances(asked)).all()


@pytest.mark.parametrize(
    ("number", "steps"),
    [(0.0, set()), (1.0, {1}), (1.5, {1, 2}), (2.0, {1, 2, 3}), (-1.0, {-1}), (-2.0, {-1, -2, -3})],
)
def test_a_number_is_a_line_and_steps_of_half_octaves(number: float, steps: set[int]) -> None:
    found = {int(name.rsplit(" ", 1)[1]) for name in effects_of({"n": number}) if " step " in name}
    assert found == steps
    assert effects_of({"n": number})["n line"] == pytest.approx(np.sign(number) * np.log1p(abs(number)))


def test_shrinkage_is_the_known_compromise() -> None:
    """One weight: the posterior's slope is nought where the fit ends; without outcomes nothing moves."""
    prior = Belief.prior(np.array([-1.0]), np.array([0.7]))
    after = learned(prior, np.ones((1, 1)), np.array([40.0]), np.array([30.0]))
    slope = 30.0 - 40.0 * logistic(after.mean)[0] - (after.mean[0] + 1.0) / 0.7**2
    assert slope == pytest.approx(0.0, abs=1e-4)
    assert after.precision[0, 0] > prior.precision[0, 0]
    assert learned(prior, np.ones((1, 1)), np.zeros(1), np.zeros(1)).mean == pytest.approx(-1.0)


def test_everything_succeeding_still_ends() -> None:
    after = learned(Belief.prior(np.zeros(2), np.full(2, 50.0)), np.eye(2), np.array([1e5, 3.0]), np.array([1e5, 0.0]))
    assert np.isfinite(after.mean).all()
    assert after.mean[0] > 5 > -2 > after.mean[1]
