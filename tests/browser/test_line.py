"""The wire between page and console breaks: the page says so, comes back by itself, and has missed nothing."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from urllib.parse import urlsplit

import pytest_asyncio
from playwright.async_api import expect

from tests.browser.conftest import Opens
from tests.browser.house import House, Line
from tests.browser.test_shift import accept, become_available, wrap_up


@pytest_asyncio.fixture
async def line(house: House) -> AsyncGenerator[Line]:
    line = Line(urlsplit(house.console).port or 0)
    yield line
    await line.close()


async def test_nothing_is_lost_when_the_line_breaks(open_page: Opens, house: House, line: Line) -> None:
    desk = await open_page("/agent", "lin", base=await line.open())
    page = desk.page
    await become_available(page)
    visitor = await house.arrives("web", "leases", "visitor-wang", "web", text="First")
    await accept(page)
    badge = page.locator(".line")
    await expect(badge).to_contain_text("Live")

    line.cut()
    await expect(badge).to_contain_text("Reconnecting")
    await desk.picture("line-reconnecting")
    await visitor.write("Written while the line was down")
    await page.get_by_test_id("message").fill("Sent into the dark")
    await page.get_by_test_id("message").press("Enter")
    mine = page.locator(".message-agent")
    await expect(mine.locator(".delivery")).to_have_text("not sent")

    line.mend()
    await expect(badge).to_contain_text("Live")
    await expect(page.get_by_role("log")).to_contain_text("Written while the line was down")
    await mine.get_by_role("button", name="Try again").click()
    await expect(mine.locator(".delivery")).to_have_text("sent")
    await expect(mine).to_have_count(1)
    await page.get_by_test_id("end").click()
    await wrap_up(page)


async def test_a_reload_loses_neither_draft_nor_note(open_page: Opens, house: House) -> None:
    desk = await open_page("/agent", "lin")
    page = desk.page
    await become_available(page)
    await house.arrives("web", "leases", "visitor-wang", "web", text="Hello")
    await accept(page)
    await page.get_by_test_id("message").fill("half a sentence")
    await page.get_by_test_id("note").fill("half a note")
    await page.get_by_test_id("language").click()  # switches in place, which is a reload
    await expect(page.get_by_test_id("end")).to_contain_text("结束会话")
    await expect(page.get_by_test_id("message")).to_have_value("half a sentence")
    await expect(page.get_by_test_id("note")).to_have_value("half a note")
    await page.get_by_test_id("end").click()
    await wrap_up(page)
