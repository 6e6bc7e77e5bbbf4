"""An agent's shift in a real browser: every outcome an offer can have, a conversation, a case with a promise, wrap-up."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest_asyncio
from fpdf import FPDF
from playwright.async_api import Page, expect

from tests.browser.conftest import Desk, Opens
from tests.browser.house import PASSWORD, SHARED_NUMBER, TENANT, House, frames

WANG = ("visitor-wang", "web")


@pytest_asyncio.fixture
async def desk(open_page: Opens) -> Desk:
    """The agent's page, available."""
    desk = await open_page("/agent", "lin")
    await become_available(desk.page)
    return desk


async def become_available(page: Page, *, ready: str = "Available", not_ready: str = "Not ready") -> None:
    await expect(page.get_by_test_id("presence-word")).to_contain_text(not_ready)
    await page.get_by_test_id("back-available").click()
    await expect(page.get_by_test_id("presence-word")).to_have_text(ready)


async def accept(page: Page) -> None:
    await page.get_by_test_id("accept").click()
    await expect(page.locator(".contact-connected")).to_be_visible()


async def wrap_up(page: Page, disposition: str = "resolved") -> None:
    await page.get_by_test_id("disposition").select_option(disposition)
    await page.get_by_test_id("wrap-up-done").click()
    await expect(page.get_by_test_id("wrap-up")).to_be_hidden()


async def test_a_shift_from_sign_in_to_wrap_up(open_page: Opens, house: House) -> None:
    desk = await open_page("/agent")
    page, desk.agent = desk.page, "lin"
    await expect(page).to_have_url(re.compile(r"/sign-in\?next=/agent$"))
    await page.get_by_label("Organisation").fill(TENANT)
    await page.get_by_label("User").fill("lin")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_test_id("sign-in").click()
    await become_available(page)

    visitor = await house.arrives("web", "leases", *WANG, text="Can I renew my lease?")
    offer = page.locator("[data-offer]")
    await expect(offer).to_contain_text("王芳")
    await expect(offer).to_contain_text("Leases and renewals")
    await expect(page.get_by_test_id("pop-name")).to_have_text("王芳")  # who it is, before the answer
    await expect(page.get_by_test_id("announcement")).to_contain_text("Offer: Web, Leases and renewals")
    assert "☎" in await page.title()
    await offer.get_by_role("button", name="why me?").click()
    await expect(page.get_by_test_id("why")).to_contain_text("林晓")
    await desk.picture("shift-offer")
    accept_box = await page.get_by_test_id("accept").bounding_box()
    reject_box = await page.get_by_test_id("reject").bounding_box()
    assert accept_box is not None
    assert reject_box is not None
    assert reject_box["x"] - accept_box["x"] - accept_box["width"] >= 16, "accept and reject stand apart"
    await accept(page)
    assert "☎" not in await page.title()

    await expect(page.get_by_role("log")).to_contain_text("Can I renew my lease?")
    await page.get_by_test_id("message").fill("Of course. For how long?")
    await page.get_by_test_id("message").press("Enter")
    mine = page.locator(".message-agent")
    await expect(mine).to_contain_text("Of course. For how long?")
    await expect(mine.locator(".delivery")).to_have_text("sent")
    await visitor.write("One year, please.")
    await expect(page.get_by_role("log")).to_contain_text("One year, please.")

    await page.get_by_test_id("note").fill("Call back 17400000001 on 2026-12-03")
    await expect(page.get_by_test_id("note-state")).to_contain_text("Saved")
    await expect(page.locator(".readback")).to_contain_text("174 0000 0001")
    await expect(page.locator(".readback")).to_contain_text("Thursday")

    await page.get_by_test_id("new-case").click()
    await page.get_by_label("Subject *").fill("Renew the lease for one year")
    await page.get_by_test_id("case-promise").fill("Send the contract")
    await page.get_by_test_id("case-create").click()
    case = page.get_by_test_id("case")
    await expect(case).to_contain_text("Renew the lease for one year")
    await expect(case).to_contain_text("Send the contract")
    await desk.picture("shift-case")

    await page.get_by_test_id("end").click()
    await expect(page.get_by_test_id("wrap-up")).to_be_visible()
    await expect(page.get_by_test_id("presence-word")).to_have_text("Available")
    await desk.picture("shift-wrap-up")
    await page.get_by_test_id("extend").click()
    await expect(page.get_by_test_id("extend")).to_contain_text("1 left")
    await page.get_by_test_id("reason").select_option("contract")
    await wrap_up(page, "promised")
    await expect(page.get_by_text("Nothing in hand.")).to_be_visible()

    await page.goto(f"/contacts/{visitor.contact_id}")
    await expect(page.get_by_test_id("life")).to_contain_text("Wrap-up finished")


async def test_a_case_with_an_open_promise_cannot_be_closed(desk: Desk, house: House) -> None:
    page = desk.page
    await house.arrives("web", "leases", *WANG, text="About my boiler")
    await accept(page)
    await page.get_by_test_id("new-case").click()
    await page.get_by_label("Subject *").fill("Boiler is cold")
    await page.get_by_test_id("case-promise").fill("Plumber comes")
    await page.get_by_test_id("case-create").click()
    case = page.get_by_test_id("case")
    step = case.get_by_label("Next step")
    for to in ("answered", "closed"):
        await step.select_option(to)
        await case.get_by_role("button", name="Move").click()
        if to == "answered":
            await expect(case.locator(".chip").first).to_have_text("answered")
    await expect(page.locator(".toast-bad")).to_contain_text("A promised reply is still owed")
    await case.get_by_role("button", name="Kept").click()
    await expect(case.get_by_text("kept", exact=True)).to_be_visible()
    await step.select_option("closed")
    await case.get_by_role("button", name="Move").click()
    await expect(case.locator(".chip").first).to_have_text("closed")
    await page.get_by_test_id("end").click()
    await wrap_up(page)


async def test_rejecting_leaves_the_agent_available(desk: Desk, house: House) -> None:
    page = desk.page
    caller = await house.arrives("phone", "repairs", "+8617400000001", "phone")
    await page.get_by_test_id("reject").click()
    await expect(page.locator("[data-offer]")).to_have_count(0)
    await caller.tell("ContactAbandoned")
    await expect(page.get_by_test_id("presence-word")).to_have_text("Available")


async def test_a_missed_offer_makes_not_ready_and_one_press_leads_back(desk: Desk, house: House) -> None:
    page = desk.page
    caller = await house.arrives("phone", "repairs", "+8617400000001", "phone")
    await expect(page.locator("[data-offer]")).to_be_visible()
    await expect(page.get_by_test_id("missed")).to_contain_text("You missed an offer")
    await expect(page.get_by_test_id("presence-word")).to_have_text("Not ready · no answer")
    await desk.picture("shift-missed")
    await caller.tell("ContactAbandoned")
    await page.get_by_test_id("back-available").click()
    await expect(page.get_by_test_id("presence-word")).to_have_text("Available")
    await expect(page.get_by_test_id("missed")).to_be_hidden()


async def test_a_pause_chosen_while_handling_is_pending_and_shown(desk: Desk, house: House) -> None:
    page = desk.page
    await house.arrives("web", "leases", *WANG, text="Hello")
    await accept(page)
    await page.get_by_test_id("presence").click()
    await page.locator('[data-reason="break"]').click()
    await expect(page.get_by_test_id("pending")).to_have_text("then: Break")
    await page.get_by_test_id("end").click()
    await wrap_up(page)
    await expect(page.get_by_test_id("presence-word")).to_have_text("Not ready · Break")


async def test_candidates_are_asked_about_and_an_unknown_is_created(desk: Desk, house: House) -> None:
    page = desk.page
    caller = await house.arrives("phone", "repairs", SHARED_NUMBER, "phone")
    candidates = page.get_by_test_id("candidates")
    await expect(candidates).to_contain_text("李强")
    await expect(candidates).to_contain_text("李小梅")
    await expect(page.get_by_test_id("pop-name")).not_to_have_text("李强")
    await page.get_by_test_id("accept").click()
    await candidates.get_by_role("listitem").filter(has_text="李小梅").get_by_role("button").click()
    await expect(page.get_by_test_id("pop-name")).to_have_text("李小梅")
    await caller.tell("ContactEnded", by="customer")
    await expect(page.get_by_text("Nothing in hand.")).to_be_visible()

    await house.arrives("web", "leases", "visitor-nobody", "web", text="Hello, I am new")
    await accept(page)
    await page.get_by_test_id("create-customer").click()
    await page.get_by_label("Name *").fill("赵新")
    await page.get_by_role("button", name="Create customer").last.click()
    await expect(page.get_by_test_id("pop-name")).to_have_text("赵新")
    await page.get_by_test_id("end").click()
    await wrap_up(page)


async def test_a_fax_is_read_page_by_page(desk: Desk, house: House) -> None:
    page = desk.page
    await house.gateway.fax(
        two_pages(), {"business_line": "rental", "group": "leases", "from": "+862190000001", "to": "+862190009999"}
    )
    await accept(page)
    await expect(page.get_by_text("page 1 of 2")).to_be_visible()
    await expect(page.get_by_test_id("fax-page")).to_have_js_property("complete", True)
    await page.get_by_role("button", name="Next page").click()
    await expect(page.get_by_text("page 2 of 2")).to_be_visible()
    assert (
        await page.get_by_test_id("fax-page").evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    )
    await desk.picture("shift-fax")
    await page.get_by_test_id("fax-text").click()
    await expect(page.get_by_test_id("fax-words")).to_have_text(re.compile(r"\S"))
    await page.get_by_test_id("fax-text").click()
    await answer_by_fax(desk)
    await page.get_by_test_id("end").click()
    await expect(page.get_by_text("Nothing in hand.")).to_be_visible()


async def answer_by_fax(desk: Desk) -> None:
    """A wrong number is said beside the letter; then it is looked at, sent, and its delivery seen."""
    page = desk.page
    await page.get_by_test_id("fax-answer").click()
    await page.get_by_test_id("letter-title").fill("Your lease")
    await page.get_by_test_id("letter-body").fill("Dear customer,\n\nthe lease is on its way to you.")
    await page.get_by_test_id("letter-to").fill("twelve")
    await page.get_by_test_id("letter-preview").click()
    await expect(page.get_by_test_id("letter-problem")).to_contain_text("not a number")
    await page.get_by_test_id("letter-to").fill("")
    await page.get_by_test_id("letter-preview").click()
    await expect(page.get_by_test_id("fax-preview-shown")).to_be_visible(timeout=30_000)
    await expect(page.get_by_test_id("fax-page")).to_have_attribute("src", re.compile("^data:image/png"))
    await desk.picture("shift-fax-answer")
    await page.get_by_test_id("letter-send").click()
    await expect(page.get_by_test_id("fax-sent")).to_contain_text("Delivered", timeout=60_000)
    await expect(page.get_by_test_id("fax-sent")).to_contain_text("***0001")
    await expect(page.get_by_test_id("fax-files")).to_be_visible()


async def test_a_transfer_is_seen_through_to_its_outcome(desk: Desk, house: House) -> None:
    page = desk.page
    chen = await house.program("chen")
    assert (await chen.post("/api/agent/sign-in", json={"presence": "not_ready", "reason": "break"})).is_success
    visitor = await house.arrives("web", "leases", *WANG, text="I want 陈静")
    await accept(page)
    assert (await chen.post("/api/agent/presence", json={"presence": "available"})).is_success
    await page.get_by_test_id("transfer").click()
    await page.get_by_label("Agent", exact=True).check()
    await page.get_by_test_id("transfer-search").fill("陈")
    await page.get_by_label("陈静 Chen Jing").check()
    await page.get_by_test_id("transfer-go").click()
    offer = await offer_to(chen)
    assert offer["contact_id"] == visitor.contact_id
    await chen.post(f"/api/offers/{offer['offer_id']}/accept", json={"contact_id": visitor.contact_id})
    await expect(page.locator(".toast-done")).to_contain_text("answered by 陈静")
    await visitor.tell("ContactEnded", by="customer")
    await house.end_shift("chen")


async def test_the_keyboard_alone_does_a_whole_contact(desk: Desk, house: House) -> None:
    page = desk.page
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_contain_text("Accept the offer")
    await page.keyboard.press("Escape")
    await house.arrives("web", "leases", *WANG, text="By keyboard")
    await expect(page.locator("[data-offer]")).to_be_visible()
    await page.keyboard.press("Alt+a")
    await expect(page.locator(".contact-connected")).to_be_visible()
    await page.keyboard.press("Alt+m")
    await page.keyboard.type("Hello?")
    await page.keyboard.press("Enter")
    await expect(page.locator(".message-agent")).to_contain_text("Hello?")
    await page.keyboard.press("Alt+n")
    await page.keyboard.type("typed")
    await expect(page.get_by_test_id("note")).to_have_value("typed")
    await page.keyboard.press("Alt+x")
    await expect(page.get_by_test_id("wrap-up")).to_be_visible()
    await page.keyboard.press("Alt+w")
    await page.keyboard.press("Tab")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("wrap-up")).to_be_hidden()


async def offer_to(agent: httpx.AsyncClient) -> dict[str, Any]:
    """The first offer on an agent's stream."""
    async for frame in frames(agent):
        if frame["type"] == "offer":
            return frame
        if frame["type"] == "snapshot" and frame["agent"]["offers"]:
            return frame["agent"]["offers"][0]
    raise AssertionError("the stream ended without an offer")


def two_pages() -> bytes:
    document = FPDF()
    document.set_font("Helvetica", size=24)
    for number in (1, 2):
        document.add_page()
        document.cell(text=f"Lease, page {number}")
    return bytes(document.output())
