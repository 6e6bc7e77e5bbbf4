"""A telephone in the agent's page takes a call: Chromium with a microphone that plays a tone, a caller who hears it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from shared.contracts.routing_decisions import ContactClosed, ContactEnd
from tests.browser.conftest import ARGUMENTS, PATIENCE_MS, SCREENSHOTS, chromium
from tests.telephony.exchange import write_tone
from tests.telephony.house import CARE, PASSWORD, TENANT, House

MICROPHONE_HERTZ = 500
CALLER_HERTZ = 800
AGENT = "anna"


@pytest_asyncio.fixture(loop_scope="session")
async def browser(tmp_path: Path) -> AsyncGenerator[Browser]:
    path = chromium()
    if path is None:
        pytest.skip("no Chromium here, and UCC_TEST_CHROMIUM names none")
    voice = tmp_path / "voice.wav"
    write_tone(voice, MICROPHONE_HERTZ)
    fake = [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={voice}",
    ]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS, *fake])
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(house: House, browser: Browser) -> AsyncGenerator[Page]:
    """The agent's page; her phone is in it and no longer on the desk."""
    await _endpoint(house, {"kind": "softphone", "address": f"{AGENT}-page"})
    context = await browser.new_context(base_url=house.ground.url("console"), viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    base = house.ground.url("console")
    await context.add_cookies([{"name": "ucc_lang", "value": "en", "url": base}])
    signed_in = await context.request.post(
        "/api/session", data={"tenant": TENANT, "user": AGENT, "password": PASSWORD}, headers={"origin": base}
    )
    assert signed_in.ok, await signed_in.text()
    page = await context.new_page()
    await page.goto("/agent")
    yield page
    await context.close()
    await house.agents[AGENT].desk.authenticate()
    await house.agents[AGENT].desk.sign_out()
    await _endpoint(house, {"kind": "sip", "address": AGENT})


async def _endpoint(house: House, phone: dict[str, Any]) -> None:
    administration = house.administration()
    try:
        await asyncio.to_thread(administration.call, "PUT", "gateway", f"/v1/agents/{AGENT}/endpoint", json=phone)
    finally:
        administration.close()


async def test_a_call_is_taken_in_the_page(house: House, page: Page) -> None:
    phone = page.get_by_test_id("phone")
    await expect(phone).to_have_attribute("data-state", "ready", timeout=60_000)
    await page.get_by_test_id("back-available").click()
    await expect(page.get_by_test_id("presence-word")).to_have_text("Available")
    call = await house.call(CARE, hertz=CALLER_HERTZ)
    await call.reach("up")
    contact = await house.contact_of(call)
    await page.get_by_test_id("accept").click()
    await expect(phone).to_have_attribute("data-state", "talking", timeout=60_000)
    await expect(page.locator(".contact-connected")).to_be_visible()
    await call.hearing(MICROPHONE_HERTZ)
    theirs = page.get_by_test_id("their-level")
    for _ in range(100):
        if await theirs.evaluate("meter => meter.value") > 0.05:
            break
        await asyncio.sleep(0.1)
    else:
        raise AssertionError("the agent hears nothing")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=SCREENSHOTS / "softphone-call.png")
    await page.get_by_test_id("mute").click()
    await call.hearing(but_not=(MICROPHONE_HERTZ,))
    await page.get_by_test_id("mute").click()
    await call.hearing(MICROPHONE_HERTZ)
    await page.get_by_test_id("end").click()
    closed = await house.hears(ContactClosed, contact)
    assert (closed.end, closed.by, closed.agent_id) == (ContactEnd.SERVED, "agent", AGENT)
    await call.reach("ended")
    await expect(phone).to_have_attribute("data-state", "ready")
