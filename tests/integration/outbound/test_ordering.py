"""The order of a campaign: answers are counted by the clock of who was called, scores follow the hour, the hopper follows the scores."""

from __future__ import annotations

import json
import uuid

from services.outbound.domain.answering import DAY_MICROSECONDS, AnswerCell
from services.outbound.domain.windows import zone_of
from services.outbound.handlers.ordering import Ranking, answer_chances
from services.outbound.handlers.success import JudgeSuccess
from services.outbound.store.statements import ORDERING
from shared.contracts.dial_results import AttemptEnded, AttemptRang
from shared.postgres import worker_transaction
from tests.integration.outbound.conftest import GATEWAY, House, Requests, until


def number_in(zone: str) -> str:
    return json.dumps([{"number": "+8613800000000", "key": uuid.uuid4().hex, "zones": [zone]}])


async def taught(house: House, campaign: str, zone: str, answered_in_ten: int, attempt: int = 1) -> None:
    """A fortnight of calls in this hour of a zone, as many of ten answered as said."""
    place = zone_of(zone)
    assert place is not None
    hour = AnswerCell.at(house.now(), place).hour
    today = house.now() // DAY_MICROSECONDS
    for day in range(14):
        await house.owner.execute(
            "INSERT INTO outbound.answer_counts VALUES ($1, $2, $3, $4, $5, 0, 100, $6)",
            house.tenant, campaign, today - day, hour, attempt, answered_in_ten * 10,
        )  # fmt: skip


async def test_statements_fit_the_schema(house: House) -> None:
    async with house.parts.workers.acquire() as connection:
        for statement in ORDERING.values():
            await connection.prepare(statement)


async def test_an_unanswered_call_is_counted_by_the_callee_s_clock(house: House, requests: Requests) -> None:
    house.neighbours.idle(1)
    campaign = await house.campaign()
    await house.record(campaign, numbers=number_in("Asia/Shanghai"))
    await house.owner.execute("SELECT pg_notify('outbound_wake', $1)", f"{house.tenant}/main")
    (call,) = await until(lambda: requests.of(campaign))
    now = house.now()
    of = (call.attempt_id, campaign, GATEWAY)
    await house.tell(AttemptRang(*of, now, now), AttemptEnded(*of, "no_answer", now))
    counted = "SELECT * FROM outbound.answer_counts WHERE campaign_id = $1"
    row = await until(lambda: house.owner.fetchrow(counted, campaign))
    shanghai = zone_of("Asia/Shanghai")
    assert shanghai is not None
    here = AnswerCell.at(now, shanghai)
    assert (row["hour"], row["attempt"], row["missed"], row["dialled"], row["answered"]) == (here.hour, 1, 0, 1, 0)
    async with worker_transaction(house.parts.workers) as connection:
        known = await answer_chances(connection, house.tenant, campaign, now)
    assert known.chance(here) < 0.25


async def test_scores_follow_value_and_this_hour_s_chances_and_the_commonest_class_is_not_written(house: House) -> None:
    campaign = await house.campaign(state="paused")
    for _ in range(3):
        await house.record(campaign, address_zone="Asia/Shanghai", value=200, score=200.0)
    far = await house.record(campaign, address_zone="Asia/Urumqi", value=200)
    again = await house.record(campaign, address_zone="Asia/Shanghai", value=200, attempts=3)
    nowhere = await house.record(campaign, value=0)
    await taught(house, campaign, "Asia/Shanghai", 2)
    await taught(house, campaign, "Asia/Urumqi", 6)
    written = (
        "SELECT max(xmin::text::bigint) FROM outbound.records"
        " WHERE campaign_id = $1 AND attempts = 0 AND address_zone = 'Asia/Shanghai'"
    )
    before = await house.owner.fetchval(written, campaign)
    await Ranking(house.parts).rank(house.tenant, campaign)
    scores = {name: (await house.state(campaign, name))["score"] for name in (far, again, nowhere)}
    assert scores[far] > 1.5 * 200  # two hours behind, where people answer now
    assert 0 < scores[again] < 400
    assert scores[nowhere] == 1.0
    assert await house.owner.fetchval(written, campaign) == before
    await Ranking(house.parts).rank(house.tenant, campaign)
    assert {name: (await house.state(campaign, name))["score"] for name in scores} == scores


async def ended(house: House, campaign: str, record: str, n: int, day: int, disposition: str) -> None:
    """A conversation of the past, as the desk wrote it down."""
    at = house.now() - day * DAY_MICROSECONDS
    await house.owner.execute(
        "INSERT INTO outbound.attempts (tenant_id, attempt_id, campaign_id, record_id, n, person_key, number_key, number_index, purpose,"
        " subject, mode, first, pool_id, group_name, gateway_id, epoch, state, authorised_at, not_after, ring_seconds, authorisation,"
        " closed_at, outcome, disposition) VALUES ($1, $2, $3, $4, $5, $4, $4, 0, 'marketing', '', 'progressive', 'customer', 'main',"
        " 'sales-out', $6, 0, 'closed', $7, $7, 25, '{}', $7, 'answered_person', $8)",
        house.tenant, f"{campaign}.{record}.{n}", campaign, record, n, GATEWAY, at, disposition,
    )  # fmt: skip


async def test_records_like_those_who_said_yes_come_first_once_a_replay_shows_a_gain(house: House) -> None:
    campaign = await house.campaign(state="paused", document={"successes": ["sold"]})
    plot = {
        kind: await house.record(
            campaign, address_zone="Asia/Shanghai", payload=json.dumps({"fields": {"kind": kind, "floor": "3"}})
        )
        for kind in ("garden", "attic")
    }
    for n in range(150):
        await ended(house, campaign, plot["garden"], 2 * n, 20 - n % 20, "sold" if n % 2 else "not_now")
        await ended(house, campaign, plot["attic"], 2 * n + 1, 20 - n % 20, "sold" if n % 15 == 0 else "not_now")
    replay = await JudgeSuccess(house.parts).judge(house.tenant, campaign)
    assert replay is not None
    assert replay.gains
    await Ranking(house.parts).rank(house.tenant, campaign)
    rows = {kind: await house.state(campaign, record) for kind, record in plot.items()}
    assert rows["garden"]["success"] > 1.3 > 0.7 > rows["attic"]["success"]
    assert rows["garden"]["score"] > 2 * rows["attic"]["score"]
    await house.owner.execute("UPDATE outbound.attempts SET disposition = 'not_now' WHERE campaign_id = $1", campaign)
    lost = await JudgeSuccess(house.parts).judge(house.tenant, campaign)
    assert lost is not None
    assert not lost.gains
    assert {(await house.state(campaign, record))["success"] for record in plot.values()} == {1.0}


async def test_a_campaign_that_names_no_success_is_left_alone(house: House) -> None:
    campaign = await house.campaign(state="paused", records=1)
    assert await JudgeSuccess(house.parts).judge(house.tenant, campaign) is None


async def test_what_is_known_of_answering_times_the_next_try(house: House, requests: Requests) -> None:
    house.neighbours.idle(1)
    campaign = await house.campaign(state="paused")
    record = await house.record(campaign, numbers=number_in("Asia/Shanghai"))
    shanghai = zone_of("Asia/Shanghai")
    assert shanghai is not None
    today = house.now() // DAY_MICROSECONDS
    for day in range(14):
        for hour, answered in ((10, 5), (14, 5), (19, 60)):
            await house.owner.execute(
                "INSERT INTO outbound.answer_counts VALUES ($1, $2, $3, $4, 1, 0, 100, $5)",
                house.tenant, campaign, today - day, hour, answered,
            )  # fmt: skip
    await Ranking(house.parts).rank(house.tenant, campaign)
    await house.owner.execute("UPDATE outbound.campaigns SET state = 'running' WHERE campaign_id = $1", campaign)
    await house.owner.execute("SELECT pg_notify('outbound_wake', $1)", f"{house.tenant}/main")
    (call,) = await until(lambda: requests.of(campaign))
    of = (call.attempt_id, campaign, GATEWAY)
    await house.tell(AttemptRang(*of, house.now(), house.now()), AttemptEnded(*of, "no_answer", house.now()))

    async def resting() -> int | None:
        row = await house.state(campaign, record)
        return row["not_before"] if row["state"] == "resting" else None

    assert AnswerCell.at(await until(resting), shanghai).hour == 19
