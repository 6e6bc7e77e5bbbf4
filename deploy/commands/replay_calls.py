"""`ucc replay-calls`: a recorded day of calls driven through the running system, its balance beside the log's own, an audit."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from deploy.audit import audit as audit_installation
from deploy.commands.access import addresses
from deploy.commands.audit import show_audit
from deploy.data_directory import DataDirectory, DirectoryInUse
from deploy.embedded import PostgresUnavailable
from deploy.foundation import foundation, migrated
from deploy.loops import polite_termination, run
from deploy.replay.day import DayReplay
from deploy.replay.journal_file import write_journal
from deploy.replay.plan import Plan, make_plan, read_questions
from deploy.replay.report import balance_table, follow
from deploy.replay.stage import Stage, own_stage, somebodys_stage
from deploy.replay.tenant import TENANT
from services.router.what_if.records.call_log import read_day
from services.router.what_if.records.calls import LogUnreadable
from services.router.what_if.records.mapping import LogMap, load_map
from shared.contracts.envelope import stable_id
from shared.telemetry import configure_logging

console = Console(highlight=False)

SEED = 1
SETTLE_SECONDS = 2.0
"""How long somebody's installation is given to journal the last acknowledged events before it is audited."""


@dataclass(frozen=True)
class Played:
    """What a replay left to be judged."""

    day: DayReplay
    acknowledged: Sequence[tuple[str, str]]  # (tenant, event id)


def replay_calls(
    log: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The recorded calls.")],
    day: Annotated[str, typer.Option(help="The day to replay, as the log writes it.")],
    map_name: Annotated[
        str, typer.Option("--map", help="Preset or YAML file that maps the columns.")
    ] = "anonymous-bank",
    speed: Annotated[float, typer.Option(min=1, max=1000, help="Policy seconds per second.")] = 60.0,
    web: Annotated[
        Path | None, typer.Option(exists=True, help="Questions mixed in as web contacts (id TAB text).")
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="Console of a running installation; default: an embedded one.")
    ] = None,
    tenant: Annotated[str, typer.Option(help="With --url: its tenant. UCC_TOKEN is its administrator's.")] = TENANT,
    data: Annotated[Path | None, typer.Option(help="Keep the embedded installation's data here.")] = None,
    journal_out: Annotated[
        Path | None, typer.Option(help="Write the journal here and replay it under two hash seeds.")
    ] = None,
    acknowledged_out: Annotated[Path | None, typer.Option(help="Write acknowledged events for `ucc audit`.")] = None,
) -> None:
    """Replay a day: calls arrive when they arrived, leave at their recorded patience, last their recorded service time,
    agents are as many as served in each half hour. Exit code 1 on a finding of the audit or a balance that is none."""
    configure_logging("WARNING", json=False)
    try:
        mapping = load_map(map_name)
        questions = read_questions(web) if web else ()
        plan = make_plan(read_day(log, mapping, day), mapping.answer_within_seconds, seed=SEED, questions=questions)
    except LogUnreadable as error:
        console.print(f"[bold red]cannot replay:[/] {error}")
        raise typer.Exit(2) from error
    announce(plan, mapping, speed)
    with ExitStack() as stack:
        stack.enter_context(polite_termination())
        folder = data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ucc-replay-")))
        directory = DataDirectory(folder)
        good = (
            _elsewhere(plan, mapping, directory, url, tenant, acknowledged_out)
            if url
            else _embedded(plan, mapping, speed, directory, journal_out, acknowledged_out)
        )
    if not good:
        raise typer.Exit(1)


def announce(plan: Plan, mapping: LogMap, speed: float) -> None:
    """What is about to be played."""
    recorded = plan.recorded
    agents = len({shift.agent for shift in plan.shifts})
    hours = (plan.ends - plan.begins) / 3.6e9
    web = sum(contact.channel == "web" for contact in plan.contacts)
    console.print(
        f"{recorded.offered} calls entered the queue, {recorded.left_in_menu} left in the voice menu and "
        f"{recorded.ignored} the log calls none (neither queued); {agents} agents; {web} web contacts mixed in"
    )
    console.print(f"{hours:.1f} h of {mapping.time_zone} at {speed:g}×: about {hours * 60 / speed:.0f} min")


def _embedded(
    plan: Plan, mapping: LogMap, speed: float, directory: DataDirectory, journal_out: Path | None, promised: Path | None
) -> bool:
    try:
        with directory.held(), foundation(directory) as base:
            migrated(base.database_url)
            played = run(_play(plan, mapping, lambda: own_stage(plan, mapping, speed, directory, base)))
            return _judge(played, mapping, base.database_url, journal_out, promised)
    except (DirectoryInUse, PostgresUnavailable) as error:
        console.print(f"[bold red]cannot replay:[/] {error}")
        raise typer.Exit(2) from error


def _elsewhere(
    plan: Plan, mapping: LogMap, directory: DataDirectory, url: str, tenant: str, promised: Path | None
) -> bool:
    token = os.environ.get("UCC_TOKEN")
    if not token:
        console.print("[bold red]cannot replay:[/] --url needs UCC_TOKEN, an administrator's token of the tenant")
        raise typer.Exit(2)
    urls = {**addresses(directory.path), "console": url}
    played = run(_play(plan, mapping, lambda: somebodys_stage(plan, mapping, directory, tenant, token, urls)))
    database_url = os.environ.get("UCC_DATABASE_URL")
    if database_url is None:
        console.print("no audit: UCC_DATABASE_URL does not say where the journal is")
    return _judge(played, mapping, database_url, None, promised)


async def _play(
    plan: Plan, mapping: LogMap, stage_of: Callable[[], AbstractAsyncContextManager[Stage]]
) -> Played:  # fmt: skip
    async with stage_of() as stage:
        shift_by = max(0, stage.clock.now() - plan.begins)
        if shift_by:
            console.print(f"[dim]the day is played {shift_by / 1e6:.0f} s later than recorded[/]")
        day = DayReplay(plan, stage.gateway, stage.desks, stage.clock, stage.tenant, shift_by)
        await follow(day, stage.clock, mapping, shift_by, console)
        told = [(stage.tenant, stable_id(stage.tenant, stage.gateway.gateway_id, own)) for own in day.acknowledged]
        told += [(stage.tenant, event_id) for desk in stage.desks.values() for event_id in desk.acknowledged]
    return Played(day, told)


def _judge(
    played: Played, mapping: LogMap, database_url: str | None, journal_out: Path | None, promised: Path | None
) -> bool:
    """Print the balance, audit, check determinism. False on any finding."""
    console.print(balance_table(played.day, mapping))
    if promised is not None:
        promised.write_text("".join(f"{tenant} {event_id}\n" for tenant, event_id in played.acknowledged))
    good = all(tally.balanced for tally in played.day.tallies.values())
    if database_url is not None:
        done = run(_settled_audit(database_url, played.acknowledged))
        show_audit(done)
        good = good and done.clean
        if journal_out is not None:
            good = _deterministic(database_url, done.busiest_partition(), journal_out) and good
    return good


async def _settled_audit(database_url: str, acknowledged: Sequence[tuple[str, str]]):
    await asyncio.sleep(SETTLE_SECONDS)
    return await audit_installation(database_url, acknowledged)


def _deterministic(database_url: str, partition: int, path: Path) -> bool:
    """Replay the journal in two fresh processes under two hash seeds and compare their digests with each other and the record."""
    rows = run(write_journal(database_url, partition, path))
    reports = [
        subprocess.run(
            [sys.executable, "-m", "deploy.replay.journal_file", str(path)],
            env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=False,
        )
        for seed in ("1", "4242")
    ]  # fmt: skip
    same = reports[0].stdout == reports[1].stdout and all(report.returncode == 0 for report in reports)
    console.print(
        f"journal of {rows} inputs in {path}: replayed under two hash seeds, {'equal to the byte' if same else 'DIFFERENT'}"
    )
    for report in reports:
        console.print(f"[dim]{report.stdout.strip() or report.stderr.strip()[-500:]}[/]")
    return same
