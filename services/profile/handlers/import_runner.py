"""Runs imports in the background: a batch of rows, its counts and the progress are one transaction.

A worker that dies leaves whole batches only; when its lease runs out another reads the file again and goes on at the
first row not done. Rows without a revision time of their own count as revised at the upload, later lines as newer.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from services.profile.domain.columns import BadCell, Columns, NoSuchTable
from services.profile.handlers.records import Unusable, usable
from services.profile.settings import ProfileSettings
from services.profile.store import imports
from services.profile.store.imports import Claimed, Rejection
from services.profile.store.records import MICROSECOND, apply_customers, apply_deals
from services.profile.store.statements import errors_by_consequence
from shared import telemetry
from shared.contracts.crm_records import CustomerRecorded, DealRecorded
from shared.contracts.wire import EPOCH, adapter, describe
from shared.directory import Directory
from shared.postgres import Pool, worker_transaction
from shared.tables import TableRow, UnreadableTable, read_table

LOOK_AGAIN_SECONDS = 0.5
log = telemetry.logger("profile")


class TakenOver(Exception):
    """Another worker has the import now."""


def records_of(
    job: Claimed, columns: Columns, rows: Sequence[TableRow], country: str
) -> tuple[list[CustomerRecorded | DealRecorded], list[Rejection]]:
    """The usable records of some rows, and the rows that are none with every reason."""
    contract: Any = adapter(CustomerRecorded if job.kind == "customers" else DealRecorded)
    uploaded = (job.uploaded_at - EPOCH) // MICROSECOND
    records: list[CustomerRecorded | DealRecorded] = []
    rejected: list[Rejection] = []
    for row in rows:
        try:
            fields = columns.read(job.source, row.cells, uploaded + row.line)
            records.append(usable(contract.validate_python(fields), country))
        except BadCell as error:
            fault = {"field": error.column, "code": error.code, "message": str(error)}
            rejected.append(Rejection(row.line, [fault], row.cells))
        except ValidationError as error:
            rejected.append(Rejection(row.line, describe(error), row.cells))
        except Unusable as error:
            faults = [{"field": f.field, "code": f.code, "message": f.message} for f in error.faults]
            rejected.append(Rejection(row.line, faults, row.cells))
    return records, rejected


@dataclass(frozen=True, slots=True)
class ImportRunner:
    """One worker; several instances of the service may each have one."""

    workers: Pool
    directory: Directory
    settings: ProfileSettings
    name: str = field(default_factory=lambda: f"w-{uuid.uuid4().hex[:12]}")

    async def run(self) -> None:
        """Work off imports until cancelled."""
        while True:
            try:
                if not await self.run_next():
                    await asyncio.sleep(LOOK_AGAIN_SECONDS)
            except TakenOver:
                log.warning("import taken over by another worker")

    async def run_next(self) -> bool:
        """Bring the oldest waiting import to its end. False when none waits. Raises TakenOver, Backpressure."""
        with errors_by_consequence():
            async with worker_transaction(self.workers) as connection:
                job = await imports.claim(connection, self.name, self.settings.import_lease_seconds)
            if job is not None:
                await self.work_off(job)
        return job is not None

    async def work_off(self, job: Claimed) -> None:
        """Go on with a claimed import to its end. Raises TakenOver."""
        try:
            header, rows = await asyncio.to_thread(read_table, job.file)
            columns = Columns.of(job.kind, header)
        except (UnreadableTable, NoSuchTable) as error:
            async with worker_transaction(self.workers) as connection:
                await imports.finish(connection, job, self.name, "failed", str(error))
            return
        async with worker_transaction(self.workers) as connection:
            await imports.was_read(
                connection, job, self.name, len(rows), header, self.settings.import_lease_seconds
            )  # fmt: skip
        country = (await self.directory.tenant(job.tenant)).default_country
        size = self.settings.import_batch_rows
        for start in range(job.done, len(rows), size):
            await self._batch(job, columns, rows[start : start + size], start, country)
        async with worker_transaction(self.workers) as connection:
            await imports.finish(connection, job, self.name, "done")

    async def _batch(self, job: Claimed, columns: Columns, rows: Sequence[TableRow], start: int, country: str) -> None:
        records, rejected = await asyncio.to_thread(records_of, job, columns, rows, country)
        async with worker_transaction(self.workers) as connection:
            if not await imports.hold(connection, job, self.name, start):
                raise TakenOver
            customers = [r for r in records if isinstance(r, CustomerRecorded)]
            deals = [r for r in records if isinstance(r, DealRecorded)]
            outcomes = [
                *(await apply_customers(connection, job.tenant, job.source, customers) if customers else ()),
                *(await apply_deals(connection, job.tenant, job.source, deals) if deals else ()),
            ]
            await imports.went_on(
                connection, job, len(rows), outcomes, rejected, self.settings.import_lease_seconds
            )  # fmt: skip
        telemetry.count("ucc_import_rows_total", len(rows), kind=job.kind)
