"""The reports over HTTP: pages add up to totals, files hold what pages show, and everybody sees their own."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import openpyxl
import psycopg
import pytest
from fastapi import FastAPI

from services.router.api import reports as report_api
from services.router.journal import Store
from services.router.reporting.files import cell
from services.router.reporting.keeper import Counter
from services.router.reporting.store import ReportStore
from shared.clock import VirtualClock
from shared.contracts.metrics import definitions
from shared.directory import Directory
from shared.http import create_service
from shared.postgres import open_pool
from shared.security import Principal, Role, issue_token, new_signing_key, public_keys
from tests.integration.router.journaled import PARTITION, lively_day, write_journal
from tests.unit.router.centre import START

KEY = new_signing_key()
DAYS = {"from": "2023-11-14", "to": "2023-11-16"}


def bearer(role: Role, tenant: str = "jinfeng", teams: tuple[str, ...] = ()) -> dict[str, str]:
    principal = Principal("someone", tenant, frozenset({role}), teams=teams)
    return {"Authorization": f"Bearer {issue_token(KEY, principal, lifetime_seconds=3600)}"}


@pytest.fixture(scope="module")
async def reports(module_database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """The report routes over a counted morning of tenant jinfeng; tenant other has a pool and nothing else."""
    with psycopg.connect(module_database_url) as connection:
        for tenant, partition in (("jinfeng", PARTITION), ("other", 0)):
            connection.execute("INSERT INTO directory.tenants (tenant_id, name) VALUES (%s, %s)", (tenant, tenant))
            connection.execute("INSERT INTO directory.pools VALUES (%s, 'main', %s)", (tenant, partition))
    workers = await open_pool(module_database_url, "router", "worker", maximum=2)
    await write_journal(Store(workers), PARTITION, lively_day(11))
    counter = Counter(Store(workers), ReportStore(workers, definitions()), PARTITION + 1)
    while await counter.round():
        pass
    api_pool = await open_pool(module_database_url, "router", "api", maximum=4)

    @asynccontextmanager
    async def nothing(_app: FastAPI) -> AsyncIterator[None]:
        yield

    app = create_service("router", nothing, lambda _: {}, public_keys(KEY), description="reports")
    app.include_router(report_api.router)
    app.state.api_pool, app.state.directory, app.state.clock = api_pool, Directory(workers), VirtualClock(START)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://router/v1/reports") as client:
        client.headers.update(bearer(Role.ANALYST))
        yield client
    await api_pool.close()
    await workers.close()


async def everything(reports: httpx.AsyncClient, name: str, **params: Any) -> list[dict[str, Any]]:
    """All pages of a report."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await reports.get(f"/{name}", params={**DAYS, **params, **cursor})
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        if answer.json()["next"] is None:
            return found
        cursor = {"cursor": answer.json()["next"]}


async def test_intervals_add_up_to_their_totals(reports: httpx.AsyncClient) -> None:
    totals = (await reports.get("/intervals", params=DAYS)).json()["totals"]
    assert totals["offered"] > 100
    outcomes = ("answered", "abandoned", "flowed_out", "callback", "turned_away", "failed", "waiting")
    for split in ("group,channel", "group", "channel", "none"):
        for interval in ("15", "30", "60", "day", "total"):
            rows = await everything(reports, "intervals", split=split, interval=interval, limit=7)
            for row in rows:
                assert row["offered"] == sum(row[outcome] for outcome in outcomes)
            for measure in ("offered", "answered", "asked", "reached", "handled", "answered_within", *outcomes):
                assert sum(row[measure] for row in rows) == totals[measure], (split, interval, measure)


async def test_figures_are_those_of_the_definitions(reports: httpx.AsyncClient) -> None:
    (row,) = await everything(reports, "intervals", split="none", interval="total")
    assert row["service_level"] == round(100 * row["answered_within"] / (row["offered"] - row["waiting"]), 1)
    assert row["asa"] == pytest.approx(row["wait_answered"] / row["answered"], abs=0.11)
    assert row["wait_p50"] <= row["wait_p90"]
    known = (await reports.get("/definitions")).json()
    assert known["version"] == definitions().version
    assert known["time_zone"] == "Asia/Shanghai"
    named = known["measures"].keys() | known["metrics"].keys()
    assert row.keys() - {"start", "end"} == {
        name for name in named if (known["measures"].get(name) or known["metrics"][name])["of"] == "group"
    }


async def test_contacts_agree_with_the_intervals(reports: httpx.AsyncClient) -> None:
    totals = (await reports.get("/intervals", params=DAYS)).json()["totals"]
    contacts = await everything(reports, "contacts", limit=13)
    talks = await everything(reports, "interactions", limit=17)
    assert len({row["contact"] for row in contacts}) == len(contacts)
    assert sum(len(row["groups"]) for row in contacts) == totals["offered"]
    assert sum(row["queued"] is not None for row in contacts) == totals["asked"]
    assert sum(row["connected"] is not None for row in contacts) == totals["reached"]
    assert sum(row["started"] is not None and row["ended"] is not None for row in talks) == totals["handled"]
    assert sum(row["talk"] for row in talks) == pytest.approx(totals["talk"], abs=len(talks))
    assert {row["arrived"][-6:] for row in contacts} == {"+08:00"}
    coded = await everything(reports, "dispositions", limit=2)
    assert sum(row["conversations"] for row in coded) == totals["handled"]


async def test_agents_days_hold_all_their_time(reports: httpx.AsyncClient) -> None:
    days = await everything(reports, "agents", limit=3)
    quarters = await everything(reports, "agents", interval="15", limit=5)
    totals = (await reports.get("/agents", params=DAYS)).json()["totals"]
    for row in days + quarters:
        spent = ("available", "ringing", "handling", "wrapping", "not_ready", "unreachable")
        assert row["signed_in"] == pytest.approx(sum(row[part] for part in spent), abs=0.6)
        assert sum(row["breaks"].values()) == pytest.approx(row["not_ready"], abs=0.6)
        assert row["occupancy"] is None or 0 <= row["occupancy"] <= 100
    assert {row["agent"] for row in days} == {f"main-agent-{n:02}" for n in range(10)}
    assert sum(row["signed_in"] for row in days) == pytest.approx(totals["signed_in"], abs=1)
    assert sum(row["agent_handled"] for row in quarters) == totals["agent_handled"]


async def test_filters(reports: httpx.AsyncClient) -> None:
    for row in await everything(reports, "intervals", group="rental-contract", channel=["phone", "web"]):
        assert row["group"] == "rental-contract"
        assert row["channel"] in ("phone", "web")
    for row in await everything(reports, "contacts", agent="main-agent-01"):
        assert "main-agent-01" in row["agents"]
    assert [row["agent"] for row in await everything(reports, "agents", agent="main-agent-02", interval="total")] == [
        "main-agent-02"
    ]
    served = await everything(reports, "contacts", end="served")
    assert {row["end"] for row in served} == {"served"}
    assert await everything(reports, "contacts", direction="outbound") == []
    assert await everything(reports, "agents", team="t-nobody") == []
    assert await everything(reports, "contacts", **{"from": "2023-10-01", "to": "2023-10-31"}) == []


async def test_files_hold_what_pages_show(reports: httpx.AsyncClient) -> None:
    for name in ("intervals", "agents", "dispositions", "contacts", "interactions"):
        rows = await everything(reports, name, limit=1000)
        answer = await reports.get(f"/{name}", params=DAYS, headers={"accept": "text/csv"})
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}_2023-11-14_2023-11-16.csv"'
        lines = list(csv.DictReader(io.StringIO(answer.text)))
        assert len(lines) == len(rows), name
        assert lines[0].keys() == rows[0].keys()
        book = openpyxl.load_workbook(
            io.BytesIO((await reports.get(f"/{name}", params={**DAYS, "format": "xlsx"})).content), read_only=True
        )
        assert book.active is not None
        cells = list(book.active.iter_rows(values_only=True))
        assert list(cells[0]) == list(rows[0])
        assert len(cells) == len(rows) + 1
    words = await reports.get("/agents", params={**DAYS, "format": "csv", "lang": "zh"})
    assert words.content.startswith("\ufeff开始,结束,坐席,签入时间 (s)".encode())


async def test_a_formula_stays_a_text() -> None:
    assert [cell(v) for v in ("=1+1", "+86", "-x", "@a", "plain", -5, 1.5, None, True)] == [
        "'=1+1", "'+86", "'-x", "'@a", "plain", -5, 1.5, None, True,
    ]  # fmt: skip
    assert cell(["a", "b"]) == "a > b"
    assert cell({"lunch": 60.0, "": 1}) == "lunch 60.0; - 1"


async def test_who_may_read_what(reports: httpx.AsyncClient) -> None:
    assert (await reports.get("/agents", headers=bearer(Role.AGENT))).status_code == 403
    other = bearer(Role.ADMIN, "other")
    for name in ("intervals", "agents", "dispositions", "contacts", "interactions"):
        assert (await reports.get(f"/{name}", params=DAYS, headers=other)).json()["items"] == []
    scoped = bearer(Role.SUPERVISOR, teams=("t-nobody",))
    assert (await reports.get("/agents", params=DAYS, headers=scoped)).json()["items"] == []
    unanswered = (await reports.get("/contacts", params=DAYS, headers=scoped)).json()["items"]
    assert unanswered
    assert all(row["agents"] == [] for row in unanswered), "nobody's contacts are everybody's"


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"from": "2023-11-16", "to": "2023-11-14"}, "before from"),
        ({"from": "2020-01-01", "to": "2023-01-01"}, "at most 400 days"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"from": "yesterday"}, "date"),
        ({"group": "a b"}, "pattern"),
        ({"from": "9999-12-31"}, "from, to"),
        ({"split": "agent"}, "pattern"),
    ],
)
async def test_what_cannot_be_answered_is_said(reports: httpx.AsyncClient, params: dict[str, str], said: str) -> None:
    answer = await reports.get("/intervals", params=params)
    assert answer.status_code == 422
    assert said in answer.text
