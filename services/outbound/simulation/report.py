"""The pacing study as a document: tables with intervals, what was run, and two pictures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from services.outbound.simulation.floor import FloorModel
from services.outbound.simulation.picture import Axis, chart
from services.outbound.simulation.study import (
    CURVE_AGENTS,
    FULL,
    GOALS,
    SMALL,
    Paced,
    PacingStudy,
    optimum,
    progressive_exactly,
)

OUGHT = {
    "steps": "answer rate .15 ↔ .35 every 2 h",
    "half leave": "half the agents leave for 2 h",
    "trunks lost": "trunks lost for 10 min",
}
BAND_MINUTES = 5


def write(study: PacingStudy, folder: Path) -> Path:
    """`pacing.md` and its pictures into `folder`; rows that were not run are left out."""
    pictures = folder / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    tables = {agents: study.table(agents) for agents in GOALS}
    optima = {agents: optimum(agents) for agents in GOALS}
    (pictures / "pacing-sizes.svg").write_text(_sizes(tables, optima), encoding="utf-8")
    (pictures / "pacing-curve.svg").write_text(_curve(study, optima[CURVE_AGENTS]), encoding="utf-8")
    parts = [
        PREFACE,
        _edition(tables),
        *_main(tables, optima),
        *_curve_text(),
        *_robust(study),
        *_small(study),
        *_people(study),
    ]
    document = folder / "pacing.md"
    document.write_text("\n".join(parts) + "\n", encoding="utf-8")
    return document


PREFACE = """# Pacing, measured

Written by `ucc bench pacing --full --report docs`. The pacer (`services/outbound/domain/pacing.py`) is the one production runs.
Here it drives the reference floor of `services/outbound/simulation/floor.py`, starts cold and is told nothing but what a dialler
sees: no rate, no distribution, no coming change.

The floor: answer probability .25; answered after a lognormal ring (mean 10 s, cv .4); of the rest 20 % fail at 3 s, 30 % are
machines at 23 s, 50 % ring out at 25 s; talk lognormal (120 s, cv .8), wrap-up lognormal (30 s, cv .5); whoever answers and finds
no agent within 2 s is abandoned; days of 12 hours. Utilisation is time in talk and wrap-up ÷ time signed in; abandoned is of
persons who answered. Intervals are 95 % (Student, over days). The first, cold day is included. "d × s" says how many days and
seeds each row was run; 10–30 × 30: of some seeds ten days, of others thirty.

Opponents: *progressive*, one dial for each free agent, beside its closed form H/(H + R/p); *VICIdial*'s adaptive law with its
defaults, and tuned: the best of a grid of target, intensity, ceiling and method that keeps 3 %; the *best static ratio* of lines
to agents that keeps 3 % (both chosen on a seed of their own, so a row may end a little over); and the *exact optimum of the
memoryless twin* (`services/outbound/simulation/optimum.py`), which knows every mean and no elapsed time. The pacer may exceed it,
because it sees how long each telephone has rung and each agent has talked.
"""


def _edition(tables: dict[int, dict[str, Paced]]) -> str:
    run = [row for rows in tables.values() for row in rows.values()]
    days, seeds = min((row.days[0] for row in run), default=0), min((row.seeds for row in run), default=0)
    asked = f"{FULL.days} days of {FULL.seeds} seeds"
    if (days, seeds) == (FULL.days, FULL.seeds):
        return f"This edition is the whole study: {asked}.\n"
    return (
        f"**This edition is not the whole study** of {asked}: its rows have {seeds} seeds at least, each of {days} days at least, "
        "and intervals are of what was run; `--full --results` continues one.\n"
    )


def _cell(row: Paced | None) -> str:
    if row is None:
        return "not run"
    return f"{row.utilisation} ({row.abandonment.mean:.2f}) {row.extent}"


def _main(tables: dict[int, dict[str, Paced]], optima: dict[int, float]) -> Iterator[str]:
    names = ("progressive", "VICIdial, defaults", "VICIdial, tuned", "best static ratio")
    exact = progressive_exactly(FloorModel())
    yield "## Utilisation % (abandoned %) d × s\n"
    yield f"| agents | {' | '.join(names)} | memoryless optimum | **pacer** | goal at ≤ 3.0 % | days ≤ 3 % |"
    yield "|" + "---|" * (len(names) + 5)
    for agents, rows in tables.items():
        pacer = rows.get("pacer")
        told = " | ".join(_cell(rows.get(name)) for name in names)
        kept = f"{pacer.days_kept:.0f} %" if pacer else ""
        yield f"| {agents} | {told} | {optima[agents]:.1f} | **{_cell(pacer)}** | ≥ {GOALS[agents]:g} | {kept} |"
    yield f"\nProgressive in closed form: {exact:.2f} %.\n"
    yield "![Utilisation by size](pictures/pacing-sizes.svg)\n"


def _curve_text() -> Iterator[str]:
    yield f"## Utilisation against abandonment, {CURVE_AGENTS} agents\n"
    yield "The pacer keeps limits of 1, 2, 3, 4 and 5 %; static ratios are one line apart; VICIdial's law at the same limits, only"
    yield "the settings no other setting beats in both.\n"
    yield "![Utilisation against abandonment](pictures/pacing-curve.svg)\n"


def _robust(study: PacingStudy) -> Iterator[str]:
    yield f"## When things change, {CURVE_AGENTS} agents\n"
    yield f"Back in band: of the persons who answered in the first {BAND_MINUTES} minutes after a change, and from then to minute 15,"
    yield "how many were abandoned (all changes, days and seeds together), with the standard error of a share.\n"
    yield f"| floor | utilisation % | abandoned % | worst seed | days ≤ 3 % | first {BAND_MINUTES} min % | afterwards % | d × s |"
    yield "|---|---|---|---|---|---|---|---|"
    for floor, words in OUGHT.items():
        row = study.figures(study.rows("pacer", CURVE_AGENTS, floor=floor))
        if row is not None:
            first, later = _share(row.after[:BAND_MINUTES]), _share(row.after[BAND_MINUTES:])
            figures = f"{row.utilisation} | {row.abandonment} | {row.worst_abandonment:.2f} | {row.days_kept:.0f} %"
            yield f"| {words} | {figures} | {first} | {later} | {row.extent} |"
    yield ""


def _share(minutes: Sequence[tuple[int, int]]) -> str:
    answered, abandoned = sum(minute[0] for minute in minutes), sum(minute[1] for minute in minutes)
    if not answered:
        return "nobody answered"
    share = abandoned / answered
    return f"{100 * share:.1f} ± {100 * math.sqrt(share * (1 - share) / answered):.1f}"


def _small(study: PacingStudy) -> Iterator[str]:
    yield "## Few agents\n"
    yield "| agents | progressive utilisation % | pacer utilisation % | abandoned % | d × s |"
    yield "|---|---|---|---|---|"
    for agents in SMALL:
        plain, pacer = study.figures(study.rows("progressive", agents)), study.figures(study.rows("pacer", agents))
        if plain and pacer:
            yield f"| {agents} | {plain.utilisation} | {pacer.utilisation} | {pacer.abandonment} | {pacer.extent} |"
    yield ""


def _people(study: PacingStudy) -> Iterator[str]:
    yield "## With people's limits on\n"
    yield "Two languages (40 % of the agents speak one, 30 % the other, 30 % both; a record is dialled only against agents who may"
    yield "serve it), a pause of 5 s after every call, and the occupancy ceiling off or at 88 %. The headline is live connects for each"
    yield "agent hour.\n"
    yield "| agents | ceiling | live connects per agent hour | utilisation % | abandoned % | d × s |"
    yield "|---|---|---|---|---|---|"
    for agents in (20, 50):
        for ceiling in (1.0, 0.88):
            row = study.figures(study.people(agents, ceiling))
            if row is not None:
                words = "off" if ceiling == 1 else f"{100 * ceiling:.0f} %"
                yield f"| {agents} | {words} | {row.connects} | {row.utilisation} | {row.abandonment} | {row.extent} |"


def _sizes(tables: dict[int, dict[str, Paced]], optima: dict[int, float]) -> str:
    lines = {
        name: [(math.log10(agents), rows[name].utilisation.mean) for agents, rows in tables.items() if name in rows]
        for name in ("pacer", "best static ratio", "VICIdial, tuned", "VICIdial, defaults", "progressive")
    }
    lines["memoryless optimum"] = [(math.log10(agents), value) for agents, value in optima.items()]
    across = Axis("agents", 0.6, 2.1, [math.log10(agents) for agents in tables], [str(agents) for agents in tables])
    return chart("Utilisation at ≤ 3 % abandoned", across, Axis("utilisation %", 60, 100, range(60, 101, 5)), lines)


def _curve(study: PacingStudy, best: float) -> str:
    curve = study.curve()
    lines = {"pacer": curve["pacer"], "static ratio": curve["ratio"], "VICIdial": curve["vicidial"],
             "memoryless optimum, 3 %": [(3.0, best)], "progressive": [(0.0, progressive_exactly(FloorModel()))]}  # fmt: skip
    return chart(
        f"Utilisation against abandonment, {CURVE_AGENTS} agents", Axis("abandoned, % of persons who answered", 0, 8, range(9)),
        Axis("utilisation %", 60, 100, range(60, 101, 5)), lines,
    )  # fmt: skip
