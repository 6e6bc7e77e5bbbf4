"""A bench figure, how it is measured and how it is told.

Figures are ratios of two things measured in the same run, median of interleaved rounds, because absolute times on a shared
machine say more about the neighbours than about the code.
"""

from __future__ import annotations

import gc
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table. `goal` is "≥ x" or "≤ x"; `met` follows from it."""

    part: str
    name: str
    value: float
    goal: str
    unit: str = "ratio"
    note: str = ""

    @property
    def met(self) -> bool:
        sign, bound = self.goal.split()
        return self.value >= float(bound) if sign == "≥" else self.value <= float(bound)


def interleaved(sides: Mapping[str, Callable[[], float]], rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Run every side once a round, in turn; each returns its own measure. Garbage is collected before, not during."""
    measured: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            gc.collect()
            gc.disable()
            try:
                measured[name].append(side())
            finally:
                gc.enable()
    return measured


def median_ratio(above: list[float], below: list[float]) -> float:
    """Median over rounds of above ÷ below."""
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


def percentile(samples: list[float], share: float) -> float:
    """The sample below which `share` of all lie (nearest rank)."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def fsync_probe(folder: Path | None = None, times: int = 50) -> float:
    """Median milliseconds of write + fsync of 4 KiB: what a durable commit costs at least here."""
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        taken: list[float] = []
        for _ in range(times):
            started = time.perf_counter()
            os.write(file.fileno(), b"x" * 4096)
            os.fsync(file.fileno())
            taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)


def tell(figures: list[Figure], seconds: float, target: Path) -> None:
    """Print the table and write it as JSON."""
    table = Table(title="make bench", show_lines=False)
    for column in ("part", "figure", "value", "goal", "met", "note"):
        table.add_column(column, justify="right" if column in ("value", "goal") else "left")
    for f in figures:
        table.add_row(
            f.part,
            f.name,
            f"{f.value:,.2f} {f.unit if f.unit != 'ratio' else '×'}",
            f.goal,
            "yes" if f.met else "NO",
            f.note,
        )
    Console(width=150).print(table)
    load, probe = os.getloadavg(), fsync_probe()
    print(
        f"load {load[0]:.2f} {load[1]:.2f} {load[2]:.2f} on {os.cpu_count()} processors · fsync {probe:.2f} ms · {seconds:.0f} s in all"
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(
        json.dumps(
            {
                "load": load,
                "processors": os.cpu_count(),
                "fsync_ms": probe,
                "figures": {f.name: {**asdict(f), "met": f.met} for f in figures},
            },
            indent=1,
            ensure_ascii=False,
        )
    )
