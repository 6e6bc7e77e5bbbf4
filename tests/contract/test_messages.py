"""Every message type is registered, shown by a golden example that survives the wire unchanged, and keeps personal data apart."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.contracts.envelope import Envelope
from shared.contracts.fields import without_personal
from shared.contracts.registry import FOLDER, example, example_file, topics
from shared.contracts.wire import MESSAGES, InvalidMessage, UnknownMessage, decode, dump_data, encode, from_iso, to_iso

ROOMS = {"gateway", "ivr", "profile", "router", "outbound", "planner", "console"}
TOPICS = topics()
OWN = [(topic.name, name) for topic in TOPICS.values() if topic.messages_of == topic.name for name in topic.messages]
CARRIED = [(topic.name, topic.messages_of, name) for topic in TOPICS.values() for name in topic.messages]


def test_the_registry_is_what_the_wire_knows() -> None:
    assert set(TOPICS) == set(MESSAGES)
    for name, topic in TOPICS.items():
        assert set(topic.messages) == set(MESSAGES[name]), name
        assert len(topic.messages) == len(set(topic.messages)), name


@pytest.mark.parametrize("topic", TOPICS.values(), ids=TOPICS)
def test_a_topic_has_one_owner_and_says_what_it_is_for(topic: Any) -> None:
    assert topic.owner in ROOMS
    assert len(topic.purpose.split()) >= 8
    assert topic.writers
    assert topic.readers
    assert topic.key in {"any", "pool", "contact", "customer", "campaign", "person", "plan"}
    assert topic.retention_days == 7  # erasure rests on it: topics hold personal data


def test_a_topic_with_two_owners_is_refused(tmp_path: Path) -> None:
    entry = yaml.safe_load((FOLDER / "topics" / "crm-records.yaml").read_text("utf-8"))
    (tmp_path / "crm-records.yaml").write_text(yaml.safe_dump({**entry, "owner": ["profile", "gateway"]}))
    with pytest.raises(ValueError, match="one owner"):
        topics(tmp_path)


def test_no_message_is_carried_by_two_topics_of_their_own() -> None:
    assert len({name for _, name in OWN}) == len(OWN)


def test_there_is_no_example_without_a_message() -> None:
    assert {path.relative_to(FOLDER / "examples") for path in (FOLDER / "examples").rglob("*.json")} == {
        example_file(topic, name).relative_to(FOLDER / "examples") for topic, name in OWN
    }


@pytest.mark.parametrize(("topic", "source", "name"), CARRIED, ids=lambda value: value)
def test_the_example_comes_through_the_wire_unchanged(topic: str, source: str, name: str) -> None:
    headers, body = example(source, name)
    envelope = decode(topic, headers, body)
    assert envelope.type == name
    assert encode(envelope) == (headers, body)


@pytest.mark.parametrize(("topic", "name"), OWN, ids=lambda value: value)
def test_a_newer_writers_field_is_ignored_and_another_version_refused(topic: str, name: str) -> None:
    headers, body = example(topic, name)
    newer = json.dumps({**json.loads(body), "added_later": 1}).encode()
    assert encode(decode(topic, headers, newer)) == (headers, body)
    with pytest.raises(UnknownMessage):
        decode(topic, [(k, b"2" if k == "ce_dataversion" else v) for k, v in headers], body)


@pytest.mark.parametrize("missing", ["ce_id", "ce_type", "ce_source", "ce_time", "ce_subject", "ce_tenant"])
def test_an_envelope_without_an_attribute_is_refused_by_its_name(missing: str) -> None:
    headers, body = example("contact-events", "ContactAbandoned")
    with pytest.raises(InvalidMessage, match=missing):
        decode("contact-events", [(k, v) for k, v in headers if k != missing], body)


@pytest.mark.parametrize(
    ("header", "value"),
    [("ce_time", b"yesterday"), ("ce_time", b"2025-12-01T02:00:00"), ("ce_sequence", b"many"), ("ce_id", b"\xff"),
     ("ce_tenant", b"two words"), ("ce_id", b"x" * 65)],
)  # fmt: skip
def test_a_wrong_attribute_is_refused(header: str, value: bytes) -> None:
    headers, body = example("contact-events", "ContactAbandoned")
    with pytest.raises(InvalidMessage):
        decode("contact-events", [*[(k, v) for k, v in headers if k != header], (header, value)], body)


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"{", b'{"contact_id": 1}', b'{"contact_id": ""}', b"\xff", b"[" * 5000]
)
def test_a_wrong_body_is_refused_without_quoting_it(body: bytes) -> None:
    headers, _ = example("contact-events", "ContactAbandoned")
    with pytest.raises(InvalidMessage):
        decode("contact-events", headers, body)


def test_a_refusal_names_the_field_and_never_quotes_the_value() -> None:
    headers, body = example("contact-events", "ContactArrived")
    wrong = json.dumps({**json.loads(body), "address": "13900000017" * 40, "channel": "陳小姐"}).encode()
    with pytest.raises(InvalidMessage) as refusal:
        decode("contact-events", headers, wrong)
    assert {fault["field"] for fault in refusal.value.faults} == {"address", "channel"}
    assert "1390" not in str(refusal.value)
    assert "陳" not in str(refusal.value)


def test_times_keep_their_microseconds() -> None:
    for moment in (0, 1, 1_764_554_400_000_001, 2**53):
        assert from_iso(to_iso(moment)) == moment
    assert from_iso("2025-12-01T10:00:00.5+08:00") == 1_764_554_400_500_000


SECRET = "the person's own"


def filled(fact: Any) -> Any:
    """The fact with every personal field, however deep, holding a secret."""
    changes: dict[str, Any] = {}
    for field in dataclasses.fields(fact):
        value = getattr(fact, field.name)
        if field.metadata.get("personal"):
            changes[field.name] = SECRET
        elif isinstance(value, tuple):
            changes[field.name] = tuple(filled(part) if dataclasses.is_dataclass(part) else part for part in value)
        elif dataclasses.is_dataclass(value):
            changes[field.name] = filled(value)
    return dataclasses.replace(fact, **changes)


@pytest.mark.parametrize(("topic", "name"), OWN, ids=lambda value: value)
def test_personal_fields_do_not_survive(topic: str, name: str) -> None:
    fact = filled(decode(topic, *example(topic, name)).data)
    kept = without_personal(fact)
    assert SECRET not in dump_data(kept).decode()
    untouched: Mapping[str, Any] = json.loads(dump_data(decode(topic, *example(topic, name)).data))
    for field, value in json.loads(dump_data(kept)).items():
        assert value == untouched[field] or SECRET in json.dumps(json.loads(dump_data(fact))[field])


def test_the_fields_that_hold_people_are_marked() -> None:
    marked = {f"{name}.{field}" for topic, name in OWN for field in _marked(topic, name)}
    assert marked == {
        "ContactArrived.address", "ContactArrived.display_name", "ContactArrived.text", "MessageSent.text",
        "CustomerRecorded.name", "CustomerRecorded.note", "SendFax.body", "SendFax.to",
        "PromptAnswered.digits", "PromptAnswered.text", "PageViewed.url", "PageViewed.title", "CallbackRequested.address",
        "PlaceCall.number", "PlaceCall.display_name", "ConsentGiven.number", "ConsentWithdrawn.number",
    }  # fmt: skip


def _marked(topic: str, name: str) -> list[str]:
    return [f.name for f in dataclasses.fields(MESSAGES[topic][name]) if f.metadata.get("personal")]


def test_routing_decisions_have_no_room_for_personal_data() -> None:
    assert not [name for topic, name in OWN if topic == "routing-decisions" and _marked(topic, name)]


def test_an_envelope_is_named_after_its_fact() -> None:
    envelope: Envelope[Any] = decode("channel-commands", *example("channel-commands", "EndContact"))
    assert envelope.type == "EndContact"
