"""The screen-pop over HTTP against its floor: one bare SELECT of a document of the same size plus one route that does nothing."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
import uuid
from pathlib import Path

import asyncpg
import httpx
from fastapi import FastAPI

from shared.contracts.contact_events import ContactArrived
from shared.contracts.envelope import Envelope
from shared.contracts.fields import AddressKind, Channel
from shared.contracts.wire import CONTACT_EVENTS
from shared.kafka import Producer
from shared.security import Role
from tests.benchmarks.report import ROUNDS, Figure, percentile
from tests.brokers import free_port
from tests.processes import Keys, ServiceProcess

REQUESTS = 400
TENANT, POOL, PARTITION = "popbench", "main", 0


def empty_app() -> FastAPI:
    """A route that does nothing, under the same server."""
    app = FastAPI()

    @app.get("/")
    async def nothing() -> dict[str, str]:
        return {}

    return app


async def _timed(client: httpx.AsyncClient, path: str) -> list[float]:
    taken: list[float] = []
    for _ in range(REQUESTS):
        started = time.perf_counter()
        answer = await client.get(path)
        taken.append((time.perf_counter() - started) * 1000)
        assert answer.status_code == 200, answer.text
    return taken


async def _selects(connection: asyncpg.Connection, key: str) -> list[float]:
    taken: list[float] = []
    for _ in range(REQUESTS):
        started = time.perf_counter()
        await connection.fetchrow("SELECT body FROM public.bare_document WHERE id = $1", key)
        taken.append((time.perf_counter() - started) * 1000)
    return taken


async def pop_figures(servers: str, database_url: str, folder: Path) -> list[Figure]:
    """Screen-pop p50 and p99."""
    keys = Keys()
    connection = await asyncpg.connect(database_url)
    await connection.execute("INSERT INTO directory.tenants (tenant_id, name) VALUES ($1, 'pop')", TENANT)
    await connection.execute("INSERT INTO directory.pools VALUES ($1, $2, $3)", TENANT, POOL, PARTITION)
    environment = {
        "UCC_DATABASE_URL": database_url,
        "UCC_KAFKA_BOOTSTRAP_SERVERS": servers,
        "UCC_KAFKA_PARTITIONS": "4",
        "UCC_TOKEN_VERIFY_KEYS": keys.verify_keys,
        "UCC_SERVICE_TOKEN": keys.token(Role.SERVICE),
        "UCC_LOG_LEVEL": "WARNING",
    }
    profile = ServiceProcess("profile", environment, folder / "pop-profile.log")
    profile.start(wait_ready=False)
    port = free_port()
    empty = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "tests.benchmarks.pop_bench:empty_app", "--factory", "--port", str(port),
         "--log-level", "warning", "--loop", "uvloop"],
        start_new_session=True,
    )  # fmt: skip
    producer = Producer(servers)
    try:
        await producer.start()
        contact, now = f"c-{uuid.uuid4().hex}", time.time_ns() // 1000
        arrived = ContactArrived(
            contact, Channel.PHONE, "rental", now, address_kind=AddressKind.PHONE, address="+8613800000000"
        )
        await producer.publish(
            CONTACT_EVENTS, Envelope(f"e-{contact}", "/bench", now, TENANT, contact, arrived, POOL), partition=PARTITION
        )
        token = keys.token(Role.AGENT, tenant=TENANT, subject="u-1", agent_id="a-1")
        pop = httpx.AsyncClient(base_url=profile.url, headers={"Authorization": f"Bearer {token}"}, trust_env=False)
        nothing = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False)
        path = f"/v1/contacts/{contact}/pop"
        async with asyncio.timeout(40):
            while True:
                try:
                    if (await pop.get(path)).status_code == 200 and (await nothing.get("/")).status_code == 200:
                        break
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.2)
        body = (await pop.get(path)).text
        await connection.execute("CREATE TABLE public.bare_document (id text PRIMARY KEY, body text)")
        await connection.execute("INSERT INTO public.bare_document VALUES ($1, $2)", contact, body)
        rounds: list[tuple[list[float], list[float], list[float]]] = []
        for _ in range(ROUNDS):
            rounds.append((await _timed(pop, path), await _timed(nothing, "/"), await _selects(connection, contact)))
        await pop.aclose()
        await nothing.aclose()
    finally:
        await producer.stop()
        empty.kill()
        empty.wait()
        profile.stop()
        await connection.close()
    rows: list[Figure] = []
    for label, share in (("p50", 0.5), ("p99", 0.99)):
        above = [percentile(a, share) for a, _, _ in rounds]
        below = [percentile(b, share) + percentile(c, share) for _, b, c in rounds]
        ratio = statistics.median(a / b for a, b in zip(above, below, strict=True))
        note = f"{statistics.median(above):.2f} ms against {statistics.median(below):.2f} ms"
        rows.append(Figure("pop", f"screen-pop HTTP {label} ÷ (bare SELECT + empty route)", ratio, "≤ 1.5", note=note))
    return rows
