"""The compliance report of a campaign that dialled: what the page reads, what is printed, and what it finds out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from services.outbound.store.compliance import SQL
from shared.contracts.dial_results import AttemptAnswered, AttemptConnected, AttemptEnded, AttemptRang
from shared.security import Role
from tests.integration.outbound.conftest import GATEWAY, SECOND, House, Requests, until

ANNOUNCED: dict[str, Any] = {"announcement": "金丰来电，回拨 021-65432100，按 9 拒绝。", "refusal_key": "9"}


async def test_every_statement_of_the_report_can_be_prepared(house: House) -> None:
    async with house.parts.workers.acquire() as connection:
        for text in SQL.values():
            await connection.prepare(text)


def days(house: House) -> dict[str, str]:
    """The day of the house's clock in Shanghai."""
    today = (datetime.fromtimestamp(house.now() / SECOND, UTC) + timedelta(hours=8)).date().isoformat()
    return {"from": today, "to": today}


async def called(house: House, requests: Requests) -> str:
    """Four people called: spoken to; abandoned after 3 s, the message after 1.5 s; rung out after 12 s; still ringing."""
    house.neighbours.idle(4)
    campaign = await house.campaign(records=4, rulesets=["cn", "uk"], document=ANNOUNCED, mode="progressive")
    calls = await until(lambda: len(found := requests.of(campaign)) == 4 and found)
    house.neighbours.agents = []
    at = house.now() - 120 * SECOND  # over by now
    talked, lost, rung, open_ = (call.attempt_id for call in calls)

    def of(attempt: str) -> tuple[str, str, str]:
        return attempt, campaign, GATEWAY

    await house.tell(*(AttemptRang(*of(attempt), at, at + SECOND) for attempt in (talked, lost, rung, open_)))
    await house.tell(
        AttemptAnswered(*of(talked), at + 5 * SECOND, "person"),
        AttemptConnected(*of(talked), at + 6 * SECOND, "a-0"),
        AttemptEnded(*of(talked), "talked", at + 60 * SECOND),
        AttemptAnswered(*of(lost), at + 5 * SECOND, "person"),
        AttemptEnded(*of(lost), "abandoned", at + 8 * SECOND, announced_at=at + 13 * SECOND // 2),
        AttemptEnded(*of(rung), "no_answer", at + 13 * SECOND),
    )

    async def closed() -> bool:
        return sum(row["closed_at"] is not None for row in await house.attempts(campaign)) == 3

    await until(closed)
    return campaign


async def test_the_report_of_a_day(house: House, requests: Requests) -> None:
    campaign = await called(house, requests)
    async with house.client() as client:
        answer = await client.get(f"/v1/campaigns/{campaign}/report", params=days(house))
    assert answer.status_code == 200, answer.text
    made = answer.json()
    rows = {row["rule"]: row for row in made["rows"]}
    assert made["rulesets"] == ["restraint@1", "cn@1", "uk@1"]
    assert made["dialled"] == 4
    assert {count["code"]: count["n"] for count in made["counts"]} == {
        "open": 1, "answered_person": 1, "abandoned": 1, "no_answer": 1,
    }  # fmt: skip
    assert (rows["cn.licence"]["verdict"], rows["cn.records"]["verdict"]) == ("kept", "kept")
    assert (rows["cn.agreed_only"]["counted"], rows["cn.agreed_only"]["against"]) == (4, 0), "consents were kept"
    assert rows["cn.rest_hours"]["verdict"] == rows["restraint.hours"]["verdict"] == "kept"
    assert (rows["restraint.calls_a_day"]["measured"]["en"], rows["restraint.calls_a_day"]["limit"]["en"]) == (
        "1 calls",
        "3 calls",
    )
    # numbers of China: the law of the United Kingdom binds none of these calls
    assert {rows[rule]["verdict"] for rule in rows if rule.startswith("uk.")} == {"nothing_counted"}
    assert {(line["hours"], line["answered"], line["abandoned"], line["percent"]) for line in made["abandonment"]} == {
        (24, 2, 1, 50.0),
        (720, 2, 1, 50.0),
    }


async def test_it_finds_out_what_went_against_a_rule(house: House, requests: Requests) -> None:
    """A row written behind the gate's back: at night, to somebody who had refused, without consent."""
    campaign = await called(house, requests)
    row = (await house.attempts(campaign))[0]
    night = row["authorised_at"] - 11 * 3600 * SECOND  # 23:00 the evening before
    await house.owner.execute(
        "INSERT INTO outbound.ledger (tenant_id, attempt_id, campaign_id, record_id, person_key, number_key, at, purpose, subject,"
        " outcome) VALUES ($1, 'by-hand', $2, 'r0', $3, $4, $5, 'marketing', '', 'no_answer')",
        house.tenant, campaign, row["person_key"], row["number_key"], night,
    )  # fmt: skip
    await house.owner.execute(
        "INSERT INTO outbound.refusals (tenant_id, refusal_id, subject_key, withdrawn_at, source) VALUES ($1, $2, $3, $4, 'agent')",
        house.tenant, f"rf-{campaign}", row["person_key"], night - SECOND,
    )  # fmt: skip
    yesterday = (datetime.fromtimestamp(night / SECOND, UTC) + timedelta(hours=8)).date().isoformat()
    async with house.client() as client:
        asked = {"from": yesterday, "to": days(house)["to"]}
        made = (await client.get(f"/v1/campaigns/{campaign}/report", params=asked)).json()
    rows = {row["rule"]: row for row in made["rows"]}
    assert (rows["cn.agreed_only"]["against"], rows["cn.agreed_only"]["verdict"]) == (1, "broken")
    assert rows["restraint.hours"]["against"] == 1


async def test_the_report_on_paper(house: House, requests: Requests) -> None:
    campaign = await called(house, requests)
    papers = [
        ("html", "zh", "外呼合规报告"),
        ("html", "en", "no legal advice"),
        ("md", "en", "| uk.ring (uk@1)"),
        ("csv", "zh", "放弃率"),
    ]
    async with house.client() as client:
        for form, lang, says in papers:
            answer = await client.get(f"/v1/campaigns/{campaign}/report.{form}", params={**days(house), "lang": lang})
            assert answer.status_code == 200, answer.text
            assert says in answer.text
            assert f".{form}" in answer.headers["content-disposition"]


async def test_who_may_not_and_periods_that_are_none(house: House) -> None:
    campaign = await house.campaign(state="draft")
    path = f"/v1/campaigns/{campaign}/report"
    async with house.client() as client:
        assert (await client.get(path, params={"from": "2026-11-02", "to": "2026-11-01"})).status_code == 409
        assert (await client.get(path, params={"from": "2024-11-02", "to": "2026-11-01"})).status_code == 409
        assert (await client.get(path, params={**days(house), "zone": "Mars/Olympus"})).status_code == 409
        assert (await client.get(path, params={"from": "yesterday", "to": "2026-11-01"})).status_code == 422
        assert (await client.get(path.replace(campaign, "nobody"), params=days(house))).status_code == 404
        assert (await client.get(f"{path}.exe", params=days(house))).status_code == 404
    async with house.client(tenant=house.other) as foreign:
        assert (await foreign.get(path, params=days(house))).status_code == 404
        assert (await foreign.get(f"{path}.html", params=days(house))).status_code == 404
    async with house.client(Role.AGENT) as agent:
        assert (await agent.get(path, params=days(house))).status_code == 403
