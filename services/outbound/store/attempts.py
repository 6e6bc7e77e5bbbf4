"""Rows of attempts and of the ledger, and what is published with them: all in the transaction of what caused them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import asyncpg

from services.outbound.domain.attempts import AttemptState
from services.outbound.domain.contact_ledger import HOUR, LedgerEntry
from services.outbound.domain.outcomes import DialOutcome
from services.outbound.domain.purposes import Purpose
from services.outbound.domain.records import DialRecord
from services.outbound.store.statements import SQL
from shared.contracts.dial_requests import DialRequest
from shared.contracts.dial_results import AttemptAnswered, AttemptConnected, AttemptEnded, AttemptRang
from shared.contracts.envelope import Envelope, stable_id
from shared.contracts.wire import DIAL_REQUESTS, encode
from shared.postgres import Connection, wake_relay

SOURCE = "/outbound"


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """An attempt as results, silence and the planner see it. Times µs."""

    tenant: str
    attempt_id: str
    campaign_id: str
    record_id: str
    n: int
    person_key: str
    number_key: str
    number_index: int
    purpose: str
    mode: str
    first: Literal["customer", "agent"]
    pool: str
    gateway_id: str
    agent_id: str | None
    trunk_id: str | None
    state: AttemptState
    authorised_at: int
    not_after: int
    ring_seconds: int
    placed_at: int | None
    answered_at: int | None
    connected_at: int | None
    ended_at: int | None
    told_at: int | None
    outcome: DialOutcome | None
    result: str | None
    reason: str | None
    language: str | None = None  # of its record; read for those under way only
    said_machine: bool | None = None  # a person's word on who answered
    contact_id: str | None = None  # at the router; of one whose agent comes first as soon as its gateway has it


def attempt_of(row: asyncpg.Record) -> AttemptRow:
    return AttemptRow(
        row["tenant_id"], row["attempt_id"], row["campaign_id"], row["record_id"], row["n"], row["person_key"], row["number_key"],
        row["number_index"], row["purpose"], row["mode"], row["first"], row["pool_id"], row["gateway_id"], row["agent_id"],
        row["trunk_id"], AttemptState(row["state"]), row["authorised_at"], row["not_after"], row["ring_seconds"], row["placed_at"],
        row["answered_at"], row["connected_at"], row["ended_at"], row["told_at"],
        DialOutcome(row["outcome"]) if row["outcome"] else None, row["result"], row["reason"], row.get("language"),
        row["said_machine"], row["contact_id"],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shared:
    """What all intents of one campaign have alike."""

    tenant: str
    campaign_id: str
    mode: str
    pool: str
    group: str
    gateway_id: str
    epoch: int  # 0: by an agent's or a gateway's request, under no lease
    now: int


@dataclass(frozen=True, slots=True)
class Intent:
    """One attempt about to be made."""

    attempt_id: str
    record_id: str
    n: int
    person_key: str
    number_key: str
    number_index: int
    purpose: str
    subject: str  # "": none is named
    first: Literal["customer", "agent"]
    caller_id: str | None
    trunk_id: str | None
    agent_id: str | None
    not_after: int
    ring_seconds: int
    authorisation: Mapping[str, Any]


async def begin(connection: Connection, of: Shared, intents: Sequence[Intent]) -> set[str]:
    """Write the intents and their rows of the ledger. Returns the ids written: where a person has another open attempt, none is."""
    names = ("attempt_id", "record_id", "n", "person_key", "number_key", "number_index", "purpose", "subject", "first", "caller_id",
             "trunk_id", "agent_id", "not_after", "ring_seconds", "authorisation")  # fmt: skip
    columns: list[list[Any]] = [[getattr(intent, name) for intent in intents] for name in names]
    shared = (of.tenant, of.campaign_id, of.mode, of.pool, of.group, of.gateway_id, of.epoch, of.now)
    rows = await connection.fetch(SQL["insert_attempts"], *shared, *columns)
    written = {row["attempt_id"] for row in rows}
    entered = [intent for intent in intents if intent.attempt_id in written]
    await connection.execute(
        SQL["insert_ledger"], of.tenant, of.campaign_id, of.now,
        *([getattr(i, name) for i in entered] for name in ("attempt_id", "record_id", "person_key", "number_key", "purpose", "subject")),
    )  # fmt: skip
    return written


async def enter(
    connection: Connection, tenant: str, attempt_id: str, record: DialRecord, purpose: str, now: int
) -> None:
    """A dial no campaign asked for, in the ledger from now on; entered twice it is one."""
    number = record.number.key if record.number else ""
    columns = ([attempt_id], [""], [record.person_key], [number], [purpose], [""])
    await connection.execute(SQL["insert_ledger"], tenant, "", now, *columns)


async def ledger_of(
    connection: Connection, tenant: str, person_keys: Sequence[str], number_keys: Sequence[str], since: int
) -> list[tuple[str, str, LedgerEntry]]:
    """(person key, attempt id, entry) of these persons and numbers, in one query for a batch."""
    rows = await connection.fetch(SQL["ledger_of_persons"], tenant, list(person_keys), list(number_keys), since)
    return [
        (
            row["person_key"], row["attempt_id"],
            LedgerEntry(
                row["at"], row["number_key"], Purpose(row["purpose"]), row["subject"] or None, row["campaign_id"], row["record_id"],
                DialOutcome(row["outcome"]) if row["outcome"] else None, row["refused"],
            ),
        )
        for row in rows
    ]  # fmt: skip


async def publish(
    connection: Connection, tenant: str, now: int, requests: Sequence[DialRequest], why: str = ""
) -> None:
    """Put requests into the outbox; the same request has the same event id. They go by campaign, in order."""
    if not requests:
        return
    by_campaign: defaultdict[str, list[DialRequest]] = defaultdict(list)
    for request in requests:
        by_campaign[request.campaign].append(request)
    keys: list[str] = []
    headers: list[dict[str, str]] = []
    bodies: list[bytes] = []
    for campaign, of_campaign in by_campaign.items():
        for request in of_campaign:
            event_id = stable_id(type(request).__name__, tenant, request.attempt_id, why)
            raw, body = encode(Envelope(event_id, SOURCE, now, tenant, request.attempt_id, request))
            keys.append(campaign)
            headers.append({name: value.decode() for name, value in raw})
            bodies.append(body)
    await connection.execute(SQL["enqueue_all"], tenant, DIAL_REQUESTS, keys, headers, bodies)
    await wake_relay(connection)


async def lock(connection: Connection, tenant: str, attempt_id: str) -> AttemptRow | None:
    row = await connection.fetchrow(SQL["lock_attempt"], tenant, attempt_id)
    return None if row is None else attempt_of(row)


async def read(connection: Connection, tenant: str, attempt_id: str) -> AttemptRow | None:
    row = await connection.fetchrow(SQL["read_attempt"], tenant, attempt_id)
    return None if row is None else attempt_of(row)


async def rang(connection: Connection, tenant: str, fact: AttemptRang) -> None:
    await connection.execute(SQL["attempt_rang"], tenant, fact.attempt_id, fact.placed_at, fact.rang_at)


async def taken_up(connection: Connection, tenant: str, attempt_id: str, contact_id: str) -> None:
    """Its gateway has asked the router for the agent who comes first."""
    await connection.execute(SQL["attempt_taken_up"], tenant, attempt_id, contact_id)


async def rings(connection: Connection, tenant: str, attempt_id: str, rang_at: int) -> None:
    """A dialled number rings, as its line told afterwards."""
    await connection.execute(SQL["attempt_rings"], tenant, attempt_id, rang_at)


async def answered(connection: Connection, tenant: str, fact: AttemptAnswered) -> None:
    await connection.execute(
        SQL["attempt_answered"], tenant, fact.attempt_id, fact.connected_at, fact.by, fact.greeting_began_at,
        fact.greeting_ended_at, fact.contact_id,
    )  # fmt: skip


async def connected(connection: Connection, tenant: str, fact: AttemptConnected) -> None:
    await connection.execute(SQL["attempt_connected"], tenant, fact.attempt_id, fact.at, fact.agent_id)


async def close(
    connection: Connection, tenant: str, fact: AttemptEnded, outcome: DialOutcome, now: int
) -> None:  # fmt: skip
    """The one outcome of an attempt, in its row and in the ledger."""
    await connection.execute(
        SQL["attempt_closed"], tenant, fact.attempt_id, fact.at, now, outcome, fact.outcome, fact.reason, fact.cause,
        fact.announced, fact.announced_at,
    )  # fmt: skip
    await connection.execute(SQL["close_ledger"], tenant, fact.attempt_id, outcome, fact.at)


async def quarantine(connection: Connection, tenant: str, attempt_id: str, reason: str, now: int) -> None:
    """Nobody can say what became of it: never dialled again before somebody does."""
    await connection.execute(SQL["attempt_unknown"], tenant, attempt_id, reason, now)
    await connection.execute(SQL["close_ledger"], tenant, attempt_id, DialOutcome.UNKNOWN, None)


async def asked_for(connection: Connection, tenant: str, attempt_id: str, now: int) -> None:
    await connection.execute(SQL["attempt_asked_for"], tenant, attempt_id, now)


async def open_of_pool(connection: Connection, tenant: str, pool: str) -> list[AttemptRow]:
    """Attempts under way."""
    return [attempt_of(row) for row in await connection.fetch(SQL["open_attempts_of_pool"], tenant, pool)]


async def by_id(connection: Connection, tenant: str, attempt_ids: Iterable[str]) -> list[AttemptRow]:
    return [attempt_of(row) for row in await connection.fetch(SQL["attempts_by_id"], tenant, list(attempt_ids))]


async def open_of_persons(connection: Connection, tenant: str, keys: Sequence[str]) -> list[AttemptRow]:
    """Attempts that are not over, by keys of persons or numbers."""
    return [attempt_of(row) for row in await connection.fetch(SQL["open_attempts_of_persons"], tenant, list(keys))]


async def open_of_campaign(connection: Connection, tenant: str, campaign_id: str) -> list[AttemptRow]:
    return [attempt_of(row) for row in await connection.fetch(SQL["open_attempts_of_campaign"], tenant, campaign_id)]


async def channels_in_use(connection: Connection, tenant: str) -> Mapping[str, int]:
    """Trunk → calls under way over it."""
    return {row["trunk_id"]: row["calls"] for row in await connection.fetch(SQL["channels_in_use"], tenant)}


async def lately_closed(
    connection: Connection, tenant: str, campaign_id: str, since: int, at_most: int
) -> list[AttemptRow]:
    """The last ones that ended, newest first."""
    rows = await connection.fetch(SQL["lately_closed"], tenant, campaign_id, since, at_most)
    return [attempt_of(row) for row in rows]


async def count(connection: Connection, tenant: str, campaign_id: str, now: int, counts: Mapping[str, int]) -> None:
    """Move the counters of the hour."""
    if campaign_id and counts:
        await connection.execute(SQL["count_campaign"], tenant, campaign_id, now // HOUR * HOUR, dict(counts))
