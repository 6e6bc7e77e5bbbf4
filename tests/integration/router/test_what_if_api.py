"""What-if over HTTP on a real journal: exact under its own rules, another policy compared, records uploaded, runs cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from services.router.api import what_if as what_if_api
from services.router.journal import Store
from services.router.policy import store as policies
from services.router.policy.document import check_document
from services.router.policy.store import Publication
from services.router.what_if.jobs import WhatIfJobs
from shared.directory import AgentPool, Directory
from shared.http import create_service
from shared.postgres import open_pool
from shared.security import Principal, Role, issue_token, new_signing_key, public_keys
from tests.integration.router.journaled import PARTITION, lively_day, write_journal
from tests.integration.router.policies import POLICY_YAML
from tests.unit.router.centre import START

KEY = new_signing_key()
PERIOD = {"begins": "2023-11-14T22:00:00Z", "ends": "2023-11-15T22:00:00Z"}
CALLS = """\
call_id,queued_at,wait_seconds,talk_seconds,queue,agent
1,2026-11-20 09:00:00,5,120,Repairs,Ann
2,2026-11-20 09:00:30,40,0,Repairs,
3,2026-11-20 09:01:00,oops,60,Repairs,Ann
4,2026-11-20 09:02:00,10,90,Rent,Bob
5,2026-11-20 09:02:30,0:20,1:30,Rent,Bob
"""


def bearer(role: Role, tenant: str = "jinfeng") -> dict[str, str]:
    principal = Principal("someone", tenant, frozenset({role}))
    return {"Authorization": f"Bearer {issue_token(KEY, principal, lifetime_seconds=3600)}"}


SUPERVISOR = bearer(Role.SUPERVISOR)


@pytest.fixture(scope="module")
async def router(module_database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """The what-if routes over a journaled morning of tenant jinfeng, and the loop that does the runs."""
    with psycopg.connect(module_database_url) as connection:
        for tenant, partition in (("jinfeng", PARTITION), ("other", 0)):
            connection.execute("INSERT INTO directory.tenants (tenant_id, name) VALUES (%s, %s)", (tenant, tenant))
            connection.execute("INSERT INTO directory.pools VALUES (%s, 'main', %s)", (tenant, partition))
    workers = await open_pool(module_database_url, "router", "worker", maximum=3)
    await write_journal(Store(workers), PARTITION, lively_day(11))
    api_pool = await open_pool(module_database_url, "router", "api", maximum=4)
    where = AgentPool("jinfeng", "main", PARTITION)
    await policies.publish(api_pool, where, Publication(check_document(POLICY_YAML), "tests", ""), START)

    @asynccontextmanager
    async def nothing(_app: FastAPI) -> AsyncIterator[None]:
        yield

    app = create_service("router", nothing, lambda _: {}, public_keys(KEY), description="what-if", max_body=40_000_000)
    app.include_router(what_if_api.router)
    jobs = WhatIfJobs(workers, module_database_url)
    app.state.api_pool, app.state.directory, app.state.what_if_jobs = api_pool, Directory(workers), jobs
    loop = asyncio.create_task(jobs.run())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://router") as http:
        yield http
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)
    await api_pool.close()
    await workers.close()


async def outcome(router: httpx.AsyncClient, wanted: dict[str, Any]) -> dict[str, Any]:
    """Ask, and wait until the run is over."""
    asked = await router.post("/v1/what-if/runs", json=wanted, headers=SUPERVISOR)
    assert asked.status_code == 202, asked.text
    return await over(router, asked.json()["run_id"])


async def over(router: httpx.AsyncClient, run_id: str) -> dict[str, Any]:
    async with asyncio.timeout(120):
        while True:
            run = (await router.get(f"/v1/what-if/runs/{run_id}", headers=SUPERVISOR)).json()
            if run["state"] not in ("waiting", "running"):
                return run
            await asyncio.sleep(0.1)


async def test_the_policy_in_force_changes_nothing(router: httpx.AsyncClient) -> None:
    run = await outcome(router, {**PERIOD, "seeds": 2})
    assert run["state"] == "done", run["fault"]
    result = run["result"]
    assert result["policy"]["unchanged"]
    assert result["fidelity"]["first_differing"] is None
    assert result["fidelity"]["equal"] == result["inputs"]
    assert result["contacts"]["changed"] == 0
    assert {row["code"] for row in result["assumptions"]} >= {"replayed_exactly", "nothing_modelled"}


async def test_another_policy_is_compared_and_what_was_drawn_is_named(router: httpx.AsyncClient) -> None:
    edits = [
        {"kind": "head_start", "tier": "gold", "seconds": 600},
        {"kind": "relaxation", "after_seconds": 5, "how": "drop"},
    ]
    run = await outcome(router, {**PERIOD, "edits": edits, "seeds": 2})
    assert run["state"] == "done", run["fault"]
    result = run["result"]
    whole = result["slices"][0]
    assert (whole["slice"], whole["metrics"]["offered"]["difference"]["mean"]) == ("all", 0)
    assert result["contacts"]["changed"] > 0
    first = result["contacts"]["items"][0]
    assert first["before"]["why"]["zh"] or first["after"]["why"]["zh"]
    assert result["use"]["after"]["modelled"]
    assert "gold" in run["title"]


async def test_a_call_record_is_read_with_true_counts_and_run(router: httpx.AsyncClient) -> None:
    files = {"file": ("yesterday.csv", CALLS.encode(), "text/csv")}
    answer = await router.post("/v1/what-if/records", files=files, data={"mapping": "generic-csv"}, headers=SUPERVISOR)
    assert answer.status_code == 201, answer.text
    saved = answer.json()
    assert (saved["read"], saved["calls"], saved["rejected"], saved["agents"]) == (5, 4, 1, 2)
    assert [row["line"] for row in saved["rejected_rows"]] == [4]
    assert "oops" in saved["rejected_rows"][0]["raw"]
    edits = [{"kind": "relaxation", "group": "Rent", "after_seconds": 20}]
    run = await outcome(router, {"record_id": saved["record_id"], "edits": edits, "seeds": 2})
    assert run["state"] == "done", run["fault"]
    assert run["result"]["recorded"]["offered"] == 4
    assert "Ann" not in str(run)
    listed = await router.get("/v1/what-if/records", headers=SUPERVISOR)
    assert [item["record_id"] for item in listed.json()["items"]] == [saved["record_id"]]
    made = await router.get(f"/v1/what-if/records/{saved['record_id']}/policy", headers=SUPERVISOR)
    assert sorted(made.json()["groups"]) == ["Rent", "Repairs"]


@pytest.mark.parametrize(
    ("content", "form", "words"),
    [
        (b"a,b\n1,2\n", {}, "no column"),
        (b"\xff\xfe\x00", {}, "not UTF-8"),
        (CALLS.encode(), {"mapping": "nobody-wrote-this"}, "no mapping"),
        (CALLS.encode(), {"yaml": "time_zone: Mars/One\ncall: {key: [call_id]}"}, "time_zone"),
        (b"one|two\n", {"mapping": "asterisk-queue-log"}, "no queue_log"),
    ],
)
async def test_a_record_that_cannot_be_read_says_why(
    router: httpx.AsyncClient, content: bytes, form: dict[str, str], words: str
) -> None:
    files = {"file": ("record.csv", content, "text/csv")}
    answer = await router.post("/v1/what-if/records", files=files, data=form, headers=SUPERVISOR)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"begins": "2026-11-20T08:00:00", "ends": "2026-11-20T09:00:00Z"},
        {"begins": "2026-11-20T10:00:00Z", "ends": "2026-11-20T09:00:00Z"},
        {**PERIOD, "policy": {"document": "groups: ["}},
        {**PERIOD, "edits": [{"kind": "head_start", "tier": "platinum", "seconds": 1}]},
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(router: httpx.AsyncClient, wanted: dict[str, Any]) -> None:
    answer = await router.post("/v1/what-if/runs", json=wanted, headers=SUPERVISOR)
    assert answer.status_code == 422, answer.text


async def test_a_period_of_which_nothing_is_known_fails_with_words(router: httpx.AsyncClient) -> None:
    run = await outcome(router, {"begins": "2020-01-01T00:00:00Z", "ends": "2020-01-02T00:00:00Z"})
    assert run["state"] == "failed"
    assert "nothing" in run["fault"]


async def test_another_tenant_sees_and_touches_nothing(router: httpx.AsyncClient) -> None:
    stranger = bearer(Role.ADMIN, "other")
    mine = (await router.get("/v1/what-if/runs", headers=SUPERVISOR)).json()["items"]
    assert mine
    assert (await router.get("/v1/what-if/runs", headers=stranger)).json()["items"] == []
    run_id = mine[0]["run_id"]
    assert (await router.get(f"/v1/what-if/runs/{run_id}", headers=stranger)).status_code == 404
    assert (await router.delete(f"/v1/what-if/runs/{run_id}", headers=stranger)).status_code == 404
    assert (await router.get("/v1/what-if/runs", headers=bearer(Role.AGENT))).status_code == 403


async def test_a_cancelled_run_ends_and_is_forgotten_when_asked_again(router: httpx.AsyncClient) -> None:
    edits = [{"kind": "relaxation", "after_seconds": 1, "how": "drop"}]
    asked = await router.post("/v1/what-if/runs", json={**PERIOD, "edits": edits, "seeds": 50}, headers=SUPERVISOR)
    run_id = asked.json()["run_id"]
    assert (await router.delete(f"/v1/what-if/runs/{run_id}", headers=SUPERVISOR)).status_code == 204
    assert (await over(router, run_id))["state"] == "cancelled"
    assert (await router.delete(f"/v1/what-if/runs/{run_id}", headers=SUPERVISOR)).status_code == 204
    assert (await router.get(f"/v1/what-if/runs/{run_id}", headers=SUPERVISOR)).status_code == 404
    assert (await outcome(router, {**PERIOD, "seeds": 1}))["state"] == "done"  # the loop goes on
