"""Which rows of a list become records where the same person or the same key comes twice, in the file or in the campaign.

A record is one person about one subject: two debts of one person are two records, even under one customer number as key.

Either the **first** one wins: who is there already stays as they are; or the **last** one: its contents replace what stands, while
state, attempts and outcomes of the record stay. Rows are judged in the order of the file, so it does not matter in how large
pieces a file is worked off.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Wins(StrEnum):
    FIRST = "first"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class Identified:
    """A record of the campaign, or what a row would make: `person` key of the person, `key` of the list; `subject`: its own, or
    the campaign's."""

    record_id: str
    person: str
    key: str | None
    subject: str = ""

    @property
    def by_person(self) -> tuple[str, str]:
        return self.person, self.subject

    @property
    def by_key(self) -> tuple[str, str] | None:
        return None if self.key is None else (self.key, self.subject)


@dataclass(frozen=True, slots=True)
class SameAs:
    """The row makes no record: `record_id` is the same person or has the same key."""

    record_id: str


@dataclass(frozen=True, slots=True)
class TwoRecords:
    """The row makes no record: its key is one record's, its person another's."""


class Taken(NamedTuple):
    """The contents a record takes: those of the row at `row` of its piece, under this key (a row without one leaves the record its own)."""

    row: int
    key: str | None


@dataclass(slots=True)
class Deduplicated:
    """What to write, by record, and why the other rows make none."""

    added: dict[str, Taken] = field(default_factory=dict[str, Taken])
    replaced: dict[str, Taken] = field(default_factory=dict[str, Taken])
    replacements: int = 0  # rows that replaced something, in the file or in the campaign
    refused: dict[int, SameAs | TwoRecords] = field(default_factory=dict[int, "SameAs | TwoRecords"])


def deduplicate(rows: Sequence[Identified], held: Iterable[Identified], wins: Wins) -> Deduplicated:
    """`held`: records of the campaign that share a person or a key with any of the rows."""
    by_record = {record.record_id: record for record in held}
    by_person = {record.by_person: record.record_id for record in by_record.values()}
    by_key = {record.by_key: record.record_id for record in by_record.values() if record.by_key is not None}
    settled = Deduplicated()

    def stands(record: Identified) -> None:
        by_record[record.record_id] = record
        by_person[record.by_person] = record.record_id
        if record.by_key is not None:
            by_key[record.by_key] = record.record_id

    for index, row in enumerate(rows):
        found = {by_person.get(row.by_person), by_key.get(row.by_key) if row.by_key is not None else None} - {None}
        if not found:
            settled.added[row.record_id] = Taken(index, row.key)
            stands(row)
        elif len(found) > 1:
            settled.refused[index] = TwoRecords()
        else:
            (same,) = found
            assert same is not None
            if wins is Wins.FIRST:
                settled.refused[index] = SameAs(same)
                continue
            old = by_record[same]
            del by_person[old.by_person]
            if old.by_key is not None:
                del by_key[old.by_key]
            key = row.key if row.key is not None else old.key
            stands(Identified(same, row.person, key, row.subject))
            (settled.added if same in settled.added else settled.replaced)[same] = Taken(index, key)
            settled.replacements += 1
    return settled
