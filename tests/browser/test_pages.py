"""Every page in both languages and both themes: no serious fault by axe, no broken rule of the page, pictures to look at."""

from __future__ import annotations

import re
from typing import Any, Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.browser.conftest import Desk, Opens
from tests.browser.house import House, facts
from tests.browser.test_shift import accept, become_available, wrap_up

PAGES = {
    "sign-in": ("/sign-in", None),
    "agent": ("/agent", "lin"),
    "wallboard": ("/wallboard", "shen"),
    "floor": ("/floor", "shen"),
    "contacts": ("/contacts", "shen"),
    "reports": ("/reports", "shen"),
    "recordings": ("/recordings", "gu"),
    "customers": ("/customers", "shen"),
    "roster": ("/roster", "gu"),
    "imports": ("/imports", "gu"),
    "campaigns": ("/campaigns", "luo"),
    "campaign-form": ("/campaigns/new", "luo"),
    "follow-ups": ("/campaigns/follow-ups", "luo"),
    "not-found": ("/nowhere", "shen"),
    "not-allowed": ("/roster", "lin"),
}
NARROW = (
    "wallboard",
    "floor",
    "contacts",
    "reports",
    "recordings",
    "customers",
    "campaigns",
    "campaign-form",
    "follow-ups",
    "sign-in",
)
"""Pages that also work on a telephone; the others are for a desk."""
QUIET_MS = 700


async def serious_faults(page: Page) -> list[dict[str, Any]]:
    """What axe finds serious or critical under WCAG 2.2 AA: rule, and the elements."""
    options = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
    results = await Axe().run(page, options=options)
    return [
        {"rule": fault["id"], "nodes": [f"{node['html'][:200]} | {node['failureSummary'][:300]}" for node in fault["nodes"][:4]]}
        for fault in results.response["violations"]
        if fault["impact"] in ("serious", "critical")
    ]  # fmt: skip


async def sound(desk: Desk, name: str) -> None:
    await desk.page.wait_for_timeout(QUIET_MS)  # lists and the first snapshot: a live page has no other end
    await desk.picture(name)
    faults = await serious_faults(desk.page)
    assert faults == [], facts(faults)
    assert await desk.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out sideways"


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("lang", "theme"), [("zh", "light"), ("en", "dark")])
async def test_every_page_is_accessible(
    open_page: Opens, name: str, lang: Literal["zh", "en"], theme: Literal["light", "dark"]
) -> None:
    path, user = PAGES[name]
    await sound(await open_page(path, user, lang=lang, theme=theme), f"{name}-1440-{lang}-{theme}")


@pytest.mark.parametrize(("name", "width"), [*((name, 1024) for name in PAGES), *((name, 390) for name in NARROW)])
async def test_every_page_fits(open_page: Opens, name: str, width: int) -> None:
    path, user = PAGES[name]
    await sound(await open_page(path, user, lang="en", width=width), f"{name}-{width}-en-light")


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_a_busy_desk_is_accessible(open_page: Opens, house: House, theme: Literal["light", "dark"]) -> None:
    desk = await open_page("/agent", "lin", lang="zh", theme=theme)
    page = desk.page
    await become_available(page, ready="就绪", not_ready="未就绪")
    await house.arrives("web", "leases", "visitor-wang", "web", text="锅炉坏了，什么时候来修？")
    await accept(page)
    second = await house.arrives("web", "leases", "visitor-new", "web", text="请问怎么续租？")
    await expect(page.locator("[data-offer]")).to_be_visible()
    await sound(desk, f"desk-busy-1440-zh-{theme}")
    await page.set_viewport_size({"width": 1024, "height": 800})
    await sound(desk, f"desk-busy-1024-zh-{theme}")
    await second.tell("ContactAbandoned")
    await page.get_by_test_id("end").click()
    await expect(page.get_by_test_id("reason")).to_have_value("contract")  # what it came with is filled in
    await sound(desk, f"desk-wrap-up-1024-zh-{theme}")
    await wrap_up(page)


async def test_a_contacts_life_and_a_customer_are_accessible(open_page: Opens, house: House) -> None:
    visitor = await house.arrives("phone", "repairs", "+8617400000001", "phone")
    await visitor.tell("ContactAbandoned")
    desk = await open_page(f"/contacts/{visitor.contact_id}", "shen", lang="zh")
    await expect(desk.page.get_by_test_id("life")).to_contain_text("联络结束")
    await sound(desk, "contact-1440-zh-light")
    await desk.page.get_by_role("link", name="完整资料").click()
    await expect(desk.page.get_by_test_id("customer-name")).to_have_text("王芳")
    await sound(desk, "customer-1440-zh-light")


async def test_language_and_theme_are_switched_in_place_and_remembered(open_page: Opens) -> None:
    desk = await open_page("/wallboard", "shen", lang="en")
    page = desk.page
    await expect(page.get_by_role("heading", name="Wallboard")).to_be_visible()
    await page.get_by_test_id("language").click()
    await expect(page.get_by_role("heading", name="大屏")).to_be_visible()
    await expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    await desk.drawn()
    await page.get_by_test_id("theme").click()
    await page.get_by_test_id("theme").click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await expect(page.get_by_role("heading", name="大屏")).to_be_visible()


async def test_a_wrong_password_is_said_and_one_click_signs_a_demo_user_in(open_page: Opens) -> None:
    desk = await open_page("/sign-in")
    page = desk.page
    await page.get_by_label("Organisation").fill("pages")
    await page.get_by_label("User").fill("shen")
    await page.get_by_label("Password").fill("not the password")
    await page.get_by_test_id("sign-in").click()
    await expect(page.get_by_role("alert")).to_contain_text("is wrong")
    await page.get_by_role("button", name="沈岚 Shen Lan").click()
    await expect(page).to_have_url(re.compile(r"/wallboard$"))
    await desk.drawn()
    await page.get_by_test_id("sign-out").click()
    await expect(page).to_have_url(re.compile(r"/sign-in$"))
    await page.goto("/wallboard")
    await expect(page).to_have_url(re.compile(r"/sign-in\?next=/wallboard$"))
