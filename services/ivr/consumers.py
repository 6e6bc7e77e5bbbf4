"""Topic → handler. Contacts are independent of each other and served side by side; events of one contact stay in order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from services.ivr.handlers.outcomes import CustomersComeBack
from services.ivr.handlers.serving import Serving
from services.ivr.settings import IvrSettings
from shared.contracts.envelope import Envelope
from shared.contracts.wire import CONTACT_EVENTS, CONVERSATION_MESSAGES
from shared.kafka import ConsumeLoop, Producer, Received

Handle = Callable[[Envelope[Any]], Awaitable[None]]


class InOrder:
    """Lets messages of several contacts be handled at once, and those of one contact one after another as they came."""

    def __init__(self) -> None:
        self._locks: dict[tuple[str, str], tuple[asyncio.Lock, int]] = {}

    def each(self, handle: Handle) -> Callable[[Received], Awaitable[None]]:
        """A handler of envelopes as one of received messages."""

        async def one(received: Received) -> None:
            envelope = received.envelope
            contact = (envelope.tenant, envelope.subject)
            lock, holders = self._locks.get(contact, (asyncio.Lock(), 0))
            self._locks[contact] = (lock, holders + 1)
            try:
                async with lock:  # first come, first served
                    await handle(envelope)
            finally:
                holders = self._locks[contact][1] - 1
                if holders:
                    self._locks[contact] = (lock, holders)
                else:
                    del self._locks[contact]

        return one


def contacts(settings: IvrSettings, producer: Producer, serving: Serving, customers: CustomersComeBack) -> ConsumeLoop:
    """`contact-events`: arrivals to serve, customers who left, who they were."""
    order = InOrder()
    gone = order.each(lambda envelope: serving.left(envelope.tenant, envelope.data.contact_id))
    return ConsumeLoop(
        settings.kafka_bootstrap_servers, CONTACT_EVENTS, settings.consumer_group,
        {
            "ContactArrived": order.each(serving.arrived),
            "ContactProfiled": order.each(customers.profiled),
            "ContactAbandoned": gone,
            "ContactEnded": gone,
        },
        producer, parallel=settings.contacts_in_parallel,
    )  # fmt: skip


def conversations(settings: IvrSettings, producer: Producer, serving: Serving) -> ConsumeLoop:
    """`conversation-messages`: answers to prompts, and what became of faxes."""
    order = InOrder()
    return ConsumeLoop(
        settings.kafka_bootstrap_servers, CONVERSATION_MESSAGES, settings.consumer_group,
        {"PromptAnswered": order.each(serving.answered), "FaxReported": order.each(serving.fax_settled)},
        producer, parallel=settings.contacts_in_parallel,
    )  # fmt: skip
