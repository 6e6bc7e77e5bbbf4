"""A table of recorded calls read through a mapping: who entered the queue when, how long they waited, how long they were served.

A row that does not fit is set aside with its line, its reason and itself; `read_day` is for those who will have no such row.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from services.router.what_if.records.calls import (
    CallEnd,
    CallRecord,
    LogUnreadable,
    RecordedCall,
    Rejected,
    group_name,
)
from services.router.what_if.records.mapping import Column, LogMap
from shared.contracts.fields import SECOND


def read_day(log: Path, mapping: LogMap, day: str) -> Sequence[RecordedCall]:
    """The calls of one day (as the log writes it), by queue entry. Raises LogUnreadable at the first row that does not fit."""
    with log.open(encoding="utf-8", newline="") as file:
        found = read_table(file, mapping, day)
    if found.rejected:
        first = found.rejected[0]
        raise LogUnreadable(f"{log.name}, line {first.line}: {first.why}")
    if not found.calls:
        raise LogUnreadable(f"{log.name}: no call on day {day!r}")
    return found.calls


def read_table(lines: Iterable[str], mapping: LogMap, day: str | None = None) -> CallRecord:
    """The calls of a table with a header, of all days or one (as the table writes it). Raises LogUnreadable: not such a table."""
    quoting = csv.QUOTE_NONE if mapping.format.quoting == "none" else csv.QUOTE_MINIMAL
    rows = csv.DictReader(lines, delimiter=mapping.format.delimiter, quoting=quoting)
    missing = sorted(_columns(mapping) - set(rows.fieldnames or ()))
    if missing:
        raise LogUnreadable(f"line 1: no column {', '.join(missing)}; there are {', '.join(rows.fieldnames or ())}")
    calls: dict[str, RecordedCall] = {}
    rejected: list[Rejected] = []
    read = 0
    for row in rows:
        written = {name: value for name, value in row.items() if isinstance(value, str)}
        if day is not None and _day(written, mapping) != day:
            continue
        read += 1
        try:
            call = _call(written, mapping)
            if call.key in calls:
                raise ValueError(f"{', '.join(mapping.call.key)} does not tell calls apart: {call.key} comes twice")
            calls[call.key] = call
        except (KeyError, ValueError, OverflowError) as error:
            rejected.append(Rejected(rows.line_num, _reason(error), mapping.format.delimiter.join(written.values())))
    return CallRecord.of(calls.values(), rejected, read)


def _columns(mapping: LogMap) -> set[str]:
    call = mapping.call
    parts = (call.queued_at, call.date, call.group, call.agent, call.customer, call.tier, mapping.outcome)
    plain = (*call.key, call.entered, call.queue_entry, call.queue_seconds, call.service_seconds)
    return {part.column for part in parts if part is not None} | {name for name in plain if name is not None}


def _reason(error: Exception) -> str:
    return f"the row has no {error.args[0]}" if isinstance(error, KeyError) else str(error)


def _day(row: Mapping[str, str], mapping: LogMap) -> str:
    """The day as the table writes it; of a whole timestamp its first ten letters."""
    if mapping.call.date is not None:
        return row.get(mapping.call.date.column, "")
    assert mapping.call.queued_at is not None
    return row.get(mapping.call.queued_at.column, "")[:10]


def _call(row: Mapping[str, str], mapping: LogMap) -> RecordedCall:
    columns = mapping.call
    moment = _queued_at(row, mapping)
    waited, service = _seconds(row, columns.queue_seconds), max(0, _seconds(row, columns.service_seconds))
    if waited < 0:
        raise ValueError(f"{columns.queue_seconds} is negative: {waited}")
    word = row[columns.group.column]
    return RecordedCall(
        key="-".join(row[column] for column in columns.key),
        customer=_known(row, columns.customer),
        group=mapping.groups.get(word) or group_name(word),
        tier=columns.tier.values.get(row[columns.tier.column], columns.tier.otherwise) if columns.tier else "standard",
        queued_at=moment,
        waited_seconds=waited,
        end=_end(row, mapping, waited, service),
        served_at=moment + waited * SECOND,
        service_seconds=service,
        agent=_known(row, columns.agent),
    )


def _queued_at(row: Mapping[str, str], mapping: LogMap) -> int:
    """When the queue was entered, µs."""
    columns, zone = mapping.call, ZoneInfo(mapping.time_zone)
    if columns.queued_at is not None:
        return _moment(row[columns.queued_at.column], columns.queued_at.format, zone)
    assert columns.date is not None
    assert columns.queue_entry is not None
    midnight = datetime.strptime(row[columns.date.column], columns.date.format).replace(tzinfo=zone)
    queued_at = _time_of_day(row[columns.queue_entry])
    entered = queued_at if columns.entered is None else _time_of_day(row[columns.entered])
    if entered - queued_at > timedelta(hours=12):  # past midnight; a few seconds earlier is a clock set right
        queued_at += timedelta(days=1)
    return int((midnight + queued_at).timestamp()) * SECOND


def _moment(text: str, form: str, zone: ZoneInfo) -> int:
    if form == "epoch":
        return round(float(text) * SECOND)
    written = datetime.fromisoformat(text) if form == "iso" else datetime.strptime(text, form)
    return int((written if written.tzinfo else written.replace(tzinfo=zone)).timestamp()) * SECOND


def _seconds(row: Mapping[str, str], column: str) -> int:
    """Whole seconds, or [h:]mm:ss as spreadsheets write them; nothing is 0."""
    text = row[column].strip()
    if ":" in text:
        return sum(int(part) * 60**power for power, part in enumerate(reversed(text.split(":"))))
    return round(float(text)) if text else 0


def _end(row: Mapping[str, str], mapping: LogMap, waited: int, service: int) -> CallEnd:
    if mapping.outcome is None:
        return CallEnd.SERVED if service > 0 else CallEnd.ABANDONED
    word = row[mapping.outcome.column]
    rule = mapping.outcome.values.get(word) or mapping.outcome.otherwise
    if rule is None:
        raise ValueError(f"{mapping.outcome.column}: {word!r} is no outcome of the mapping")
    if rule.end == "ignored":
        return CallEnd.IGNORED
    if rule.queued == "waited" and waited <= 0:
        return CallEnd(rule.otherwise)
    return CallEnd(rule.end)


def _known(row: Mapping[str, str], column: Column | None) -> str | None:
    if column is None or not row[column.column].strip() or row[column.column] in column.unknown:
        return None
    return row[column.column]


def _time_of_day(text: str) -> timedelta:
    hours, minutes, seconds = (int(part) for part in text.split(":"))
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)
