"""Faxes in: a document is stored with its pages and what is read on them, laid into its conversation, announced as a contact.

Everything that receives faxes ends in `deposit`: the HTTP form, HylaFAX's script by it, and a telephony adapter by
`ChannelPort.deposit_fax`, which calls it with its gateway row's credential.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from services.gateway import fax_store, store
from services.gateway.adapters.numbers import e164
from services.gateway.adapters.pages import UnreadableDocument, render
from services.gateway.credentials import Credential
from services.gateway.domain.cloud_events import Accepted, Fault, Sender, contact_id_of, invalid, read_event
from services.gateway.domain.documents import media_type_of
from services.gateway.domain.entries import Entry, entry_of
from services.gateway.domain.readings import text_of
from services.gateway.handlers import ingest
from services.gateway.parts import Parts
from shared.contracts.conversation_messages import Attachment, MessageSent
from shared.contracts.envelope import Envelope, stable_id
from shared.contracts.wire import CONVERSATION_MESSAGES, InvalidMessage
from shared.postgres import tenant_transaction


@dataclass(frozen=True, slots=True)
class Deposit:
    """A fax as it was handed over. `subject`: the gateway's own key of it, under which a repetition is the same fax.

    `sender`: where it came from, as the line said (an answer goes back there) · `called`: our number it came in on. What
    is None is taken from the gateway row's entry for that number: business line, group, language, and whether the ivr
    answers it first (`self_service`).
    """

    subject: str
    body: bytes
    business_line: str | None = None
    sender: str | None = None
    called: str | None = None
    group: str | None = None
    language: str | None = None
    self_service: bool | None = None


@dataclass(frozen=True, slots=True)
class Deposited:
    contact_id: str
    file_id: str
    pages: int


async def deposit(parts: Parts, credential: Credential, fax: Deposit) -> Deposited:
    """Store, read, then publish; the same deposit again is the same contact. Raises InvalidMessage, BrokerUnavailable."""
    sender, partition = await parts.sender(credential)
    tenant = await parts.directory.tenant(credential.tenant)
    data = _arrival(fax, _entry(parts, credential, fax.called), tenant.default_country)
    _announced(fax, data, sender, parts.clock.now())  # what is wrong with it is said before it is looked at
    media_type = media_type_of(fax.body)
    if media_type is None:
        raise invalid([Fault("file", "neither a TIFF nor a PDF document", "document_kind")])
    contact_id = contact_id_of(sender.tenant, sender.gateway_id, fax.subject)
    file_id = stable_id("file", contact_id, hashlib.sha256(fax.body).hexdigest())
    async with tenant_transaction(parts.api, credential.tenant) as connection:
        readings = await fax_store.readings(connection, file_id)
    if not readings:
        try:
            pngs = await render(fax.body, media_type, parts.settings.fax_pages)
        except UnreadableDocument as error:
            raise invalid([Fault("file", str(error), "document_unreadable")]) from error
        pages = await parts.reader.read(pngs)
        readings = [page.reading for page in pages]
        stored = store.StoredFile(media_type, len(pages), fax.body)
        async with tenant_transaction(parts.api, credential.tenant) as connection:
            await store.add_file(connection, sender, file_id, contact_id, stored, [page.png for page in pages])
            await fax_store.add_readings(connection, sender.tenant, file_id, readings)
            await fax_store.add_call(connection, sender.tenant, contact_id, data["address"], fax.called)
    arrival = _announced(fax, {**data, "text": text_of(readings)}, sender, parts.clock.now())
    await _lay_into_conversation(parts, arrival, Attachment(file_id, media_type, len(fax.body), len(readings)))
    await ingest.publish(parts, sender, partition, [arrival])
    return Deposited(contact_id, file_id, len(readings))


_ENTRIES: TypeAdapter[Sequence[Entry]] = TypeAdapter(tuple[Entry, ...])


def _entry(parts: Parts, credential: Credential, called: str | None) -> Entry | None:
    """What the gateway row says about the number that was called."""
    row = parts.credentials.adapter(credential.gateway_id)
    return entry_of(_ENTRIES.validate_python((row.settings.get("entries") if row else None) or ()), called or "")


def _arrival(fax: Deposit, entry: Entry | None, country: str) -> dict[str, Any]:
    """The fields of `ContactArrived`: the deposit's own, else its entry's."""
    own_first = {
        name: said if (said := getattr(fax, name)) is not None else getattr(entry, name, None)
        for name in ("business_line", "group", "language", "self_service")
    }
    return {
        **own_first,
        "channel": "fax",
        "business_line": own_first["business_line"] or "",
        "self_service": bool(own_first["self_service"]),
        "entry": fax.called,
        "address_kind": "fax" if fax.sender else None,
        "address": e164(fax.sender, country) if fax.sender else None,
    }


def _announced(fax: Deposit, data: dict[str, Any], sender: Sender, now: int) -> Accepted:
    event = {
        "specversion": "1.0", "id": f"fax {fax.subject}"[:256], "type": "ContactArrived", "subject": fax.subject, "data": data,
    }  # fmt: skip
    try:
        return read_event(event, sender, now)
    except InvalidMessage as error:
        raise invalid([Fault(_form_field(f["field"]), f["message"], f["code"]) for f in error.faults]) from error


async def _lay_into_conversation(parts: Parts, arrival: Accepted, attachment: Attachment) -> None:
    came = arrival.envelope
    message = MessageSent(
        stable_id("fax", attachment.file_id), came.subject, "customer", came.time, attachments=(attachment,)
    )
    envelope = Envelope(message.message_id, came.source, message.sent_at, came.tenant, came.subject, message)
    await parts.producer.publish(CONVERSATION_MESSAGES, envelope, key=came.subject)


_FORM_FIELDS = {"data.address": "from", "data.entry": "to"}


def _form_field(path: str) -> str:
    return _FORM_FIELDS.get(path, path.removeprefix("data."))
