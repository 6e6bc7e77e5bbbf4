"""Who answered, as somebody says: an agent of the call they had, an auditor of one they listened to; and what that makes of it."""

from __future__ import annotations

import uuid
from typing import Any, Literal

from shared.contracts.dial_results import AttemptAnswered, AttemptConnected, AttemptEnded, AttemptRang
from shared.security import Role
from tests.integration.outbound.conftest import GATEWAY, House, Requests, until


async def called(
    house: House, requests: Requests, by: Literal["person", "machine"], *, agent: bool, campaign: str | None = None
) -> tuple[str, str, str]:
    """A call that sounded so, over now: campaign, record, attempt."""
    house.neighbours.idle(1)
    campaign = campaign or await house.campaign(document={"detect_machine": True, "machine_audit_share": 1.0})
    record = await house.record(campaign)
    known = len(requests.of(campaign))
    call = (await until(lambda: len(requests.of(campaign)) > known and requests.of(campaign)))[-1]
    house.neighbours.agents = []
    assert call.audit_machine
    of = (call.attempt_id, campaign, GATEWAY)
    await house.tell(AttemptRang(*of, house.now()), AttemptAnswered(*of, house.now(), by, contact_id=uuid.uuid4().hex))
    if agent:
        await house.tell(AttemptConnected(*of, house.now(), "a-0"))
    await house.tell(AttemptEnded(*of, "talked" if agent else "machine", house.now()))
    await until(lambda: _column(house, call.attempt_id, "outcome"))
    return campaign, call.record or record, call.attempt_id


async def _column(house: House, attempt_id: str, name: str) -> Any:
    return await house.owner.fetchval(f"SELECT {name} FROM outbound.attempts WHERE attempt_id = $1", attempt_id)


async def _record(house: House, campaign: str, record: str) -> tuple[Any, ...]:
    where = "SELECT state, reason, contacts FROM outbound.records WHERE campaign_id = $1 AND record_id = $2"
    (row,) = await house.owner.fetch(where, campaign, record)
    return tuple(row)


async def test_an_audited_call_was_a_person(house: House, requests: Requests) -> None:
    campaign, _, attempt = await called(house, requests, "machine", agent=True)
    async with house.client(Role.AGENT, user="u-0") as agent:
        assert (await agent.get(f"/v1/attempts/{attempt}/card")).json()["doubtful"]
        for _ in range(2):
            assert (await agent.post(f"/v1/attempts/{attempt}/answerer", json={"machine": False})).status_code == 204
        other = await agent.post(f"/v1/attempts/{attempt}/answerer", json={"machine": True})
        assert (other.status_code, other.json()["type"]) == (409, "urn:ucc:problem:answerer_stands")
        assert (await agent.get(f"/v1/attempts/{attempt}/card")).json()["said_machine"] is False
    async with house.client(Role.CAMPAIGN_MANAGER) as manager:
        told = (await manager.get(f"/v1/campaigns/{campaign}/machines")).json()
    assert {name: told[name] for name in ("flagged", "audited", "falsely", "missed", "detects", "audit_share")} == {
        "flagged": 1, "audited": 1, "falsely": 1, "missed": 0, "detects": True, "audit_share": 1.0,
    }  # fmt: skip
    assert (told["rate"], round(told["low"], 3), told["high"]) == (1.0, 0.207, 1.0)
    assert await _column(house, attempt, "outcome") == "answered_person"


async def test_a_machine_an_agent_had_is_called_again(house: House, requests: Requests) -> None:
    """It counted as a conversation until the agent said who it was."""
    campaign, record, attempt = await called(house, requests, "person", agent=True)
    assert await _record(house, campaign, record) == ("done", "answered_person", 1)
    async with house.client(Role.AGENT, user="u-0") as agent:
        assert (await agent.post(f"/v1/attempts/{attempt}/answerer", json={"machine": True})).status_code == 204
    assert await _record(house, campaign, record) == ("resting", "machine", 0)
    assert await _column(house, attempt, "outcome") == "machine"
    ledger = await house.owner.fetchval("SELECT outcome FROM outbound.ledger WHERE attempt_id = $1", attempt)
    assert ledger == "machine"
    async with house.client(Role.CAMPAIGN_MANAGER) as manager:
        told = (await manager.get(f"/v1/campaigns/{campaign}/machines")).json()
        outcomes = (await manager.get(f"/v1/campaigns/{campaign}/live")).json()["today"]["outcomes"]
    assert (told["flagged"], told["missed"]) == (0, 1)
    assert (outcomes.get("machine"), outcomes.get("answered_person", 0)) == (1, 0)


async def test_an_auditor_says_of_a_call_nobody_had_that_it_was_a_person(house: House, requests: Requests) -> None:
    campaign, _, attempt = await called(house, requests, "machine", agent=False)
    async with house.client(Role.AGENT, user="u-1") as nobody, house.client(Role.SUPERVISOR) as auditor:
        assert (await nobody.post(f"/v1/attempts/{attempt}/answerer", json={})).status_code == 422
        assert (await auditor.post(f"/v1/attempts/{attempt}/answerer", json={"machine": False})).status_code == 204
        told = (await auditor.get(f"/v1/campaigns/{campaign}/machines")).json()
    assert (told["flagged"], told["audited"], told["falsely"]) == (1, 1, 1)


async def test_nobody_says_it_of_a_call_that_was_not_answered(house: House, requests: Requests) -> None:
    house.neighbours.idle(1)
    campaign = await house.campaign()
    await house.record(campaign)
    call = (await until(lambda: requests.of(campaign)))[0]
    house.neighbours.agents = []
    async with house.client(Role.SUPERVISOR) as auditor:
        refused = await auditor.post(f"/v1/attempts/{call.attempt_id}/answerer", json={"machine": True})
    assert refused.status_code == 409
