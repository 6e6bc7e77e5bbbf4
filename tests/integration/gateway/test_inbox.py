"""The way in by Kafka: the same events, signed in the record's headers; poison is laid aside and the rest flows."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from tests.integration.gateway.conftest import PARTITION, GatewayClient, House, arrival

INBOX = "contact-inbox"


def record(gateway: GatewayClient, document: Any, **headers: str) -> tuple[int, bytes, list[tuple[str, bytes]], bytes]:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    signed = {**gateway.signed(body), **headers}
    return 0, b"any", [(name.lower(), value.encode()) for name, value in signed.items()], body


async def test_poison_never_blocks_the_partition(house: House, open_topic: Callable[[str], Any]) -> None:
    events, dlq = await open_topic("contact-events"), await open_topic("contact-inbox.dlq")
    gateway, other = await house.gateway(), await house.gateway("rival")
    old = json.dumps(arrival("old")).encode()
    day_ago = gateway.signed(old, at=time.time() - 86_500)
    poison = {
        "not json": record(gateway, b"{"),
        "nothing": record(gateway, b""),
        "array": record(gateway, [arrival("in-array")]),
        "no such type": record(gateway, {**arrival("x"), "type": "ContactVanished"}),
        "no such version": record(gateway, {**arrival("x"), "dataversion": "7"}),
        "field": record(gateway, arrival("x", channel="pigeon")),
        "another's name": record(gateway, arrival("x"), **{"UCC-Gateway": other.gateway_id}),
        "too old": record(gateway, old, **day_ago),
        "in-house header": (0, b"k", [("ce_tenant", b"jinfeng"), ("ce_type", b"ContactArrived")], b"{}"),
        "no header": (0, b"k", [], json.dumps(arrival("x")).encode()),
        "not UTF-8": (0, b"k", [("ucc-gateway", b"\xff\xfe")], b"{}"),
    }
    good = [record(gateway, arrival(f"inbox-{i}")) for i in range(len(poison) + 1)]
    mixed = [message for pair in zip(good, poison.values(), strict=False) for message in pair] + good[-1:]
    await house.producer.send_raw(INBOX, mixed)
    last = await events.until(
        lambda e: e.type == "ContactArrived" and e.data.gateway_id == gateway.gateway_id and e.subject, 15
    )
    assert (last.tenant, last.pool) == ("jinfeng", "main")
    while len([e for e in events.envelopes() if e.source == f"/gateways/{gateway.gateway_id}"]) < len(good):
        await events.fetch()
    arrived = [r for r in events.records if gateway.gateway_id.encode() in (r.value or b"")]
    assert {r.partition for r in arrived} == {PARTITION}
    while len(dlq.records) < len(poison):
        await dlq.fetch()
    reasons = [dict(r.headers)["dlq_error"].decode() for r in dlq.records]
    assert len(reasons) == len(poison)
    assert sum("signature" in reason for reason in reasons) == 3
    assert any("data.channel" in reason for reason in reasons)
    assert not any("pigeon" in reason for reason in reasons)
    rows = await house.rows("SELECT subject FROM gateway.contacts WHERE gateway_id = $1", gateway.gateway_id)
    assert {row["subject"] for row in rows} == {f"inbox-{i}" for i in range(len(good))}


async def test_kafka_and_http_mean_the_same_contact(house: House, open_topic: Callable[[str], Any]) -> None:
    events = await open_topic("contact-events")
    gateway = await house.gateway()
    document = arrival("both-ways")
    contact = (await gateway.send(document)).json()["contacts"]["both-ways"]
    await house.producer.send_raw(INBOX, [record(gateway, document)])
    while len(both := [e for e in events.envelopes() if e.subject == contact]) < 2:
        await events.fetch()
    assert both[0].id == both[1].id
    assert both[0].data == both[1].data
