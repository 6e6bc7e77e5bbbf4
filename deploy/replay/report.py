"""A replay in words: progress while it runs, then the balance beside the log's own figures."""

from __future__ import annotations

import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.live import Live
from rich.table import Table

from deploy.replay.day import DayReplay
from deploy.replay.tally import Tally
from services.router.what_if.records.mapping import LogMap
from shared.clock import Clock

REFRESH_SECONDS = 1.0
PLAIN_SECONDS = 30.0
"""How often progress is printed where there is no terminal to redraw."""


async def follow(day: DayReplay, clock: Clock, mapping: LogMap, shift_by: int, console: Console) -> None:
    """Run the day and show how it goes."""
    zone = ZoneInfo(mapping.time_zone)
    running = asyncio.create_task(day.run())
    every = REFRESH_SECONDS if console.is_terminal else PLAIN_SECONDS
    try:
        with Live(console=console, auto_refresh=False, transient=True) as live:
            while not running.done():
                await asyncio.wait({running}, timeout=every)
                shown = datetime.fromtimestamp((clock.now() - shift_by) / 1e6, zone)
                line = progress_line(day, shown.strftime("%H:%M"))
                if console.is_terminal:
                    live.update(line, refresh=True)
                else:
                    console.print(line)
        await running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def progress_line(day: DayReplay, time_of_day: str) -> str:
    """One line: the log's time, counts so far, agents on shift."""
    parts = [
        f"{channel} offered {tally.offered}, answered {tally.answered}, abandoned {tally.abandoned}, open {tally.still_waiting}"
        for channel, tally in day.tallies.items()
        if tally.offered
    ]
    on_shift = sum(member.on_shift for member in day.crew)
    return f"{time_of_day} · {on_shift} agents · " + " · ".join(parts or ["before the first contact"])


def balance_table(day: DayReplay, mapping: LogMap) -> Table:
    """offered = answered + abandoned + flowed out + still waiting, ASA and service level, beside the log's own."""
    target, recorded = mapping.answer_within_seconds, day.plan.recorded
    phone, web = day.tallies["phone"], day.tallies["web"]
    table = Table(
        "", "replay", "the log itself", *(["web mixed in"] if web.offered else []), title="balance of the day"
    )

    def row(name: str, ours: str, logs: str, webs: str = "") -> None:
        table.add_row(name, ours, logs, *([webs] if web.offered else []))

    row("offered", str(phone.offered), str(recorded.offered), str(web.offered))
    row("= answered", str(phone.answered), str(recorded.answered), str(web.answered))
    row("+ abandoned", str(phone.abandoned), str(recorded.abandoned), str(web.abandoned))
    row("+ flowed out", str(phone.flowed_out), "0", str(web.flowed_out))
    row("+ still waiting", str(phone.still_waiting), "0", str(web.still_waiting))
    if phone.failed or web.failed:
        row("[bold red]+ failed[/]", str(phone.failed), "", str(web.failed))
    row("balance", _balance(phone), "", _balance(web))
    row("ASA", f"{phone.asa_seconds:.1f} s", f"{recorded.asa_seconds:.1f} s", f"{web.asa_seconds:.1f} s")
    row(f"answered ≤ {target} s ÷ offered", f"{phone.service_level(target):.1%}", f"{recorded.service_level:.1%}",
        f"{web.service_level(target):.1%}")  # fmt: skip
    row("wait P50 / P90 of the answered", _percentiles(phone), "", _percentiles(web))
    return table


def _balance(tally: Tally) -> str:
    return "[green]adds up[/]" if tally.balanced else "[bold red]does not add up[/]"


def _percentiles(tally: Tally) -> str:
    return f"{tally.wait_percentile(0.5):.1f} / {tally.wait_percentile(0.9):.1f} s"
