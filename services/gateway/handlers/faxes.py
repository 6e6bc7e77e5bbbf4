"""Faxes: a document is stored with its pages, then announced as a contact and laid into its conversation."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from services.gateway import store
from services.gateway.adapters.numbers import e164
from services.gateway.adapters.pages import UnreadableDocument, render
from services.gateway.credentials import Credential
from services.gateway.domain.cloud_events import Fault, invalid, read_event
from services.gateway.domain.documents import media_type_of
from services.gateway.handlers import ingest
from services.gateway.parts import Parts
from shared.contracts.conversation_messages import Attachment, MessageSent
from shared.contracts.envelope import Envelope, stable_id
from shared.contracts.wire import CONVERSATION_MESSAGES, InvalidMessage
from shared.postgres import tenant_transaction


@dataclass(frozen=True, slots=True)
class Deposit:
    """A fax as it was handed over. `subject`: the gateway's own key of it; `group`: where the line implies one."""

    subject: str
    body: bytes
    business_line: str
    sender: str | None = None
    called: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Deposited:
    contact_id: str
    file_id: str
    pages: int


async def deposit(parts: Parts, credential: Credential, fax: Deposit) -> Deposited:
    """Store, then publish; the same deposit again is the same contact. Raises InvalidMessage, BrokerUnavailable."""
    sender, partition = await parts.sender(credential)
    tenant = await parts.directory.tenant(credential.tenant)
    data = {
        "channel": "fax",
        "business_line": fax.business_line,
        "entry": fax.called,
        "group": fax.group,
        "address_kind": "fax" if fax.sender else None,
        "address": e164(fax.sender, tenant.default_country) if fax.sender else None,
    }
    try:
        arrival = read_event(
            {"specversion": "1.0", "id": f"fax {fax.subject}"[:256], "type": "ContactArrived", "subject": fax.subject, "data": data},
            sender, parts.clock.now(),
        )  # fmt: skip
    except InvalidMessage as error:
        raise invalid([Fault(_form_field(f["field"]), f["message"], f["code"]) for f in error.faults]) from error
    media_type = media_type_of(fax.body)
    if media_type is None:
        raise invalid([Fault("file", "neither a TIFF nor a PDF document", "document_kind")])
    try:
        pngs = await render(fax.body, media_type, parts.settings.fax_pages)
    except UnreadableDocument as error:
        raise invalid([Fault("file", str(error), "document_unreadable")]) from error
    contact_id = arrival.envelope.subject
    file_id = stable_id("file", contact_id, hashlib.sha256(fax.body).hexdigest())
    stored = store.StoredFile(media_type, len(pngs), fax.body)
    async with tenant_transaction(parts.api, credential.tenant) as connection:
        await store.add_file(connection, sender, file_id, contact_id, stored, pngs)
    attachment = Attachment(file_id, media_type, len(fax.body), len(pngs))
    message = MessageSent(
        stable_id("fax", file_id), contact_id, "customer", arrival.envelope.time, attachments=(attachment,)
    )
    await parts.producer.publish(
        CONVERSATION_MESSAGES,
        Envelope(message.message_id, arrival.envelope.source, message.sent_at, sender.tenant, contact_id, message),
        key=contact_id,
    )  # fmt: skip
    await ingest.publish(parts, sender, partition, [arrival])
    return Deposited(contact_id, file_id, len(pngs))


_FORM_FIELDS = {"data.address": "from", "data.entry": "to"}


def _form_field(path: str) -> str:
    return _FORM_FIELDS.get(path, path.removeprefix("data."))
