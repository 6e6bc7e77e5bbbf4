"""The dialogues in the pages: a supervisor looks at the picture, tries the menu by typing, breaks the text, mends it, publishes."""

from __future__ import annotations

import uuid

import httpx
from playwright.async_api import expect

from shared.security import Role
from tests.browser.conftest import Opens
from tests.browser.house import TENANT, House
from tests.browser.test_pages import sound

DOCUMENT = """\
title: {{zh: 试用热线 {name}, en: Sample {name}}}
languages: [zh, en]
channels: [phone]
entries: [{name}]
start: welcome
person: person
nodes:
  welcome:
    menu:
      prompt: {{zh: 您好。, en: Hello.}}
      options:
        "1": {{label: {{zh: 营业时间, en: opening hours}}, next: goodbye}}
        "0": {{label: {{zh: 人工服务, en: a person}}, next: person}}
  goodbye: {{hang_up: {{say: {{zh: 每天九点到六点，再见。, en: Nine to six. Goodbye.}}}}}}
  person: {{person: {{}}}}
"""


async def published(house: House) -> str:
    """A dialogue of its own; its id."""
    name = f"line-{uuid.uuid4().hex[:8]}"
    bearer = {"authorization": f"Bearer {house.ground.token('browser-tests', TENANT, Role.ADMIN, seconds=3600)}"}
    async with httpx.AsyncClient(base_url=house.ground.url("ivr"), headers=bearer, timeout=30, trust_env=False) as ivr:
        document = DOCUMENT.format(name=name)
        answer = await ivr.put(
            f"/v1/dialogues/{name}", content=document.encode(), headers={"content-type": "application/yaml"}
        )
        assert answer.status_code == 200, answer.text
    return name


async def test_a_dialogue_is_tried_broken_mended_and_published(open_page: Opens, house: House) -> None:
    name = await published(house)
    desk = await open_page("/dialogues", "shen", lang="zh")
    page = desk.page
    await page.locator(".shelf li button", has_text=name).click()
    await expect(page.locator("#view")).to_be_visible()
    await expect(page.get_by_test_id("diagram")).to_be_visible()
    await expect(page.get_by_test_id("said")).to_contain_text("营业时间，请按 1")
    await sound(desk, "dialogues-1440-zh-light")

    await page.get_by_test_id("answer").fill("0")
    await page.get_by_test_id("answer").press("Enter")
    await expect(page.get_by_test_id("outcome")).to_contain_text("转人工")

    await page.get_by_test_id("view-text").click()
    text = page.get_by_test_id("document")
    await expect(text).to_have_value(DOCUMENT.format(name=name))
    await text.fill(DOCUMENT.format(name=name).replace("next: goodbye", "next: nowhere"))
    await expect(page.get_by_test_id("faults")).to_contain_text("nowhere")
    await expect(page.get_by_test_id("publish")).to_be_disabled()
    await text.fill(DOCUMENT.format(name=name).replace("您好。", "您好，欢迎。"))
    await expect(page.get_by_test_id("checked")).to_contain_text("可以发布")
    await page.get_by_test_id("publish").click()
    await expect(page.get_by_text("已发布第 2 版")).to_be_visible()
    await expect(page.get_by_test_id("said")).to_contain_text("您好，欢迎。")
    await page.get_by_test_id("view-versions").click()
    await expect(page.locator("#view tbody tr")).to_have_count(2)


async def test_dialogues_are_accessible_in_english_and_on_a_telephone(open_page: Opens, house: House) -> None:
    await published(house)
    await sound(await open_page("/dialogues", "shen", lang="en", theme="dark"), "dialogues-1440-en-dark")
    await sound(await open_page("/dialogues", "shen", lang="en", width=390), "dialogues-390-en-light")
