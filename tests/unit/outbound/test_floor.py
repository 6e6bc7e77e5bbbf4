"""The reference floor and those who drive it, against closed forms and published figures; the pacer against its goals.

Fixed seeds, short days: these would fail if the pacer were plainly worse than its goals. The whole table is `ucc bench pacing --full`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from services.outbound.domain.pacing import PacingRules
from services.outbound.simulation.drivers import PacerDriver
from services.outbound.simulation.floor import Change, DayTally, Driver, FloorModel, run_days
from services.outbound.simulation.opponents import AdaptiveSettings, Progressive, StaticRatio, VicidialAdaptive
from services.outbound.simulation.optimum import memoryless_optimum
from services.outbound.simulation.runs import Results
from services.outbound.simulation.study import PacingStudy, Scale, progressive_exactly


def share(days: Sequence[DayTally]) -> tuple[float, float]:
    """Utilisation and abandonment in per cent."""
    abandoned, connected = sum(day.abandoned for day in days), sum(day.connected for day in days)
    utilisation = sum(day.busy for day in days) / sum(day.present for day in days)
    return 100 * utilisation, 100 * abandoned / max(1, abandoned + connected)


def run(driver: Driver, model: FloorModel, days: int = 1, seed: int = 1) -> tuple[float, float]:
    return share(run_days(model, driver, days, seed))


def test_progressive_is_what_its_closed_form_says_and_abandons_nobody() -> None:
    utilisation, abandoned = run(Progressive(), FloorModel(agents=50, hours=6))
    assert utilisation == pytest.approx(progressive_exactly(FloorModel()), abs=1.5)
    assert abandoned == 0


def test_one_floor_one_seed_one_result() -> None:
    model = FloorModel(agents=5, hours=0.2)
    assert run(PacerDriver(), model) == run(PacerDriver(), model)
    assert run(PacerDriver(), model) != run(PacerDriver(), model, seed=2)


def test_the_memoryless_optimum_is_the_published_one() -> None:
    assert 100 * memoryless_optimum(FloorModel(agents=5)) == pytest.approx(77.8, abs=0.1)
    assert 100 * memoryless_optimum(FloorModel(agents=20)) == pytest.approx(88.5, abs=0.1)


def test_the_pacer_beats_its_opponents_at_a_kept_limit() -> None:
    """The second of two days of 1.5 hours, 20 agents; its goal for whole days is 88 %."""
    model = FloorModel(agents=20, hours=1.5)
    utilisation, abandoned = share(run_days(model, PacerDriver(), 2, 1)[1:])
    assert utilisation > 84
    assert abandoned < 3.5
    defaults, _ = run(VicidialAdaptive(), model)
    assert utilisation > defaults + 12
    ratio, too_many = run(StaticRatio(1.1), model)
    assert utilisation > ratio
    assert too_many > abandoned


def test_a_cold_start_of_a_large_floor_does_not_burn_its_budget() -> None:
    """100 agents, nothing known, the first 20 minutes: this is where estimates from a few dials would dial hundreds too many."""
    utilisation, abandoned = run(PacerDriver(), FloorModel(agents=100, hours=1 / 3))
    assert abandoned < 4.5
    assert utilisation > 66


def test_few_agents_are_never_worse_off_than_with_progressive() -> None:
    model = FloorModel(agents=3, hours=2)
    utilisation, abandoned = run(PacerDriver(), model, seed=3)
    assert utilisation > run(Progressive(), model, seed=3)[0] - 0.5
    assert abandoned < 4


def test_when_the_trunks_are_lost_nobody_is_dialled_into_nothing_for_ever() -> None:
    lost = FloorModel(agents=20, hours=1, changes=(Change(1200, trunks=False), Change(1800, trunks=True)))
    day = run_days(lost, PacerDriver(), 1, 1)[0]
    assert sum(minute[0] for minute in day.minutes[21:30]) == 0
    assert sum(minute[0] for minute in day.minutes[35:60]) > 80
    assert day.abandonment < 0.06


def test_cells_are_dialled_for_their_own_agents() -> None:
    """A pause binds the floor; the ceiling holds occupancy below it."""
    model = FloorModel(
        agents=10, hours=0.5, pause=5,
        cells=((frozenset({"zh"}), 0.4), (frozenset({"en"}), 0.3), (frozenset({"zh", "en"}), 0.3)),
    )  # fmt: skip
    utilisation, abandoned = run(PacerDriver(PacingRules(pause_seconds=5, occupancy_ceiling=0.8)), model)
    assert 55 < utilisation < 81
    assert abandoned < 5


def test_vicidials_level_is_taken_back_when_the_day_is_over_its_limit() -> None:
    """It rides at its limit by switching between too many lines and one each: hardly better than progressive."""
    utilisation, abandoned = run(VicidialAdaptive(AdaptiveSettings(hard=True)), FloorModel(agents=10, hours=6))
    assert utilisation == pytest.approx(68, abs=2.5)
    assert 2.5 < abandoned < 4


def test_kept_runs_are_not_run_again(tmp_path: Path) -> None:
    scale = Scale(days=1, seeds=1, sizes=(2,), parts=())
    results = Results(tmp_path / "runs.jsonl")
    rows = PacingStudy(scale, results).rows("progressive", 2)
    assert len(list(results.complete(rows))) == 1
    again = Results(tmp_path / "runs.jsonl")
    assert list(again.complete(rows)) == []
    assert PacingStudy(scale, again).figures(rows) == PacingStudy(scale, results).figures(rows)


def test_a_row_takes_of_each_seed_its_longest_run_and_says_how_much_was_run() -> None:
    results = Results(None)
    asked = PacingStudy(Scale(days=2, seeds=3), results)
    for days, seeds in ((2, 1), (1, 2)):
        list(results.complete(PacingStudy(Scale(days=days, seeds=seeds), results).rows("progressive", 2)))
    found = asked.figures(asked.rows("progressive", 2))
    assert found is not None
    assert (found.seeds, found.days, found.extent) == (2, (1, 2), "1–2 × 2")
    assert PacingStudy(Scale(days=1, seeds=3), results).figures(asked.rows("progressive", 3)) is None
    one = asked.figures(asked.rows("progressive", 2)[:1])
    assert one is not None
    assert one.extent == "2 × 1"
