"""From a record to a call and back: hopper, gate, requests, results, records."""

from __future__ import annotations

from typing import Any

from shared.contracts.dial_results import AttemptAnswered, AttemptConnected, AttemptEnded, AttemptRang
from tests.integration.outbound.conftest import GATEWAY, SECOND, House, Requests, until


def whole(call: Any, now: int) -> list[Any]:
    """A conversation, as a gateway tells it."""
    of = (call.attempt_id, call.campaign, GATEWAY)
    return [
        AttemptRang(*of, now, now), AttemptAnswered(*of, now, "person"), AttemptConnected(*of, now, "a-0"),
        AttemptEnded(*of, "talked", now, "hung_up_by_customer"),
    ]  # fmt: skip


async def test_one_dial_for_each_free_agent_and_one_outcome_each(house: House, requests: Requests) -> None:
    house.neighbours.idle(3)
    campaign = await house.campaign(records=10)
    await until(lambda: len(requests.of(campaign)) == 3)
    calls = requests.of(campaign)
    assert len({call.number for call in calls}) == 3
    assert {(call.first, call.group, call.purpose) for call in calls} == {("customer", "sales-out", "service_followup")}
    assert all(call.caller_id == "+862165432100" and call.not_after > house.now() - 60 * SECOND for call in calls)
    house.neighbours.agents = []
    await house.tell(*whole(calls[0], house.now()), *whole(calls[0], house.now()))
    await until(
        lambda: house.owner.fetchval(
            "SELECT closed_at FROM outbound.attempts WHERE attempt_id = $1", calls[0].attempt_id
        )
    )
    row = next(row for row in await house.attempts(campaign) if row["attempt_id"] == calls[0].attempt_id)
    assert (row["outcome"], row["agent_id"], row["answered_by"]) == ("answered_person", "a-0", "person")
    record = await house.state(campaign, calls[0].record)
    assert (record["state"], record["contacts"], record["attempts"]) == ("done", 1, 1)
    ledger = await house.owner.fetchrow("SELECT * FROM outbound.ledger WHERE attempt_id = $1", calls[0].attempt_id)
    assert ledger is not None
    assert ledger["outcome"] == "answered_person"


async def test_how_long_it_rang_is_counted_from_the_ringing(house: House, requests: Requests) -> None:
    house.neighbours.idle(1)
    campaign = await house.campaign(records=1)
    call = (await until(lambda: requests.of(campaign)))[0]
    of, now = (call.attempt_id, call.campaign, GATEWAY), house.now()
    dialled, rings = AttemptRang(*of, now), AttemptRang(*of, now, now + 4 * SECOND)
    await house.tell(dialled, rings, dialled, AttemptEnded(*of, "no_answer", now + 19 * SECOND, None))
    row = await until(lambda: _closed(house, campaign))
    assert (row["placed_at"], row["rang_at"], row["outcome"]) == (now, now + 4 * SECOND, "no_answer")


async def _closed(house: House, campaign: str) -> Any:
    return next((row for row in await house.attempts(campaign) if row["closed_at"] is not None), None)


async def test_what_a_broken_step_claimed_is_dialled_after_all(house: House, requests: Requests) -> None:
    """The database may be lost between the claim and the intents: nothing stays in the hopper until another owner comes."""
    house.neighbours.idle(1)
    first = await house.campaign(records=1)
    await until(lambda: requests.of(first))
    stuck = await house.campaign(records=1, state="draft")
    await house.owner.execute(
        "UPDATE outbound.records r SET state = 'in_hopper', claimed_epoch = l.epoch FROM outbound.dialling_leases l"
        " WHERE r.campaign_id = $1 AND l.tenant_id = r.tenant_id",
        stuck,
    )
    await house.owner.execute("UPDATE outbound.campaigns SET state = 'running' WHERE campaign_id = $1", stuck)
    await house.owner.execute("UPDATE outbound.campaigns SET state = 'stopped' WHERE campaign_id = $1", first)
    await until(lambda: requests.of(stuck))
    house.neighbours.agents = []


async def test_a_record_is_dialled_only_for_agents_who_speak_its_language(house: House, requests: Requests) -> None:
    campaign = await house.campaign(state="paused", document={"language": "zh"})
    spoken = [await house.record(campaign, language=language, priority=1) for language in (None, "yue", "en", "en")]
    house.neighbours.idle(2, skills=("yue", "en"))
    for agent in house.neighbours.agents:
        agent["skills"] = ["yue"]  # nobody speaks English, though routing knows it as a skill
    await house.owner.execute("UPDATE outbound.campaigns SET state = 'running' WHERE campaign_id = $1", campaign)
    await until(lambda: len(requests.of(campaign)) >= 2)
    assert {call.record for call in requests.of(campaign)} == set(spoken[:2])
    house.neighbours.idle(4, skills=("yue", "en"))  # two of them are spoken for
    await until(lambda: len(requests.of(campaign)) == 4)
