"""The whole house in one process: every service on its own port, one event loop, the snapshot process beside it.

Stop order is the promise of the house: intake first (nobody can hand in anything new), then what was acknowledged is
taken over into the journal and published, then everything closes.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import socket
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import psycopg
from aiokafka.structs import TopicPartition
from fastapi import FastAPI

from deploy.beside import beside
from deploy.servers import ServiceServer, bind
from shared import telemetry
from shared.contracts.wire import CONTACT_EVENTS
from shared.kafka import make_consumer
from shared.security import EVERY_TENANT, Principal, Role, issue_token, public_keys

log = telemetry.logger("deploy")

PORT_OFFSETS: Mapping[str, int] = {"console": 0, "gateway": 1, "router": 2, "profile": 3, "ivr": 4, "outbound": 5}
"""Port of a service above the base (8080)."""
START_ORDER = ("router", "profile", "ivr", "outbound", "gateway", "console")
SERVICE_TOKEN_DAYS = 30
READY_SECONDS = 60.0
DRAIN_SECONDS = 5.0


def ports_from(base: int) -> dict[str, int]:
    """The usual port of every service above `base`."""
    return {service: base + offset for service, offset in PORT_OFFSETS.items()}


@dataclass(frozen=True)
class Ground:
    """What an installation stands on."""

    database_url: str
    kafka_bootstrap_servers: str
    kafka_partitions: int
    signing_key: str
    host: str = "127.0.0.1"
    ports: Mapping[str, int] = field(default_factory=lambda: ports_from(8080))
    clock_rate: float = 1.0
    clock_started: int | None = None
    clock_origin: int | None = None
    log_level: str = "WARNING"
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])  # more settings, by name

    def url(self, service: str) -> str:
        """Where a service answers."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.ports[service]}"

    def token(self, subject: str, tenant: str, *roles: Role, seconds: int) -> str:
        """A token signed by this installation's key."""
        return issue_token(self.signing_key, Principal(subject, tenant, frozenset(roles)), lifetime_seconds=seconds)

    def settings(self) -> dict[str, Any]:
        """The settings services share, by name."""
        service_token = self.token("ucc", EVERY_TENANT, Role.SERVICE, seconds=SERVICE_TOKEN_DAYS * 86_400)
        return {
            "database_url": self.database_url,
            "kafka_bootstrap_servers": self.kafka_bootstrap_servers,
            "kafka_partitions": self.kafka_partitions,
            "token_verify_keys": public_keys(self.signing_key),
            "service_token": service_token,
            "person_key_secret": hmac.new(self.signing_key.encode(), b"person keys", "sha256").hexdigest(),
            **{f"{service}_url": self.url(service) for service in PORT_OFFSETS},
            "clock_rate": self.clock_rate,
            "clock_started": self.clock_started,
            "clock_origin": self.clock_origin,
            "log_level": self.log_level,
            **self.extra,
        }

    def environment(self) -> dict[str, str]:
        """The same as `UCC_*` variables, for a process of its own."""
        return {
            f"UCC_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
            for name, value in self.settings().items()
            if value is not None
        }


def _apps(ground: Ground) -> Mapping[str, Callable[[], FastAPI]]:
    from services.console.app import create_app as console  # here: `ucc --help` need not wait for the whole house
    from services.console.settings import ConsoleSettings
    from services.gateway.app import create_app as gateway
    from services.gateway.settings import GatewaySettings
    from services.ivr.app import create_app as ivr
    from services.ivr.settings import IvrSettings
    from services.outbound.app import create_app as outbound
    from services.outbound.settings import OutboundSettings
    from services.profile.app import create_app as profile
    from services.profile.settings import ProfileSettings
    from services.router.app import create_app as router
    from services.router.settings import RouterSettings

    common = ground.settings()
    return {
        "router": lambda: router(RouterSettings(**common)),
        "profile": lambda: profile(ProfileSettings(**common)),
        "ivr": lambda: ivr(IvrSettings(**common)),
        "outbound": lambda: outbound(OutboundSettings(**common)),
        "gateway": lambda: gateway(GatewaySettings(**common)),
        "console": lambda: console(ConsoleSettings(**{**common, "token_signing_key": ground.signing_key})),
    }


def listeners(host: str, ports: Mapping[str, int]) -> dict[str, socket.socket]:
    """Bound sockets of all services, or none. Raises PortInUse."""
    bound: dict[str, socket.socket] = {}
    try:
        for service, port in ports.items():
            bound[service] = bind(host, port, service)
    except BaseException:
        for one in bound.values():
            one.close()
        raise
    return bound


@asynccontextmanager
async def running(ground: Ground, sockets: Mapping[str, socket.socket]) -> AsyncGenerator[dict[str, ServiceServer]]:
    """All services, up and ready while the block runs; afterwards stopped in order. Yields them by name: who stops one puts there
    what `begun_anew` gives."""
    servers = {name: ServiceServer(name, make(), sockets[name]) for name, make in _apps(ground).items()}
    started: dict[str, ServiceServer] = {}
    try:
        for name in START_ORDER:
            started[name] = servers[name]
            await servers[name].start()
        await _ready(ground)
        environment = ground.environment()
        with beside("services.router.snapshots", environment), beside("services.router.reporting.keeper", environment):
            yield started
    finally:
        await _stop(ground, list(started.values()))


async def begun_anew(ground: Ground, name: str) -> ServiceServer:
    """A service that was stopped, started again where the others look for it. Raises PortInUse."""
    server = ServiceServer(name, _apps(ground)[name](), bind(ground.host, ground.ports[name], name))
    await server.start()
    return server


async def _stop(ground: Ground, started: list[ServiceServer]) -> None:
    intake = [server for server in started if server.name in ("gateway", "console")]
    await asyncio.gather(*(server.stop_intake() for server in intake))
    if any(server.name == "router" for server in started):
        await drained(ground)
    for server in reversed(started):
        await server.stop()


async def _ready(ground: Ground) -> None:
    """Return when every service says it is ready. Raises RuntimeError when one does not within a minute."""
    deadline = time.monotonic() + READY_SECONDS
    async with httpx.AsyncClient(timeout=3, trust_env=False) as client:
        for service in START_ORDER:
            while True:
                try:
                    answer = await client.get(f"{ground.url(service)}/readyz")
                except httpx.TransportError as error:
                    said = type(error).__name__
                else:
                    if answer.is_success:
                        break
                    said = answer.text
                if time.monotonic() > deadline:
                    raise RuntimeError(f"{service} does not become ready: {said}")
                await asyncio.sleep(0.05)


async def drained(ground: Ground, seconds: float = DRAIN_SECONDS) -> bool:
    """Wait until all acknowledged contact events are journaled and their decisions published. False: it took too long."""
    deadline = time.monotonic() + seconds
    consumer = make_consumer(ground.kafka_bootstrap_servers)
    await consumer.start()
    try:
        partitions = [TopicPartition(CONTACT_EVENTS, p) for p in range(ground.kafka_partitions)]
        ends = {tp.partition: offset for tp, offset in (await consumer.end_offsets(partitions)).items()}
    finally:
        await consumer.stop()
    while True:
        behind = await asyncio.to_thread(_behind, ground.database_url, ends)
        if not behind:
            return True
        if time.monotonic() > deadline:
            log.warning("stopped before the router had read everything", partitions=behind)
            return False
        await asyncio.sleep(0.05)


def _behind(database_url: str, ends: Mapping[int, int]) -> list[int]:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "SELECT partition, next_offset, published_sequence + 1 = next_sequence FROM router.partitions"
        ).fetchall()
    done = {partition: (offset, published) for partition, offset, published in rows}
    return [p for p, end in ends.items() if end > 0 and (done.get(p, (0, True))[0] < end or not done[p][1])]
