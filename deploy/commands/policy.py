"""`ucc policy …`: the same document the page and the API edit, checked, compared, published, planned, rolled back."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table

from deploy.commands.access import DataOption, TenantOption, administration
from deploy.commands.policy_roster import staff_of_console, staff_of_file

console = Console(highlight=False)
policy_app = typer.Typer(no_args_is_help=True, help="Routing policy: YAML in, YAML out.")

Language = Literal["zh", "en"]
FileArgument = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The policy (YAML).")]
NoteOption = Annotated[str, typer.Option(help="Why; kept with the version.")]
AtOption = Annotated[
    str | None,
    typer.Option(help="Publish at this time, e.g. 2026-11-23T08:00 (the policy's time zone, or with an offset)."),
]
KeepOption = Annotated[
    bool,
    typer.Option("--keep-waiting", help="Those who wait keep the targets, head start and steps they entered with."),
]
RosterOption = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="Agents to check against; else the running console's.")
]
LanguageOption = Annotated[Language, typer.Option("--lang", help="Of warnings and changes.")]
HERE = Path(".ucc")


@policy_app.command("check")
def check(
    file: FileArgument, roster: RosterOption = None, tenant: TenantOption = "jinfeng", lang: LanguageOption = "en",
    strict: Annotated[bool, typer.Option(help="End with 1 on warnings too.")] = False, data: DataOption = HERE,
) -> None:  # fmt: skip
    """Say everything that is wrong or doubtful, by line and column. Needs no running service."""
    from services.router.policy.document import PolicyRefused, check_document
    from services.router.policy.editing.checking import doubts_about  # here: every other command starts sooner
    from services.router.policy.editing.chinese import in_chinese

    try:
        checked = check_document(file.read_text(encoding="utf-8"))
    except PolicyRefused as refused:
        for fault in refused.faults:
            message = in_chinese(fault.message) if lang == "zh" else fault.message
            place = f"{file}:{fault.line}:{fault.column}: [bold]{fault.path or 'policy'}[/]"
            console.print(f"{place} {message}", soft_wrap=True)
        raise typer.Exit(1) from refused
    staff = staff_of_file(roster) if roster is not None else _reachable_staff(tenant, data)
    doubts = doubts_about(checked, time.time_ns() // 1000, staff, lang)
    for doubt in doubts:
        fault = doubt.fault
        console.print(
            f"{file}:{fault.line}:{fault.column}: [yellow]{doubt.code}[/] [bold]{fault.path}[/] {fault.message}",
            soft_wrap=True,
        )
    groups, lines = checked.mapping["groups"], checked.mapping["business_lines"]
    assert isinstance(groups, dict)
    assert isinstance(lines, dict)
    against = "no roster to hold it against" if staff is None else f"held against {len(staff)} agents"
    console.print(
        f"[green]good:[/] {len(lines)} business lines, {len(groups)} question groups, {len(doubts)} warnings; {against}",
        soft_wrap=True,
    )
    if strict and doubts:
        raise typer.Exit(1)


def _reachable_staff(tenant: str, data: Path) -> Any:
    """The running console's roster, where there is a running installation here."""
    from deploy.data_directory import DataDirectory

    if DataDirectory(data).running() is None:
        return None
    with administration(tenant, data) as services:
        return staff_of_console(services)


@policy_app.command("diff")
def diff(
    old: Annotated[str, typer.Argument(help="A file, or a version as v3.")],
    new: Annotated[str, typer.Argument(help="A file, or a version as v3.")],
    roster: RosterOption = None, tenant: TenantOption = "jinfeng", lang: LanguageOption = "en",
    text: Annotated[bool, typer.Option(help="Show the difference of the texts too.")] = False, data: DataOption = HERE,
) -> None:  # fmt: skip
    """What changes for whom, in words."""
    from services.router.domain.core import parse_policy
    from services.router.policy.document import PolicyRefused, check_document
    from services.router.policy.editing.changes import changes_between, text_diff, touches_waiting

    old_text, new_text = (_document(name, tenant, data) for name in (old, new))
    try:
        before, after = (parse_policy(check_document(document).mapping) for document in (old_text, new_text))
    except PolicyRefused as refused:
        console.print(f"[bold red]refused:[/] {refused}")
        raise typer.Exit(1) from refused
    changes = changes_between(before, after, None if roster is None else staff_of_file(roster))
    for change in changes:
        waiting = " [yellow](touches those who wait)[/]" if change.touches_waiting else ""
        console.print(f"  {getattr(change.words, lang)}{waiting}", soft_wrap=True)
    if not changes:
        console.print("both mean the same")
    elif touches_waiting(changes):
        console.print("publishing asks whether it applies to those who wait already (--keep-waiting)")
    if text:
        console.print(Syntax(text_diff(old_text, new_text, old, new), "diff", background_color="default"))


def _document(name: str, tenant: str, data: Path) -> str:
    if name.startswith("v") and name[1:].isdigit() and not Path(name).exists():
        with administration(tenant, data) as services:
            return services.policy_version(int(name[1:]))
    if not Path(name).is_file():
        raise typer.BadParameter(f"{name} is neither a file nor a version such as v3")
    return Path(name).read_text(encoding="utf-8")


@policy_app.command("publish")
def publish(
    file: FileArgument, tenant: TenantOption = "jinfeng", note: NoteOption = "", at: AtOption = None,
    keep_waiting: KeepOption = False, data: DataOption = HERE,
) -> None:  # fmt: skip
    """Publish a document, now or at a time: it is in force when the router has journaled it."""
    document = file.read_text(encoding="utf-8")
    with administration(tenant, data) as services:
        done = services.publish_policy(document, note, waiting="keep" if keep_waiting else "apply", at=at)
    _tell(done, keep_waiting)


policy_app.command("apply", hidden=True, help="The older name of `publish`.")(publish)


@policy_app.command("rollback")
def rollback(
    version: Annotated[int, typer.Argument(help="The version to publish again, as a new one.")],
    tenant: TenantOption = "jinfeng", note: NoteOption = "", at: AtOption = None, keep_waiting: KeepOption = False,
    data: DataOption = HERE,
) -> None:  # fmt: skip
    """Publish an older version again."""
    waiting = "keep" if keep_waiting else "apply"
    with administration(tenant, data) as services:
        done = services.call(
            "POST", "router", "/v1/policy/rollback", params=_given(version=version, note=note, waiting=waiting, at=at)
        )
    _tell(done, keep_waiting)


def _given(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _tell(done: Mapping[str, Any], keep_waiting: bool) -> None:
    applies = (
        "those who wait keep their rules" if keep_waiting else "it applies to those who wait too (--keep-waiting: not)"
    )
    match done["state"]:
        case "published":
            console.print(f"version {done['version']} published, hash {done['hash'][:12]}…; {applies}")
        case "scheduled":
            console.print(f"scheduled for {done['publish_at']} as {done['plan_id']}; {applies}")
        case _:
            console.print(f"proposed as {done['plan_id']}: a second administrator must approve it")


@policy_app.command("history")
def history(
    tenant: TenantOption = "jinfeng", limit: Annotated[int, typer.Option(min=1, max=200)] = 20, data: DataOption = HERE
) -> None:
    """Who published what."""
    with administration(tenant, data) as services:
        page = services.call("GET", "router", "/v1/policy/versions", params={"limit": limit})
    table = Table("version", "published", "by", "note", box=None)
    for entry in page["items"]:
        notes = [entry["note"]]
        notes += [f"restores {entry['restores']}"] if entry["restores"] else []
        notes += ["those who waited kept their rules"] if entry["waiting"] == "keep" else []
        by = f"{entry['author']}, approved by {entry['approved_by']}" if entry["approved_by"] else entry["author"]
        table.add_row(str(entry["version"]), entry["created_at"][:19], by, "; ".join(filter(None, notes)))
    console.print(table)


@policy_app.command("plans")
def plans(tenant: TenantOption = "jinfeng", data: DataOption = HERE) -> None:
    """Policies to come, and the last that were settled."""
    with administration(tenant, data) as services:
        page = services.call("GET", "router", "/v1/policy/plans")
    table = Table("plan", "state", "at", "by", "note", box=None)
    for plan in page["items"]:
        table.add_row(
            plan["plan_id"], plan["state"], plan["publish_at"] or "once approved", plan["author"], plan["note"]
        )
    console.print(table)


@policy_app.command("approve")
def approve(plan: str, tenant: TenantOption = "jinfeng", data: DataOption = HERE) -> None:
    """Approve somebody else's plan."""
    with administration(tenant, data) as services:
        done = services.call("POST", "router", f"/v1/policy/plans/{plan}/approve")
    console.print(f"{done['state']}" + (f" as version {done['version']}" if done["version"] else ""))


@policy_app.command("cancel")
def cancel(plan: str, tenant: TenantOption = "jinfeng", data: DataOption = HERE) -> None:
    """Cancel a plan that is not published yet."""
    with administration(tenant, data) as services:
        services.call("DELETE", "router", f"/v1/policy/plans/{plan}")
    console.print("cancelled")


@policy_app.command("show")
def show(
    tenant: TenantOption = "jinfeng", version: Annotated[int | None, typer.Option(help="An older one.")] = None,
    data: DataOption = HERE,
) -> None:  # fmt: skip
    """Print a document as its author wrote it, the newest by default."""
    with administration(tenant, data) as services:
        document = services.policy_text() if version is None else services.policy_version(version)
    if document is None:
        console.print("no policy was ever published")
        raise typer.Exit(1)
    if console.is_terminal:
        console.print(Syntax(document, "yaml", background_color="default"))
    else:
        typer.echo(document, nl=False)
