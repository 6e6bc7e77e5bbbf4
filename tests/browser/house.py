"""The real house for the pages: every service embedded, one small tenant, and customers who come by the signed gateway."""

from __future__ import annotations

import asyncio
import json
import secrets
import tempfile
import time
import uuid
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from deploy.clients.administration import Administration
from deploy.clients.gateway import GatewayClient, cloud_event
from deploy.embedded import BROKER_PARTITIONS, EmbeddedBroker
from deploy.servers import ServiceServer
from deploy.stack import PORT_OFFSETS, Ground, begun_anew, listeners, running
from deploy.tenants import create_pool, create_tenant
from shared.security import Role, new_signing_key
from shared.telemetry import configure_logging

TENANT = "pages"
PASSWORD = secrets.token_urlsafe(16)
POLICY = Path(__file__).parent / "policy.yaml"
SHARED_NUMBER = "+8617400000007"
"""A family's number: two customers."""
NETWORK = {"person": 1, "machine": 0, "fax": 0, "busy": 0, "sit_vacant": 0, "sit_intercept": 0, "sit_reorder": 0, "failed": 0,
           "person_rings": [1.5, 0], "talks": [600, 0], "patience": 600}  # fmt: skip
"""Whom calls of campaigns reach: everybody answers after one and a half seconds, and has time."""
CUSTOMERS = f"""key,name,tier,language,account_owner,phone,email,web,fax,revised_at
C1,王芳,gold,,,+8617400000001,wang@example.com,visitor-wang,+862190000001,2026-01-01T00:00:00Z
C2,李强,,,,{SHARED_NUMBER},,,,2026-01-01T00:00:00Z
C3,李小梅,,,,{SHARED_NUMBER},,,,2026-01-01T00:00:00Z
"""
DEALS = """key,customer_key,business_line,product,status,signed_on,ends_on,amount_cents,currency,site,revised_at
D1,C1,rental,两室一厅租约,active,2026-01-05,2027-01-04,8600000,CNY,,2026-01-05T00:00:00Z
"""
PEOPLE: Mapping[str, tuple[str, list[str], list[str]]] = {
    "lin": ("林晓 Lin Xiao", ["agent"], ["rental", "repairs"]),
    "chen": ("陈静 Chen Jing", ["agent"], ["rental"]),
    "shen": ("沈岚 Shen Lan", ["supervisor"], []),
    "gu": ("顾平 Gu Ping", ["admin"], []),
    "luo": ("罗敏 Luo Min", ["campaign_manager"], []),
}
"""User → name, roles, skills."""


@dataclass
class Visitor:
    """A customer on the line; `subject` is the gateway's own key of the contact."""

    house: House
    subject: str
    contact_id: str

    async def write(self, text: str) -> None:
        await self.house.gateway.write(self.subject, uuid.uuid4().hex, text)

    async def tell(self, kind: str, **data: Any) -> None:
        """A further fact from the gateway, e.g. that the telephone connected or the caller hung up."""
        await self.house.gateway.send(cloud_event(kind, self.subject, now(), data))


@dataclass
class House:
    """What the tests hold of the running house."""

    ground: Ground
    gateway: GatewayClient
    services: dict[str, ServiceServer]
    programs: dict[str, httpx.AsyncClient] = field(default_factory=dict[str, httpx.AsyncClient])

    @property
    def console(self) -> str:
        return self.ground.url("console")

    async def arrives(self, channel: str, group: str, address: str, kind: str, text: str | None = None) -> Visitor:
        """A contact by the gateway, as one from outside would send it."""
        subject = f"{channel}-{uuid.uuid4().hex[:12]}"
        data: dict[str, Any] = {
            "channel": channel, "business_line": "rental", "group": group, "arrived_at": now(),
            "address_kind": kind, "address": address, "text": text, "reason": "contract",
        }  # fmt: skip
        contacts = await self.gateway.send(cloud_event("ContactArrived", subject, data["arrived_at"], data))
        return Visitor(self, subject, contacts[subject])

    @asynccontextmanager
    async def without(self, service: str) -> AsyncGenerator[None]:
        """A service is stopped for real while the block runs."""
        await self.services[service].stop()
        try:
            yield
        finally:
            self.services[service] = await begun_anew(self.ground, service)

    async def end_shift(self, user: str) -> None:
        """Sign an agent out and return when the router has done so. What a failed test left in their hands is ended and wrapped
        up first (nobody is signed out while handling), so that the next test finds nobody at the desk."""
        agent = await self.program(user)
        await agent.post("/api/agent/sign-out", json={})
        async for frame in frames(agent):
            if frame["type"] == "agent_state" and frame["presence"] == "signed_out":
                return
            shift = frame["agent"] if frame["type"] == "snapshot" else {"agent": user, "contacts": [], "wrap_ups": []}
            if shift["agent"] is None:
                return
            for contact in shift["contacts"]:
                await agent.post(f"/api/contacts/{contact['contact_id']}/end", json={})
            for wrap_up in [*shift["wrap_ups"], *([frame] if frame["type"] == "wrap_up_started" else [])]:
                body = {"interaction_id": wrap_up["interaction_id"], "disposition": "resolved"}
                await agent.post(f"/api/contacts/{wrap_up['contact_id']}/wrap-up", json=body)

    async def stop_campaigns(self) -> None:
        """What a test left running would have its records offered to the next test's agents."""
        manager = await self.program("luo")
        listed = (await manager.get("/api/outbound/campaigns")).raise_for_status().json()["items"]
        for one in listed:
            if one["state"] in ("running", "paused"):
                await manager.post(f"/api/outbound/campaigns/{one['campaign_id']}/stop", json={})

    async def program(self, user: str) -> httpx.AsyncClient:
        """The console's interface for a user without a browser."""
        if user not in self.programs:
            client = httpx.AsyncClient(base_url=self.console, timeout=10, trust_env=False)
            answer = await client.post("/api/tokens", json={"tenant": TENANT, "user": user, "password": PASSWORD})
            client.headers["authorization"] = f"Bearer {answer.raise_for_status().json()['token']}"
            self.programs[user] = client
        return self.programs[user]


async def frames(agent: httpx.AsyncClient) -> AsyncGenerator[dict[str, Any]]:
    """What the console pushes to an agent, a snapshot first."""
    async with agent.stream("GET", "/api/stream?channels=agent") as stream:
        async for line in stream.aiter_lines():
            if line.startswith("data: "):
                yield json.loads(line[6:])


def now() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


@asynccontextmanager
async def open_house(database_url: str) -> AsyncGenerator[House]:
    """The house with its tenant, as long as the block runs."""
    configure_logging("WARNING", json=True)  # drawn tracebacks would hold up the loop all services share
    broker = EmbeddedBroker()  # one of its own: the tenants of other tests mean nothing here
    create_tenant(database_url, TENANT, "浏览器测试 Browser tests")
    create_pool(database_url, TENANT, "main", partitions=BROKER_PARTITIONS)
    ground, sockets = _ground(database_url, broker.bootstrap_servers)
    async with running(ground, sockets) as services:
        credential = await asyncio.to_thread(_furnish, ground)
        house = House(
            ground, GatewayClient(ground.url("gateway"), credential["gateway_id"], credential["secret"]), services
        )
        try:
            yield house
        finally:
            for client in house.programs.values():
                await client.aclose()
            await house.gateway.close()


def _ground(database_url: str, servers: str) -> tuple[Ground, dict[str, Any]]:
    """What the house stands on, at ports nobody uses."""
    offered = [
        {"tenant": TENANT, "user": user, "password": PASSWORD, "name": name, "role": roles[0]}
        for user, (name, roles, _) in PEOPLE.items()
    ]
    sockets = listeners("127.0.0.1", dict.fromkeys(PORT_OFFSETS, 0))
    ports = {service: listener.getsockname()[1] for service, listener in sockets.items()}
    ground = Ground(
        database_url,
        servers,
        BROKER_PARTITIONS,
        new_signing_key(),
        ports=ports,
        extra={"demo_sign_ins": offered, "fax_folder": tempfile.mkdtemp(prefix="ucc-faxes-")},
    )
    return ground, sockets


def _furnish(ground: Ground) -> dict[str, Any]:
    """Policy, people, customers; answers the gateway's credential."""
    token = ground.token("browser-tests", TENANT, Role.ADMIN, seconds=24 * 3600)
    administration = Administration(token, {service: ground.url(service) for service in PORT_OFFSETS})
    try:
        administration.publish_policy(POLICY.read_text(encoding="utf-8"), "browser tests")
        for kind, item in _roster():
            administration.call("POST", "console", f"/api/roster/{kind}", json=item)
        administration.import_table("customers", "crm", "customers.csv", CUSTOMERS.encode())
        administration.import_table("deals", "crm", "deals.csv", DEALS.encode())
        telephone = {"entries": [{"entry": "100", "business_line": "rental"}], "network": NETWORK}
        row = {"title": "Telephone", "kind": "simulator", "settings": telephone}
        administration.call("POST", "gateway", "/v1/gateways", json=row)
        declared = {"licence": "B2-20260001", "records_conversations": True, "keeps_days": 400}
        administration.call("PUT", "outbound", "/v1/operator", json=declared)
        administration.call("PUT", "outbound", "/v1/caller-ids", json={"number": "+862155550100", "verified": True})
        return administration.call("POST", "gateway", "/v1/gateways", json={"title": "Browser tests"})
    finally:
        administration.close()


def _roster() -> list[tuple[str, dict[str, Any]]]:
    items: list[tuple[str, dict[str, Any]]] = [
        ("teams", {"team_id": "rental", "name": "租赁组 Rental team"}),
        ("sites", {"site_id": "xuhui", "name": "徐汇店 Xuhui branch"}),
        ("skills", {"skill": "rental", "name": {"zh": "租赁", "en": "Rental"}, "kind": "product"}),
        ("skills", {"skill": "repairs", "name": {"zh": "报修", "en": "Repairs"}, "kind": "product"}),
        ("skill-profiles", {"profile_id": "all-round", "name": "全能", "skills": [{"skill": "rental", "level": 7}]}),
    ]
    for user, (name, roles, skills) in PEOPLE.items():
        agent_id = f"a-{user}" if "agent" in roles else None
        if agent_id is not None:
            held = [{"skill": skill, "level": 8} for skill in skills]
            agent = {"agent_id": agent_id, "display_name": name, "pool": "main", "skills": held}
            items.append(("agents", {**agent, "teams": ["rental"], "sites": ["xuhui"]}))
        account = {"user_id": f"u-{user}", "user": user, "display_name": name, "roles": roles, "agent_id": agent_id}
        items.append(("users", {**account, "password": PASSWORD}))
    return items


@dataclass
class Line:
    """A wire between a browser and the console that can be cut: every connection drops, new ones are refused."""

    target_port: int
    port: int = 0
    up: bool = True
    _server: asyncio.Server | None = None
    _ends: set[asyncio.StreamWriter] = field(default_factory=set[asyncio.StreamWriter])

    async def open(self) -> str:
        """The address of the console at this end of the wire."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        self.up = False
        for end in list(self._ends):
            end.transport.abort()

    def mend(self) -> None:
        self.up = True

    async def close(self) -> None:
        self.cut()
        if self._server is not None:
            self._server.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.up:
            return writer.transport.abort()
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        self._ends |= {writer, there_writer}
        try:
            await asyncio.gather(_copy(reader, there_writer), _copy(there_reader, writer))
        finally:
            self._ends -= {writer, there_writer}


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65_536):
            sink.write(data)
            await sink.drain()
    except (ConnectionError, OSError):
        pass  # the other end is gone, or the wire was cut
    finally:
        sink.close()


def facts(value: Any) -> str:
    """For messages of failing assertions."""
    return json.dumps(value, ensure_ascii=False, indent=1)[:2000]
