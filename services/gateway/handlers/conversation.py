"""Conversations: what visitors say goes to the topic; what the topic carries is the conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.gateway import store
from services.gateway.credentials import Credential
from services.gateway.domain.cloud_events import contact_id_of
from services.gateway.domain.sessions import GatewayEvent
from services.gateway.parts import Parts
from shared.contracts.conversation_messages import MessageSent
from shared.contracts.envelope import Envelope, stable_id
from shared.contracts.wire import CONVERSATION_MESSAGES, to_iso
from shared.errors import NotFound, Refused
from shared.postgres import Connection, tenant_transaction, worker_transaction


async def visitor_said(parts: Parts, credential: Credential, subject: str, message_key: str, text: str) -> MessageSent:
    """Publish a visitor's message; the same `message_key` again is the same message.

    Raises NotFound for a contact this gateway did not open, Refused after its end, BrokerUnavailable.
    """
    contact_id = contact_id_of(credential.tenant, credential.gateway_id, subject)
    async with tenant_transaction(parts.api, credential.tenant) as connection:
        contact = await store.contact_of_subject(connection, contact_id, credential.gateway_id)
    if contact is None:
        raise NotFound("this gateway opened no such contact")
    if not contact.open:
        raise Refused("contact_closed", "the contact has ended")
    now = parts.clock.now()
    message_id = stable_id("message", credential.tenant, credential.gateway_id, subject, message_key)
    message = MessageSent(message_id, contact_id, "customer", now, text=text)
    source = f"/gateways/{credential.gateway_id}"
    await parts.producer.publish(
        CONVERSATION_MESSAGES,
        Envelope(message_id, source, now, credential.tenant, contact_id, message),
        key=contact_id,
    )
    return message


async def keep(parts: Parts, envelope: Envelope[MessageSent]) -> None:
    """Store a message of the topic once; an agent's words go on to the contact's gateway."""
    message = envelope.data
    async with worker_transaction(parts.worker) as connection:
        if not await store.add_message(connection, envelope.tenant, message) or message.author != "agent":
            return
        contact = (await store.contacts_held(connection, [message.contact_id])).get(message.contact_id)
        if contact is not None and contact.gateway_id is not None and contact.tenant == envelope.tenant:
            told = GatewayEvent(contact.gateway_id, contact.tenant, contact.contact_id, message)
            await store.append_events(connection, [told])


async def conversation(connection: Connection, contact_id: str, after: int, limit: int) -> Sequence[Mapping[str, Any]]:
    """Messages for people, times as RFC 3339."""
    rows = await store.conversation(connection, contact_id, after, limit)
    return [{**row, "sent_at": to_iso(row["sent_at"])} for row in rows]
