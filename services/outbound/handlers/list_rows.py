"""A row of a list as a row of `records`: numbers in normal form, people and numbers under their keys, times as moments."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import partial

from services.outbound.domain.deduplication import Deduplicated, SameAs
from services.outbound.domain.list_consents import ConsentTimes, RowConsent, consent_times
from services.outbound.domain.list_faults import RowFault, RowRefusal
from services.outbound.domain.list_rows import ListRow, RowReader
from services.outbound.domain.windows import microseconds, zone_of
from services.outbound.number_forms import NumberForms
from services.outbound.numbers import UnusableNumber, number_key, person_key
from services.outbound.store.list_records import NewRecord, numbers_json
from shared.contracts.envelope import stable_id
from shared.contracts.fields import Channel


@dataclass(frozen=True, slots=True)
class RecordMaker:
    """Makes the records of one list. `list_id` begins their ids, so that a row is the same record however often it is read;
    `now` (µs): no consent is given later; `time_zone`: of rows that name none; `home`: the tenant's, where nothing else tells
    what a clock reads."""

    tenant: str
    secret: str
    forms: NumberForms
    list_id: str
    reader: RowReader
    now: int
    purpose: str  # of the campaign
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
        times = consent_times(row.consent, partial(self._clock, row), self.now) if row.consent else None
        if isinstance(times, RowFault):
            faults.append(times)
        if faults or isinstance(times, RowFault):
            return tuple(faults)
        consents = consented_at = None
        if row.consent is not None and times is not None:
            consents = self._consents(row.consent, times, numbers, row.customer_id)
            if (row.consent.purpose, row.consent.channel) == (self.purpose, Channel.PHONE):
                consented_at = times.given_at
        first = next(iter(numbers))
        person = person_key(self.secret, self.tenant, row.customer_id, first) if row.customer_id else numbers[first]
        return NewRecord(
            self.record_id(row.line), row.key, person, row.customer_id, numbers_json(numbers.items()),
            row.time_zone or self.time_zone, row.region, row.language, row.priority, row.value, self._moment(row), None,
            json.dumps(row.payload, ensure_ascii=False) if row.payload else "{}", row.subject, consented_at, consents,
        )  # fmt: skip

    def _consents(
        self, consent: RowConsent, times: ConsentTimes, numbers: Mapping[str, str], customer_id: str | None
    ) -> str:  # fmt: skip
        """What is told of each number of the row; told again it is the same consent."""
        told = {
            "purpose": consent.purpose, "channel": consent.channel, "source": consent.source, "given_at": times.given_at,
            "expires_at": times.expires_at, "proof": consent.proof, "customer_id": customer_id,
        }  # fmt: skip
        same = (self.tenant, consent.purpose, consent.channel, consent.source, str(times.given_at))
        return json.dumps(
            [
                {**told, "consent_id": stable_id("consent", key, *same), "number": number}
                for number, key in numbers.items()
            ]
        )

    def _moment(self, row: ListRow) -> int | None:
        if row.not_before is None:
            return None
        return microseconds(self._clock(row, row.not_before))

    def _clock(self, row: ListRow, given: datetime) -> datetime:
        """A reading of a row with its offset: the person's own clock, where it names none."""
        zone: tzinfo = zone_of(row.time_zone or self.time_zone or self.home) or UTC
        return given if given.tzinfo else given.replace(tzinfo=zone)

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
