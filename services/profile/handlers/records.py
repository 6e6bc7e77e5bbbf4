"""Records of existing systems in the form they are kept: identities normal, dates real. Used by imports and `crm-records`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

from services.profile.numbers import UnusableAddress, normal_form
from services.profile.store.records import apply_customers, apply_deals
from services.profile.store.statements import errors_by_consequence
from shared.contracts.crm_records import CustomerRecorded, DealRecorded
from shared.directory import Directory
from shared.errors import InvalidMessage, NotFound
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


@dataclass(frozen=True, slots=True)
class KeepRecord:
    """`crm-records`: one record at a time; order and repeats do not matter."""

    workers: Pool
    directory: Directory

    async def __call__(self, received: Received) -> None:
        """Raises InvalidMessage (no such tenant, unusable record), Backpressure."""
        envelope = received.envelope
        try:
            tenant = await self.directory.tenant(envelope.tenant)
            record = usable(envelope.data, tenant.default_country)
        except NotFound as error:
            raise InvalidMessage("ce_tenant: no such tenant") from error
        except Unusable as error:
            raise InvalidMessage(str(error)) from error
        with errors_by_consequence():
            async with worker_transaction(self.workers) as connection:
                if isinstance(record, CustomerRecorded):
                    await apply_customers(connection, envelope.tenant, record.source, [record])
                else:
                    await apply_deals(connection, envelope.tenant, record.source, [record])
