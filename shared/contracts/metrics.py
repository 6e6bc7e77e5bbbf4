"""The one definition of every figure (`metrics.yaml`), read once: counted things, and formulas over them as data.

Whoever shows a figure computes it from here, so that a page, an export and the live board cannot disagree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import TypeAdapter

from shared.contracts.routing_decisions import ContactEnd

PATH = Path(__file__).parent / "metrics.yaml"
SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Wording:
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Measure:
    """Something counted. `at`: which moment decides the quarter hour it belongs to."""

    of: Literal["group", "agent"]
    at: Literal["entry", "first_entry", "talk", "moment"]
    unit: str  # "µs", or what is counted
    words: Wording
    means: Wording


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure: Σ numerator ÷ Σ denominator, a name with "-" before it taken away; or a quantile of the answered waits."""

    of: Literal["group", "agent"]
    unit: Literal["percent", "seconds"]
    words: Wording
    formula: Wording
    numerator: tuple[str, ...] = ()
    denominator: tuple[str, ...] = ()
    quantile: int | None = None
    variant: str | None = None  # "service level" alone means several numbers

    def ratio(self, counts: Mapping[str, int]) -> tuple[int, int]:
        """Numerator and denominator over these counts; what is not counted there is 0."""
        return _total(self.numerator, counts), _total(self.denominator, counts)

    def value(self, counts: Mapping[str, int]) -> float | None:
        """The figure in its unit, to one decimal; None where there is nothing to divide by."""
        above, below = self.ratio(counts)
        if below <= 0:
            return None
        return round(100 * above / below, 1) if self.unit == "percent" else round(above / below / SECOND, 1)


def _total(names: Sequence[str], counts: Mapping[str, int]) -> int:
    return sum(-counts.get(name[1:], 0) if name.startswith("-") else counts.get(name, 0) for name in names)


@dataclass(frozen=True, slots=True)
class Definitions:
    version: int
    interval_minutes: tuple[int, ...]
    short_abandon_seconds: int
    service_level_goal_percent: int
    ends: Mapping[ContactEnd, str]
    measures: Mapping[str, Measure]
    metrics: Mapping[str, Metric]

    def variants(self) -> dict[str, Metric]:
        """The service levels by the name of their variant."""
        return {metric.variant: metric for metric in self.metrics.values() if metric.variant is not None}


@cache
def definitions() -> Definitions:
    """The file as values. Raises pydantic's ValidationError, or ValueError where a formula names nothing counted."""
    found = TypeAdapter(Definitions).validate_python(yaml.safe_load(PATH.read_text(encoding="utf-8")))
    missing = [str(end) for end in ContactEnd if end not in found.ends]
    for name, metric in found.metrics.items():
        parts = {part.removeprefix("-") for part in (*metric.numerator, *metric.denominator)}
        missing += [f"{name}: {part}" for part in sorted(parts) if part not in found.measures]
    if missing:
        raise ValueError(f"metrics.yaml lacks {', '.join(missing)}")
    return found
