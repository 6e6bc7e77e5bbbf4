"""Takes files over into campaigns: reads what stands in them, then writes them piece by piece.

Records, counts and progress of a piece are one transaction; while it is written, the next is read by a thread. A worker that dies
leaves whole pieces only: when its lease runs out another reads the file again and goes on at the first row not done.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from services.outbound.domain.deduplication import Wins
from services.outbound.domain.list_columns import ListColumns, guess
from services.outbound.domain.list_faults import RowFault, RowRefusal
from services.outbound.domain.list_rows import RowReader
from services.outbound.handlers.list_rows import RecordMaker
from services.outbound.number_forms import NumberForms
from services.outbound.settings import OutboundSettings
from services.outbound.store import campaigns, imports
from services.outbound.store.imports import ClaimedImport, PieceDone, RejectedRow
from services.outbound.store.list_records import NewRecord, add_records, create_list
from services.outbound.store.statements import errors_by_consequence
from shared import telemetry
from shared.clock import Clock
from shared.directory import Directory
from shared.errors import Backpressure
from shared.postgres import Pool, worker_transaction
from shared.tables import TableRow, UnreadableTable, table_rows

SAMPLE_ROWS: Final = 50
LARGEST_XLSX: Final = 1_000_000_000
"""Bytes: a million rows of a dozen columns, in a process of its own."""
MOST_TRIES: Final = 5
AGAIN_SECONDS: Final = 0.5
log = telemetry.logger("outbound")


class TakenOver(Exception):
    """Another worker has the import now, or somebody cancelled it."""


Piece = Sequence[tuple[TableRow, NewRecord | tuple[RowFault, ...]]]
"""Rows, each with the record it becomes or why it becomes none."""


def next_piece(rows: Iterator[TableRow], maker: RecordMaker, count: int) -> Piece:
    """Empty at the end. Raises UnreadableTable."""
    return [(row, maker.make(row.line, row.cells)) for row in islice(rows, count)]


def pass_over(rows: Iterator[TableRow], count: int) -> None:
    """The header, and the rows that are done. Raises UnreadableTable."""
    for _ in islice(rows, 1 + count):
        pass


def looked_at(rows: Iterator[TableRow]) -> tuple[TableRow, list[TableRow], int]:
    """Header, first rows, number of rows. Raises UnreadableTable."""
    header = next(rows)
    sample = list(islice(rows, SAMPLE_ROWS))
    return header, sample, len(sample) + sum(1 for _ in rows)


@dataclass(frozen=True, slots=True)
class ListImport:
    """One worker; several may work side by side, each at an import of its own."""

    workers: Pool
    directory: Directory
    clock: Clock
    settings: OutboundSettings
    name: str = field(default_factory=lambda: f"w-{uuid.uuid4().hex[:12]}")

    async def run_next(self) -> bool:
        """Bring the oldest import to where people come in, or to its end. False: none waits. Raises Backpressure."""
        with errors_by_consequence():
            async with worker_transaction(self.workers) as connection:
                job = await imports.claim(connection, self.name, self.settings.outbound_import_lease_seconds)
            if job is None:
                return False
            try:
                async with self._leased(job):
                    await self.work_off(job)
            except TakenOver:
                log.warning("import cancelled or taken over by another worker")
        return True

    @asynccontextmanager
    async def _leased(self, job: ClaimedImport) -> AsyncGenerator[None]:
        """The lease is renewed while a long file is read."""
        seconds = self.settings.outbound_import_lease_seconds

        async def renew() -> None:
            while True:
                await asyncio.sleep(seconds / 3)
                async with worker_transaction(self.workers) as connection:
                    if not await imports.extend(connection, job, self.name, seconds):
                        return

        renewing = asyncio.create_task(renew())
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)

    async def work_off(self, job: ClaimedImport) -> None:
        """Go on with a claimed import. Raises TakenOver."""
        if job.tries > MOST_TRIES:
            return await self._fail(job, f"{MOST_TRIES} workers broke off at the same place; the log says why")
        async with worker_transaction(self.workers) as connection:
            file = await imports.spool(connection, job)
        with file:
            rows = table_rows(file, LARGEST_XLSX)
            try:
                await (self._look(job, rows) if job.reading else self._take(job, rows))
            except UnreadableTable as error:
                await self._fail(job, str(error))

    async def _fail(self, job: ClaimedImport, why: str) -> None:
        async with worker_transaction(self.workers) as connection:
            await imports.finish(connection, job, self.name, "failed", self.clock.now(), why)

    async def _look(self, job: ClaimedImport, rows: Iterator[TableRow]) -> None:
        header, sample, count = await asyncio.to_thread(looked_at, rows)
        async with worker_transaction(self.workers) as connection:
            known = await imports.presets(connection, job.tenant)
            fields = guess(header.cells, [row.cells for row in sample], known)
            kept = [(row.line, row.cells) for row in sample]
            await imports.was_read(connection, job, self.name, header.cells, kept, fields, count)

    async def _take(self, job: ClaimedImport, rows: Iterator[TableRow]) -> None:
        maker = await self._maker(job)
        async with worker_transaction(self.workers) as connection:
            await create_list(
                connection, job.tenant, job.list_id, job.campaign_id, job.title, "import", self.clock.now(),
                lineage=job.import_id, registry_checked_on=job.registry_checked_on,
            )  # fmt: skip
        size, done = self.settings.outbound_import_piece_rows, job.done
        await asyncio.to_thread(pass_over, rows, done)
        piece = await asyncio.to_thread(next_piece, rows, maker, size)
        while piece:
            following = asyncio.create_task(asyncio.to_thread(next_piece, rows, maker, size))
            try:
                await self._written(job, maker, piece, done)
            finally:
                await asyncio.wait([following])  # the file is not closed under the thread
            done += len(piece)
            piece = following.result()
        async with worker_transaction(self.workers) as connection:
            await imports.finish(connection, job, self.name, "done", self.clock.now(), rows=done)

    async def _maker(self, job: ClaimedImport) -> RecordMaker:
        tenant = await self.directory.tenant(job.tenant)
        reader = RowReader(ListColumns(job.fields))
        secret = self.settings.person_key_secret.get_secret_value()
        forms = NumberForms(tenant.default_country)
        async with worker_transaction(self.workers) as connection:
            campaign = await campaigns.read(connection, job.tenant, job.campaign_id)
        return RecordMaker(
            job.tenant, secret, forms, job.list_id, reader, self.clock.now(), campaign.purpose, job.time_zone, tenant.time_zone
        )  # fmt: skip

    async def _written(self, job: ClaimedImport, maker: RecordMaker, piece: Piece, done: int) -> None:
        """A piece whose connection is lost (on an overloaded machine a transaction may rest too long) is written again: reading the
        file anew in another process would cost more. Raises TakenOver where it was written after all; Backpressure."""
        for tries in range(MOST_TRIES):
            try:
                with errors_by_consequence():
                    return await self._write(job, maker, piece, done)
            except Backpressure as error:
                if tries + 1 == MOST_TRIES:
                    raise
                log.warning("a piece of a list is written again", cause=str(error))
                await asyncio.sleep(AGAIN_SECONDS)

    async def _write(self, job: ClaimedImport, maker: RecordMaker, piece: Piece, done: int) -> None:
        usable = [(row, record) for row, record in piece if isinstance(record, NewRecord)]
        rejected = [
            RejectedRow(row.line, record, row.cells) for row, record in piece if not isinstance(record, NewRecord)
        ]
        async with worker_transaction(self.workers) as connection:
            if not await imports.hold(connection, job, self.name, done):
                raise TakenOver
            outcome = await add_records(
                connection, job.tenant, job.campaign_id, job.list_id, [record for _, record in usable], Wins(job.wins),
                self.clock.now(),
            )  # fmt: skip
            refusals = maker.refusals(outcome)
            rejected += [
                RejectedRow(usable[place][0].line, [f], usable[place][0].cells) for place, f in refusals.items()
            ]
            twice = sum(fault.code is not RowRefusal.TWO_RECORDS for fault in refusals.values())
            told = PieceDone(len(piece), len(outcome.added), outcome.replacements, twice, rejected)
            await imports.went_on(connection, job, told, self.settings.outbound_import_lease_seconds)
        telemetry.count("ucc_import_rows_total", len(piece), kind="list")
