"""Simulated days with policy changes, crashes and recoveries in between: every invariant holds, every recovery is exact.

The month of 500 agents is a command: `python -m tests.validation.month`.
"""

from __future__ import annotations

import pytest

from tests.validation.month import live, small


@pytest.mark.parametrize(("seed", "whole"), [(1, False), (2, True)])
def test_half_a_day_with_crashes(seed: int, whole: bool) -> None:
    lived = live(small(), seed, crashes=2 if whole else 6, policies=4, whole=whole)
    assert lived.report.clean, lived.report.findings[:5]
    assert lived.report.counts["offers"] > 200
    assert lived.inputs == lived.report.counts["inputs"] > 1_000
