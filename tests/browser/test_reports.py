"""A supervisor reads the day: figures with their formulas, agents, contacts, files; at a desk and on a telephone."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import AsyncGenerator

import httpx
import pytest_asyncio
from playwright.async_api import Page, Route, expect

from tests.browser.conftest import Desk, Opens
from tests.browser.house import House, frames
from tests.browser.test_pages import serious_faults
from tests.browser.test_shift import offer_to

COUNTED_MS = 30_000
"""The reports process looks once a second; on a loaded machine it may take a while."""


@pytest_asyncio.fixture
async def a_day(house: House) -> AsyncGenerator[httpx.AsyncClient]:
    """One customer served, one who left."""
    chen = await house.program("chen")
    (await chen.post("/api/agent/sign-in", json={"presence": "available"})).raise_for_status()
    visitor = await house.arrives("web", "leases", "visitor-wang", "web", text="About my lease")
    offer = await offer_to(chen)
    await _serve(chen, offer["offer_id"], visitor.contact_id)
    await house.end_shift("chen")
    lost = await house.arrives("web", "leases", "visitor-new", "web", text="Hello?")
    await _queued(await house.program("shen"), lost.contact_id)
    await lost.tell("ContactAbandoned")
    yield chen


async def _serve(agent: httpx.AsyncClient, offer_id: str, contact_id: str) -> None:
    """Accept, talk, end, and write the code."""
    async for frame in frames(agent):
        if frame["type"] == "snapshot":
            await agent.post(f"/api/offers/{offer_id}/accept", json={"contact_id": contact_id})
        elif frame["type"] == "interaction_started":
            await agent.post(f"/api/contacts/{contact_id}/end", json={})
        elif frame["type"] == "wrap_up_started":
            body = {"interaction_id": frame["interaction_id"], "disposition": "resolved"}
            await agent.post(f"/api/contacts/{contact_id}/wrap-up", json=body)
        elif frame["type"] == "wrap_up_finished":
            return


async def _queued(watcher: httpx.AsyncClient, contact_id: str) -> None:
    """Before that a customer who leaves was in no queue."""
    async with asyncio.timeout(COUNTED_MS / 1000):
        while True:
            answer = await watcher.get(f"/api/live/contacts/{contact_id}")
            if answer.status_code == 200 and answer.json()["state"] == "waiting":
                return
            await asyncio.sleep(0.05)


async def counted(desk: Desk, measure: str, at_least: int = 1) -> None:
    """Wait until the totals show it, asking again as a person would."""
    cell = desk.page.locator(f'[data-total="{measure}"]')
    for _ in range(COUNTED_MS // 500):
        text = await cell.inner_text() if await cell.count() else ""
        if text.isdigit() and int(text) >= at_least:
            return
        await desk.page.get_by_role("button", name="Today").click()
        await desk.page.wait_for_timeout(500)
    raise AssertionError(f"{measure} never came to {at_least}")


async def sound(desk: Desk, name: str) -> None:
    await desk.picture(name)
    assert await serious_faults(desk.page) == []
    assert await desk.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out sideways"


async def test_figures_carry_their_formula(open_page: Opens, a_day: httpx.AsyncClient) -> None:
    desk = await open_page("/reports?group=leases", "shen")
    page = desk.page
    await counted(desk, "answered")
    await counted(desk, "abandoned")
    heading = page.get_by_role("columnheader", name="Service level")
    await heading.locator(".hint").focus()
    await expect(heading.get_by_role("tooltip")).to_contain_text("answered within T ÷ offered")
    total = page.locator('[data-total="service_level"]')
    assert "÷ Offered" in (await total.get_attribute("title") or "")
    await expect(page.locator(".course canvas")).to_be_visible()
    await expect(page.get_by_text("short abandon ≤ 5 s")).to_be_visible()
    await sound(desk, "reports-intervals-1440")
    async with page.expect_response(lambda answer: "/reports/intervals?" in answer.url and "split=none" in answer.url):
        await page.get_by_role("button", name="Today").click()  # a row is an interval, whatever its groups
    await page.get_by_label("One row per").select_option("group")
    await expect(page.locator('[data-cell="group"]').first).to_have_text("Leases and renewals")


async def test_agents_dispositions_and_contacts(open_page: Opens, a_day: httpx.AsyncClient) -> None:
    desk = await open_page("/reports", "shen", lang="en")
    page = desk.page
    await counted(desk, "handled")
    await page.get_by_role("tab", name="Agent days").click()
    row = page.locator("tbody tr", has_text="Chen Jing")
    await expect(row.locator('[data-cell="agent_handled"]')).not_to_have_text("0")
    await sound(desk, "reports-agents-1440")
    await page.get_by_role("tab", name="Dispositions").click()
    await expect(page.locator('[data-cell="conversations"]').first).not_to_have_text("0")
    await sound(desk, "reports-dispositions-1440")
    await page.get_by_role("tab", name="Dispositions").press("ArrowRight")
    await expect(page.get_by_role("tab", name="Contacts")).to_be_focused()
    await expect(page.locator('[data-cell="end"]', has_text="Served").first).to_be_visible()
    await sound(desk, "reports-contacts-1440")
    await page.locator('[data-cell="arrived"] a').first.click()
    await page.wait_for_url("**/contacts/*")


async def test_files(open_page: Opens, a_day: httpx.AsyncClient) -> None:
    desk = await open_page("/reports?tab=contacts", "shen", lang="zh")
    async with desk.page.expect_download() as downloading:
        await desk.page.get_by_role("link", name="CSV").click()
    download = await downloading.value
    assert download.suggested_filename.startswith("contacts_")
    with (await download.path()).open(encoding="utf-8-sig", newline="") as file:
        assert {"联络编号", "分组路径", "等待 (s)"} <= set(next(csv.reader(file)))
    async with desk.page.expect_download() as downloading:
        await desk.page.get_by_role("link", name="XLSX").click()
    assert (await downloading.value).suggested_filename.endswith(".xlsx")


async def test_nothing_trouble_and_a_telephone(open_page: Opens, a_day: httpx.AsyncClient) -> None:
    desk = await open_page("/reports?from=2020-01-01&to=2020-01-01", "shen")
    await expect(desk.page.get_by_text("Nothing was counted in these days.")).to_be_visible()
    await _refuse(desk.page)
    await desk.page.get_by_role("button", name="Yesterday").click()
    await expect(desk.page.get_by_role("alert").get_by_role("button", name="Try again")).to_be_visible()
    phone = await open_page("/reports", "shen", width=390, height=844, lang="zh", theme="dark")
    await expect(phone.page.locator('[data-total="offered"]')).to_be_visible()
    await sound(phone, "reports-intervals-390")


async def _refuse(page: Page) -> None:
    async def away(route: Route) -> None:
        await route.fulfill(
            status=503, content_type="application/problem+json", body='{"type": "urn:ucc:problem:unavailable"}'
        )

    await page.route("**/api/router/reports/intervals*", away)
