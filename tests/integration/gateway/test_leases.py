"""Contacts whose gateway no longer holds them end as failed: on its word, or when it falls silent."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from tests.integration.gateway.conftest import House, Topic, closed, queued

RECONCILE = "/v1/gateway/reconcile"


async def test_reconcile_ends_what_the_gateway_lost(house: House, contact_events: Topic) -> None:
    gateway = await house.gateway()
    contacts = {subject: await gateway.arrives(subject) for subject in ("kept", "lost", "over")}
    fax = await gateway.arrives("fax", "fax")
    await house.router.decides(*(queued(contact, gateway.gateway_id) for contact in contacts.values()))
    await house.router.decides(closed(contacts["over"], gateway.gateway_id))
    async with gateway.stream(after=0) as stream:
        while (await stream.next())[1] != "ContactClosed":
            continue
    answer = await gateway.http.post(RECONCILE, json={"alive": ["kept", "over", "never-seen"]}, headers=gateway.key)
    assert answer.json() == {"alive": 1, "failed": 1, "unknown": ["never-seen", "over"]}
    ended = await contact_events.until(lambda e: e.type == "ContactEnded" and e.subject == contacts["lost"])
    assert (ended.data.failed, ended.data.by, ended.data.reason) == (True, "system", "gateway_reconciled")
    await contact_events.fetch(200)
    gone = {e.subject for e in contact_events.envelopes() if e.type == "ContactEnded"}
    assert not gone & {contacts["kept"], contacts["over"], fax}


async def test_reconcile_spares_what_came_later_and_is_not_replayed(house: House) -> None:
    gateway = await house.gateway()
    await gateway.arrives("newer")
    before = (datetime.now(UTC) - timedelta(seconds=30)).isoformat()
    body = json.dumps({"alive": [], "until": before}).encode()
    headers = {**gateway.signed(body), "Content-Type": "application/json"}
    answer = await gateway.http.post(RECONCILE, content=body, headers=headers)
    assert answer.json() == {"alive": 0, "failed": 0, "unknown": []}
    again = await gateway.http.post(RECONCILE, content=body, headers=headers)
    assert (again.status_code, again.json()["type"]) == (409, "urn:ucc:problem:repeated_request")


async def test_a_silent_gateway_loses_its_contacts(house: House, contact_events: Topic) -> None:
    silent, streaming, unleased = [await house.gateway() for _ in range(3)]
    contacts = [await gateway.arrives("call") for gateway in (silent, streaming, unleased)]
    async with streaming.stream() as stream:
        await stream.next()
        for gateway in (silent, streaming):
            lease = await gateway.http.post("/v1/gateway/heartbeat", headers=gateway.key)
            assert lease.json() == {"lease_seconds": 1.0}
        ended = await contact_events.until(lambda e: e.type == "ContactEnded" and e.subject in contacts)
        assert (ended.subject, ended.data.failed, ended.data.reason) == (contacts[0], True, "gateway_lost")
        await contact_events.fetch(1200)
    assert {e.subject for e in contact_events.envelopes() if e.type == "ContactEnded"} & set(contacts) == {contacts[0]}
    left = await streaming.http.delete("/v1/gateway/heartbeat", headers=streaming.key)
    assert left.status_code == 204
