"""After the contact: its customer is asked how it was, and answers once.

In the page by stars, on the telephone by key press (its adapter asks), by a signed link where messages are sent. The row
in `ratings` is what makes an answer count once; the router is told in the same transaction.
"""

from __future__ import annotations

import time
from enum import StrEnum
from typing import Final, Literal

from services.gateway import store
from services.gateway.adapters.web.tokens import Visitor, seal
from services.gateway.domain.sessions import SOURCE, HeldContact
from services.gateway.parts import Parts
from shared.contracts.contact_events import ContactEvent, RatingGiven, RatingInvited
from shared.contracts.conversation_messages import MessageSent
from shared.contracts.envelope import Envelope, stable_id
from shared.contracts.fields import SECOND, Channel
from shared.contracts.wire import CONVERSATION_MESSAGES
from shared.postgres import Connection, enqueue, worker_transaction

VALID_SECONDS: Final = 86_400
"""So long the router remembers whom a rating is about."""
BY_LINK = frozenset({Channel.SMS, Channel.EMAIL})
CLOSED: Final = (
    "较长时间未收到您的回复，会话已关闭；随时再发消息，我们会继续为您服务。 "
    "We have not heard from you for a while, so this chat is closed; write again whenever you like."
)
ASK: Final = "请为本次服务评分： {link} Please tell us how it was."


class Taken(StrEnum):
    """What became of an answer."""

    COUNTED = "counted"
    ALREADY = "already"
    NOT_ASKED = "not_asked"


def audience_of(gateway_id: str) -> str:
    """What a rating link is sealed for: a visitor's token opens none, and the other way round."""
    return f"rate {gateway_id}"


async def say_closed(connection: Connection, contact: HeldContact, now: int) -> None:
    """The customer of a chat closed for their silence is told so, once."""
    await _say(connection, contact, "closed", CLOSED, now)


async def ask(connection: Connection, parts: Parts, contact: HeldContact, scale: int, now: int) -> None:
    """The router wants this customer asked. A telephone's adapter asks itself, when the caller is still there."""
    await store.ask_for_rating(connection, contact.tenant, contact.contact_id, scale, now)
    if contact.channel is Channel.WEB:
        await invited(connection, contact, scale, now)
    elif contact.channel in BY_LINK and (link := link_of(parts, contact)) is not None:
        await _say(connection, contact, "rate", ASK.format(link=link), now)
        await invited(connection, contact, scale, now)


async def invited(connection: Connection, contact: HeldContact, scale: int, now: int) -> None:
    event = RatingInvited(contact.contact_id, contact.channel, scale)
    await _report(connection, contact, stable_id("rating invited", contact.tenant, contact.contact_id), event, now)


async def give(parts: Parts, tenant: str, contact_id: str, score: int, via: Literal["key", "web", "link"]) -> Taken:
    """A customer's answer. The first one counts."""
    now = parts.clock.now()
    async with worker_transaction(parts.worker) as connection:
        contact = (await store.contacts_held(connection, [contact_id])).get(contact_id)
        known = await store.rating(connection, contact_id)
        if contact is None or contact.tenant != tenant or known is None:
            return Taken.NOT_ASKED
        if known.score is not None:
            return Taken.ALREADY
        scale = await store.rate(connection, contact_id, score, via, now, now - VALID_SECONDS * SECOND)
        if scale is None:
            return Taken.NOT_ASKED
        if via == "key":
            await invited(connection, contact, scale, now)
        event = RatingGiven(contact_id, score, scale, via)
        await _report(connection, contact, stable_id("rated", tenant, contact_id), event, now)
    return Taken.COUNTED


def link_of(parts: Parts, contact: HeldContact) -> str | None:
    """Opens the one question of this contact for a day; None where no address of ours is known, or its gateway is gone."""
    row = parts.credentials.adapter(contact.gateway_id or "")
    base = parts.settings.gateway_public_url
    if row is None or not base:
        return None
    holder = Visitor(contact.contact_id, int(time.time()) + VALID_SECONDS)
    return f"{base.rstrip('/')}/rate/{row.gateway_id}/{seal(holder, audience_of(row.gateway_id), row.secret)}"


async def _say(connection: Connection, contact: HeldContact, what: str, text: str, now: int) -> None:
    message_id = stable_id(what, contact.tenant, contact.contact_id)
    message = MessageSent(message_id, contact.contact_id, "bot", now, text=text)
    envelope = Envelope(message_id, SOURCE, now, contact.tenant, contact.contact_id, message)
    await enqueue(connection, CONVERSATION_MESSAGES, envelope, partition=None, key=contact.contact_id)


async def _report(connection: Connection, contact: HeldContact, event_id: str, event: ContactEvent, now: int) -> None:
    envelope = Envelope(event_id, SOURCE, now, contact.tenant, contact.contact_id, event, pool=contact.pool_id)
    await store.say(connection, envelope, contact.partition)
