"""The third week of a real bank's calls, foretold from the first two (see docs/simulation.md for the figures)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.validation.bank import fit, foretell, read, weeks

RECORD = Path(__file__).parents[3] / "shared" / "data" / "anonymous_bank" / "calls_19990201_19990221.tsv"
PAUSE = 74.0
"""What `python -m tests.validation.bank` fits on the first two weeks, s; fitting it takes minutes."""


@pytest.mark.skipif(not RECORD.exists(), reason="the Anonymous Bank's call record is not beside this repository")
def test_the_third_week_is_foretold() -> None:
    before, after = weeks(read(RECORD))
    known = replace(fit(before), pause=PAUSE)
    median = known.patience[""].median()
    assert median is not None
    assert 230 < median / 1e6 < 330  # 280 s by the engineering notes
    found = foretell(known, after, seeds=[1])
    recorded = [(hour, found.foretold[at]) for at, hour in found.recorded.items()]
    offered = sum(hour.offered for hour, _ in recorded)
    assert offered == sum(hour.offered for _, hour in recorded) > 7_000
    abandoned = [sum(h.abandoned for h in side) / offered for side in zip(*recorded, strict=True)]
    assert abandoned[1] == pytest.approx(abandoned[0], abs=0.06)
    assert found.errors["abandonment"] < 0.10
    assert found.errors["service_level"] < 0.25
