"""What was laid aside is listed without personal data and goes back once, with its own id."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from shared.contracts.contact_events import ContactAbandoned
from shared.contracts.envelope import Envelope
from shared.contracts.wire import encode
from shared.dead_letters import dead_letter, dead_letters, send_all_back, send_back
from shared.errors import NotFound
from tests.integration.gateway.conftest import House, now_us


async def test_a_dead_letter_goes_back_once(house: House, open_topic: Callable[[str], Any]) -> None:
    source, dlq = await open_topic("contact-events"), await open_topic("contact-events.dlq")
    servers = house.broker.bootstrap_servers
    contact = uuid.uuid4().hex
    headers, body = encode(Envelope(contact, "/test", now_us(), "jinfeng", contact, ContactAbandoned(contact), "main"))
    await house.producer.send_raw("contact-events", [(2, b"main", headers, body)])
    record = await source.until_record(lambda h: h.get("ce_id") == contact)
    await house.producer.dead_letter(record, "partition: not that of the pool", tenant="jinfeng")
    await dlq.until_record(lambda h: h.get("ce_id") == contact)

    async def letter() -> Any:
        return next(x for x in await dead_letters(servers, ["contact-events"]) if x.event_id == contact)

    found = await letter()
    shown = found.public()
    assert (shown["type"], shown["tenant"], shown["error"], shown["source_partition"], shown["source_offset"]) == (
        "ContactAbandoned", "jinfeng", "partition: not that of the pool", 2, record.offset
    )  # fmt: skip
    assert not found.sent_back
    assert "body" not in shown
    assert (await dead_letter(servers, found.name)).body == body
    await send_back(house.producer, found)
    assert (await letter()).sent_back
    sent, _ = await send_all_back(servers, house.producer, ["contact-events"])
    assert sent == 0
    for _ in range(3):
        await source.fetch()
    back = [r for r in source.records if dict(r.headers).get("ce_id") == contact.encode()]
    assert [(r.partition, r.key, r.value) for r in back] == [(2, b"main", body)] * 2
    assert not any(name.startswith("dlq_") for name, _ in back[1].headers)


async def test_unknown_letters_are_not_found(house: House) -> None:
    for name in ("contact-events/0/999999", "no-such-topic/0/1", "nonsense"):
        with pytest.raises(NotFound):
            await dead_letter(house.broker.bootstrap_servers, name)
