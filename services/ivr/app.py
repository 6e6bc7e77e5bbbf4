"""ivr: self-service on every channel: dialogues, the standard question set, matching a question to its answer or group."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Literal

import httpx
from fastapi import FastAPI

from services.ivr import consumers
from services.ivr.adapters.speech import speech_at
from services.ivr.api import audio, dialogues, questions, simulation
from services.ivr.api.access import Room
from services.ivr.domain.speech import Speech
from services.ivr.handlers.callers import Callers
from services.ivr.handlers.holidays import PublicHolidays
from services.ivr.handlers.keeping import Keeping
from services.ivr.handlers.library import Library
from services.ivr.handlers.outcomes import CustomersComeBack, FollowDecisions
from services.ivr.handlers.serving import Serving
from services.ivr.handlers.spoken import Spoken
from services.ivr.settings import IvrSettings
from shared.clock import make_clock
from shared.decisions import JournalClient
from shared.directory import Directory
from shared.errors import BrokerUnavailable
from shared.http import Check, create_service
from shared.kafka import Producer, supervised
from shared.outbox import OutboxRelay
from shared.postgres import Pool, open_pool

MATCHING_THREADS = 4


@asynccontextmanager
async def _pool(settings: IvrSettings, role: Literal["api", "worker"], *, resets: bool = True) -> AsyncGenerator[Pool]:
    size = settings.pool_size
    pool = await open_pool(settings.database_url, "ivr", role, minimum=size // 2, maximum=size, resets=resets)
    try:
        yield pool
    finally:
        await pool.close()


@asynccontextmanager
async def _serving(
    stack: AsyncExitStack, settings: IvrSettings, workers: Pool, speech: Speech | None
) -> AsyncGenerator[Serving]:
    """What every step needs; closed after the loops that use it."""
    threads = ThreadPoolExecutor(MATCHING_THREADS, "ivr-match")
    stack.callback(threads.shutdown, wait=False, cancel_futures=True)
    headers = {"Authorization": f"Bearer {settings.service_token.get_secret_value()}"}
    client = httpx.AsyncClient(base_url=settings.profile_url, headers=headers, timeout=5, trust_env=False)
    stack.push_async_callback(client.aclose)
    library = Library(workers)
    stack.push_async_callback(library.close)
    spoken = Spoken(workers, speech, settings.speech_limit_seconds)
    stack.push_async_callback(spoken.close)
    directory = Directory(workers)
    await directory.refresh()
    clock = make_clock(settings.clock_rate, settings.clock_started, settings.clock_origin)
    yield Serving(
        workers, directory, library, Callers(client, settings.profile_wait_seconds), spoken, PublicHolidays(), threads, clock,
        settings,
    )  # fmt: skip


@asynccontextmanager
async def _running(app: FastAPI, settings: IvrSettings, speech: Speech | None) -> AsyncGenerator[None]:
    """Pools, then the producer, then the loops that use both; loops stop first, so that nothing they need is gone."""
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(_pool(settings, "api", resets=False))
        workers = await stack.enter_async_context(_pool(settings, "worker"))
        producer = Producer(settings.kafka_bootstrap_servers)
        app.state.producer = producer
        stack.push_async_callback(producer.stop)
        with suppress(BrokerUnavailable):  # connected before the first caller, where the broker is there already
            await producer.start()
        serving = await stack.enter_async_context(_serving(stack, settings, workers, speech))
        app.state.room = Room(api, serving)
        for tenant, shelf in (await serving.library.load()).items():
            serving.spoken.prepare(tenant, shelf.words())  # what a process that died left unspoken
        journal = JournalClient(settings.router_url, settings.service_token.get_secret_value())
        stack.push_async_callback(journal.close)
        customers = CustomersComeBack(workers, serving.clock, settings.came_back_days)
        keeping = Keeping(serving, serving.callers)
        loops: dict[str, Callable[[], Awaitable[None]]] = {
            "ivr-contacts": lambda: consumers.contacts(settings, producer, serving, customers).run(),
            "ivr-conversations": lambda: consumers.conversations(settings, producer, serving).run(),
            "ivr-decisions": FollowDecisions(workers, journal, settings).run,
            "ivr-overdue": keeping.end_overdue,
            "ivr-notes": keeping.hand_over_notes,
            "ivr-forgetting": keeping.forget,
            "ivr-speech": serving.spoken.run,
            "ivr-outbox": OutboxRelay(workers, producer, "ivr").run,
        }
        await stack.enter_async_context(supervised(loops))
        yield


def _checks(app: FastAPI) -> Mapping[str, Check]:
    async def database() -> str | None:
        await app.state.room.api.fetchval("SELECT 1")
        return None

    async def broker() -> str | None:
        try:
            await app.state.producer.start()  # at once when it is connected
        except BrokerUnavailable as error:
            return str(error)
        return None

    return {"database": database, "broker": broker}


def create_app(settings: IvrSettings | None = None, speech: Speech | None = None) -> FastAPI:
    """The service. `settings` default to the environment (`UCC_*`), `speech` to the engine they name."""
    chosen = settings or IvrSettings()
    engine = speech or (speech_at(chosen.speech_url) if chosen.speech else None)
    app = create_service(
        "ivr", lambda app: _running(app, chosen, engine), _checks, chosen.token_verify_keys.get_secret_value(),
        description=__doc__ or "", max_body=5_000_000,
    )  # fmt: skip
    for room_routes in (questions.router, dialogues.router, simulation.router, audio.router):
        app.include_router(room_routes)
    return app
