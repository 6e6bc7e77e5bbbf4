"""Which column of a table of calls means what: a small YAML, so another centre's table needs another YAML and no code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from services.router.what_if.records.calls import LogUnreadable

MAPS = Path(__file__).parent / "maps"
GROUP = r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}$"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Part):
    """`unknown`: words that mean nobody."""

    column: str
    unknown: tuple[str, ...] = ()


class DateColumn(_Part):
    """`format`: as strptime writes it, or "iso" (offset optional), or "epoch" (seconds since 1970)."""

    column: str
    format: str = "iso"


class TierColumn(_Part):
    column: str
    values: Mapping[str, str]
    otherwise: str


class CallColumns(_Part):
    """When the queue was entered stands in one column (`queued_at`), or as a date and a time of day (`date`, `queue_entry`)."""

    key: Annotated[tuple[str, ...], Field(min_length=1)]  # the columns that name a call together
    queued_at: DateColumn | None = None
    date: DateColumn | None = None
    entered: str | None = None  # when the line was reached: tells a time past midnight
    queue_entry: str | None = None
    queue_seconds: str
    service_seconds: str
    group: Column
    agent: Column | None = None
    customer: Column | None = None
    tier: TierColumn | None = None

    @model_validator(mode="after")
    def _one_way_to_tell_time(self) -> Self:
        if (self.queued_at is None) == (self.date is None or self.queue_entry is None):
            raise ValueError("needs either queued_at, or date and queue_entry")
        return self


class Outcome(_Part):
    """`queued: waited` counts it as offered only when it waited at all."""

    end: Literal["served", "abandoned", "elsewhere", "ignored"]
    queued: Literal["always", "waited"] = "always"
    otherwise: Literal["left_in_menu"] = "left_in_menu"


class Outcomes(_Part):
    column: str
    values: Mapping[str, Outcome]
    otherwise: Outcome | None = None  # for any other word; None: such a row is refused


class Format(_Part):
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    quoting: Literal["none", "minimal"] = "minimal"


class LogMap(_Part):
    """Which column means what."""

    format: Format = Format()
    time_zone: str
    call: CallColumns
    outcome: Outcomes | None = None  # None: who was served for more than 0 s was answered, everybody else gave up
    groups: Mapping[str, Annotated[str, Field(pattern=GROUP)]] = Field(default_factory=dict)
    """The table's word → question group; a word that is not named becomes a group of its own."""
    head_start_seconds: Mapping[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    answer_within_seconds: Annotated[int, Field(gt=0)] = 20

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"no such time zone: {name}") from error
        return name

    @property
    def tiers(self) -> Sequence[str]:
        """Every tier a call can be of."""
        column = self.call.tier
        named = (*column.values.values(), column.otherwise) if column else ("standard",)
        return sorted({*self.head_start_seconds, *named})


def presets() -> Sequence[str]:
    """Names of the mappings that come along."""
    return sorted(found.stem for found in MAPS.glob("*.yaml"))


def map_text(name_or_path: str) -> str:
    """The YAML of a preset or file. Raises LogUnreadable."""
    preset = MAPS / f"{name_or_path}.yaml"
    path = preset if name_or_path in presets() else Path(name_or_path)
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        known = ", ".join(presets())
        raise LogUnreadable(f"no mapping {name_or_path!r}: neither a file nor one of the presets ({known})") from error


def load_map(name_or_path: str) -> LogMap:
    """A mapping by the name of a preset or the path of a file. Raises LogUnreadable."""
    return parse_map(map_text(name_or_path), name_or_path)


def parse_map(text: str, name: str = "mapping") -> LogMap:
    """The mapping a YAML text says. Raises LogUnreadable with everything that is wrong."""
    try:
        return LogMap.model_validate(yaml.safe_load(text))
    except ValidationError as error:
        faults = (f"{'.'.join(str(p) for p in each['loc']) or 'mapping'}: {each['msg']}" for each in error.errors())
        raise LogUnreadable(f"mapping {name}: {'; '.join(faults)}") from error
    except yaml.YAMLError as error:
        raise LogUnreadable(f"mapping {name}: {error}") from error
