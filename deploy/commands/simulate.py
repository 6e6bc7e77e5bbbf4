"""`ucc simulate scenario.yaml`: a scenario run on the router's own core, its figures with their uncertainty; or the fewest
agents that reach a target."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from services.router.simulation.replications import WHOLE, Estimate, Replication, Study, study
from services.router.simulation.scenario import Scenario
from services.router.simulation.scenario_document import read_scenario
from services.router.simulation.staffing import Staffing, Target, fewest_agents, parse_target
from shared.yaml_document import DocumentRefused

console = Console(highlight=False)
if not console.is_terminal:
    console = Console(highlight=False, width=120)  # piped on: nobody's window is too narrow
told = Console(stderr=True, highlight=False)
"""Progress and remarks go beside the figures, so that these can be piped on."""

SHOWN = (
    ("offered", "offered", "{:,.0f}", 1),
    ("service_level", "service level %", "{:.1f}", 100),
    ("asa", "ASA s", "{:.1f}", 1),
    ("wait_p90", "P90 s", "{:.1f}", 1),
    ("abandonment", "abandoned %", "{:.2f}", 100),
    ("right_skill", "right skill %", "{:.1f}", 100),
)
"""Figure, its heading, how it is written, times what."""


def simulate(
    scenario: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The scenario (YAML).")],
    seed: Annotated[int | None, typer.Option(min=0, help="Instead of the scenario's own.")] = None,
    replications: Annotated[int | None, typer.Option(min=1, help="Instead of the scenario's own.")] = None,
    staff_for: Annotated[
        str | None, typer.Option(help="Search the fewest agents: service_level=80/20, asa=30 or abandonment=5.")
    ] = None,
    team: Annotated[str | None, typer.Option(help="With --staff-for: the team to size (default: the first).")] = None,
    processes: Annotated[int, typer.Option(min=1, help="Replications run side by side.")] = os.cpu_count() or 1,
    as_json: Annotated[bool, typer.Option("--json", help="Figures as JSON on standard output.")] = False,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write every replication's figures here.")] = None,
    speed: Annotated[bool, typer.Option("--speed/--no-speed", help="Say how much faster than time it ran.")] = True,
) -> None:
    """Simulate a contact centre on the router's own rules. Nothing running is touched."""
    given = _read(scenario)
    if seed is not None:
        given = replace(given, seed=seed)
    if replications is not None:
        given = replace(given, replications=replications)
    if staff_for is not None:
        _staff(given, staff_for, team, processes, as_json)
        return
    with _progress(given.replications, f"{given.name}: replications") as done:
        found = study(given, processes=processes, progress=done)
    if csv_file is not None:
        _write_csv(found, csv_file)
    if as_json:
        sys.stdout.write(json.dumps(_as_json(given, found), indent=1) + "\n")
    else:
        console.print(_figures_table(given, found))
    if speed:
        inputs = sum(replication.inputs for replication in found.replications)
        told.print(
            f"{given.hours:g} h × {len(found.replications)} in {found.wall_seconds:.1f} s, {inputs:,} inputs: simulated ÷ wall "
            f"{found.speed:,.0f} a process, {found.speed_together:,.0f} together"
        )


def _read(path: Path) -> Scenario:
    """Exit code 2 with every fault by line and column."""
    try:
        return read_scenario(path)
    except DocumentRefused as refused:
        for fault in refused.faults:
            told.print(f"{path}:{fault.line}:{fault.column}: [bold]{fault.path or 'scenario'}[/] {fault.message}")
        raise typer.Exit(2) from refused


@contextmanager
def _progress(total: int | None, what: str) -> Iterator[Callable[..., None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=told, transient=True) as shown:
        bar = shown.add_task(what, total=total)
        yield lambda *_: shown.advance(bar)


def _written(estimate: Estimate | None, form: str, factor: float) -> str:
    if estimate is None:
        return "—"
    mean = form.format(estimate.mean * factor)
    return mean if estimate.half_width is None else f"{mean} ± {form.format(estimate.half_width * factor)}"


def _figures_table(scenario: Scenario, found: Study) -> Table:
    count = len(found.replications)
    table = Table(
        title=f"{scenario.name}: mean of {count} replication{'s' if count > 1 else ''} of {scenario.hours:g} h"
        + (" ± half the 95 % interval" if count > 1 else ""),
        caption=f"service level: answered within {scenario.answer_within} s ÷ offered · ASA, P90: of the answered, from entry into "
        f"the group · seed {scenario.seed}",
    )
    table.add_column("", no_wrap=True)
    for _, heading, _, _ in SHOWN:
        table.add_column(heading, justify="right")
    for cohort in found.cohorts():
        cells = [_written(found.estimate(cohort, figure), form, factor) for figure, _, form, factor in SHOWN]
        table.add_row(cohort or "all", *cells)
    remarks = {
        "occupancy": "occupancy {} %",
        "blocked": "{} % found every line taken",
        "exposure_gini": "exposure Gini {} %",
    }
    for figure, remark in remarks.items():
        estimate = found.estimate(WHOLE, figure)
        if estimate is not None and estimate.mean > 0:
            table.caption = f"{table.caption} · {remark.format(_written(estimate, '{:.1f}', 100))}"
    return table


def _as_json(scenario: Scenario, found: Study) -> dict[str, object]:
    figures: dict[str, dict[str, object]] = {}
    for cohort in found.cohorts():
        names = sorted({name for r in found.replications for name in r.figures.get(cohort, {})})
        estimates = {name: found.estimate(cohort, name) for name in names}
        figures[cohort or "all"] = {
            name: {"mean": e.mean, "half_width_95": e.half_width} for name, e in estimates.items() if e is not None
        }
    return {
        "scenario": scenario.name,
        "seed": scenario.seed,
        "replications": len(found.replications),
        "hours": scenario.hours,
        "answer_within_seconds": scenario.answer_within,
        "simulated_per_wall": found.speed,
        "figures": figures,
    }


def _write_csv(found: Study, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["seed", "cohort", "figure", "value"])
        for replication in found.replications:
            for cohort, figures in replication.figures.items():
                writer.writerows([replication.seed, cohort or "all", name, value] for name, value in figures.items())


# ---- staffing


def _staff(scenario: Scenario, text: str, team: str | None, processes: int, as_json: bool) -> None:
    try:
        target = parse_target(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--staff-for") from error
    teams = [known.name for known in scenario.teams]
    chosen = team or teams[0]
    if chosen not in teams:
        raise typer.BadParameter(f"no team {chosen!r}; there are {', '.join(teams)}", param_hint="--team")
    with _progress(None, f"{scenario.name}: {chosen} for {target}") as done:
        found = fewest_agents(scenario, chosen, target, processes=processes, progress=_counted(done))
    if as_json:
        sys.stdout.write(json.dumps(_staffing_json(found), indent=1) + "\n")
    else:
        _tell_staffing(found, target)
    if found.agents is None:
        raise typer.Exit(1)


def _counted(done: Callable[..., None]) -> Callable[[int, Replication], None]:
    return lambda agents, replication: done()


def _tell_staffing(found: Staffing, target: Target) -> None:
    form, factor = ("{:.1f}", 1.0) if target.figure == "asa" else ("{:.2f}", 100.0)
    table = Table(title=f"{found.team} for {target}; Erlang-A begins at {found.erlang}")
    for heading in ("agents", f"{target.figure}{'' if target.figure == 'asa' else ' %'}", "replications", "reached"):
        table.add_column(heading, justify="right")
    for tried in found.tried:
        verdict = ("yes" if tried.reached else "no") + ("" if tried.sure else ", by the mean only")
        table.add_row(
            str(tried.agents), _written(tried.estimate, form, factor), str(len(tried.estimate.values)), verdict
        )
    console.print(table)
    answer = "no number of agents of this team reaches it: something else is short"
    if found.agents is not None:
        answer = f"{found.agents} agents"
    console.print(f"[bold]{answer}[/]")


def _staffing_json(found: Staffing) -> dict[str, object]:
    return {
        "team": found.team,
        "target": str(found.target),
        "erlang_start": found.erlang,
        "agents": found.agents,
        "tried": [
            {
                "agents": tried.agents,
                "mean": tried.estimate.mean,
                "half_width_95": tried.estimate.half_width,
                "replications": len(tried.estimate.values),
                "reached": tried.reached,
                "sure": tried.sure,
            }
            for tried in found.tried
        ],
    }
