"""`ucc import`: customers and deals from a table, with progress and true counts."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from deploy.commands.access import DataOption, TenantOption, administration

console = Console(highlight=False)


class Kind(StrEnum):
    CUSTOMERS = "customers"
    DEALS = "deals"


def import_file(
    kind: Annotated[Kind, typer.Argument(help="What the table holds.")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV (UTF-8) or XLSX.")],
    source: Annotated[str, typer.Option(help="Name of the system the rows come from.")],
    tenant: TenantOption = "jinfeng",
    rejected: Annotated[Path | None, typer.Option(help="Where rejected rows are written.")] = None,
    data: DataOption = Path(".ucc"),
) -> None:
    """Import a table; repeating it changes nothing. Exit code 1 when rows were rejected."""
    with administration(tenant, data) as services:
        with Progress(
            SpinnerColumn(), TextColumn("{task.completed} rows"), console=console, transient=True
        ) as progress:
            bar = progress.add_task("rows", total=None)
            done = services.import_table(
                kind, source, file.name, file.read_bytes(), lambda rows: progress.update(bar, completed=rows)
            )
        console.print(
            f"{done.rows} rows: {done.created} created, {done.updated} updated, {done.unchanged} unchanged, "
            f"{done.rejected} rejected"
        )
        if done.rejected:
            where = rejected or file.with_suffix(".rejected.csv")
            where.write_bytes(services.rejected_rows(done.import_id))
            console.print(f"rejected rows with their faults: {where}")
            raise typer.Exit(1)
