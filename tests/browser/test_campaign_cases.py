"""What a campaign manager and an agent meet beside the smooth day: a preview that dials by itself, a number by hand, an attempt nobody
can tell of, nothing to dial, lists from a spreadsheet and out again, a planner's list, rules after a deal, a callback in quarantine.
"""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
from openpyxl import Workbook
from playwright.async_api import Page, Route, expect

from shared.contracts.dial_requests import CancelCall
from shared.contracts.dial_results import AttemptEnded
from shared.contracts.envelope import Envelope
from shared.contracts.wire import DIAL_REQUESTS, DIAL_RESULTS
from shared.kafka import Producer
from shared.security import Role
from tests.browser.conftest import Opens
from tests.browser.house import TENANT, House, now
from tests.browser.test_campaigns import DIALLED_MS, drafted_campaign, running_campaign, sound
from tests.browser.test_shift import become_available, wrap_up


async def stop(house: House, campaign_id: str) -> None:
    """So that no other test's agent is offered its records."""
    manager = await house.program("luo")
    (await manager.post(f"/api/outbound/campaigns/{campaign_id}/stop", json={})).raise_for_status()


async def talk_and_wrap_up(page: Page) -> None:
    await expect(page.locator(".contact-connected")).to_be_visible(timeout=DIALLED_MS)
    await page.get_by_test_id("end").click()
    await expect(page.get_by_test_id("wrap-up")).to_be_visible()
    await wrap_up(page)


async def test_a_preview_dials_by_itself_and_a_number_by_hand_at_once(open_page: Opens, house: House) -> None:
    desk = await open_page("/agent", "lin")
    page = desk.page
    await become_available(page)
    campaign_id = await running_campaign(
        house, "Counted down", "number,name\n13800003001,冯远\n", preview_seconds=4, dispositions=["resolved"]
    )
    offer = page.locator("[data-offer]")
    await expect(offer.get_by_test_id("dials-in")).to_be_visible(timeout=DIALLED_MS)
    await expect(offer.locator(".offer-who")).to_have_text("冯远")
    await expect(page.locator(".contact-connected")).to_be_visible(timeout=DIALLED_MS)  # nobody pressed anything
    await page.get_by_test_id("end").click()
    await expect(page.get_by_test_id("disposition").locator("option")).to_have_count(
        2
    )  # "choose", and the campaign's one
    await wrap_up(page)
    await stop(house, campaign_id)

    await page.get_by_test_id("dial").click()
    await page.get_by_test_id("dial-number").fill("13800003009")
    await page.get_by_test_id("dial-go").click()
    await expect(page.get_by_test_id("calling")).to_contain_text("Manual", timeout=DIALLED_MS)
    await sound(desk, "desk-manual")
    await talk_and_wrap_up(page)


async def test_an_attempt_nobody_can_tell_of_is_settled_by_a_person(open_page: Opens, house: House) -> None:
    campaign_id = await running_campaign(house, "Nobody can tell", "number,name\n13800003101,蒋明\n", "callback")
    manager = await house.program("luo")
    attempt_id = (await first_attempt(manager, campaign_id))["attempt_id"]
    gateway_id = (await manager.get(f"/api/outbound/campaigns/{campaign_id}")).json()["gateway_id"]
    async with told(house) as tell:
        await tell(DIAL_RESULTS, attempt_id, AttemptEnded(attempt_id, campaign_id, gateway_id, "unknown", now()))
        desk = await open_page(f"/campaigns/{campaign_id}", "luo", lang="zh", theme="dark", width=390, height=844)
        page = desk.page
        await expect(page.get_by_test_id("tab-attempts")).to_contain_text("1", timeout=DIALLED_MS)
        await page.get_by_test_id("tab-attempts").click()
        await expect(page.get_by_test_id("quarantine")).to_contain_text("••3101")
        await sound(desk, "campaign-unknown-390-zh-dark")
        await page.get_by_test_id("settle-cancelled").click()
        await expect(page.get_by_test_id("quarantine")).to_be_hidden()
        await expect(page.locator('[data-attempt][data-outcome="cancelled"]')).to_be_visible()
        await stop(house, campaign_id)
        # the gateway still has it: nobody is left waiting for the agents of other tests
        await tell(DIAL_REQUESTS, campaign_id, CancelCall(attempt_id, campaign_id, gateway_id, "over"))


@asynccontextmanager
async def told(house: House) -> AsyncGenerator[Callable[[str, str, Any], Awaitable[None]]]:
    """Facts of a gateway and requests to it, as they would come by their topics: topic, key, what."""
    producer = Producer(house.ground.kafka_bootstrap_servers)
    await producer.start()

    async def tell(topic: str, key: str, what: Any) -> None:
        await producer.publish(
            topic, Envelope(f"e-{uuid.uuid4().hex}", "/browser-tests", now(), TENANT, key, what), key=key
        )

    try:
        yield tell
    finally:
        await producer.stop()


async def first_attempt(manager: httpx.AsyncClient, campaign_id: str) -> dict[str, Any]:
    """Once the dialler has made it."""
    deadline = time.monotonic() + DIALLED_MS / 1000
    while time.monotonic() < deadline:
        found = (
            (await manager.get(f"/api/outbound/campaigns/{campaign_id}/attempts")).raise_for_status().json()["items"]
        )
        if found:
            return found[0]
        await asyncio.sleep(0.2)
    raise AssertionError("nothing was dialled")


async def test_a_campaign_says_why_nothing_is_dialled(open_page: Opens, house: House) -> None:
    bare = await drafted_campaign(house, "Nothing to dial", "progressive")
    desk = await open_page(f"/campaigns/{bare}", "luo")
    page = desk.page
    said = page.get_by_test_id("hold-up")
    await expect(said).to_contain_text("add a list")
    await page.get_by_test_id("start").click()
    await expect(page.get_by_test_id("state")).to_have_attribute("data-state", "finished", timeout=DIALLED_MS)
    await expect(said).to_contain_text("there is no record")
    await expect(page.get_by_test_id("start")).to_be_visible()  # with a list it may begin again
    await sound(desk, "campaign-nothing")

    alone = await running_campaign(house, "Nobody there", "number\n13800003201\n13800003202\n", "power", ratio=2)
    await page.goto(f"/campaigns/{alone}")
    await expect(said).to_contain_text("no agent who could take a call", timeout=DIALLED_MS)
    await expect(page.locator('[data-figure="due_now"]')).to_have_text("2")
    await page.get_by_test_id("stop").click()
    await page.get_by_test_id("stop-go").click()
    await expect(page.get_by_test_id("state")).to_have_attribute("data-state", "stopped", timeout=1_000)

    spoken = await running_campaign(house, "A dialogue speaks", "number\n13800003301\n", "agentless", entry="100")
    await page.goto(f"/campaigns/{spoken}")
    await expect(page.locator('[data-figure="due_now"]')).to_be_visible(timeout=DIALLED_MS)
    await expect(page.locator('[data-figure="agents"]')).to_be_hidden()
    await stop(house, spoken)


def spreadsheet() -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (("姓名", "手机", "客户编号"), ("韩雪", "13800003401", "X1"), ("杨帆", "13800003402", "X2")):
        sheet.append(row)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


async def test_a_spreadsheet_goes_in_and_comes_out_again(open_page: Opens, house: House, tmp_path: Path) -> None:
    first = await drafted_campaign(house, "From a spreadsheet")
    desk = await open_page(f"/campaigns/{first}?tab=lists", "luo")
    page = desk.page
    sheet = tmp_path / "list.xlsx"
    sheet.write_bytes(spreadsheet())
    await taken(page, sheet)
    await page.get_by_test_id("tab-records").click()
    async with page.expect_download() as downloading:
        await page.get_by_test_id("export").click()
    out = tmp_path / "out.csv"
    out.write_bytes((await (await downloading.value).path()).read_bytes())
    again = await drafted_campaign(house, "And in again")
    await page.goto(f"/campaigns/{again}?tab=lists")
    await taken(page, out)


async def taken(page: Page, path: Path) -> None:
    await page.get_by_test_id("list-file").set_input_files(path)
    await page.get_by_test_id("take").click()
    await expect(page.get_by_test_id("import").locator('[data-count="created"]')).to_have_text("2", timeout=DIALLED_MS)


async def test_a_planners_list_is_a_draft_to_look_at(open_page: Opens, house: House) -> None:
    plan = {
        "plan_id": f"plan-{uuid.uuid4().hex[:8]}", "kind": "marketing", "title": "Planned for November", "made_at": now(),
        "group": "follow-ups", "business_line": "rental", "calls": [{"key": "a", "number": "13800003501", "reason": "续租意向"}],
    }  # fmt: skip
    token = house.ground.token("planner", TENANT, Role.ADMIN, seconds=600)
    async with httpx.AsyncClient(base_url=house.ground.url("outbound"), trust_env=False) as planner:
        told = await planner.post("/v1/plans", json=plan, headers={"authorization": f"Bearer {token}"})
    made = told.raise_for_status().json()
    desk = await open_page("/campaigns", "luo")
    row = desk.page.locator(f'[data-campaign="{made["campaign_id"]}"]')
    await expect(row).to_have_attribute("data-state", "draft")
    await row.get_by_role("link", name="Planned for November").click()
    await desk.page.get_by_test_id("tab-lists").click()
    await expect(desk.page.get_by_test_id("plans")).to_contain_text("Planned for November")


async def test_rules_after_a_deal_are_sentences_checked_in_place(open_page: Opens, house: House) -> None:
    desk = await open_page("/campaigns", "luo")
    page = desk.page
    await page.get_by_test_id("follow-ups").click()
    await expect(page.get_by_test_id("no-rules")).to_be_visible()
    await page.get_by_test_id("new-rule").click()
    await page.get_by_test_id("rule-name").fill("Settled in?")
    await page.get_by_test_id("rule-statuses").fill("signed, renewed")
    await page.get_by_test_id("rule-days").fill("30")
    await page.get_by_test_id("rule-counted").select_option("after_signed")
    await page.get_by_test_id("rule-group").select_option("follow-ups")
    await page.get_by_test_id("rule-reason").fill("{produkt} signed a month ago")
    await page.get_by_test_id("keep-rule").click()
    await expect(page.get_by_test_id("fault-reason")).to_contain_text("A deal has no {produkt}")
    await sound(desk, "follow-up-fault")
    await page.get_by_test_id("rule-reason").fill("{product} signed a month ago")
    await page.get_by_test_id("keep-rule").click()
    sentence = page.get_by_test_id("rule-sentence")
    await expect(sentence).to_contain_text("is signed or renewed, 30 days after it was signed")

    # two people at once: who was slower is told, keeps what they typed, and may go on
    other = await open_page("/campaigns/follow-ups", "gu", lang="zh", theme="dark", width=390, height=844)
    await expect(other.page.get_by_test_id("rule-sentence")).to_contain_text("签约 30 天后")
    await page.get_by_test_id("change").click()
    await page.get_by_test_id("rule-days").fill("14")
    await other.page.get_by_test_id("turn").click()
    await expect(other.page.locator(".rule-off")).to_be_visible()
    await sound(other, "follow-ups-390-zh-dark")
    await page.get_by_test_id("keep-rule").click()
    await expect(page.get_by_test_id("rule-problem")).to_be_visible()
    await expect(page.get_by_test_id("rule-days")).to_have_value("14")
    await page.get_by_test_id("keep-rule").click()
    await expect(sentence).to_contain_text("14 days after it was signed")
    await sound(desk, "follow-ups")
    await page.get_by_test_id("remove").click()
    await page.get_by_test_id("remove-go").click()
    await expect(page.get_by_test_id("no-rules")).to_be_visible()


async def test_a_supervisor_answers_for_a_callback_in_quarantine(open_page: Opens) -> None:
    """The page's part; what a release does is the router's (tests/unit/router)."""
    row = {
        "contact_id": "ct-quarantined", "pool": "main", "origin": None, "group": "repairs", "mode": "agent_first", "by": "customer",
        "asked_at": now(), "queued_at": now(), "attempts_allowed": 3, "state": "quarantined", "attempts": 1, "outcome": "unknown",
    }  # fmt: skip
    asked: list[Any] = []

    async def listed(route: Route) -> None:
        await route.fulfill(json={"items": [] if asked else [row], "total": 0 if asked else 1})

    async def released(route: Route) -> None:
        asked.append(route.request.post_data_json)
        await route.fulfill(status=202, json={"event_id": "e-1"})

    desk = await open_page("/callbacks", "shen")
    page = desk.page
    await page.route(re.compile(r"/api/callbacks\?"), listed)
    await page.route("**/api/callbacks/ct-quarantined/release", released)
    await page.reload()
    await page.get_by_test_id("release").click()
    await sound(desk, "callback-release")
    await page.get_by_test_id("why-log_shows_no_call").click()
    await expect(page.locator("[data-callback]")).to_have_count(0)
    assert asked == [{"why": "log_shows_no_call"}]
