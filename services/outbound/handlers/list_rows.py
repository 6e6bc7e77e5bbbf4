"""A row of a list as a row of `records`: numbers in normal form, people and numbers under their keys, times as moments."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo

from services.outbound.domain.deduplication import Deduplicated, SameAs
from services.outbound.domain.list_faults import RowFault, RowRefusal
from services.outbound.domain.list_rows import ListRow, RowReader
from services.outbound.domain.windows import microseconds, zone_of
from services.outbound.number_forms import NumberForms
from services.outbound.numbers import UnusableNumber, number_key, person_key
from services.outbound.store.list_records import NewRecord, numbers_json


@dataclass(frozen=True, slots=True)
class RecordMaker:
    """Makes the records of one list. `list_id` begins their ids, so that a row is the same record however often it is read;
    `time_zone`: of rows that name none; `home`: the tenant's, where nothing else tells what a clock reads."""

    tenant: str
    secret: str
    forms: NumberForms
    list_id: str
    reader: RowReader
    time_zone: str | None = None
    home: str = "UTC"

    def make(self, line: int, cells: Sequence[str]) -> NewRecord | tuple[RowFault, ...]:
        """The record of a row, or why it is none."""
        row = self.reader.read(line, cells)
        return row if isinstance(row, tuple) else self._record(row)

    def _record(self, row: ListRow) -> NewRecord | tuple[RowFault, ...]:
        numbers: dict[str, str] = {}
        faults: list[RowFault] = []
        for name, text in row.numbers:
            try:
                number = self.forms.normal(text)
            except UnusableNumber:
                first = name == "number"
                code = RowRefusal.UNUSABLE_NUMBER if first else RowRefusal.UNUSABLE_OTHER_NUMBER
                faults.append(RowFault(code, name))
            else:
                numbers[number] = number_key(self.secret, self.tenant, number)
        if faults:
            return tuple(faults)
        first = next(iter(numbers))
        person = person_key(self.secret, self.tenant, row.customer_id, first) if row.customer_id else numbers[first]
        return NewRecord(
            self.record_id(row.line), row.key, person, row.customer_id, numbers_json(numbers.items()),
            row.time_zone or self.time_zone, row.region, row.language, row.priority, row.value, self._moment(row), None,
            json.dumps(row.payload, ensure_ascii=False) if row.payload else "{}",
        )  # fmt: skip

    def _moment(self, row: ListRow) -> int | None:
        if row.not_before is None:
            return None
        zone: tzinfo = zone_of(row.time_zone or self.time_zone or self.home) or UTC
        given = row.not_before
        return microseconds(given if given.tzinfo else given.replace(tzinfo=zone))

    def record_id(self, line: int) -> str:
        return f"{self.list_id.removeprefix('l-')}-{line:07d}"

    def line_of(self, record_id: str) -> int | None:
        """The line a record of this list came from; None: it is not of this list."""
        list_id, _, line = record_id.rpartition("-")
        return int(line) if list_id == self.list_id.removeprefix("l-") else None

    def refusals(self, outcome: Deduplicated) -> dict[int, RowFault]:
        """Why rows that come twice make no record, by their place in the piece."""
        faults: dict[int, RowFault] = {}
        for place, refused in outcome.refused.items():
            if not isinstance(refused, SameAs):
                faults[place] = RowFault(RowRefusal.TWO_RECORDS, "key")
            elif (line := self.line_of(refused.record_id)) is not None:
                faults[place] = RowFault(RowRefusal.DUPLICATE_IN_FILE, "", {"line": str(line)})
            else:
                faults[place] = RowFault(RowRefusal.DUPLICATE_IN_CAMPAIGN)
        return faults
