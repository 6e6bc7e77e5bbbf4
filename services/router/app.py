"""The wiring of the router."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from functools import partial

from aiokafka.structs import TopicPartition
from fastapi import FastAPI

from services.router.api import policy as policy_api
from services.router.api import reports as report_api
from services.router.api import routing as api
from services.router.api import what_if as what_if_api
from services.router.intake import Intake
from services.router.journal import Store
from services.router.kafka_source import KafkaLog
from services.router.leases import Ownership
from services.router.live import LiveFacts
from services.router.owner import SERVING, PartitionOwner
from services.router.policy.document import PolicyRefused
from services.router.policy.plans import PlanPublisher
from services.router.policy.store import PolicyStore
from services.router.settings import RouterSettings
from services.router.what_if.jobs import WhatIfJobs
from shared.clock import make_clock
from shared.contracts.wire import CONTACT_EVENTS, TOPICS
from shared.directory import Directory
from shared.errors import BrokerUnavailable
from shared.http import Check, create_service
from shared.kafka import Producer, create_topics, supervise
from shared.outbox import OutboxRelay
from shared.postgres import open_pool

SPARE_CONNECTIONS = 6
"""Of the worker pool, besides one for each partition: claims, folds, the outbox and its listener."""


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    """Start what others stand on first; stop intake, drain, publish and release before anything they need is closed."""
    settings: RouterSettings = app.state.settings
    async with contextlib.AsyncExitStack() as stack:
        workers = await open_pool(
            settings.database_url, "router", "worker", maximum=settings.kafka_partitions + SPARE_CONNECTIONS
        )
        stack.push_async_callback(workers.close)
        api_pool = await open_pool(settings.database_url, "router", "api", resets=False)
        stack.push_async_callback(api_pool.close)
        producer = Producer(settings.kafka_bootstrap_servers)
        stack.push_async_callback(producer.stop)
        events = KafkaLog(settings.kafka_bootstrap_servers)
        stack.push_async_callback(events.close)

        clock = make_clock(settings.clock_rate, settings.clock_started, settings.clock_origin)
        store, directory, policies = Store(workers), Directory(workers), PolicyStore(workers)
        instance_id = f"router-{uuid.uuid4().hex[:12]}"

        def new_intake(partition: int) -> Intake:
            return Intake(partition, directory, policies, producer)

        def new_owner(partition: int) -> PartitionOwner:
            return PartitionOwner(partition, instance_id, store, events, producer, new_intake, clock, settings)

        ownership = Ownership(store, instance_id, settings, new_owner)
        relay = OutboxRelay(workers, producer, "router")
        app.state.store, app.state.api_pool, app.state.directory = store, api_pool, directory
        app.state.clock, app.state.live, app.state.ownership, app.state.events = (
            clock,
            LiveFacts(store),
            ownership,
            events,
        )

        async def own_partitions() -> None:
            await create_topics(
                settings.kafka_bootstrap_servers, settings.kafka_partitions, settings.kafka_replication, TOPICS
            )
            await ownership.run()

        app.state.what_if_jobs = what_if = WhatIfJobs(workers, settings.database_url)
        loops = [
            asyncio.create_task(supervise("outbox", relay.run)),
            asyncio.create_task(supervise("partitions", own_partitions)),
            asyncio.create_task(supervise("what-if", what_if.run)),
            asyncio.create_task(supervise("policy plans", PlanPublisher(workers, directory, clock).run)),
        ]
        try:
            yield
        finally:
            for loop in reversed(loops):
                loop.cancel()
                await asyncio.gather(loop, return_exceptions=True)


def checks(app: FastAPI) -> Mapping[str, Check]:
    """Database, broker, and the state of every partition owned here."""

    async def database() -> str | None:
        await app.state.store.pool.fetchval("SELECT 1")
        return None

    async def broker() -> str | None:
        try:
            await app.state.events.bounds(TopicPartition(CONTACT_EVENTS, 0))
        except BrokerUnavailable as error:
            return str(error)
        return None

    async def partition(owner: PartitionOwner) -> str | None:
        return None if owner.status == SERVING else owner.status

    owners: Mapping[int, PartitionOwner] = app.state.ownership.owners
    return {
        "database": database,
        "broker": broker,
        **{f"partition-{number}": partial(partition, owner) for number, owner in sorted(owners.items())},
    }


def create_app(settings: RouterSettings | None = None) -> FastAPI:
    """The router service; settings from the environment by default."""
    settings = settings or RouterSettings()
    app = create_service(
        "router", lifespan, checks, settings.token_verify_keys.get_secret_value(),
        description="Who serves which contact, when, and why: decided by a deterministic core on a journal.",
        max_body=what_if_api.LARGEST + 1_000_000,
    )  # fmt: skip
    app.state.settings = settings
    app.include_router(api.router)
    app.include_router(policy_api.router)
    app.add_exception_handler(PolicyRefused, policy_api.document_refused)
    app.include_router(report_api.router)
    app.include_router(what_if_api.router)
    return app
