"""The policy in the pages: looked at, broken and mended, changed by form and by text, published with a choice, planned, rolled back."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Opens
from tests.browser.test_pages import sound

FAR = "2099-05-04T08:00"


async def settled(page: Page) -> None:
    """What is written was checked."""
    await expect(page.get_by_test_id("checked")).not_to_have_text(re.compile("…"))


async def test_a_policy_is_broken_mended_published_and_rolled_back(open_page: Opens) -> None:
    desk = await open_page("/policy", "gu", lang="zh")
    page = desk.page
    text = page.get_by_test_id("document")
    await expect(page.get_by_test_id("picture").locator(".node-group").first).to_be_visible()
    before = await text.input_value()
    await sound(desk, "policy-1440-zh-light")

    await text.fill(before.replace("business_lines:", "bussines_lines:", 1))
    await expect(page.get_by_test_id("faults")).to_contain_text("bussines_lines")
    await expect(page.locator(".gutter .faulty").first).to_be_visible()
    await expect(page.get_by_test_id("publish")).to_be_disabled()
    await sound(desk, "policy-broken-1440-zh-light")
    await text.fill(before)
    await settled(page)

    await page.get_by_test_id("view-group").click()
    target = page.get_by_test_id("target-phone")
    was = await target.input_value()
    await target.fill(str(int(was) + 7))
    await target.blur()
    await expect(text).to_have_value(re.compile(rf"phone: {int(was) + 7}\b"))
    await page.get_by_test_id("view-changes").click()
    await expect(page.get_by_test_id("changes")).to_contain_text(f"{was} → {int(was) + 7}")
    await expect(page.get_by_test_id("changes")).to_contain_text("影响等待者")
    await sound(desk, "policy-changes-1440-zh-light")

    await page.get_by_test_id("publish").click()
    await page.get_by_test_id("note").fill("给新同事多一点时间")
    await expect(page.get_by_test_id("confirm")).to_be_disabled()  # those who wait must be decided about
    await page.get_by_test_id("waiting-apply").check()
    await page.get_by_test_id("confirm").click()
    await expect(page.locator(".toast-done")).to_contain_text("已发布第")

    await page.get_by_test_id("view-versions").click()
    await expect(page.get_by_test_id("versions")).to_contain_text("给新同事多一点时间")
    first = page.get_by_test_id("versions").locator("tbody tr", has_text="browser tests")
    await first.get_by_test_id("rollback").click()
    await page.get_by_test_id("waiting-apply").check()
    await page.get_by_test_id("confirm").click()
    await expect(page.get_by_test_id("versions")).to_contain_text("恢复自第")
    await expect(text).to_have_value(before)


async def test_a_draft_survives_and_a_plan_is_made_and_cancelled(open_page: Opens) -> None:
    first = await open_page("/policy", "gu", lang="en", theme="dark")
    page = first.page
    text = page.get_by_test_id("document")
    await expect(page.get_by_test_id("picture").locator(".node-group").first).to_be_visible()
    before = await text.input_value()
    draft = "rona_alert_after: 7\n" + re.sub(r"(?m)^rona_alert_after:.*\n", "", before)
    await text.fill(draft)
    await expect(page.get_by_test_id("saved")).to_contain_text(re.compile(r"\d\d:\d\d"))  # on the server

    second = (await open_page("/policy", "gu", lang="en", theme="dark")).page
    await expect(second.get_by_test_id("document")).to_have_value(draft)  # another browser, the same person
    await settled(second)
    await second.get_by_test_id("publish").click()
    await second.get_by_test_id("note").fill("For the holiday")
    await second.get_by_test_id("later").check()
    await second.get_by_test_id("at").fill(FAR)
    await second.get_by_test_id("confirm").click()
    await expect(second.get_by_test_id("plans")).to_contain_text("For the holiday")
    await second.get_by_test_id("cancel-plan").first.click()
    await expect(second.get_by_test_id("plans")).to_contain_text("cancelled")
    await expect(second.get_by_test_id("document")).to_have_value(before)


async def test_a_node_shows_what_hangs_on_it(open_page: Opens) -> None:
    page = (await open_page("/policy", "shen", lang="en")).page
    node = page.get_by_test_id("picture").locator(".node-group").first
    await node.focus()
    await page.keyboard.press("Enter")
    await expect(node).to_have_attribute("aria-pressed", "true")
    await expect(page.get_by_test_id("picture").locator(".node-skill.on").first).to_be_visible()
    await expect(
        page.get_by_test_id("publish")
    ).to_be_hidden()  # a supervisor writes drafts, an administrator publishes


@pytest.mark.parametrize(("width", "lang", "theme"), [(1024, "zh", "dark"), (390, "en", "light")])
async def test_the_policy_fits(open_page: Opens, width: int, lang: str, theme: str) -> None:
    desk = await open_page("/policy", "shen", lang=lang, theme=theme, width=width)
    await expect(desk.page.get_by_test_id("picture").locator(".node-group").first).to_be_visible()
    await sound(desk, f"policy-{width}-{lang}-{theme}")
    for view in ("hours", "relaxation", "group"):
        await desk.page.get_by_test_id(f"view-{view}").click()
        await sound(desk, f"policy-{view}-{width}-{lang}-{theme}")
