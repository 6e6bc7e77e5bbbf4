"""A campaign's settings: several intervals a day, days off, what follows each outcome, limits and successes; what is wrong stands
where it is mended, nothing typed is lost, and a running campaign is paused before it is changed.
"""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from tests.browser.conftest import Opens
from tests.browser.house import House
from tests.browser.test_campaign_cases import stop
from tests.browser.test_campaigns import running_campaign, sound


async def fill_in(page: Page) -> None:
    """All but what is looked at."""
    await page.get_by_test_id("name").fill("Winter contracts")
    await page.get_by_test_id("step-who").click()
    await page.get_by_test_id("group").select_option("follow-ups")
    await page.get_by_test_id("step-when").click()
    await page.get_by_test_id("ruleset-cn").check()


async def test_settings_are_mended_in_place_and_changed_later(open_page: Opens, house: House) -> None:
    desk = await open_page("/campaigns/new", "luo")
    page = desk.page
    await fill_in(page)

    # a lunch break: two intervals that overlap are told where they stand, then mended and used for all days
    await page.get_by_test_id("add-interval-mon").click()
    morning, afternoon = (page.get_by_test_id("interval-mon").nth(n).locator("input") for n in (0, 1))
    await afternoon.nth(0).fill("11:00")
    await expect(page.get_by_test_id("interval-mon").nth(1)).to_contain_text("overlaps another interval")
    await sound(desk, "campaign-form-overlap")
    await morning.nth(1).fill("12:00")
    await afternoon.nth(0).fill("13:30")
    await expect(page.get_by_test_id("interval-mon").nth(1)).not_to_contain_text("overlaps")
    await page.get_by_test_id("copy-mon").click()
    await expect(page.get_by_test_id("interval-fri")).to_have_count(2)
    await page.get_by_test_id("day-off").fill("2026-12-25")
    await page.get_by_test_id("add-day-off").click()

    # what follows an outcome
    await expect(page.get_by_test_id("then-no_answer")).to_have_value("part")
    await page.get_by_test_id("then-busy").select_option("minutes")
    await page.get_by_test_id("minutes-busy").fill("10")
    await page.get_by_test_id("then-machine").select_option("stop")
    await sound(desk, "campaign-form-when")
    await page.get_by_test_id("step-say").click()
    await page.get_by_test_id("success-resolved").check()
    await sound(desk, "campaign-form-say")

    # refused by the service: said at the field, in the step where it is, with everything still there
    await page.get_by_test_id("step-who").click()
    await page.get_by_test_id("ring_seconds").fill("500")
    await page.get_by_test_id("step-say").click()
    await page.get_by_test_id("save").click()
    await expect(page.get_by_test_id("step-who")).to_have_attribute("aria-current", "step")
    await expect(page.get_by_text("must be from 5 to 120", exact=True)).to_be_visible()
    await expect(page.get_by_test_id("problem")).to_contain_text("nothing typed is lost")
    await sound(desk, "campaign-form-refused")

    # left and come back to: taken up where it was
    await page.goto(f"{page.url}")
    await expect(page.get_by_test_id("restored")).to_be_visible()
    await expect(page.get_by_test_id("name")).to_have_value("Winter contracts")
    await page.get_by_test_id("step-who").click()
    await page.get_by_test_id("ring_seconds").fill("30")
    await page.get_by_test_id("step-say").click()
    await page.get_by_test_id("save").click()
    await page.wait_for_url(re.compile(r"/campaigns/[\w-]+\?tab=lists$"))
    campaign_id = page.url.split("/")[-1].split("?")[0]

    manager = await house.program("luo")
    path = f"/api/outbound/campaigns/{campaign_id}"
    made = (await manager.get(path)).raise_for_status().json()["choices"]
    assert made["calendar"]["fri"] == [["09:00", "12:00"], ["13:30", "21:00"]]
    assert (made["days_off"], made["successes"], made["ring_seconds"]) == (["2026-12-25"], ["resolved"], 30)
    assert made["recycling"] == {
        "busy": {"rest_seconds": 600, "tries": 5, "growth": 2, "other_part": 0}, "machine": {"rest_seconds": 0, "tries": 0},
    }  # fmt: skip

    # changed later: nothing else of it moved
    (await manager.post(f"{path}/ready", json={})).raise_for_status()
    await page.goto(f"{page.url.split('?')[0]}/edit")
    await expect(page.get_by_test_id("then-machine")).to_have_value("stop")
    await page.get_by_test_id("name").fill("Winter contracts, again")
    await page.get_by_test_id("save").click()
    await page.wait_for_url(re.compile(rf"/campaigns/{campaign_id}$"))
    again = (await manager.get(path)).raise_for_status().json()
    assert (again["title"], again["choices"]) == ("Winter contracts, again", made)


async def test_a_running_campaign_is_paused_before_it_is_changed(open_page: Opens, house: House) -> None:
    """Nobody is there to call for it, so it goes on running; what was typed before the pause is kept."""
    campaign_id = await running_campaign(house, "Changed while it runs", "number\n13800003601\n", "progressive")
    desk = await open_page(f"/campaigns/{campaign_id}/edit", "luo")
    page = desk.page
    await expect(page.get_by_test_id("pause-first")).to_be_visible()
    await expect(page.get_by_test_id("save")).to_be_disabled()
    await page.get_by_test_id("name").fill("Changed while it rested")
    await sound(desk, "campaign-form-running")
    await page.get_by_test_id("pause-first").click()
    await expect(page.get_by_test_id("pause-first")).to_be_hidden()
    await expect(page.get_by_test_id("name")).to_have_value("Changed while it rested")
    await page.get_by_test_id("save").click()
    await page.wait_for_url(re.compile(rf"/campaigns/{campaign_id}$"))
    await expect(page.get_by_test_id("name")).to_have_text("Changed while it rested")
    await expect(page.get_by_test_id("state")).to_have_attribute("data-state", "paused")
    await page.get_by_test_id("start").click()
    await expect(page.get_by_test_id("state")).to_have_attribute("data-state", "running")
    await stop(house, campaign_id)
