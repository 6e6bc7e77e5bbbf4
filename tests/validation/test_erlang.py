"""The closed forms give the tables printed for them, and agree with one another where they meet."""

from __future__ import annotations

import math

import pytest

from services.router.simulation.erlang import (
    agents_for_service_level,
    erlang_a_service_level,
    erlang_b,
    erlang_c,
    erlang_c_asa,
    erlang_c_wait_percentile,
    steady,
)
from tests.validation.centres import ERLANG_A, Centre

RATE = 48 / 60
SERVICE = 60.0


@pytest.mark.parametrize("centre", ERLANG_A, ids=lambda centre: centre.name)
def test_erlang_a(centre: Centre) -> None:
    found = steady(RATE, SERVICE, len(centre.servers), patience=120)
    table = centre.answers
    assert found.abandons == pytest.approx(table["abandons"], abs=6e-5)
    assert found.wait / 60 == pytest.approx(table["wait"], rel=1e-3)
    assert found.waits == pytest.approx(table["waits"], abs=6e-5)
    assert found.utilisation == pytest.approx(table["utilisation"], abs=6e-5)


def test_erlang_c() -> None:
    assert erlang_c_asa(RATE, SERVICE, 50) == pytest.approx(20.83, abs=0.01)
    assert erlang_c_wait_percentile(RATE, SERVICE, 50, 0.9) == pytest.approx(58.14, abs=0.01)
    assert steady(RATE, SERVICE, 50).wait == pytest.approx(erlang_c_asa(RATE, SERVICE, 50))
    assert erlang_c_asa(RATE, SERVICE, 48) == math.inf
    with pytest.raises(ValueError, match="for ever"):
        steady(RATE, SERVICE, 48)


def test_limited_places_meet_erlang_b_and_wallace_and_whitts_pool() -> None:
    assert steady(RATE, SERVICE, 50, places=0).blocked == pytest.approx(erlang_b(48, 50))
    pooled = steady(8.4, 10, 90, places=30)
    assert (pooled.blocked, pooled.wait) == (pytest.approx(0.00364, abs=6e-6), pytest.approx(0.4500, abs=1e-4))


def test_service_level_of_erlang_a() -> None:
    nobody_waits = 1 - steady(RATE, SERVICE, 50, patience=120).waits
    assert erlang_a_service_level(RATE, SERVICE, 50, 120, 0) == pytest.approx(nobody_waits)
    answered = 1 - steady(RATE, SERVICE, 50, patience=120).abandons
    assert erlang_a_service_level(RATE, SERVICE, 50, 120, 3600) == pytest.approx(answered)
    patient = erlang_a_service_level(RATE, SERVICE, 50, 1e6, 20)
    assert patient == pytest.approx(1 - erlang_c(48, 50) * math.exp(-2 * 20 / 60), abs=1e-3)


def test_staffing_is_the_least_that_reaches_it() -> None:
    agents = agents_for_service_level(RATE, SERVICE, 120, 0.8, 20)
    levels = [erlang_a_service_level(RATE, SERVICE, n, 120, 20) for n in (agents - 1, agents)]
    assert levels[0] < 0.8 <= levels[1]
    assert agents_for_service_level(RATE, SERVICE, None, 0.8, 20) > agents
