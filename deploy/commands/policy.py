"""`ucc policy check|apply|show`: the same document the page and the API edit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.syntax import Syntax

from deploy.commands.access import DataOption, TenantOption, administration

console = Console(highlight=False)
policy_app = typer.Typer(no_args_is_help=True, help="Routing policy: YAML in, YAML out.")

FileArgument = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The policy (YAML).")]


@policy_app.command("check")
def check(file: FileArgument) -> None:
    """Say everything that is wrong with a document, by line and column. Needs no running service."""
    from services.router.policy_document import PolicyRefused, check_document  # here: every other command starts sooner

    try:
        checked = check_document(file.read_text(encoding="utf-8"))
    except PolicyRefused as refused:
        for fault in refused.faults:
            console.print(f"{file}:{fault.line}:{fault.column}: [bold]{fault.path or 'policy'}[/] {fault.message}")
        raise typer.Exit(1) from refused
    groups, lines = checked.mapping["groups"], checked.mapping["business_lines"]
    assert isinstance(groups, dict)
    assert isinstance(lines, dict)
    console.print(f"[green]good:[/] {len(lines)} business lines, {len(groups)} question groups")


@policy_app.command("apply")
def apply(
    file: FileArgument,
    tenant: TenantOption = "jinfeng",
    note: Annotated[str, typer.Option(help="Why; kept with the version.")] = "",
    data: DataOption = Path(".ucc"),
) -> None:
    """Publish a document: it is in force when the router has journaled it."""
    with administration(tenant, data) as services:
        published = services.publish_policy(file.read_text(encoding="utf-8"), note)
    console.print(f"version {published['version']} published, hash {published['hash'][:12]}…")


@policy_app.command("show")
def show(tenant: TenantOption = "jinfeng", data: DataOption = Path(".ucc")) -> None:
    """Print the newest document as its author wrote it."""
    with administration(tenant, data) as services:
        document = services.policy_text()
    if document is None:
        console.print("no policy was ever published")
        raise typer.Exit(1)
    if console.is_terminal:
        console.print(Syntax(document, "yaml", background_color="default"))
    else:
        typer.echo(document, nl=False)
