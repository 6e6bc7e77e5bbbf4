"""Conversations: what visitors say goes to the topic; what the topic carries is the conversation."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from services.gateway import store
from services.gateway.adapters.port import PromptOutcome
from services.gateway.credentials import Credential
from services.gateway.domain.cloud_events import Sender, contact_id_of
from services.gateway.domain.sessions import (
    SOURCE,
    TAKES_TURNS,
    WHOLE_CONVERSATION,
    GatewayEvent,
    HeldContact,
    turned,
)
from services.gateway.handlers import prompts
from services.gateway.parts import Parts
from shared.contracts.conversation_messages import (
    Attachment,
    ConversationMessage,
    MessageSent,
    MessageStateChanged,
    PromptAnswered,
    TypingShown,
)
from shared.contracts.envelope import Envelope, stable_id
from shared.contracts.wire import CONVERSATION_MESSAGES, to_iso
from shared.errors import NotFound, Refused
from shared.postgres import Connection, tenant_transaction, worker_transaction


async def open_contact(parts: Parts, credential: Credential, subject: str) -> HeldContact:
    """The contact a gateway calls `subject`. Raises NotFound for one it did not open, Refused after its end."""
    contact_id = contact_id_of(credential.tenant, credential.gateway_id, subject)
    async with tenant_transaction(parts.api, credential.tenant) as connection:
        contact = await store.contact_of_subject(connection, contact_id, credential.gateway_id)
    if contact is None:
        raise NotFound("this gateway opened no such contact")
    if not contact.open:
        raise Refused("contact_closed", "the contact has ended")
    return contact


async def visitor_said(
    parts: Parts, credential: Credential, subject: str, message_key: str, text: str | None,
    attachments: Sequence[Attachment] = (),
) -> MessageSent:  # fmt: skip
    """Publish a visitor's message; the same `message_key` again is the same message.

    Raises NotFound for a contact this gateway did not open, Refused after its end, BrokerUnavailable.
    """
    contact = await open_contact(parts, credential, subject)
    message_id = stable_id("message", credential.tenant, credential.gateway_id, subject, message_key)
    now = parts.clock.now()
    message = MessageSent(message_id, contact.contact_id, "customer", now, text=text, attachments=tuple(attachments))
    await converse(parts, credential, message)
    return message


async def answered(
    parts: Parts, credential: Credential, contact_id: str, step: str, outcome: PromptOutcome,
    *, digits: str | None = None, text: str | None = None,
) -> str:  # fmt: skip
    """Publish what came of a prompt; its message id, which is one however often it is said. Raises BrokerUnavailable."""
    message_id = stable_id("prompt", credential.tenant, contact_id, step)
    now = parts.clock.now()
    await converse(parts, credential, PromptAnswered(message_id, contact_id, step, now, outcome, digits, text))
    return message_id


async def converse(parts: Parts, credential: Credential, message: ConversationMessage) -> None:
    """Publish a fact of a conversation this gateway carries. Raises BrokerUnavailable."""
    source = f"/gateways/{credential.gateway_id}"
    now = parts.clock.now()
    envelope = Envelope(message.message_id, source, now, credential.tenant, message.contact_id, message)
    await parts.producer.publish(CONVERSATION_MESSAGES, envelope, key=message.contact_id)


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file as it was taken in. `key`: its sender's own id of the message it lies with."""

    key: str
    body: bytes
    media_type: str
    name: str


async def agent_sent_file(
    parts: Parts, tenant: str, contact_id: str, agent_id: str, file: NewFile
) -> tuple[str, Attachment]:
    """Keep an agent's file and say it in the conversation; (message id, attachment). The same key again is the same message.

    Raises NotFound, Refused for a contact that is not in this agent's hands, BrokerUnavailable.
    """
    async with tenant_transaction(parts.api, tenant) as connection:
        contact = (await store.contacts_held(connection, [contact_id])).get(contact_id)
        if contact is None:
            raise NotFound("no such contact")
        if not contact.open or contact.agent_id != agent_id:
            raise Refused("contact_not_yours", "this contact is not in your hands now")
        file_id = stable_id("file", contact_id, hashlib.sha256(file.body).hexdigest())
        sender = Sender(tenant, contact.gateway_id or "", contact.pool_id or "")
        stored = store.StoredFile(file.media_type, 0, file.body, file.name)
        await store.add_file(connection, sender, file_id, contact_id, stored, ())
    attachment = Attachment(file_id, file.media_type, len(file.body), name=file.name)
    now = parts.clock.now()
    message_id = stable_id("agent file", tenant, contact_id, agent_id, file.key)
    message = MessageSent(message_id, contact_id, "agent", now, agent_id, attachments=(attachment,))
    envelope = Envelope(message_id, SOURCE, now, tenant, contact_id, message)
    await parts.producer.publish(CONVERSATION_MESSAGES, envelope, key=contact_id)
    return message_id, attachment


async def keep(parts: Parts, envelope: Envelope[MessageSent]) -> None:
    """Store a message of the topic once; ours go on to the contact's gateway, the customer's may answer a prompt."""
    message = envelope.data
    async with worker_transaction(parts.worker) as connection:
        if not await store.add_message(connection, envelope.tenant, message):
            return
        contact = (await store.contacts_held(connection, [message.contact_id])).get(message.contact_id)
        if contact is None or contact.tenant != envelope.tenant or message.audience == "staff":
            return
        await _take_turns(connection, contact, message, parts.clock.now())
        if message.author == "customer":
            await prompts.hear(connection, contact, message, parts.clock.now())
        if contact.gateway_id is not None and (message.author != "customer" or shows_all(parts, contact)):
            told = GatewayEvent(contact.gateway_id, contact.tenant, contact.contact_id, message)
            await store.append_events(connection, [told])


async def _take_turns(connection: Connection, contact: HeldContact, message: MessageSent, now: int) -> None:
    """Tell the router when the other side must speak: once a change, however many messages follow one another.

    Only the agent who has the customer counts; a colleague in a conference answers nothing for them.
    """
    if contact.channel not in TAKES_TURNS or message.author not in ("customer", "agent"):
        return
    if message.author == "agent" and message.agent_id != contact.agent_id:
        return
    side: Literal["agent", "customer"] = "customer" if message.author == "agent" else "agent"
    if await store.turn_to(connection, contact.contact_id, side):
        await store.say(connection, turned(contact, message.message_id, side, now), contact.partition)


def shows_all(parts: Parts, contact: HeldContact) -> bool:
    """Whether the customer of this contact is shown the conversation as it happens."""
    row = parts.credentials.adapter(contact.gateway_id or "")
    return row is not None and row.kind in WHOLE_CONVERSATION


async def change_state(parts: Parts, envelope: Envelope[MessageStateChanged]) -> None:
    """Remember what became of a message, and show it to a visitor who watches."""
    changed = envelope.data
    async with worker_transaction(parts.worker) as connection:
        if not await store.message_state(connection, envelope.tenant, changed):
            return
        contact = (await store.contacts_held(connection, [changed.contact_id])).get(changed.contact_id)
        if contact is not None and contact.gateway_id is not None and shows_all(parts, contact):
            told = GatewayEvent(contact.gateway_id, contact.tenant, contact.contact_id, changed)
            await store.append_events(connection, [told])


async def show_typing(parts: Parts, envelope: Envelope[TypingShown]) -> None:
    """Pass by: an agent writes. Nothing is kept of it."""
    typing = envelope.data
    if typing.author == "customer":
        return
    async with worker_transaction(parts.worker) as connection:
        contact = (await store.contacts_held(connection, [typing.contact_id])).get(typing.contact_id)
        if contact is not None and contact.tenant == envelope.tenant and shows_all(parts, contact):
            await store.hint(connection, contact.gateway_id or "", contact.contact_id, typing.author)


async def conversation(connection: Connection, contact_id: str, after: int, limit: int) -> Sequence[Mapping[str, Any]]:
    """Messages for people, times as RFC 3339."""
    rows = await store.conversation(connection, contact_id, after, limit)
    return [{**row, "sent_at": to_iso(row["sent_at"])} for row in rows]


async def visitor(connection: Connection, contact_id: str) -> tuple[Mapping[str, Any] | None, str | None]:
    """Of a chat: the page its visitor was last seen on (url, title, at), and where the answer to a message left goes."""
    row = await store.visitor_page(connection, contact_id)
    if row is None:
        return None, None
    page = None if row["at"] is None else {"url": row["url"], "title": row["title"], "at": to_iso(row["at"])}
    return page, row["answer_to"]
