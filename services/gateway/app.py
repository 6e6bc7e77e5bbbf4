"""The gateway service: everything that speaks to the outside world, in and out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

from services.gateway import consumers
from services.gateway.adapters.letters import LetterDrawer
from services.gateway.adapters.port import ChannelPort
from services.gateway.adapters.reading import PageReader
from services.gateway.api import (
    admin,
    callbacks,
    conversation,
    endpoints,
    faxes,
    files,
    ingest,
    letters,
    ratings,
    readings,
    recordings,
    refusals,
    sessions,
    softphone,
)
from services.gateway.api.access import Meter
from services.gateway.channels import Channels
from services.gateway.credentials import CredentialBook
from services.gateway.diallers import Diallers
from services.gateway.fax_lines import FaxLines
from services.gateway.handlers.port import Port
from services.gateway.kinds import KINDS
from services.gateway.parts import Parts
from services.gateway.recorder import ContactRecorder
from services.gateway.settings import GatewaySettings
from services.gateway.store import CredentialRow
from services.gateway.wakeups import Wakeups
from shared import telemetry
from shared.clock import make_clock
from shared.directory import Directory
from shared.errors import BrokerUnavailable
from shared.http import Check, create_service
from shared.kafka import Producer, supervised
from shared.postgres import open_pool

WORKER_CONNECTIONS = 12  # two listeners, a leader's lock and the channels' locks among them


@asynccontextmanager
async def _running(app: FastAPI) -> AsyncGenerator[None]:
    """Pools, then the producer, then the loops that need both; closed in reverse, so that a loop never outlives what it uses.

    A broker that is away does not keep the service from starting: it answers 503 until the broker is back.
    """
    settings: GatewaySettings = app.state.settings
    api = await open_pool(settings.database_url, "gateway", "api", resets=False)
    worker = await open_pool(settings.database_url, "gateway", "worker", maximum=WORKER_CONNECTIONS)
    producer = Producer(settings.kafka_bootstrap_servers)
    try:
        await producer.start()
    except BrokerUnavailable:
        telemetry.logger("gateway").warning("no broker at start; requests are answered 503 until there is one")
    if not settings.authorise_dials:
        telemetry.logger("gateway").warning("customers are called back without outbound being asked (authorise_dials)")
    credentials = CredentialBook(worker, settings.gateway_credential_refresh_seconds)

    def open_port(row: CredentialRow) -> ChannelPort:
        return Port(parts, row, app.state.wakeups, neighbours)

    parts = Parts(
        settings=settings,
        api=api,
        worker=worker,
        producer=producer,
        directory=Directory(api),
        clock=make_clock(settings.clock_rate, settings.clock_started, settings.clock_origin),
        credentials=credentials,
        recorder=ContactRecorder(api),
        reader=PageReader(settings.fax_languages, settings.fax_read_pages, settings.fax_read_seconds),
        drawer=LetterDrawer(),
        fax_lines=FaxLines(settings, credentials.adapters, open_port),
        diallers=Diallers(credentials.adapters),
    )
    await parts.credentials.refresh()
    await parts.directory.refresh()
    app.state.parts = parts
    app.state.wakeups = Wakeups(worker)
    app.state.meter = Meter(settings.gateway_rate_limit)
    bearer = {"authorization": f"Bearer {settings.service_token.get_secret_value()}"}
    neighbours = httpx.AsyncClient(headers=bearer, trust_env=False)
    app.state.channels = Channels(KINDS, worker, credentials.adapters, credentials.adapter, open_port)
    caught_up: asyncio.Event = app.state.caught_up
    named = {
        **consumers.loops(parts, caught_up),
        "wakeups": app.state.wakeups.listen,
        "channels": app.state.channels.run,
    }
    try:
        async with supervised({f"gateway {name}": run for name, run in named.items()}):
            yield
    finally:
        await neighbours.aclose()
        await producer.stop()
        await worker.close()
        await api.close()


def _checks(app: FastAPI) -> Mapping[str, Check]:
    parts: Parts = app.state.parts

    async def database() -> str | None:
        await parts.api.fetchval("SELECT 1")
        return None

    async def broker() -> str | None:
        try:
            await parts.producer.start()
        except BrokerUnavailable as error:
            return str(error)
        return None

    async def decisions() -> str | None:
        return None if app.state.caught_up.is_set() else "still reading the router's journal"

    return {"database": database, "broker": broker, "decisions": decisions}


def create_app(settings: GatewaySettings | None = None) -> FastAPI:
    """The application; without `settings` they are read from the environment."""
    settings = settings or GatewaySettings()
    app = create_service(
        "gateway",
        _running,
        _checks,
        settings.token_verify_keys.get_secret_value(),
        description="Channels: contact events in, sessions, conversations and documents, decisions out to others' gateways.",
        max_body=settings.fax_bytes + 1_000_000,
    )
    app.state.settings = settings
    app.state.caught_up = asyncio.Event()
    for room in (
        ingest,
        sessions,
        conversation,
        files,
        letters,
        readings,
        faxes,
        admin,
        callbacks,
        endpoints,
        ratings,
        recordings,
        refusals,
        softphone,
    ):
        app.include_router(room.router)
    for kind in KINDS.values():
        if kind.router is not None:
            app.include_router(kind.router)
        if kind.middleware is not None:
            app.add_middleware(kind.middleware)
    return app
