"""An ivr of its own per module: real PostgreSQL, the session's broker, a stand-in for profile and router at the HTTP edge."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest_asyncio
from aiokafka.structs import TopicPartition
from fastapi import FastAPI
from pydantic import SecretStr

from services.ivr.app import create_app
from services.ivr.settings import IvrSettings
from shared.contracts.channel_commands import PlayPrompt
from shared.contracts.contact_events import ContactArrived
from shared.contracts.conversation_messages import PromptAnswered
from shared.contracts.envelope import Envelope, stable_id
from shared.contracts.fields import Channel
from shared.contracts.wire import CHANNEL_COMMANDS, CONTACT_EVENTS, CONVERSATION_MESSAGES, decode
from shared.kafka import Producer, make_consumer
from shared.security import Principal, Role, issue_token, new_signing_key, public_keys
from tests.conftest import Broker

SIGNING_KEY = new_signing_key()
POOL = "main"
PARTITION = 1
DEMO = Path(__file__).parents[3] / "deploy" / "demo"
PATIENCE = 60.0
"""Seconds a test waits for what must come, on a busy machine."""

LINE = """
title: {zh: 测试, en: Test}
languages: [zh, en]
channels: [phone, web]
business_line: rental
start: hello
person: person
nodes:
  hello: {say: {zh: 您好。, en: Hello.}, next: menu}
  menu:
    menu:
      prompt: {zh: 请选择。, en: Please choose.}
      options:
        "1": {label: {zh: 押金, en: deposit}, next: a-deposit}
        "2": {label: {zh: 合同, en: contracts}, next: number}
        "0": {label: {zh: 人工, en: a person}, next: person}
      typed: free
  a-deposit: {answer: rental-deposit, next: more}
  number:
    ask: {prompt: {zh: 请输入编号。, en: Enter the number.}, field: contract, label: {zh: 合同编号, en: Contract}, digits: [4, 6]}
    next: contract
  free:
    question:
      prompt: {zh: 请说。, en: Ask.}
      answered: more
      unsure: person
      options: {"0": {label: {zh: 人工, en: a person}, next: person}}
  more:
    menu:
      prompt: {zh: 还有吗？, en: Anything else?}
      options:
        "1": {label: {zh: 没有了, en: "no"}, next: bye}
        "0": {label: {zh: 人工, en: a person}, next: person}
      typed: free
      silent: bye
  bye: {hang_up: {}}
  contract: {person: {group: rental-contract, reason: contract}}
  person: {person: {}}
"""


@dataclass
class Site:
    """The running service, its database as the owner sees it, and a tenant with the demo's questions."""

    app: FastAPI
    settings: IvrSettings
    owner: asyncpg.Connection
    producer: Producer
    tenant: str
    heard: list[Envelope[Any]] = field(default_factory=list)

    def client(self, *roles: Role, tenant: str | None = None, app: FastAPI | None = None) -> httpx.AsyncClient:
        """A client with a token of these roles (supervisor by default)."""
        principal = Principal("u-1", tenant or self.tenant, frozenset(roles or (Role.SUPERVISOR,)), "a-1")
        token = issue_token(SIGNING_KEY, principal, lifetime_seconds=3600)
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app or self.app), base_url="http://ivr",
            headers={"Authorization": f"Bearer {token}"}, timeout=30,
        )  # fmt: skip

    async def publish_dialogue(self, dialogue_id: str, yaml: str) -> int:
        async with self.client() as client:
            answer = await client.put(f"/v1/dialogues/{dialogue_id}", content=yaml.encode())
            assert answer.status_code == 200, answer.text
            return answer.json()["version"]

    async def arrive(self, **fields: Any) -> str:
        """A contact arrives over the broker; its id."""
        contact_id = f"c-{uuid.uuid4().hex}"
        await self.producer.publish(CONTACT_EVENTS, self.arrival(contact_id, **fields), partition=PARTITION)
        return contact_id

    def arrival(self, contact_id: str, **fields: Any) -> Envelope[ContactArrived]:
        now = time.time_ns() // 1000
        given: dict[str, Any] = {"channel": Channel.PHONE, "business_line": "rental", "self_service": True, **fields}
        data = ContactArrived(contact_id, given.pop("channel"), given.pop("business_line"), now, **given)
        return Envelope(f"e-{contact_id}", "/test", now, self.tenant, contact_id, data, POOL)

    async def answer(self, prompt: PlayPrompt, outcome: Any, *, step: str | None = None, **said: str) -> None:
        """What a gateway says became of a prompt."""
        now = time.time_ns() // 1000
        step = step or prompt.step
        message_id = stable_id("prompt", self.tenant, prompt.contact_id, step)
        data = PromptAnswered(message_id, prompt.contact_id, step, now, outcome, **said)
        await self.say(prompt.contact_id, data)

    async def say(self, contact_id: str, data: Any) -> None:
        envelope = Envelope(data.message_id, "/test", data.at, self.tenant, contact_id, data)
        await self.producer.publish(CONVERSATION_MESSAGES, envelope, key=contact_id)

    async def until(self, holds: Callable[[Envelope[Any]], bool], count: int = 1) -> list[Envelope[Any]]:
        """The messages on the broker for which something holds, once there are that many."""
        async with asyncio.timeout(PATIENCE):
            while len(found := [envelope for envelope in self.heard if holds(envelope)]) < count:
                await asyncio.sleep(0.02)
        return found

    async def prompts(self, contact_id: str, count: int) -> list[PlayPrompt]:
        """The prompts of a contact, once there are that many."""
        found = await self.until(lambda e: e.subject == contact_id and e.type == "PlayPrompt", count)
        return [envelope.data for envelope in found]

    async def event(self, contact_id: str, kind: str) -> Any:
        """What the router hears of a contact from us."""
        return (await self.until(lambda e: e.subject == contact_id and e.type == kind and e.source == "/ivr"))[0].data

    def count(self, contact_id: str, kind: str) -> int:
        """Different messages of a kind so far (a repeat carries the same id)."""
        return len({e.id for e in self.heard if e.subject == contact_id and e.type == kind})

    async def listen(self, partitions: int, ready: asyncio.Event) -> None:
        """Hear everything the ivr says, and everything else on its topics."""
        consumer = make_consumer(self.settings.kafka_bootstrap_servers)
        await consumer.start()
        try:
            topics = (CONTACT_EVENTS, CHANNEL_COMMANDS)
            tps = [TopicPartition(topic, p) for topic in topics for p in range(partitions)]
            consumer.assign(tps)
            await consumer.seek_to_end()
            for tp in tps:
                await consumer.position(tp)
            ready.set()
            while True:
                for tp, records in (await consumer.getmany(timeout_ms=200)).items():
                    opened = [decode(tp.topic, record.headers, record.value) for record in records]
                    self.heard += [envelope for envelope in opened if envelope.tenant == self.tenant]
        finally:
            await consumer.stop()


class Neighbours(httpx.AsyncBaseTransport):
    """Profile, as far as the ivr asks it: pops by contact, notes taken."""

    def __init__(self) -> None:
        self.pops: dict[str, dict[str, Any]] = {}
        self.notes: dict[str, str] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        contact_id = request.url.path.split("/")[3]
        if request.url.path.endswith("/pop"):
            pop = self.pops.get("*")
            return httpx.Response(200, json=pop) if pop else httpx.Response(404)
        await request.aread()
        self.notes[contact_id] = httpx.Response(200, content=request.content).json()["note"]
        return httpx.Response(200, json={})


def settings_for(database_url: str, broker: Broker, **changes: Any) -> IvrSettings:
    given: dict[str, Any] = {
        "database_url": database_url, "kafka_bootstrap_servers": broker.bootstrap_servers,
        "kafka_partitions": broker.partitions, "token_verify_keys": SecretStr(public_keys(SIGNING_KEY)),
        "service_token": SecretStr("a token for tests"), "speech": False, "router_url": "http://127.0.0.1:1",
        "consumer_group": f"ivr-{uuid.uuid4().hex[:8]}",
    }  # fmt: skip
    return IvrSettings(**{**given, **changes})


async def new_site(database_url: str, broker: Broker, app: FastAPI, settings: IvrSettings) -> Site:
    """A tenant with the demo's questions and one dialogue; the app must be running."""
    owner = await asyncpg.connect(database_url)
    tenant = f"jinfeng-{uuid.uuid4().hex[:8]}"
    await owner.execute("INSERT INTO directory.tenants (tenant_id, name) VALUES ($1, $1)", tenant)
    await owner.execute("INSERT INTO directory.pools VALUES ($1, $2, $3)", tenant, POOL, PARTITION)
    site = Site(app, settings, owner, Producer(broker.bootstrap_servers), tenant)
    async with site.client() as client:
        answer = await client.post(
            "/v1/questions:import", content=(DEMO / "questions.yaml").read_bytes(), headers={"content-type": "application/yaml"}
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
        assert answer.json()["rejected"] == 0
    await site.publish_dialogue("rental", LINE)
    return site


def with_neighbours(app: FastAPI) -> Neighbours:
    """Put the stand-in where the running app asks profile."""
    neighbours = Neighbours()
    callers = app.state.room.serving.callers
    callers.client._transport = neighbours
    return neighbours


@pytest_asyncio.fixture(scope="module")
async def site(module_database_url: str, broker: Broker) -> AsyncGenerator[Site]:
    settings = settings_for(module_database_url, broker)
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        site = await new_site(module_database_url, broker, app, settings)
        ready = asyncio.Event()
        listening = asyncio.create_task(site.listen(broker.partitions, ready))
        await asyncio.wait_for(ready.wait(), PATIENCE)
        yield site
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    await site.producer.stop()
    await site.owner.close()


@pytest_asyncio.fixture(scope="module")
async def neighbours(site: Site) -> Neighbours:
    return with_neighbours(site.app)
