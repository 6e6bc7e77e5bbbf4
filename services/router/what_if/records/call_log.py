"""A recorded call log read through a mapping: who entered the queue when, how long they would wait, how long they were served.

The mapping is a small YAML (see `maps/`), so another centre's log needs another YAML and no code.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.contracts.fields import SECOND

MAPS = Path(__file__).parent / "maps"


class LogUnreadable(ValueError):
    """The mapping or a row of the log does not fit; the text says where."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Column(_Part):
    column: str
    unknown: tuple[str, ...] = ()


class _DateColumn(_Part):
    column: str
    format: str


class _TierColumn(_Part):
    column: str
    values: Mapping[str, str]
    otherwise: str


class _CallColumns(_Part):
    key: tuple[str, ...]  # the columns that name a call together
    customer: _Column
    date: _DateColumn
    entered: str
    queue_entry: str
    queue_seconds: str
    service_seconds: str
    agent: _Column
    group: _Column
    tier: _TierColumn


class _Outcome(_Part):
    end: Literal["served", "abandoned", "ignored"]
    queued: Literal["always", "waited"] = "always"
    otherwise: Literal["left_in_menu"] = "left_in_menu"


class _Outcomes(_Part):
    column: str
    values: Mapping[str, _Outcome]


class _Format(_Part):
    delimiter: str = ","
    quoting: Literal["none", "minimal"] = "minimal"


class LogMap(_Part):
    """Which column means what."""

    format: _Format = _Format()
    time_zone: str
    call: _CallColumns
    outcome: _Outcomes
    groups: Mapping[str, str]
    head_start_seconds: Mapping[str, Annotated[int, Field(ge=0)]]
    answer_within_seconds: Annotated[int, Field(gt=0)]


class CallEnd(StrEnum):
    SERVED = "served"
    ABANDONED = "abandoned"
    LEFT_IN_MENU = "left_in_menu"  # never queued
    IGNORED = "ignored"  # the log says: not a call


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One row of the log. Times in microseconds since 1970 on the log's own calendar."""

    key: str
    customer: str | None
    group: str
    tier: str
    queued_at: int
    waited_seconds: int
    end: CallEnd
    served_at: int
    service_seconds: int
    agent: str | None

    @property
    def offered(self) -> bool:
        """Whether the call entered the queue at all."""
        return self.end in (CallEnd.SERVED, CallEnd.ABANDONED)


def load_map(name_or_path: str) -> LogMap:
    """A mapping by the name of a preset or the path of a file. Raises LogUnreadable."""
    preset = MAPS / f"{name_or_path}.yaml"
    path = preset if preset.exists() else Path(name_or_path)
    try:
        return LogMap.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        presets = ", ".join(sorted(found.stem for found in MAPS.glob("*.yaml")))
        raise LogUnreadable(
            f"no mapping {name_or_path!r}: neither a file nor one of the presets ({presets})"
        ) from error
    except (ValidationError, yaml.YAMLError) as error:
        raise LogUnreadable(f"mapping {path}: {error}") from error


def read_day(log: Path, mapping: LogMap, day: str) -> Sequence[RecordedCall]:
    """The calls of one day (as the log writes it), by queue entry. Raises LogUnreadable."""
    calls = sorted(_rows(log, mapping, day), key=lambda call: (call.queued_at, call.key))
    if not calls:
        raise LogUnreadable(f"{log.name}: no call on day {day!r}")
    twice = [key for key, count in Counter(call.key for call in calls).items() if count > 1]
    if twice:
        raise LogUnreadable(
            f"{log.name}: {', '.join(mapping.call.key)} does not tell calls apart: {twice[0]} comes twice"
        )
    return calls


def _rows(log: Path, mapping: LogMap, day: str) -> Iterator[RecordedCall]:
    quoting = csv.QUOTE_NONE if mapping.format.quoting == "none" else csv.QUOTE_MINIMAL
    with log.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file, delimiter=mapping.format.delimiter, quoting=quoting), 2):
            try:
                if row[mapping.call.date.column] == day:
                    yield _call(row, mapping)
            except (KeyError, ValueError) as error:
                raise LogUnreadable(f"{log.name}, line {number}: {type(error).__name__}: {error}") from error


def _call(row: Mapping[str, str], mapping: LogMap) -> RecordedCall:
    columns = mapping.call
    date = datetime.strptime(row[columns.date.column], columns.date.format).replace(tzinfo=ZoneInfo(mapping.time_zone))
    entered, queued_at = _time_of_day(row[columns.entered]), _time_of_day(row[columns.queue_entry])
    if entered - queued_at > timedelta(hours=12):  # past midnight; a few seconds earlier is a clock set right
        queued_at += timedelta(days=1)
    moment = int((date + queued_at).timestamp()) * SECOND
    waited, service = int(row[columns.queue_seconds]), max(0, int(row[columns.service_seconds]))
    rule = mapping.outcome.values[row[mapping.outcome.column]]
    group = row[columns.group.column]
    return RecordedCall(
        key="-".join(row[column] for column in columns.key),
        customer=_known(row, columns.customer),
        group=mapping.groups[group],
        tier=columns.tier.values.get(row[columns.tier.column], columns.tier.otherwise),
        queued_at=moment,
        waited_seconds=waited,
        end=_end(rule, waited),
        served_at=moment + waited * SECOND,
        service_seconds=service,
        agent=_known(row, columns.agent),
    )


def _end(rule: _Outcome, waited: int) -> CallEnd:
    if rule.end == "ignored":
        return CallEnd.IGNORED
    if rule.queued == "waited" and waited <= 0:
        return CallEnd(rule.otherwise)
    return CallEnd(rule.end)


def _known(row: Mapping[str, str], column: _Column) -> str | None:
    return None if row[column.column] in column.unknown else row[column.column]


def _time_of_day(text: str) -> timedelta:
    hours, minutes, seconds = (int(part) for part in text.split(":"))
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)
