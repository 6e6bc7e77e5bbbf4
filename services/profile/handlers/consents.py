"""`consents`: what a person said at any door of the house, kept once; and what is said at profile's own door, told to the others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.profile.handlers.contact_arrived import SOURCE
from services.profile.numbers import UnusableAddress, normal_form
from services.profile.store.consents import ConsentRow, keep
from services.profile.store.records import MICROSECOND, moment
from services.profile.store.statements import errors_by_consequence
from shared.clock import Clock
from shared.contracts.consents import ConsentGiven, ConsentRecord, ConsentWithdrawn
from shared.contracts.envelope import Envelope, stable_id
from shared.contracts.fields import AddressKind
from shared.contracts.wire import CONSENTS, EPOCH
from shared.directory import Directory
from shared.errors import InvalidMessage, NotFound
from shared.kafka import Received
from shared.postgres import Connection, Pool, enqueue, worker_transaction


def row_of(record: ConsentRecord, number: str, now: datetime, user: str | None = None) -> ConsentRow:
    """The row of a word. A refusal bites at once: a clock that is ahead does not put it off."""
    if isinstance(record, ConsentGiven):
        return ConsentRow(
            record.consent_id, "given", number, record.channel, record.purpose, record.source, moment(record.given_at), now,
            record.proof, (record.expires_at and moment(record.expires_at)) or None, record.customer_id, record.contact_id,
            recorded_by=user,
        )  # fmt: skip
    return ConsentRow(
        record.refusal_id, "withdrawn", number, record.channel, record.purpose, record.source,
        min(moment(record.withdrawn_at), now), now, customer_id=record.customer_id, contact_id=record.contact_id,
        campaign=record.campaign, attempt_id=record.attempt_id, recorded_by=user,
    )  # fmt: skip


async def tell(connection: Connection, tenant: str, record: ConsentRecord, now: datetime) -> None:
    """Publish a word taken here, in the transaction that keeps it. Profile reads it back as one it knows."""
    own_id = record.consent_id if isinstance(record, ConsentGiven) else record.refusal_id
    event_id = stable_id(type(record).__name__, tenant, own_id)
    at: timedelta = now - EPOCH
    envelope = Envelope(event_id, SOURCE, at // MICROSECOND, tenant, own_id, record)
    person = stable_id("person", tenant, record.number or "")
    await enqueue(connection, CONSENTS, envelope, partition=None, key=person)


@dataclass(frozen=True, slots=True)
class KeepConsent:
    """Any order and any number of times: a word is known by its id, and what stands is told by the times in it."""

    workers: Pool
    directory: Directory
    clock: Clock

    async def __call__(self, received: Received) -> None:
        """Raises InvalidMessage (no such tenant, no usable number), Backpressure."""
        envelope = received.envelope
        record: ConsentGiven | ConsentWithdrawn = envelope.data
        try:
            country = (await self.directory.tenant(envelope.tenant)).default_country
            number = normal_form(AddressKind.PHONE, record.number or "", country)
        except NotFound as error:
            raise InvalidMessage("ce_tenant: no such tenant") from error
        except UnusableAddress as error:
            raise InvalidMessage(f"number: {error}") from error
        row = row_of(record, number, moment(self.clock.now()))
        with errors_by_consequence():
            async with worker_transaction(self.workers) as connection:
                await keep(connection, envelope.tenant, row)
