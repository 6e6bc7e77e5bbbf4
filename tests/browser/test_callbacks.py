"""Callbacks on their page, booked and given up; a group closed and reopened at one button of the wallboard."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.conftest import Opens


async def test_booked_for_a_chosen_time_and_given_up(open_page: Opens) -> None:
    desk = await open_page("/callbacks", "shen")
    page = desk.page
    await page.get_by_test_id("book").click()
    await page.get_by_test_id("number").fill("021-5555 1234")
    await page.get_by_test_id("group").select_option("repairs")
    await page.get_by_test_id("at").fill("2099-01-05T09:30")
    await page.get_by_test_id("book-go").click()
    row = page.locator("[data-callback]")
    await expect(row).to_contain_text("Scheduled")
    await expect(row).to_contain_text("Repairs")
    board = await open_page("/wallboard", "shen")
    await expect(board.page.locator('[data-figure="callbacks_scheduled"]')).to_have_text("1 scheduled")
    await expect(board.page.locator('[data-figure="callbacks_due"]')).to_have_text("0")
    assert "5555" not in await page.content(), "numbers stay with the gateway"
    await desk.picture("callbacks")
    await row.get_by_test_id("cancel").click()
    await page.get_by_test_id("why-customer_asked").click()
    await expect(row).to_have_count(0)
    await expect(board.page.locator('[data-figure="callbacks_scheduled"]')).to_have_text("0 scheduled")
    await page.get_by_test_id("filter-state").select_option("over")
    await expect(row).to_contain_text("The customer asked for it")


async def test_a_group_is_closed_and_reopened_at_one_button(open_page: Opens) -> None:
    desk = await open_page("/wallboard", "shen")
    page = desk.page
    standing = page.locator('[data-group="repairs"] [data-cell="standing"]')
    await expect(standing).to_be_hidden()
    await page.get_by_test_id("emergency").click()
    await page.get_by_test_id("closing-group").select_option("repairs")
    await page.get_by_test_id("close-fire_alarm").click()
    await expect(standing).to_have_text("Emergency closure")
    await desk.picture("wallboard-closed")
    await page.get_by_test_id("emergency").click()
    await page.get_by_test_id("closing-group").select_option("repairs")
    await page.get_by_test_id("reopen").click()
    await expect(standing).to_be_hidden()
