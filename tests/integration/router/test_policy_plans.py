"""Policies to come on real PostgreSQL: published exactly once also when killed, approved by another person, cancelled, outdated."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import psycopg
import pytest

from services.router.policy import plans as policy_plans
from services.router.policy import store as policies
from services.router.policy.document import check_document
from services.router.policy.plans import PlanPublisher
from services.router.policy.store import Publication
from shared.clock import VirtualClock
from shared.directory import AgentPool, Directory
from shared.errors import Conflict, NotFound, Refused
from shared.postgres import Pool, open_pool
from tests.integration.router.policies import POLICY_YAML

HERE = AgentPool("jinfeng", "main", 0)
HOUR = 3_600_000_000
FIRST = Publication(check_document(POLICY_YAML), "ann", "first")


def another(number: int) -> Publication:
    document = POLICY_YAML.replace("enrichment_wait_ms: 150", f"enrichment_wait_ms: {number}")
    return replace(FIRST, checked=check_document(document), note=f"wait {number}")


@dataclass
class Desk:
    api: Pool
    workers: Pool
    clock: VirtualClock
    database_url: str

    @property
    def publisher(self) -> PlanPublisher:
        return PlanPublisher(self.workers, Directory(self.workers), self.clock)

    async def plan(self, number: int, *, after: int | None = HOUR, state: Any = "scheduled", base: int = 1) -> str:
        at = None if after is None else self.clock.now() + after
        await policy_plans.lay_down(self.api, HERE, f"plan-{number}", another(number), state, base, at)
        return f"plan-{number}"

    async def states(self) -> dict[str, str]:
        return {plan.plan_id: plan.state for plan in await policy_plans.plans(self.api, HERE)}

    async def notes(self) -> list[str]:
        """Of all versions, oldest first."""
        return [heading.note for heading in reversed(await policies.headings(self.api, HERE, 2**31 - 1, 50))]

    def announced(self) -> int:
        """Events on their way to the pool's partition."""
        with psycopg.connect(self.database_url) as connection:
            row = connection.execute("SELECT count(*) FROM router.outbox").fetchone()
        assert row is not None
        return row[0]


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO directory.tenants (tenant_id, name) VALUES ('jinfeng', 'J')")
        connection.execute("INSERT INTO directory.pools VALUES ('jinfeng', 'main', 0)")
    api, workers = await open_pool(database_url, "router", "api"), await open_pool(database_url, "router", "worker")
    desk = Desk(api, workers, VirtualClock(), database_url)
    await policies.publish(api, HERE, FIRST, desk.clock.now())
    yield desk
    await api.close()
    await workers.close()


async def test_a_plan_is_published_when_its_time_is_there_and_once(desk: Desk) -> None:
    await desk.plan(151)
    assert not await desk.publisher.publish_due()
    desk.clock.advance(HOUR)
    assert await desk.publisher.publish_due()
    assert not await desk.publisher.publish_due()
    assert await desk.notes() == ["first", "wait 151"]
    assert await desk.states() == {"plan-151": "published"}
    assert desk.announced() == 2


async def test_killed_before_the_commit_nothing_happened_and_the_next_does_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.plan(151)
    desk.clock.advance(HOUR)
    settle = policy_plans._settle

    async def die(*_arguments: Any, **_more: Any) -> None:
        raise ConnectionResetError("killed")

    monkeypatch.setattr(policy_plans, "_settle", die)
    with pytest.raises(ConnectionResetError):
        await desk.publisher.publish_due()
    assert (await desk.notes(), desk.announced()) == (["first"], 1)
    monkeypatch.setattr(policy_plans, "_settle", settle)
    assert await desk.publisher.publish_due()
    assert (await desk.notes(), desk.announced()) == (["first", "wait 151"], 2)


async def test_of_many_routers_one_publishes(desk: Desk) -> None:
    for number in (151, 152, 153):
        await desk.plan(number, after=HOUR + number)
    desk.clock.advance(2 * HOUR)

    async def work() -> None:
        while await desk.publisher.publish_due():
            pass

    await asyncio.gather(*(work() for _ in range(4)))
    await work()  # a plan another router held in its hands was passed over by those
    assert await desk.notes() == ["first", "wait 151", "wait 152", "wait 153"]
    assert desk.announced() == 4


async def test_a_version_its_author_had_not_seen_makes_it_outdated(desk: Desk) -> None:
    await desk.plan(151)
    await policies.publish(desk.api, HERE, another(200), desk.clock.now())
    desk.clock.advance(HOUR)
    assert await desk.publisher.publish_due()
    assert await desk.states() == {"plan-151": "outdated"}
    assert await desk.notes() == ["first", "wait 200"]


async def test_a_cancelled_plan_is_not_published(desk: Desk) -> None:
    plan = await desk.plan(151)
    await policy_plans.cancel(desk.api, HERE, plan, "bob")
    assert (await policy_plans.cancel(desk.api, HERE, plan, "bob")).settled_by == "bob"
    desk.clock.advance(2 * HOUR)
    assert not await desk.publisher.publish_due()
    with pytest.raises(NotFound):
        await policy_plans.cancel(desk.api, HERE, "nothing", "bob")


async def test_a_second_person_approves(desk: Desk) -> None:
    plan = await desk.plan(151, after=None, state="proposed")
    with pytest.raises(Refused, match="other than its author"):
        await policy_plans.approve(desk.api, HERE, plan, "ann", desk.clock.now())
    assert await desk.notes() == ["first"]
    done = await policy_plans.approve(desk.api, HERE, plan, "bob", desk.clock.now())
    assert (done.state, done.version, done.approved_by) == ("published", 2, "bob")
    assert (await policy_plans.approve(desk.api, HERE, plan, "bob", desk.clock.now())).version == 2
    newest = await policies.newest(desk.api, HERE)
    assert newest is not None
    assert (newest.author, newest.approved_by) == ("ann", "bob")


async def test_an_approved_plan_waits_for_its_time(desk: Desk) -> None:
    plan = await desk.plan(151, state="proposed")
    desk.clock.advance(HOUR // 2)
    assert (await policy_plans.approve(desk.api, HERE, plan, "bob", desk.clock.now())).state == "scheduled"
    assert not await desk.publisher.publish_due()
    desk.clock.advance(HOUR)
    assert await desk.publisher.publish_due()
    assert await desk.notes() == ["first", "wait 151"]


async def test_an_unapproved_plan_is_not_published_at_its_time(desk: Desk) -> None:
    await desk.plan(151, state="proposed")
    desk.clock.advance(2 * HOUR)
    assert not await desk.publisher.publish_due()


async def test_the_same_request_publishes_and_plans_once(desk: Desk) -> None:
    wanted = replace(another(151), request_id="ann:key-1")
    first = await policies.publish(desk.api, HERE, wanted, desk.clock.now())
    again = await policies.publish(desk.api, HERE, wanted, desk.clock.now())
    assert (first.version, again.version) == (2, 2)
    with pytest.raises(Conflict, match="another document"):
        await policies.publish(desk.api, HERE, replace(another(152), request_id="ann:key-1"), desk.clock.now())
    await desk.plan(160)
    await desk.plan(160)
    assert list(await desk.states()) == ["plan-160"]
