"""From the router's decisions to a page: snapshot, frames, reconnect without loss, scopes, hints of others, rebuilding."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from services.console.app import create_app
from shared.contracts import routing_decisions as rd
from shared.contracts.contact_events import Presence
from shared.contracts.conversation_messages import MessageSent
from shared.contracts.envelope import Envelope
from shared.contracts.fields import Channel
from shared.contracts.wire import CONVERSATION_MESSAGES, ROUTING_DECISIONS
from shared.security import Role
from tests.brokers import free_port
from tests.integration.console.conftest import HOUSE_PARTITIONS, POOL, House, served
from tests.integration.console.test_commands import assigned, offered, queued, seat


class Page:
    """An open EventSource."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.aiter_lines()
        self.cursor = ""

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(10):
            async for line in self._lines:
                if line.startswith("id: "):
                    self.cursor = line[4:]
                elif line.startswith("data: "):
                    return json.loads(line[6:])
        raise AssertionError("the stream ended")

    async def until(self, kind: str, **facts: Any) -> dict[str, Any]:
        """The next frame of this type with these facts; others are passed over."""
        while True:
            frame = await self.next()
            if frame["type"] == kind and facts.items() <= frame.items():
                return frame


@asynccontextmanager
async def page(client: httpx.AsyncClient, channels: str, after: str | None = None) -> AsyncGenerator[Page]:
    headers = {"Last-Event-ID": after} if after else {}
    async with client.stream("GET", f"/api/stream?channels={channels}", headers=headers) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Page(answer)


async def test_an_agents_page_sees_its_contact_from_offer_to_wrap_up(house: House, fresh_id: str) -> None:
    person = await seat(house)
    agent_id, contact, offer = person["agent_id"], f"c-{fresh_id}", f"o-{fresh_id}"
    async with house.agent(person) as desk, page(desk, "agent") as view:
        first = await view.next()
        assert (first["type"], first["agent"]["agent"]["agent_id"], first["agent"]["offers"]) == (
            "snapshot",
            agent_id,
            [],
        )
        assert abs(first["now"] - house.now()) < 10_000_000
        await house.decide(queued(house, contact), offered(house, contact, agent_id, offer))
        assert (await view.until("offer"))["contact_id"] == contact
        assert (await view.until("agent_state"))["contacts"][0]["state"] == "offered"
        await house.decide(
            assigned(house, contact, agent_id, offer),
            rd.InteractionStarted(contact, agent_id, f"i-{offer}", house.now()),
        )
        assert (await view.until("assigned"))["state"] == "connecting"
        assert (await view.until("interaction_started"))["state"] == "connected"
        line = MessageSent(f"m-{fresh_id}", contact, "customer", house.now(), text="喂?")
        envelope = Envelope(f"e-{fresh_id}", "/gateway", house.now(), house.tenant, contact, line)
        await house.producer.publish(CONVERSATION_MESSAGES, envelope, partition=1, key=contact)
        assert (await view.until("message"))["text"] == "喂?"
        await house.neighbour.changes.put({"tenant": house.tenant, "contact_id": contact, "customer_id": "cu"})
        assert (await view.until("pop_changed")) == {"type": "pop_changed", "contact_id": contact, "customer_id": "cu"}
        await house.decide(
            rd.InteractionEnded(contact, agent_id, f"i-{offer}", house.now(), "ended"),
            rd.WrapUpStarted(contact, agent_id, f"i-{offer}", Channel.PHONE, "repairs", "timed", house.now(), None, 1),
            rd.ContactClosed(
                contact,
                rd.ContactEnd.SERVED,
                house.now(),
                Channel.PHONE,
                "rental",
                "customer",
                "repairs",
                agent_id=agent_id,
            ),
            rd.InputRefused("e1", "OfferAccepted", rd.RefusalReason.OFFER_WITHDRAWN, contact, agent_id),
        )
        assert (await view.until("wrap_up_started"))["extensions_left"] == 1
        assert (await view.until("contact_closed"))["end"] == "served"
        assert (await view.until("refused"))["reason"] == "offer_withdrawn"


async def test_a_page_that_breaks_off_misses_and_repeats_nothing(house: House, fresh_id: str) -> None:
    person = await seat(house)
    agent_id = person["agent_id"]

    def refusal(n: int) -> rd.InputRefused:
        return rd.InputRefused(f"{fresh_id}-{n}", "OfferAccepted", rd.RefusalReason.OFFER_NOT_FOUND, None, agent_id)

    seen: list[str] = []
    async with house.agent(person) as desk:
        async with page(desk, "agent") as view:
            assert (await view.next())["type"] == "snapshot"
            await house.decide(*(refusal(n) for n in range(3)))
            while len(seen) < 2:
                seen.append((await view.until("refused"))["event_id"])
            cursor = view.cursor
        await house.decide(*(refusal(n) for n in range(3, 6)))
        async with page(desk, "agent", cursor) as view:
            while len(seen) < 6:
                frame = await view.next()
                assert frame["type"] != "snapshot"
                if frame["type"] == "refused":
                    seen.append(frame["event_id"])
        assert seen == [f"{fresh_id}-{n}" for n in range(6)]
        for stale in ("0000-1", f"{cursor.split('-')[0]}-999999", "nonsense"):
            async with page(desk, "agent", stale) as view:
                assert (await view.next())["type"] == "snapshot"


async def test_the_wallboard_moves_and_counts(house: House, fresh_id: str) -> None:
    async with house.client(Role.ANALYST) as analyst, page(analyst, "wallboard") as board:
        first = (await board.next())["wallboard"]
        before = next(row for row in first["groups"] if row["group"] == "repairs")
        assert before["service_level"]["variant"] == "answered_within_of_offered"
        contact = f"c-{fresh_id}"
        await house.decide(queued(house, contact, entered_group_at=house.now()))
        row = await board.until("group", group="repairs")
        assert row["today"]["offered"] == before["today"]["offered"] + 1
        assert row["waiting"] == before["waiting"] + 1
        await house.decide(
            rd.ContactClosed(
                contact,
                rd.ContactEnd.ABANDONED_IN_QUEUE,
                house.now(),
                Channel.PHONE,
                "rental",
                "customer",
                "repairs",
                waited=1,
            )
        )
        row = await board.until("group", group="repairs")
        assert (row["today"]["abandoned"], row["waiting"]) == (before["today"]["abandoned"] + 1, before["waiting"])


async def test_alarms_come_and_go(house: House, fresh_id: str) -> None:
    contact = f"c-{fresh_id}"
    from shared.contracts.fields import SkillLevel

    async with house.client(Role.SUPERVISOR) as supervisor, page(supervisor, "wallboard,floor") as board:
        snapshot = await board.next()
        assert {"wallboard", "floor"} <= snapshot.keys()
        await house.decide(queued(house, contact, group=f"g{fresh_id}", requirement=(SkillLevel("rare", 9),)))
        alarm = await board.until("alarm", group=f"g{fresh_id}")
        assert (alarm["kind"], alarm["state"], alarm["count"]) == ("nobody_staffed", "raised", 1)
        await house.decide(
            rd.ContactClosed(
                contact, rd.ContactEnd.ABANDONED_IN_QUEUE, house.now(), Channel.PHONE, "rental", "customer"
            )
        )
        assert (await board.until("alarm", group=f"g{fresh_id}"))["state"] == "cleared"
        rona = f"a-{fresh_id}"
        await house.agent_state(rona, presence=Presence.NOT_READY)
        await house.decide(rd.RonaAlerted(rona, 3))
        assert (await board.until("alarm", agent_id=rona))["count"] == 3


async def test_a_floor_shows_only_its_own_teams(house: House, fresh_id: str) -> None:
    team, near, far = f"t-{fresh_id}", f"near-{fresh_id}", f"far-{fresh_id}"
    async with house.client(Role.SUPERVISOR, teams=(team,)) as supervisor, page(supervisor, "floor") as floor:
        assert (await floor.next())["floor"]["agents"] == []
        await house.agent_state(far, teams=("elsewhere",))
        await house.agent_state(near, teams=(team,))
        assert (await floor.until("agent_state"))["agent_id"] == near
        await house.agent_state(near, teams=("elsewhere",))
        assert (await floor.until("agent_gone"))["agent_id"] == near
        await house.agent_state(far, teams=("elsewhere", team))
        assert (await floor.until("agent_state"))["agent_id"] == far
    async with house.client(Role.SUPERVISOR, teams=(team,)) as supervisor, page(supervisor, "floor") as floor:
        assert [agent["agent_id"] for agent in (await floor.next())["floor"]["agents"]] == [far]


async def test_other_tenants_hear_nothing(house: House, fresh_id: str) -> None:
    async with house.client(Role.ADMIN, tenant=house.other) as stranger, page(stranger, "wallboard,floor") as view:
        first = await view.next()
        assert first["floor"]["agents"] == []
        await house.agent_state(f"a-{fresh_id}")
        await house.agent_state(f"b-{fresh_id}", tenant=house.other)
        assert (await view.until("agent_state"))["agent_id"] == f"b-{fresh_id}"


@pytest.mark.parametrize(
    ("channels", "roles", "status"),
    [
        ("agent", (Role.SUPERVISOR,), 403),
        ("agent", (Role.AGENT,), 403),  # without a seat
        ("wallboard", (Role.AGENT,), 403),
        ("floor", (Role.ANALYST,), 403),
        ("wallboard,floor", (Role.ANALYST,), 403),
        ("moon", (Role.ADMIN,), 422),
        ("", (Role.ADMIN,), 422),
        ("wallboard", (), 401),
    ],
)
async def test_who_may_watch_what(house: House, channels: str, roles: tuple[Role, ...], status: int) -> None:
    async with house.client(*roles) as client:
        answer = await client.get(f"/api/stream?channels={channels}")
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"


async def test_names_come_with_the_policy(house: House) -> None:
    async with house.client(Role.AGENT) as client:
        async with asyncio.timeout(10):
            while (names := (await client.get("/api/catalogue")).json())["version"] == 0:
                await asyncio.sleep(0.05)
    assert names["groups"]["repairs"] == {
        "zh": "报修", "en": "Repairs", "business_line": "rental", "channels": ["phone"], "targets": {"phone": 20}, "outbound": False,
    }  # fmt: skip
    assert names["presence_reasons"] == {"break": {"zh": "休息", "en": "Break"}}
    assert set(names["agents"]) <= {row[0] for row in await house.owner.fetch("SELECT agent_id FROM console.agents")}


async def test_another_instance_builds_the_same_picture_from_journal_and_checkpoint(
    house: House, fresh_id: str
) -> None:
    contact = f"c-{fresh_id}"
    await house.decide(queued(house, contact), publish=False)  # committed, and the router died before publishing
    await house.agent_state(f"a-{fresh_id}", publish=False)
    for _ in range(2):  # first from what the other one saved or from the journal alone, then from its own checkpoint
        app = create_app(house.settings)
        async with served(app, free_port()) as url:
            async with httpx.AsyncClient(
                base_url=url, headers=house.client(Role.ADMIN).headers, trust_env=False
            ) as admin:
                async with page(admin, "wallboard,floor") as view:  # waits until the picture is complete
                    agents = [agent["agent_id"] for agent in (await view.next())["floor"]["agents"]]
                assert f"a-{fresh_id}" in agents
                assert (await admin.get(f"/api/live/contacts/{contact}")).json()["state"] == "waiting"
    await house.agent_state(f"b-{fresh_id}")  # the gap shows: the first instance fills it from the journal
    async with house.client(Role.ADMIN) as admin:
        async with asyncio.timeout(10):
            while (await admin.get(f"/api/live/contacts/{contact}")).status_code != 200:
                await asyncio.sleep(0.05)
    saved = await house.owner.fetchval("SELECT max(sequence) FROM console.checkpoints WHERE partition = 1")
    assert saved >= len(house.neighbour.decisions[1]) - 1


async def test_rewritten_history_stops_the_picture_and_alarms(house: House, fresh_id: str) -> None:
    tenant, partition = f"t-{fresh_id}", HOUSE_PARTITIONS
    await house.owner.execute("INSERT INTO directory.tenants (tenant_id, name) VALUES ($1, $1)", tenant)
    await house.owner.execute("INSERT INTO directory.pools VALUES ($1, $2, $3)", tenant, POOL, partition)
    house.partitions[tenant] = partition
    app = create_app(house.settings.model_copy(update={"kafka_partitions": HOUSE_PARTITIONS + 1}))
    async with served(app, free_port()) as url:
        token = house.client(Role.ADMIN, tenant=tenant).headers
        async with httpx.AsyncClient(base_url=url, headers=token, trust_env=False, timeout=20) as admin:
            async with page(admin, "wallboard") as board:
                await board.next()
                await house.agent_state(f"a-{fresh_id}", tenant=tenant)
                assert (await board.until("staff", signed_in=1))["available"] == 1
                headers, body = house.neighbour.decisions[partition][0]
                again = [(k, b"2" if k == "ce_epoch" else v) for k, v in headers]
                await house.producer.send_raw(ROUTING_DECISIONS, [(partition, POOL.encode(), again, body)])
                assert (await board.until("alarm"))["kind"] == "sequence_broken"
            ready = await admin.get("/readyz")
            assert ready.status_code == 503
            assert "again under epoch 2" in ready.json()["checks"]["live_picture"]
