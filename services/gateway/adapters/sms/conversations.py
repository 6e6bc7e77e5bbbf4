"""Texts become conversations: one open contact for a sender and an own number; after its end the next text opens another.

Which contact a pair is in stands in a note, taken by one instance at a time, so that two texts at once do not open two.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import Any, Literal

from services.gateway.adapters.port import ChannelPort
from services.gateway.adapters.sms.settings import SmsSettings
from services.gateway.adapters.sms.texts import means_no
from services.gateway.domain.entries import Entry
from shared.contracts.conversation_messages import MessageSent
from shared.contracts.envelope import stable_id
from shared.errors import NotFound, Refused

KEPT_DAYS = 400
REPEATS_DAYS = 7
"""How long a gateway may repeat a delivery."""
ARRIVING_SECONDS = 3.0
LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class IncomingText:
    """A text from outside. `key`: the gateway's id of it; `sender`: E.164; `reached`: the own number, as the gateway has it."""

    key: str
    sender: str
    reached: str
    entry: Entry
    text: str

    @property
    def pair(self) -> str:
        """The conversation it belongs to, opaque."""
        return _digest(self.sender, self.reached)


@dataclass(frozen=True, slots=True)
class Parties:
    """Who a contact's texts go to, and from which own number."""

    customer: str
    entry: str
    language: str
    pair: str


async def parties(port: ChannelPort, subject: str) -> Parties | None:
    note = await port.recall(f"contact {subject}")
    return None if note is None else Parties(**note.value)


async def has_opted_out(port: ChannelPort, pair: str) -> bool:
    note = await port.recall(f"wish {pair}")
    return note is not None and note.value["texts"] is False


async def receive(port: ChannelPort, settings: SmsSettings, received: IncomingText) -> Literal["taken", "opted_out"]:
    """Take a text over; the same text again changes nothing. Raises BrokerUnavailable."""
    seen = await port.recall(f"text {_digest(received.key)}")
    if means_no(received.text, settings.opt_out_words):
        for covered in settings.opt_out_covers:
            await port.refuse_number(received.sender, covered, "sms_keyword", received.key)
        await _opt_out(port, received, None if seen is None else seen.value["subject"])
        return "opted_out"
    subject = await _repeated(port, received, seen.value["subject"]) if seen else await _placed(port, received)
    if seen is None:
        await port.remember(f"wish {received.pair}", {"texts": True})
        await port.remember(f"text {_digest(received.key)}", {"subject": subject}, days=REPEATS_DAYS)
    return "taken"


async def _placed(port: ChannelPort, received: IncomingText) -> str:
    """Into the open conversation of the pair, or a new one; its subject."""
    while True:
        note = await port.recall(f"pair {received.pair}")
        if note is not None:
            subject: str = note.value["subject"]
            if note.value["first"] == received.key:
                await _open(port, received, subject)
                return subject
            if await _goes_on(port, received, subject):
                return subject
        subject = _digest(received.pair, received.key)
        claim = {"subject": subject, "first": received.key}
        if await port.remember(f"pair {received.pair}", claim, after=note.version if note else 0, days=KEPT_DAYS):
            await _open(port, received, subject)
            return subject


async def _repeated(port: ChannelPort, received: IncomingText, subject: str) -> str:
    note = await port.recall(f"pair {received.pair}")
    if note is not None and (note.value["subject"], note.value["first"]) == (subject, received.key):
        await _open(port, received, subject)
    else:
        await _goes_on(port, received, subject)
    return subject


async def _goes_on(port: ChannelPort, received: IncomingText, subject: str) -> bool:
    """False when that conversation is over. Whoever opened it may just be about to: that is waited for."""
    for _ in range(int(ARRIVING_SECONDS / LOOK_SECONDS)):
        try:
            await port.said(subject, received.key, received.text)
        except Refused:
            return False
        except NotFound:
            await asyncio.sleep(LOOK_SECONDS)
        else:
            return True
    return False


async def _open(port: ChannelPort, received: IncomingText, subject: str) -> None:
    entry = received.entry
    known = Parties(received.sender, received.reached, entry.language or "zh", received.pair)
    note: dict[str, Any] = {name: getattr(known, name) for name in Parties.__slots__}
    await port.remember(f"contact {subject}", note, days=KEPT_DAYS)
    await port.report("ContactArrived", subject, f"arrived {subject}", {
        "channel": "sms", "business_line": entry.business_line, "entry": received.reached, "group": entry.group,
        "language": entry.language, "self_service": entry.self_service, "address_kind": "phone",
        "address": received.sender, "text": received.text,
    })  # fmt: skip


OPTED_OUT = "客户已退订短信。 The customer opted out of texts."


async def _opt_out(port: ChannelPort, received: IncomingText, seen: str | None) -> None:
    """No more texts to this number; an open conversation is told so and ends."""
    await port.remember(f"wish {received.pair}", {"texts": False})
    note = await port.recall(f"pair {received.pair}")
    subject = seen or (note.value["subject"] if note is not None else None)
    if subject is None:
        return
    try:
        await port.said(subject, received.key, received.text)
    except (Refused, NotFound):
        return
    contact_id = port.contact_id(subject)
    marked = MessageSent(
        stable_id("opted-out", contact_id, received.key), contact_id, "system", port.now(), text=OPTED_OUT
    )
    await port.converse(marked)
    await port.report("ContactEnded", subject, f"opted out {subject}", {"by": "customer", "reason": "opted_out"})
    await port.remember(f"text {_digest(received.key)}", {"subject": subject}, days=REPEATS_DAYS)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]
