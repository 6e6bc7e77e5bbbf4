"""What must never happen: a zombie that dials, an unknown attempt dialled again, a refusal that comes too late."""

from __future__ import annotations

import asyncio
import time
import uuid

import httpx
import pytest

from services.outbound.adapters.profile_client import ProfileClient
from services.outbound.adapters.router_client import RouterClient
from services.outbound.domain.cells import NO_LANGUAGE
from services.outbound.handlers.gate import Gate, Line
from services.outbound.handlers.planner import PoolPlanner
from services.outbound.handlers.silence import listen_for
from services.outbound.handlers.why import ground_of
from services.outbound.store import attempts, campaigns, leases, records
from services.outbound.store.leases import DiallingLease, LeaseLost
from shared.contracts.consents import ConsentWithdrawn
from shared.contracts.dial_results import AttemptEnded, AttemptRang
from shared.contracts.fields import Channel
from shared.postgres import worker_transaction
from tests.integration.outbound.conftest import GATEWAY, POOL, SECOND, House, Requests, until


def shown() -> Line:
    return Line([])


async def engine_lease(house: House) -> DiallingLease:
    """The lease under which the service's own engine plans the pool."""
    row = await until(
        lambda: house.owner.fetchrow(
            "SELECT * FROM outbound.dialling_leases WHERE tenant_id = $1 AND lease_until > now()", house.tenant
        )
    )
    return DiallingLease(house.tenant, POOL, row["owner"], row["epoch"], 60)


async def test_a_zombie_of_an_older_epoch_dials_nobody(house: House, requests: Requests) -> None:
    campaign_id = await house.campaign(records=3)
    held = await engine_lease(house)
    zombie = DiallingLease(house.tenant, POOL, held.owner, held.epoch - 1, 60)
    gate: Gate = house.app.state.gate
    async with worker_transaction(house.parts.workers) as connection:
        campaign = await campaigns.read(connection, house.tenant, campaign_id)
        ground = await ground_of(connection, campaign, house.app.state.books, house.now())
    passed = await gate.pass_next(zombie, ground, 3, shown(), [NO_LANGUAGE])  # claims nothing under the old epoch
    assert (passed.claimed, passed.dialled) == (0, 0)
    async with worker_transaction(house.parts.workers) as connection:
        claimed = await records.claim(connection, house.tenant, campaign_id, POOL, held.epoch, 3, [NO_LANGUAGE])
    known = await gate.ask(campaign, claimed)
    with pytest.raises(LeaseLost):  # it had claimed before it was stopped, and wakes up after another took over
        await gate._commit(zombie, ground, claimed, known, shown())  # pyright: ignore[reportPrivateUsage]
    assert await house.attempts(campaign_id) == []


async def test_two_engines_race_and_nobody_is_called_twice(house: House, requests: Requests) -> None:
    """A second engine believes to own the pool as well; both plan for it at once."""
    house.neighbours.idle(4)
    campaign_id = await house.campaign(records=40)
    held = await engine_lease(house)
    client = httpx.AsyncClient(transport=httpx.MockTransport(house.neighbours.answer), base_url="http://test")
    others = [
        PoolPlanner(
            house.parts, Gate(house.parts, ProfileClient(client)), RouterClient(client),
            DiallingLease(house.tenant, POOL, held.owner, held.epoch, 60),
        )
        for _ in range(3)
    ]  # fmt: skip
    for _ in range(5):
        await asyncio.gather(*(planner.step() for planner in others))
    await client.aclose()
    await until(lambda: len(requests.of(campaign_id)) >= 4)
    rows = await house.attempts(campaign_id)
    assert len({row["record_id"] for row in rows}) == len(rows)
    assert len({row["person_key"] for row in rows}) == len(rows)


async def test_a_refusal_bites_within_a_second(house: House, requests: Requests) -> None:
    """What waits is silenced, what rings is given up; a promised reply is not touched."""
    number = f"+86139{uuid.uuid4().int % 10**8:08d}"
    house.neighbours.idle(1)
    marketing = await house.campaign()
    await house.record(marketing, number)
    call = (await until(lambda: requests.of(marketing)))[0]
    later = await house.campaign(state="paused")
    promised = await house.campaign(state="paused", purpose="promised_reply")
    waiting, reply = await house.record(later, number), await house.record(promised, number)
    said = ConsentWithdrawn(f"re-{uuid.uuid4().hex[:8]}", Channel.PHONE, "agent", house.now(), number=number)
    began = time.monotonic()
    await house.refuse(said, "somebody")
    await until(lambda: requests.of(marketing, "CancelCall"))
    took = time.monotonic() - began
    cancel = requests.of(marketing, "CancelCall")[0]
    assert (cancel.attempt_id, cancel.reason) == (call.attempt_id, "opted_out")
    assert took < 10, "a second on an idle machine"
    assert (await house.state(later, waiting))["state"] == "suppressed"
    assert (await house.state(promised, reply))["state"] == "waiting"


async def test_silence_is_asked_about_then_quarantined_and_never_dialled_again(
    house: House, requests: Requests
) -> None:
    house.neighbours.idle(1)
    campaign_id = await house.campaign(records=1)
    call = (await until(lambda: requests.of(campaign_id)))[0]
    house.neighbours.agents = []
    await house.tell(AttemptRang(call.attempt_id, campaign_id, GATEWAY, house.now()))
    await until(
        lambda: house.owner.fetchval("SELECT placed_at FROM outbound.attempts WHERE attempt_id = $1", call.attempt_id)
    )
    later = house.now() + 120 * SECOND
    async with worker_transaction(house.parts.workers) as connection:
        under_way = await attempts.open_of_campaign(connection, house.tenant, campaign_id)
        await listen_for(connection, under_way, 15, later)
    await until(lambda: requests.of(campaign_id, "TellAttempt"))
    async with worker_transaction(house.parts.workers) as connection:
        under_way = await attempts.open_of_campaign(connection, house.tenant, campaign_id)
        await listen_for(connection, under_way, 15, later + 20 * SECOND)
    row = (await house.attempts(campaign_id))[0]
    assert (row["state"], row["closed_at"]) == ("unknown", None)
    second = await house.campaign()
    person = (await house.state(campaign_id, call.record))["person_key"]
    record = await house.record(second, call.number)
    assert (await house.state(second, record))["person_key"] == person
    house.neighbours.idle(1)
    await until(
        lambda: house.owner.fetchval(
            "SELECT reason = 'attempt_open' FROM outbound.records WHERE campaign_id = $1", second
        )
    )
    assert requests.of(second) == []
    await house.tell(
        AttemptEnded(call.attempt_id, campaign_id, GATEWAY, "no_answer", house.now())
    )  # the gateway came back
    await until(
        lambda: house.owner.fetchval("SELECT outcome FROM outbound.attempts WHERE attempt_id = $1", call.attempt_id)
    )
    assert (await house.attempts(campaign_id))[0]["outcome"] == "no_answer"
    assert len(requests.of(campaign_id)) == 1


async def test_while_the_profile_is_away_nobody_is_dialled(house: House, requests: Requests) -> None:
    house.neighbours.profile_away = True
    house.neighbours.idle(2)
    campaign_id = await house.campaign(records=2)
    held = "SELECT pacing #>> ARRAY['campaigns', $2, 'hold_up'] = 'consent_unknown' FROM outbound.dialling_leases WHERE tenant_id = $1"
    await until(lambda: house.owner.fetchval(held, house.tenant, campaign_id))
    assert await house.attempts(campaign_id) == []
    house.neighbours.profile_away = False
    await until(lambda: len(requests.of(campaign_id)) == 2)


async def test_a_campaign_that_is_held_leaves_the_agents_to_the_others(house: House) -> None:
    """Of two campaigns with one free agent each comes to ask, so each says what holds it."""
    house.neighbours.profile_away = True
    house.neighbours.idle(1)
    both = {await house.campaign(records=1, mode="preview"), await house.campaign(records=1)}
    held = (
        "SELECT c.key FROM outbound.dialling_leases, jsonb_each(pacing -> 'campaigns') c"
        " WHERE tenant_id = $1 AND c.value ->> 'hold_up' = 'consent_unknown'"
    )

    async def all_held() -> bool:
        return {row["key"] for row in await house.owner.fetch(held, house.tenant)} >= both

    await until(all_held)


async def test_a_lease_is_taken_over_only_when_it_ran_out(house: House) -> None:
    async with worker_transaction(house.parts.workers) as connection:
        first = await leases.take(connection, house.other, POOL, "one", 60)
        assert first is not None
        assert await leases.take(connection, house.other, POOL, "two", 60) is None
        await first.release(connection)
        second = await leases.take(connection, house.other, POOL, "two", 60)
        assert second is not None
        assert second.epoch == first.epoch + 1
        with pytest.raises(LeaseLost):
            await first.hold(connection)
