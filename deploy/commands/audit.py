"""`ucc audit`: holds an installation's journal and databases against the invariants."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deploy.audit import LISTED, Audit
from deploy.audit import audit as audit_installation
from deploy.commands.access import DataOption
from deploy.data_directory import DataDirectory
from deploy.foundation import database
from deploy.loops import run

console = Console(highlight=False)
SHOWN = 50


def audit(
    acknowledged: Annotated[
        Path | None, typer.Option(help="File of `tenant event-id` lines that were acknowledged to a producer (I11).")
    ] = None,
    data: DataOption = Path(".ucc"),
) -> None:
    """Audit UCC_DATABASE_URL or the data directory, running or stopped. Exit code 1 on a finding."""
    promised: list[tuple[str, str]] = []
    if acknowledged is not None:
        for line in acknowledged.read_text().splitlines():
            tenant, _, event_id = line.partition(" ")
            promised.append((tenant, event_id))
    with database(DataDirectory(data)) as (url, _):
        done = run(audit_installation(url, promised))
    show_audit(done)
    if not done.clean:
        raise typer.Exit(1)


def show_audit(done: Audit) -> None:
    """Print counts and findings."""
    counts = ", ".join(f"{number} {what}" for what, number in sorted(done.counts.items()))
    console.print(f"[dim]{counts}[/]")
    if done.clean:
        console.print(f"[green]audit clean[/]: {LISTED} hold")
        return
    by_invariant = Counter(finding.invariant for finding in done.findings)
    table = Table(
        "invariant", "position", "about", "finding", title=f"{len(done.findings)} findings: {dict(by_invariant)}"
    )
    for finding in done.findings[:SHOWN]:
        table.add_row(finding.invariant, str(finding.position), finding.subject, finding.text)
    console.print(table)
