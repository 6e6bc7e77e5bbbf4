"""The agent's desk: why we call, the next call at the customer's time, a refusal, how it ended; and who rings back."""

from __future__ import annotations

import asyncio
import json
import uuid
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from services.outbound.store.desk import SQL
from shared.contracts.contact_events import ContactArrived
from shared.contracts.dial_results import AttemptAnswered, AttemptConnected, AttemptEnded, AttemptRang
from shared.contracts.envelope import Envelope
from shared.contracts.fields import AddressKind, Channel
from shared.contracts.wire import CONSENTS, CONTACT_EVENTS, decode
from shared.kafka import make_consumer
from shared.security import Role
from tests.integration.outbound.conftest import GATEWAY, POOL, SECOND, House, Requests, until

SHANGHAI = ZoneInfo("Asia/Shanghai")
SCRIPT = {"script": {"zh": "您好，金丰回访。"}, "dispositions": ["resolved"], "preview_seconds": 20}


async def test_every_statement_of_the_desk_can_be_prepared(house: House) -> None:
    async with house.parts.workers.acquire() as connection:
        for text in SQL.values():
            await connection.prepare(text)


async def spoken_to(house: House, requests: Requests, *, over: bool = False) -> tuple[str, Any]:
    """A campaign whose one person is on the line with agent a-0; the campaign's id and the call."""
    house.neighbours.idle(1)
    campaign = await house.campaign(document=SCRIPT)
    payload = {"name": "王芳", "reason": "租约将到期", "promised": "本周回复", "fields": {"楼号": "7"}}
    await house.record(campaign, payload=json.dumps(payload), language="zh")
    call = (await until(lambda: requests.of(campaign)))[0]
    house.neighbours.agents = []
    of = (call.attempt_id, campaign, GATEWAY)
    contact = f"c-{uuid.uuid4().hex[:8]}"
    await house.tell(AttemptRang(*of, house.now()), AttemptAnswered(*of, house.now(), "person", contact_id=contact))
    await house.tell(AttemptConnected(*of, house.now(), "a-0"))
    if over:
        await house.tell(AttemptEnded(*of, "talked", house.now()))
    await until(lambda: _state(house, call.attempt_id, "closed" if over else "connected"))
    return contact, call


async def _state(house: House, attempt_id: str, wanted: str) -> bool:
    found = await house.owner.fetchval("SELECT state FROM outbound.attempts WHERE attempt_id = $1", attempt_id)
    return found == wanted


async def test_the_card_says_why_we_call_and_hides_the_number(house: House, requests: Requests) -> None:
    contact, call = await spoken_to(house, requests)
    async with house.client(Role.AGENT, user="u-0") as agent:
        card = (await agent.get(f"/v1/contacts/{contact}/card")).json()
        assert card == (await agent.get(f"/v1/attempts/{call.attempt_id}/card")).json()
        assert (await agent.get("/v1/contacts/nobody/card")).status_code == 404
    assert (card["name"], card["reason"], card["promised"]) == ("王芳", "租约将到期", "本周回复")
    assert (card["script"], card["fields"], card["preview_seconds"]) == (SCRIPT["script"], {"楼号": "7"}, 20)
    assert (card["zones"], card["rang_back"], card["earlier"]) == (["Asia/Shanghai"], False, [])
    assert card["number_masked"] == f"138****{call.number[-4:]}"
    assert call.number not in json.dumps(card)
    async with house.client(Role.AGENT, tenant=house.other) as foreign:
        assert (await foreign.get(f"/v1/attempts/{call.attempt_id}/card")).status_code == 404


@pytest.mark.parametrize("over", [False, True], ids=["while talking", "in wrap-up"])
async def test_a_callback_is_due_at_the_customers_own_time(house: House, requests: Requests, over: bool) -> None:
    _, call = await spoken_to(house, requests, over=over)
    due = (datetime.fromtimestamp(house.now() / SECOND, SHANGHAI) + timedelta(days=1)).replace(
        hour=10, minute=30, second=0, microsecond=0
    )
    wish = {"at": f"{due:%Y-%m-%dT%H:%M}", "time_zone": "Asia/Shanghai", "whose": "me", "note": "带上合同"}
    async with house.client(Role.AGENT, user="u-0") as agent:
        booked = await agent.post(f"/v1/attempts/{call.attempt_id}/callback", json=wish)
        assert booked.status_code == 200, booked.text
        assert booked.json()["at"] == int(due.timestamp()) * SECOND
        late = await agent.post(f"/v1/attempts/{call.attempt_id}/callback", json={**wish, "at": "2020-01-01T10:00"})
        assert (late.status_code, late.json()["type"]) == (409, "urn:ucc:problem:in_the_past")
        nowhere = await agent.post(f"/v1/attempts/{call.attempt_id}/callback", json={**wish, "time_zone": "Mars/Base"})
        assert nowhere.json()["type"].endswith(":unknown_time_zone")
        impossible = await agent.post(
            f"/v1/attempts/{call.attempt_id}/callback", json={**wish, "at": "2026-02-30T10:00"}
        )
        assert impossible.json()["type"].endswith(":no_such_time")
    if not over:
        await house.tell(AttemptEnded(call.attempt_id, call.campaign, GATEWAY, "talked", house.now()))
        await until(lambda: _state(house, call.attempt_id, "closed"))
    record = await house.state(call.campaign, call.record)
    assert (record["state"], record["reason"], record["turn"], record["agent_id"]) == ("resting", "callback", 0, "a-0")
    assert (record["not_before"], record["purpose"], record["contacts"]) == (
        booked.json()["at"],
        "requested_callback",
        1,
    )
    assert json.loads(record["payload"])["promised"] == "带上合同"


async def test_another_agents_call_is_not_spoken_for(house: House, requests: Requests) -> None:
    _, call = await spoken_to(house, requests)
    async with house.client(Role.AGENT, user="u-9") as other, house.client(Role.SUPERVISOR) as supervisor:
        ending = {"disposition": "resolved"}
        refused = await other.post(f"/v1/attempts/{call.attempt_id}/disposition", json=ending)
        assert refused.status_code == 403
        assert (await supervisor.post(f"/v1/attempts/{call.attempt_id}/disposition", json=ending)).status_code == 204
    kept = await house.owner.fetchval(
        "SELECT disposition FROM outbound.attempts WHERE attempt_id = $1", call.attempt_id
    )
    assert kept == "resolved"


async def test_a_refusal_at_the_desk_is_told_to_the_profile_and_ends_what_waits(
    house: House, requests: Requests
) -> None:
    heard: list[Any] = []

    async def read() -> None:
        consumer = make_consumer(house.settings.kafka_bootstrap_servers, CONSENTS)
        await consumer.start()
        try:
            while True:
                for records in (await consumer.getmany(timeout_ms=100)).values():
                    heard.extend(decode(CONSENTS, r.headers, r.value) for r in records)
        finally:
            await consumer.stop()

    _, call = await spoken_to(house, requests)
    elsewhere = await house.campaign(state="ready", purpose="marketing")
    waiting = await house.record(elsewhere, call.number)
    reading = asyncio.create_task(read())
    async with house.client(Role.AGENT, user="u-0") as agent:
        for _ in range(2):
            said = await agent.post(f"/v1/attempts/{call.attempt_id}/refusal", json={})
            assert said.status_code == 204, said.text
    told = await until(lambda: [e for e in heard if getattr(e.data, "attempt_id", None) == call.attempt_id])
    reading.cancel()
    assert (told[0].data.purpose, told[0].data.number, told[0].data.source) == (None, call.number, "agent")
    silenced = await house.state(elsewhere, waiting)
    assert (silenced["state"], silenced["reason"]) == ("suppressed", "opted_out")
    assert await house.owner.fetchval("SELECT refused FROM outbound.ledger WHERE attempt_id = $1", call.attempt_id)


async def test_who_rings_back_is_recognised_and_not_called_again(house: House, requests: Requests) -> None:
    house.neighbours.idle(1)
    campaign = await house.campaign(document=SCRIPT)
    await house.record(campaign)
    call = (await until(lambda: requests.of(campaign)))[0]
    house.neighbours.agents = []
    of = (call.attempt_id, campaign, GATEWAY)
    await house.tell(AttemptRang(*of, house.now()), AttemptEnded(*of, "no_answer", house.now()))
    await until(lambda: _state(house, call.attempt_id, "closed"))
    contact = f"c-{uuid.uuid4().hex[:8]}"
    arrived = ContactArrived(
        contact, Channel.PHONE, "sales", house.now(), address_kind=AddressKind.PHONE, address=call.number
    )
    envelope = Envelope(f"e-{contact}", "/gateways/gw-1", house.now(), house.tenant, contact, arrived, pool=POOL)
    for _ in range(2):
        await house.producer.publish(CONTACT_EVENTS, envelope, partition=0, key=POOL)
    record = await until(lambda: _done(house, campaign, call.record))
    assert record["reason"] == "rang_back"
    async with house.client(Role.AGENT) as agent:
        card = (await agent.get(f"/v1/contacts/{contact}/card")).json()
    assert (card["rang_back"], card["attempt_id"]) == (True, call.attempt_id)
    hours = await house.owner.fetch("SELECT counts FROM outbound.campaign_hours WHERE campaign_id = $1", campaign)
    assert sum(json.loads(hour["counts"]).get("rang_back", 0) for hour in hours) == 1


async def _done(house: House, campaign: str, record_id: str) -> asyncpg.Record | None:
    record = await house.state(campaign, record_id)
    return record if record["state"] == "done" else None


async def test_a_preview_nobody_wants_is_taken_back_and_rests(house: House, requests: Requests) -> None:
    house.neighbours.idle(1)
    campaign = await house.campaign(mode="preview", document=SCRIPT)
    await house.record(campaign)
    call = (await until(lambda: requests.of(campaign)))[0]
    house.neighbours.agents = []
    async with house.client(Role.AGENT, user="u-0") as agent:
        assert (await agent.post(f"/v1/attempts/{call.attempt_id}/skip")).status_code == 202
        taken_back = (await until(lambda: requests.of(campaign, "CancelCall")))[0]
        assert (taken_back.attempt_id, taken_back.reason) == (call.attempt_id, "skipped")
        of = (call.attempt_id, campaign, GATEWAY)
        await house.tell(AttemptEnded(*of, "cancelled", house.now(), "skipped"))
        await until(lambda: _state(house, call.attempt_id, "closed"))
        late = await agent.post(f"/v1/attempts/{call.attempt_id}/skip")
        assert (late.status_code, late.json()["type"]) == (409, "urn:ucc:problem:too_late")
    record = await house.owner.fetchrow("SELECT state, reason FROM outbound.records WHERE campaign_id = $1", campaign)
    assert record is not None
    assert tuple(record) == ("resting", "skipped")
