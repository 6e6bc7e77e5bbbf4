"""Campaigns over HTTP: made, started, looked at, explained; calls by hand; what a gateway is answered."""

from __future__ import annotations

import json
import time
import uuid
from datetime import timedelta
from typing import Any

import httpx

from shared.contracts.contact_events import CallbackRequested
from shared.contracts.dial_results import AttemptAnswered, AttemptConnected, AttemptEnded, AttemptRang
from shared.contracts.envelope import Envelope
from shared.contracts.wire import CONTACT_EVENTS, EPOCH
from shared.security import Role
from tests.integration.outbound.conftest import GATEWAY, POOL, House, Requests, until

NEW = {
    "title": "回访", "mode": "progressive", "purpose": "service_followup", "group": "sales-out", "business_line": "sales",
    "gateway_id": GATEWAY, "rulesets": ["cn"], "choices": {"caps": {"24h": 2}, "calendar": {"wed": [["09:00", "18:00"]]}},
}  # fmt: skip


async def test_a_campaign_is_made_started_paused_and_stopped(house: House, requests: Requests) -> None:
    async with house.client() as client:
        made = await client.post("/v1/campaigns", json=NEW)
        assert made.status_code == 201, made.text
        path = f"/v1/campaigns/{made.json()['campaign_id']}"
        assert made.json()["state"] == "draft"
        assert made.json()["choices"]["caps"] == {"24h": 2}
        stale = await client.put(path, json={**NEW, "version": 9})
        assert (stale.status_code, stale.json()["type"]) == (409, "urn:ucc:problem:version")
        changed = await client.put(path, json={**NEW, "title": "again", "version": 1})
        assert (changed.json()["title"], changed.json()["version"]) == ("again", 2)
        assert (await client.post(f"{path}/pause")).status_code == 409
        assert (await client.post(f"{path}/start")).json()["state"] == "running"
        assert (await client.put(path, json=NEW)).status_code == 409
        assert (await client.post(f"{path}/pause")).json()["state"] == "paused"
        assert (await client.post(f"{path}/pause")).json()["state"] == "paused"
        assert (await client.post(f"{path}/stop", json={"reason": "over"})).json()["state_reason"] == "over"
        assert (await client.post(f"{path}/start")).status_code == 409
        listed = (await client.get("/v1/campaigns")).json()["items"]
        assert made.json()["campaign_id"] in {row["campaign_id"] for row in listed}


async def test_what_cannot_be_is_refused_by_name(house: House) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"choices": {"ratio": 99}}, "ratio"), ({"choices": {"ringtone": 1}}, "ringtone"),
        ({"mode": "agentless"}, "entry"), ({"choices": {"calendar": {"mon": [["nine", "ten"]]}}}, "calendar.mon.0"),
        ({"choices": {"recycling": {"never": {}}}}, "recycling.never"), ({"choices": {"ring_seconds": "long"}}, "ring_seconds"),
        ({"choices": {"days_off": ["Christmas"]}}, "days_off.0"), ({"choices": {"dispositions": "one"}}, "dispositions"),
        ({"choices": {"max_attempts": 2**40}}, "max_attempts"), ({"choices": {"caps": {"24h": 2**40}}}, "caps.24h"),
    ]  # fmt: skip
    async with house.client() as client:
        for change, named in wrong:
            answer = await client.post("/v1/campaigns", json={**NEW, **change})
            assert answer.status_code == 422, (change, answer.text)
            assert [fault["field"] for fault in answer.json()["errors"]] == [f"choices.{named}"]
        both = {"ratio": 99, "calendar": {"mon": [["09:00", "12:00"], ["11:00", "10:00"]]}}
        answer = await client.post("/v1/campaigns", json={**NEW, "choices": both})
        assert {fault["field"] for fault in answer.json()["errors"]} == {"choices.ratio", "choices.calendar.mon.1"}
        assert all(fault["zh"] and fault["en"] for fault in answer.json()["errors"])
        answer = await client.post("/v1/campaigns", json={**NEW, "rulesets": ["mars"]})
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:ucc:problem:ruleset")
        defaults = (await client.get("/v1/campaign-defaults")).json()
        assert (await client.post("/v1/campaigns", json={**NEW, "choices": defaults["choices"]})).status_code == 201
        again = {"recycling": defaults["recycling"]}
        assert (await client.post("/v1/campaigns", json={**NEW, "choices": again})).status_code == 201


async def test_an_exhausted_campaign_finishes_and_its_figures_are_counted(house: House, requests: Requests) -> None:
    house.neighbours.idle(2)
    campaign = await house.campaign(records=2)
    await until(lambda: len(requests.of(campaign)) == 2)
    calls = requests.of(campaign)
    for call in calls:
        await house.tell(AttemptEnded(call.attempt_id, campaign, GATEWAY, "sit_vacant", house.now()))
    async with house.client() as client:

        async def finished() -> bool:
            return (await client.get(f"/v1/campaigns/{campaign}")).json()["state"] == "finished"

        await until(finished)
        live = (await client.get(f"/v1/campaigns/{campaign}/live")).json()
        assert live["today"]["outcomes"] == {"sit_vacant": 2}
        assert live["records"]["done"] == 2
        assert live["funnel"] == {"dialling": 0, "ringing": 0, "waiting": 0, "talking": 0}
        assert live["pacing"]["reasons"]
        attempts = (await client.get(f"/v1/campaigns/{campaign}/attempts", params={"outcome": "sit_vacant"})).json()
        assert len(attempts["items"]) == 2
        assert attempts["items"][0]["number_masked"].startswith("•••")
        hours = (await client.get(f"/v1/campaigns/{campaign}/hours")).json()["items"]
        assert [(row["dialled"], row["answered"]) for row in hours] == [(2, 0)]


async def test_the_page_counts_as_the_pacer_does_from_the_answer_on(house: House, requests: Requests) -> None:
    house.neighbours.idle(2)
    campaign = await house.campaign(records=2)
    await until(lambda: len(requests.of(campaign)) == 2)
    met, lost = (call.attempt_id for call in requests.of(campaign))
    now = house.now()
    for attempt_id in (met, lost):
        await house.tell(
            AttemptRang(attempt_id, campaign, GATEWAY, now),
            AttemptAnswered(attempt_id, campaign, GATEWAY, now, "person"),
        )
    await house.tell(
        AttemptConnected(met, campaign, GATEWAY, now),
        AttemptEnded(lost, campaign, GATEWAY, "abandoned", now + 9_000_000),
    )
    async with house.client() as client:

        async def heard() -> Any:
            live = (await client.get(f"/v1/campaigns/{campaign}/live")).json()
            return live if live["funnel"]["talking"] and live["today"]["abandoned"] else None

        live = await until(heard)  # the conversation goes on
        row = (await client.get(f"/v1/campaigns/{campaign}")).json()
    assert (live["today"]["dialled"], live["today"]["answered"]) == (2, 2)
    assert live["abandonment"] == {"limit": 0.03, "window_days": 30, "answered": 2, "abandoned": 1, "left": 0}
    assert row["abandonment"] == live["abandonment"]
    assert live["pace_per_hour"] > 0


async def test_why_a_record_is_not_dialled_is_told_within_200_ms(house: House, requests: Requests) -> None:
    campaign = await house.campaign(state="paused")
    number = f"+86137{uuid.uuid4().int % 10**8:08d}"
    record = await house.record(campaign, number)
    house.neighbours.wishes[number] = {"consent": "withdrawn", "withdrawn_at": "2026-11-01T00:00:00Z"}
    async with house.client() as client:
        path = f"/v1/campaigns/{campaign}/records/{record}/why"
        told = (await client.get(path, params={"lang": "zh"})).json()
        took = []
        for _ in range(5):
            began = time.monotonic()
            await client.get(path)
            took.append(time.monotonic() - began)
        assert (told["allowed"], told["verdict"]) == (False, "opted_out")
        assert "拒绝" in told["sentences"][0]
        assert {"not_running", "opted_out"} == {entry["reason"] for entry in told["reasons"]}
        assert min(took) < 0.2
        found = (await client.get(f"/v1/campaigns/{campaign}/records", params={"query": number})).json()["items"]
        assert [row["record_id"] for row in found] == [record]


async def test_records_are_found_by_name_key_subject_and_last_digits(house: House) -> None:
    campaign, elsewhere = await house.campaign(state="draft"), await house.campaign(state="draft")
    end = f"{uuid.uuid4().int % 10**7:07d}"
    own: dict[str, Any] = {"payload": json.dumps({"name": "王小芳"}), "source_key": "K-77", "subject": "D-9"}
    two = json.dumps([{"number": f"+86159{end}1", "key": "a"}, {"number": f"+86138{end}2", "key": "b"}])
    wang = await house.record(campaign, f"+86137{end}4", **own)
    anna = await house.record(campaign, payload=json.dumps({"name": "Anna van der Berg"}), numbers=two, state="done")
    await house.record(elsewhere, payload=json.dumps({"name": "王小芳"}))

    async def found(client: httpx.AsyncClient, **query: str) -> list[str]:
        answer = await client.get(f"/v1/campaigns/{campaign}/records", params=query)
        assert answer.status_code == 200, answer.text
        return [row["record_id"] for row in answer.json()["items"]]

    async with house.client() as client:
        for text in ("王", "小芳", "K-77", "D-9", f"137{end}4", f"+86 137{end}4", f"{end[-3:]}4", wang):
            assert await found(client, query=text) == [wang], text
        for text in ("anna", "VAN DER", f"{end}1", f"{end[-3:]}2", f"{end}2"):
            assert await found(client, query=text) == [anna], text
        assert await found(client, query="王", state="done") == []
        assert await found(client, state="done") == [anna]
        for text in ("芳", "999", "\x00", "%", "_", "'", "a" * 64):
            assert await found(client, query=text) == ([wang, anna] if text == "\x00" else []), text
    async with house.client(Role.ANALYST) as client:
        assert await found(client, query=f"99{end}4") == [wang], "who sees four digits only finds by four only"


async def test_why_now_says_the_rank_and_what_it_is_made_of(house: House, requests: Requests) -> None:
    campaign = await house.campaign(document={"calendar": {}})
    first = await house.record(campaign, priority=5, language="zh", value=400, score=400.0)
    second = await house.record(campaign, priority=1, value=400, score=400.0, subject="D-2")
    async with house.client() as client:
        told = [
            (await client.get(f"/v1/campaigns/{campaign}/records/{record}/why")).json() for record in (first, second)
        ]
    assert [one["order"]["before"] for one in told] == [0, 1]
    assert told[0]["order"] | {"before": 0} == {
        "turn": "campaign", "priority": 5, "chance_of_answer": 0.25, "success": 1.0, "value": 400, "worth": 100.0, "before": 0,
    }  # fmt: skip
    assert told[0]["sentences"][-2] == "It is the next one."
    assert "chance of an answer this hour 25%" in told[1]["sentences"][-1]
    assert told[1]["subject"] == "D-2"


async def test_who_has_consented_in_a_list_waits_for_the_profile(house: House, requests: Requests) -> None:
    """The profile knows an older word only: not dialled; once it knows this one, it may be."""
    campaign, number = (
        await house.campaign(purpose="marketing", rulesets=["eu"]),
        f"+86134{uuid.uuid4().int % 10**8:08d}",
    )
    given = house.now() - 3600 * 1_000_000
    house.neighbours.wishes[number] = {"consent": None, "given_at": None}
    record = await house.record(campaign, number, consented_at=given)
    async with house.client() as client:
        path = f"/v1/campaigns/{campaign}/records/{record}/why"
        assert (await client.get(path)).json()["verdict"] == "consent_on_its_way"
        house.neighbours.wishes[number] = {"given_at": iso(given)}
        assert (await client.get(path)).json()["verdict"] != "consent_on_its_way"
        house.neighbours.wishes[number] = {"consent": "withdrawn", "given_at": None, "withdrawn_at": iso(given + 1)}
        assert (await client.get(path)).json()["verdict"] == "opted_out", "a later word counts"


def iso(at: int) -> str:
    return (EPOCH + timedelta(microseconds=at)).isoformat().replace("+00:00", "Z")


async def test_an_unknown_attempt_is_settled_by_a_person(house: House, requests: Requests) -> None:
    house.neighbours.idle(1)
    campaign = await house.campaign(records=1)
    call = (await until(lambda: requests.of(campaign)))[0]
    house.neighbours.agents = []
    async with house.client() as client:
        path = f"/v1/attempts/{call.attempt_id}/resolve"
        early = await client.post(path, json={"outcome": "no_answer"})
        assert (early.status_code, early.json()["type"]) == (409, "urn:ucc:problem:not_unknown")
        await house.tell(AttemptEnded(call.attempt_id, campaign, GATEWAY, "unknown", house.now()))
        strays = {"state": "unknown"}

        async def quarantined() -> bool:
            return bool((await client.get(f"/v1/campaigns/{campaign}/attempts", params=strays)).json()["items"])

        await until(quarantined)
        settled = (await client.post(path, json={"outcome": "no_answer", "why": "rang them"})).json()
        assert (settled["state"], settled["outcome"], settled["reason"]) == (
            "closed",
            "no_answer",
            "resolved_by_person",
        )
    assert (await house.state(campaign, call.record))["state"] == "resting"


async def test_a_gateway_asks_before_it_rings_a_callback(house: House) -> None:
    number, attempt = f"+86136{uuid.uuid4().int % 10**8:08d}", f"cb-{uuid.uuid4().hex[:8]}"
    asked = {"tenant": house.tenant, "attempt_id": attempt, "number": number, "purpose": "requested_callback"}
    async with house.client(Role.SERVICE) as client:
        first = (await client.post("/v1/authorisations", json=asked)).json()
        assert first["allowed"] is True
        assert (await client.post("/v1/authorisations", json=asked)).json() == first
        other = (await client.post("/v1/authorisations", json={**asked, "attempt_id": attempt + "2"})).json()
        assert (other["allowed"], other["reason"]) == (False, "attempt_open")
        refused = {**asked, "attempt_id": attempt + "3", "number": "+8613600000000", "purpose": "marketing"}
        house.neighbours.wishes["+8613600000000"] = {"consent": "withdrawn", "withdrawn_at": "2026-11-01T00:00:00Z"}
        told = (await client.post("/v1/authorisations", json=refused)).json()
        assert (told["allowed"], told["reason"]) == (False, "opted_out")
    rows = await house.owner.fetch("SELECT attempt_id FROM outbound.ledger WHERE attempt_id LIKE $1", f"{attempt}%")
    assert [row["attempt_id"] for row in rows] == [attempt]


async def test_an_agent_calls_by_hand_through_the_same_gate(house: House, requests: Requests) -> None:
    number = f"+86135{uuid.uuid4().int % 10**8:08d}"
    body = {"number": number, "purpose": "promised_reply", "group": "sales-out", "business_line": "sales"}
    async with house.client(Role.AGENT) as client:
        made = await client.post("/v1/calls", json=body)
        assert made.status_code == 202, made.text
        again = await client.post("/v1/calls", json=body)
        assert (again.status_code, again.json()["type"]) == (409, "urn:ucc:problem:attempt_open")
        house.neighbours.wishes["+8613500000000"] = {"consent": "withdrawn", "withdrawn_at": "2026-11-01T00:00:00Z"}
        barred = await client.post("/v1/calls", json={**body, "number": "+8613500000000"})
        assert (barred.status_code, barred.json()["type"]) == (409, "urn:ucc:problem:opted_out")
    call = (await until(lambda: requests.of("manual")))[0]
    assert (call.first, call.agent_id, call.number, call.gateway_id) == ("agent", "a-1", number, GATEWAY)


async def test_a_call_by_hand_waits_for_a_free_channel(house: House, requests: Requests) -> None:
    number, full = f"+86135{uuid.uuid4().int % 10**8:08d}", f"+86135{uuid.uuid4().int % 10**8:08d}"
    body = {"number": number, "purpose": "promised_reply", "group": "sales-out", "business_line": "sales"}
    channels = "UPDATE outbound.trunks SET channels = $2 WHERE tenant_id = $1"
    await house.owner.execute(channels, house.tenant, 1)
    try:
        async with house.client(Role.AGENT) as client:
            made = (await client.post("/v1/calls", json=body)).raise_for_status().json()["attempt_id"]
            await house.tell(AttemptRang(made, "manual", GATEWAY, house.now()))
            rings = "SELECT true FROM outbound.attempts WHERE tenant_id = $1 AND attempt_id = $2 AND state = 'dialled'"
            await until(lambda: house.owner.fetchval(rings, house.tenant, made))
            refused = await client.post("/v1/calls", json={**body, "number": full})
            assert (refused.status_code, refused.json()["type"]) == (409, "urn:ucc:problem:no_line")
    finally:
        await house.owner.execute(channels, house.tenant, 1000)


async def test_a_campaign_says_that_its_line_carries_nothing(house: House, requests: Requests) -> None:
    campaign_id = await house.campaign(records=3)
    house.neighbours.idle(3)
    async with house.client() as client:

        async def held_by(what: str) -> bool:
            live = (await client.get(f"/v1/campaigns/{campaign_id}/live")).raise_for_status().json()
            return live["hold_up"] == what

        await until(lambda: held_by("gateway_away"))  # nobody reads what is asked for
        listed = (await client.get("/v1/campaigns")).raise_for_status().json()["items"]
        assert next(one["hold_up"] for one in listed if one["campaign_id"] == campaign_id) == "gateway_away"
        asked = requests.of(campaign_id)
        await house.tell(
            *(AttemptEnded(c.attempt_id, campaign_id, GATEWAY, "failed", house.now(), "no_circuit") for c in asked)
        )
        await until(lambda: held_by("line_fails"))


async def test_a_gateway_that_is_away_is_told_by_every_campaign_it_dials_for(house: House, requests: Requests) -> None:
    """The only agent is promised to a preview nobody takes up: the campaign beside it has no call of its own to tell by."""
    preview = await house.campaign(mode="preview", records=1)
    house.neighbours.idle(1)
    call = (await until(lambda: requests.of(preview)))[0]
    beside = await house.campaign(records=1)
    async with house.client() as client:

        async def hold_up(campaign_id: str) -> str | None:
            return (await client.get(f"/v1/campaigns/{campaign_id}/live")).raise_for_status().json()["hold_up"]

        async def both(told: str | None) -> bool:
            return [await hold_up(preview), await hold_up(beside)] == [told, told]

        await until(lambda: both("gateway_away"))
        assert requests.of(beside) == []
        asked = CallbackRequested(
            f"c-{uuid.uuid4().hex[:8]}",
            mode="agent_first",
            group="sales-out",
            campaign=preview,
            attempt=call.attempt_id,
        )
        told = Envelope(
            f"e-{asked.callback_id}",
            f"/gateways/{GATEWAY}",
            house.now(),
            house.tenant,
            asked.callback_id,
            asked,
            pool=POOL,
        )
        for _ in range(2):
            await house.producer.publish(CONTACT_EVENTS, told, partition=0, key=POOL)
        await until(lambda: both(None))  # the gateway has it: now the agent is waited for


async def test_a_campaign_says_that_inbound_is_answered_too_late(house: House, requests: Requests) -> None:
    house.neighbours.idle(2)
    for agent in house.neighbours.agents:
        agent["serves_inbound"] = True
    need = {"reserve_agents": 1, "held": True, "staffed": 2, "idle": 2, "waiting": 0, "arrived": 30, "over_seconds": 900,
            "service_level_seconds": 20, "service_level_percent": 72, "resume_percent": 80}  # fmt: skip
    house.neighbours.inbound = need
    campaign_id = await house.campaign(records=2)
    async with house.client() as client:

        async def reasons() -> list[dict[str, Any]]:
            live = (await client.get(f"/v1/campaigns/{campaign_id}/live")).raise_for_status().json()
            return (live["pacing"] or {}).get("reasons", [])

        told = (await until(reasons))[0]
    assert (told["code"], told["numbers"]) == ("inbound_level", {"percent": 72, "seconds": 20, "resume": 80})
    assert requests.of(campaign_id) == []
    house.neighbours.inbound = {**need, "held": False, "arrived": 0}
    await until(lambda: requests.of(campaign_id))
