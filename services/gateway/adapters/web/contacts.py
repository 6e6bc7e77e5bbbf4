"""Visitors' contacts: begun, gone on with, left as a message, ended; each fact under an id a repeat cannot double."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from services.gateway.adapters.port import ChannelPort
from services.gateway.adapters.web import visits
from services.gateway.adapters.web.settings import Language, WebSettings, Words
from services.gateway.adapters.web.tokens import Visitor
from services.gateway.adapters.web.visits import NewVisit, Visit
from shared.contracts.conversation_messages import MessageSent, PageViewed
from shared.contracts.envelope import stable_id
from shared.errors import Refused

LEFT = Words(
    zh="访客已离开页面，会话结束。", en="The visitor has left the page; the conversation is closed."
)  # fmt: skip
MESSAGE_LEFT = Words(
    zh="访客留言，请回复至：{answer_to}", en="A message was left; please answer to: {answer_to}"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a visitor begins a contact with. `key`: the page's own id of it; `page`: the entry the page belongs to."""

    key: str
    business_line: str | None = None
    page: str | None = None
    text: str | None = None
    language: Language | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """`message_id`: of the first words, if any; `joined`: another page of the visitor had begun already."""

    contact_id: str
    message_id: str | None
    continues: str | None = None
    joined: bool = False


def subject_of(visitor: Visitor, key: str) -> str:
    """The adapter's own key of a contact; its first part names the visitor (see `live`)."""
    return f"{visitor.visitor_id}.{key}"


async def begin(port: ChannelPort, settings: WebSettings, visitor: Visitor, beginning: Beginning) -> Begun:
    """Start a conversation, or go on with the one that is open. Raises Refused for a line not offered, BrokerUnavailable."""
    if beginning.business_line is not None and not settings.offers(beginning.business_line):
        raise Refused("unknown_line", "this site does not offer that business line")
    subject = subject_of(visitor, beginning.key)
    contact_id = port.contact_id(subject)
    async with port.database() as connection:
        former = await visits.latest_visit(connection, port.gateway_id, visitor.visitor_id)
        joins = former is not None and former.open and former.subject is not None and former.contact_id != contact_id
        entry = settings.entry(beginning.page, beginning.business_line)
        continues = _goes_on(settings, former, contact_id)
        if not joins:
            visit = NewVisit(contact_id, visitor.visitor_id, entry.business_line, beginning.language, continues)
            await visits.open_visit(connection, port.tenant, port.gateway_id, visit)
    if joins and former is not None and former.subject is not None:
        words = await port.said(former.subject, beginning.key, beginning.text) if beginning.text else None
        return Begun(former.contact_id, words.message_id if words else None, joined=True)
    await port.report(
        "ContactArrived", subject, f"arrived {subject}",
        {
            "channel": "web", "business_line": entry.business_line, "entry": entry.entry, "group": entry.group,
            "self_service": entry.self_service, "language": _wished(settings, entry.language, beginning.language),
            "text": beginning.text, **_who(visitor),
        },
    )  # fmt: skip
    first = stable_id("first", port.tenant, contact_id) if beginning.text else None
    return Begun(contact_id, first, continues)


def _who(visitor: Visitor) -> dict[str, Any]:
    vouched = visitor.customer is not None
    return {
        "address_kind": "web",
        "address": visitor.customer or visitor.visitor_id,
        "display_name": visitor.name,
        "identity": "verified" if vouched else "claimed",
    }


def _wished(settings: WebSettings, of_entry: str | None, of_page: Language | None) -> str | None:
    """The language as a skill's name: what the entry says, else what the settings say of the page's language."""
    return of_entry or (settings.languages.get(of_page) if of_page else None)


def _goes_on(settings: WebSettings, former: Visit | None, contact_id: str) -> str | None:
    """The contact this one goes on with: the visitor's last, while it is not too long ago."""
    if former is None or former.contact_id == contact_id:
        return None
    recent = former.started_at > datetime.now(UTC) - timedelta(hours=settings.continue_hours)
    return former.contact_id if recent else None


@dataclass(frozen=True, slots=True)
class Deposit:
    """A message left. `kind` of `answer_to`: email or phone."""

    key: str
    text: str
    kind: str
    answer_to: str
    business_line: str | None = None
    page: str | None = None
    name: str | None = None
    language: Language | None = None


Mailed = Callable[[str, dict[str, Any]], Awaitable[str]]
"""Hands a message left to the mail channel: (key, arrival) → contact id."""


async def leave_message(
    port: ChannelPort, settings: WebSettings, visitor: Visitor, deposit: Deposit, mailed: Mailed | None
) -> str:
    """The contact's id. With an e-mail address and a mail channel it is a contact of that channel, whose answer goes out
    by mail. Else it is a web contact like any other for the router, marked in its conversation and on the agent's page:
    the agent calls or writes to where the visitor asked, for the visitor is no longer there to read.
    """
    if not settings.deposits:
        raise Refused("no_deposits", "this site takes no messages")
    if deposit.business_line is not None and not settings.offers(deposit.business_line):
        raise Refused("unknown_line", "this site does not offer that business line")
    entry = settings.entry(deposit.page, deposit.business_line)
    subject = subject_of(visitor, deposit.key)
    arrival: dict[str, Any] = {
        "business_line": entry.business_line, "entry": entry.entry, "group": entry.group, "self_service": False,
        "deposit": True, "language": _wished(settings, entry.language, deposit.language), "text": deposit.text,
        "address_kind": deposit.kind, "address": deposit.answer_to, "display_name": deposit.name or visitor.name,
    }  # fmt: skip
    if mailed is not None and deposit.kind == "email":
        return await mailed(subject, arrival)
    contact_id = port.contact_id(subject)
    visit = NewVisit(contact_id, visitor.visitor_id, entry.business_line, deposit.language, answer_to=deposit.answer_to)
    async with port.database() as connection:
        await visits.open_visit(connection, port.tenant, port.gateway_id, visit)
    await port.report("ContactArrived", subject, f"arrived {subject}", {**arrival, "channel": "web"})
    note = MESSAGE_LEFT.of(deposit.language).format(answer_to=deposit.answer_to)
    await notice(port, contact_id, stable_id("deposit", contact_id), note)
    return contact_id


async def notice(port: ChannelPort, contact_id: str, message_id: str, text: str) -> None:
    """Words of the system in the conversation; the same id again says it once."""
    await port.converse(MessageSent(message_id, contact_id, "system", port.now(), text=text))


async def end(port: ChannelPort, visit: Visit, reason: str | None = None) -> None:
    """The visitor ends it (before an agent answers, that is giving up). Twice is once."""
    if visit.subject is None:
        raise Refused("not_arrived", "the contact is still arriving")
    data = {"by": "customer", **({"reason": reason} if reason else {})}
    await port.report("ContactEnded", visit.subject, f"ended {visit.subject}", data)


async def view_page(port: ChannelPort, contact_id: str, url: str | None, title: str | None) -> None:
    """Remember where the visitor is and tell whoever serves them."""
    link, now = web_link(url), port.now()
    async with port.database() as connection:
        await visits.page_viewed(connection, contact_id, link, title, now)
    message_id = stable_id("page", contact_id, str(now))
    await port.converse(PageViewed(message_id, contact_id, now, link, title))


def web_link(url: str | None) -> str | None:
    """The address without what may be secret in it (query, fragment, user); None for what is not of the web."""
    if not url or len(url) > 2_000 or not url.isprintable():
        return None
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"
