"""One console for all tests of this folder: real PostgreSQL, the session's broker, a router that is its journal and its policy only."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from deploy.embedded import create_database, fresh_name
from services.console.app import create_app
from services.console.sessions import hash_password
from services.console.settings import ConsoleSettings
from shared.contracts.contact_events import Presence
from shared.contracts.envelope import Envelope
from shared.contracts.fields import Channel, SkillLevel
from shared.contracts.routing_decisions import AgentStateChanged, RoutingDecision, WorkState
from shared.contracts.wire import CONTACT_EVENTS, ROUTING_DECISIONS, decode, encode
from shared.kafka import Producer, make_consumer
from shared.security import EVERY_TENANT, Principal, Role, issue_token, new_signing_key, public_keys
from tests.brokers import free_port
from tests.conftest import Broker

SIGNING_KEY = new_signing_key()
PASSWORD = "correct horse battery"
POOL = "main"
HOUSE_PARTITIONS = 3
"""Fewer than the broker has: a test that breaks a sequence takes another one."""
POLICY = {
    "business_lines": {"rental": {"name": {"zh": "租赁", "en": "Rental"}}},
    "groups": {
        "repairs": {
            "name": {"zh": "报修", "en": "Repairs"}, "business_line": "rental", "channels": ["phone"], "targets": {"phone": 20},
        }
    },
    "presence_reasons": {"break": {"name": {"zh": "休息", "en": "Break"}}},
}  # fmt: skip


@dataclass
class Neighbour:
    """What stands where router, profile and gateway are: a journal, a policy, and an echo of what was passed on."""

    url: str
    decisions: dict[int, list[tuple[list[tuple[str, bytes]], bytes]]] = field(default_factory=dict)
    changes: asyncio.Queue[Mapping[str, Any]] = field(default_factory=asyncio.Queue)

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/v1/journal/{partition}/decisions")
        async def journal(partition: int, after: int, limit: int) -> Response:
            rows = self.decisions.get(partition, [])
            items = [
                {"headers": {k: v.decode() for k, v in headers}, "body": body.decode()}
                for headers, body in rows[after : after + limit]
            ]
            return JSONResponse({"items": items, "last": len(rows)})

        @app.get("/v1/policy")
        async def policy() -> Response:
            return JSONResponse({"version": 3, "hash": "h", "policy": POLICY})

        @app.get("/v1/changes")
        async def changes() -> Response:
            async def events() -> AsyncGenerator[str]:
                while True:
                    yield f"data: {json.dumps(await self.changes.get())}\n\n"

            return StreamingResponse(events(), media_type="text/event-stream")

        @app.api_route("/v1/{path:path}", methods=["GET", "POST", "PUT", "PATCH"])
        async def echo(request: Request, path: str) -> Response:
            body = {
                "path": path, "query": dict(request.query_params), "method": request.method,
                "authorization": request.headers.get("authorization"), "body": (await request.body()).decode(),
            }  # fmt: skip
            return JSONResponse(body, headers={"etag": '"7"', "x-secret": "stays here"})

        return app


@asynccontextmanager
async def served(app: FastAPI, port: int) -> AsyncGenerator[str]:
    """The application on a real socket, so that streams are real."""
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", timeout_graceful_shutdown=1)
    )
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await running


@dataclass
class House:
    """A running console and everything around it."""

    url: str
    app: FastAPI
    settings: ConsoleSettings
    owner: asyncpg.Connection
    producer: Producer
    neighbour: Neighbour
    partitions: dict[str, int]
    tenant: str
    other: str
    broker_partitions: int

    def now(self) -> int:
        return time.time_ns() // 1000

    async def decide(self, *decisions: RoutingDecision, tenant: str | None = None, publish: bool = True) -> None:
        """Decisions as the router commits and publishes them: dense, in order, in journal and topic."""
        tenant = tenant or self.tenant
        partition = self.partitions[tenant]
        rows = self.neighbour.decisions.setdefault(partition, [])
        for decision in decisions:
            subject = getattr(decision, "contact_id", None) or getattr(decision, "agent_id", None) or "pool"
            envelope = Envelope(
                str(uuid.uuid4()), f"/router/{partition}", self.now(), tenant, subject, decision, POOL, partition, len(rows) + 1, 1,
            )  # fmt: skip
            rows.append(encode(envelope))
            if publish:
                headers, body = rows[-1]
                await self.producer.send_raw(ROUTING_DECISIONS, [(partition, POOL.encode(), headers, body)])

    async def agent_state(
        self, agent_id: str, *, tenant: str | None = None, publish: bool = True, **fields: Any
    ) -> None:
        now = self.now()
        state = AgentStateChanged(
            agent_id,
            fields.pop("presence", Presence.AVAILABLE),
            fields.pop("presence_since", now),
            fields.pop("work_state", WorkState.IDLE),
            fields.pop("work_since", now),
            fields.pop("reachable", True),
            capacity=fields.pop("capacity", {Channel.PHONE: 1, Channel.WEB: 2}),
            skills=fields.pop("skills", (SkillLevel("zh", 5),)),
            **fields,
        )
        await self.decide(state, tenant=tenant, publish=publish)

    async def person(
        self,
        *roles: Role,
        agent: bool = False,
        tenant: str | None = None,
        teams: tuple[str, ...] = (),
        password: str = PASSWORD,
    ) -> dict[str, str]:
        """Somebody who may sign in: their credentials, with `user_id` and (for agents) `agent_id`."""
        tenant, name = tenant or self.tenant, f"u{uuid.uuid4().hex[:8]}"
        agent_id = f"a-{name}" if agent else None
        if agent:
            await self.owner.execute(
                "INSERT INTO console.agents (tenant_id, agent_id, display_name, pool_id) VALUES ($1, $2, $3, $4)",
                tenant, agent_id, f"Agent {name}", POOL,
            )  # fmt: skip
        await self.owner.execute(
            "INSERT INTO console.users (tenant_id, user_id, sign_in_name, display_name, password_hash, roles, agent_id, teams) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            tenant, f"id-{name}", name, f"Person {name}", HASHES.setdefault(password, hash_password(password)),
            list(roles), agent_id, list(teams),
        )  # fmt: skip
        return {
            "tenant": tenant,
            "user": name,
            "password": password,
            "user_id": f"id-{name}",
            "agent_id": agent_id or "",
        }

    def token(self, *roles: Role, tenant: str | None = None, **claims: Any) -> str:
        principal = Principal(claims.pop("subject", "u-1"), tenant or self.tenant, frozenset(roles), **claims)
        return issue_token(SIGNING_KEY, principal, lifetime_seconds=3600)

    def client(self, *roles: Role, tenant: str | None = None, **claims: Any) -> httpx.AsyncClient:
        """A program with a token of these roles; without roles: nobody in particular."""
        headers = {"Authorization": f"Bearer {self.token(*roles, tenant=tenant, **claims)}"} if roles else {}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=20, trust_env=False, verify=False)

    def agent(self, person: Mapping[str, str]) -> httpx.AsyncClient:
        return self.client(Role.AGENT, tenant=person["tenant"], subject=person["user_id"], agent_id=person["agent_id"])

    async def events(self, since: Mapping[int, int], tenant: str | None = None, count: int = 1) -> list[Envelope[Any]]:
        """The next contact-events of the tenant's partition after `since` (from `end_of_events`)."""
        from aiokafka.structs import TopicPartition

        partition = self.partitions[tenant or self.tenant]
        consumer = make_consumer(self.settings.kafka_bootstrap_servers)
        await consumer.start()
        try:
            tp = TopicPartition(CONTACT_EVENTS, partition)
            consumer.assign([tp])
            consumer.seek(tp, since[partition])
            found: list[Envelope[Any]] = []
            async with asyncio.timeout(10):
                while len(found) < count:
                    for record in (await consumer.getmany(timeout_ms=200)).get(tp, []):
                        found.append(decode(CONTACT_EVENTS, record.headers, record.value))
            return found
        finally:
            await consumer.stop()

    async def end_of_events(self) -> dict[int, int]:
        """Where the contact-events of every partition end now."""
        from aiokafka.structs import TopicPartition

        consumer = make_consumer(self.settings.kafka_bootstrap_servers)
        await consumer.start()
        try:
            tps = [TopicPartition(CONTACT_EVENTS, p) for p in self.partitions.values()]
            consumer.assign(tps)
            await consumer.seek_to_end(*tps)
            return {tp.partition: await consumer.position(tp) for tp in tps}
        finally:
            await consumer.stop()


HASHES: dict[str, str] = {}


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def house(postgres_server: str, migrated_template: str, broker: Broker) -> AsyncGenerator[House]:
    database_url = create_database(postgres_server, fresh_name("ucc_console"), template=migrated_template)
    owner = await asyncpg.connect(database_url)
    suffix = uuid.uuid4().hex[:8]
    tenant, other = f"jinfeng-{suffix}", f"other-{suffix}"
    partitions = {tenant: 1, other: 2}
    for name, partition in partitions.items():
        await owner.execute("INSERT INTO directory.tenants (tenant_id, name) VALUES ($1, $1)", name)
        await owner.execute("INSERT INTO directory.pools VALUES ($1, $2, $3)", name, POOL, partition)
    port = free_port()
    neighbour = Neighbour(f"http://127.0.0.1:{port}")
    console_port = free_port()
    service = Principal("console", EVERY_TENANT, frozenset({Role.SERVICE}))
    settings = ConsoleSettings(
        database_url=database_url,
        kafka_bootstrap_servers=broker.bootstrap_servers,
        kafka_partitions=HOUSE_PARTITIONS,
        token_verify_keys=SecretStr(public_keys(SIGNING_KEY)),
        token_signing_key=SecretStr(SIGNING_KEY),
        service_token=SecretStr(issue_token(SIGNING_KEY, service, lifetime_seconds=3600)),
        router_url=neighbour.url,
        profile_url=neighbour.url,
        gateway_url=neighbour.url,
        console_url=f"http://127.0.0.1:{console_port}",
    )
    producer = Producer(broker.bootstrap_servers)
    app = create_app(settings)
    async with served(neighbour.app(), port), served(app, console_port) as url:
        house = House(url, app, settings, owner, producer, neighbour, partitions, tenant, other, broker.partitions)
        async with asyncio.timeout(30), house.client() as client:
            while (await client.get("/readyz")).status_code != 200:
                await asyncio.sleep(0.05)
        yield house
    await producer.stop()
    await owner.close()


@pytest.fixture
def fresh_id() -> str:
    return uuid.uuid4().hex[:12]
