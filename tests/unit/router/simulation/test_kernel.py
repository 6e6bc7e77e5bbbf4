"""Virtual time: facts and timers in order, people who react, figures that add up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from services.router.domain.core import Fact, TimerDue
from services.router.simulation.behaviour import Answer, DrawnBehaviour, Manners, constant
from services.router.simulation.fairness import gini
from services.router.simulation.kernel import Kernel
from services.router.simulation.people import People
from services.router.simulation.tally import ServiceLevel, Tally
from shared.contracts.contact_events import ContactArrived, PresenceChanged
from shared.contracts.fields import SECOND, Channel
from shared.contracts.routing_decisions import OfferMade, OfferWithdrawn
from tests.unit.router.simulation.small_centre import arrive, policy, sign_in


def played(behaviour: DrawnBehaviour, **of_every_group: Any) -> tuple[Kernel, Tally]:
    kernel, tally = Kernel(policy(**of_every_group), 0), Tally(severity={"calls": 2})
    kernel.listen(tally.hear)
    People(kernel, behaviour)
    return kernel, tally


def minute_calls(patience: float | None = None) -> DrawnBehaviour:
    return DrawnBehaviour(1, {"": Manners(constant(60), None if patience is None else constant(patience))})


def test_one_agent_serves_two_callers_one_after_the_other() -> None:
    kernel, tally = played(minute_calls())
    sign_in(kernel, "ann")
    arrive(kernel, "c1", 10)
    arrive(kernel, "c2", 30)
    kernel.run()
    whole = tally.outcome().whole
    assert whole.answered == [0, 40 * SECOND]
    assert whole.asa_seconds == 20
    assert whole.service_level(20) == 0.5
    assert kernel.now == 130 * SECOND
    ann = tally.outcome().agents["ann"]
    assert (ann.busy, ann.available, ann.exposure) == (120 * SECOND, 10 * SECOND, 240 * SECOND)


def test_impatient_callers_leave_and_are_counted_by_variant() -> None:
    kernel, tally = played(minute_calls(patience=15))
    sign_in(kernel, "ann")
    for n in range(3):
        arrive(kernel, f"c{n}", n * 10)
    kernel.run(until=300 * SECOND)
    whole = tally.outcome().whole
    assert (whole.answered, whole.abandoned) == ([0], [15 * SECOND, 15 * SECOND])
    assert whole.abandonment == 2 / 3
    assert whole.service_level(15) == 1 / 3
    assert whole.service_level(15, ServiceLevel.OF_ANSWERED) == 1
    assert whole.service_level(15, ServiceLevel.WITHOUT_SHORT, short_seconds=15) == 1
    assert whole.service_level(15, ServiceLevel.WITH_ABANDONED) == 1
    assert kernel.now == 300 * SECOND


def test_an_answer_at_the_very_moment_the_offer_expires_counts() -> None:
    slow = DrawnBehaviour(1, {"": Manners(constant(60))}, accept=constant(20))
    kernel, tally = played(slow, offer_timeout_seconds={"phone": 20})
    sign_in(kernel, "ann")
    arrive(kernel, "c1", 0)
    kernel.run()
    assert tally.outcome().whole.answered == [20 * SECOND]


def test_a_missed_offer_times_out_and_the_agent_comes_back() -> None:
    behaviour = DrawnBehaviour(1, {"": Manners(constant(60))}, back_after=constant(30))
    behaviour.answer = lambda offer: Answer(0, "ignored")  # type: ignore[method-assign]
    kernel, _ = played(behaviour)
    heard: list[object] = []
    kernel.listen(lambda given, decided: heard.extend([given.fact, *(d.decision for d in decided)]))
    sign_in(kernel, "ann")
    arrive(kernel, "c1", 0)
    kernel.run(until=90 * SECOND)
    kinds = [type(h) for h in heard]
    assert kinds.index(TimerDue) < kinds.index(OfferWithdrawn) < kinds.index(PresenceChanged)
    assert kinds.count(OfferMade) == 2  # again after the minute in which the one who missed it is left alone


def test_facts_are_taken_from_a_source_as_time_comes() -> None:
    kernel, tally = played(minute_calls())
    sign_in(kernel, "ann")
    taken: list[int] = []

    def facts() -> Iterator[tuple[int, Fact, str]]:
        for n in range(5):
            taken.append(n)
            at = n * 100 * SECOND
            yield at, ContactArrived(f"c{n}", Channel.PHONE, "line", at), f"e{n}"

    kernel.follow(facts())
    kernel.run(until=150 * SECOND)
    assert taken == [0, 1, 2]
    kernel.run()
    assert len(tally.outcome().whole.answered) == 5


@pytest.mark.parametrize(("amounts", "expected"), [([], 0), ([0, 0], 0), ([3, 3, 3], 0), ([0, 0, 9], 2 / 3)])
def test_gini(amounts: list[float], expected: float) -> None:
    assert gini(amounts) == pytest.approx(expected)
