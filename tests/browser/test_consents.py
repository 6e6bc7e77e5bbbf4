"""A customer agrees, then refuses: the agent writes it down on the card beside the conversation, the supervisor sees it at once."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.conftest import Opens
from tests.browser.house import House
from tests.browser.test_pages import sound
from tests.browser.test_shift import become_available


async def test_consent_is_given_and_refused_on_the_card(open_page: Opens, house: House) -> None:
    desk = await open_page("/agent", "lin", lang="en")
    page = desk.page
    await become_available(page)
    visitor = await house.arrives("phone", "rental", "+8617400000001", "phone")
    strip = page.get_by_test_id("consents")
    await expect(strip).to_contain_text("neither agreed nor refused")
    await strip.get_by_test_id("consent-give").click()
    await strip.get_by_label("Proof").fill("recording 17")
    await strip.get_by_test_id("consent-keep").click()
    await expect(strip).to_contain_text("Agreed")
    await expect(strip).to_contain_text("recording 17")
    await strip.get_by_test_id("consent-refuse").click()
    await expect(strip).to_contain_text("Takes effect at once")
    await sound(desk, "consents-desk-en-light")
    await strip.get_by_test_id("consent-keep").click()
    await expect(strip.locator(".chip-bad").first).to_have_text("Refused")
    await expect(strip).to_contain_text("Everything but what they asked for")
    await visitor.tell("ContactAbandoned")
    record = await open_page(f"/contacts/{visitor.contact_id}", "shen", lang="zh")
    await record.page.get_by_role("link", name="完整资料").click()
    strip = record.page.get_by_test_id("consents")
    await expect(strip.locator(".chip-bad").first).to_have_text("已拒绝")
    await strip.locator("summary").click()
    await sound(record, "consents-customer-zh-light")
