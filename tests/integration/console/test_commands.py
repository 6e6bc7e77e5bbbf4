"""What an agent asks for becomes exactly one event in the pool's partition; what the picture knows better is refused."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from aiokafka.structs import TopicPartition

from shared.contracts import contact_events as ce
from shared.contracts import routing_decisions as rd
from shared.contracts.channel_commands import (
    EndContact,
    HoldContact,
    JoinConsultation,
    RecordContact,
    SuperviseContact,
)
from shared.contracts.conversation_messages import MessageSent
from shared.contracts.fields import Channel, HeldSkill, SkillLevel
from shared.contracts.wire import CHANNEL_COMMANDS, CONVERSATION_MESSAGES, decode
from shared.kafka import make_consumer
from shared.security import Role
from tests.integration.console.conftest import POOL, House


async def eventually(check: Any, what: str) -> None:
    async with asyncio.timeout(10):
        while not await check():
            await asyncio.sleep(0.02)
    assert what


def queued(house: House, contact_id: str, **fields: Any) -> rd.ContactQueued:
    now = house.now()
    return rd.ContactQueued(
        contact_id, fields.pop("channel", Channel.PHONE), "rental", fields.pop("group", "repairs"),
        fields.pop("requirement", (SkillLevel("zh", 3),)), now, now, fields.pop("entered_group_at", now), now + 20_000_000,
        rd.HeadStart(tier=fields.pop("tier_seconds", 0)), fields.pop("cause", rd.QueueCause.NEW), 3, **fields,
    )  # fmt: skip


def offered(house: House, contact_id: str, agent_id: str, offer_id: str) -> rd.OfferMade:
    now = house.now()
    reasons = rd.OfferReasons("contact", "group", "longest_idle", (1, agent_id), 0, rd.HeadStart(), 3)
    return rd.OfferMade(
        offer_id, contact_id, agent_id, Channel.PHONE, "rental", "repairs", now, now + 20_000_000, reasons
    )  # fmt: skip


def assigned(house: House, contact_id: str, agent_id: str, offer_id: str) -> rd.ContactAssigned:
    return rd.ContactAssigned(
        contact_id, agent_id, offer_id, f"i-{offer_id}", Channel.PHONE, "repairs", house.now() + 20_000_000, 3_000_000
    )


async def known_to_console(house: House, contact_id: str) -> None:
    async with house.client(Role.ADMIN) as admin:

        async def there() -> bool:
            return (await admin.get(f"/api/live/contacts/{contact_id}")).status_code == 200

        await eventually(there, "the contact is in the live picture")


async def seat(house: House) -> dict[str, str]:
    """An agent whom the router has signed in, as the console knows."""
    person = await house.person(Role.AGENT, agent=True)
    await house.agent_state(person["agent_id"])
    async with house.agent(person) as desk:

        async def there() -> bool:
            answer = await desk.post("/api/agent/presence", json={"presence": "available"})
            return answer.status_code == 202

        await eventually(there, "the agent is in the live picture")
    return person


async def test_signing_in_tells_the_router_what_the_roster_says(house: House, fresh_id: str) -> None:
    person = await house.person(Role.AGENT, agent=True)
    agent_id = person["agent_id"]
    async with house.client(Role.ADMIN) as admin:
        for kind, item in (
            ("teams", {"team_id": fresh_id, "name": "T"}),
            ("sites", {"site_id": fresh_id, "name": "S"}),
            ("skills", {"skill": f"s{fresh_id}", "name": {"zh": "粤语", "en": "Cantonese"}, "kind": "dialect"}),
        ):
            assert (await admin.post(f"/api/roster/{kind}", json=item)).status_code == 201
        agent = (await admin.get(f"/api/roster/agents/{agent_id}")).json()
        agent |= {
            "teams": [fresh_id], "sites": [fresh_id], "capacity": {"web": 2},
            "skills": [{"skill": f"s{fresh_id}", "level": 7, "expires_at": "2030-01-01T00:00:00Z"}],
        }  # fmt: skip
        assert (await admin.put(f"/api/roster/agents/{agent_id}", json=agent)).status_code == 200
    since = await house.end_of_events()
    async with house.agent(person) as desk:
        answer = await desk.post("/api/agent/sign-in", json={}, headers={"Idempotency-Key": "k1"})
        again = await desk.post("/api/agent/sign-in", headers={"Idempotency-Key": "k1"})
        assert answer.status_code == again.status_code == 202
        assert answer.json() == again.json()
    event, _ = await house.events(since, count=2)
    assert event.id == answer.json()["event_id"]
    assert (event.tenant, event.pool, event.subject, event.source) == (house.tenant, POOL, agent_id, "/console")
    assert event.data == ce.AgentSignedIn(
        agent_id, event.data.session_id, (HeldSkill(f"s{fresh_id}", 7, 1_893_456_000_000_000),), {Channel.WEB: 2},
        (fresh_id,), (fresh_id,), ce.Presence.NOT_READY, "signed_in",
    )  # fmt: skip


async def test_each_command_is_its_event(house: House, fresh_id: str) -> None:
    person = await seat(house)
    agent_id, contact, offer = person["agent_id"], f"c-{fresh_id}", f"o-{fresh_id}"
    await house.decide(queued(house, contact), offered(house, contact, agent_id, offer))
    await known_to_console(house, contact)
    since = await house.end_of_events()
    async with house.agent(person) as desk:

        async def ask(path: str, body: dict[str, Any], key: str | None = None) -> dict[str, str]:
            headers = {"Idempotency-Key": key} if key else {}
            answer = await desk.post(f"/api/{path}", json=body, headers=headers)
            assert answer.status_code == 202, answer.text
            return answer.json()

        ids = [
            await ask("agent/presence", {"presence": "not_ready", "reason": "break"}),
            await ask(f"offers/{offer}/accept", {"contact_id": contact}, "click"),
            await ask(f"offers/{offer}/accept", {"contact_id": contact}, "click"),
            await ask(f"offers/{offer}/reject", {"contact_id": contact, "reason": "busy_elsewhere"}),
            await ask(
                f"contacts/{contact}/wrap-up", {"interaction_id": "i-1", "disposition": "solved", "reason": "billing"}
            ),
            await ask(f"contacts/{contact}/wrap-up/extend", {"interaction_id": "i-1"}),
        ]
    events = await house.events(since, count=len(ids))
    assert [event.id for event in events] == [answer["event_id"] for answer in ids]
    assert ids[1] == ids[2]
    assert [event.data for event in events] == [
        ce.PresenceChanged(agent_id, ce.Presence.NOT_READY, "break"),
        ce.OfferAccepted(agent_id, contact, offer, "page"),
        ce.OfferAccepted(agent_id, contact, offer, "page"),
        ce.OfferRejected(agent_id, contact, offer, "rejected", "busy_elsewhere"),
        ce.WrapUpCompleted(agent_id, contact, "i-1", "solved", "billing"),
        ce.WrapUpExtended(agent_id, contact, "i-1"),
    ]


async def test_conversation_commands_need_the_contact_in_hand(house: House, fresh_id: str) -> None:
    person, other = await seat(house), await seat(house)
    agent_id, contact, offer = person["agent_id"], f"c-{fresh_id}", f"o-{fresh_id}"
    await house.decide(
        queued(house, contact), offered(house, contact, agent_id, offer), assigned(house, contact, agent_id, offer)
    )
    await known_to_console(house, contact)
    lines = await reader(house, CONVERSATION_MESSAGES)
    commands = await reader(house, CHANNEL_COMMANDS)
    since = await house.end_of_events()
    wishes = (
        ("messages", {"message_id": f"m-{fresh_id}", "text": "您好"}),
        ("end", {}),
        ("hold", {"held": True}),
        ("transfer", {"target_kind": "group", "target": "billing"}),
    )
    async with house.agent(other) as stranger:
        for path, body in wishes:
            answer = await stranger.post(f"/api/contacts/{contact}/{path}", json=body)
            assert (answer.status_code, answer.json()["type"]) == (409, "urn:ucc:problem:contact_not_yours")
    async with house.agent(person) as desk:
        done = [(await desk.post(f"/api/contacts/{contact}/{path}", json=body)).json() for path, body in wishes]
    line = await lines(1)
    assert line[0].data == MessageSent(f"m-{fresh_id}", contact, "agent", line[0].data.sent_at, agent_id, "您好")
    end, hold = await commands(2)
    assert end.data == EndContact(done[1]["event_id"], contact, end.data.not_after, agent_id)
    assert hold.data == HoldContact(done[2]["event_id"], contact, hold.data.not_after, agent_id, True)
    (transfer,) = await house.events(since)
    assert transfer.data == ce.TransferRequested(
        contact, agent_id, done[3]["transfer_id"], ce.TransferTarget.GROUP, "billing"
    )


async def test_a_warm_transfer_is_asked_for_joined_and_settled(house: House, fresh_id: str) -> None:
    person, colleague, other = await seat(house), await seat(house), await seat(house)
    mine, theirs, contact = person["agent_id"], colleague["agent_id"], f"c-{fresh_id}"
    offer, second, transfer = f"o-{fresh_id}", f"p-{fresh_id}", f"t-{fresh_id}"
    asked = rd.ConsultationRequested(contact, mine, transfer, "agent", theirs, house.now() + 60_000_000, "repairs")
    await house.decide(
        queued(house, contact), offered(house, contact, mine, offer), assigned(house, contact, mine, offer), asked,
        replace(offered(house, contact, theirs, second), consult_of=transfer),
        rd.ConsultationStarted(contact, mine, theirs, transfer, second, f"i-{second}"),
    )  # fmt: skip
    await known_to_console(house, contact)
    commands = await reader(house, CHANNEL_COMMANDS)
    since = await house.end_of_events()
    this = {"transfer_id": transfer}

    async def ask(who: dict[str, str], path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        async with house.agent(who) as desk:
            answer = await desk.post(f"/api/contacts/{contact}/{path}", json=body)
            return answer.status_code, answer.json()

    for path, body in (("transfer/complete", this), ("join", this), ("end", {}), ("hold", {"held": True})):
        assert (await ask(colleague, path, body))[1]["type"] == "urn:ucc:problem:contact_not_yours"
    assert (await ask(other, "transfer/cancel", this))[1]["type"] == "urn:ucc:problem:contact_not_yours"
    for path, body in (("end", {}), ("transfer", {"target_kind": "group", "target": "billing", "mode": "warm"})):
        assert (await ask(person, path, body))[1]["type"] == "urn:ucc:problem:in_consultation"
    joined = await ask(person, "join", {**this, "joined": True})
    assert (await ask(person, "transfer/complete", this))[0] == 202
    assert (await ask(colleague, "transfer/cancel", this))[0] == 202
    (join,) = await commands(1)
    assert join.data == JoinConsultation(joined[1]["event_id"], contact, join.data.not_after, mine, transfer, True)
    assert [event.data for event in await house.events(since, count=2)] == [
        ce.TransferCompleted(contact, mine, transfer),
        ce.TransferCancelled(contact, theirs, transfer),
    ]


async def test_who_may_listen_and_record(house: House, fresh_id: str) -> None:
    person, other = await seat(house), await seat(house)
    agent_id, contact, offer = person["agent_id"], f"c-{fresh_id}", f"o-{fresh_id}"
    await house.agent_state(agent_id, teams=(f"t-{fresh_id}",))
    await house.decide(
        queued(house, contact), offered(house, contact, agent_id, offer), assigned(house, contact, agent_id, offer)
    )
    await known_to_console(house, contact)
    commands = await reader(house, CHANNEL_COMMANDS)
    listen, record = f"/api/contacts/{contact}/supervise", f"/api/contacts/{contact}/record"
    async with (
        house.client(Role.SUPERVISOR, teams=("t-far",)) as far,
        house.client(Role.SUPERVISOR, teams=(f"t-{fresh_id}",)) as near,
        house.agent(person) as desk,
        house.agent(other) as stranger,
    ):
        assert (await far.post(listen, json={"mode": "listen"})).status_code == 404
        assert (await far.post(record, json={"action": "stop"})).status_code == 404
        assert (await stranger.post(record, json={"action": "stop"})).json()[
            "type"
        ] == "urn:ucc:problem:contact_not_yours"
        assert (await desk.post(record, json={"action": "pause", "reason": "card_number"})).status_code == 202
        assert (await near.post(listen, json={"mode": "whisper", "reason": "training"})).status_code == 202
        assert (await near.post(listen, json={"mode": "stop"})).status_code == 202
        assert (await near.post("/api/contacts/c-nobody/supervise", json={"mode": "stop"})).status_code == 404
    paused, whisper, stop = await commands(3)
    assert paused.data == RecordContact(
        paused.data.command_id, contact, paused.data.not_after, agent_id, "pause", "card_number"
    )
    assert (whisper.data.mode, whisper.data.reason, whisper.data.requested_by) == ("whisper", "training", "u-1")
    assert stop.data == SuperviseContact(stop.data.command_id, contact, stop.data.not_after, "u-1", "stop")
    async with house.client(Role.ADMIN) as admin:
        entries = (await admin.get("/api/roster/audit", params={"subject_id": contact})).json()["items"]
    assert [(entry["action"], entry["after"]["agent_id"]) for entry in entries] == [
        ("supervision_stop", agent_id),
        ("supervision_whisper", agent_id),
    ]


async def test_an_offer_known_to_be_over_or_anothers_is_refused(house: House, fresh_id: str) -> None:
    person, other = await seat(house), await seat(house)
    contact, offer = f"c-{fresh_id}", f"o-{fresh_id}"
    await house.decide(queued(house, contact), offered(house, contact, person["agent_id"], offer))
    await known_to_console(house, contact)

    async with house.agent(other) as desk:
        answer = await desk.post(f"/api/offers/{offer}/accept", json={"contact_id": contact})
        assert answer.json()["type"] == "urn:ucc:problem:not_this_agent"
    await house.decide(rd.OfferWithdrawn(offer, contact, person["agent_id"], rd.OfferOutcome.TIMED_OUT))
    async with house.agent(person) as desk:

        async def over() -> bool:
            answer = await desk.post(f"/api/offers/{offer}/accept", json={"contact_id": contact})
            return answer.status_code == 409 and answer.json()["type"] == "urn:ucc:problem:offer_withdrawn"

        await eventually(over, "a late click is told why")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("agent/presence", {"presence": "asleep"}, 422),
        ("agent/presence", {"presence": "available", "reason": "with spaces"}, 422),
        ("offers/o/accept", {}, 422),
        ("offers/o o/accept", {"contact_id": "c"}, 422),
        ("contacts/c/messages", {"message_id": "m", "text": ""}, 422),
        ("contacts/c/messages", {"message_id": "m", "text": "x" * 16_001}, 422),
        ("contacts/c/transfer", {"target_kind": "moon", "target": "x"}, 422),
        ("agent/presence", {"presence": "available", "extra": 1}, 422),
    ],
)
async def test_malformed_commands_name_the_field(house: House, path: str, body: dict[str, Any], status: int) -> None:
    person = await house.person(Role.AGENT, agent=True)
    async with house.agent(person) as desk:
        answer = await desk.post(f"/api/{path}", json=body)
        assert answer.status_code == status
        assert answer.json()["errors"][0]["field"]


async def test_who_is_not_signed_in_or_not_on_the_roster_is_told(house: House) -> None:
    person = await house.person(Role.AGENT, agent=True)
    async with house.agent(person) as desk:
        answer = await desk.post("/api/agent/presence", json={"presence": "available"})
        assert answer.json()["type"] == "urn:ucc:problem:not_signed_in"
    async with house.client(Role.AGENT, agent_id="a-unknown") as desk:
        assert (await desk.post("/api/agent/sign-in")).json()["type"] == "urn:ucc:problem:not_on_roster"
    async with house.client(Role.AGENT) as desk:
        assert (await desk.post("/api/agent/sign-in")).status_code == 403


async def test_a_supervisor_acts_only_on_agents_in_sight_and_is_audited(house: House) -> None:
    person = await house.person(Role.AGENT, agent=True)
    agent_id = person["agent_id"]
    await house.agent_state(agent_id, teams=("t-near",))
    since = await house.end_of_events()
    path, body = f"/api/floor/agents/{agent_id}/presence", {"presence": "not_ready", "reason": "training"}
    async with (
        house.client(Role.SUPERVISOR, teams=("t-far",)) as far,
        house.client(Role.SUPERVISOR, teams=("t-near",)) as near,
    ):

        async def done() -> bool:
            return (await near.post(path, json=body)).status_code == 202

        await eventually(done, "the nearer supervisor may")
        assert (await far.post(path, json=body)).status_code == 404
    (event,) = await house.events(since)
    assert event.data == ce.PresenceChanged(agent_id, ce.Presence.NOT_READY, "training", "u-1")
    async with house.client(Role.ADMIN) as admin:
        entry = (await admin.get("/api/roster/audit", params={"subject_id": agent_id})).json()["items"][0]
        assert (entry["action"], entry["actor"], entry["after"]) == ("presence_set", "u-1", body)


async def test_a_supervisor_steps_in_for_somebody_who_waits_with_a_reason(house: House, fresh_id: str) -> None:
    person = await house.person(Role.AGENT, agent=True)
    agent_id, contact = person["agent_id"], f"c-{fresh_id}"
    await house.agent_state(agent_id, skills=(SkillLevel("zh", 5), SkillLevel("yue", 3)))
    await house.decide(queued(house, contact))
    await known_to_console(house, contact)
    since = await house.end_of_events()
    asked = {
        "move": {"group": "complaints", "why": "wrong_group"},
        "prioritise": {"seconds": 300, "why": "rush"},
        "direct": {"agent_id": agent_id, "why": "knows_customer"},
    }
    async with house.client(Role.SUPERVISOR) as chief:
        for path, body in asked.items():
            assert (await chief.post(f"/api/contacts/{contact}/{path}", json=body)).status_code == 202
            bare = {name: value for name, value in body.items() if name != "why"}
            assert (await chief.post(f"/api/contacts/{contact}/{path}", json=bare)).status_code == 422
        skill = {"skill": "complaint", "level": 4, "minutes": 30, "why": "rush"}
        assert (await chief.post(f"/api/floor/agents/{agent_id}/skills", json=skill)).status_code == 202
        gone = {"skill": "yue", "why": "rush"}
        assert (await chief.post(f"/api/floor/agents/{agent_id}/skills", json=gone)).status_code == 202
        assert (await chief.post("/api/contacts/c-nobody/move", json=asked["move"])).status_code == 404
    moved, first, given, taught, untaught = [event.data for event in await house.events(since, count=5)]
    assert moved == ce.ContactMoved(contact, "complaints", "u-1", "wrong_group")
    assert first == ce.ContactPrioritised(contact, 300, "u-1", "rush")
    assert given == ce.ContactDirected(contact, agent_id, "u-1", "knows_customer")
    assert {held.skill: held.level for held in taught.skills} == {"complaint": 4, "yue": 3, "zh": 5}
    assert [held.skill for held in taught.skills if held.expires_at is not None] == ["complaint"]
    assert ([held.skill for held in untaught.skills], untaught.by, untaught.why) == (["zh"], "u-1", "rush")
    async with house.client(Role.ADMIN) as admin:
        entries = (await admin.get("/api/roster/audit", params={"subject_id": contact})).json()["items"]
        assert {entry["action"] for entry in entries} == {"moved", "prioritised", "directed"}
        assert all(entry["actor"] == "u-1" and entry["after"]["why"] for entry in entries)


async def reader(house: House, topic: str) -> Any:
    """From here on: a function that waits for the next n messages of `topic` (any partition)."""
    consumer = make_consumer(house.settings.kafka_bootstrap_servers)
    await consumer.start()
    tps = [TopicPartition(topic, p) for p in range(house.broker_partitions)]
    consumer.assign(tps)
    await consumer.seek_to_end(*tps)
    for tp in tps:
        await consumer.position(tp)

    async def read(count: int) -> list[Any]:
        found: list[Any] = []
        try:
            async with asyncio.timeout(10):
                while len(found) < count:
                    for records in (await consumer.getmany(timeout_ms=200)).values():
                        found += [(r.timestamp, decode(topic, r.headers, r.value)) for r in records]
        finally:
            await consumer.stop()
        return [envelope for _, envelope in sorted(found, key=lambda f: f[0])]

    return read
