"""The pacer on the reference floor: 20 agents, a cold day, five seeds (`ucc bench pacing`; the whole table is its `--full`)."""

from __future__ import annotations

import time

from services.outbound.simulation.study import GOALS, quick
from tests.benchmarks.report import Figure


def pacing_figures() -> list[Figure]:
    """Utilisation at a kept limit, and what a simulated dial costs."""
    started = time.process_time()
    found = quick()
    dial = (time.process_time() - started) / found.dials * 1e6
    note = f"{found.utilisation} over {found.seeds} cold days, nothing told; {dial:.0f} µs a simulated dial"
    return [
        Figure("pacing", "utilisation, 20 agents", found.utilisation.mean, f"≥ {GOALS[20]}", unit="%", note=note),
        Figure("pacing", "abandoned of persons who answered", found.abandonment.mean, "≤ 3", unit="%",
               note=f"worst day {found.worst_abandonment:.2f}"),
    ]  # fmt: skip
