"""The pop is cut by role and identity level, follows every change, and is nobody else's."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

import httpx
import pytest

from services.profile.handlers.changes import Changes
from shared.contracts.wire import CONTACT_EVENTS
from shared.security import EVERY_TENANT, Role
from tests.integration.profile.conftest import PARTITION, House


async def post(client: httpx.AsyncClient, path: str, body: dict[str, Any], status: int = 200) -> dict[str, Any]:
    answer = await client.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_numbers_by_role_and_revealing_is_written_down(house: House, number: str) -> None:
    made = await house.customer(name="李雷", identities=[{"kind": "phone", "value": number}])
    customer, identity = made["customer"]["customer_id"], made["customer"]["identities"][0]
    assert identity["masked"] == f"{number[3:6]}****{number[-4:]}"
    assert "value" not in identity
    contact = await house.arrive(number)
    assert "value" not in (await house.pop(contact))["customer"]["identities"][0]
    seen = await house.pop(contact, Role.SUPERVISOR)
    assert (seen["customer"]["identities"][0]["value"], seen["contact"]["address"]) == (number, number)
    async with house.client(user="u-7") as client:
        whole = await post(client, f"/v1/customers/{customer}/reveal", {"identity_id": identity["identity_id"]})
        assert whole["value"] == number
        assert (await post(client, f"/v1/contacts/{contact}/reveal", {}))["value"] == number
    audit = await house.owner.fetch(
        "SELECT action, detail FROM profile.audit WHERE user_id = 'u-7' AND tenant_id = $1 ORDER BY id", house.tenant
    )
    assert [row["action"] for row in audit] == ["identity_revealed", "address_revealed"]
    assert number not in audit[0]["detail"]


async def test_money_opens_when_the_customer_is_verified(house: House, number: str) -> None:
    made = await house.customer(name="韩梅", identities=[{"kind": "phone", "value": number}])
    customer = made["customer"]["customer_id"]
    await house.owner.execute(
        """INSERT INTO profile.deals (tenant_id, deal_id, source, key, customer_key, customer_id, business_line, product,
               status, amount_cents, currency, revised_at, digest)
           VALUES ($1, $2, 's', $2, 'k', $2, 'sales', '阳光花园', 'signed', 100, 'CNY', now(), '')""",
        house.tenant, customer,
    )  # fmt: skip
    contact = await house.arrive(number)
    (deal,) = (await house.pop(contact, Role.SUPERVISOR))["deals"]
    assert (deal["amount_cents"], deal["hidden_until_verified"]) == (None, True)
    async with house.client() as client:
        await post(client, f"/v1/contacts/{contact}/verification", {"method": "pin"})
    (deal,) = (await house.pop(contact))["deals"]
    assert deal["amount_cents"] == 100


async def test_pop_follows_every_change_and_open_pages_get_a_hint(house: House, number: str) -> None:
    made = await house.customer(name="吴刚", identities=[{"kind": "phone", "value": number}])
    customer = made["customer"]["customer_id"]
    contact = await house.arrive(number)
    changes: Changes = house.app.state.changes
    async with contextlib.aclosing(changes.frames()) as frames, house.client() as client:
        assert await anext(frames) == ": listening\n\n"

        async def hinted() -> None:
            async with asyncio.timeout(10):
                while True:
                    frame = await anext(frames)
                    if (
                        frame.startswith("event: changed")
                        and json.loads(frame.split("data: ")[1])["contact_id"] == contact
                    ):
                        return

        before = (await house.pop(contact))["pop_version"]
        change = {"preferences": {"language": "上海话", "pace": "slow", "do_not_disturb": "20:00-09:00"}}
        assert (await client.patch(f"/v1/customers/{customer}", json=change)).status_code == 200
        await hinted()
        pop = await house.pop(contact)
        assert pop["preferences"]["pace"] == "slow"
        assert pop["pop_version"] != before

        opened = {
            "customer_id": customer,
            "kind": "repair",
            "subject": "锅炉不热",
            "owner": "a-5",
            "contact_id": contact,
        }
        case = await post(client, "/v1/cases", opened, 201)
        await hinted()
        due = "2026-11-23T18:00:00+08:00"
        promise = {"text": "明天上门", "owner": "a-5", "due_at": due}
        case = await post(client, f"/v1/cases/{case['case_id']}/promises", promise, 201)
        pop = await house.pop(contact)
        assert [c["subject"] for c in pop["open_cases"]] == ["锅炉不热"]
        assert [(p["text"], p["due_at"]) for p in pop["promises"]] == [("明天上门", "2026-11-23T10:00:00Z")]
        assert "promise_open" in [p["code"] for p in pop["prompts"]]
        await post(client, f"/v1/promises/{case['promises'][0]['promise_id']}/keep", {})
        assert (await house.pop(contact))["promises"] == []

    profiled = (await house.profiled(await house.arrive(number))).data
    assert [(p.agent_id, p.why) for p in profiled.preferred] == [("a-5", "case_owner")]


async def test_a_repeated_arrival_gives_the_same_answer_and_keeps_a_persons_choice(house: House, number: str) -> None:
    envelope = house.arrival(number)
    for _ in range(2):
        await house.producer.publish(CONTACT_EVENTS, envelope, partition=PARTITION)
    first = await house.profiled(envelope.subject, at_least=2)
    async with house.client() as client:
        made = await post(client, f"/v1/contacts/{envelope.subject}/customer", {"create": {"name": "新客户"}})
    told = await house.profiled(envelope.subject, at_least=3)  # through the outbox
    assert (told.data.customer_id, told.id != first.id) == (made["customer_id"], True)
    await house.producer.publish(CONTACT_EVENTS, envelope, partition=PARTITION)
    again = await house.profiled(envelope.subject, at_least=4)
    assert (again.id, again.data.customer_id) == (first.id, made["customer_id"])
    assert (await house.pop(await house.arrive(number)))["customer"][
        "name"
    ] == "新客户"  # the address became an identity


async def test_two_tenants_share_a_number_and_nothing_else(house: House, number: str) -> None:
    ours = await house.customer(name="我们的", identities=[{"kind": "phone", "value": number}])
    theirs = await house.customer(name="别人的", tenant=house.other, identities=[{"kind": "phone", "value": number}])
    contact = await house.arrive(number)
    assert (await house.pop(contact))["customer"]["customer_id"] == ours["customer"]["customer_id"]
    async with house.client(Role.ADMIN) as client:
        stranger = theirs["customer"]["customer_id"]
        for path in (f"/v1/customers/{stranger}", f"/v1/customers/{stranger}/timeline"):
            assert (await client.get(path)).status_code == 404
        linked = await client.post(f"/v1/contacts/{contact}/customer", json={"customer_id": stranger})
        assert linked.status_code == 404
        opened = await client.post("/v1/cases", json={"customer_id": stranger, "kind": "repair", "subject": "x"})
        assert opened.status_code == 404
        found = (await client.get("/v1/customers", params={"query": number})).json()["items"]
        assert [item["name"] for item in found] == ["我们的"]
    async with house.client(Role.ADMIN, tenant=house.other) as client:
        assert (await client.get(f"/v1/contacts/{contact}/pop")).status_code == 404


@pytest.mark.parametrize(
    ("roles", "tenant", "method", "path", "status"),
    [
        ((Role.ANALYST,), None, "POST", "/v1/customers", 403),
        ((Role.CAMPAIGN_MANAGER,), None, "GET", "/v1/customers", 403),
        ((Role.AGENT,), None, "POST", "/v1/imports?kind=customers&source=x", 403),
        ((Role.AGENT,), None, "GET", "/v1/changes", 403),
        ((Role.SUPERVISOR,), EVERY_TENANT, "GET", "/v1/customers", 403),
    ],
)
async def test_roles(
    house: House, roles: tuple[Role, ...], tenant: str | None, method: str, path: str, status: int
) -> None:
    async with house.client(*roles, tenant=tenant) as client:
        assert (await client.request(method, path, json={})).status_code == status


async def test_without_a_token(house: House) -> None:
    transport = httpx.ASGITransport(house.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://profile") as client:
        assert (await client.get("/v1/contacts/c-1/pop")).status_code == 401
        assert (await client.get("/readyz")).json()["checks"]["database"] == "ok"
