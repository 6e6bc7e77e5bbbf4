"""1,000 pages subscribed over real sockets: the console's push against a bare loop of sends under the same server."""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import time

import httpx

from tests.benchmarks.report import ROUNDS, Figure, median_ratio
from tests.brokers import free_port

PAGES, FRAMES = 1_000, 40


class _Page(asyncio.Protocol):
    """Counts the events that arrive."""

    def __init__(self, path: str, counts: list[int]) -> None:
        self.path, self.counts = path, counts

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(f"GET {self.path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())

    def data_received(self, data: bytes) -> None:
        self.counts[0] += data.count(b"data: ")


async def _delivered_per_second(url: str, port: int, way: str) -> float:
    counts = [0]
    loop = asyncio.get_running_loop()
    pages = [
        (await loop.create_connection(lambda: _Page(f"/{way}", counts), "127.0.0.1", port))[0] for _ in range(PAGES)
    ]
    async with asyncio.timeout(60):
        while counts[0] < PAGES:  # everybody has the first event
            await asyncio.sleep(0.01)
        counts[0] = 0
        started = time.perf_counter()
        async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
            await client.get(f"{url}/tell", params={"way": way, "frames": FRAMES})
        while counts[0] < PAGES * FRAMES:
            await asyncio.sleep(0.001)
        taken = time.perf_counter() - started
    for page in pages:
        page.close()
    await asyncio.sleep(0.3)
    return PAGES * FRAMES / taken


async def push_figures() -> list[Figure]:
    """Delivered events a second, ours ÷ raw."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(8192, hard)), hard))
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "tests.benchmarks.push_server:create_app", "--factory", "--port", str(port),
         "--log-level", "warning", "--loop", "uvloop", "--backlog", "4096"],
        start_new_session=True,
    )  # fmt: skip
    measured: dict[str, list[float]] = {"push": [], "raw": []}
    try:
        async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(30):
            while True:
                try:
                    await client.get(f"{url}/tell", params={"way": "raw", "frames": 0})
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0.1)
        for _ in range(ROUNDS):
            for way, rates in measured.items():
                rates.append(await _delivered_per_second(url, port, way))
    finally:
        server.kill()
        server.wait()
    rate = sorted(measured["push"])[ROUNDS // 2]
    note = f"{rate:,.0f} events/s, {1e6 / rate:.0f} µs each"
    return [
        Figure(
            "push",
            f"{PAGES:,} subscribed pages ÷ raw send loop",
            median_ratio(measured["push"], measured["raw"]),
            "≥ 0.7",
            note=note,
        )
    ]
