"""Calls on the pages: asking a colleague before passing on, secure entry, a supervisor's ear; the telephone itself is played."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.conftest import Desk, Opens
from tests.browser.house import House, Visitor, frames
from tests.browser.test_pages import serious_faults
from tests.browser.test_shift import become_available, offer_to

WANG = ("+8617400000001", "phone")


@pytest_asyncio.fixture
async def chen(house: House) -> AsyncGenerator[httpx.AsyncClient]:
    """A colleague who works without a browser, whose page is heard of all the same; comes when asked."""
    agent = await house.program("chen")
    (await agent.post("/api/agent/sign-in", json={"presence": "not_ready"})).raise_for_status()

    async def beat() -> None:
        while True:
            await agent.post("/api/agent/heartbeat")
            await asyncio.sleep(2)

    beating = asyncio.create_task(beat())
    yield agent
    beating.cancel()
    await asyncio.gather(beating, return_exceptions=True)
    await house.end_shift("chen")


async def talks(house: House, desk: Desk) -> Visitor:
    """A caller in conversation with the agent of the page."""
    caller = await house.arrives("phone", "leases", *WANG)
    found: list[dict[str, str]] = []
    async with asyncio.timeout(20):
        async for frame in frames(await house.program("lin")):
            offers = frame["agent"]["offers"] if frame["type"] == "snapshot" else [frame]
            if found := [o for o in offers if o.get("contact_id") == caller.contact_id and "offer_id" in o]:
                break
    await desk.page.get_by_test_id("accept").click()
    await expect(desk.page.locator(".contact-connecting")).to_be_visible()
    await caller.tell("ContactConnected", offer_id=found[0]["offer_id"])
    await expect(desk.page.locator(".contact-connected")).to_be_visible()
    return caller


async def finish(caller: Visitor, page: Page) -> None:
    await caller.tell("ContactEnded", by="customer")
    await expect(page.locator(".contact")).to_have_count(0)


async def ask_chen(page: Page) -> None:
    await page.get_by_test_id("transfer").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Agent", exact=True).check()
    await expect(dialog.get_by_test_id("mode-warm")).to_be_checked()
    await dialog.get_by_test_id("transfer-search").fill("陈静")
    await dialog.get_by_role("radio", name="陈静").check()
    await dialog.get_by_test_id("transfer-go").click()


async def available(agent: httpx.AsyncClient) -> None:
    """As soon as the console knows that they signed in."""
    async with asyncio.timeout(20):
        while (await agent.post("/api/agent/presence", json={"presence": "available"})).status_code == 409:
            await asyncio.sleep(0.1)


async def test_a_colleague_is_asked_joined_and_given_the_customer(
    open_page: Opens, house: House, chen: httpx.AsyncClient
) -> None:
    desk = await open_page("/agent", "lin")
    page = desk.page
    await become_available(page)
    caller = await talks(house, desk)
    await available(chen)
    await page.get_by_test_id("transfer").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Agent", exact=True).check()
    await expect(dialog.locator("li", has_text="陈静")).to_contain_text("Available")
    await desk.picture("transfer-dialog")
    await dialog.get_by_role("button", name="Cancel").click()
    await ask_chen(page)
    offer = await offer_to(chen)
    assert (offer["consult_of"] is not None, offer["from_agent"]) == (True, "a-lin")
    await chen.post(f"/api/offers/{offer['offer_id']}/accept", json={"contact_id": caller.contact_id})
    panel = page.get_by_test_id("consult")
    await expect(panel).to_contain_text("You talk with 陈静")
    await expect(page.get_by_test_id("end")).to_be_disabled()
    await panel.get_by_test_id("join").click()
    await expect(panel).to_contain_text("hear each other")
    await desk.picture("consult-1440")
    assert await serious_faults(page) == []
    await panel.get_by_test_id("hand-over").click()
    await expect(page.get_by_text("The customer was handed over")).to_be_visible()
    await caller.tell("ContactEnded", by="customer")


async def test_a_colleague_who_declines_leaves_the_customer_where_they_are(
    open_page: Opens, house: House, chen: httpx.AsyncClient
) -> None:
    desk = await open_page("/agent", "lin")
    page = desk.page
    await become_available(page)
    caller = await talks(house, desk)
    await available(chen)
    await ask_chen(page)
    offer = await offer_to(chen)
    await chen.post(f"/api/offers/{offer['offer_id']}/reject", json={"contact_id": caller.contact_id})
    await expect(page.get_by_text("declined; the customer is still yours")).to_be_visible()
    await expect(page.get_by_test_id("consult")).to_be_hidden()

    await page.get_by_test_id("secure").click()
    await expect(page.get_by_text("The recording is paused")).to_be_visible()
    await page.reload()
    await desk.drawn()
    await expect(page.get_by_test_id("secure")).to_have_attribute("aria-pressed", "true")  # not forgotten
    await page.keyboard.press("Alt+KeyS")
    await expect(page.get_by_text("The recording is paused")).to_be_hidden()
    await finish(caller, page)


async def test_who_is_asked_sees_by_whom(open_page: Opens, house: House, chen: httpx.AsyncClient) -> None:
    desk = await open_page("/agent", "lin", lang="zh", width=1024)
    page = desk.page
    await become_available(page, ready="就绪", not_ready="未就绪")
    caller = await house.arrives("phone", "leases", *WANG)
    await page.get_by_test_id("reject").click()
    await available(chen)
    offer = await offer_to(chen)
    await chen.post(f"/api/offers/{offer['offer_id']}/accept", json={"contact_id": caller.contact_id})
    await caller.tell("ContactConnected", offer_id=offer["offer_id"])
    await _connected(chen, caller.contact_id)
    body: dict[str, Any] = {"target_kind": "agent", "target": "a-lin", "mode": "warm"}
    (await chen.post(f"/api/contacts/{caller.contact_id}/transfer", json=body)).raise_for_status()
    await expect(page.get_by_test_id("consult-offer")).to_contain_text("陈静")
    await desk.picture("consult-offer-1024-zh")
    await page.get_by_test_id("accept").click()
    await expect(page.get_by_test_id("consult")).to_contain_text("向您咨询")
    await desk.picture("consult-asked-1024-zh")
    await page.get_by_test_id("take-back").click()
    await expect(page.get_by_test_id("consult")).to_be_hidden()
    await caller.tell("ContactEnded", by="customer")


async def _connected(agent: httpx.AsyncClient, contact_id: str) -> None:
    async with asyncio.timeout(20):
        async for frame in frames(agent):
            contacts = frame["agent"]["contacts"] if frame["type"] == "snapshot" else [frame]
            if any(c.get("contact_id") == contact_id and c.get("state") == "connected" for c in contacts):
                return


async def test_a_supervisor_listens_with_one_click_and_to_the_next(
    open_page: Opens, house: House, chen: httpx.AsyncClient
) -> None:
    await available(chen)
    desk = await open_page("/floor", "shen")
    page = desk.page
    await page.locator('[data-agent="a-chen"]').click()
    card = page.get_by_test_id("supervise")
    await expect(card).to_contain_text("No call at this moment")
    await card.get_by_test_id("next").click()
    caller = await house.arrives("phone", "leases", *WANG)
    offer = await offer_to(chen)
    await chen.post(f"/api/offers/{offer['offer_id']}/accept", json={"contact_id": caller.contact_id})
    await caller.tell("ContactConnected", offer_id=offer["offer_id"])
    await expect(page.get_by_test_id("there")).to_contain_text("You listen to 陈静")
    await card.get_by_test_id("supervise-why").select_option("coaching")
    await card.get_by_test_id("whisper").click()
    await expect(page.get_by_test_id("there")).to_contain_text("the customer does not")
    await desk.picture("floor-supervise")
    assert await serious_faults(page) == []
    await caller.tell("ContactEnded", by="customer")
    await expect(page.get_by_text("The call you were in is over")).to_be_visible()
    await expect(page.get_by_test_id("there")).to_be_hidden()


async def test_an_administrator_says_where_a_phone_rings(open_page: Opens) -> None:
    desk = await open_page("/roster?tab=phones", "gu")
    page = desk.page
    row = page.get_by_test_id("phones").locator("tr", has_text="陈静")
    await expect(row).to_contain_text("none")
    await row.get_by_role("button").click()
    await page.get_by_test_id("phone-kind").select_option("outside")
    await page.get_by_test_id("phone-address").fill("+8617400000099")
    await desk.picture("roster-phone")
    await page.get_by_test_id("phone-save").click()
    await expect(row).to_contain_text("+8617400000099")
    assert await serious_faults(page) == []
    await row.get_by_role("button").click()
    await page.get_by_role("button", name="No phone").click()
    await expect(row).to_contain_text("none")


async def test_passed_on_to_an_outside_number_the_sender_sees_what_became_of_it(open_page: Opens, house: House) -> None:
    desk = await open_page("/agent", "lin")
    page = desk.page
    await become_available(page)
    caller = await talks(house, desk)
    await page.get_by_test_id("transfer").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_test_id("to-outside").check()
    await dialog.get_by_test_id("mode-blind").check()
    await dialog.get_by_role("radio", name="Plumber on call").check()
    await expect(dialog).to_contain_text("has the customer once it answers")
    await desk.picture("transfer-outside")
    await dialog.get_by_test_id("transfer-go").click()
    await expect(page.locator(".contact-connected")).to_have_count(0)
    await caller.tell("ContactAbandoned")
    await expect(page.locator(".toast-bad")).to_contain_text("left during the transfer")


async def test_an_outside_number_asked_first_rings_while_the_customer_stays(open_page: Opens, house: House) -> None:
    desk = await open_page("/agent", "lin")
    page = desk.page
    await become_available(page)
    caller = await talks(house, desk)
    await page.get_by_test_id("transfer").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_test_id("to-outside").check()
    await dialog.get_by_test_id("mode-warm").check()
    await dialog.get_by_role("radio", name="Plumber on call").check()
    await dialog.get_by_test_id("transfer-go").click()
    strip = page.get_by_test_id("consult")
    await expect(strip).to_contain_text("Plumber on call is being called")
    await expect(page.get_by_test_id("end")).to_be_disabled()
    await desk.picture("outside-asked-first")
    await page.get_by_test_id("take-back").click()
    await expect(strip).to_be_hidden()
    await expect(page.locator(".contact-connected")).to_have_count(1)
    assert await serious_faults(page) == []
    await caller.tell("ContactAbandoned")
