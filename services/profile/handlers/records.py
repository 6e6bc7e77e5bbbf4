"""Records of existing systems in the form they are kept: identities normal, dates real. Used by imports and `crm-records`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeVar

from services.profile.numbers import UnusableAddress, normal_form
from services.profile.store.records import apply_customers, apply_deals
from services.profile.store.statements import errors_by_consequence
from shared.contracts.crm_records import CustomerRecorded, DealRecorded
from shared.directory import Directory
from shared.errors import Backpressure, InvalidMessage, NotFound
from shared.kafka import Received
from shared.postgres import Pool, worker_transaction

RecordT = TypeVar("RecordT", CustomerRecorded, DealRecorded)


LARGEST_AMOUNT_CENTS = 2**53


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a field of a record; never quotes the value."""

    field: str
    code: str
    message: str


class Unusable(ValueError):
    """A record that cannot be kept."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(f"{fault.field}: {fault.message}" for fault in faults))
        self.faults = faults


def usable(record: RecordT, country: str) -> RecordT:
    """The record with identities in normal form and its dates checked. Raises Unusable naming every fault."""
    if isinstance(record, DealRecorded):
        return _usable_deal(record)
    faults: list[Fault] = []
    identities = []
    for place, identity in enumerate(record.identities):
        try:
            identities.append(replace(identity, value=normal_form(identity.kind, identity.value or "", country)))
        except UnusableAddress as error:
            faults.append(Fault(f"identities.{place}.value", f"unusable_{identity.kind}", str(error)))
    if faults:
        raise Unusable(*faults)
    return replace(record, identities=tuple(dict.fromkeys(identities)))


def _usable_deal(record: DealRecorded) -> DealRecorded:
    faults: list[Fault] = []
    for name in ("signed_on", "ends_on"):
        try:
            date.fromisoformat(getattr(record, name) or "2000-01-01")
        except ValueError:
            faults.append(Fault(name, "no_date", "not a day of the calendar"))
    if (record.amount_cents or 0) > LARGEST_AMOUNT_CENTS:
        faults.append(Fault("amount_cents", "too_large", "more than any deal"))
    if faults:
        raise Unusable(*faults)
    return record


@dataclass(slots=True, eq=False)
class _Waiting:
    """A record on its way into the database; `failure` until it is written."""

    tenant: str
    record: CustomerRecorded | DealRecorded
    settled: bool = False
    failure: Exception | None = field(default_factory=lambda: Backpressure("the batch was not written"))


@dataclass(slots=True)
class KeepRecord:
    """`crm-records`: whoever comes while others are being written is written with the next batch, in one transaction.

    Order and repeats do not matter (`domain.records`), so a batch that fails is simply told again.
    """

    workers: Pool
    directory: Directory
    _queue: list[_Waiting] = field(default_factory=list[_Waiting])
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def __call__(self, received: Received) -> None:
        """Raises InvalidMessage (no such tenant, unusable record), Backpressure."""
        envelope = received.envelope
        try:
            tenant = await self.directory.tenant(envelope.tenant)
            mine = _Waiting(envelope.tenant, usable(envelope.data, tenant.default_country))
        except NotFound as error:
            raise InvalidMessage("ce_tenant: no such tenant") from error
        except Unusable as error:
            raise InvalidMessage(str(error)) from error
        self._queue.append(mine)
        async with self._writing:
            if not mine.settled:
                batch, self._queue = self._queue, []
                await self._settle(batch)
        if mine.failure is not None:
            raise mine.failure

    async def _settle(self, batch: list[_Waiting]) -> None:
        """Write the batch; where one record cannot be kept, each by itself, so that only that one fails."""
        failure: Exception | None = None
        try:
            await self._write(batch)
        except (InvalidMessage, Backpressure) as error:
            failure = error
        finally:
            for waiting in batch:
                waiting.settled = True
        for waiting in batch:
            if isinstance(failure, InvalidMessage) and len(batch) > 1:
                await self._settle([waiting])
            else:
                waiting.failure = failure

    async def _write(self, batch: list[_Waiting]) -> None:
        groups: dict[tuple[str, str], list[CustomerRecorded | DealRecorded]] = {}
        for waiting in batch:
            groups.setdefault((waiting.tenant, waiting.record.source), []).append(waiting.record)
        with errors_by_consequence():
            async with worker_transaction(self.workers) as connection:
                for (tenant, source), records in sorted(groups.items(), key=lambda group: group[0]):
                    customers = [r for r in records if isinstance(r, CustomerRecorded)]
                    deals = [r for r in records if isinstance(r, DealRecorded)]
                    if customers:
                        await apply_customers(connection, tenant, source, customers)
                    if deals:
                        await apply_deals(connection, tenant, source, deals)
