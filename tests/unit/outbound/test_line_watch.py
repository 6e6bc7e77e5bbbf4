"""A line that carries nothing is told from what becomes of the attempts."""

from __future__ import annotations

from services.outbound.domain.line_watch import FAILURES, SECOND, UNBEGUN, GatewayWatch, LineWatch
from services.outbound.domain.outcomes import DialOutcome

NOW = 1_000 * SECOND


def test_calls_nobody_begins_tell_that_the_gateway_is_away() -> None:
    watch = GatewayWatch()
    assert not watch.away(None, NOW)
    assert not watch.away(NOW - UNBEGUN, NOW), "it may take its time"
    assert watch.away(NOW - UNBEGUN - 1, NOW)


def test_a_gateway_that_begins_later_calls_is_there() -> None:
    watch = GatewayWatch()
    watch.began(NOW - UNBEGUN)
    watch.began(NOW - 2 * UNBEGUN)  # told late
    assert not watch.away(NOW - UNBEGUN - 1, NOW)
    assert watch.away(NOW - UNBEGUN + 1, NOW + 2)


def test_a_trunk_that_refuses_every_call_is_faulty_until_one_gets_through() -> None:
    watch = LineWatch()
    for n in range(FAILURES):
        assert not watch.fails
        watch.ended(DialOutcome.FAILED, NOW + n)
        watch.ended(DialOutcome.CANCELLED, NOW)
        watch.ended(DialOutcome.UNKNOWN, NOW)
    assert (watch.fails, watch.failed_at) == (True, NOW + FAILURES - 1)
    watch.ended(DialOutcome.BUSY, NOW)
    assert not watch.fails


def test_an_answer_is_enough() -> None:
    watch = LineWatch(failures=FAILURES)
    watch.answered()
    assert not watch.fails
