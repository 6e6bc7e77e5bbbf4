"""What a batch of records from an existing system changes, given what is held of them.

A record is known by source and key. Newer `revised_at` wins whatever the order of arrival; the same or an older one, or
the same content again, changes nothing. So a batch may come twice, late or torn, and counts stay true.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from shared.contracts.crm_records import CustomerRecorded, DealRecorded


class Outcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


RecordT = TypeVar("RecordT", CustomerRecorded, DealRecorded)


@dataclass(frozen=True, slots=True)
class Held:
    """How new what we hold of a record is (µs), and a digest of its content."""

    revised_at: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Write(Generic[RecordT]):
    """What to write of a key after the whole batch."""

    record: RecordT
    digest: bytes
    created: bool


@dataclass(frozen=True, slots=True)
class Plan(Generic[RecordT]):
    """`outcomes` as the records came; `writes` by key; `confirmed`: same content, newer revision (µs)."""

    outcomes: tuple[Outcome, ...]
    writes: Mapping[str, Write[RecordT]]
    confirmed: Mapping[str, int]


def digest_of(record: CustomerRecorded | DealRecorded) -> bytes:
    """The content without its revision time."""
    content = dataclasses.asdict(record)
    del content["revised_at"]
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).digest()


def laid_over(older: CustomerRecorded, newer: CustomerRecorded) -> CustomerRecorded:
    """Two revisions as one write: what the newer leaves open stays as the older has it."""
    return dataclasses.replace(
        newer,
        name=newer.name if newer.name is not None else older.name,
        tier=newer.tier if newer.tier is not None else older.tier,
        language=newer.language if newer.language is not None else older.language,
        account_owner=newer.account_owner if newer.account_owner is not None else older.account_owner,
        note=newer.note if newer.note is not None else older.note,
        identities=newer.identities or older.identities,
        preferences={**older.preferences, **newer.preferences},
    )


def replaced(_older: DealRecorded, newer: DealRecorded) -> DealRecorded:
    """A deal's record is whole."""
    return newer


def plan(
    records: Sequence[RecordT], held: Mapping[str, Held], combine: Callable[[RecordT, RecordT], RecordT]
) -> Plan[RecordT]:
    """What to write for `records` (of one source, in order of arrival)."""
    now_held = dict(held)
    writes: dict[str, Write[RecordT]] = {}
    confirmed: dict[str, int] = {}
    outcomes: list[Outcome] = []
    for record in records:
        key, digest, before = record.key, digest_of(record), now_held.get(record.key)
        if before is not None and record.revised_at <= before.revised_at:
            outcomes.append(Outcome.UNCHANGED)
            continue
        now_held[key] = Held(record.revised_at, digest)
        if before is not None and before.digest == digest:
            confirmed[key] = record.revised_at
            if key in writes:
                writes[key] = dataclasses.replace(
                    writes[key], record=dataclasses.replace(writes[key].record, revised_at=record.revised_at)
                )
            outcomes.append(Outcome.UNCHANGED)
            continue
        earlier = writes.get(key)
        combined = record if earlier is None else combine(earlier.record, record)
        created = key not in held
        writes[key] = Write(combined, digest, created)
        outcomes.append(Outcome.CREATED if before is None else Outcome.UPDATED)
    return Plan(tuple(outcomes), writes, {k: v for k, v in confirmed.items() if k not in writes})
