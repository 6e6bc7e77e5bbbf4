"""What others send, turned into contact events of the sender's tenant; every fault by its exact path."""

from __future__ import annotations

from typing import Any

import pytest

from services.gateway.domain.cloud_events import Sender, contact_id_of, read_events
from shared.contracts.contact_events import ContactArrived, EndpointLost, OfferAccepted
from shared.contracts.wire import InvalidMessage, UnknownMessage

SENDER = Sender("jinfeng", "gw-1", "main")
NOW = 1_772_000_000_000_000


def event(kind: str = "ContactArrived", **changes: Any) -> dict[str, Any]:
    data = {"channel": "phone", "business_line": "rental"} if kind == "ContactArrived" else {}
    made = {"specversion": "1.0", "id": "e-1", "type": kind, "subject": "call-1", "data": data, **changes}
    return {name: value for name, value in made.items() if value is not ...}


def faults(document: object) -> list[tuple[str, str]]:
    with pytest.raises(InvalidMessage) as refused:
        read_events(document, SENDER, NOW, 1000)
    return [(fault["field"], fault["code"]) for fault in refused.value.faults]


def test_tenant_and_ids_come_from_the_credential() -> None:
    forged = event(tenant="rival", data={**event()["data"], "contact_id": "c-of-somebody", "gateway_id": "gw-other"})
    (accepted,) = read_events(forged, SENDER, NOW, 1000)
    envelope = accepted.envelope
    assert isinstance(envelope.data, ContactArrived)
    assert (envelope.tenant, envelope.pool, envelope.data.gateway_id) == ("jinfeng", "main", "gw-1")
    assert envelope.data.contact_id == envelope.subject == contact_id_of("jinfeng", "gw-1", "call-1")
    assert envelope.data.arrived_at == envelope.time == NOW


def test_a_retry_carries_the_same_ids_and_other_senders_others() -> None:
    first, again = (read_events([event()], SENDER, NOW + i, 1000)[0].envelope for i in (0, 1))
    other = read_events([event()], Sender("jinfeng", "gw-2", "main"), NOW, 1000)[0].envelope
    assert (first.id, first.subject) == (again.id, again.subject)
    assert first.id != other.id
    assert first.subject != other.subject


def test_phone_events_speak_for_phones_only() -> None:
    accepted = event("OfferAccepted", data={"agent_id": "a", "offer_id": "o"})
    lost = event("EndpointLost", subject=..., data={"agent_id": "a"})
    by_phone, endpoint = (e.envelope for e in read_events([accepted, {**lost, "id": "e-2"}], SENDER, NOW, 1000))
    assert isinstance(by_phone.data, OfferAccepted)
    assert by_phone.data.via == "phone"
    assert isinstance(endpoint.data, EndpointLost)
    assert (endpoint.data.cause, endpoint.subject) == ("phone", "a")
    accepted["data"]["via"] = "page"
    assert faults(accepted) == [("data.via", "only_by_phone")]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (17, [("", "object_type")]),
        ([], [("", "batch_size")]),
        ([event(id=f"e-{i}") for i in range(1001)], [("", "batch_size")]),
        (event(specversion="0.3"), [("specversion", "specversion")]),
        (event(id=...), [("id", "string")]),
        (event(id="x" * 257), [("id", "string")]),
        (event(subject=""), [("subject", "string")]),
        (event(subject="a\x00b"), [("subject", "string")]),
        (event(time="yesterday"), [("time", "time")]),
        (event(time="2026-03-01T09:00:00"), [("time", "time")]),
        (event(time=17), [("time", "time")]),
        (event(time="9999-01-01T00:00:00Z"), [("time", "time")]),
        (event(datacontenttype="text/xml"), [("datacontenttype", "unsupported")]),
        (event(data_base64="AAAA"), [("data_base64", "unsupported")]),
        (event(data=...), [("data", "object_type")]),
        (event(data=[]), [("data", "object_type")]),
        (event(data={"channel": "pigeon"}), [("data.channel", "enum"), ("data.business_line", "missing")]),
        (event(data={**event()["data"], "text": "a\x00"}), [("data.text", "nul")]),
        (event(data={**event()["data"], "needs": [{"skill": "zh-yue", "level": 11}]}), [("data.needs.0.level", "less_than_equal")]),
        ([event(), event(id="e-2", data={"channel": "phone"}), 5], [("[1].data.business_line", "missing"), ("[2]", "object_type")]),
        ([event(), event()], [("[1].id", "repeated_id")]),
    ],
)  # fmt: skip
def test_faults_are_named_exactly(document: object, expected: list[tuple[str, str]]) -> None:
    assert faults(document) == expected


@pytest.mark.parametrize(
    "changes", [{"type": "ContactLost"}, {"type": "AgentSignedIn"}, {"type": 5}, {"dataversion": "2"}]
)
def test_unknown_types_and_versions_say_so(changes: dict[str, Any]) -> None:
    for document in (event(**changes), [event(id="e-0"), event(**changes)]):
        with pytest.raises(UnknownMessage):
            read_events(document, SENDER, NOW, 1000)


def test_no_value_is_quoted_back() -> None:
    with pytest.raises(InvalidMessage) as refused:
        read_events(event(data={"channel": "13800138000", "business_line": "王小明 "}), SENDER, NOW, 1000)
    said = str(refused.value) + str(refused.value.faults)
    assert "13800138000" not in said
    assert "王小明" not in said
