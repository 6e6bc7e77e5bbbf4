"""What only a real broker shows: it stops and comes back; one of two instances dies."""

from __future__ import annotations

import asyncio
import json
import signal
import uuid

import httpx
import pytest

from services.gateway.app import create_app
from shared.contracts.fields import Channel
from tests.conftest import Broker
from tests.integration.gateway.conftest import House, Topic, arrival, assigned, queued, serving


async def test_a_broker_that_hangs_accepts_nothing_and_a_retry_is_one_contact(
    house: House, real_kafka: Broker, contact_events: Topic
) -> None:
    if real_kafka.process is None:
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


LEADER = """SELECT pg_terminate_backend(pid) FROM pg_locks
WHERE locktype = 'advisory' AND objid = hashtext('gateway:decisions')::bigint & 4294967295 AND granted"""


async def test_the_leader_dies_and_each_decision_counts_once(
    house: House, real_kafka: Broker, contact_events: Topic
) -> None:
    """Two instances; the one that applies decisions loses its lock to the other while both go on."""
    gateway = await house.gateway()

    async def assign(offer_id: str) -> None:
        contact = await gateway.arrives(offer_id, "web")
        await house.router.decides(
            queued(contact, gateway.gateway_id, Channel.WEB),
            assigned(contact, gateway.gateway_id, offer_id, Channel.WEB),
        )
        await contact_events.until(lambda e: e.type == "ContactConnected" and e.data.offer_id == offer_id, 20)

    async with serving(create_app(house.app.state.settings)) as url, httpx.AsyncClient(base_url=url) as other:
        async with asyncio.timeout(30):  # its consumers join the groups of the first
            while (await other.get("/readyz")).status_code != 200:
                await asyncio.sleep(0.05)
        await assign("o-before")
        assert len(await house.rows(LEADER)) == 1
        for number in range(5):
            await assign(f"o-during-{number}")
    await assign("o-after")
    offers = [e.data.offer_id for e in contact_events.envelopes() if e.type == "ContactConnected"]
    assert sorted(offers) == ["o-after", "o-before", *(f"o-during-{number}" for number in range(5))]
