"""A supervisor steps in: sees when a waiting contact relaxes, moves and prioritises it with a reason; sees who rests."""

from __future__ import annotations

import re

from playwright.async_api import expect

from tests.browser.conftest import Opens
from tests.browser.house import House
from tests.browser.test_shift import offer_to


async def test_a_contact_shows_when_it_relaxes_and_is_moved_with_a_reason(open_page: Opens, house: House) -> None:
    visitor = await house.arrives("web", "complaints", "visitor-wang", "web", text="Nobody repairs my heating!")
    desk = await open_page("/contacts", "shen")
    page = desk.page
    row = page.locator("#panel-live tbody tr", has_text="Complaints")
    await expect(row).to_be_visible()
    await page.goto(f"{page.url.split('/contacts')[0]}/contacts/{visitor.contact_id}")
    steps = page.get_by_test_id("relaxation").locator("li")
    await expect(steps).to_have_count(3)
    await expect(steps.nth(0)).to_contain_text("now")
    await expect(steps.nth(1)).to_contain_text(re.compile(r"coming.*Rental ≥ 3"))
    await expect(steps.nth(2)).to_contain_text("also agent")

    ask = page.get_by_test_id("requests")
    await ask.get_by_role("button", name="Wrong group").click()
    await expect(ask.get_by_role("button", name="Wrong group")).to_have_attribute("aria-pressed", "true")
    await ask.get_by_test_id("prioritise-5").click()
    life = page.get_by_test_id("life")
    await expect(life).to_contain_text("A supervisor granted 300 s of seniority")
    await desk.picture("requests-contact")
    await ask.get_by_test_id("request-group").select_option("leases")
    await ask.get_by_test_id("move").click()
    await expect(life).to_contain_text("moved to another question group by a supervisor")
    await expect(page.get_by_test_id("now")).to_contain_text("A supervisor granted 300 s of waiting")
    await expect(page.get_by_test_id("relaxation")).to_be_hidden()
    await visitor.tell("ContactAbandoned")


async def test_the_floor_shows_who_rests_and_changes_a_skill_for_now(open_page: Opens, house: House) -> None:
    desk = await open_page("/floor", "shen")
    page = desk.page
    chen = await house.program("chen")
    (await chen.post("/api/agent/sign-in", json={"presence": "available"})).raise_for_status()
    tile = page.locator('[data-agent="a-chen"]')
    await tile.click()
    card = page.get_by_test_id("agent-card")
    await card.get_by_test_id("skill-now").select_option("repairs")
    await card.get_by_test_id("skill-set").click()
    await expect(card).to_contain_text("Repairs 5")
    (await chen.post("/api/agent/heartbeat")).raise_for_status()  # so much was clicked meanwhile
    visitor = await house.arrives("web", "complaints", "visitor-wang", "web", text="Nobody repairs my heating!")
    offer = await offer_to(chen)
    await chen.post(f"/api/offers/{offer['offer_id']}/accept", json={"contact_id": visitor.contact_id})
    await expect(tile).to_contain_text("Handling")
    await visitor.tell("ContactEnded", by="customer")
    await expect(tile.get_by_test_id("rests")).to_contain_text("break until")
    await expect(card.get_by_test_id("exposure")).to_contain_text("of 120 severity-minutes")
    await desk.picture("requests-floor")
    await house.end_shift("chen")
