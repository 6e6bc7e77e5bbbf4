"""The consent a row of a list brings: for which purpose, on which channel, said where and when, until when, and where it is proved.

The profile keeps consents; a list only tells of them. A row that tells half of one is rejected, because a consent nobody can
prove is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar, cast, get_args

from services.outbound.domain.list_faults import BadField, RowFault, RowRefusal
from services.outbound.domain.purposes import Purpose
from services.outbound.domain.windows import microseconds
from shared.contracts.consents import ConsentSource
from shared.contracts.fields import Channel

CONSENT_FIELDS: Final = (
    "consent", "consent_channel", "consent_source", "consent_at", "consent_expires", "consent_proof",
)  # fmt: skip
"""`consent`: the purpose. Channel (phone) and source (import) need no column; purpose and time do."""
_PURPOSES: Final[Mapping[str, Purpose]] = {
    **{str(purpose): purpose for purpose in Purpose},
    "营销": Purpose.MARKETING, "服务回访": Purpose.SERVICE_FOLLOWUP, "回访": Purpose.SERVICE_FOLLOWUP,
    "承诺答复": Purpose.PROMISED_REPLY, "客户要求回电": Purpose.REQUESTED_CALLBACK, "回电": Purpose.REQUESTED_CALLBACK,
    "催收": Purpose.DEBT_COLLECTION,
}  # fmt: skip
_CHANNELS: Final[Mapping[str, Channel]] = {
    **{str(channel): channel for channel in Channel},
    "电话": Channel.PHONE, "短信": Channel.SMS, "邮件": Channel.EMAIL, "传真": Channel.FAX, "网页": Channel.WEB,
}  # fmt: skip
_SOURCES: Final[Mapping[str, ConsentSource]] = {
    **{source: source for source in get_args(ConsentSource)},
    "坐席": "agent", "按键": "ivr_key", "网页": "web", "短信": "sms_keyword", "导入": "import", "纸质": "paper", "书面": "paper",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RowConsent:
    """As the row tells it; a time without offset is of the person's own clock."""

    purpose: Purpose
    channel: Channel
    source: ConsentSource
    given: datetime
    expires: datetime | None
    proof: str | None


Known = TypeVar("Known")


def one_of(words: Mapping[str, Known], code: RowRefusal) -> Callable[[str], Known]:
    """Reads a cell that holds one of some words."""

    def read(text: str) -> Known:
        found = words.get(text.casefold().replace(" ", "_"))
        if found is None:
            raise BadField(code)
        return found

    return read


consent_purpose = one_of(_PURPOSES, RowRefusal.NO_CONSENT_PURPOSE)
consent_channel = one_of(_CHANNELS, RowRefusal.NO_CONSENT_CHANNEL)
consent_source = one_of(_SOURCES, RowRefusal.NO_CONSENT_SOURCE)


def consent_of(values: Mapping[str, object]) -> RowConsent | tuple[RowFault, ...] | None:
    """The consent of a row from its read cells: None where it tells of none, faults where it tells half of one."""
    if not any(name in values for name in CONSENT_FIELDS):
        return None
    wanted = (("consent", RowRefusal.NO_CONSENT_PURPOSE), ("consent_at", RowRefusal.NO_CONSENT_TIME))
    if missing := tuple(RowFault(code, name) for name, code in wanted if name not in values):
        return missing
    return RowConsent(
        cast(Purpose, values["consent"]), cast(Channel, values.get("consent_channel", Channel.PHONE)),
        cast(ConsentSource, values.get("consent_source", "import")), cast(datetime, values["consent_at"]),
        cast("datetime | None", values.get("consent_expires")), cast("str | None", values.get("consent_proof")),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ConsentTimes:
    """When a consent was given and when it ends, µs; whole seconds, as everybody keeps them alike."""

    given_at: int
    expires_at: int | None


def consent_times(consent: RowConsent, clock: Callable[[datetime], datetime], now: int) -> ConsentTimes | RowFault:
    """Its moments, `clock` giving those without offset one; or why they cannot be."""
    given = microseconds(clock(consent.given.replace(microsecond=0)))
    expires = microseconds(clock(consent.expires.replace(microsecond=0))) if consent.expires else None
    if given > now:
        return RowFault(RowRefusal.CONSENT_AHEAD, "consent_at")
    if expires is not None and expires <= max(given, now):
        return RowFault(RowRefusal.CONSENT_OVER, "consent_expires")
    return ConsentTimes(given, expires)
