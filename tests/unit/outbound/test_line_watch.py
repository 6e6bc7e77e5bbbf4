"""A line that carries nothing is told from what becomes of the attempts."""

from __future__ import annotations

from services.outbound.domain.line_watch import FAILURES, SECOND, UNBEGUN, LineFault, LineWatch
from services.outbound.domain.outcomes import DialOutcome

NOW = 1_000 * SECOND


def test_calls_nobody_begins_tell_that_the_gateway_is_away() -> None:
    watch = LineWatch()
    assert watch.fault([], NOW) is None
    assert watch.fault([NOW - UNBEGUN], NOW) is None, "it may take its time"
    assert watch.fault([NOW - 1, NOW - UNBEGUN - 1], NOW) is LineFault.GATEWAY_AWAY


def test_a_gateway_that_begins_later_calls_is_there() -> None:
    watch = LineWatch()
    watch.began(NOW - UNBEGUN)
    watch.began(NOW - 2 * UNBEGUN)  # told late
    assert watch.fault([NOW - UNBEGUN - 1], NOW) is None
    assert watch.fault([NOW - UNBEGUN + 1], NOW + 2) is LineFault.GATEWAY_AWAY


def test_a_trunk_that_refuses_every_call_is_faulty_until_one_gets_through() -> None:
    watch = LineWatch()
    for n in range(FAILURES):
        assert watch.fault([], NOW) is None
        watch.ended(DialOutcome.FAILED, NOW + n)
        watch.ended(DialOutcome.CANCELLED, NOW)
        watch.ended(DialOutcome.UNKNOWN, NOW)
    assert (watch.fault([], NOW), watch.failed_at) == (LineFault.LINE_FAILS, NOW + FAILURES - 1)
    watch.ended(DialOutcome.BUSY, NOW)
    assert watch.fault([], NOW) is None


def test_an_answer_is_enough() -> None:
    watch = LineWatch(failures=FAILURES)
    watch.answered()
    assert watch.fault([], NOW) is None
