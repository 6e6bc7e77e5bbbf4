"""What others send: CloudEvents 1.0 in JSON, one or a batch, turned into contact events of the sender's tenant.

Tenant and gateway come from the credential, never from the event; ids are derived from the sender's own, so a retry
carries the same ids and readers drop the repeat. Every fault is named with its exact path (`[3].data.channel`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import cast

from services.gateway.domain.sessions import HeldContact
from shared.contracts.contact_events import ContactArrived, ContactEvent
from shared.contracts.envelope import Envelope, stable_id
from shared.contracts.wire import (
    CONTACT_EVENTS,
    VERSION,
    InvalidMessage,
    UnknownMessage,
    from_iso,
    message_type,
    validate_data,
)

OUTSIDE_TYPES = frozenset(
    {
        "ContactArrived", "ContactClassified", "ContactAbandoned", "ContactConnected", "ContactConnectFailed",
        "ContactEnded", "DialAnswered", "DialFailed", "EndpointLost", "EndpointRestored", "OfferAccepted",
        "OfferRejected", "OutsideLeft", "SelfServiceEnded",
        "RatingInvited", "RatingGiven",
    }
)  # fmt: skip
"""What may be said from outside; everything else is said by UCC's own rooms."""

SUBJECT_CHARACTERS = 256
LATEST = 2**53
_ONLY_BY_PHONE = {"OfferAccepted": "via", "EndpointLost": "cause", "EndpointRestored": "cause"}


@dataclass(frozen=True, slots=True)
class Sender:
    """Who speaks, as their credential says, and the agent pool their contacts belong to."""

    tenant: str
    gateway_id: str
    pool_id: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """A valid event with the sender's own key of the contact (None for events about an agent's phone)."""

    envelope: Envelope[ContactEvent]
    subject: str | None

    def opens(self, partition: int, now: int) -> HeldContact | None:
        """The contact this opens at `now` (µs), if it is an arrival; `partition`: the pool's."""
        data = self.envelope.data
        if not isinstance(data, ContactArrived):
            return None
        return HeldContact(
            tenant=self.envelope.tenant,
            contact_id=data.contact_id,
            channel=data.channel,
            partition=partition,
            pool_id=self.envelope.pool,
            gateway_id=data.gateway_id,
            subject=self.subject,
            opened_at=now,
        )


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, where; the value itself is never quoted."""

    field: str
    message: str
    code: str = "invalid"


def contact_id_of(tenant: str, gateway_id: str, subject: str) -> str:
    """UCC's id of the contact a gateway calls `subject`."""
    return stable_id(tenant, gateway_id, subject)


def invalid(faults: Iterable[Fault], *, unknown: bool = False) -> InvalidMessage:
    """The faults as one error; `unknown` when a type or version, not a field, is the matter."""
    listed = [dataclasses.asdict(fault) for fault in faults]
    text = "; ".join(f"{fault['field']}: {fault['message']}" for fault in listed[:20])
    return (UnknownMessage if unknown else InvalidMessage)(text, listed)


def read_events(document: object, sender: Sender, now: int, limit: int) -> Sequence[Accepted]:
    """All events of a request body, or none: raises InvalidMessage listing every fault of every event.

    `now` (µs) stands in for a missing `time`; `limit` is the most a batch may hold.
    """
    if not isinstance(document, list):
        return [read_event(document, sender, now)]
    batch = cast("list[object]", document)
    if not 1 <= len(batch) <= limit:
        raise invalid([Fault("", f"a batch holds 1 to {limit} events", "batch_size")])
    accepted: list[Accepted] = []
    faults: list[Fault] = []
    unknown = True
    seen: dict[str, int] = {}
    for index, item in enumerate(batch):
        try:
            event = read_event(item, sender, now)
        except InvalidMessage as error:
            unknown = unknown and isinstance(error, UnknownMessage)
            faults += [Fault(f"[{index}].{f['field']}".rstrip("."), f["message"], f["code"]) for f in error.faults]
            continue
        first = seen.setdefault(event.envelope.id, index)
        if first != index:
            unknown = False
            faults.append(Fault(f"[{index}].id", f"the same as that of [{first}]", "repeated_id"))
        accepted.append(event)
    if faults:
        raise invalid(faults, unknown=unknown)
    return accepted


def read_event(document: object, sender: Sender, now: int) -> Accepted:
    """One CloudEvent. Raises InvalidMessage with each fault's path (UnknownMessage for type and version)."""
    if not isinstance(document, dict):
        raise invalid([Fault("", "must be a JSON object", "object_type")])
    event = cast("dict[str, object]", document)
    kind = event.get("type")
    version = event.get("dataversion", VERSION)
    if not isinstance(kind, str) or kind not in OUTSIDE_TYPES:
        raise invalid([Fault("type", "not a type that may be sent from outside", "unknown_type")], unknown=True)
    if version != VERSION:
        raise invalid(
            [Fault("dataversion", f"{kind} is known in version {VERSION!r}", "unknown_version")], unknown=True
        )
    about_contact = "contact_id" in _fields(kind)
    time, faults = _attributes(event, now, about_contact)
    subject = event.get("subject") if about_contact else None
    data: ContactEvent | None = None
    given = event.get("data")
    if not isinstance(given, dict):
        faults.append(Fault("data", "must be a JSON object", "object_type"))
    else:
        try:
            data = _contract(kind, cast("dict[str, object]", given), sender, str(subject), time)
        except InvalidMessage as error:
            faults += [Fault(f"data.{f['field']}", f["message"], f["code"]) for f in error.faults]
    if faults or data is None:
        raise invalid(faults)
    envelope = Envelope(
        id=stable_id(sender.tenant, sender.gateway_id, cast(str, event["id"])),
        source=f"/gateways/{sender.gateway_id}",
        time=time,
        tenant=sender.tenant,
        subject=getattr(data, "contact_id", None) or getattr(data, "agent_id", ""),
        data=data,
        pool=sender.pool_id,
    )
    return Accepted(envelope, cast("str | None", subject))


@cache
def _fields(kind: str) -> frozenset[str]:
    return frozenset(field.name for field in dataclasses.fields(message_type(CONTACT_EVENTS, kind)))


def _attributes(event: Mapping[str, object], now: int, about_contact: bool) -> tuple[int, list[Fault]]:
    """Time (µs) and faults of the CloudEvents context attributes."""
    faults: list[Fault] = []
    if event.get("specversion") != "1.0":
        faults.append(Fault("specversion", 'must be "1.0"', "specversion"))
    if not _plain(event.get("id")):
        faults.append(Fault("id", f"must be 1 to {SUBJECT_CHARACTERS} printable characters", "string"))
    if about_contact and not _plain(event.get("subject")):
        faults.append(
            Fault(
                "subject",
                f"the gateway's own key of the contact: 1 to {SUBJECT_CHARACTERS} printable characters",
                "string",
            )
        )
    if "data_base64" in event:
        faults.append(Fault("data_base64", "send JSON in data", "unsupported"))
    content = event.get("datacontenttype", "application/json")
    if not isinstance(content, str) or content.split(";")[0].strip().lower() != "application/json":
        faults.append(Fault("datacontenttype", "must be application/json", "unsupported"))
    time = _time(event.get("time"), now)
    if time is None:
        faults.append(Fault("time", "must be an RFC 3339 date-time with an offset", "time"))
        time = now
    return time, faults


def _time(given: object, now: int) -> int | None:
    """Microseconds; None for what is no time."""
    if given is None:
        return now
    try:
        time = from_iso(given) if isinstance(given, str) else -1
    except InvalidMessage:
        return None
    return time if 0 <= time <= LATEST else None


def _plain(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= SUBJECT_CHARACTERS and value.isprintable()


def _contract(kind: str, given: Mapping[str, object], sender: Sender, subject: str, time: int) -> ContactEvent:
    """The contract's message from `given`, completed with what the credential and the envelope know."""
    for name, value in given.items():
        if isinstance(value, str) and "\x00" in value:
            raise invalid([Fault(name, "holds a NUL character", "nul")])
    fields = dict(given)
    if "contact_id" in _fields(kind):
        fields["contact_id"] = contact_id_of(sender.tenant, sender.gateway_id, subject)
    if kind == "ContactArrived":
        fields["gateway_id"] = sender.gateway_id
        fields.setdefault("arrived_at", time)
    if (how := _ONLY_BY_PHONE.get(kind)) is not None and fields.setdefault(how, "phone") != "phone":
        raise invalid([Fault(how, "a gateway speaks for phones only", "only_by_phone")])
    return validate_data(CONTACT_EVENTS, kind, fields)
