"""Decisions become the timeline once, in the transaction that moves the watermark."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Sequence
from typing import Any

import pytest

from services.profile.domain.history import history_of
from services.profile.handlers.history import FollowDecisions
from services.profile.store.history import write_history
from shared.contracts.envelope import Envelope
from shared.contracts.fields import SECOND, Channel
from shared.contracts.routing_decisions import (
    ConsultationRequested,
    ConsultationStarted,
    ContactClosed,
    ContactEnd,
    ContactQueued,
    ContactTransferred,
    HeadStart,
    InteractionEnded,
    InteractionStarted,
    QueueCause,
    SelfServiceAnswerGiven,
    SelfServiceAwaited,
    WrapUpFinished,
)
from shared.contracts.wire import ROUTING_DECISIONS
from shared.decisions import advance_watermark
from shared.errors import SequenceBroken
from tests.conftest import Broker
from tests.integration.profile.conftest import PARTITION, POOL, House


def served(contact: str, tenant: str, at: int, agent: str, partition: int = PARTITION) -> list[Envelope[Any]]:
    """A contact's decisions from queue to wrap-up."""
    group, interaction = "rental-zh", f"i-{contact}"
    facts = [
        ContactQueued(contact, Channel.PHONE, "rental", group, (), at, at, at, at, HeadStart(), QueueCause.NEW, 1),
        InteractionStarted(contact, agent, interaction, at + 5 * SECOND),
        InteractionEnded(contact, agent, interaction, at + 65 * SECOND, "ended", 60 * SECOND),
        ContactClosed(
            contact, ContactEnd.SERVED, at + 65 * SECOND, Channel.PHONE, "rental", "customer", group, at, 5 * SECOND, agent
        ),
        WrapUpFinished(contact, agent, interaction, at + 70 * SECOND, "solved", "billing"),
    ]  # fmt: skip
    return [
        Envelope(f"d-{n}-{contact}", "/router/1", at, tenant, contact, fact, POOL, partition, n, 1, n)
        for n, fact in enumerate(facts, start=1)
    ]


async def apply(house: House, batch: Sequence[Envelope[Any]]) -> None:
    async with house.app.state.room.workers.acquire() as connection, connection.transaction():
        await advance_watermark(connection, PARTITION, batch)
        await write_history(connection, history_of(batch))


async def test_served_contact_shows_on_the_next_pop_and_makes_a_repeat(house: House, number: str) -> None:
    made = await house.customer(name="赵敏", identities=[{"kind": "phone", "value": number}])
    customer = made["customer"]["customer_id"]
    contact = await house.arrive(number)
    batch = served(contact, house.tenant, time.time_ns() // 1000 - 600 * SECOND, "a-9")
    await apply(house, batch)
    with pytest.raises(SequenceBroken):
        await apply(house, batch)

    again = await house.pop(await house.arrive(number))
    assert again["contact"]["repeat"]
    assert again["last_contacts"][0]["reason"] == "billing"
    assert "repeat_contact" in [p["code"] for p in again["prompts"]]
    async with house.client() as client:
        timeline = (await client.get(f"/v1/customers/{customer}/timeline")).json()["items"]
    first = next(item for item in timeline if item["id"] == contact)
    assert first["detail"]["end"] == "served"
    assert first["detail"]["interactions"][0]["talked_seconds"] == 60
    profiled = (await house.profiled(again["contact"]["contact_id"])).data
    assert (profiled.repeat, [(p.agent_id, p.why) for p in profiled.preferred]) == (True, [("a-9", "last_good_agent")])


async def test_self_served_and_warmly_transferred_contacts_are_on_the_timeline(house: House, number: str) -> None:
    made = await house.customer(name="钱伟", identities=[{"kind": "phone", "value": number}])
    menu, passed = await house.arrive(number), await house.arrive(number)
    at = time.time_ns() // 1000 - 600 * SECOND
    line, group = "rental", "rental-zh"
    facts: list[Any] = [
        SelfServiceAwaited(menu, Channel.PHONE, line, at, at + 3 * SECOND),
        SelfServiceAnswerGiven(menu, "opening-hours", 2),
        ContactClosed(menu, ContactEnd.SELF_SERVED, at + 40 * SECOND, Channel.PHONE, line, "customer"),
        ContactQueued(
            passed, Channel.PHONE, "repair", group, (), at, at, at, at, HeadStart(), QueueCause.SELF_SERVICE, 1
        ),
        InteractionStarted(passed, "a-1", f"i1-{passed}", at + 5 * SECOND),
        ConsultationRequested(passed, "a-1", "t-1", "agent", "a-2", at + 60 * SECOND),
        ConsultationStarted(passed, "a-1", "a-2", "t-1", "o-2", f"i2-{passed}"),
        InteractionEnded(passed, "a-1", f"i1-{passed}", at + 65 * SECOND, "transferred", 60 * SECOND),
        ContactTransferred(passed, "a-1", "t-1", "agent", "a-2", "a-2", f"i2-{passed}"),
        InteractionStarted(passed, "a-2", f"i2-{passed}", at + 65 * SECOND),
        InteractionEnded(passed, "a-2", f"i2-{passed}", at + 95 * SECOND, "ended", 30 * SECOND),
        ContactClosed(
            passed, ContactEnd.SERVED, at + 95 * SECOND, Channel.PHONE, "repair", "customer", group, at, 0, "a-2"
        ),
    ]  # fmt: skip
    async with house.app.state.room.workers.acquire() as connection, connection.transaction():
        batch = [
            Envelope(f"d-{n}", "/router/1", at, house.tenant, fact.contact_id, fact) for n, fact in enumerate(facts)
        ]
        await write_history(connection, history_of(batch))
    async with house.client() as client:
        path = f"/v1/customers/{made['customer']['customer_id']}/timeline"
        found = {item["id"]: item["detail"] for item in (await client.get(path)).json()["items"]}
    assert (found[menu]["end"], found[menu]["interactions"], found[menu]["group"]) == ("self_served", [], None)
    assert (found[passed]["end"], found[passed]["agent_id"], found[passed]["business_line"]) == (
        "served",
        "a-2",
        "repair",
    )
    assert [(i["agent_id"], i["talked_seconds"]) for i in found[passed]["interactions"]] == [("a-1", 60), ("a-2", 30)]


class SilentJournal:
    """A router whose journal holds nothing that was not published."""

    async def after(self, _partition: int, _sequence: int) -> list[Envelope[Any]]:
        return []


async def test_decisions_from_the_broker_become_history_from_the_watermark_on(house: House, broker: Broker) -> None:
    """The first reader dies after three decisions; the next begins where the watermark stands. Repeats are dropped."""
    workers, partition, contact = house.app.state.room.workers, PARTITION + 1, f"c-{uuid.uuid4().hex}"
    decisions = served(contact, house.other, time.time_ns() // 1000, "a-9", partition)

    async def follow(told: list[Envelope[Any]], until: int) -> None:
        reader = FollowDecisions(workers, SilentJournal(), broker.bootstrap_servers, broker.partitions)  # type: ignore[arg-type]
        task = asyncio.create_task(reader.run())
        try:
            async with asyncio.timeout(20):
                at = 0
                while at != until:
                    # told again and again: a feed hears only what is published after it began to listen
                    await house.producer.publish(ROUTING_DECISIONS, *told, partition=partition)
                    await asyncio.sleep(0.2)
                    at = await house.owner.fetchval(
                        "SELECT sequence FROM profile.watermark WHERE partition = $1", partition
                    )  # fmt: skip
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    await follow(decisions[:3], 3)
    await follow(decisions[3:], 5)
    row = await house.owner.fetchrow(
        "SELECT end_kind, disposition FROM profile.contacts WHERE contact_id = $1", contact
    )
    assert row is not None
    assert (row["end_kind"], row["disposition"]) == ("served", "solved")
