"""A browser and a house for it. Without a Chromium the folder is skipped, saying so."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from deploy.embedded import create_database, fresh_name
from tests.browser.house import PASSWORD, PEOPLE, TENANT, House, open_house

SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required"]
PATIENCE_MS = 15_000
expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.browser)


def chromium() -> str | None:
    """The system's Chromium: `UCC_TEST_CHROMIUM`, else what is on the path."""
    return os.environ.get("UCC_TEST_CHROMIUM") or next((path for name in NAMES if (path := shutil.which(name))), None)


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncGenerator[Browser]:
    path = chromium()
    if path is None:
        pytest.skip(f"no Chromium here: none of {', '.join(NAMES)} on the path, and UCC_TEST_CHROMIUM names none")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="session")
async def house(browser: Browser, postgres_server: str, migrated_template: str) -> AsyncGenerator[House]:
    """One house for the folder (only where there is a browser to look at it)."""
    async with open_house(
        create_database(postgres_server, fresh_name("ucc_pages"), template=migrated_template)
    ) as house:
        yield house


@dataclass
class Desk:
    """A page somebody has open, and everything it complained about."""

    page: Page
    agent: str | None = None  # the user whose shift it is
    faults: list[str] = field(default_factory=list[str])

    async def drawn(self) -> None:
        """The scripts have taken the page over: a click from here on is heard."""
        await expect(self.page.locator("html")).to_have_attribute("data-drawn", "yes")

    async def picture(self, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=SCREENSHOTS / f"{name}.png")


Opens = Callable[..., Awaitable[Desk]]


@pytest_asyncio.fixture
async def open_page(browser: Browser, house: House) -> AsyncGenerator[Opens]:
    """Opens a page in a browser of its own, signed in as `user`; script faults and broken rules of the page fail the test."""
    desks: list[Desk] = []

    async def opens(
        path: str, user: str | None = None, *, lang: Literal["zh", "en"] = "en", theme: Literal["light", "dark"] = "light",
        width: int = 1440, height: int = 900, base: str | None = None,
    ) -> Desk:  # fmt: skip
        base = base or house.console
        context = await browser.new_context(
            base_url=base, viewport={"width": width, "height": height}, color_scheme=theme, locale="zh-CN" if lang == "zh" else "en-GB",
            reduced_motion="reduce",
        )  # fmt: skip
        context.set_default_timeout(PATIENCE_MS)
        await context.add_cookies([{"name": "ucc_lang", "value": lang, "url": base}])
        if user is not None:
            answer = await context.request.post(
                "/api/session", data={"tenant": TENANT, "user": user, "password": PASSWORD}, headers={"origin": base}
            )
            assert answer.ok, await answer.text()
        desk = Desk(await context.new_page(), user if user and "agent" in PEOPLE[user][1] else None)
        desks.append(desk)
        desk.page.on("pageerror", lambda error: desk.faults.append(str(error)))
        desk.page.on(
            "console",
            lambda message: desk.faults.append(message.text) if _is_fault(message.type, message.text) else None,
        )
        await desk.page.goto(path)
        await desk.drawn()
        return desk

    yield opens
    for desk in desks:
        await desk.page.context.close()
        if desk.agent:  # a shift left open would be offered the next test's contacts
            await house.end_shift(desk.agent)
    await house.stop_campaigns()
    assert [fault for desk in desks for fault in desk.faults] == []


def _is_fault(kind: str, text: str) -> bool:
    """Alpine's warnings and refusals of the content security policy; a request that failed is the test's own matter."""
    return kind in ("error", "warning") and not text.startswith(("Failed to load resource", "Error while reading"))
