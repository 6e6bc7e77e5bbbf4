"""Words both ways and commands: kept once, in order, for staff of the tenant; what comes too late is refused and said."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

from services.gateway.domain.sessions import CommandOutcome
from shared.contracts.channel_commands import ChannelCommand, EndContact, HoldContact
from shared.contracts.conversation_messages import MessageSent
from shared.contracts.envelope import Envelope
from shared.contracts.fields import Channel
from shared.contracts.wire import CHANNEL_COMMANDS, CONVERSATION_MESSAGES
from shared.security import Role
from tests.integration.gateway.conftest import House, Topic, closed, now_us, queued, token

POLL_SECONDS = 0.02  # what is waited for ends the waiting; this only spares the machine


async def command(house: House, data: ChannelCommand, *, times: int = 1, sent: int | None = None) -> None:
    envelope = Envelope(data.command_id, "/console", sent or now_us(), "jinfeng", data.contact_id, data)
    await house.producer.publish(CHANNEL_COMMANDS, *[envelope] * times, partition=0)


async def outcome(house: House, command_id: str) -> CommandOutcome:
    while True:
        rows = await house.rows("SELECT outcome FROM gateway.commands WHERE command_id = $1", command_id)
        if rows:
            return rows[0]["outcome"]
        await asyncio.sleep(POLL_SECONDS)


async def conversation(house: House, contact: str, count: int, tenant: str = "jinfeng") -> list[dict[str, Any]]:
    """The conversation as an agent's page reads it, once it has grown to `count`."""
    while True:
        answer = await house.http.get(f"/v1/contacts/{contact}/conversation", headers=token(Role.AGENT, tenant=tenant))
        assert answer.status_code == 200
        if len(answer.json()["items"]) >= count:
            return answer.json()["items"]
        await asyncio.sleep(POLL_SECONDS)


async def test_both_sides_are_kept_and_the_agent_is_heard(house: House) -> None:
    gateway = await house.gateway()
    contact = await gateway.arrives("chat-1", "web", text="漏水了")
    await house.router.decides(queued(contact, gateway.gateway_id, Channel.WEB))
    said = {"message_id": "m-1", "text": "在厨房"}
    url = "/v1/contacts/chat-1/messages"
    answers = [await gateway.http.post(url, json=said, headers=gateway.key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    async with gateway.stream() as stream:
        await stream.next()
        reply = MessageSent(uuid.uuid4().hex, contact, "agent", now_us(), "agent-7", "马上安排\x00师傅")
        envelope = Envelope(reply.message_id, "/console", reply.sent_at, "jinfeng", contact, reply)
        await house.producer.publish(CONVERSATION_MESSAGES, envelope, envelope, key=contact)
        _, kind, data = await stream.next()
        assert (kind, data["subject"], data["agent_id"]) == ("MessageSent", "chat-1", "agent-7")
    items = await conversation(house, contact, 3)
    assert [(item["author"], item["text"]) for item in items] == [
        ("customer", "漏水了"), ("customer", "在厨房"), ("agent", "马上安排\N{REPLACEMENT CHARACTER}师傅"),
    ]  # fmt: skip
    url = f"/v1/contacts/{contact}/conversation"
    first = (await house.http.get(url, params={"limit": 2}, headers=token(Role.AGENT))).json()
    rest = (await house.http.get(url, params={"limit": 2, "cursor": first["next"]}, headers=token(Role.AGENT))).json()
    assert first["items"] + rest["items"] == items
    assert (await house.http.get(url, headers=token(Role.AGENT, tenant="rival"))).json()["items"] == []


async def test_words_for_a_strange_or_closed_contact_are_refused(house: House) -> None:
    gateway, other = await house.gateway(), await house.gateway()
    contact = await gateway.arrives("chat-2", "web")
    said = {"message_id": "m-1", "text": "喂"}
    url = "/v1/contacts/chat-2/messages"
    assert (await other.http.post(url, json=said, headers=other.key)).status_code == 404
    await house.router.decides(closed(contact, gateway.gateway_id, Channel.WEB))
    while (answer := await gateway.http.post(url, json=said, headers=gateway.key)).status_code == 202:
        await asyncio.sleep(POLL_SECONDS)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:ucc:problem:contact_closed")
    empty = await gateway.http.post(url, json={"message_id": "m"}, headers=gateway.key)
    assert (empty.status_code, empty.json()["errors"][0]["field"]) == (422, "text")


async def test_a_chat_is_ended_once_by_command(house: House, contact_events: Topic) -> None:
    gateway = await house.gateway()
    contact = await gateway.arrives("chat-3", "web")
    end = EndContact(uuid.uuid4().hex, contact, now_us() + 10_000_000, "agent-7", reason="solved")
    await command(house, end, times=3)
    assert await outcome(house, end.command_id) == "done"
    ended = await contact_events.until(lambda e: e.type == "ContactEnded" and e.subject == contact)
    assert (ended.data.by, ended.data.reason, ended.pool) == ("agent", "solved", "main")
    await contact_events.fetch(300)
    assert sum(e.type == "ContactEnded" and e.subject == contact for e in contact_events.envelopes()) == 1


async def test_a_call_hears_the_command_on_its_stream(house: House) -> None:
    gateway = await house.gateway()
    contact = await gateway.arrives("call-3")
    hold = HoldContact(uuid.uuid4().hex, contact, now_us() + 10_000_000, "agent-7")
    async with gateway.stream() as stream:
        await stream.next()
        await command(house, hold, times=2)
        end = EndContact(uuid.uuid4().hex, contact, now_us() + 10_000_000, "agent-7")
        await command(house, end)
        frames = [await stream.next() for _ in range(2)]
    assert [(kind, data["command_id"], data["subject"]) for _, kind, data in frames] == [
        ("HoldContact", hold.command_id, "call-3"), ("EndContact", end.command_id, "call-3"),
    ]  # fmt: skip
    assert await outcome(house, end.command_id) == "passed_on"


async def test_a_stale_command_changes_nothing_and_says_so(house: House, contact_events: Topic) -> None:
    gateway = await house.gateway()
    contact = await gateway.arrives("chat-4", "web")
    late = EndContact(uuid.uuid4().hex, contact, now_us() - 1, "agent-7")
    await command(house, late, times=2)
    assert await outcome(house, late.command_id) == "stale"
    (notice,) = await conversation(house, contact, 1)
    assert notice["author"] == "system"
    await contact_events.fetch(200)
    assert not [e for e in contact_events.envelopes() if e.type == "ContactEnded" and e.subject == contact]


async def test_commands_for_nobody_are_laid_aside(house: House, open_topic: Callable[[str], Any]) -> None:
    dlq = await open_topic("channel-commands.dlq")
    nobody = EndContact(uuid.uuid4().hex, uuid.uuid4().hex, now_us() - 1, "agent-7")
    await command(house, nobody)
    rivals = await (await house.gateway("rival")).arrives("call-9")
    foreign = EndContact(uuid.uuid4().hex, rivals, now_us() + 10_000_000, "agent-7")
    await command(house, foreign)
    await dlq.until_record(lambda h: h["ce_id"] == nobody.command_id)
    await dlq.until_record(lambda h: h["ce_id"] == foreign.command_id)


async def test_a_command_may_overtake_the_decisions_it_follows(house: House) -> None:
    contact = uuid.uuid4().hex
    early = EndContact(uuid.uuid4().hex, contact, now_us() + 10_000_000, "agent-7")
    await command(house, early)
    await house.router.decides(queued(contact, None, Channel.WEB))
    assert await outcome(house, early.command_id) == "done"
