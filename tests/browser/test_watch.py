"""A supervisor's watch: wallboard and floor move by themselves, filters and one-click presence, a contact's life."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator

import httpx
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.conftest import Opens
from tests.browser.house import House
from tests.browser.test_pages import sound
from tests.browser.test_shift import offer_to


@pytest_asyncio.fixture
async def chen(house: House) -> AsyncGenerator[httpx.AsyncClient]:
    """An agent who works without a browser, available."""
    agent = await house.program("chen")
    (await agent.post("/api/agent/sign-in", json={"presence": "available"})).raise_for_status()
    yield agent
    await house.end_shift("chen")


async def test_the_wallboard_moves_by_itself(open_page: Opens, house: House) -> None:
    desk = await open_page("/wallboard", "shen")
    row = desk.page.locator('[data-group="leases"]')
    waiting, offered = row.locator('[data-cell="waiting"]'), row.locator('[data-cell="offered"]')
    await expect(waiting).to_have_text("0")
    before = int(await offered.inner_text())
    visitor = await house.arrives("web", "leases", "visitor-wang", "web", text="Anybody there?")
    await expect(waiting).to_have_text("1")
    await expect(offered).to_have_text(str(before + 1))
    longest = row.locator("td").nth(1)
    await expect(longest).to_have_text(re.compile(r"0:0[2-9]"))  # it ticks
    await desk.picture("watch-wallboard")
    level = row.locator(".level")
    await level.focus()
    await expect(level.get_by_role("tooltip")).to_contain_text("÷ offered with an outcome")
    await visitor.tell("ContactAbandoned")
    await expect(waiting).to_have_text("0")


async def test_the_wallboard_says_what_is_owed(open_page: Opens, house: House, chen: httpx.AsyncClient) -> None:
    desk = await open_page("/wallboard", "shen")
    unanswered = desk.page.locator('[data-figure="chats_unanswered"]')
    await expect(unanswered).to_have_text("0")
    visitor = await house.arrives("web", "leases", "visitor-wang", "web", text="When is the boiler repaired?")
    offer = await offer_to(chen)
    await chen.post(f"/api/offers/{offer['offer_id']}/accept", json={"contact_id": visitor.contact_id})
    await expect(unanswered).to_have_text("1")
    await expect(desk.page.locator(".figure-age")).to_have_text(re.compile(r"0:0\d"))
    reply = {"message_id": "owed-1", "text": "Tomorrow at nine."}
    (await chen.post(f"/api/contacts/{visitor.contact_id}/messages", json=reply)).raise_for_status()
    await expect(unanswered).to_have_text("0")
    await visitor.write("Thank you. And the door?")
    await expect(unanswered).to_have_text("1")
    await visitor.tell("ContactEnded", by="customer")
    await expect(unanswered).to_have_text("0")


async def test_an_estimate_is_shown_or_called_unknown(open_page: Opens) -> None:
    desk = await open_page("/wallboard", "shen")
    page = desk.page
    leases = page.locator('[data-group="leases"] [data-cell="estimate"]')
    repairs = page.locator('[data-group="repairs"] [data-cell="estimate"]')
    await expect(repairs).to_have_text("unknown")  # nobody was answered there
    here = {"pool": "main", "group": "leases", "waiting": 0}
    known = [
        {**here, "channel": "fax", "p50_seconds": 1800, "p90_seconds": 9000},
        {**here, "channel": "phone", "p50_seconds": 12, "p90_seconds": 48},
        {**here, "channel": "web", "p50_seconds": None, "p90_seconds": None},
    ]
    await page.route("**/api/router/waits", lambda route: route.fulfill(json={"items": known}))
    await page.reload()
    await expect(leases).to_have_text("12 s / 48 s")  # of the most urgent channel
    await expect(repairs).to_have_text("unknown")
    await page.locator('[data-group="leases"] .estimate .hint').focus()
    every = "Phone 12 s / 48 s, Web unknown, Fax 30 min / 2.5 h"
    await expect(page.locator('[data-group="leases"] .estimate').get_by_role("tooltip")).to_contain_text(every)
    await sound(desk, "watch-estimate-1440")
    for width in (1024, 390):
        await page.set_viewport_size({"width": width, "height": 844})
        # down the page to the row, never sideways: what other groups and alarms push it down is not the subject
        await leases.evaluate("cell => window.scrollBy(0, cell.getBoundingClientRect().top - innerHeight / 2)")
        await expect(leases).to_be_in_viewport()
        await sound(desk, f"watch-estimate-{width}")
        table, panel = (
            await page.locator("table.groups").first.bounding_box(),
            await page.locator(".panel").first.bounding_box(),
        )
        assert table is not None
        assert panel is not None
        assert table["x"] + table["width"] <= panel["x"] + panel["width"], "the table stays in its panel"


async def test_the_floor_moves_by_itself_and_is_acted_on(
    open_page: Opens, house: House, chen: httpx.AsyncClient
) -> None:
    desk = await open_page("/floor", "shen")
    page = desk.page
    tile = page.locator('[data-agent="a-chen"]')
    await expect(tile).to_contain_text("Available")
    visitor = await house.arrives("web", "leases", "visitor-wang", "web", text="Hello")
    offer = await offer_to(chen)
    await expect(tile).to_contain_text("Offered")
    await chen.post(f"/api/offers/{offer['offer_id']}/accept", json={"contact_id": visitor.contact_id})
    await expect(tile).to_contain_text("Handling")
    await expect(tile).to_contain_text("Leases and renewals")

    await page.get_by_test_id("filter-state").select_option("idle")
    await expect(page.get_by_text("No agent matches the filters.")).to_be_visible()
    await page.get_by_test_id("filter-state").select_option("handling")
    await expect(tile).to_be_visible()

    await tile.click()
    card = page.get_by_test_id("agent-card")
    await card.get_by_role("button", name="Break").click()
    await expect(tile).to_contain_text("then: Break")
    await desk.picture("watch-floor")
    await card.get_by_role("link", name="Leases and renewals").click()
    await expect(page).to_have_url(re.compile(rf"/contacts/{visitor.contact_id}$"))
    await expect(page.get_by_test_id("life")).to_contain_text("Offered to agent 陈静")
    await expect(page.get_by_test_id("offers-why")).to_contain_text("After")  # why this agent, in words
    await desk.picture("watch-contact")
    await visitor.tell("ContactEnded", by="customer")


async def test_a_number_is_revealed_by_one_click(open_page: Opens) -> None:
    desk = await open_page("/customers", "shen")
    page = desk.page
    await page.get_by_test_id("customer-search").fill("王")
    await page.get_by_role("link", name="王芳").click()
    await expect(page.get_by_test_id("customer-name")).to_have_text("王芳")
    number = page.get_by_test_id("identity").filter(has_text="174****0001")
    await expect(number).to_be_visible()
    await page.get_by_role("button", name="Reveal the whole Phone").click()
    await expect(page.get_by_text("+8617400000001", exact=True)).to_be_visible()
    await desk.picture("watch-customer")


async def test_skills_are_given_to_many_at_once(open_page: Opens, house: House) -> None:
    desk = await open_page("/roster", "gu")
    page = desk.page
    await page.get_by_label("陈静 Chen Jing", exact=True).check()
    await page.get_by_label("Give").select_option("skill:repairs")
    await page.get_by_role("spinbutton", name="Level", exact=True).fill("4")
    await page.get_by_role("button", name="Apply").click()
    await expect(page.locator(".toast-done")).to_contain_text("1 agents, 1 changed")
    cell = page.get_by_label("陈静 Chen Jing · Repairs")
    await expect(cell).to_have_value("4")
    await desk.picture("watch-roster")
    await cell.fill("0")
    await cell.press("Enter")
    await expect(cell).to_have_value("")
    admin = await house.program("gu")
    agent = (await admin.get("/api/roster/agents/a-chen")).json()
    assert [skill["skill"] for skill in agent["skills"]] == ["rental"]


async def test_a_team_is_made_changed_and_deleted(open_page: Opens) -> None:
    desk = await open_page("/roster", "gu")
    page = desk.page
    await page.locator('[data-tab="teams"]').click()
    await page.get_by_test_id("create").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Code").fill("night")
    await dialog.get_by_label("Name").fill("Night team")
    await dialog.get_by_role("button", name="Save").click()
    row = page.get_by_role("row").filter(has_text="night")
    await row.get_by_role("button").click()
    await dialog.get_by_label("Name").fill("Late team")
    await dialog.get_by_role("button", name="Save").click()
    await expect(row).to_contain_text("Late team")
    await row.get_by_role("button").click()
    await dialog.get_by_role("button", name="Delete").click()
    await expect(row).to_have_count(0)


async def test_an_import_shows_true_counts_and_the_rejected_rows(open_page: Opens) -> None:
    desk = await open_page("/imports", "gu")
    page = desk.page
    rows = "key,name,phone,revised_at\nN1,陈新,+8617400000031,2026-02-01T00:00:00Z\nN2,坏行,not a number,2026-02-01T00:00:00Z\n"
    await page.locator('input[type="file"]').set_input_files(
        {"name": "new.csv", "mimeType": "text/csv", "buffer": rows.encode()}
    )
    await page.get_by_role("button", name="Upload").click()
    counts = page.get_by_test_id("import")
    await expect(counts).to_contain_text("done")
    await expect(counts.locator('[data-count="created"]')).to_have_text("1")
    await expect(counts.locator('[data-count="rejected"]')).to_have_text("1")
    async with page.expect_download() as download:
        await counts.get_by_role("link", name="Rejected rows").click()
    path = await (await download.value).path()
    assert "坏行" in path.read_text(encoding="utf-8")
    await desk.picture("watch-import")
