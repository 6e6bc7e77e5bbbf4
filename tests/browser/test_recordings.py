"""A supervisor hears a call: found, drawn, played in the page, taken away with a reason; the agent's own page does not show it."""

from __future__ import annotations

import io
import json
import re
import time
import uuid
import wave
from typing import Any

import asyncpg
import numpy as np
import pytest_asyncio
from playwright.async_api import expect

from services.gateway import recording_store
from services.gateway.adapters.sound import sound_of
from services.gateway.domain.recordings import Handling, Membership, Pause, Recorded
from shared.contracts.fields import SECOND
from tests.browser.conftest import Opens
from tests.browser.house import TENANT, House
from tests.browser.test_pages import serious_faults

RATE = 8_000
SECONDS = 12


def speech() -> bytes:
    """Twelve seconds that look like two people talking in turns."""
    at = np.arange(RATE * SECONDS) / RATE
    turns = np.clip(np.sin(at * 0.9) * 2, 0.05, 1) * (0.55 + 0.45 * np.sin(at * 23) * np.sin(at * 7.1))
    samples = (turns * 14_000 * np.sin(2 * np.pi * 210 * at)).astype("<i2")
    out = io.BytesIO()
    with wave.open(out, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        writer.writeframes(samples.tobytes())
    return out.getvalue()


async def keep(
    connection: asyncpg.Connection[Any], contact_id: str, agent: str, hung_up_by: Any, minutes_ago: int
) -> str:
    """As the gateway keeps a call of an agent of the rental team."""
    ended_at = (int(time.time()) - 60 * minutes_ago) * SECOND
    started_at = ended_at - (SECONDS + 3) * SECOND
    pauses = (Pause(started_at + 5 * SECOND, started_at + 8 * SECOND),)
    call = Recorded(
        f"rec-{uuid.uuid4().hex[:10]}", contact_id, started_at, ended_at, hung_up_by != "system", pauses, hung_up_by
    )
    await recording_store.set_memberships(connection, [Membership(TENANT, agent, ("rental",), ("xuhui",))])
    await recording_store.add_handlings(connection, [Handling(TENANT, contact_id, agent, "leases")])
    assert await recording_store.add(
        connection, TENANT, "pbx", call, sound_of(speech()), ended_at + 90 * 86_400 * SECOND
    )
    return call.recording_id


@pytest_asyncio.fixture
async def recordings(house: House) -> list[str]:
    visitor = await house.arrives("phone", "leases", "+8617400000001", "phone")
    await visitor.tell("ContactAbandoned")
    connection = await asyncpg.connect(house.ground.database_url, server_settings={"search_path": "gateway"})
    try:
        await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
        calls = [
            (visitor.contact_id, "a-lin", "customer"),
            ("older-1", "a-chen", "agent"),
            ("older-2", "a-lin", "system"),
        ]
        return [await keep(connection, *call, 5 + 60 * n) for n, call in enumerate(calls)]  # type: ignore[arg-type]
    finally:
        await connection.close()


async def test_a_recording_is_found_heard_and_taken_with_a_reason(open_page: Opens, recordings: list[str]) -> None:
    desk = await open_page("/recordings", "shen")
    page = desk.page
    row = page.locator(f'[data-recording="{recordings[0]}"]')
    await expect(row).to_contain_text("林晓")
    await expect(row).to_contain_text("customer hung up")
    await row.get_by_test_id("hear").click()
    player = row.get_by_test_id("player")
    await expect(player.locator(".wave-whole")).to_have_attribute("d", re.compile("^M0 "))
    await expect(player).to_contain_text("Secure entry left out at 0:05 (0:03)")
    await player.get_by_test_id("play").click()
    await expect(player.get_by_test_id("play-time")).to_have_text(re.compile(r"0:0[1-9] / 0:12"))
    await expect(player.get_by_test_id("play")).to_contain_text("Pause")
    await player.get_by_role("slider").fill("9")
    await expect(player.get_by_test_id("play-time")).to_have_text(re.compile(r"0:(09|1[0-2]) / 0:12"))
    await desk.picture("recordings-1440")
    assert await serious_faults(page) == []

    await row.get_by_test_id("take").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_test_id("reason-go")).to_be_disabled()
    await dialog.get_by_role("button", name="Complaint").click()
    async with page.expect_download() as coming:
        await dialog.get_by_test_id("reason-go").click()
    download = await coming.value
    assert download.suggested_filename == f"{recordings[0]}.wav"

    await page.get_by_test_id("filter-agent").select_option("a-chen")
    await expect(page.locator(f'[data-recording="{recordings[1]}"]')).to_be_visible()
    await expect(row).to_have_count(0)


async def test_an_administrator_sees_who_took_what_and_deletes(open_page: Opens, recordings: list[str]) -> None:
    desk = await open_page("/recordings", "gu", lang="zh", theme="dark", width=1024)
    page = desk.page
    row = page.locator(f'[data-recording="{recordings[2]}"]')
    await expect(row).to_contain_text("系统结束")
    await row.get_by_test_id("hear").click()
    await expect(row.locator(".wave-whole")).to_have_attribute("d", re.compile("^M0 "))
    await desk.picture("recordings-1024-zh-dark")
    await row.get_by_test_id("delete").click()
    await page.get_by_test_id("reason-text").fill("客户要求删除")
    await page.get_by_test_id("reason-go").click()
    await expect(row).to_have_count(0)
    notes = page.get_by_test_id("notes")
    await notes.locator("summary").click()
    await expect(notes).to_contain_text("客户要求删除")
    assert await serious_faults(page) == []


async def test_a_contact_shows_its_recordings_on_a_narrow_screen_too(
    open_page: Opens, house: House, recordings: list[str]
) -> None:
    desk = await open_page("/recordings", "shen", width=390, height=844)
    page = desk.page
    row = page.locator(f'[data-recording="{recordings[0]}"]')
    await row.get_by_test_id("hear").click()
    await expect(row.get_by_test_id("player")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out to the side"
    await desk.picture("recordings-390")
    await row.get_by_role("link").click()
    of_contact = page.get_by_test_id("recordings-of")
    await of_contact.get_by_test_id("hear").click()
    await expect(of_contact.locator(".wave-whole")).to_have_attribute("d", re.compile("^M0 "))
    await desk.picture("contact-recording-390")
