"""The pacer's arithmetic: sums of events with different probabilities, against enumeration of every outcome."""

from __future__ import annotations

import itertools
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.outbound.domain.poisson_binomial import EXACT_UP_TO, moments, reaches, refined_normal
from services.outbound.domain.supply import Balance


def enumerated(probabilities: list[float], threshold: int) -> float:
    """P(sum ≥ threshold) over every outcome."""
    total = 0.0
    for outcome in itertools.product((0, 1), repeat=len(probabilities)):
        if sum(outcome) >= threshold:
            total += math.prod(p if x else 1 - p for p, x in zip(probabilities, outcome, strict=True))
    return total


@given(st.lists(st.floats(0, 1), max_size=8), st.integers(-1, 10))
def test_small_thresholds_are_counted_exactly(probabilities: list[float], threshold: int) -> None:
    assert reaches(probabilities, threshold) == pytest.approx(enumerated(probabilities, threshold), abs=1e-12)


def test_large_thresholds_are_approximated_within_one_per_cent() -> None:
    chance = random.Random(1)
    for _ in range(60):
        busy = [1 - chance.random() * 0.15 for _ in range(chance.randrange(EXACT_UP_TO + 1, 100))]
        dials = [chance.random() * 0.4 for _ in range(len(busy) // 2)]
        below = [1.0]
        for p in busy + dials:  # the exact distribution, by convolution
            below = [a * (1 - p) + b * p for a, b in zip([*below, 0.0], [0.0, *below], strict=True)]
        for threshold in range(len(busy) - 3, len(busy) + 4):
            exact = math.fsum(below[threshold:])
            assert refined_normal(*moments(busy + dials), threshold) == pytest.approx(exact, abs=0.01)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.integers(1, 25), st.floats(0, 1))
def test_one_more_event_never_lowers_the_risk_and_one_more_agent_never_raises_it(
    events: list[float], agents: int, p: float
) -> None:
    balance = Balance(agents, events)
    before = balance.short()
    balance.add((p,))
    # The approximation may move by its own error where it takes over from the count.
    assert balance.short() >= before - 1e-9 if agents <= EXACT_UP_TO else balance.short() >= before - 0.02
    if agents < EXACT_UP_TO:
        assert Balance(agents + 1, events).short() <= before + 1e-9


def test_with_no_agents_the_next_person_finds_nobody() -> None:
    assert Balance(0, []).short() == 1.0
    assert Balance(-2, [0.5]).short() == 1.0


def test_certain_events_need_no_chance() -> None:
    assert reaches([1.0] * 20, 20) == 1.0
    assert reaches([1.0] * 19 + [0.0], 20) == 0.0
