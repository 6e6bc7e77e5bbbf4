"""The way in by HTTP: believed, exact, all or nothing, harmless to repeat."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from typing import Any

import httpx
import pytest

from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from shared.security import public_keys
from tests.brokers import free_port
from tests.integration.gateway.conftest import PARTITION, SIGNING_KEY, House, Topic, arrival, serving

URL = "/v1/contact-events"


async def test_only_a_fresh_true_signature_or_a_key_is_believed(house: House) -> None:
    gateway, other = await house.gateway(), await house.gateway()
    body = json.dumps(arrival("call-1")).encode()
    good = gateway.signed(body)
    json_type = {"Content-Type": "application/json"}
    refused: dict[str, dict[str, str]] = {
        "nothing": json_type,
        "old": gateway.signed(body, at=time.time() - 301),
        "from the future": gateway.signed(body, at=time.time() + 330),
        "another body": gateway.signed(body + b" "),
        "another gateway's": {**good, "UCC-Gateway": other.gateway_id},
        "unknown gateway": {**good, "UCC-Gateway": "gw-nobody"},
        "another id": {**good, "webhook-id": "msg_other"},
        "no signature": {**good, "webhook-signature": ""},
        "rubbish": {**good, "webhook-signature": "v1,====", "webhook-timestamp": "soon"},
        "wrong key": {**json_type, "Authorization": "ApiKey uccgw_guess"},
        "a bearer": {**json_type, "Authorization": f"Bearer {gateway.api_key}"},
    }
    for why, headers in refused.items():
        answer = await house.http.post(URL, content=body, headers=headers)
        assert (why, answer.status_code) == (why, 401)
        assert answer.headers["content-type"] == "application/problem+json"
    assert (await house.http.post(URL, content=body, headers=good)).status_code == 202
    assert (await house.http.post(URL, content=body, headers={**json_type, **gateway.key})).status_code == 202


async def test_a_batch_repeated_carries_the_same_ids(house: House, contact_events: Topic) -> None:
    gateway = await house.gateway()
    batch = [arrival(f"call-{i}") for i in range(1000)]
    body = json.dumps(batch).encode()
    headers = gateway.signed(body)
    answers = [await house.http.post(URL, content=body, headers=headers) for _ in range(2)]  # replayed to the letter
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["accepted"] == 1000
    contacts = answers[0].json()["contacts"]
    async with asyncio.timeout(10):
        while (
            len(mine := [e for e in contact_events.records if e.value and gateway.gateway_id.encode() in e.value])
            < 2000
        ):
            await contact_events.fetch()
    ids = [dict(record.headers)["ce_id"] for record in mine]
    assert ids[:1000] == ids[1000:]
    assert len(set(ids)) == 1000
    assert {record.partition for record in mine} == {PARTITION}
    rows = await house.rows(
        "SELECT contact_id, subject FROM gateway.contacts WHERE gateway_id = $1", gateway.gateway_id
    )
    assert {row["subject"]: row["contact_id"] for row in rows} == contacts


async def test_one_contact_may_be_told_twice_in_a_batch(house: House) -> None:
    gateway = await house.gateway()
    batch = [arrival("twice", f"told-{i}") for i in range(2)]
    answer = await gateway.send(batch)
    assert (answer.status_code, answer.json()["accepted"], list(answer.json()["contacts"])) == (202, 2, ["twice"])


async def test_faults_are_exact_and_nothing_is_accepted(house: House, contact_events: Topic) -> None:
    gateway = await house.gateway()
    marker = uuid.uuid4().hex
    batch: list[Any] = [arrival(f"{marker}-{i}") for i in range(4)]
    del batch[1]["data"]["business_line"]
    batch[3]["data"]["channel"] = "pigeon"
    answer = await gateway.send(batch)
    assert answer.status_code == 422
    assert [e["field"] for e in answer.json()["errors"]] == ["[1].data.business_line", "[3].data.channel"]
    assert "pigeon" not in answer.text.replace("'phone'", "")
    await contact_events.fetch(300)
    assert not [r for r in contact_events.records if gateway.gateway_id.encode() in (r.value or b"")]


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "malformed"),
        (b"", "application/json", 400, "malformed"),
        (b'{"a": "\\ud800"}', "application/json", 400, "malformed"),
        (b"[" * 100_000, "application/json", 400, "malformed"),
        (b'{"specversion": NaN}', "application/json", 400, "malformed"),
        (b"null", "application/json", 422, "invalid"),
        (b"[]", "application/json", 422, "invalid"),
        (json.dumps([{}] * 1001).encode(), "application/json", 422, "invalid"),
        (json.dumps({"type": "ContactVanished"}).encode(), "application/json", 422, "unknown_type"),
        (json.dumps({**arrival("x"), "dataversion": "9"}).encode(), "application/json", 422, "unknown_type"),
        (json.dumps({**arrival("x"), "type": "PolicyPublished"}).encode(), "application/json", 422, "unknown_type"),
        (json.dumps(arrival("x")).encode(), "text/plain", 415, "unsupported_media_type"),
        (json.dumps(arrival("x", text="a" * 20_000)).encode(), "application/json", 422, "invalid"),
        (b" " * 5_000_001, "application/json", 413, "too_large"),
        (b" " * 22_100_000, "application/json", 413, "too_large"),
    ],
)
async def test_malformed_requests_get_a_clear_answer(
    house: House, body: bytes, content_type: str, status: int, code: str
) -> None:
    gateway = await house.gateway()
    headers = {**gateway.signed(body), "Content-Type": content_type}
    answer = await house.http.post(URL, content=body, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:ucc:problem:{code}")


async def test_without_a_broker_nothing_is_accepted_and_a_retry_is_harmless(house: House) -> None:
    gateway = await house.gateway()
    settings = GatewaySettings(
        database_url=house.database_url,
        kafka_bootstrap_servers=f"127.0.0.1:{free_port()}",
        router_url="http://127.0.0.1:1",
        service_token="service",  # type: ignore[arg-type]
        token_verify_keys=public_keys(SIGNING_KEY),  # type: ignore[arg-type]
    )
    document = arrival("call-retry")
    body = json.dumps(document).encode()
    async with (
        serving(create_app(settings)) as url,
        httpx.AsyncClient(base_url=url, timeout=20, trust_env=False) as http,
    ):
        away = await http.post(URL, content=body, headers=gateway.signed(body))
        assert (away.status_code, away.headers["retry-after"]) == (503, "2")
        async with asyncio.timeout(30):
            while (ready := await http.get("/readyz")).json()["checks"]["database"] != "ok":
                await asyncio.sleep(0.1)
        assert ready.status_code == 503
        assert ready.json()["checks"]["broker"] != "ok"
        assert (await http.get("/livez")).status_code == 200
    assert not await house.rows("SELECT 1 FROM gateway.contacts WHERE gateway_id = $1", gateway.gateway_id)
    assert (await gateway.send(document)).status_code == 202


async def test_a_credential_has_its_share_and_no_more(house: House) -> None:
    gateway, neighbour = await house.gateway(), await house.gateway()
    meter = house.app.state.meter
    house.app.state.meter = type(meter)("10/minute")
    try:
        batch = [arrival(f"c-{i}") for i in range(8)]
        assert [(await gateway.send(batch)).status_code for _ in range(2)] == [202, 429]
        assert (await neighbour.send(batch)).status_code == 202
    finally:
        house.app.state.meter = meter


async def test_renewed_and_revoked_credentials(house: House) -> None:
    from shared.security import Role
    from tests.integration.gateway.conftest import GatewayClient, token

    gateway = await house.gateway()
    admin = token(Role.ADMIN)
    renewed = await house.http.post(f"/v1/gateways/{gateway.gateway_id}/secret", headers=admin)
    assert (await gateway.send(arrival("c"))).status_code == 401
    gateway = GatewayClient(house.http, **renewed.json())
    assert (await gateway.send(arrival("c"))).status_code == 202
    assert (await house.http.delete(f"/v1/gateways/{gateway.gateway_id}", headers=admin)).status_code == 204
    assert (await gateway.send(arrival("c"))).status_code == 401
