"""What only a real broker shows: it stops and comes back; one of two instances dies."""

from __future__ import annotations

import asyncio
import json
import signal
import uuid

import httpx

from services.gateway.app import create_app
from shared.contracts.fields import Channel
from tests.conftest import Broker
from tests.integration.gateway.conftest import House, Topic, arrival, assigned, queued, serving


async def test_a_broker_that_hangs_accepts_nothing_and_a_retry_is_one_contact(
    house: House, real_kafka: Broker, contact_events: Topic
) -> None:
    if real_kafka.process is None:
        import pytest

        pytest.skip("this broker is not ours to stop")
    gateway = await house.gateway()
    subject = uuid.uuid4().hex
    body = json.dumps(arrival(subject)).encode()
    real_kafka.process.signal(signal.SIGSTOP)
    try:
        away = await house.http.post("/v1/contact-events", content=body, headers=gateway.signed(body))
    finally:
        real_kafka.process.signal(signal.SIGCONT)
    assert (away.status_code, away.headers["retry-after"]) == (503, "2")
    async with asyncio.timeout(20):
        while (
            again := await house.http.post("/v1/contact-events", content=body, headers=gateway.signed(body))
        ).status_code == 503:
            await asyncio.sleep(0.2)
    assert again.status_code == 202
    contact = again.json()["contacts"][subject]
    await contact_events.until(lambda e: e.subject == contact)
    assert len({e.id for e in contact_events.envelopes() if e.subject == contact}) == 1


async def test_a_second_instance_takes_over_and_each_decision_counts_once(
    house: House, real_kafka: Broker, contact_events: Topic
) -> None:
    gateway = await house.gateway()
    other = create_app(house.app.state.settings)
    async with serving(other) as url, httpx.AsyncClient(base_url=url, trust_env=False) as http:
        body = json.dumps(arrival("by-the-other", channel="web")).encode()
        answer = await http.post("/v1/contact-events", content=body, headers=gateway.signed(body))
        contact = answer.json()["contacts"]["by-the-other"]
        await house.router.decides(
            queued(contact, gateway.gateway_id, Channel.WEB), assigned(contact, gateway.gateway_id, "o-1", Channel.WEB)
        )
        await contact_events.until(lambda e: e.type == "ContactConnected" and e.subject == contact)
    contact = await gateway.arrives("after-it-left", "web")
    await house.router.decides(
        queued(contact, gateway.gateway_id, Channel.WEB), assigned(contact, gateway.gateway_id, "o-2", Channel.WEB)
    )
    await contact_events.until(lambda e: e.type == "ContactConnected" and e.subject == contact)
    offers = [e.data.offer_id for e in contact_events.envelopes() if e.type == "ContactConnected"]
    assert sorted(offers) == ["o-1", "o-2"]
