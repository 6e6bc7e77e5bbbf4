"""Patience and durations: Kaplan–Meier against numbers worked by hand, draws against what they are drawn from."""

from __future__ import annotations

import random
from math import exp, log

import pytest

from services.router.what_if.durations import Durations, Examples, Lognormal, Source
from services.router.what_if.survival import kaplan_meier
from shared.contracts.fields import SECOND

LEUKAEMIA_6MP = ((6, 1), (6, 1), (6, 1), (6, 0), (7, 1), (9, 0), (10, 1), (10, 0), (11, 0), (13, 1), (16, 1), (17, 0),
                 (19, 0), (20, 0), (22, 1), (23, 1), (25, 0), (32, 0), (32, 0), (34, 0), (35, 0))  # fmt: skip
"""Freireich et al. 1963, the textbook's example: weeks, 1 = relapse, 0 = censored."""


def test_kaplan_meier_gives_the_textbook_s_curve() -> None:
    curve = kaplan_meier(((time, bool(gone)) for time, gone in LEUKAEMIA_6MP), at_risk=1)
    assert curve.times == (6, 7, 10, 13, 16, 22, 23)
    known = (0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482)
    assert [round(each, 4) for each in curve.surviving] == list(known)
    assert (curve.at(5), curve.median()) == (1.0, 23)


def test_beyond_the_few_left_the_tail_has_the_sample_s_hazard() -> None:
    curve = kaplan_meier([(time * SECOND, True) for time in range(1, 101)], at_risk=20)
    assert curve.until == 81 * SECOND
    later = curve.at(81 * SECOND) * exp(-curve.hazard * 60 * SECOND)
    assert curve.at(141 * SECOND) == pytest.approx(later)


def test_a_draw_knows_how_long_was_waited_already() -> None:
    chance = random.Random(1)
    mean = 60 * SECOND
    truth = [round(chance.expovariate(1 / mean)) for _ in range(4000)]
    cut = [round(chance.uniform(0, 200) * SECOND) for _ in truth]
    curve = kaplan_meier((min(t, c), t <= c) for t, c in zip(truth, cut, strict=True))
    drawn = [patience for _ in range(3000) if (patience := curve.draw(chance, 90 * SECOND)) is not None]
    assert min(drawn) > 90 * SECOND
    assert sum(drawn) / len(drawn) - 90 * SECOND == pytest.approx(mean, rel=0.1)  # exponential: no memory


def test_who_never_leaves_waits_for_ever() -> None:
    curve = kaplan_meier([(30 * SECOND, False)] * 20)
    assert curve.draw(random.Random(1), 10) is None
    assert curve.at(10**12) == 1.0


def test_a_lognormal_is_fitted_by_the_moments_of_the_logarithm() -> None:
    fit = Lognormal.fitted([round(exp(value) * SECOND) for value in (4.0, 5.0, 6.0)])
    assert fit.mean - log(SECOND) == pytest.approx(5.0, abs=1e-6)
    assert fit.sd == pytest.approx((2 / 3) ** 0.5, abs=1e-6)


def test_a_duration_comes_from_its_own_kind_while_there_is_enough_of_it() -> None:
    many, few = [n * SECOND for n in range(1, 41)], [100 * SECOND] * 6
    durations = Durations({("a",): many, ("b",): few, ("c",): [5]}, assumed=7)
    chance = random.Random(2)
    assert durations.draw(chance, ("a",)).source is Source.RECORDED_ALIKE
    assert durations.draw(chance, ("b",)).source is Source.FITTED_ALIKE
    assert durations.draw(chance, ("nobody",)).source is Source.RECORDED_ALL
    longer = durations.draw(chance, ("a",), longer_than=39 * SECOND)
    assert longer.value == 40 * SECOND
    assert durations.draw(chance, ("a",), longer_than=60 * SECOND).value > 60 * SECOND
    assert Durations({}, assumed=7).draw(chance, ("x",), 3).value == 10


def test_an_agent_answers_as_they_did_a_stranger_as_anybody() -> None:
    examples = Examples([("ann", 1)] * 5 + [("bob", 2)])
    chance = random.Random(3)
    assert examples.draw(chance, "ann") == (1, Source.RECORDED_ALIKE)
    found = examples.draw(chance, "bob")
    assert found is not None
    assert found[1] is Source.RECORDED_ALL
    assert Examples[int]([]).draw(chance, "ann") is None
