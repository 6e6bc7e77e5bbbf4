"""kill -9 of the gateway between its intent to dial and the dialling: nobody is rung by its successor, and UCC is told that nobody
can tell what became of it.

The gateway is a process of its own; the telephone network it speaks to kills it the moment it is asked to ring the party.
"""

from __future__ import annotations

import asyncio
import signal
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI, Request, Response

from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import DialRequested
from shared.contracts.wire import CONTACT_EVENTS
from shared.kafka import Producer, create_topics
from shared.security import Role, public_keys
from tests.conftest import Broker
from tests.integration.gateway.conformance.drivers import ENTRY, caller_number
from tests.integration.gateway.conformance.twiml_gateway import ACCOUNT, TOKEN, Leg, TwimlGateway
from tests.integration.gateway.conftest import (
    SIGNING_KEY,
    TOPICS,
    Router,
    Topic,
    assigned,
    furnish,
    now_us,
    queued,
    serving,
    token,
)
from tests.processes import ServiceProcess

PARTY = "+862155550177"
pytestmark = [pytest.mark.faults, pytest.mark.timeout(240)]


@dataclass
class Murderer(TwimlGateway):
    """A network that strikes whoever asks it to ring the party, before it rings."""

    victim: ServiceProcess | None = None
    asked: list[str] = field(default_factory=list)

    def app(self) -> FastAPI:
        app = super().app()

        @app.middleware("http")
        async def strike(request: Request, go_on: Any) -> Response:
            if request.method == "POST" and request.url.path.endswith("/Calls.json"):
                form = (await request.body()).decode()
                if PARTY.lstrip("+") in form and self.victim is not None:
                    self.asked.append(form)
                    await asyncio.to_thread(self.victim.kill)
                    return Response(status_code=503)
            return await go_on(request)

        return app


@dataclass
class Ground:
    network: Murderer
    router: Router
    gateway: ServiceProcess
    heard: Topic
    gateway_id: str


@asynccontextmanager
async def open_ground(database_url: str, broker: Broker, folder: Path) -> AsyncGenerator[Ground]:
    await furnish(database_url)
    await create_topics(broker.bootstrap_servers, broker.partitions, 1, TOPICS)
    producer, heard = Producer(broker.bootstrap_servers), Topic(broker, CONTACT_EVENTS)
    await producer.start()
    await heard.open()
    router = Router(producer)
    async with serving(router.app()) as router_url, httpx.AsyncClient(timeout=20, trust_env=False) as http:
        environment = {
            "UCC_DATABASE_URL": database_url, "UCC_KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
            "UCC_KAFKA_PARTITIONS": str(broker.partitions), "UCC_ROUTER_URL": router_url,
            "UCC_TOKEN_VERIFY_KEYS": public_keys(SIGNING_KEY), "UCC_SERVICE_TOKEN": "service",
        }  # fmt: skip
        gateway = ServiceProcess("gateway", environment, folder / "gateway.log")
        network = Murderer(http)
        try:
            async with serving(network.app()) as api:
                await asyncio.to_thread(gateway.start)
                made = await _line(http, gateway, api)
                base = f"{gateway.url}/v1/twiml/{made}"
                network.voice_url, network.status_url = f"{base}/voice", f"{base}/status"
                yield Ground(network, router, gateway, heard, made)
                await network.close()
        finally:
            gateway.signal(signal.SIGKILL)
            await heard.close()
            await producer.stop()


async def _line(http: httpx.AsyncClient, gateway: ServiceProcess, api: str) -> str:
    settings = {
        "account_sid": ACCOUNT, "auth_token": TOKEN, "api_url": f"{api}/2010-04-01", "public_url": gateway.url,
        "entries": [{"entry": ENTRY, "business_line": "rental", "self_service": False}], "sip_domain": "phones.example", "caller_id": ENTRY,
    }  # fmt: skip
    body = {"title": "line", "kind": "twiml", "settings": settings}
    answer = await http.post(f"{gateway.url}/v1/gateways", json=body, headers=token(Role.ADMIN))
    assert answer.status_code == 201, answer.text
    phone = {"kind": "sip", "address": "agent-7"}
    await http.put(f"{gateway.url}/v1/agents/agent-7/endpoint", json=phone, headers=token(Role.ADMIN))
    return answer.json()["gateway_id"]


async def _answered(ground: Ground) -> Leg:
    """A call that the gateway takes: it may not have begun with its line yet."""
    async with asyncio.timeout(60):
        while True:
            leg = await ground.network.call(caller_number(), ENTRY)
            while not leg.over and not leg.heard and leg.queue is None:
                await asyncio.sleep(0.1)
            if not leg.over:
                return leg


async def in_conversation(ground: Ground) -> tuple[str, Leg]:
    """A customer with agent-7: the contact, and the customer's telephone."""
    leg = await _answered(ground)
    arrived = await ground.heard.until(lambda e: e.type == "ContactArrived", 60)
    contact = arrived.data.contact_id
    await ground.router.decides(queued(contact, ground.gateway_id))
    await ground.router.decides(assigned(contact, ground.gateway_id, f"o-{uuid.uuid4().hex}"))
    await ground.heard.until(lambda e: e.type == "ContactConnected" and e.data.contact_id == contact, 60)
    return contact, leg


async def test_nobody_is_rung_by_its_successor(module_database_url: str, broker: Broker, tmp_path: Path) -> None:
    async with open_ground(module_database_url, broker, tmp_path) as ground:
        contact, customer = await in_conversation(ground)
        attempt = f"d-{uuid.uuid4().hex[:8]}"
        wanted = DialRequested(
            contact, attempt, 1, 30, now_us() + 120 * SECOND, "agent-7", ground.gateway_id, "plumber", PARTY, None,
            now_us() + 180 * SECOND, "t-1",
        )  # fmt: skip
        ground.network.victim = ground.gateway
        await ground.router.decides(wanted)
        async with asyncio.timeout(60):
            while not ground.network.asked or ground.gateway.process is None or ground.gateway.process.poll() is None:
                await asyncio.sleep(0.05)
        owner = await asyncpg.connect(module_database_url)
        try:
            assert await owner.fetchval("SELECT count(*) FROM gateway.dials WHERE attempt_id = $1", attempt) == 1
        finally:
            await owner.close()
        await asyncio.to_thread(ground.gateway.start)
        told = await ground.heard.until(lambda e: getattr(e.data, "attempt_id", None) == attempt, 60)
        assert (told.type, told.data.outcome) == ("DialFailed", "unknown")
        await ground.router.decides(wanted)  # told again, it rings no more
        customer.heard.clear()
        await ground.router.decides(queued(contact, ground.gateway_id))
        await ground.network.until(customer, "请稍候")  # what came after it was carried out
        assert len(ground.network.asked) == 1
