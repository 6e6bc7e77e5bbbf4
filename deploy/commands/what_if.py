"""`ucc what-if`: a period of the journal, or any call record, under another policy; before and after in the terminal.

Runs in this process: it reads the installation's database (or the record's file) and touches nothing. The page and the API ask
the same question of a running router.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import psycopg
import typer
from rich.console import Console
from rich.progress import Progress, TextColumn
from rich.table import Table

from deploy.commands.access import DataOption, TenantOption
from deploy.data_directory import DataDirectory
from deploy.embedded import PostgresUnavailable
from deploy.foundation import database
from deploy.loops import run
from services.router.domain.policy.document import PolicyErrors, parse_policy
from services.router.policy.document import PolicyRefused, check_document
from services.router.what_if.asked import ask_call_record, ask_journal
from services.router.what_if.edits import Edit, EditRefused, HeadStartEdit, RelaxationEdit, edited
from services.router.what_if.records.as_record import Replayable, replayable, starting_policy
from services.router.what_if.records.call_log import read_table
from services.router.what_if.records.calls import CallRecord, LogUnreadable, Rejected
from services.router.what_if.records.mapping import load_map, presets
from services.router.what_if.records.queue_log import PRESET as QUEUE_LOG
from services.router.what_if.records.queue_log import read_queue_log
from shared.contracts.fields import SECOND
from shared.errors import NotFound

console = Console(highlight=False)

SHARES = ("service_level", "abandonment", "right_skill_share", "occupancy")
SHOWN = ("offered", "service_level", "asa_seconds", "wait_p90_seconds", "abandonment", "right_skill_share", "occupancy",
         "exposure_gini")  # fmt: skip


def what_if(
    policy: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="The policy to try (YAML). Default: that in force.")
    ] = None,
    begins: Annotated[str | None, typer.Option("--from", help="Begin of the period, e.g. 2026-11-20T08:00.")] = None,
    ends: Annotated[str | None, typer.Option("--to", help="End of the period.")] = None,
    zone: Annotated[str, typer.Option(help="Time zone of --from and --to.")] = "Asia/Shanghai",
    record: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="A call record instead of the journal.")
    ] = None,
    map_name: Annotated[
        str, typer.Option("--map", help=f"Preset ({', '.join((*presets(), QUEUE_LOG))}) or a mapping's YAML file.")
    ] = "generic-csv",
    day: Annotated[str | None, typer.Option(help="With --record: only that day, as the table writes it.")] = None,
    head_start: Annotated[list[str] | None, typer.Option(help="TIER=SECONDS, may be repeated.")] = None,
    relax_after: Annotated[
        int | None, typer.Option(min=1, help="After so many seconds ask anybody, whatever their skills.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, max=200, help="Runs where something has to be drawn.")] = 10,
    tenant: TenantOption = "jinfeng",
    pool: Annotated[str, typer.Option(help="Agent pool.")] = "main",
    data: DataOption = Path(".ucc"),
    out: Annotated[Path | None, typer.Option(help="Write the whole result (JSON) here.")] = None,
    rejected: Annotated[Path | None, typer.Option(help="Write rows that could not be read here (CSV).")] = None,
) -> None:
    """Would another policy have served yesterday better? Same arrivals, same people, the router's own core."""
    try:
        edits = _edits(head_start or [], relax_after)
        wanted = None if policy is None else check_document(policy.read_text(encoding="utf-8")).mapping
        if record is not None:
            result = _of_record(record, map_name, day, wanted, edits, seeds, rejected)
        else:
            result = _of_journal(begins, ends, zone, wanted, edits, seeds, tenant, pool, data)
    except PolicyRefused as refused:
        for fault in refused.faults:
            console.print(f"{policy}:{fault.line}:{fault.column}: [bold]{fault.path or 'policy'}[/] {fault.message}")
        raise typer.Exit(1) from refused
    except (PolicyErrors, EditRefused, LogUnreadable, NotFound, PostgresUnavailable, ValueError) as error:
        asked = f" ({begins} to {ends}, {zone} time)" if isinstance(error, NotFound) and record is None else ""
        console.print(f"[bold red]cannot ask:[/] {error}{asked}")
        raise typer.Exit(2) from error
    if out is not None:
        out.write_text(json.dumps(result, ensure_ascii=False, indent=1), encoding="utf-8")
    show(result)


def _edits(head_starts: Sequence[str], relax_after: int | None) -> list[Edit]:
    edits: list[Edit] = []
    for written in head_starts:
        tier, _, seconds = written.partition("=")
        edits.append(HeadStartEdit(kind="head_start", tier=tier, seconds=int(seconds)))
    if relax_after is not None:
        edits.append(RelaxationEdit(kind="relaxation", after_seconds=relax_after))
    return edits


def _moment(text: str | None, zone: str, option: str) -> int:
    """µs since 1970. Raises ValueError."""
    if text is None:
        raise ValueError(f"needs {option} (or --record FILE)")
    written = datetime.fromisoformat(text)
    return int((written if written.tzinfo else written.replace(tzinfo=ZoneInfo(zone))).timestamp()) * SECOND


def _of_journal(
    begins: str | None, ends: str | None, zone: str, wanted: Mapping[str, Any] | None, edits: Sequence[Edit], seeds: int,
    tenant: str, pool: str, data: Path,
) -> dict[str, Any]:  # fmt: skip
    period = (_moment(begins, zone, "--from"), _moment(ends, zone, "--to"))
    with database(DataDirectory(data)) as (url, _), _following() as told:
        with psycopg.connect(url) as connection:
            found = connection.execute(
                "SELECT partition FROM directory.pools WHERE tenant_id = %s AND pool_id = %s", (tenant, pool)
            ).fetchone()
            newest = connection.execute(
                "SELECT mapping::text FROM router.policy_versions WHERE tenant_id = %s AND pool_id = %s "
                "ORDER BY version DESC LIMIT 1",
                (tenant, pool),
            ).fetchone()
        if found is None:
            raise NotFound(f"no pool {pool!r} of tenant {tenant!r}")
        chosen = wanted if wanted is not None else json.loads(newest[0]) if newest else None
        if chosen is None:
            raise NotFound("no policy was ever published; name one with --policy")
        mapping = parse_policy(edited(chosen, edits)).to_mapping()
        return run(ask_journal(url, found[0], tenant, pool, period, mapping, seeds, told))


def _of_record(
    file: Path, map_name: str, day: str | None, wanted: Mapping[str, Any] | None, edits: Sequence[Edit], seeds: int,
    rejected: Path | None,
) -> dict[str, Any]:  # fmt: skip
    read, kept = _read(file, map_name, day)
    aside = f", [bold]{read.rejected_rows} could not be read[/]" if read.rejected_rows else ""
    console.print(f"{read.read} rows read, {len(kept.calls)} calls queued, {len(kept.groups)} queues{aside}")
    for row in read.rejected[:5]:
        console.print(f"{file}:{row.line}: {row.why}")
    if rejected is not None:
        _write_rejected(rejected, read.rejected)
    before = parse_policy(starting_policy(kept)).to_mapping()
    mapping = parse_policy(edited(wanted if wanted is not None else before, edits)).to_mapping()
    with _following() as told:
        return ask_call_record(kept, before, mapping, seeds, told)


def _read(file: Path, map_name: str, day: str | None) -> tuple[CallRecord, Replayable]:
    """Raises LogUnreadable."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            if map_name == QUEUE_LOG:
                read = read_queue_log(lines)
                return read, replayable(read.calls, read.shifts, "UTC")
            mapping = load_map(map_name)
            read = read_table(lines, mapping, day)
    except UnicodeDecodeError as error:
        raise LogUnreadable(f"{file}, byte {error.start}: not UTF-8") from error
    return read, replayable(
        read.calls, read.shifts, mapping.time_zone, mapping.answer_within_seconds, mapping.head_start_seconds
    )


def _write_rejected(path: Path, rows: Sequence[Rejected]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("line", "why", "row"))
        writer.writerows((row.line, row.why, row.raw) for row in rows)


class _following:  # noqa: N801  # reads as a word: with _following() as told
    """A line of progress while the question is being answered."""

    def __enter__(self):
        self._progress = Progress(
            *Progress.get_default_columns()[:3], TextColumn("{task.fields[doing]}"), transient=True
        )
        self._progress.start()
        self._line = self._progress.add_task("what if", total=1.0, doing="")
        return lambda doing, share: self._progress.update(self._line, completed=share, doing=doing)

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


def show(result: Mapping[str, Any]) -> None:
    """Before, after and the difference, then what was assumed."""
    for part in result["slices"]:
        if part["slice"] == "hour" or (part["slice"] == "tier" and not part["id"]):
            continue
        console.print(_table(part))
    changed = result["contacts"]
    console.print(f"{changed['changed']} of {changed['of']} contacts would have had another wait, agent or end.")
    if (recorded := result["recorded"]) is not None:
        console.print(
            f"[dim]The record itself: {recorded['offered']} offered, service level {recorded['service_level']:.1%}, "
            f"ASA {recorded['asa_seconds']:.1f} s, {recorded['abandoned']} abandoned.[/]"
        )
    for said in result["assumptions"]:
        console.print(f"[dim]· {said['en']}[/]")


def _table(part: Mapping[str, Any]) -> Table:
    table = Table(
        "", "before", "after", "difference", title=f"{part['slice']} {part['id']}".strip(), title_justify="left"
    )
    for metric in SHOWN:
        if metric in part["metrics"]:
            one = part["metrics"][metric]
            table.add_row(metric, *(_amount(metric, one[side]) for side in ("before", "after", "difference")))
    return table


def _amount(metric: str, value: Mapping[str, float | None] | None) -> str:
    """A number with its interval; shares in percent."""
    if value is None or value["mean"] is None:
        return "–"
    factor, digits = (
        (100.0, 1) if metric in SHARES else (1.0, 0 if metric == "offered" else 2 if "gini" in metric else 1)
    )
    text = f"{value['mean'] * factor:.{digits}f}{' %' if metric in SHARES else ' s' if 'seconds' in metric else ''}"
    if value["low"] is None or value["high"] is None:
        return text
    return f"{text} [dim]({value['low'] * factor:.{digits}f} … {value['high'] * factor:.{digits}f})[/]"
