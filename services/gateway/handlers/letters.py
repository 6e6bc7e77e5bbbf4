"""Letters of a tenant: the number they go to, and all that stands on them besides the text."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

import phonenumbers

from services.gateway import fax_store, store
from services.gateway.adapters.numbers import dialled
from services.gateway.domain.cloud_events import Fault, invalid
from services.gateway.domain.letters import Letter, LetterPages, LetterRefused, letter_language
from services.gateway.parts import Parts
from shared.contracts.channel_commands import SendFax
from shared.contracts.envelope import Envelope, stable_id
from shared.contracts.fields import SECOND
from shared.contracts.wire import CHANNEL_COMMANDS, EPOCH
from shared.errors import NotFound, Refused
from shared.postgres import Connection, tenant_transaction

LIFE: Final = 24 * 3600 * SECOND
"""No attempt to send an agent's answer begins later: wall time, whatever the rate of the policy clock."""
_NO_NUMBER: Final = "not a number that can be dialled, and the contact came with none"
_FIELDS: Final = {"too_long": "body", "no_template": "template"}
_REFERENCE_SHOWN: Final = "F-XXXXXXXX"  # a preview has none of its own yet


@dataclass(frozen=True, slots=True)
class Words:
    """What somebody wants to say by fax."""

    title: str
    body: str
    language: str = "zh"
    template: str = "letter"


async def number_of(
    parts: Parts, connection: Connection, tenant: str, written: str | None, contact_id: str | None
) -> str | None:
    """E.164 of a number as people write it, else of where the contact's fax came from; None where that is no number."""
    given = written or (await fax_store.sender_of(connection, contact_id) if contact_id else None)
    if not given:
        return None
    return dialled(given, (await parts.directory.tenant(tenant)).default_country)


def reference_of(command_id: str) -> str:
    """What the receiver quotes back: short enough to be said on the telephone."""
    return "F-" + re.sub(r"[^A-Za-z0-9]", "", command_id)[-8:].upper()


def printed(number: str, *, whole: bool) -> str:
    """The number as the letter shows it. Where nobody typed it, without four of its digits: staff who see the page may not
    all see the customer's number, and the customer knows it."""
    written = phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    digits = [place for place, character in enumerate(written) if character.isdigit()]
    hidden = set() if whole else set(digits[-8:-4])
    return "".join("*" if place in hidden else character for place, character in enumerate(written))


async def compose(
    parts: Parts, tenant: str, gateway_id: str | None, to: str, words: Words, reference: str, at: int
) -> LetterPages:
    """The letter as it is sent, to a number as `printed`, dated in the tenant's time zone (`at`: policy time in µs).

    Raises LetterRefused.
    """
    known = await parts.directory.tenant(tenant)
    language = letter_language(words.language)
    day = (EPOCH + timedelta(microseconds=at)).astimezone(ZoneInfo(known.time_zone))
    letter = Letter(
        sender=parts.fax_lines.letterhead(tenant, gateway_id, known.name),
        to=to,
        title=words.title,
        body=words.body,
        date=f"{day.year}年{day.month}月{day.day}日" if language == "zh" else f"{day.day} {day:%B} {day.year}",
        reference=reference,
        language=language,
        template=words.template,
    )
    return await parts.drawer.compose(letter, parts.settings.fax_letter_pages)


@dataclass(frozen=True, slots=True)
class Asked:
    """`to`: a number as people write it; None: back to where the contact's fax came from."""

    words: Words
    to: str | None


async def previewed(parts: Parts, tenant: str, contact_id: str | None, asked: Asked) -> LetterPages:
    """The letter as it would be sent now. Raises InvalidMessage with the field that is at fault, NotFound for no such contact."""
    async with tenant_transaction(parts.api, tenant) as connection:
        contact = (await store.contacts_held(connection, [contact_id])).get(contact_id) if contact_id else None
        if contact_id and contact is None:
            raise NotFound("no such contact")
        number = await number_of(parts, connection, tenant, asked.to, contact_id)
    if number is None:
        raise invalid([Fault("to", _NO_NUMBER, "no_number")])
    gateway_id = contact.gateway_id if contact else None
    if parts.fax_lines.transport(tenant, gateway_id) is None:
        raise Refused("no_fax_line", "this tenant has no line that sends faxes")
    try:
        to = printed(number, whole=asked.to is not None)
        return await compose(parts, tenant, gateway_id, to, asked.words, _REFERENCE_SHOWN, parts.clock.now())
    except LetterRefused as refused:
        if refused.reason in _FIELDS:
            raise invalid([Fault(_FIELDS[refused.reason], str(refused), refused.reason)]) from refused
        raise Refused(refused.reason, str(refused)) from refused


async def send(
    parts: Parts, tenant: str, agent_id: str, contact_id: str, asked: Asked, key: str | None
) -> tuple[str, LetterPages]:
    """Check the letter as far as can be and publish the command; its id, and the letter's pages.

    Raises as `previewed`, Refused for a contact that is another's, BrokerUnavailable.
    """
    async with tenant_transaction(parts.api, tenant) as connection:
        contact = (await store.contacts_held(connection, [contact_id])).get(contact_id)
    if contact is None:
        raise NotFound("no such contact")
    if contact.agent_id != agent_id:
        raise Refused("contact_not_yours", "this contact is not in your hands")
    drawn = await previewed(parts, tenant, contact_id, asked)
    command_id = stable_id("fax", tenant, agent_id, contact_id, key) if key else str(uuid.uuid4())
    now = parts.clock.now()
    command = SendFax(
        command_id, contact_id, now + round(LIFE * parts.settings.clock_rate), agent_id, asked.words.title, asked.words.body,
        asked.to, asked.words.language, asked.words.template,
    )  # fmt: skip
    envelope = Envelope(command_id, "/console", now, tenant, contact_id, command)
    await parts.producer.publish(CHANNEL_COMMANDS, envelope, key=contact_id)
    return command_id, drawn
