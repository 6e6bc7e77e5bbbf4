"""Two browsers, a visitor's and an agent's: words, files and marks both ways, through a break of the line and the agent's hand."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx
import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import Browser, Page, expect

from deploy.clients.administration import Administration
from deploy.stack import PORT_OFFSETS
from shared.security import Role
from tests.browser.conftest import PATIENCE_MS, SCREENSHOTS, Desk, Opens, _is_fault
from tests.browser.house import TENANT, House, facts
from tests.browser.test_pages import serious_faults
from tests.browser.test_shift import accept, become_available, wrap_up

LINES = [
    {"business_line": "rental", "title": {"zh": "租房", "en": "Renting"}},
    {"business_line": "repairs", "title": {"zh": "报修", "en": "Repairs"}},
]


@pytest_asyncio.fixture(scope="session")
async def site(house: House) -> str:
    """A row of kind web, as an administrator makes it."""
    entries = [{"entry": "*", "business_line": "rental", "self_service": False}]
    body = {"title": "Site", "kind": "web", "settings": {"lines": LINES, "entries": entries}}

    def make() -> Any:
        token = house.ground.token("browser-tests", TENANT, Role.ADMIN, seconds=24 * 3600)
        administration = Administration(token, {name: house.ground.url(name) for name in PORT_OFFSETS})
        try:
            return administration.call("POST", "gateway", "/v1/gateways", json=body)
        finally:
            administration.close()

    return (await asyncio.to_thread(make))["gateway_id"]


LEAVE = "window.uccChat?.isLive() ? uccChat.line.call('POST', 'end').then(() => 0, () => 0) : 0"
DIALOGUE = """
title: {zh: 助手, en: Assistant}
languages: [zh, en]
channels: [web]
any_line: true
start: hello
person: person
tries: {tries: 2, text_seconds: 240}
nodes:
  hello:
    menu:
      prompt: {zh: 您好，需要什么？, en: "Hello, what is it about?"}
      options:
        "1": {label: {zh: 营业时间, en: Opening hours}, next: hours}
        "0": {label: {zh: 人工服务, en: A person}, next: person}
  hours: {say: {zh: 每天九点到二十一点。, en: Every day from nine to twenty-one.}, next: hello}
  person: {person: {}}
"""


@pytest_asyncio.fixture
async def assistant(house: House, site: str) -> AsyncGenerator[None]:
    """The site's visitors meet the ivr first."""
    token = house.ground.token("browser-tests", TENANT, Role.ADMIN, seconds=24 * 3600)
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {token}"}, timeout=20, trust_env=False) as client:
        yaml = {"content-type": "application/yaml"}
        dialogue = f"{house.ground.url('ivr')}/v1/dialogues/web"
        published = await client.put(dialogue, content=DIALOGUE.encode(), headers=yaml)
        assert published.is_success, published.text
        settings = f"{house.ground.url('gateway')}/v1/gateways/{site}/settings"
        for self_service in (True, False):
            entries = [{"entry": "*", "business_line": "rental", "self_service": self_service}]
            answer = await client.put(settings, json={"lines": LINES, "entries": entries})
            assert answer.is_success, answer.text
            if self_service:
                yield


@dataclass
class Visitor:
    """A visitor's browser on the site's page, with the chat open."""

    page: Page
    faults: list[str] = field(default_factory=list[str])

    @property
    def log(self) -> Any:
        return self.page.get_by_role("log")

    async def says(self, text: str) -> None:
        await self.page.get_by_role("dialog").locator("textarea").first.fill(text)
        await self.page.get_by_role("dialog").locator("textarea").first.press("Enter")

    async def picture(self, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=SCREENSHOTS / f"chat-{name}.png")


Visits = Callable[..., Awaitable[Visitor]]


@pytest_asyncio.fixture
async def visit(browser: Browser, house: House, site: str) -> AsyncGenerator[Visits]:
    """Opens the site's page in a browser of its own; script faults and broken rules of the page fail the test."""
    visitors: list[Visitor] = []

    async def opens(
        *, lang: Literal["zh", "en"] = "en", theme: Literal["light", "dark"] = "light", width: int = 1440, height: int = 900,
        chat: bool = True, context: Any = None,
    ) -> Visitor:  # fmt: skip
        base = house.ground.url("gateway")
        context = context or await browser.new_context(
            base_url=base, viewport={"width": width, "height": height}, color_scheme=theme, reduced_motion="reduce"
        )
        context.set_default_timeout(PATIENCE_MS)
        visitor = Visitor(await context.new_page())
        visitors.append(visitor)
        visitor.page.on("pageerror", lambda error: visitor.faults.append(str(error)))
        visitor.page.on("console", lambda m: visitor.faults.append(m.text) if _is_fault(m.type, m.text) else None)
        await visitor.page.goto(f"/widget/demo/{site}?lang={lang}&theme={theme}")
        launcher = visitor.page.locator(".launch")
        if chat:
            await launcher.click()
            await expect(visitor.page.get_by_role("dialog")).to_be_visible()
        else:
            await expect(launcher).to_be_visible()
        return visitor

    yield opens
    for visitor in visitors:
        await visitor.page.evaluate(LEAVE)  # what is left open would be offered to the next test's agent
        await visitor.page.context.close()
    assert [fault for visitor in visitors for fault in visitor.faults] == []


@pytest_asyncio.fixture
async def desk(open_page: Opens) -> Desk:
    desk = await open_page("/agent", "lin")
    await become_available(desk.page)
    return desk


def photograph() -> bytes:
    picture = io.BytesIO()
    Image.new("RGB", (640, 400), (90, 140, 190)).save(picture, "JPEG")
    return picture.getvalue()


async def test_a_conversation_with_everything(visit: Visits, desk: Desk) -> None:
    visitor = await visit()
    await visitor.says("The tap in the kitchen drips.")
    await expect(visitor.log).to_contain_text("The tap in the kitchen drips.")
    await accept(desk.page)
    await expect(visitor.page.get_by_text("林晓 Lin Xiao is here for you")).to_be_visible()
    log = desk.page.get_by_role("log")
    await expect(log).to_contain_text("The tap in the kitchen drips.")
    await expect(desk.page.get_by_test_id("visitor-page")).to_contain_text("Jinfeng Sample Homes")
    await expect(visitor.log.locator("[data-state=read]")).to_have_count(1)

    await desk.page.get_by_test_id("message").press_sequentially("We send ")
    await expect(visitor.page.get_by_text("is typing…")).to_be_visible()
    await desk.page.get_by_test_id("message").fill("We send somebody today: https://homes.example/repairs")
    await desk.page.get_by_test_id("message").press("Enter")
    await expect(visitor.log.get_by_role("link")).to_have_attribute("href", "https://homes.example/repairs")
    await expect(desk.page.locator(".message-agent .delivery")).to_have_text("read")
    await visitor.page.get_by_role("dialog").locator("textarea").first.press_sequentially("Th")
    await expect(desk.page.get_by_test_id("visitor-types")).to_contain_text("is typing")

    picker = visitor.page.get_by_role("dialog").locator("input[type=file]")
    await picker.set_input_files({"name": "tap.jpg", "mimeType": "image/jpeg", "buffer": photograph()})
    await expect(visitor.log.get_by_role("button", name="Save tap.jpg")).to_be_visible()
    await expect(log.locator(".file")).to_contain_text("tap.jpg")
    await desk.page.get_by_test_id("file").set_input_files(
        {"name": "plan.txt", "mimeType": "text/plain", "buffer": "明天上午".encode()}
    )
    await expect(visitor.log.get_by_role("button", name="plan.txt")).to_be_visible()
    await visitor.picture("desktop")
    await desk.picture("chat-agent")

    await visitor.page.get_by_role("button", name="More").click()
    async with visitor.page.expect_download() as saving:
        await visitor.page.get_by_role("button", name="Save as text").click()
    text = (await (await saving.value).path()).read_text(encoding="utf-8")
    assert "The tap in the kitchen drips." in text
    assert "plan.txt" in text

    await desk.page.get_by_test_id("end").click()
    await wrap_up(desk.page)
    await expect(visitor.page.get_by_text("This conversation has ended.")).to_be_visible()


@pytest.mark.usefixtures("assistant")
async def test_the_assistant_answers_then_hands_over_with_the_whole_conversation(visit: Visits, desk: Desk) -> None:
    visitor = await visit()
    await visitor.says("hello")
    await visitor.page.get_by_role("button", name="Opening hours").click()
    await expect(visitor.log).to_contain_text("from nine to twenty-one")
    await visitor.picture("assistant")
    await visitor.page.get_by_role("button", name="A person").click()
    await accept(desk.page)
    await expect(visitor.page.get_by_text("林晓 Lin Xiao is here for you")).to_be_visible()
    log = desk.page.get_by_role("log")
    for said in ("hello", "what is it about?", "Opening hours", "from nine to twenty-one", "A person"):
        await expect(log).to_contain_text(said)
    await expect(log.locator(".message-bot").first).to_contain_text("Assistant")
    await desk.picture("chat-handover")
    await desk.page.get_by_test_id("end").click()
    await wrap_up(desk.page)


async def test_what_is_written_while_the_line_is_away_arrives_once_and_in_order(visit: Visits, desk: Desk) -> None:
    visitor = await visit()
    await visitor.says("one")
    await accept(desk.page)
    await expect(visitor.log).to_contain_text("one")
    await visitor.page.context.set_offline(True)
    await visitor.says("two")
    await visitor.says("three")
    await expect(visitor.log.get_by_text("two", exact=True)).to_be_visible()
    log = desk.page.get_by_role("log")
    await desk.page.get_by_test_id("message").fill("still here")
    await desk.page.get_by_test_id("message").press("Enter")
    await visitor.page.context.set_offline(False)
    await expect(visitor.log.get_by_text("still here", exact=True)).to_have_count(1)
    await expect(log.locator(".message-customer .message-text")).to_have_text(["one", "two", "three"])
    await expect(visitor.log.locator(".customer .b")).to_have_text(["one", "two", "three"])
    await visitor.page.reload()
    await expect(visitor.log.locator(".customer .b")).to_have_text(["one", "two", "three"])
    await desk.page.get_by_test_id("end").click()
    await wrap_up(desk.page)


async def test_a_reply_later_goes_on_with_the_conversation(visit: Visits, desk: Desk) -> None:
    visitor = await visit()
    await visitor.says("first question")
    await accept(desk.page)
    await visitor.page.get_by_role("button", name="More").click()
    await visitor.page.get_by_role("button", name="End the conversation").click()
    await visitor.page.get_by_role("button", name="End", exact=True).click()
    await wrap_up(desk.page)
    await visitor.says("second question")
    await accept(desk.page)
    log = desk.page.get_by_role("log")
    await expect(log).to_contain_text("second question")
    await expect(log).to_contain_text("first question")
    await expect(desk.page.get_by_text("Goes on from an earlier conversation")).to_be_visible()
    await desk.page.get_by_test_id("end").click()
    await wrap_up(desk.page)


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize(("lang", "theme"), [("zh", "light"), ("en", "dark")])
async def test_the_widget_is_sound(
    visit: Visits, lang: Literal["zh", "en"], theme: Literal["light", "dark"], width: int
) -> None:
    visitor = await visit(lang=lang, theme=theme, width=width, height=844)
    await visitor.says("你好 hello")
    await expect(visitor.log).to_contain_text("你好 hello")
    await expect(visitor.log.locator("[data-state=sent]")).to_be_visible()
    await visitor.picture(f"{lang}-{theme}-{width}")
    faults = await serious_faults(visitor.page)
    assert faults == [], facts(faults)
    await visitor.page.keyboard.press("Escape")
    await expect(visitor.page.get_by_role("dialog")).to_be_hidden()
    await expect(visitor.page.locator(".launch")).to_be_focused()
    await visitor.page.keyboard.press("Enter")
    menu = visitor.page.get_by_role("button", name="更多" if lang == "zh" else "More")
    await menu.click()
    await visitor.page.get_by_role("button", name="留言" if lang == "zh" else "Leave a message").click()
    await expect(visitor.page.get_by_label("邮箱" if lang == "zh" else "E-mail")).to_be_visible()
    await visitor.picture(f"leave-{lang}-{theme}-{width}")
    faults = await serious_faults(visitor.page)
    assert faults == [], facts(faults)
