"""Mails become conversations: an answer goes where what it answers stands, while that is open; else another contact begins.

Each Message-ID, theirs and ours, is a note that names its contact, so that threads are found after restarts, and a mail
that is read again (the server numbers anew, the instance died) changes nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from services.gateway.adapters.email import mails
from services.gateway.adapters.email.mails import Mail
from services.gateway.adapters.email.settings import EmailSettings
from services.gateway.adapters.port import ChannelPort
from services.gateway.domain.entries import Entry, entry_of
from shared import telemetry
from shared.contracts.conversation_messages import Attachment, MessageSent, MessageStateChanged
from shared.contracts.envelope import stable_id
from shared.errors import NotFound, Refused

log = telemetry.logger("gateway")

KEPT_DAYS = 400
CONTINUES = "接续此前的会话 {contact_id} / Continues the conversation {contact_id}"
AUTOMATIC = "自动回复 / Automatic reply:\n{text}"


@dataclass(frozen=True, slots=True)
class Thread:
    """A contact's correspondence. `references`: Message-IDs, newest last; `quote`: the customer's last words."""

    customer: str
    customer_name: str
    entry: str
    language: str
    title: str
    references: tuple[str, ...] = ()
    quote: str = ""


async def recall_thread(port: ChannelPort, subject: str) -> Thread | None:
    note = await port.recall(f"thread {subject}")
    return None if note is None else Thread(**{**note.value, "references": tuple(note.value["references"])})


async def keep_thread(port: ChannelPort, subject: str, thread: Thread, *, new: bool = False) -> None:
    """`new`: what is known of the thread already stays."""
    value: dict[str, Any] = {name: getattr(thread, name) for name in Thread.__slots__}
    value["references"] = list(thread.references)[-mails.REFERENCES :]
    await port.remember(f"thread {subject}", value, after=0 if new else None, days=KEPT_DAYS)


async def place_mail(port: ChannelPort, message_id: str, subject: str) -> None:
    """Remember which contact a mail belongs to."""
    await port.remember(_key(message_id), {"subject": subject}, days=KEPT_DAYS)


async def _contact_of(port: ChannelPort, message_id: str) -> str | None:
    note = await port.recall(_key(message_id))
    return None if note is None else note.value["subject"]


async def receive(port: ChannelPort, settings: EmailSettings, mail: Mail) -> None:
    """Take a mail over; the same mail again changes nothing. Raises BrokerUnavailable."""
    if mail.kind == "report":
        await _report(port, mail)
    elif mail.kind == "machine":
        await _automatic(port, mail)
    elif mail.kind == "person":
        await _person(port, settings, mail)
    else:
        log.info("a mail of ours came back: left alone", gateway_id=port.gateway_id)


async def _person(port: ChannelPort, settings: EmailSettings, mail: Mail) -> None:
    placed, begins = await _contact_of(port, mail.message_id), _digest(mail.message_id)
    if placed is not None and placed != begins:
        await _goes_on(port, mail, placed)
        return
    former = await _answered(port, mail)
    if placed is None and former is not None and await _goes_on(port, mail, former):
        return
    entry = _entry(settings, mail)
    thread = Thread(
        mail.sender, mail.sender_name, entry.entry, entry.language or "zh", mail.title,
        (*mail.references, mail.message_id), mail.text,
    )  # fmt: skip
    await keep_thread(port, begins, thread, new=True)
    await port.report("ContactArrived", begins, f"arrived {begins}", {
        "channel": "email", "business_line": entry.business_line, "entry": entry.entry, "group": entry.group,
        "language": entry.language, "self_service": entry.self_service, "address": mail.sender or None,
        "address_kind": "email" if mail.sender else None,
        "display_name": mail.sender_name or None, "text": mails.words(mail, first=True) or mail.title or "(…)",
    })  # fmt: skip
    await _lay_files(port, mail, begins)
    if former is not None:
        await _mark(port, begins, "continues", CONTINUES.format(contact_id=port.contact_id(former)))
    await place_mail(port, mail.message_id, begins)


def _entry(settings: EmailSettings, mail: Mail) -> Entry:
    """The own address the mail was sent to."""
    own = {entry.entry.lower(): entry for entry in settings.entries}
    reached = next((own[address] for address in mail.to if address in own), None)
    return reached or entry_of(settings.entries, "*") or settings.entries[0]


async def _answered(port: ChannelPort, mail: Mail) -> str | None:
    """The contact of the newest mail this one refers to."""
    for reference in reversed(mail.references):
        if (subject := await _contact_of(port, reference)) is not None:
            return subject
    return None


async def _goes_on(port: ChannelPort, mail: Mail, subject: str) -> bool:
    """False when that conversation is over."""
    try:
        await port.said(subject, mail.message_id, mails.words(mail, first=False) or mail.title or "(…)")
        await _lay_files(port, mail, subject)
    except (Refused, NotFound):
        return False
    thread = await recall_thread(port, subject)
    if thread is not None and mail.message_id not in thread.references:
        references = (*thread.references, mail.message_id)
        await keep_thread(port, subject, replace(thread, references=references, quote=mail.text))
    await place_mail(port, mail.message_id, subject)
    return True


async def _lay_files(port: ChannelPort, mail: Mail, subject: str) -> None:
    contact_id = port.contact_id(subject)
    kept: list[Attachment] = [await port.keep_file(contact_id, f.body, f.media_type, f.name) for f in mail.files]
    if kept:
        await port.said(subject, f"files {mail.message_id}", None, kept)


async def _automatic(port: ChannelPort, mail: Mail) -> None:
    """A machine is never answered and opens nothing; what it says to a conversation, staff may read there."""
    subject = await _answered(port, mail)
    if subject is None:
        log.info("a machine's mail: left alone", gateway_id=port.gateway_id)
        return
    await _mark(port, subject, _digest(mail.message_id), AUTOMATIC.format(text=mails.words(mail, first=True)))


async def _mark(port: ChannelPort, subject: str, key: str, text: str) -> None:
    """A note to staff in the conversation; customers are not sent it."""
    contact_id = port.contact_id(subject)
    message_id = stable_id("mark", contact_id, key)
    await port.converse(MessageSent(message_id, contact_id, "system", port.now(), text=text))


async def _report(port: ChannelPort, mail: Mail) -> None:
    """What became of a mail of ours."""
    delivery = mail.delivery
    subject = await _contact_of(port, delivery.original) if delivery is not None and delivery.original else None
    if delivery is None or delivery.original is None or delivery.state is None or subject is None:
        log.info("a delivery report that says nothing of ours", gateway_id=port.gateway_id)
        return
    target = delivery.original.strip("<>").split("@")[0]
    await change_state(port, target, port.contact_id(subject), delivery.state, delivery.reason or None)


async def change_state(port: ChannelPort, target: str, contact_id: str, state: Any, reason: str | None) -> None:
    """Say what became of a message of ours; said twice it counts once."""
    message_id = stable_id("state", contact_id, target, state)
    await port.converse(MessageStateChanged(message_id, contact_id, target, state, port.now(), reason))


def _key(message_id: str) -> str:
    return f"mail {_digest(message_id)}"


def _digest(message_id: str) -> str:
    return hashlib.sha256(message_id.encode()).hexdigest()[:32]
