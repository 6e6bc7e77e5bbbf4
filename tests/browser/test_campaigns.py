"""The campaign manager's day, and the agent's: a campaign from a file with bad rows, started, watched, paused and explained; the
record an agent sees before it is dialled, and what comes of the call.

Calls go to the gateway's simulated network, where everybody answers; the purpose is a callback the person asked for, which the law
allows at any hour a test may run.
"""

from __future__ import annotations

import asyncio
import csv
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.conftest import Desk, Opens
from tests.browser.house import House, facts
from tests.browser.test_pages import serious_faults
from tests.browser.test_shift import become_available, wrap_up

LIST = """姓名,手机,客户编号,备注,小区
王芳,13800000001,K1,锅炉维修后回访,梧桐苑
李强,not a number,K2,续租意向,梧桐苑
赵敏,13800000003,K3,续租意向,香樟园
孙丽,13800000003,K4,重复的号码,香樟园
周平,,K5,没有号码,香樟园
吴静,13800000006,K6,装修回访,银杏里
"""
"""Six rows: three good, two without a usable number, one the same person again."""
DIALLED_MS = 30_000
"""From the start of a campaign to its first call, on a loaded machine."""


@pytest.fixture
def list_file(tmp_path: Path) -> Path:
    path = tmp_path / "november.csv"
    path.write_text(LIST, encoding="utf-8-sig")
    return path


async def sound(desk: Desk, name: str) -> None:
    await desk.picture(name)
    faults = await serious_faults(desk.page)
    assert faults == [], facts(faults)
    assert await desk.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out sideways"


async def make_campaign(page: Page, title: str, mode: str) -> None:
    """By the form, as far as its first list."""
    await page.get_by_test_id("name").fill(title)
    await page.get_by_test_id("purpose-requested_callback").check()
    await page.get_by_test_id(f"mode-{mode}").check()
    await page.get_by_test_id("next").click()
    await page.get_by_test_id("group").select_option("follow-ups")
    await page.get_by_test_id("next").click()
    await page.get_by_test_id("any-time").check()
    await page.get_by_test_id("ruleset-cn").check()
    await page.get_by_test_id("next").click()
    await page.get_by_test_id("script-en").fill("Good day, this is Jinfeng. You asked us to ring back.")
    await page.get_by_test_id("script-zh").fill("您好，这里是金枫。您之前请我们回电。")
    await expect(page.get_by_test_id("summary")).to_contain_text(title)
    await page.get_by_test_id("save").click()
    await page.wait_for_url(re.compile(r"/campaigns/[\w-]+\?tab=lists$"))


async def add_list(page: Page, path: Path) -> None:
    """The file's columns are guessed and its bad rows said before it is taken."""
    await page.get_by_test_id("list-file").set_input_files(path)
    await expect(page.get_by_test_id("map-1")).to_have_value("number")
    await page.get_by_test_id("take").click()
    await expect(page.get_by_test_id("import-state")).to_have_text("done", ignore_case=True)


async def test_the_campaign_managers_day(open_page: Opens, house: House, list_file: Path) -> None:
    desk = await open_page("/campaigns/new", "luo")
    page = desk.page
    await the_form_says_what_it_means(desk)
    await make_campaign(page, "November callbacks", "progressive")
    await a_file_with_bad_rows_is_taken(desk, list_file)
    await nobody_is_called_before_it_is_started(desk)
    agent = await open_page("/agent", "lin")
    await become_available(agent.page)
    await started_it_moves(desk)

    # a customer-first call: the agent has the record and the script with the customer
    await expect(agent.page.get_by_test_id("calling")).to_contain_text("November callbacks")
    await expect(agent.page.get_by_test_id("script")).to_contain_text("this is Jinfeng")

    # pause bites at once, and is no word of this page only
    await page.get_by_test_id("pause").click()
    await expect(page.get_by_test_id("state")).to_have_attribute("data-state", "paused", timeout=1_000)
    await page.reload()
    await desk.drawn()
    await expect(page.get_by_test_id("state")).to_have_attribute("data-state", "paused")
    await what_came_of_it_goes_out(desk)
    await agent.page.get_by_test_id("end").click()
    await wrap_up(agent.page)


async def the_form_says_what_it_means(desk: Desk) -> None:
    """A ruleset's terms stand there once it is chosen; nothing is saved before the last step."""
    page = desk.page
    await expect(page.get_by_test_id("step-what")).to_have_attribute("aria-current", "step")
    await sound(desk, "campaign-new")
    await page.get_by_test_id("step-when").click()
    licence = page.get_by_text("Only holders of a call-centre licence may call out.")
    await expect(licence).to_be_hidden()
    await page.get_by_test_id("ruleset-cn").check()
    await expect(licence).to_be_visible()
    await sound(desk, "campaign-rules")
    await expect(page.get_by_test_id("save")).to_be_hidden()
    await page.get_by_test_id("ruleset-cn").uncheck()
    await page.get_by_test_id("step-what").click()


async def a_file_with_bad_rows_is_taken(desk: Desk, list_file: Path) -> None:
    """Looked at, its columns matched, taken; its bad rows come back to be mended."""
    page = desk.page
    await page.get_by_test_id("list-file").set_input_files(list_file)
    sample = page.get_by_test_id("sample")
    await expect(page.get_by_test_id("map-0")).to_have_value("name")
    await expect(page.get_by_test_id("map-1")).to_have_value("number")
    await page.get_by_test_id("map-4").select_option("field.小区")
    await expect(sample.locator('[data-line="3"]')).to_contain_text("not a telephone number")
    await expect(sample.locator('[data-line="6"]')).to_contain_text("no telephone number")
    await expect(sample.locator('[data-line="5"]')).to_contain_text("the same person")
    await expect(page.get_by_test_id("sample-words")).to_contain_text("3 are good")
    await sound(desk, "campaign-mapping")
    await page.get_by_test_id("take").click()
    counts = page.get_by_test_id("import")
    await expect(counts.locator('[data-count="created"]')).to_have_text("3")
    await expect(counts.locator('[data-count="duplicates"]')).to_have_text("1")
    await expect(counts.locator('[data-count="rejected"]')).to_have_text("2")
    await sound(desk, "campaign-imported")
    rejected = await downloaded(page, "rejects")
    assert len(rejected) == 3, "the two bad rows, and the one that is there already"


async def nobody_is_called_before_it_is_started(desk: Desk) -> None:
    """Its records say so; they are found by how a name begins, the last digits, the list's key."""
    page = desk.page
    await page.get_by_test_id("tab-records").click()
    rows = page.locator("[data-record]")
    await expect(rows).to_have_count(3)
    for wanted, name in [("赵", "赵敏"), ("0006", "吴静"), ("K1", "王芳"), ("13800000003", "赵敏")]:
        await page.get_by_test_id("find-record").fill(wanted)
        await expect(rows).to_have_count(1)
        await expect(rows).to_contain_text(name)
    await page.get_by_test_id("find-record").fill("nobody")
    await expect(page.get_by_text("No record fits.")).to_be_visible()
    await sound(desk, "campaign-records-none")
    await page.get_by_test_id("find-record").fill("")
    await expect(rows).to_have_count(3)
    await rows.first.get_by_test_id("why").click()
    await expect(page.get_by_test_id("verdict")).to_contain_text("Not dialled now: campaign not running")
    await sound(desk, "campaign-why-not")


async def started_it_moves(desk: Desk) -> None:
    """Live figures, and the pacer's reasons in words."""
    page = desk.page
    await page.get_by_test_id("tab-live").click()
    await page.get_by_test_id("start").click()
    await expect(page.get_by_test_id("state")).to_have_attribute("data-state", "running", timeout=1_000)
    await expect(page.locator('[data-figure="talking"]')).to_have_text("1", timeout=DIALLED_MS)
    await expect(page.get_by_test_id("sentence")).to_contain_text("Progressive for Requested callback")
    await expect(page.get_by_test_id("reasons")).not_to_be_empty()
    await expect(page.locator("#pacing-chart canvas")).to_be_visible()
    await sound(desk, "campaign-live")


async def what_came_of_it_goes_out(desk: Desk) -> None:
    """On the page, as a file, and on paper."""
    page = desk.page
    await page.get_by_test_id("tab-attempts").click()
    await expect(page.locator("[data-attempt]").first).to_be_visible()
    await sound(desk, "campaign-attempts")
    await page.get_by_test_id("tab-records").click()
    assert {row["name"] for row in await downloaded(page, "export")} == {"王芳", "赵敏", "吴静"}
    await page.get_by_test_id("report").click()
    await expect(page.get_by_test_id("report-rules").locator("tbody tr").first).to_be_visible()
    await expect(page.get_by_test_id("report-dialled")).not_to_have_text("0")
    await sound(desk, "campaign-report")


async def downloaded(page: Page, what: str) -> list[dict[str, str]]:
    """The rows of a CSV file behind a button."""
    async with page.expect_download() as downloading:
        await page.get_by_test_id(what).click()
    with (await (await downloading.value).path()).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


async def drafted_campaign(house: House, title: str, mode: str = "preview", **choices: Any) -> str:
    """A campaign without a list, by the interface the pages use. Answers its id."""
    manager = await house.program("luo")
    gateways = (await manager.get("/api/gateway/gateways")).raise_for_status().json()["items"]
    gateway_id = next(one["gateway_id"] for one in gateways if one["kind"] == "simulator")
    body = {
        "title": title, "mode": mode, "purpose": "requested_callback", "group": "follow-ups", "business_line": "rental",
        "gateway_id": gateway_id, "rulesets": ["cn"], "choices": choices,
    }  # fmt: skip
    made = (await manager.post("/api/outbound/campaigns", json=body)).raise_for_status().json()
    return made["campaign_id"]


async def running_campaign(house: House, title: str, rows: str, mode: str = "preview", **choices: Any) -> str:
    """A campaign with a list, started. Answers its id."""
    campaign_id = await drafted_campaign(house, title, mode, **choices)
    await import_list(house, campaign_id, rows)
    manager = await house.program("luo")
    (await manager.post(f"/api/outbound/campaigns/{campaign_id}/start", json={})).raise_for_status()
    return campaign_id


async def import_list(house: House, campaign_id: str, rows: str) -> None:
    manager = await house.program("luo")
    files = {"file": ("list.csv", rows.encode(), "text/csv")}
    answer = await manager.post("/api/outbound/imports", params={"campaign": campaign_id}, files=files)
    await _import_is(manager, answer.raise_for_status().json(), "mapping")
    started = await manager.post(f"/api/outbound/imports/{answer.json()['import_id']}/start", json={})
    await _import_is(manager, started.raise_for_status().json(), "done")


async def _import_is(manager: httpx.AsyncClient, found: dict[str, Any], state: str) -> None:
    async with asyncio.timeout(DIALLED_MS / 1000):
        while found["state"] != state:
            assert found["state"] not in ("failed", "cancelled"), found
            await asyncio.sleep(0.1)
            found = (await manager.get(f"/api/outbound/imports/{found['import_id']}")).raise_for_status().json()


PREVIEWED = """name,number,key,reason,promised,suggestion,evidence
许慧,13800001001,P1,Asked us to ring back about the boiler,An engineer on Thursday,Service plan,"12 % of sales, n=412"
何平,13800001002,P2,Asked about renewing the lease,,,
"""


async def unknown_yet(route: Route) -> None:
    """As profile answers while it has not heard of the contact."""
    await route.fulfill(status=404, json={"title": "Not found", "status": 404, "code": "not_found"})


async def test_an_agent_looks_dials_and_says_what_came_of_it(open_page: Opens, house: House) -> None:
    script = {"en": "Good day, this is Jinfeng.", "zh": "您好，这里是金枫。"}
    await running_campaign(house, "Boiler callbacks", PREVIEWED, script=script, max_attempts=3)
    desk = await open_page("/agent", "lin")
    page = desk.page
    await become_available(page)

    # the record first: who, why, what was promised, the script; skipped once, dialled once
    offer = page.locator("[data-offer]")
    await expect(offer).to_contain_text("Preview", timeout=DIALLED_MS)
    await expect(offer.get_by_test_id("offer-reason")).not_to_be_empty()
    who = offer.locator(".offer-who")
    await expect(who).to_have_text(re.compile("许慧|何平"))  # the name may come a moment after the offer
    skipped = await who.inner_text()
    await page.route(re.compile("/contacts/[^/]+/pop$"), unknown_yet, times=1)
    await page.get_by_test_id("reject").click()
    wanted, why = {
        "许慧": ("何平", "Asked about renewing the lease"),
        "何平": ("许慧", "Asked us to ring back about the boiler"),
    }[skipped]
    await expect(offer).to_contain_text(wanted, timeout=DIALLED_MS)
    card = page.get_by_test_id("calling")
    await expect(card).to_contain_text("Boiler callbacks")
    await expect(page.get_by_test_id("call-reason")).to_have_text(why)
    await expect(page.get_by_test_id("script")).to_have_text("Good day, this is Jinfeng.")
    await expect(offer.get_by_role("button", name="Dial", exact=True)).to_be_visible()
    await sound(desk, "desk-preview")
    await page.get_by_test_id("accept").click()
    await expect(page.locator(".contact-connected")).to_be_visible(timeout=DIALLED_MS)
    await expect(card).to_contain_text(wanted)

    # a callback in the customer's own time, then a refusal of marketing: both said while they talk
    await page.get_by_test_id("book-callback").click()
    await page.get_by_test_id("whose-anyone").check()
    await expect(page.get_by_text("The customer's time (Asia/Shanghai)")).to_be_visible()
    await page.get_by_test_id("callback-go").click()
    await expect(page.get_by_test_id("booked")).to_contain_text("anyone will call")
    await page.get_by_test_id("refuses").click()
    await page.get_by_test_id("refuse-all").click()
    await expect(page.get_by_test_id("refuses")).to_be_disabled()
    await sound(desk, "desk-outbound-call")
    await page.get_by_test_id("end").click()
    await page.get_by_test_id("disposition").select_option("promised")
    await page.get_by_test_id("wrap-up-done").click()
    await expect(page.get_by_test_id("wrap-up")).to_be_hidden()

    # the refusal holds for a call by hand too, and is said in words
    await page.get_by_test_id("dial").click()
    await page.get_by_test_id("dial-number").fill({"许慧": "138 0000 1001", "何平": "138 0000 1002"}[wanted])
    await page.get_by_test_id("dial-purpose").select_option("marketing")
    await page.get_by_test_id("dial-go").click()
    await expect(page.get_by_test_id("dial-refused")).to_have_text("The rules do not allow it: opted out")
    await sound(desk, "desk-manual-refused")


async def test_campaigns_on_a_telephone_and_in_chinese(open_page: Opens, house: House) -> None:
    campaign_id = await running_campaign(house, "手机上的活动", "手机,姓名\n13800002001,钱进\n")
    for path, name in [
        ("/campaigns", "campaigns"),
        (f"/campaigns/{campaign_id}", "campaign"),
        ("/campaigns/new", "campaign-form"),
    ]:
        desk = await open_page(path, "luo", lang="zh", theme="dark", width=390, height=844)
        await expect(desk.page.get_by_role("heading", level=1)).to_be_visible()
        await sound(desk, f"{name}-390-zh-dark")
    report = await open_page(f"/campaigns/{campaign_id}/report", "luo", lang="zh", width=1024)
    await expect(report.page.get_by_test_id("report-rules").locator("tbody tr").first).to_be_visible()
    await sound(report, "campaign-report-1024-zh-light")
    await report.page.emulate_media(media="print")
    await expect(report.page.get_by_test_id("print")).to_be_hidden()
    watcher = await open_page(f"/campaigns/{campaign_id}", "shen", lang="zh", theme="dark", width=1024)
    await expect(watcher.page.locator('[data-figure="due_now"]')).to_be_visible()
    await expect(watcher.page.get_by_test_id("pause")).to_be_hidden()  # a supervisor looks
    await sound(watcher, "campaign-1024-zh-dark")
