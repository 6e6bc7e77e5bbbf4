"""Two agents' pages at once: a consultation handed over, a conference, a colleague's note; parked chats; stars in the widget."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.browser.conftest import Opens
from tests.browser.house import House
from tests.browser.test_chat import Visits, site, visit  # noqa: F401
from tests.browser.test_pages import serious_faults
from tests.browser.test_shift import accept, become_available, wrap_up

LI = ("visitor-company", "web")


async def ask(page: Page, colleague: str, mode: str) -> None:
    """Open the dialog and ask somebody in person."""
    await page.get_by_test_id("transfer").click()
    await page.get_by_test_id("to-agent").check()
    await page.get_by_test_id("transfer-search").fill(colleague)
    await page.get_by_role("radio", name=colleague).check()
    await page.get_by_test_id(f"mode-{mode}").check()


async def test_a_consultation_between_two_pages_is_handed_over(open_page: Opens, house: House) -> None:
    lin, chen = await open_page("/agent", "lin"), await open_page("/agent", "chen")
    await become_available(lin.page)
    visitor = await house.arrives("web", "leases", *LI, text="About my deposit")
    await accept(lin.page)
    await become_available(chen.page)
    await ask(lin.page, "陈静", "warm")
    await lin.picture("company-ask")
    await lin.page.get_by_test_id("transfer-go").click()
    await expect(lin.page.get_by_test_id("consult")).to_contain_text("陈静")
    await expect(chen.page.locator("[data-offer]")).to_be_visible()
    await chen.page.get_by_test_id("accept").click()
    await expect(chen.page.get_by_role("log")).to_contain_text("About my deposit")
    await expect(chen.page.get_by_test_id("message")).to_be_disabled()  # the customer is Lin's

    await chen.page.get_by_test_id("aside").check()  # a word between the two; the customer never sees it
    await chen.page.get_by_test_id("message").fill("Two months, see the contract.")
    await chen.page.get_by_test_id("send").click()
    await expect(lin.page.locator(".message-aside")).to_contain_text("Two months, see the contract.")
    await expect(lin.page.locator(".message-aside")).to_contain_text("colleagues only")
    await lin.picture("company-consulting")

    await lin.page.get_by_test_id("hand-over").click()
    await expect(chen.page.locator(".contact-connected")).to_be_visible()
    await wrap_up(lin.page)
    await chen.page.get_by_test_id("aside").uncheck() if await chen.page.get_by_test_id("aside").is_visible() else None
    await chen.page.get_by_test_id("message").fill("Good day, this is Chen.")
    await chen.page.get_by_test_id("message").press("Enter")
    await visitor.write("Thank you")
    await expect(chen.page.get_by_role("log")).to_contain_text("Thank you")


async def test_in_a_conference_both_write_and_leaving_hands_over(open_page: Opens, house: House) -> None:
    lin, chen = await open_page("/agent", "lin"), await open_page("/agent", "chen", lang="zh")
    await become_available(lin.page)
    await house.arrives("web", "leases", *LI, text="Both of you, please")
    await accept(lin.page)
    await become_available(chen.page, ready="就绪", not_ready="未就绪")
    await ask(lin.page, "陈静", "conference")
    assert await serious_faults(lin.page) == []
    await lin.page.get_by_test_id("transfer-go").click()
    await chen.page.get_by_test_id("accept").click()
    await expect(lin.page.get_by_test_id("consult")).to_contain_text("in the chat together")
    await chen.page.get_by_test_id("message").fill("I am here too.")
    await chen.page.get_by_test_id("message").press("Enter")
    await expect(lin.page.get_by_role("log")).to_contain_text("I am here too.")
    await chen.picture("company-conference")
    await lin.page.get_by_test_id("hand-over").click()
    await expect(chen.page.locator(".contact-connected")).to_be_visible()
    await wrap_up(lin.page)


async def test_a_silent_customer_s_chat_is_parked_and_comes_back(open_page: Opens, house: House) -> None:
    desk = await open_page("/agent", "lin")
    page = desk.page
    await become_available(page)
    visitor = await house.arrives("web", "advice", *LI, text="One moment")
    await accept(page)
    await page.get_by_test_id("message").fill("Take your time.")
    await page.get_by_test_id("message").press("Enter")
    await expect(page.locator(".contact-parked")).to_be_visible()
    await expect(page.locator(".contact-parked")).to_contain_text("waiting for the customer")
    await expect(page.get_by_test_id("awaited")).to_contain_text("takes no load")
    assert await serious_faults(page) == []
    await desk.picture("chat-parked")

    await visitor.write("Here I am again")
    await expect(page.locator(".contact-connected")).to_be_visible()  # no new offer
    await expect(page.get_by_role("log")).to_contain_text("Here I am again")
    await page.get_by_test_id("end").click()
    await expect(page.get_by_text("Nothing in hand.")).to_be_visible()


async def test_a_colleague_reads_along_and_helps(open_page: Opens, house: House) -> None:
    lin = await open_page("/agent", "lin")
    await become_available(lin.page)
    visitor = await house.arrives("web", "leases", *LI, text="How many rooms?")
    await accept(lin.page)
    chen = await open_page(f"/contacts/{visitor.contact_id}", "chen")
    chen.agent = None  # she has no shift: she only looks in
    await chen.page.get_by_test_id("stand-by").click()
    await expect(lin.page.get_by_test_id("company")).to_contain_text("陈静")
    await chen.page.get_by_test_id("note-text").fill("Three, with a balcony.")
    await chen.page.get_by_test_id("note-send").click()
    await expect(lin.page.locator(".message-aside")).to_contain_text("Three, with a balcony.")
    assert await serious_faults(chen.page) == []
    await chen.picture("company-stand-by")
    await chen.page.get_by_test_id("leave").click()
    await expect(lin.page.get_by_test_id("company")).to_be_hidden()
    await lin.page.get_by_test_id("end").click()
    await wrap_up(lin.page)


async def test_a_visitor_says_how_it_was(open_page: Opens, visit: Visits) -> None:  # noqa: F811
    desk = await open_page("/agent", "lin")
    await become_available(desk.page)
    visitor = await visit(width=390, height=844)
    await visitor.says("Is the flat still free?")
    await accept(desk.page)
    await desk.page.get_by_test_id("message").fill("It is.")
    await desk.page.get_by_test_id("message").press("Enter")
    await expect(visitor.log).to_contain_text("It is.")
    await desk.page.get_by_test_id("end").click()
    star = visitor.page.get_by_role("button", name="4 of 5")
    await expect(star).to_be_visible()
    await visitor.picture("rating-phone")
    await star.click()
    await expect(visitor.page.get_by_text("Thank you, we have your answer.")).to_be_visible()
    await expect(desk.page.get_by_test_id("rating")).to_contain_text("4.0")
    await desk.picture("rating-bar")
    await wrap_up(desk.page)
    await visitor.page.reload()
    await expect(visitor.log).to_contain_text("It is.")
    await expect(star).to_be_hidden()  # asked once
