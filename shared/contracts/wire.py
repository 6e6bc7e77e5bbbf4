"""Contracts to bytes and back: the only place where messages are validated.

Unknown fields are ignored (a newer writer may add some), unknown types or versions are an
`UnknownMessage`, anything else that does not fit is an `InvalidMessage`; both are poison to a consumer.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import Any, cast, get_args

from pydantic import TypeAdapter, ValidationError

from shared.contracts import (
    call_plans,
    channel_commands,
    consents,
    contact_events,
    conversation_messages,
    crm_records,
    dial_requests,
    dial_results,
    routing_decisions,
)
from shared.contracts.envelope import Envelope

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
VERSION = "1"
"""Version of every message type so far; a second one gets a dataclass of its own beside the first."""

CONTACT_INBOX = "contact-inbox"
CONTACT_EVENTS = "contact-events"
ROUTING_DECISIONS = "routing-decisions"
CHANNEL_COMMANDS = "channel-commands"
CONVERSATION_MESSAGES = "conversation-messages"
CRM_RECORDS = "crm-records"
DIAL_REQUESTS = "dial-requests"
DIAL_RESULTS = "dial-results"
CONSENTS = "consents"
CALL_PLANS = "call-plans"


def _members(union: object) -> dict[str, type[Any]]:
    members: Iterable[type[Any]] = get_args(union) if isinstance(union, types.UnionType) else (union,)  # type: ignore[assignment]
    return {member.__name__: member for member in members}


MESSAGES: Mapping[str, Mapping[str, type[Any]]] = {
    CONTACT_INBOX: _members(contact_events.ContactEvent),
    CONTACT_EVENTS: _members(contact_events.ContactEvent),
    ROUTING_DECISIONS: _members(routing_decisions.RoutingDecision),
    CHANNEL_COMMANDS: _members(channel_commands.ChannelCommand),
    CONVERSATION_MESSAGES: _members(conversation_messages.ConversationMessage),
    CRM_RECORDS: _members(crm_records.CrmRecord),
    DIAL_REQUESTS: _members(dial_requests.DialRequest),
    DIAL_RESULTS: _members(dial_results.DialResult),
    CONSENTS: _members(consents.ConsentRecord),
    CALL_PLANS: _members(call_plans.CallPlan),
}
"""Which message types a topic carries."""

TOPICS = tuple(name for topic in MESSAGES for name in (topic, f"{topic}.dlq"))
"""Every topic there is, with where its unreadable messages are laid aside."""


class InvalidMessage(ValueError):
    """The message does not fit its contract. The text names the field and never quotes the value.

    `faults` lists each field exactly (`field`, `message`, `code`) where more than the text is known.
    """

    def __init__(self, text: str, faults: Sequence[Mapping[str, str]] = ()) -> None:
        super().__init__(text)
        self.faults = tuple(faults)


class UnknownMessage(InvalidMessage):
    """The topic has no message of this type and version."""


@cache
def adapter(message: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(message)


@lru_cache(maxsize=64)  # the decisions of one input share their time
def to_iso(microseconds: int) -> str:
    """RFC 3339 in UTC with microseconds."""
    return (EPOCH + timedelta(microseconds=microseconds)).isoformat().replace("+00:00", "Z")


def from_iso(text: str) -> int:
    """Microseconds since 1970 of an RFC 3339 time. Raises InvalidMessage without an offset."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidMessage("time: not an RFC 3339 date-time") from error
    if moment.tzinfo is None:
        raise InvalidMessage("time: lacks a UTC offset")
    return (moment - EPOCH) // timedelta(microseconds=1)


def describe(error: ValidationError) -> list[dict[str, str]]:
    """Where and why, one entry a fault, without the offending values."""
    return [
        {
            "field": ".".join(str(part) for part in fault["loc"]) or "data",
            "message": fault["msg"],
            "code": fault["type"],
        }
        for fault in error.errors(include_url=False, include_input=False)
    ]


def message_type(topic: str, name: str, version: str = VERSION) -> type[Any]:
    """The contract's dataclass. Raises UnknownMessage."""
    found = MESSAGES[topic].get(name)
    if found is None or version != VERSION:
        raise UnknownMessage(f"type: {topic} carries no {name!r} version {version!r}")
    return found


def parse_data(topic: str, name: str, body: bytes | str, version: str = VERSION) -> Any:
    """A validated message from its JSON body. Raises InvalidMessage."""
    try:
        return adapter(message_type(topic, name, version)).validate_json(body)
    except ValidationError as error:
        raise _invalid(error) from error


def validate_data(topic: str, name: str, fields: Mapping[str, Any], version: str = VERSION) -> Any:
    """A validated message from its already decoded JSON object. Raises InvalidMessage."""
    try:
        return adapter(message_type(topic, name, version)).validate_python(fields)
    except ValidationError as error:
        raise _invalid(error) from error


def _invalid(error: ValidationError) -> InvalidMessage:
    faults = describe(error)
    return InvalidMessage("; ".join(f"{e['field']}: {e['message']}" for e in faults), faults)


def dump_data(data: Any) -> bytes:
    """The JSON body of a message; keys in field order, so equal facts are equal bytes."""
    return adapter(cast("type[Any]", type(data))).dump_json(data)


def encode(envelope: Envelope[Any], body: bytes | None = None) -> tuple[list[tuple[str, bytes]], bytes]:
    """Kafka headers and body; `body` for those who have dumped the data already."""
    pairs: list[tuple[str, str | int | None]] = [
        ("ce_specversion", "1.0"),
        ("ce_id", envelope.id),
        ("ce_type", envelope.type),
        ("ce_dataversion", VERSION),
        ("ce_source", envelope.source),
        ("ce_time", to_iso(envelope.time)),
        ("ce_subject", envelope.subject),
        ("ce_tenant", envelope.tenant),
        ("ce_pool", envelope.pool),
        ("ce_partition", envelope.partition),
        ("ce_sequence", envelope.sequence),
        ("ce_epoch", envelope.epoch),
        ("ce_position", envelope.position),
        ("content-type", "application/json"),
    ]
    return [(k, str(v).encode()) for k, v in pairs if v is not None], dump_data(envelope.data) if body is None else body


_ENVELOPE = TypeAdapter(Envelope[Any])


def decode(topic: str, headers: Iterable[tuple[str, bytes | None]], body: bytes | None) -> Envelope[Any]:
    """A validated envelope with its message. Raises InvalidMessage (UnknownMessage for types and versions)."""
    try:
        h = {key: value.decode() for key, value in headers if value is not None}
    except UnicodeDecodeError as error:
        raise InvalidMessage("headers: not UTF-8") from error
    for name in ("ce_id", "ce_type", "ce_source", "ce_time", "ce_subject", "ce_tenant"):
        if name not in h:
            raise InvalidMessage(f"{name}: missing")
    data = parse_data(topic, h["ce_type"], body or b"", h.get("ce_dataversion", VERSION))
    fields = {
        "id": h["ce_id"],
        "source": h["ce_source"],
        "time": from_iso(h["ce_time"]),
        "tenant": h["ce_tenant"],
        "subject": h["ce_subject"],
        "pool": h.get("ce_pool"),
        **{key: h.get(f"ce_{key}") for key in ("partition", "sequence", "epoch", "position")},
    }
    try:
        return _ENVELOPE.validate_python({**fields, "data": data})
    except ValidationError as error:
        raise InvalidMessage("; ".join(f"ce_{e['field']}: {e['message']}" for e in describe(error))) from error
