"""Rows of records: claimed in order of the hopper's index, settled by the gate, recycled after an attempt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

import asyncpg

from services.outbound.domain.outcomes import DialOutcome
from services.outbound.domain.records import DialRecord, ReachableNumber, RecordState
from services.outbound.store.statements import SQL
from services.outbound.zones import place_of_number
from shared.contracts.wire import EPOCH
from shared.errors import NotFound
from shared.postgres import Connection

MICROSECONDS = 1_000_000


def record_of(row: asyncpg.Record) -> DialRecord:
    """A row (with its list's `registry_checked_on`) as the domain has it."""
    places = [(n, place_of_number(n["number"])) for n in row["numbers"]]
    numbers = tuple(ReachableNumber(n["number"], n["key"], place.zones, place.regions) for n, place in places)
    checked = row["registry_checked_on"]
    registry_at = checked and int((datetime.combine(checked, time(), UTC) - EPOCH).total_seconds()) * MICROSECONDS
    return DialRecord(
        row["record_id"], row["list_id"], row["person_key"], numbers, row["number_index"], RecordState(row["state"]),
        row["customer_id"], row["address_zone"], row["region"], row["language"], row["turn"], row["agent_id"], row["window_until"],
        row["priority"], row["value"], row["not_before"], row["reason"], row["requested_at"], row["on_registry"], registry_at,
        row["attempts"], row["contacts"], row["outcomes"], row["last_outcome"], row["last_attempt_at"], row["payload"].get("name"),
        row["purpose"], row["subject"] or None, row["consented_at"], row["success"], row["score"],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settled:
    """Where the gate leaves a record."""

    record_id: str
    state: RecordState
    reason: str | None = None
    not_before: int | None = None


async def claim(
    connection: Connection, tenant: str, campaign_id: str, pool: str, epoch: int, count: int, languages: Sequence[str]
) -> list[DialRecord]:
    """The hopper's next of these languages, in its order, claimed under a lease; none where the lease is another's."""
    rows = await connection.fetch(SQL["claim_records"], tenant, campaign_id, pool, count, epoch, list(languages))
    ordered = sorted(rows, key=lambda row: (row["turn"], -row["priority"], -row["score"], row["record_id"]))
    return [record_of(row) for row in ordered]


async def still_claimed(
    connection: Connection, tenant: str, campaign_id: str, record_ids: Sequence[str], epoch: int
) -> set[str]:
    """Which of a claim nobody took away (a refusal, a deleted list), held until the transaction ends."""
    rows = await connection.fetch(SQL["claimed_records"], tenant, campaign_id, list(record_ids), epoch)
    return {row["record_id"] for row in rows}


async def settle(
    connection: Connection, tenant: str, campaign_id: str, settled: Sequence[Settled], epoch: int, now: int
) -> None:
    columns: list[list[Any]] = [
        [s.record_id for s in settled], [str(s.state) for s in settled], [s.reason for s in settled],
        [s.not_before for s in settled],
    ]  # fmt: skip
    await connection.execute(SQL["settle_records"], tenant, campaign_id, *columns, epoch, now)


async def read(connection: Connection, tenant: str, campaign_id: str, record_id: str) -> DialRecord:
    """Raises NotFound."""
    rows = await connection.fetch(SQL["read_records"], tenant, campaign_id, [record_id])
    if not rows:
        raise NotFound("no such record")
    return record_of(rows[0])


async def lock(connection: Connection, tenant: str, campaign_id: str, record_id: str) -> DialRecord | None:
    """The record, nobody else's until the transaction ends."""
    row = await connection.fetchrow(SQL["lock_record"], tenant, campaign_id, record_id)
    return None if row is None else record_of(row)


async def give_back(connection: Connection, tenant: str, campaign_id: str, epoch: int) -> None:
    """What owners up to this epoch claimed and did not dial waits again: to be called between two steps of the present one."""
    await connection.execute(SQL["give_back_records"], tenant, campaign_id, epoch)


async def wake_rested(connection: Connection, tenant: str, campaign_id: str, now: int, at_most: int) -> int:
    """Records whose rest is over wait again; returns how many."""
    done = await connection.execute(SQL["wake_records"], tenant, campaign_id, now, at_most)
    return int(done.split()[-1])


async def ready(connection: Connection, tenant: str, campaign_id: str, at_most: int) -> Mapping[str, int]:
    """Language ("" = none named) → how many wait, each counted no further than `at_most`."""
    rows = await connection.fetch(SQL["records_ready"], tenant, campaign_id, at_most)
    return {row["language"]: row["waiting"] for row in rows}


async def any_left(connection: Connection, tenant: str, campaign_id: str) -> bool:
    """Whether anything of the campaign may still be dialled."""
    return bool(await connection.fetchval(SQL["records_left"], tenant, campaign_id))


async def of_keys(connection: Connection, tenant: str, keys: Iterable[str], at_most: int) -> list[asyncpg.Record]:
    """Rows of the persons with these keys, in every campaign."""
    return await connection.fetch(SQL["records_of_number"], tenant, list(keys), at_most)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody looks for: as typed, its digits where it may be the end of a number, the key of a person it may be."""

    text: str
    ending: str = ""
    person: str = ""


LAST_SIGN = "\U0010ffff"
"""After every sign a name goes on with."""
MOST_FOUND = 500
"""Records of each kind (by name, by number …) that are looked at: more than anybody reads."""


async def find(
    connection: Connection, tenant: str, campaign_id: str, state: str, wanted: Wanted | None, after: str, limit: int
) -> list[asyncpg.Record]:
    """Records by id, going on after one: in a state ("" any), and found by what is wanted (None: all)."""
    if wanted is None:
        name = {"": "all_records", "waiting": "waiting_records"}.get(state, "records_in_state")
        of_state = (state,) if name == "records_in_state" else ()
        return await connection.fetch(SQL[name], tenant, campaign_id, after, limit, *of_state)
    name, ending = wanted.text.lower(), wanted.ending[::-1]
    numbers = (ending, ending + LAST_SIGN) if ending else ("", "")
    return await connection.fetch(
        SQL["search_records"], tenant, campaign_id, state, wanted.text, wanted.person, name, name + LAST_SIGN, *numbers, MOST_FOUND,
        after, limit,
    )  # fmt: skip


async def recycle(
    connection: Connection, tenant: str, campaign_id: str, settled: Settled, number_index: int, outcome: DialOutcome
) -> None:
    """Where a record goes on after an attempt; one that was never dialled does not count."""
    await connection.execute(
        SQL["recycle_record"], tenant, campaign_id, settled.record_id, settled.state, settled.reason, settled.not_before,
        number_index, int(outcome is DialOutcome.ANSWERED_PERSON), outcome,
    )  # fmt: skip
