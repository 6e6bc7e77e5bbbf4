"""The store of the router: the journal of a partition, its lease and epoch, and what is derived from it.

A batch is appended by one statement in one round trip: it prolongs the lease *if the epoch is still ours*, moves the
offset and writes the inputs with their decisions. Inbox, outbox and audit in one; whatever failed left nothing behind.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from shared.errors import UccError
from shared.postgres import Connection, Pool, named_statements, tenant_transaction

SQL = named_statements(Path(__file__).parent / "sql" / "queries.sql")


class StaleEpoch(UccError):
    """Somebody claimed the partition under a higher epoch: nothing was written, the state in memory is worthless."""


class JournalBroken(UccError):
    """The journal is not dense, or says something else than the row of its partition. Never skipped over."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A partition taken under an epoch of one's own, and where its journal stood."""

    partition: int
    epoch: int
    cluster_id: str | None  # of the broker `next_offset` belongs to
    next_offset: int
    next_position: int
    next_sequence: int
    published_sequence: int
    last_now: int


@dataclass(frozen=True, slots=True)
class Row:
    """One input as journaled, with the decisions it produced; `input` and `decisions` are the core's JSON."""

    position: int
    epoch: int
    now: int
    tenant: str
    pool: str
    first_sequence: int
    decision_count: int
    input: str
    decisions: str


@dataclass(frozen=True, slots=True)
class NewRow:
    """A row to append, and the contacts it speaks of."""

    row: Row
    event_id: str
    contacts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """What one append writes. `rows` may be empty: then only the offset moves and the lease is prolonged."""

    rows: Sequence[NewRow]
    cluster_id: str
    next_offset: int
    next_position: int
    next_sequence: int
    last_now: int
    state_hash: str | None = None  # of the state after the last row


@dataclass(frozen=True, slots=True)
class Head:
    """Where a partition's journal ends."""

    position: int
    sequence: int
    published_sequence: int
    epoch: int
    last_now: int


@dataclass(frozen=True, slots=True)
class Share:
    """One partition as the instances see it."""

    partition: int
    owner: str | None
    free: bool  # the lease has run out, by the database's clock


def _row(record: asyncpg.Record) -> Row:
    return Row(
        record["position"],
        record["epoch"],
        record["now"],
        record["tenant_id"],
        record["pool_id"],
        record["first_sequence"],
        record["decision_count"],
        record["input"],
        record["decisions"],
    )


class Journal:
    """The write side of one partition under one epoch, on a connection of its own."""

    def __init__(self, connection: Connection, claim: Claim, lease_seconds: float) -> None:
        self._connection = connection
        self._partition = claim.partition
        self._epoch = claim.epoch
        self._lease_seconds = lease_seconds

    async def append(self, batch: Batch, published_sequence: int) -> None:
        """Commit a batch. Raises StaleEpoch; after any other error the outcome is unknown: recover."""
        rows = [new.row for new in batch.rows]
        contacts = [(new.row.tenant, contact, new.row.position) for new in batch.rows for contact in new.contacts]
        epoch = await self._connection.fetchval(
            SQL["append"],
            self._partition,
            self._epoch,
            self._lease_seconds,
            batch.cluster_id,
            batch.next_offset,
            batch.next_position,
            batch.next_sequence,
            published_sequence,
            batch.last_now,
            [row.position for row in rows],
            [row.now for row in rows],
            [row.tenant for row in rows],
            [row.pool for row in rows],
            [new.event_id for new in batch.rows],
            [row.first_sequence for row in rows],
            [row.decision_count for row in rows],
            [row.input for row in rows],
            [row.decisions for row in rows],
            [tenant for tenant, _, _ in contacts],
            [contact for _, contact, _ in contacts],
            [position for _, _, position in contacts],
            batch.state_hash,
        )
        self._fence(epoch)

    async def renew(self, published_sequence: int) -> None:
        """Prolong the lease. Raises StaleEpoch."""
        self._fence(
            await self._connection.fetchval(
                SQL["renew"], self._partition, self._epoch, self._lease_seconds, published_sequence
            )
        )

    async def release(self, published_sequence: int) -> None:
        """Give the partition back. Raises StaleEpoch."""
        self._fence(await self._connection.fetchval(SQL["release"], self._partition, self._epoch, published_sequence))

    def _fence(self, epoch: int | None) -> None:
        if epoch is None:
            raise StaleEpoch(f"partition {self._partition} is no longer ours under epoch {self._epoch}")


class Store:
    """The read side, claims and snapshots, for workers (all tenants)."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    async def ensure_partitions(self, partitions: int) -> None:
        await self.pool.execute(SQL["ensure_partitions"], partitions)

    async def keep_alive(self, instance_id: str, seconds: float) -> None:
        await self.pool.execute(SQL["keep_alive"], instance_id, seconds)

    async def retire(self, instance_id: str) -> None:
        await self.pool.execute(SQL["retire"], instance_id)

    async def shares(self) -> Sequence[Share]:
        return [Share(*record) for record in await self.pool.fetch(SQL["shares"])]

    async def living(self) -> Sequence[str]:
        """Ids of the instances alive, sorted."""
        return [record["instance_id"] for record in await self.pool.fetch(SQL["living"])]

    async def claim(self, connection: Connection, partition: int, owner: str, lease_seconds: float) -> Claim | None:
        """Take the partition; None while another's lease runs."""
        record = await connection.fetchrow(SQL["claim"], partition, owner, lease_seconds)
        return None if record is None else Claim(partition, *record)

    async def rows_after(self, partition: int, position: int, until: int, limit: int = 1000) -> Sequence[Row]:
        """Rows of positions in (position, until]."""
        records = await self.pool.fetch(SQL["rows_after"], partition, position, until, limit)
        return [_row(record) for record in records]

    async def rows_with_decisions_after(self, partition: int, sequence: int, limit: int) -> Sequence[Row]:
        """Rows holding decisions after `sequence`; the first may begin with older ones."""
        records = await self.pool.fetch(SQL["rows_with_decisions_after"], partition, sequence, limit)
        return [
            _row(record) for record in records if record["first_sequence"] + record["decision_count"] > sequence + 1
        ]

    async def rows_with_answers(self, partition: int, until: int, rows: int) -> Sequence[Row]:
        """Of the `rows` journal rows up to position `until`, those in which an agent accepted a contact."""
        return [_row(record) for record in await self.pool.fetch(SQL["rows_with_answers"], partition, until, rows)]

    async def head(self, partition: int) -> Head | None:
        record = await self.pool.fetchrow(SQL["head"], partition)
        return None if record is None else Head(*record)

    async def claims(self, partition: int) -> Sequence[tuple[int, str, int]]:
        """(epoch, owner, next position at the claim), oldest first."""
        return [
            (record["epoch"], record["owner"], record["position"])
            for record in await self.pool.fetch(SQL["claims_of"], partition)
        ]

    async def nearest_snapshot(self, partition: int, position: int) -> tuple[int, str, bytes] | None:
        """(position, hash, canonical JSON of the facts) at or before `position`."""
        record = await self.pool.fetchrow(SQL["nearest_snapshot"], partition, position)
        return None if record is None else (record["position"], record["hash"], zlib.decompress(record["facts"]))

    async def save_snapshot(self, partition: int, position: int, state_hash: str, facts: bytes) -> None:
        await self.pool.execute(SQL["save_snapshot"], partition, position, state_hash, zlib.compress(facts, 6))
        await self.pool.execute(SQL["thin_snapshots"], partition)
        await self.pool.execute(SQL["thin_hashes"], partition, position)

    async def unverified_hashes(self, partition: int, after: int) -> Sequence[tuple[int, str]]:
        return [(r["position"], r["hash"]) for r in await self.pool.fetch(SQL["unverified_hashes"], partition, after)]

    async def settle_hash(self, partition: int, position: int, agrees: bool) -> None:
        await self.pool.execute(SQL["settle_hash"], partition, position, agrees)

    async def disagreements(self) -> Sequence[tuple[int, int]]:
        """(partition, position) at which a fold did not give the owner's state; should be empty for ever."""
        return [(r["partition"], r["position"]) for r in await self.pool.fetch(SQL["disagreements"])]


async def rows_of_contact(api_pool: Pool, tenant: str, contact_id: str) -> Sequence[tuple[int, Row]]:
    """(partition, row) of everything that speaks of a tenant's contact, oldest first, at most 1,000."""
    async with tenant_transaction(api_pool, tenant) as connection:
        records: Sequence[Any] = await connection.fetch(SQL["rows_of_contact"], tenant, contact_id)
    return [(record["partition"], _row(record)) for record in records]
