"""Call plans and deals become records once, however often they are told, with their lineage and what the agent says."""

from __future__ import annotations

import json
import uuid
from typing import Any

import asyncpg
import pytest

from services.outbound.domain.contact_ledger import DAY
from shared.contracts.call_plans import CallPlanned, PlannedCall
from shared.contracts.crm_records import DealRecorded
from shared.contracts.envelope import Envelope
from shared.contracts.wire import CALL_PLANS, CRM_RECORDS, dump_data
from shared.security import Role
from tests.integration.outbound.conftest import House, until

JSON = {"content-type": "application/json"}


def planned(house: House, *calls: PlannedCall, **fields: Any) -> CallPlanned:
    plan_id = fields.pop("plan_id", f"plan-{uuid.uuid4().hex[:8]}")
    given = {"kind": "marketing", "title": "续租推荐", "made_at": house.now(), "group": "sales-out", "business_line": "sales",
             "lineage": "association 2026-11"} | fields  # fmt: skip
    return CallPlanned(plan_id, calls=calls, **given)


async def records(house: House, campaign_id: str) -> list[asyncpg.Record]:
    return await house.owner.fetch(
        "SELECT * FROM outbound.records WHERE tenant_id = $1 AND campaign_id = $2 ORDER BY source_key",
        house.tenant,
        campaign_id,
    )


async def test_a_plan_becomes_a_draft_and_its_pages_are_taken_once(house: House) -> None:
    house.neighbours.reachable["cu-7"] = {
        "customer_id": "cu-7",
        "name": "王芳",
        "language": "yue",
        "numbers": ["+8613800000107"],
    }
    first = planned(
        house,
        PlannedCall("a", number="138 0000 0101", name="李明", reason="合同下月到期", evidence="12 % of sales, n=412", value=4200),
        PlannedCall("b", customer_id="cu-7", suggestion="阳光花园", priority=9),
        PlannedCall("c", customer_id="cu-8"), PlannedCall("d", number="12"), PlannedCall("e"),
        PlannedCall("f", number="13800000101"),
        pages=2,
    )  # fmt: skip
    second = planned(house, PlannedCall("g", number="13800000102"), plan_id=first.plan_id, page=1, pages=2)
    async with house.client(Role.SERVICE) as client:

        async def say(plan: CallPlanned) -> dict[str, Any]:
            answer = await client.post(
                "/v1/plans", params={"tenant": house.tenant}, content=dump_data(plan), headers=JSON
            )
            assert answer.status_code == 201, answer.text
            return answer.json()

        told = await say(first)
        assert (told["created"], told["duplicates"]) == (2, 1)
        assert {each["key"]: each["code"] for each in told["refused"]} == {
            "c": "no_customer", "d": "unusable_number", "e": "no_number",
        }  # fmt: skip
        assert [(await say(page))["created"] for page in (second, first, second)] == [1, 0, 0]
    there = await records(house, told["campaign_id"])
    assert [row["source_key"].rpartition("/")[2] for row in there] == ["a", "b", "g"]
    payload = json.loads(there[0]["payload"])
    assert payload["reason"] == "合同下月到期"
    assert payload["lineage"] == {
        "plan": first.plan_id,
        "title": "续租推荐",
        "entry": "a",
        "analysis": "association 2026-11",
    }
    assert (there[1]["customer_id"], there[1]["language"], there[1]["priority"]) == ("cu-7", "yue", 9)
    async with house.client() as client:
        campaign = (await client.get(f"/v1/campaigns/{told['campaign_id']}")).json()
        assert (campaign["state"], campaign["purpose"], campaign["gateway_id"]) == ("draft", "marketing", "gw-1")
        (plan,) = (await client.get("/v1/plans", params={"campaign": told["campaign_id"]})).json()["items"]
        assert (plan["pages"], plan["pages_there"], plan["calls"], plan["created"]) == (2, 2, 7, 3)


async def test_a_plan_on_the_topic_fills_a_campaign_it_names(house: House) -> None:
    campaign_id = await house.campaign(state="draft")
    plan = planned(
        house,
        PlannedCall("a", number="13800000111", promised="周五前答复"),
        kind="promised_reply",
        campaign=campaign_id,
    )
    for _ in range(2):
        told = Envelope(f"e-{uuid.uuid4().hex}", "/planner", 0, house.tenant, plan.plan_id, plan)
        await house.producer.publish(CALL_PLANS, told, key=plan.plan_id)
    (record,) = await until(lambda: records(house, campaign_id))
    assert record["requested_at"] == plan.made_at
    assert json.loads(record["payload"])["promised"] == "周五前答复"


async def test_plans_that_cannot_be(house: House) -> None:
    async with house.client() as client:
        lost = planned(house, PlannedCall("a", number="13800000121"), campaign="nowhere")
        assert (await client.post("/v1/plans", content=dump_data(lost), headers=JSON)).status_code == 404
        assert (await client.post("/v1/plans", json={"plan_id": "p"})).status_code == 422
        bare = planned(house, PlannedCall("a", number="13800000122"), group=None)
        made = (await client.post("/v1/plans", content=dump_data(bare), headers=JSON)).json()
        refused = await client.post(f"/v1/campaigns/{made['campaign_id']}/ready")
        assert (refused.status_code, refused.json()["type"]) == (409, "urn:ucc:problem:incomplete")
    house.neighbours.profile_away = True
    try:
        async with house.client() as client:
            away = planned(house, PlannedCall("a", customer_id="cu-9"))
            assert (await client.post("/v1/plans", content=dump_data(away), headers=JSON)).status_code == 503
    finally:
        house.neighbours.profile_away = False


# ---- deals


async def rules(house: House, *wanted: dict[str, Any], status: int = 200) -> dict[str, Any]:
    async with house.client() as client:
        version = (await client.get("/v1/follow-up-rules")).json()["version"]
        answer = await client.put("/v1/follow-up-rules", json={"rules": list(wanted), "version": version})
        assert answer.status_code == status, answer.text
        return answer.json()


async def tell(house: House, *deals: DealRecorded) -> None:
    for deal in deals:
        told = Envelope(f"e-{uuid.uuid4().hex}", "/crm", 0, house.tenant, deal.customer_key, deal)
        await house.producer.publish(CRM_RECORDS, told, key=deal.customer_key)


def deal(house: House, key: str, customer: str, **fields: Any) -> DealRecorded:
    given = {
        "business_line": "rental",
        "product": "阳光花园 3-2-501",
        "status": "signed",
        "revised_at": house.now(),
    } | fields
    return DealRecorded("crm", key, customer, **given)


RULE = {"rule_id": "after-signing", "title": "签约回访", "reason": "{product} 签约满三天，回访是否满意", "days": 3, "statuses": ["signed"],
        "promised": "有问题当天答复", "group": "sales-out"}  # fmt: skip


async def follow_ups(house: House, key: str) -> list[asyncpg.Record]:
    return await house.owner.fetch(
        "SELECT * FROM outbound.follow_ups WHERE tenant_id = $1 AND deal_key = $2 ORDER BY rule_id", house.tenant, key
    )


async def test_a_deal_opens_one_follow_up_however_often_it_is_told(house: House) -> None:
    house.neighbours.reachable |= {
        key: {"customer_id": f"cu-{key}", "name": "赵敏", "language": None, "numbers": ["+8613800000131"]}
        for key in ("K1",)
    }
    await rules(house, RULE, {**RULE, "rule_id": "before-end", "title": "续约", "counted_from": "ends", "days": -30})
    old = house.now() - 5 * DAY
    signed = deal(house, "D1", "K1", revised_at=old)
    also = deal(house, "D2", "K1", revised_at=old)  # another deal of the same customer
    later = deal(house, "D3", "K1")  # due in three days
    await tell(house, signed, signed, also, later, signed)

    async def both() -> list[asyncpg.Record]:
        found = [*await follow_ups(house, "D1"), *await follow_ups(house, "D2")]
        return found if [row["state"] for row in found] == ["opened", "opened"] else []

    opened = await until(both)
    await tell(house, deal(house, "D1", "K1", revised_at=old + 1), deal(house, "D1", "K1", revised_at=old - 1))
    await tell(house, deal(house, "D3", "K1", status="cancelled", revised_at=house.now() + 1))

    async def dropped() -> bool:
        return [row["state"] for row in await follow_ups(house, "D3")] == ["dropped"]

    await until(dropped)  # D3 was told last: everything before it has been heard
    there = await records(house, opened[0]["campaign_id"])
    assert len(there) == 2
    payload = json.loads(there[0]["payload"])
    assert payload["reason"] == "阳光花园 3-2-501 签约满三天，回访是否满意"
    assert payload["promised"] == "有问题当天答复"
    assert payload["lineage"] == {"rule": "after-signing", "source": "crm", "deal": "D1"}
    async with house.client() as client:
        campaign = (await client.get(f"/v1/campaigns/{opened[0]['campaign_id']}")).json()
        assert (campaign["state"], campaign["purpose"], campaign["title"]) == ("draft", "service_followup", "签约回访")
        listed = (await client.get("/v1/follow-ups", params={"state": "dropped"})).json()["items"]
        assert [(row["deal_key"], row["reason"]) for row in listed] == [("D3", "deal_changed")]


async def test_a_customer_nobody_knows_yet_is_looked_for_again(house: House) -> None:
    await rules(house, RULE)
    await tell(house, deal(house, "D9", "K9", revised_at=house.now() - 5 * DAY))

    async def looked() -> bool:
        return [row["reason"] for row in await follow_ups(house, "D9")] == ["no_customer"]

    await until(looked)
    house.neighbours.reachable["K9"] = {
        "customer_id": "cu-K9",
        "name": None,
        "language": None,
        "numbers": ["+8613800000139"],
    }
    await house.owner.execute("UPDATE outbound.follow_ups SET look_again_at = 0 WHERE deal_key = 'D9'")

    async def opened() -> bool:
        return [row["state"] for row in await follow_ups(house, "D9")] == ["opened"]

    await until(opened)


@pytest.mark.parametrize(
    "wrong",
    [{**RULE, "reason": "{shoe}"}, {**RULE, "promised": "{"}, {**RULE, "days": 99999}, {**RULE, "campaign": "nowhere"}],
)
async def test_rules_that_cannot_be(house: House, wrong: dict[str, Any]) -> None:
    await rules(house, wrong, status=404 if "campaign" in wrong else 422)
