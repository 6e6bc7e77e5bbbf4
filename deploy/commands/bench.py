"""`ucc bench pacing`: the pacer against its opponents on the reference floor, in the terminal or as the committed report."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deploy.blending.report import write as write_blending
from deploy.blending.study import MANNERS, SCENES, BlendingStudy
from services.outbound.ordering_study.report import draw, tables
from services.outbound.ordering_study.study import EARLIER, compare
from services.outbound.ordering_study.telemarketing import read_calls
from services.outbound.simulation.report import write
from services.outbound.simulation.runs import Results
from services.outbound.simulation.study import FULL, GOALS, PARTS, QUICK, PacingStudy

console = Console(highlight=False)
told = Console(stderr=True, highlight=False)

bench_app = typer.Typer(no_args_is_help=True, help="Measure what only a simulation can show.")


@bench_app.callback()
def bench() -> None:
    """Measure what only a simulation can show."""


@bench_app.command()
def pacing(
    full: Annotated[
        bool, typer.Option("--full", help="All sizes, opponents, robustness: 30 days × 30 seeds (hours).")
    ] = False,
    days: Annotated[int | None, typer.Option(min=1, max=30, help="Days of each run instead.")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, max=31, help="Seeds of each row instead.")] = None,
    sizes: Annotated[str, typer.Option(help="Agents, comma-separated, instead.")] = "",
    parts: Annotated[str, typer.Option(help=f"Of {', '.join(PARTS)}, comma-separated, instead.")] = "",
    grid_days: Annotated[int | None, typer.Option(min=1, help="Days of each grid point of the opponents.")] = None,
    processes: Annotated[int, typer.Option(min=1, help="Runs side by side.")] = os.cpu_count() or 1,
    kept: Annotated[
        Path | None, typer.Option("--results", help="Runs are kept in this file (JSON lines) and not run twice.")
    ] = None,
    report: Annotated[Path | None, typer.Option(file_okay=False, help="Write pacing.md and its pictures here.")] = None,
    as_kept: Annotated[bool, typer.Option("--as-kept", help="Run nothing: tell what --results hold.")] = False,
) -> None:
    """Utilisation at a kept abandonment limit: the production pacer, cold and told nothing, on the reference floor."""
    scale = FULL if full else QUICK
    scale = replace(
        scale, days=days or scale.days, seeds=seeds or scale.seeds, grid_days=grid_days or scale.grid_days,
        sizes=tuple(int(size) for size in sizes.split(",")) if sizes else scale.sizes,
        parts=tuple(parts.split(",")) if parts else scale.parts,
    )  # fmt: skip
    unknown = set(scale.parts) - set(PARTS)
    if unknown:
        raise typer.BadParameter(f"parts are {', '.join(PARTS)}; not {', '.join(sorted(unknown))}")
    study = PacingStudy(scale, Results(kept))
    started = time.monotonic()
    for run in () if as_kept else study.run(processes):
        told.print(
            f"{time.monotonic() - started:7.0f} s  {run.driver} {run.agents} agents, {run.floor}, seed {run.seed}"
        )
    _show(study, scale.sizes)
    if report is not None:
        told.print(f"written: {write(study, report)}")


RECORD = Path(__file__).resolve().parents[3] / "shared" / "data" / "bank_marketing" / "bank_first80pct.csv"
"""Of Moro, Cortez & Rita (2014), beside this repository where it is at hand."""


@bench_app.command()
def ordering(
    record: Annotated[
        Path, typer.Argument(help="Calls in time order: the columns of the bank-marketing data.")
    ] = RECORD,
    later: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Calls that follow; these are judged then.")
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option(file_okay=False, help="Draw the two curves into this folder.")
    ] = None,
) -> None:
    """Whom to call first: our order against the file's and plain logistic regression, replayed in time order (minutes)."""
    if not record.exists():
        told.print(f"skipped: {record} is not here; give a file of the bank-marketing data")
        return
    taught = read_calls(record)
    calls = taught if later is None else read_calls(record, later)
    begin = taught.cut(EARLIER) if later is None else len(taught)
    verdicts, gains = compare(calls, begin)
    for line in tables(verdicts, gains, calls, begin):
        console.print(line, markup=False, soft_wrap=True)
    for file in draw(verdicts, calls, begin, pictures) if pictures is not None else ():
        told.print(f"written: {file}")


@bench_app.command()
def blending(
    full: Annotated[bool, typer.Option("--full", help="Days and crowds, 20 seeds each (an hour).")] = False,
    seeds: Annotated[int | None, typer.Option(min=1, max=200, help="Seeds of each row instead.")] = None,
    scenes: Annotated[str, typer.Option(help=f"Of {', '.join(SCENES)}, comma-separated, instead.")] = "",
    processes: Annotated[int, typer.Option(min=1, help="Runs side by side.")] = os.cpu_count() or 1,
    kept: Annotated[
        Path | None, typer.Option("--results", help="Runs are kept in this file (JSON lines) and not run twice.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(file_okay=False, help="Write blending.md and its pictures here.")
    ] = None,
) -> None:
    """What outbound costs inbound where they share agents: router's core and production pacer, the same callers twice."""
    chosen = tuple(scenes.split(",")) if scenes else tuple(SCENES) if full else ("crowd",)
    if unknown := set(chosen) - set(SCENES):
        raise typer.BadParameter(f"scenes are {', '.join(SCENES)}; not {', '.join(sorted(unknown))}")
    study = BlendingStudy(chosen, MANNERS, seeds or (20 if full else 2), kept)
    started = time.monotonic()
    for run in study.run(processes):
        told.print(f"{time.monotonic() - started:7.0f} s  {run.scene}, {run.manner}, seed {run.seed}")
    names = (
        "",
        "inbound level %",
        "lost, points",
        "ASA s",
        "abandoned %",
        "connects/agent h",
        "outbound lost %",
        "utilisation %",
    )
    for scene in chosen:
        table = Table(*names, title=scene)
        for manner in study.manners_of(scene):
            row = study.row(scene, manner)
            figures = (
                row.service_level,
                row.loss,
                row.asa_seconds,
                row.abandoned,
                row.connects,
                row.lost,
                row.utilisation,
            )
            table.add_row(manner, *map(str, figures))
        console.print(table)
    if report is not None:
        told.print(f"written: {write_blending(study, report)}")


def _show(study: PacingStudy, sizes: tuple[int, ...]) -> None:
    table = Table("agents", "driver", "utilisation %", "abandoned %", "goal", "days × seeds")
    for agents in sizes:
        for name, row in study.table(agents).items():
            goal = f"≥ {GOALS[agents]}" if name == "pacer" and agents in GOALS else ""
            table.add_row(str(agents), name, str(row.utilisation), str(row.abandonment), goal, row.extent)
    console.print(table)
