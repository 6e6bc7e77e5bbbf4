"""Events from outside: validated, published on their pool's partition, then remembered.

Nothing is committed to a database before the broker has acknowledged, so an offer never waits for our bookkeeping;
dying between the two leaves a sender without an answer, who sends again with the same ids.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence

from aiokafka.structs import ConsumerRecord
from pydantic_core import from_json

from services.gateway.credentials import Credential
from services.gateway.domain.cloud_events import (
    Accepted,
    Fault,
    Sender,
    contact_id_of,
    invalid,
    read_event,
    read_events,
)
from services.gateway.parts import Parts
from shared import telemetry
from shared.contracts.contact_events import ContactEvent
from shared.contracts.conversation_messages import MessageSent
from shared.contracts.envelope import Envelope, stable_id
from shared.contracts.fields import Channel
from shared.contracts.wire import CONTACT_EVENTS, CONVERSATION_MESSAGES, InvalidMessage
from shared.errors import NotFound
from shared.kafka import Received

INBOX_WINDOW_SECONDS = 24 * 3600
"""How old a signature in `contact-inbox` may be: what the router remembers of event ids, so a replayed record is a repeat."""


WRITTEN = frozenset({Channel.WEB, Channel.SMS, Channel.EMAIL})
"""Channels of which a first text is the customer's first message."""


class MalformedJson(Exception):
    """The body is not JSON. HTTP 400."""


async def accept(
    parts: Parts, credential: Credential, body: bytes, charge: Callable[[Credential, int], Awaitable[None]]
) -> Sequence[Accepted]:
    """Publish all events of a request body, or none; `charge` may refuse that many. Raises InvalidMessage, MalformedJson,
    BrokerUnavailable."""
    try:
        document = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise MalformedJson(str(error)) from error
    await charge(credential, len(document) if isinstance(document, list) else 1)
    sender, partition = await parts.sender(credential)
    accepted = read_events(document, sender, parts.clock.now(), parts.settings.gateway_batch_events)
    await publish(parts, sender, partition, accepted)
    return accepted


async def publish(parts: Parts, sender: Sender, partition: int, accepted: Sequence[Accepted]) -> None:
    """Publish (acks=all), then remember which contacts the gateway holds, then their first words. Raises BrokerUnavailable."""
    await parts.producer.publish(
        CONTACT_EVENTS, *(event.envelope for event in accepted), partition=partition, key=sender.pool_id
    )
    now = parts.clock.now()
    opened = [contact for event in accepted if (contact := event.opens(partition, now)) is not None]
    if opened:
        await parts.recorder.record(sender.tenant, opened)
    first_words = [message for event in accepted if (message := first_message(event.envelope)) is not None]
    if first_words:  # last: whose words they are must be known where they are read
        await parts.producer.publish(CONVERSATION_MESSAGES, *first_words)


def first_message(envelope: Envelope[ContactEvent]) -> Envelope[MessageSent] | None:
    """A conversation's first text as its first message (like all of them without a pool: its key is the contact)."""
    text = getattr(envelope.data, "text", None)
    if getattr(envelope.data, "channel", None) not in WRITTEN or not text:
        return None
    message_id = stable_id("first", envelope.tenant, envelope.subject)
    message = MessageSent(message_id, envelope.subject, "customer", envelope.time, text=text)
    return Envelope(message_id, envelope.source, envelope.time, envelope.tenant, envelope.subject, message)


class Inbox:
    """`contact-inbox`: the same CloudEvents, one a record, signed the same way in the record's headers.

    Headers: `ucc-gateway`, `webhook-id`, `webhook-timestamp`, `webhook-signature`; the value is the JSON event, so
    the signature covers all that matters. API keys are not taken here: they would lie readable in the topic.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._opened: dict[tuple[int, int], tuple[Sender, int, Accepted]] = {}  # read, not yet forwarded

    async def read(self, record: ConsumerRecord[bytes, bytes]) -> Envelope[ContactEvent]:
        """Raises InvalidMessage for anything unsigned, too old or malformed."""
        opened = await self._open(record)
        self._opened[record.partition, record.offset] = opened
        return opened[2].envelope

    async def forward(self, received: Received) -> None:
        """Publish to `contact-events`. Raises BrokerUnavailable."""
        sender, partition, accepted = self._opened.pop((received.record.partition, received.record.offset))
        await publish(self._parts, sender, partition, [accepted])

    async def _open(self, record: ConsumerRecord[bytes, bytes]) -> tuple[Sender, int, Accepted]:
        try:
            headers = {key.lower(): value.decode() for key, value in record.headers if value is not None}
        except UnicodeDecodeError as error:
            raise InvalidMessage("headers: not UTF-8") from error
        body = record.value or b""
        found = await self._parts.credentials.by_old_signature(headers.get("ucc-gateway", ""), headers, body)
        if found is None:
            telemetry.count("ucc_signature_failures_total", way="kafka")
            raise invalid([Fault("headers", "no valid signature of a known gateway", "signature")])
        credential, signed_at = found
        if abs(time.time() - signed_at) > INBOX_WINDOW_SECONDS:
            raise invalid([Fault("webhook-timestamp", "signed more than 24 h ago", "too_old")])
        try:
            document = from_json(body, allow_inf_nan=False)
        except ValueError as error:
            raise invalid([Fault("body", "not JSON", "json_invalid")]) from error
        try:
            sender, partition = await self._parts.sender(credential)
        except NotFound as error:
            raise invalid([Fault("ucc-gateway", "its tenant has no such agent pool", "no_pool")]) from error
        return sender, partition, read_event(document, sender, self._parts.clock.now())


def contact_ids(credential: Credential, accepted: Sequence[Accepted]) -> dict[str, str]:
    """The gateway's keys → UCC's contact ids, of the contacts the events are about."""
    return {
        event.subject: contact_id_of(credential.tenant, credential.gateway_id, event.subject)
        for event in accepted
        if event.subject is not None
    }
