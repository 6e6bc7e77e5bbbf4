"""ivr: self-service on every channel: dialogues, the standard question set, matching a question to its answer or group."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Literal

from fastapi import FastAPI

from services.ivr.settings import IvrSettings
from shared.directory import Directory
from shared.errors import BrokerUnavailable
from shared.http import Check, create_service
from shared.kafka import Producer, supervise
from shared.outbox import OutboxRelay
from shared.postgres import Pool, open_pool


@asynccontextmanager
async def _pool(settings: IvrSettings, role: Literal["api", "worker"], *, resets: bool = True) -> AsyncGenerator[Pool]:
    size = settings.pool_size
    pool = await open_pool(settings.database_url, "ivr", role, minimum=size // 2, maximum=size, resets=resets)
    try:
        yield pool
    finally:
        await pool.close()


@asynccontextmanager
async def _running(app: FastAPI, settings: IvrSettings) -> AsyncGenerator[None]:
    """Pools, then the producer, then the loops that use both; loops stop first, so that nothing they need is gone."""
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(_pool(settings, "api", resets=False))
        workers = await stack.enter_async_context(_pool(settings, "worker"))
        directory = Directory(workers)
        await directory.refresh()
        producer = Producer(settings.kafka_bootstrap_servers)
        app.state.api_pool, app.state.producer = api, producer
        stack.push_async_callback(producer.stop)
        with suppress(BrokerUnavailable):  # connected before the first caller, where the broker is there already
            await producer.start()
        relay = OutboxRelay(workers, producer, "ivr")
        loops: dict[str, Callable[[], Awaitable[None]]] = {"ivr-outbox": relay.run}
        running = [asyncio.create_task(supervise(name, run), name=name) for name, run in loops.items()]
        try:
            yield
        finally:
            for loop in running:
                loop.cancel()
            await asyncio.gather(*running, return_exceptions=True)


def _checks(app: FastAPI) -> Mapping[str, Check]:
    async def database() -> str | None:
        await app.state.api_pool.fetchval("SELECT 1")
        return None

    async def broker() -> str | None:
        try:
            await app.state.producer.start()  # at once when it is connected
        except BrokerUnavailable as error:
            return str(error)
        return None

    return {"database": database, "broker": broker}


def create_app(settings: IvrSettings | None = None) -> FastAPI:
    """The service. `settings` default to the environment (`UCC_*`)."""
    chosen = settings or IvrSettings()
    return create_service(
        "ivr", lambda app: _running(app, chosen), _checks, chosen.token_verify_keys.get_secret_value(),
        description=__doc__ or "", max_body=5_000_000,
    )  # fmt: skip
