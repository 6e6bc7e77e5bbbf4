"""The running service: policy by HTTP, events by Kafka, decisions by the journal's API and by Kafka."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
import pytest
from aiokafka.structs import TopicPartition
from pydantic import SecretStr

from services.router.app import TOPICS, create_app
from services.router.domain.waits import ENOUGH
from services.router.kafka_source import KafkaLog
from services.router.settings import RouterSettings
from shared.contracts import contact_events as events
from shared.contracts.envelope import Envelope
from shared.contracts.fields import Channel, HeldSkill
from shared.contracts.wire import CONTACT_EVENTS, ROUTING_DECISIONS, decode
from shared.kafka import Producer, create_topics, make_consumer
from shared.security import Principal, Role, issue_token, new_signing_key, public_keys
from tests.conftest import Broker
from tests.integration.router.policies import POLICY_YAML

KEY = new_signing_key()


def bearer(tenant: str, *roles: Role) -> dict[str, str]:
    token = issue_token(KEY, Principal("someone", tenant, frozenset(roles)), lifetime_seconds=24 * 3600)
    return {"Authorization": f"Bearer {token}"}


SERVICE = bearer("*", Role.SERVICE)


@dataclass
class Running:
    """A router in this process, and what speaks to it."""

    http: httpx.AsyncClient
    producer: Producer
    partition: int
    bootstrap_servers: str
    sent: int = 0

    async def say(
        self, fact: Any, *, tenant: str = "jinfeng", pool: str | None = "main", partition: int | None = None
    ) -> str:
        self.sent += 1
        subject = getattr(fact, "contact_id", None) or getattr(fact, "agent_id", "x")
        event_id = f"e{self.sent}"
        await self.producer.publish(
            CONTACT_EVENTS,
            Envelope(event_id, "/test", 1_700_000_000_000_000, tenant, subject, fact, pool),
            partition=self.partition if partition is None else partition,
            key="main",
        )
        return event_id

    async def decisions(self) -> list[Envelope[Any]]:
        answer = await self.http.get(f"/v1/journal/{self.partition}/decisions", params={"after": 0}, headers=SERVICE)
        answer.raise_for_status()
        return [
            decode(ROUTING_DECISIONS, [(k, v.encode()) for k, v in item["headers"].items()], item["body"].encode())
            for item in answer.json()["items"]
        ]

    async def until(self, said: Callable[[list[str]], bool], seconds: float = 60) -> list[Envelope[Any]]:
        """The decisions once their types satisfy `said`."""
        async with asyncio.timeout(seconds):
            while True:
                found = await self.decisions()
                if said([envelope.type for envelope in found]):
                    return found
                await asyncio.sleep(0.05)


async def begin_at_the_end(database_url: str, bootstrap_servers: str, partitions: int) -> None:
    """The broker is shared by all tests: what others wrote is passed over."""
    events_log = KafkaLog(bootstrap_servers)
    cluster = await events_log.cluster_id()
    ends = [await events_log.bounds(TopicPartition(CONTACT_EVENTS, partition)) for partition in range(partitions)]
    await events_log.close()
    with psycopg.connect(database_url) as connection:
        for partition, (_, end) in enumerate(ends):
            connection.execute(
                "INSERT INTO router.partitions (partition, cluster_id, next_offset) VALUES (%s, %s, %s)",
                (partition, cluster, end),
            )


@pytest.fixture
async def running(database_url: str, broker: Broker) -> AsyncIterator[Running]:
    partition = 1
    await create_topics(broker.bootstrap_servers, 4, 1, TOPICS)
    await begin_at_the_end(database_url, broker.bootstrap_servers, 4)
    with psycopg.connect(database_url) as connection:
        connection.execute("INSERT INTO directory.tenants (tenant_id, name) VALUES ('jinfeng', 'J'), ('other', 'O')")
        connection.execute("INSERT INTO directory.pools VALUES ('jinfeng', 'main', 1), ('other', 'main', 2)")
    settings = RouterSettings(
        database_url=database_url,
        kafka_bootstrap_servers=broker.bootstrap_servers,
        kafka_partitions=4,
        token_verify_keys=SecretStr(public_keys(KEY)),
    )
    app = create_app(settings)
    producer = Producer(broker.bootstrap_servers)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://router") as http:
            async with asyncio.timeout(60):
                while len((await http.get("/readyz")).json()["checks"]) < 6:
                    await asyncio.sleep(0.1)
            yield Running(http, producer, partition, broker.bootstrap_servers)
    await producer.stop()


async def publish_policy(running: Running) -> None:
    answer = await running.http.put(
        "/v1/policy", content=POLICY_YAML, headers=bearer("jinfeng", Role.ADMIN), params={"note": "first"}
    )
    assert answer.status_code == 202, answer.text
    await running.until(lambda types: "PolicyApplied" in types)


async def sign_in(running: Running, agent: str) -> None:
    await running.say(
        events.AgentSignedIn(agent, f"s-{agent}", (HeldSkill("rental", 8),), presence=events.Presence.AVAILABLE)
    )


async def test_a_contact_is_offered_and_served(running: Running) -> None:
    await publish_policy(running)
    await sign_in(running, "a1")
    await running.say(events.AgentSignedIn("a2", "s-a2", presence=events.Presence.AVAILABLE))
    await running.say(
        events.ContactArrived("c1", Channel.PHONE, "rental", 0, address="+8613800138000", display_name="王")
    )
    found = await running.until(lambda types: "OfferMade" in types)
    offer = next(e.data for e in found if e.type == "OfferMade")
    await running.say(events.OfferAccepted("a1", "c1", offer.offer_id))
    await running.say(events.ContactConnected("c1", offer.offer_id))
    await running.say(events.ContactEnded("c1", "customer"))
    found = await running.until(lambda types: "ContactClosed" in types)
    assert [e.sequence for e in found] == list(range(1, len(found) + 1))
    assert {e.epoch for e in found} == {1}
    answer = await running.http.get("/v1/contacts/c1/explanation?lang=en", headers=bearer("jinfeng", Role.AGENT))
    told = answer.json()
    assert "13800138000" not in answer.text
    assert told["state"] == "closed"
    assert [line["decision"] for line in told["timeline"]] == [
        "EnrichmentAwaited", "ContactQueued", "OfferMade", "ContactAssigned", "InteractionStarted", "InteractionEnded",
        "WrapUpStarted", "ContactClosed",
    ]  # fmt: skip
    assert told["offers"][0]["agent_id"] == "a1"
    assert told["offers"][0]["outcome"] == "accepted"
    assert "idle the longest" in " ".join(told["offers"][0]["why"])
    assert told["offers"][0]["passed_over"] == [{"reason": "lacks_skill", "agents": 1, "text": "lacks a skill"}]
    stranger = await running.http.get("/v1/contacts/c1/explanation", headers=bearer("other", Role.AGENT))
    assert stranger.status_code == 404

    consumer = make_consumer(running.bootstrap_servers)
    await consumer.start()
    tp = TopicPartition(ROUTING_DECISIONS, running.partition)
    consumer.assign([tp])
    await consumer.seek_to_beginning(tp)
    travelled: dict[str, Envelope[Any]] = {}
    ours = {(e.id, e.time, e.position) for e in found}
    async with asyncio.timeout(60):
        while not ours <= {(e.id, e.time, e.position) for e in travelled.values()}:
            for record in (await consumer.getmany(timeout_ms=200)).get(tp, []):
                envelope = decode(ROUTING_DECISIONS, record.headers, record.value)
                travelled[f"{envelope.id}{envelope.time}"] = envelope
    await consumer.stop()
    assert all(e in travelled.values() for e in found)


async def test_no_number_or_name_reaches_the_journal(running: Running, database_url: str) -> None:
    await publish_policy(running)
    await running.say(
        events.ContactArrived(
            "c1", Channel.WEB, "rental", 0, address="+8613800138000", display_name="王芳", text="帮我"
        )
    )
    await running.until(lambda types: "EnrichmentAwaited" in types)
    with psycopg.connect(database_url) as connection:
        journal = "".join(
            f"{row}" for row in connection.execute("SELECT input::text, decisions::text FROM router.journal")
        )
    assert "13800138000" not in journal
    assert "王芳" not in journal
    assert "帮我" not in journal


async def test_what_cannot_be_heard_is_laid_aside_and_the_rest_flows(running: Running) -> None:
    await publish_policy(running)
    began = time.time_ns() // 1_000_000  # the topic is shared by all tests
    await running.say(events.ContactArrived("c1", Channel.PHONE, "rental", 0), tenant="nobody")
    await running.say(events.ContactArrived("c2", Channel.PHONE, "rental", 0), pool="nowhere")
    await running.say(events.ContactArrived("c3", Channel.PHONE, "rental", 0), tenant="other")
    await running.say(events.PolicyPublished(9, "0" * 64))
    await running.producer.send_raw(CONTACT_EVENTS, [(running.partition, b"x", [("ce_id", b"1")], b"{")])
    await running.producer.send_raw(CONTACT_EVENTS, [(running.partition, b"x", [], None)])
    await running.say(events.ContactArrived("c4", Channel.PHONE, "rental", 0))
    found = await running.until(lambda types: "ContactQueued" in types)
    assert {e.data.contact_id for e in found if e.type == "ContactQueued"} == {"c4"}
    consumer = make_consumer(running.bootstrap_servers, f"{CONTACT_EVENTS}.dlq")
    await consumer.start()
    faults: set[str] = set()
    async with asyncio.timeout(60):
        while len(faults) < 6:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                ours = [dict(record.headers) for record in records if record.timestamp >= began]
                faults.update(headers["dlq_error"].decode() for headers in ours)
    await consumer.stop()
    assert "ce_tenant: no such tenant with an agent pool" in faults
    assert "ce_pool: the tenant has no such agent pool" in faults
    assert "misplaced: the pool lives on partition 2, not 1" in faults
    assert "hash: no policy document of this version and hash was ever saved" in faults
    assert any(fault.startswith("ce_type: missing") for fault in faults)
    assert any(fault.startswith("ce_id: missing") for fault in faults)


async def test_a_waiting_contact_says_why_it_waits(running: Running) -> None:
    await publish_policy(running)
    await running.say(events.ContactArrived("c1", Channel.PHONE, "rental", 0))
    await running.until(lambda types: "ContactQueued" in types)
    supervisor = bearer("jinfeng", Role.SUPERVISOR)
    told = (await running.http.get("/v1/contacts/c1/explanation", headers=supervisor)).json()
    assert told["state"] == "queued"
    assert "没有坐席签入" in told["now_text"]
    state = (await running.http.get("/v1/state", headers=supervisor)).json()
    assert state["waiting"] == {"rental-general": 1}
    assert [contact["contact_id"] for contact in state["contacts"]] == ["c1"]
    assert (await running.http.get("/v1/state", headers=bearer("other", Role.ADMIN))).json()["contacts"] == []
    assert (await running.http.get("/v1/state", headers=SERVICE)).status_code == 404
    assert (await running.http.get("/v1/state?tenant=jinfeng", headers=SERVICE)).json()["waiting"] == state["waiting"]


async def test_what_somebody_who_came_now_could_expect(running: Running) -> None:
    """Unknown until enough were answered; then their waits, by group and channel; nothing of another tenant."""
    await publish_policy(running)
    supervisor = bearer("jinfeng", Role.SUPERVISOR)

    async def expected() -> list[dict[str, Any]]:
        return (await running.http.get("/v1/waits", headers=supervisor)).json()["items"]

    assert await expected() == []
    await running.say(events.ContactArrived("c0", Channel.PHONE, "rental", 0))
    await running.until(lambda types: "ContactQueued" in types)
    here = {"pool": "main", "group": "rental-general", "channel": "phone"}
    assert await expected() == [{**here, "waiting": 1, "p50_seconds": None, "p90_seconds": None}]
    await running.say(events.ContactAbandoned("c0"))
    await sign_in(running, "a1")
    for n in range(1, ENOUGH + 1):
        await running.say(events.ContactArrived(f"c{n}", Channel.PHONE, "rental", 0))
        found = await running.until(lambda types, n=n: types.count("OfferMade") == n)
        offer = [e.data for e in found if e.type == "OfferMade"][-1]
        await running.say(events.OfferAccepted("a1", f"c{n}", offer.offer_id))
        await running.until(lambda types, n=n: types.count("ContactAssigned") == n)
        await running.say(events.ContactAbandoned(f"c{n}"))
        await running.until(lambda types, n=n: types.count("ContactClosed") == n + 1)
    [answered] = await expected()
    assert answered.items() >= {**here, "waiting": 0}.items()
    assert 0 <= answered["p50_seconds"] <= answered["p90_seconds"] < 60
    asked = await running.http.get("/v1/waits", params={"tenant": "jinfeng"}, headers=SERVICE)
    assert asked.json()["items"] == [answered]
    assert (await running.http.get("/v1/waits", headers=SERVICE)).status_code == 404
    other = await running.http.get("/v1/waits", headers=bearer("other", Role.SUPERVISOR))
    assert other.json()["items"] == []


async def test_self_service_then_a_person_then_a_colleague(running: Running) -> None:
    """A call through the menu, its place in the queue, a consultation and the hand-over, told in words."""
    await publish_policy(running)
    agent, other = bearer("jinfeng", Role.AGENT), bearer("other", Role.AGENT)

    async def place(contact_id: str, headers: dict[str, str]) -> dict[str, Any] | None:
        answer = await running.http.get(f"/v1/contacts/{contact_id}/place", headers=headers)
        return answer.json() if answer.status_code == 200 else None

    await running.say(events.ContactArrived("c1", Channel.PHONE, "rental", 0, self_service=True))
    await running.say(events.SelfServiceStarted("c1", "main", 2))
    await running.until(lambda types: "SelfServiceEngaged" in types)
    assert await place("c1", agent) is None
    await running.say(events.SelfServiceEnded("c1", "to_person"))
    await running.say(events.ContactArrived("c2", Channel.PHONE, "rental", 0))
    await running.until(lambda types: types.count("ContactQueued") == 2)
    unknown = {"group": "rental-general", "waiting": 2, "p50_seconds": None, "p90_seconds": None}
    assert await place("c1", agent) == {"contact_id": "c1", "position": 1, **unknown}
    assert await place("c2", agent) == {"contact_id": "c2", "position": 2, **unknown}
    assert await place("c1", other) is None
    asked = await running.http.get("/v1/contacts/c2/place", params={"tenant": "jinfeng"}, headers=SERVICE)
    assert asked.json()["position"] == 2
    await running.say(events.ContactAbandoned("c2"))
    await sign_in(running, "a1")
    found = await running.until(lambda types: "OfferMade" in types)
    offer = next(e.data for e in found if e.type == "OfferMade")
    await running.say(events.OfferAccepted("a1", "c1", offer.offer_id))
    await running.say(events.ContactConnected("c1", offer.offer_id))
    await sign_in(running, "a2")
    kind = events.TransferTarget.AGENT
    await running.say(events.TransferRequested("c1", "a1", "t1", kind, "a2", "warm"))
    found = await running.until(lambda types: types.count("OfferMade") == 2)
    offer = next(e.data for e in found if e.type == "OfferMade" and e.data.consult_of)
    await running.say(events.OfferAccepted("a2", "c1", offer.offer_id))
    await running.say(events.TransferCompleted("c1", "a1", "t1"))
    await running.say(events.ContactEnded("c1", "customer"))
    await running.until(lambda types: types.count("ContactClosed") == 2)
    told = (await running.http.get("/v1/contacts/c1/explanation?lang=en", headers=agent)).json()
    words = [line["text"] for line in told["timeline"]]
    assert "Self-service took it up (main, version 2)" in words
    assert "handed to people by self-service (rental-general)" in words
    assert "Agents a1 and a2 talk; the customer waits" in words
    assert "After consulting, agent a1 handed the contact to agent a2" in words
    assert [offer["outcome"] for offer in told["offers"]] == ["accepted", "accepted"]


async def test_policies_are_checked_versioned_and_published(running: Running) -> None:
    admin, supervisor = bearer("jinfeng", Role.ADMIN), bearer("jinfeng", Role.SUPERVISOR)
    assert (await running.http.get("/v1/policy", headers=supervisor)).status_code == 404
    checked = await running.http.post("/v1/policy/check", content=b"groups: 3\n", headers=supervisor)
    assert checked.json()["ok"] is False
    assert checked.json()["errors"][0]["line"] == 1
    refused = await running.http.put("/v1/policy", content=b"groups: 3\n", headers=admin)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["message"].startswith("line 1, column 1")
    await publish_policy(running)
    second = POLICY_YAML.replace("enrichment_wait_ms: 150", "enrichment_wait_ms: 90")
    stale = await running.http.put("/v1/policy", content=second, headers=admin, params={"base_version": 0})
    assert stale.status_code == 409
    accepted = await running.http.put("/v1/policy", content=second, headers=admin, params={"base_version": 1})
    assert accepted.json()["version"] == 2
    found = await running.until(lambda types: types.count("PolicyApplied") == 2)
    assert found[-1].data.hash == accepted.json()["hash"]
    assert (await running.http.get("/v1/policy", headers=supervisor)).text == second
    as_json = await running.http.get("/v1/policy", headers={**supervisor, "Accept": "application/json"})
    assert as_json.json()["policy"]["enrichment_wait_ms"] == 90
    versions = (await running.http.get("/v1/policy/versions?limit=1", headers=supervisor)).json()
    assert [item["version"] for item in versions["items"]] == [2]
    rest = await running.http.get("/v1/policy/versions", params={"cursor": versions["next"]}, headers=supervisor)
    assert [(item["version"], item["note"]) for item in rest.json()["items"]] == [(1, "first")]
    assert (await running.http.get("/v1/policy", headers=bearer("other", Role.ADMIN))).status_code == 404


ROUTES = [
    ("GET", "/v1/journal/1/decisions", {Role.SERVICE}),
    ("GET", "/v1/state?tenant=jinfeng", {Role.SUPERVISOR, Role.ANALYST, Role.ADMIN, Role.SERVICE}),
    ("GET", "/v1/waits?tenant=jinfeng", {Role.SUPERVISOR, Role.ANALYST, Role.ADMIN, Role.SERVICE}),
    ("GET", "/v1/dialling?tenant=jinfeng", {Role.SERVICE}),
    ("GET", "/v1/contacts/nobody/explanation", {Role.AGENT, Role.SUPERVISOR, Role.ANALYST, Role.ADMIN}),
    ("GET", "/v1/contacts/nobody/place?tenant=jinfeng", {Role.AGENT, Role.SUPERVISOR, Role.ADMIN, Role.SERVICE}),
    ("GET", "/v1/policy?tenant=jinfeng", {Role.SUPERVISOR, Role.ANALYST, Role.ADMIN, Role.SERVICE}),
    ("GET", "/v1/policy/versions?tenant=jinfeng", {Role.SUPERVISOR, Role.ANALYST, Role.ADMIN, Role.SERVICE}),
    ("POST", "/v1/policy/check", {Role.SUPERVISOR, Role.ADMIN}),
    ("PUT", "/v1/policy", {Role.ADMIN}),
]


async def test_every_route_names_its_roles(running: Running) -> None:
    for method, path, allowed in ROUTES:
        assert (await running.http.request(method, path)).status_code == 401, path
        for role in Role:
            headers = SERVICE if role is Role.SERVICE else bearer("jinfeng", role)
            status = (await running.http.request(method, path, headers=headers, content=b"x")).status_code
            assert (status == 403) == (role not in allowed), (path, role, status)
            assert status < 500


def person(name: str) -> dict[str, str]:
    """An administrator of the tenant."""
    token = issue_token(KEY, Principal(name, "jinfeng", frozenset({Role.ADMIN})), lifetime_seconds=24 * 3600)
    return {"Authorization": f"Bearer {token}", "content-type": "application/yaml"}


async def test_publishing_asks_what_it_must_and_two_people_publish_together(running: Running) -> None:
    async def put(document: str, who: str = "ann", key: str | None = None, **params: Any) -> httpx.Response:
        headers = person(who) | ({"idempotency-key": key} if key else {})
        return await running.http.put("/v1/policy", params=params, content=document.encode(), headers=headers)

    assert (await put(POLICY_YAML)).json()["version"] == 1
    changed = POLICY_YAML.replace("groups:", "approval: two_people\nrepeat_head_start_seconds: 77\ngroups:", 1)
    asked = await put(changed)
    assert (asked.status_code, asked.json()["type"].split(":")[-1]) == (422, "waiting_choice_required")
    assert asked.json()["errors"][0]["field"] == "repeat_head_start_seconds"
    assert (await put(changed, waiting="keep")).json()["version"] == 2

    proposed = (await put(POLICY_YAML, key="k1", waiting="apply")).json()
    assert (proposed["state"], proposed["version"]) == ("proposed", None)
    assert (await put(POLICY_YAML, key="k1", waiting="apply")).json()["plan_id"] == proposed["plan_id"]
    approve = f"/v1/policy/plans/{proposed['plan_id']}/approve"
    assert (await running.http.post(approve, headers=person("ann"))).status_code == 409
    done = (await running.http.post(approve, headers=person("bob"))).json()
    assert (done["state"], done["version"], done["author"], done["approved_by"]) == ("published", 3, "ann", "bob")

    back = await running.http.post(
        "/v1/policy/rollback",
        params={"version": 1, "waiting": "apply", "at": "2099-01-01T08:00"},
        headers=person("ann"),
    )
    assert (back.json()["state"], back.json()["publish_at"]) == ("scheduled", "2099-01-01T08:00:00+08:00")
    versions = (await running.http.get("/v1/policy/versions", headers=person("ann"))).json()["items"]
    assert [(v["version"], v["waiting"]) for v in versions] == [(3, "apply"), (2, "keep"), (1, "apply")]
    told = (await running.http.get("/v1/policy/diff?from=2&to=3&lang=en", headers=person("ann"))).json()
    assert {change["path"] for change in told["changes"]} == {"approval", "repeat_head_start_seconds"}
