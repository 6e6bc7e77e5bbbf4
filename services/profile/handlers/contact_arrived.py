"""ContactArrived → who is it → the pop is ready → ContactProfiled, then the offset.

Three indexed statements, each harmless to repeat, then one message with an id made of the contact's: whatever dies in
between, the arrival comes again and the same answer goes out again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from services.profile.domain.identification import Found, IdentityLevel, identify
from services.profile.domain.pop import is_repeat
from services.profile.numbers import UnusableAddress, normal_form
from services.profile.settings import ProfileSettings
from services.profile.store import contacts
from services.profile.store.cards import Card, fresh_card
from services.profile.store.statements import errors_by_consequence
from shared import telemetry
from shared.clock import Clock
from shared.contracts.contact_events import ContactArrived, ContactProfiled, PreferredAgent
from shared.contracts.envelope import Envelope, stable_id
from shared.contracts.wire import CONTACT_EVENTS, EPOCH
from shared.directory import Directory
from shared.errors import InvalidMessage, NotFound
from shared.kafka import Producer, Received
from shared.postgres import Pool

SOURCE = "/profile"
NOBODY = Found(None, (), IdentityLevel.CLAIMED)


@dataclass(frozen=True, slots=True)
class ProfileContact:
    """The handler and what it needs."""

    workers: Pool
    directory: Directory
    producer: Producer
    clock: Clock
    settings: ProfileSettings

    async def __call__(self, received: Received) -> None:
        """Answer one arrival. Raises InvalidMessage (no such tenant), Backpressure, BrokerUnavailable."""
        envelope: Envelope[ContactArrived] = received.envelope
        started = time.perf_counter()
        with errors_by_consequence():
            profiled = await self._profile(envelope, received.record.partition)
        answer = Envelope(
            id=stable_id("profiled", envelope.tenant, profiled.contact_id),
            source=SOURCE,
            time=self.clock.now(),
            tenant=envelope.tenant,
            subject=profiled.contact_id,
            data=profiled,
            pool=envelope.pool,
        )
        await self.producer.publish(CONTACT_EVENTS, answer, partition=received.record.partition)
        found = "one" if profiled.customer_id else "several" if profiled.candidates else "none"
        telemetry.count("ucc_profile_lookups_total", found=found)
        telemetry.observe("ucc_profile_answer_seconds", time.perf_counter() - started)

    async def _profile(self, envelope: Envelope[ContactArrived], partition: int) -> ContactProfiled:
        arrived, tenant = envelope.data, envelope.tenant
        arrival = await self._arrival(envelope, partition)
        async with self.workers.acquire() as connection:
            found, candidates = NOBODY, list[dict[str, Any]]()
            if arrival.address is not None and arrival.address_kind is not None:
                matches = await contacts.customers_with(connection, tenant, arrival.address_kind, arrival.address)
                found = identify(arrival.address_kind, matches)
                if found.candidates:
                    candidates = await contacts.candidates_in_words(connection, tenant, found.candidates)
            card = None
            if found.customer_id is not None:
                card = await self._card(connection, tenant, found.customer_id)
            repeat = card is not None and is_repeat(
                card.document["routing"]["last_served_at"], arrival.arrived_at, self.settings.repeat_window_days
            )
            answer = await contacts.record_arrival(connection, tenant, arrival, found, candidates, repeat)
            if answer.customer_id is not None and answer.customer_id != found.customer_id:
                card = await self._card(connection, tenant, answer.customer_id)
        return profiled_as(arrived.contact_id, answer, card)

    async def _card(self, connection: Any, tenant: str, customer_id: str) -> Card:
        today = (EPOCH + timedelta(microseconds=self.clock.now())).date()
        return await fresh_card(connection, tenant, customer_id, today, self.settings.unresolved_dispositions)

    async def _arrival(self, envelope: Envelope[ContactArrived], partition: int) -> contacts.Arrival:
        arrived = envelope.data
        try:
            tenant = await self.directory.tenant(envelope.tenant)
        except NotFound as error:
            raise InvalidMessage("ce_tenant: no such tenant") from error
        address = None
        if arrived.address and arrived.address_kind is not None:
            try:
                address = normal_form(arrived.address_kind, arrived.address, tenant.default_country)
            except UnusableAddress:
                address = None  # a withheld or broken caller id identifies nobody; the contact is served all the same
        return contacts.Arrival(
            arrived.contact_id, envelope.pool, partition, arrived.channel, arrived.business_line, arrived.entry,
            arrived.address_kind, address, arrived.display_name, arrived.text,
            datetime.fromtimestamp(0, UTC) + timedelta(microseconds=arrived.arrived_at), arrived.reason,
        )  # fmt: skip


def profiled_as(contact_id: str, answer: contacts.Answer, card: Card | None) -> ContactProfiled:
    """What the router hears of a contact's customer."""
    if answer.customer_id is None or card is None:
        return ContactProfiled(contact_id, candidates=answer.candidates)
    routing = card.document["routing"]
    return ContactProfiled(
        contact_id,
        customer_id=answer.customer_id,
        tier=routing["tier"],
        language=routing["language"],
        preferred=tuple(PreferredAgent(p["agent_id"], p["why"]) for p in routing["preferred"]),
        repeat=answer.repeat,
    )
