"""Who answered, as the agent says at the desk, and the rate it makes on the campaign's page."""

from __future__ import annotations

import re

from playwright.async_api import expect

from tests.browser.conftest import Opens
from tests.browser.house import House
from tests.browser.test_campaigns import DIALLED_MS, running_campaign, sound
from tests.browser.test_shift import become_available

ONE = "name,number,key\n许慧,13800003001,M1\n"


async def test_an_agent_meets_a_machine_and_the_manager_sees_it(open_page: Opens, house: House) -> None:
    campaign = await running_campaign(house, "Autumn", ONE, "progressive", detect_machine=True, machine_audit_share=0.2)
    desk = await open_page("/agent", "lin")
    page = desk.page
    await become_available(page)
    await expect(page.locator(".contact-connected")).to_be_visible(timeout=2 * DIALLED_MS)
    await expect(page.get_by_test_id("answerer")).to_be_visible(timeout=DIALLED_MS)
    await expect(page.get_by_test_id("answerer")).to_contain_text("Who answered?")
    await sound(desk, "desk-who-answered")
    await page.get_by_test_id("was-machine").click()
    await expect(page.get_by_test_id("answerer-said")).to_have_text("An answering machine")
    await expect(page.get_by_test_id("answerer")).to_be_hidden()
    await page.get_by_test_id("end").click()
    await page.get_by_test_id("disposition").select_option("promised")
    await page.get_by_test_id("wrap-up-done").click()

    manager = await open_page(f"/campaigns/{campaign}?tab=attempts", "luo")
    page = manager.page
    await expect(page.get_by_test_id("false-machines")).to_contain_text("unknown", timeout=DIALLED_MS)
    await expect(page.get_by_test_id("machines")).to_contain_text("1 machines reached an agent")
    await expect(page.locator('[data-outcome="machine"]')).to_contain_text("A machine", timeout=DIALLED_MS)
    await sound(manager, "campaign-machines")

    form = await open_page(f"/campaigns/{campaign}/edit", "luo")
    await form.page.get_by_test_id("step-who").click()
    await expect(form.page.get_by_test_id("detect-machine")).to_be_checked()
    await expect(form.page.get_by_test_id("audit-percent")).to_have_value(re.compile("^20$"))
    await sound(form, "campaign-form-machines")
