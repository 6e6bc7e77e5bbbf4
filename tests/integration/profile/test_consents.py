"""Consent at profile's doors: given and withdrawn by people and over the topic, what stood at any moment, the dialler's question."""

from __future__ import annotations

import asyncio
import time
import uuid
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from aiokafka.structs import TopicPartition

from shared.contracts.consents import ConsentGiven, ConsentWithdrawn
from shared.contracts.envelope import Envelope
from shared.contracts.fields import Channel
from shared.contracts.wire import CONSENTS, decode
from shared.kafka import make_consumer
from shared.security import Role
from tests.integration.profile.conftest import House


async def _customer(house: House, *numbers: str, tenant: str | None = None, **fields: Any) -> tuple[str, list[str]]:
    """A customer with these numbers: its id and the ids of the numbers."""
    identities = [{"kind": "phone", "value": number} for number in numbers]
    made = (await house.customer(identities=identities, tenant=tenant, **fields))["customer"]
    by_number = {i["value"]: i["identity_id"] for i in (await _whole(house, made["customer_id"], tenant))}
    return made["customer_id"], [by_number[number] for number in numbers]


async def _whole(house: House, customer_id: str, tenant: str | None) -> list[dict[str, Any]]:
    async with house.client(Role.ADMIN, tenant=tenant) as client:
        return (await client.get(f"/v1/customers/{customer_id}")).json()["customer"]["identities"]


async def _dialling(house: House, *asked: tuple[str, str], tenant: str | None = None) -> list[dict[str, Any]]:
    entries = [{"number": number, "purpose": purpose} for number, purpose in asked]
    async with house.client(Role.SERVICE, tenant="*") as client:
        answer = await client.post("/v1/dialling", params={"tenant": tenant or house.tenant}, json={"entries": entries})
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def _post(house: House, path: str, **body: Any) -> dict[str, Any]:
    async with house.client() as client:
        answer = await client.post(f"/v1/customers/{path}", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def _publish(house: House, record: ConsentGiven | ConsentWithdrawn, tenant: str | None = None) -> None:
    envelope = Envelope(f"e-{uuid.uuid4().hex}", "/test", time.time_ns() // 1000, tenant or house.tenant, "p-1", record)
    await house.producer.publish(CONSENTS, envelope, key="p-1")


async def test_given_withdrawn_and_given_again_can_be_told_for_every_moment(house: House, number: str) -> None:
    customer, (phone,) = await _customer(house, number, preferences={"do_not_disturb": "20:00-09:00"}, language="zh")
    unknown = (await _dialling(house, (number, "marketing")))[0]
    assert (unknown["consent"], unknown["customer_id"], unknown["candidates"]) == ("none", customer, 1)
    await _post(
        house, f"{customer}/consents", identity_id=phone, purpose="marketing", source="paper", proof="form 12",
        given_at="2026-01-01T08:00:00Z",
    )  # fmt: skip
    given = (await _dialling(house, (number, "marketing")))[0]
    assert (given["consent"], given["source"], given["proof"]) == ("given", "paper", "form 12")
    assert given["preferences"]["do_not_disturb"] == [["20:00", "09:00"]]
    assert given["preferences"]["language"] == "zh"
    before = datetime.now(UTC).isoformat()
    shown = await _post(house, f"{customer}/withdrawals")
    assert {(line["purpose"], line["consent"]) for line in shown["standing"]} == {
        ("marketing", "withdrawn"),
        (None, "withdrawn"),
    }
    asked = [(number, purpose) for purpose in ("marketing", "service_followup", "promised_reply")]
    assert [entry["consent"] for entry in await _dialling(house, *asked)] == ["withdrawn", "withdrawn", "none"]
    async with house.client() as client:
        past = (await client.get(f"/v1/customers/{customer}/consents", params={"at": before})).json()
        now = (await client.get(f"/v1/customers/{customer}/consents")).json()
    assert [line["consent"] for line in past["standing"]] == ["given"]
    assert [row["kind"] for row in now["history"]] == ["withdrawn", "given"]
    assert number not in str(now)  # an agent sees numbers masked
    await _post(house, f"{customer}/consents", identity_id=phone, purpose="marketing")
    assert (await _dialling(house, (number, "marketing")))[0]["consent"] == "given"


async def test_a_refusal_without_a_number_covers_every_number_and_repeating_it_is_one(house: House) -> None:
    numbers = [f"+86139{uuid.uuid4().int % 10**8:08d}" for _ in range(2)]
    customer, _ = await _customer(house, *numbers)
    refusal = f"re-{uuid.uuid4().hex}"
    await _post(house, f"{customer}/withdrawals", purpose="marketing", refusal_id=refusal)
    shown = await _post(house, f"{customer}/withdrawals", purpose="marketing", refusal_id=refusal)
    assert len(shown["history"]) == 2
    assert [e["consent"] for e in await _dialling(house, *((n, "marketing") for n in numbers))] == ["withdrawn"] * 2


async def test_what_was_said_here_is_told_on_the_topic_once(house: House, number: str) -> None:
    customer, (phone,) = await _customer(house, number)
    await _post(house, f"{customer}/consents", identity_id=phone, purpose="marketing", consent_id=f"co-{customer}")
    await _post(house, f"{customer}/consents", identity_id=phone, purpose="marketing", consent_id=f"co-{customer}")
    await _post(house, f"{customer}/withdrawals", purpose="marketing", refusal_id=f"re-{customer}")
    found: list[Any] = []
    consumer = make_consumer(house.settings.kafka_bootstrap_servers)
    await consumer.start()
    try:
        consumer.assign([TopicPartition(CONSENTS, partition) for partition in range(house.settings.kafka_partitions)])
        await consumer.seek_to_beginning()
        async with asyncio.timeout(30):
            while not any(isinstance(one, ConsentWithdrawn) for one in found):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    opened = [decode(CONSENTS, r.headers, r.value) for r in records]
                    found += [e.data for e in opened if e.data.customer_id == customer]
    finally:
        await consumer.stop()
    assert sorted(type(one).__name__ for one in found) == ["ConsentGiven", "ConsentWithdrawn"]
    assert {one.number for one in found} == {number}


async def test_the_topic_is_kept_once_in_any_order(house: House, number: str) -> None:
    now = time.time_ns() // 1000
    ident = uuid.uuid4().hex
    refused = ConsentWithdrawn(f"r-{ident}", Channel.PHONE, "ivr_key", now, campaign="c-1", number=number)
    given = ConsentGiven(f"g-{ident}", "marketing", Channel.PHONE, "web", now - 10, number=number)
    unusable = ConsentGiven(f"x-{ident}", "marketing", Channel.PHONE, "web", now, number="12")
    for record in (refused, unusable, given, refused, given):
        await _publish(house, record)
    async with asyncio.timeout(30):
        while (found := (await _dialling(house, (number, "marketing")))[0])["given_at"] is None:
            await asyncio.sleep(0.05)
    assert (found["consent"], found["source"], found["customer_id"]) == ("withdrawn", "ivr_key", None)
    rows = await house.owner.fetchval(
        "SELECT count(*) FROM profile.consents WHERE tenant_id = $1 AND number = $2", house.tenant, number
    )
    assert rows == 2


async def test_a_neighbour_s_refusal_is_not_ours(house: House, number: str) -> None:
    now = time.time_ns() // 1000
    refused = ConsentWithdrawn(uuid.uuid4().hex, Channel.PHONE, "web", now, number=number)
    await _publish(house, refused, house.other)
    async with asyncio.timeout(30):
        while (await _dialling(house, (number, "marketing"), tenant=house.other))[0]["consent"] == "none":
            await asyncio.sleep(0.05)
    assert (await _dialling(house, (number, "marketing")))[0]["consent"] == "none"


async def test_a_family_s_number_names_nobody(house: House, number: str) -> None:
    for before in ("09:00", "11:00"):
        await _customer(house, number, preferences={"no_calls_before": before})
    answer = (await _dialling(house, (number, "marketing")))[0]
    assert (answer["customer_id"], answer["candidates"]) == (None, 2)
    assert answer["preferences"]["no_calls_before"] == "11:00"


async def test_a_refusal_outlives_its_customer_and_rows_are_only_added(house: House, number: str) -> None:
    customer, _ = await _customer(house, number)
    await _post(house, f"{customer}/withdrawals")
    await house.owner.execute("DELETE FROM profile.customers WHERE customer_id = $1", customer)
    assert (await _dialling(house, (number, "marketing")))[0]["consent"] == "withdrawn"
    for role in ("ucc_profile_api", "ucc_profile_worker"):
        for statement in ("DELETE FROM profile.consents", "UPDATE profile.consents SET purpose = NULL"):
            async with house.owner.transaction():
                await house.owner.execute(f"SET LOCAL ROLE {role}")
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    async with house.owner.transaction():
                        await house.owner.execute(statement)


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("consents", {"purpose": "marketing", "given_at": "2999-01-01T00:00:00Z"}, "given_at"),
        ("consents", {"purpose": "marketing", "expires_at": "2001-01-01T00:00:00Z"}, "expires_at"),
        ("consents", {"purpose": "two words"}, "purpose"),
        ("consents", {"purpose": "marketing", "channel": "pigeon"}, "channel"),
        ("withdrawals", {"withdrawn_at": "2999-01-01T00:00:00Z"}, "withdrawn_at"),
    ],
)
async def test_problems_name_the_field(
    house: House, number: str, path: str, body: dict[str, object], field: str
) -> None:
    customer, (phone,) = await _customer(house, number)
    async with house.client() as client:
        answer = await client.post(f"/v1/customers/{customer}/{path}", json={"identity_id": phone, **body})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_500_numbers_at_once_and_no_more(house: House) -> None:
    asked = [(f"+86137{n:08d}", "marketing") for n in range(500)]
    assert len(await _dialling(house, *asked)) == 500
    async with house.client(Role.SERVICE, tenant="*") as client:
        entries = [{"number": "+8613700000000", "purpose": "marketing"}] * 501
        refused = await client.post("/v1/dialling", params={"tenant": house.tenant}, json={"entries": entries})
    assert refused.status_code == 422
