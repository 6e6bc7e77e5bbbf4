"""Finding customers, changing them, and answers that name the wrong field."""

from __future__ import annotations

import uuid

import pytest

from tests.integration.profile.conftest import House


async def test_search_by_part_of_the_name_last_digits_and_mail(house: House, number: str) -> None:
    mark = uuid.uuid4().hex[:6]
    made = await house.customer(
        name=f"欧阳{mark}娜娜",
        identities=[{"kind": "phone", "value": number}, {"kind": "email", "value": f"Nana.{mark}@Example.com"}],
    )
    wanted = made["customer"]["customer_id"]
    async with house.client() as client:
        for query in (
            f"{mark}娜",
            f"欧阳{mark}",
            f"{mark.upper()}娜娜",
            number,
            number[-6:],
            number[3:],
            f"nana.{mark}@example.com",
        ):
            items = (await client.get("/v1/customers", params={"query": query})).json()["items"]
            assert [item["customer_id"] for item in items] == [wanted], query
        assert (await client.get("/v1/customers", params={"query": "查无此人"})).json() == {"items": [], "next": None}
        await client.patch(f"/v1/customers/{wanted}", json={"name": f"欧阳{mark}改名"})
        assert (await client.get("/v1/customers", params={"query": f"{mark}娜"})).json()["items"] == []
        assert len((await client.get("/v1/customers", params={"query": f"{mark}改"})).json()["items"]) == 1


async def test_a_customer_may_have_no_name_and_get_or_lose_one(house: House) -> None:
    customer = (await house.customer())["customer"]["customer_id"]
    async with house.client() as client:
        for name in ("某人", None):
            assert (await client.patch(f"/v1/customers/{customer}", json={"name": name})).json()["customer"][
                "name"
            ] == name


async def test_pages_go_through_everybody_once(house: House) -> None:
    mark = f"页{uuid.uuid4().hex[:6]}"
    for n in range(7):
        await house.customer(name=f"{mark}{n % 3}")
    seen: list[str] = []
    cursor = None
    async with house.client() as client:
        while True:
            params = {"query": mark, "limit": 3} | ({"cursor": cursor} if cursor else {})
            page = (await client.get("/v1/customers", params=params)).json()
            seen += [item["customer_id"] for item in page["items"]]
            if (cursor := page["next"]) is None:
                break
    assert len(seen) == len(set(seen)) == 7


async def test_the_later_of_two_editors_is_told(house: House) -> None:
    made = await house.customer(name="先来")
    customer, version = made["customer"]["customer_id"], made["version"]
    async with house.client() as client:
        first = await client.patch(f"/v1/customers/{customer}", json={"tier": "gold", "version": version})
        second = await client.patch(f"/v1/customers/{customer}", json={"tier": "silver", "version": version})
    assert (first.status_code, second.status_code) == (200, 409)
    assert second.json()["type"] == "urn:ucc:problem:version_conflict"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (
            {"identities": [{"kind": "phone", "value": "13800138000"}, {"kind": "phone", "value": "12"}]},
            "identities.1.value",
        ),
        ({"identities": [{"kind": "pigeon", "value": "x"}]}, "identities.0.kind"),
        ({"tier": "two words"}, "tier"),
        ({"nickname": "x"}, "nickname"),
        ({"name": "a\x00b"}, "name"),
    ],
)
async def test_problems_name_the_field(house: House, body: dict[str, object], field: str) -> None:
    async with house.client() as client:
        answer = await client.post("/v1/customers", json=body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_case_cannot_close_while_a_promised_reply_is_owed(house: House) -> None:
    customer = (await house.customer(name="投诉人"))["customer"]["customer_id"]
    async with house.client(user="u-3") as client:
        body = {"customer_id": customer, "kind": "complaint", "subject": "漏水", "department": "property"}
        case = (await client.post("/v1/cases", json=body)).json()
        assert (case["state"], case["owner"]) == ("open", "a-3")
        path = f"/v1/cases/{case['case_id']}"
        promise = {"text": "三天内答复", "owner": "a-3", "due_at": "2026-11-25T09:00:00Z"}
        case = (await client.post(f"{path}/promises", json=promise)).json()
        assert (
            (await client.post(f"{path}/transitions", json={"to": "waiting"}))
            .json()["type"]
            .endswith("waiting_for_whom")
        )
        waiting = (await client.post(f"{path}/transitions", json={"to": "waiting", "waiting_for": "维修队"})).json()
        assert waiting["waiting_for"] == "维修队"
        assert (await client.post(f"{path}/transitions", json={"to": "answered"})).status_code == 200
        refused = await client.post(f"{path}/transitions", json={"to": "closed"})
        assert (refused.status_code, refused.json()["type"]) == (409, "urn:ucc:problem:promise_owed")
        due = (await client.get("/v1/promises", params={"owner": "a-3", "due_before": "2026-11-26T00:00:00Z"})).json()
        assert [item["case_id"] for item in due["items"]] == [case["case_id"]]
        await client.post(f"/v1/promises/{case['promises'][0]['promise_id']}/keep")
        closed = (await client.post(f"{path}/transitions", json={"to": "closed"})).json()
        assert closed["state"] == "closed"
        reopened = (await client.post(f"{path}/transitions", json={"to": "reopened", "reason": "又漏了"})).json()
        assert reopened["reopened"] == 1
        assert [e["kind"] for e in reopened["entries"]] == [
            "promise",
            "transition",
            "transition",
            "kept",
            "transition",
            "transition",
        ]
        mine = (await client.get("/v1/cases", params={"owner": "a-3", "open": True})).json()["items"]
        assert [item["case_id"] for item in mine] == [case["case_id"]]
