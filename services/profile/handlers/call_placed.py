"""PlaceCall → the card of who is called is made while the telephone rings: who answers is not waited for, and neither is their pop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from services.profile.domain.identification import identify
from services.profile.numbers import UnusableAddress, normal_form
from services.profile.settings import ProfileSettings
from services.profile.store import contacts
from services.profile.store.cards import fresh_card
from services.profile.store.statements import errors_by_consequence
from shared.clock import Clock
from shared.contracts.dial_requests import PlaceCall
from shared.contracts.envelope import Envelope
from shared.contracts.fields import AddressKind
from shared.contracts.wire import EPOCH
from shared.directory import Directory
from shared.errors import InvalidMessage, NotFound
from shared.kafka import Received
from shared.postgres import Pool


@dataclass(frozen=True, slots=True)
class PrepareCard:
    """A card is kept for the version of the customer it shows, so making it twice costs a look."""

    workers: Pool
    directory: Directory
    clock: Clock
    settings: ProfileSettings

    async def __call__(self, received: Received) -> None:
        """Raises InvalidMessage (no such tenant), Backpressure."""
        envelope: Envelope[PlaceCall] = received.envelope
        number, tenant = envelope.data.number, envelope.tenant
        if number is None:
            return
        with errors_by_consequence():
            try:
                country = (await self.directory.tenant(tenant)).default_country
            except NotFound as error:
                raise InvalidMessage("ce_tenant: no such tenant") from error
            try:
                address = normal_form(AddressKind.PHONE, number, country)
            except UnusableAddress:
                return  # the gateway says so of the attempt
            async with self.workers.acquire() as connection:
                matches = await contacts.customers_with(connection, tenant, AddressKind.PHONE, address)
                customer_id = identify(AddressKind.PHONE, matches).customer_id
                if customer_id is not None:
                    today = (EPOCH + timedelta(microseconds=self.clock.now())).date()
                    await fresh_card(connection, tenant, customer_id, today, self.settings.unresolved_dispositions)
