"""A campaign and an agent's own dial while something they need is away: profiles, the telephone gateway, routing. Each is stopped for
real; what the pages say goes when it is back, and a conversation under way goes on. (Last of the folder: the house is shared.)
"""

from __future__ import annotations

from playwright.async_api import Page, Route, expect

from tests.browser.conftest import Desk, Opens
from tests.browser.house import House
from tests.browser.test_campaign_cases import stop, talk_and_wrap_up
from tests.browser.test_campaigns import drafted_campaign, import_list, sound
from tests.browser.test_shift import become_available

AWAY_MS = 60_000
"""Until an absence, or a return, is on the page; on a loaded machine."""


async def test_what_is_away_is_said_until_it_is_back(open_page: Opens, house: House) -> None:
    campaign_id = await drafted_campaign(house, "While things break", "progressive")
    await import_list(house, campaign_id, "number,name\n13800004001,许慧\n13800004002,何平\n")
    agent = await open_page("/agent", "lin")
    await become_available(agent.page)
    manager = await open_page(f"/campaigns/{campaign_id}", "luo")
    page = manager.page
    said, talking = page.get_by_test_id("hold-up"), page.locator('[data-figure="talking"]')
    async with house.without("gateway"):
        async with house.without("profile"):
            await dialled_in_vain(agent)
            await page.get_by_test_id("start").click()
            await expect(said).to_contain_text("profiles cannot be read", timeout=AWAY_MS)
            await manager.picture("without-profile")
        await expect(said).to_contain_text("gateway begins none of the calls", timeout=AWAY_MS)
        await sound(manager, "without-gateway")
        await on_a_telephone(open_page, campaign_id)
        late = agent.page.get_by_test_id("late-by-hand")
        await expect(late).to_contain_text("13800004009: allowed, but nobody has taken it up")
        await sound(agent, "without-gateway-desk")
        await late.get_by_role("button").click()
        await expect(late).to_be_hidden()
    await expect(talking).to_have_text("1", timeout=AWAY_MS)
    await expect(said).to_be_hidden(timeout=AWAY_MS)

    async with house.without("router"):
        await expect(said).to_contain_text("routing does not answer", timeout=AWAY_MS)
        await expect(page.locator('[data-figure="agents"]')).to_have_text("–")
        await manager.picture("without-router")
        rows = await open_page("/campaigns", "luo")
        await expect(rows.page.locator(f'[data-campaign="{campaign_id}"]')).to_contain_text("routing away")
        await sound(rows, "without-router-rows")
    await expect(said).to_be_hidden(timeout=AWAY_MS)
    await expect(talking).to_have_text("1")
    await stop(house, campaign_id)
    await talk_and_wrap_up(agent.page)


async def dialled_in_vain(agent: Desk) -> None:
    """Whoever dials by hand is told what is away, and that no rule forbids it."""
    page: Page = agent.page
    await page.get_by_test_id("dial").click()
    await page.get_by_test_id("dial-number").fill("13800004009")
    await page.get_by_test_id("dial-go").click()
    await expect(page.get_by_test_id("dial-refused")).to_contain_text("profiles cannot be read at this moment")
    await sound(agent, "without-profile-dial")

    async def allowed(
        route: Route,
    ) -> None:  # as outbound answers while only the gateway is away: then nobody offers it
        await route.fulfill(status=202, json={"attempt_id": "manual.r.1", "not_after": 0})

    await page.route("**/api/outbound/calls", allowed)
    await page.get_by_test_id("dial-go").click()


async def on_a_telephone(open_page: Opens, campaign_id: str) -> None:
    desk = await open_page(f"/campaigns/{campaign_id}", "shen", lang="zh", theme="dark", width=390, height=844)
    await expect(desk.page.get_by_test_id("hold-up")).to_contain_text("网关")
    await sound(desk, "without-gateway-390-zh-dark")
