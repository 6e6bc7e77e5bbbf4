"""Who rings back the number that called them: the reason for our call is at hand, and nobody calls them for it again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from services.outbound.domain.attempts import AttemptState
from services.outbound.numbers import number_key
from services.outbound.parts import Parts
from services.outbound.store import attempts, campaigns, desk
from services.outbound.store.statements import errors_by_consequence
from shared import telemetry
from shared.contracts.contact_events import ContactArrived
from shared.contracts.dial_requests import CancelCall
from shared.contracts.envelope import Envelope
from shared.contracts.fields import SECOND, AddressKind, Channel
from shared.kafka import Received
from shared.postgres import worker_transaction

log = telemetry.logger("outbound")

REMEMBERED = 14 * 86_400 * SECOND
"""µs after which somebody who calls is not thought to ring back."""


@dataclass(frozen=True, slots=True)
class NoticeRingBack:
    parts: Parts

    async def __call__(self, received: Received) -> None:
        """Raises Backpressure while the database is away."""
        envelope = cast("Envelope[Any]", received.envelope)
        arrived: ContactArrived = envelope.data
        if arrived.campaign is not None or arrived.channel is not Channel.PHONE:
            return
        if arrived.address is None or arrived.address_kind is not AddressKind.PHONE:
            return
        with errors_by_consequence():
            await self._notice(envelope.tenant, arrived, arrived.address)

    async def _notice(self, tenant: str, arrived: ContactArrived, number: str) -> None:
        """The record is closed and what rings or waits for an agent is taken back, once for a contact."""
        now = self.parts.clock.now()
        key = number_key(self.parts.settings.person_key_secret.get_secret_value(), tenant, number)
        async with worker_transaction(self.parts.workers) as connection:
            last = await desk.last_attempt_to(connection, tenant, key, now - REMEMBERED)
            if last is None or not await desk.keep_ring_back(connection, tenant, arrived.contact_id, last, now):
                return
            pending = [
                a
                for a in await attempts.open_of_persons(connection, tenant, [last.person_key, key])
                if a.state in (AttemptState.AUTHORISED, AttemptState.DIALLED)
            ]
            taken_back = [CancelCall(a.attempt_id, a.campaign_id, a.gateway_id, "rang_back") for a in pending]
            await attempts.publish(connection, tenant, now, taken_back, "rang_back")
            await attempts.count(connection, tenant, last.campaign_id, now, {"rang_back": 1})
            await campaigns.wake(connection, tenant, last.pool)
        log.info("rang back", contact_id=arrived.contact_id, attempt_id=last.attempt_id)
