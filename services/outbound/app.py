"""outbound: campaigns, their lists and attempts; what may be dialled, how many at once, and what became of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Literal

import httpx
from fastapi import FastAPI

from services.outbound import consumers
from services.outbound.adapters.customer_numbers import CustomerNumbers
from services.outbound.adapters.profile_client import ProfileClient
from services.outbound.adapters.router_client import RouterClient
from services.outbound.api import (
    calls,
    campaign_choices,
    campaigns,
    compliance_report,
    desk,
    follow_ups,
    imports,
    lines,
    list_files,
    live,
    plans,
    records,
    rulesets,
)
from services.outbound.handlers.engine import Engine
from services.outbound.handlers.follow_ups import HearDeal, OpenFollowUps
from services.outbound.handlers.gate import Gate
from services.outbound.handlers.import_process import ImportProcess
from services.outbound.handlers.list_consents import TellConsents
from services.outbound.handlers.ordering import Ranking
from services.outbound.handlers.plans import TakePlan
from services.outbound.handlers.refusals import HearRefusal
from services.outbound.handlers.results import FoldResult, HearTakenUp
from services.outbound.handlers.retention import Retention
from services.outbound.handlers.ring_backs import NoticeRingBack
from services.outbound.handlers.success import JudgeSuccess
from services.outbound.parts import Parts
from services.outbound.settings import OutboundSettings
from services.outbound.store.statements import errors_by_consequence
from shared.clock import make_clock
from shared.directory import Directory
from shared.errors import Backpressure, BrokerUnavailable
from shared.http import Check, create_service
from shared.kafka import Producer, supervised
from shared.outbox import OutboxRelay
from shared.postgres import Pool, open_pool

LARGEST_UPLOAD = 200_000_000
"""Bytes: a list of a million people as CSV."""
NEIGHBOUR_SECONDS = 2.0
"""What does not answer within this is away: then nobody is known to be free, and nobody's wishes are known."""


@asynccontextmanager
async def _pool(
    settings: OutboundSettings, role: Literal["api", "worker"], *, resets: bool = True
) -> AsyncGenerator[Pool]:
    size = settings.pool_size
    pool = await open_pool(settings.database_url, "outbound", role, minimum=size // 2, maximum=size, resets=resets)
    try:
        yield pool
    finally:
        await pool.close()


@asynccontextmanager
async def _neighbour(
    settings: OutboundSettings, url: str, transport: httpx.AsyncBaseTransport | None
) -> AsyncGenerator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {settings.service_token.get_secret_value()}"}
    async with httpx.AsyncClient(
        base_url=url, headers=headers, timeout=NEIGHBOUR_SECONDS, trust_env=False, transport=transport
    ) as client:
        yield client


@asynccontextmanager
async def _running(
    app: FastAPI, settings: OutboundSettings, transport: httpx.AsyncBaseTransport | None
) -> AsyncGenerator[None]:
    """Pools, then the producer, then the loops that use both; loops stop first, so that nothing they need is gone."""
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(_pool(settings, "api", resets=False))
        workers = await stack.enter_async_context(_pool(settings, "worker"))
        directory = Directory(workers)
        await directory.refresh()
        producer = Producer(settings.kafka_bootstrap_servers)
        stack.push_async_callback(producer.stop)
        with suppress(BrokerUnavailable):  # connected before the first call, where the broker is there already
            await producer.start()
        clock = make_clock(settings.clock_rate, settings.clock_started, settings.clock_origin)
        parts = app.state.parts = Parts(settings, api, workers, producer, directory, clock)
        relay = OutboxRelay(workers, producer, "outbound")
        profile = ProfileClient(await stack.enter_async_context(_neighbour(settings, settings.profile_url, transport)))
        router = RouterClient(await stack.enter_async_context(_neighbour(settings, settings.router_url, transport)))
        gate = Gate(parts, profile)
        app.state.gate = gate
        numbers = CustomerNumbers(profile.client)
        take_plan = app.state.take_plan = TakePlan(parts, numbers)
        app.state.books = parts.books
        engine = app.state.engine = Engine(parts, gate, router)
        loops: dict[str, Callable[[], Awaitable[None]]] = {
            "outbound-results": lambda: consumers.results(settings, producer, FoldResult(parts)).run(),
            "outbound-refusals": lambda: consumers.refusals(settings, producer, HearRefusal(parts)).run(),
            "outbound-contacts": lambda: consumers.contacts(
                settings, producer, NoticeRingBack(parts), HearTakenUp(parts)
            ).run(),
            "outbound-engine": engine.run,
            "outbound-ranking": Ranking(parts).run,
            "outbound-success": JudgeSuccess(parts).run,
            "outbound-imports": ImportProcess(workers, settings).run,
            "outbound-consents": TellConsents(parts).run,
            "outbound-plans": lambda: consumers.plans(settings, producer, take_plan).run(),
            "outbound-deals": lambda: consumers.deals(settings, producer, HearDeal(parts)).run(),
            "outbound-follow-ups": OpenFollowUps(parts, numbers).run,
            "outbound-outbox": relay.run,
            "outbound-retention": Retention(parts).run,
        }
        await stack.enter_async_context(supervised(loops))
        yield


def _checks(app: FastAPI) -> Mapping[str, Check]:
    parts: Parts = app.state.parts

    async def database() -> str | None:
        try:
            with errors_by_consequence():
                await parts.api.fetchval("SELECT 1")
        except Backpressure as error:
            return str(error)
        return None

    async def broker() -> str | None:
        try:
            await parts.producer.start()  # at once when it is connected
        except BrokerUnavailable as error:
            return str(error)
        return None

    return {"database": database, "broker": broker}


def create_app(settings: OutboundSettings | None = None, transport: httpx.AsyncBaseTransport | None = None) -> FastAPI:
    """The service. `settings` default to the environment (`UCC_*`); `transport`: how neighbours are reached (None: by HTTP)."""
    chosen = settings or OutboundSettings()
    app = create_service(
        "outbound", lambda app: _running(app, chosen, transport), _checks, chosen.token_verify_keys.get_secret_value(),
        description=__doc__ or "", max_body=LARGEST_UPLOAD,
    )  # fmt: skip
    for room_routes in (
        campaigns,
        campaign_choices,
        records,
        imports,
        list_files,
        plans,
        follow_ups,
        live,
        calls,
        lines,
        desk,
        rulesets,
        compliance_report,
    ):
        app.include_router(room_routes.router)
    app.include_router(imports.presets_router)
    return app
