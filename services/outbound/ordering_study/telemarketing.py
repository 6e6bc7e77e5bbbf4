"""A bank's telemarketing record as campaigns see it: days of calls in the order they were made, what was known before each, how it
ended. Read from the file of Moro, Cortez & Rita (2014); `duration` is known only after a call and is never read.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from services.outbound.domain.shrinkage import Matrix, Vector
from services.outbound.domain.success import Attributes

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
CATEGORIES = ("job", "marital", "education", "default", "housing", "loan", "contact", "poutcome")
NUMBERS = ("age", "balance", "campaign", "pdays", "previous")
FIRST_YEAR = 2008
LIST_SIZE = "list_size"


@dataclass(frozen=True)
class Calls:
    """Calls in time order. `day`: ordinal of the calendar day; `contact`: the how-manieth conversation of the campaign it was."""

    known: Sequence[Attributes]
    month: Sequence[str]
    day_of_month: Vector
    day: np.ndarray[tuple[int], np.dtype[np.int64]]
    contact: np.ndarray[tuple[int], np.dtype[np.int64]]
    sold: Vector

    def __len__(self) -> int:
        return len(self.sold)

    def days(self) -> list[slice]:
        """Each day's calls."""
        ends = [*np.flatnonzero(np.diff(self.day)) + 1, len(self)]
        return [slice(int(begin), int(end)) for begin, end in zip([0, *ends[:-1]], ends, strict=True)]

    def cut(self, share: float) -> int:
        """The first call of the first day after `share` of all calls: no day is in both parts."""
        wanted = round(share * len(self))
        return next((day.start for day in self.days() if day.start >= wanted), len(self))


def read_calls(*files: Path) -> Calls:
    """The calls of files that follow each other. The year is told by the months: where one is earlier than the last, a year began.

    Known of each call beside the person's own columns: how many calls that day's list has. Raises KeyError for another table.
    """
    rows = [row for file in files for row in _rows(file)]
    year, last, days = FIRST_YEAR, 0, list[int]()
    for row in rows:
        month = MONTHS.index(row["month"]) + 1
        year, last = year + (month < last), month
        days.append(date(year, month, int(row["day"])).toordinal())
    day = np.array(days, dtype=np.int64)
    _, place, sizes = np.unique(day, return_inverse=True, return_counts=True)
    known = [_known(row, int(size)) for row, size in zip(rows, sizes[place], strict=True)]
    return Calls(
        known,
        [row["month"] for row in rows],
        np.array([float(row["day"]) for row in rows]),
        day,
        np.array([int(row["campaign"]) for row in rows], dtype=np.int64),
        np.array([row["y"] == "yes" for row in rows], dtype=np.float64),
    )


def _rows(file: Path) -> Iterable[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as source:
        sample = source.readline()
        source.seek(0)
        yield from csv.DictReader(source, delimiter=";" if sample.count(";") > sample.count(",") else ",")


def _known(row: dict[str, str], list_size: int) -> Attributes:
    numbers = {name: float(row[name]) for name in NUMBERS}
    return {**{name: row[name] for name in CATEGORIES}, **numbers, LIST_SIZE: float(list_size)}


def plain_features(calls: Calls, *, with_list: bool) -> Matrix:
    """What a plain logistic regression gets: every category (the month too) one-hot, every number standardised, nothing else."""
    columns = [np.ones(len(calls))]
    for values in [[str(known[name]) for known in calls.known] for name in CATEGORIES] + [list(calls.month)]:
        columns += [np.array([value == level for value in values], dtype=float) for level in sorted(set(values))]
    numbers = [np.array([float(known[name]) for known in calls.known]) for name in NUMBERS]
    numbers.append(calls.day_of_month)
    if with_list:
        numbers.append(np.log(np.array([float(known[LIST_SIZE]) for known in calls.known])))
    columns += [(number - number.mean()) / (number.std() + 1e-12) for number in numbers]
    return np.column_stack(columns)
