"""Which calls are audited, and what is known of the classifier from them."""

from __future__ import annotations

import pytest

from services.outbound.domain.abandonment import WhoAnswered, folded
from services.outbound.domain.machine_audits import MachineFigures, drawn
from shared.contracts.dial_results import AttemptAnswered, AttemptConnected, AttemptEnded


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 1.0])
def test_the_lot_falls_as_often_as_asked_and_always_the_same(share: float) -> None:
    ids = [f"c.r{n}.1" for n in range(4_000)]
    first = [drawn(one, share) for one in ids]
    assert first == [drawn(one, share) for one in ids]
    assert sum(first) / len(first) == pytest.approx(share, abs=0.02)


def test_nothing_is_known_before_somebody_asked() -> None:
    unknown = MachineFigures(flagged=40, audited=0, falsely=0, missed=0).false_machines
    assert (unknown.low, unknown.high) == (0.0, 1.0)


def test_wilsons_interval() -> None:
    """E. B. Wilson 1927: 3 of 60, 95 %."""
    rate = MachineFigures(1_200, 60, 3, 0).false_machines
    assert (rate.value, round(rate.low, 4), round(rate.high, 4)) == (0.05, 0.0171, 0.1370)


@pytest.mark.parametrize("machine", [True, False])
def test_an_audited_call_counts_as_what_the_agent_said(machine: bool) -> None:
    """It sounded like a machine, an agent had it all the same: a person counts as answered, a machine as nobody."""
    of = ("c.r.1", "c", "g")
    facts = [
        AttemptAnswered(*of, 1_000_000, "machine"), AttemptConnected(*of, 1_400_000, "a-0"), AttemptEnded(*of, "talked", 9_000_000),
        WhoAnswered("c.r.1", "c", machine, audited=True),
    ]  # fmt: skip
    counts = folded("c", facts).figures(10_000_000, 60_000_000).counts
    assert (counts.persons, counts.audited, counts.falsely) == (int(not machine), 1, int(not machine))
