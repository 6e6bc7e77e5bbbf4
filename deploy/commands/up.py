"""`ucc up`: the whole house in one process, with the demo tenant if wished, until Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from deploy.data_directory import DataDirectory, DirectoryInUse, Running
from deploy.demo.prepare import DemoTenant, demo_passwords, prepare, write_tenant
from deploy.demo.roster import Roster, load_roster
from deploy.demo.simulation import Simulation
from deploy.embedded import PostgresUnavailable
from deploy.foundation import Foundation, foundation, migrated
from deploy.loops import polite_termination, run
from deploy.servers import PortInUse
from deploy.stack import Ground, listeners, ports_from, running
from shared.telemetry import configure_logging

console = Console(highlight=False)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asked for."""

    demo: bool
    data: Path
    host: str
    port_base: int
    clock_rate: float
    log_level: str


def up(
    demo: Annotated[
        bool, typer.Option("--demo", help="With the demo tenant: customers, agents and a seat for you.")
    ] = False,
    data: Annotated[Path, typer.Option(help="Where data and secrets are kept.")] = Path(".ucc"),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port_base: Annotated[int, typer.Option(min=1, max=65_000, help="Console's port; the others follow.")] = 8080,
    clock_rate: Annotated[float, typer.Option(min=0.1, max=600, help="Policy seconds per second.")] = 1.0,
    log_level: Annotated[str, typer.Option(help="DEBUG, INFO, WARNING or ERROR.")] = "WARNING",
) -> None:
    """Start every service in one process; PostgreSQL and the broker are embedded unless UCC_DATABASE_URL and
    UCC_KAFKA_BOOTSTRAP_SERVERS name yours. Ctrl-C stops intake, drains, publishes and closes; the data stays."""
    wish = Wish(demo, data, host, port_base, clock_rate, log_level.upper())
    configure_logging(wish.log_level, json=False)
    try:
        with polite_termination():
            _up(wish)
    except (DirectoryInUse, PortInUse, PostgresUnavailable) as error:
        console.print(f"[bold red]cannot start:[/] {error}")
        raise typer.Exit(2) from error
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _up(wish: Wish) -> None:
    began = time.monotonic()
    with ExitStack() as stack:
        directory = DataDirectory(wish.data)
        stack.enter_context(directory.held())
        sockets = listeners(wish.host, ports_from(wish.port_base))
        for listener in sockets.values():
            stack.callback(listener.close)
        with console.status("starting PostgreSQL and the broker …"):
            base = stack.enter_context(foundation(directory))
        with console.status("bringing the database to the newest schema …"):
            migrated(base.database_url)
        ground = _ground(base, directory, wish)
        if wish.demo:
            roster = load_roster()
            write_tenant(ground, roster)
            faxes = str(
                directory.path.resolve() / "faxes"
            )  # only here: elsewhere a fax laid into a folder is not a fax sent
            ground = replace(ground, extra={**_sign_ins(roster, directory), "fax_folder": faxes})
        run(_serve(ground, directory, wish, base, sockets, began))
    console.print("stopped; the data stays in", str(directory.path))


def _ground(base: Foundation, directory: DataDirectory, wish: Wish) -> Ground:
    now = None if wish.clock_rate == 1.0 else time.time_ns() // 1000
    return Ground(
        database_url=base.database_url,
        kafka_bootstrap_servers=base.kafka_bootstrap_servers,
        kafka_partitions=base.kafka_partitions,
        signing_key=directory.signing_key(),
        host=wish.host,
        ports=ports_from(wish.port_base),
        clock_rate=wish.clock_rate,
        clock_started=now,
        clock_origin=now,
        log_level=wish.log_level,
    )


async def _serve(
    ground: Ground,
    directory: DataDirectory,
    wish: Wish,
    base: Foundation,
    sockets: Mapping[str, socket.socket],
    began: float,
) -> None:
    asked_to_stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked_to_stop.set)
    async with AsyncExitStack() as stack:
        with console.status("starting the services …"):
            await stack.enter_async_context(running(ground, sockets))
        here = Running(wish.port_base, base.database_url, base.kafka_bootstrap_servers, base.kafka_partitions)
        stack.enter_context(directory.announced(here))
        if wish.demo:
            tenant = await _prepared(ground, directory, asked_to_stop)
            if tenant is not None:
                simulation = Simulation(ground, tenant)
                simulation.start()
                stack.push_async_callback(simulation.stop)
                _welcome(ground, base, tenant, began)
        else:
            _welcome(ground, base, None, began)
        await asked_to_stop.wait()
        console.print("stopping: nothing new is taken in; what was accepted is finished …")


async def _prepared(ground: Ground, directory: DataDirectory, asked_to_stop: asyncio.Event) -> DemoTenant | None:
    """The demo tenant, or None when somebody asked to stop meanwhile: the next start goes on with it."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as progress:
        bars: dict[str, TaskID] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in bars:
                bars[what] = progress.add_task(f"demo tenant: {what}", total=total)
            progress.update(bars[what], completed=done, total=total)

        preparing = asyncio.create_task(asyncio.to_thread(prepare, ground, directory, show))
        stopping = asyncio.create_task(asked_to_stop.wait())
        await asyncio.wait({preparing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        return await preparing if not asked_to_stop.is_set() else None


def _sign_ins(roster: Roster, directory: DataDirectory) -> dict[str, object]:
    """Console's setting with the people its sign-in page offers."""
    passwords = demo_passwords(roster, directory)
    people = [
        *((seat.user, seat.name, "agent") for seat in roster.seats if seat.free),
        *((p["user"], f"{p['name_zh']} {p['name_en']}", p["roles"][0]) for p in roster.staff),
    ]
    offered = [
        {"tenant": roster.tenant, "user": user, "password": passwords[user], "name": name, "role": role}
        for user, name, role in people
    ]
    return {"demo_sign_ins": offered}


def _welcome(ground: Ground, base: Foundation, tenant: DemoTenant | None, began: float) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_row("pages", f"[bold]{ground.url('console')}[/]")
    for service in ("gateway", "router", "profile", "ivr", "outbound"):
        table.add_row(service, f"{ground.url(service)}/docs")
    if tenant is not None:
        password = next(tenant.passwords[seat.user] for seat in tenant.roster.seats if seat.free)
        users = [*(seat.user for seat in tenant.roster.seats if seat.free), *(p["user"] for p in tenant.roster.staff)]
        table.add_row("sign in", f"tenant [bold]{tenant.roster.tenant}[/], user [bold]{'[/], [bold]'.join(users)}[/]")
        table.add_row("password", f"[bold]{password}[/]")
        table.add_row("", "[dim]the seat of “you” is kept free; 23 simulated agents and their customers are at work[/]")
    table.add_row("stands on", f"[dim]{base.described}[/]")
    title = f"UCC is up after {time.monotonic() - began:.1f} s"
    console.print(Panel(table, title=title, subtitle="Ctrl-C stops it; the data stays", expand=False))
