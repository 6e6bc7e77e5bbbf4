"""Letters of a tenant: the number they go to, and all that stands on them besides the text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

import phonenumbers

from services.gateway import fax_store
from services.gateway.adapters.numbers import dialled
from services.gateway.domain.letters import Letter, LetterPages, letter_language
from services.gateway.parts import Parts
from shared.contracts.wire import EPOCH
from shared.postgres import Connection


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


async def compose(
    parts: Parts, tenant: str, gateway_id: str | None, number: str, words: Words, reference: str, at: int
) -> LetterPages:
    """The letter as it is sent, dated in the tenant's time zone (`at`: policy time in µs). Raises LetterRefused."""
    known = await parts.directory.tenant(tenant)
    language = letter_language(words.language)
    day = (EPOCH + timedelta(microseconds=at)).astimezone(ZoneInfo(known.time_zone))
    letter = Letter(
        sender=parts.fax_lines.letterhead(tenant, gateway_id, known.name),
        to=phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.INTERNATIONAL),
        title=words.title,
        body=words.body,
        date=f"{day.year}年{day.month}月{day.day}日" if language == "zh" else f"{day.day} {day:%B} {day.year}",
        reference=reference,
        language=language,
        template=words.template,
    )
    return await parts.drawer.compose(letter, parts.settings.fax_letter_pages)


def refusal_fields(reason: str) -> Sequence[str]:
    """The field of a form a refused letter is about."""
    return {"too_long": ("body",), "no_template": ("template",), "no_number": ("to",)}.get(reason, ())
