"""A manager tries yesterday's calls under other rules: uploads a record, changes two rules, follows the run, reads the result."""

from __future__ import annotations

import random
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import FilePayload, Page, expect

from tests.browser.conftest import SCREENSHOTS, Desk, Opens
from tests.browser.test_pages import serious_faults, sound

RUN_MS = 600_000
BANK = Path(__file__).parents[3] / "shared/data/anonymous_bank/calls_19990201_19990221.tsv"


def calls(count: int = 120) -> bytes:
    """Two hours of two queues and four agents, one row broken."""
    chance = random.Random(5)
    lines = ["call_id,queued_at,wait_seconds,talk_seconds,queue,agent"]
    begins = datetime(2026, 11, 20, 9)
    for number in range(count):
        at = begins + timedelta(seconds=number * 60)
        queue, agents = chance.choice((("Repairs", "Ann Bob"), ("Rent", "Cleo Dan")))
        served = chance.random() < 0.85
        wait = chance.choice((0, 5, 20, 60, 140)) if served else chance.randrange(20, 200)
        talk = chance.randrange(40, 260) if served else 0
        lines.append(
            f"{number},{at:%Y-%m-%d %H:%M:%S},{wait},{talk},{queue},{chance.choice(agents.split()) if served else ''}"
        )
    lines.append("x,yesterday,1,1,Rent,Dan")
    return "\n".join(lines).encode()


async def upload(page: Page, name: str, content: bytes | Path, mapping: str, day: str = "") -> None:
    await page.get_by_test_id("from-record").click()
    await page.locator("details.uploading summary").click()
    file = content if isinstance(content, Path) else FilePayload(name=name, mimeType="text/csv", buffer=content)
    await page.get_by_test_id("file").set_input_files(file)
    await page.get_by_test_id("mapping").select_option(mapping)
    await page.get_by_test_id("day").fill(day)
    await page.get_by_test_id("upload").click()
    await expect(page.get_by_test_id("uploaded")).to_be_visible(timeout=RUN_MS)


async def run(page: Page) -> None:
    await page.get_by_test_id("run").click()
    await expect(page.get_by_test_id("verdict")).to_be_visible(timeout=RUN_MS)
    await expect(page.locator(".charts canvas")).to_have_count(2)


async def whole(desk: Desk, name: str) -> None:
    """A picture of all of it, and no serious fault."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    await desk.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
    assert await serious_faults(desk.page) == []
    assert await desk.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out sideways"


async def test_a_record_is_uploaded_tried_and_read(open_page: Opens) -> None:
    desk = await open_page("/what-if", "shen", lang="en")
    page = desk.page
    await upload(page, "present-system.csv", calls(), "generic-csv")
    await expect(page.get_by_test_id("uploaded")).to_contain_text("121 rows read: 120 calls queued, 4 agents, 1 rows")
    await expect(page.get_by_role("link", name="rejected")).to_have_attribute(
        "href", re.compile("data:text/csv.*yesterday")
    )
    await page.get_by_test_id("with-relax").check()
    await sound(desk, "what-if-asking-1440-en-light")
    await run(page)
    await expect(page.get_by_test_id("assumptions")).to_contain_text("Kaplan–Meier")
    await expect(page.get_by_test_id("contacts").locator("li").first).to_be_visible()
    await page.get_by_test_id("metric").select_option("asa_seconds")
    await whole(desk, "what-if-result-1440-en-light")

    address = page.url
    narrow = await open_page(address, "shen", lang="zh", theme="dark", width=390, height=844)
    await expect(narrow.page.get_by_test_id("verdict")).to_be_visible()
    await whole(narrow, "what-if-result-390-zh-dark")
    desk_of_old = await open_page(address, "shen", lang="zh", width=1024, height=768)
    await expect(desk_of_old.page.get_by_test_id("verdict")).to_contain_text("记录本身当日")
    await whole(desk_of_old, "what-if-result-1024-zh-light")


async def test_what_cannot_be_read_or_was_never_heard_is_said(open_page: Opens) -> None:
    page = (await open_page("/what-if", "shen", lang="en")).page
    await page.get_by_test_id("from-record").click()
    await page.locator("details.uploading summary").click()
    await page.get_by_test_id("file").set_input_files(
        {"name": "x.csv", "mimeType": "text/csv", "buffer": b"a,b\n1,2\n"}
    )
    await page.get_by_test_id("upload").click()
    await expect(page.get_by_role("alert").filter(has_text="no column")).to_be_visible()
    await page.get_by_test_id("from-journal").click()
    await page.get_by_label("From", exact=True).fill("2020-01-01T08:00")
    await page.get_by_label("To", exact=True).fill("2020-01-01T20:00")
    await page.get_by_test_id("run").click()
    await expect(page.get_by_role("alert").filter(has_text="nothing of this period")).to_be_visible(timeout=RUN_MS)


async def test_a_run_can_be_cancelled(open_page: Opens) -> None:
    page = (await open_page("/what-if", "shen", lang="en")).page
    await upload(page, "long.csv", calls(900), "generic-csv")
    await page.get_by_test_id("with-relax").check()
    await page.get_by_test_id("run").click()
    await page.get_by_test_id("cancel").click()
    await expect(page.get_by_test_id("progress")).to_contain_text("cancelled", timeout=RUN_MS)


@pytest.mark.timeout(1800)
@pytest.mark.skipif(not BANK.exists(), reason="the shared data folder beside the repository is absent")
async def test_a_real_bank_day_under_a_manager_s_two_changes(open_page: Opens) -> None:
    """Pictures to look at (build/screenshots): high-priority customers' head start, and anybody after 20 s."""
    desk = await open_page("/what-if", "shen", lang="zh")
    page = desk.page
    await upload(page, BANK.name, BANK, "anonymous-bank", "990202")
    await page.locator('select[x-model="seeds"]').select_option("3")
    await page.get_by_test_id("with-relax").check()
    await run(page)
    await whole(desk, "what-if-bank-relaxation-1440-zh-light")
    await page.get_by_test_id("with-relax").uncheck()
    await page.get_by_test_id("with-head").check()
    await page.get_by_test_id("tier").select_option("high")
    await page.locator('input[x-model="headSeconds"]').fill("300")
    await page.get_by_test_id("run").click()
    await expect(page.get_by_test_id("result")).to_have_count(0)
    await expect(page.get_by_test_id("verdict")).to_be_visible(timeout=RUN_MS)
    await whole(desk, "what-if-bank-head-start-1440-zh-light")
