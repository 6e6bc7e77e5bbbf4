"""The console put together."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI
from starlette.routing import Route

from services.console.api import (
    agent,
    callbacks,
    colleagues,
    company,
    conversation,
    floor,
    live,
    neighbours,
    requests,
    roster,
    session,
)
from services.console.commands import Commands
from services.console.guard import BrowserGuard
from services.console.hints import ConversationRelay, ProfileRelay
from services.console.leases import Leases
from services.console.neighbours import Neighbours
from services.console.pages import add_pages
from services.console.parts import Parts
from services.console.policies import Policies
from services.console.projection import Projection
from services.console.sessions import SignIns
from services.console.settings import ConsoleSettings
from services.console.store.checkpoints import Checkpoints
from shared.clock import make_clock
from shared.decisions import JournalClient
from shared.directory import Directory
from shared.http import Check, create_service
from shared.kafka import Producer, supervised
from shared.outbox import OutboxRelay
from shared.postgres import open_pool

MAX_BODY = 30_000_000
"""Imports pass through here; the neighbours have their own, smaller limits."""


def create_app(settings: ConsoleSettings | None = None) -> FastAPI:
    """The console's application; without settings they come from the environment."""
    settings = settings or ConsoleSettings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        """Database first, then the producer, then everything that publishes or pushes.

        Stopping goes the other way: streams are let go (pages reconnect elsewhere), loops end, the picture is written
        down, what lies in the outbox stays for the next start, producer and database close last.
        """
        async with AsyncExitStack() as stack:
            worker_pool = await open_pool(settings.database_url, "console", "worker")
            stack.push_async_callback(worker_pool.close)
            api_pool = await open_pool(settings.database_url, "console", "api", maximum=16, resets=False)
            stack.push_async_callback(api_pool.close)
            producer = Producer(settings.kafka_bootstrap_servers)
            stack.push_async_callback(producer.stop)

            clock = make_clock(settings.clock_rate, settings.clock_started, settings.clock_origin)
            directory = Directory(worker_pool)
            projection: Projection
            policies = Policies(settings, directory, lambda tenant, facts: projection.use_policy(tenant, facts))
            stack.push_async_callback(policies.close)
            projection = Projection(settings, clock, directory, Checkpoints(worker_pool), policies.changed)
            leases = Leases(settings, clock, directory, worker_pool)
            ways = Neighbours(settings)
            stack.push_async_callback(ways.close)
            journal = JournalClient(settings.router_url, settings.service_token.get_secret_value())
            stack.push_async_callback(journal.close)
            profile_relay = ProfileRelay(settings, projection)
            stack.push_async_callback(profile_relay.close)
            commands = Commands(settings, clock, directory, producer, projection)
            app.state.parts = Parts(
                settings, clock, directory, api_pool, SignIns(settings, api_pool), projection, commands, leases, policies, ways
            )  # fmt: skip
            stack.push_async_callback(projection.save)
            loops = {
                "projection": lambda: projection.run(settings.kafka_bootstrap_servers, journal),
                "ticks": projection.tick,
                "checkpoints": projection.checkpoint,
                "leases": leases.run,
                "policies": policies.run,
                "conversation": ConversationRelay(settings, projection).run,
                "profile changes": profile_relay.run,
                "outbox": OutboxRelay(worker_pool, producer, "console").run,
            }
            await stack.enter_async_context(supervised({f"console {name}": run for name, run in loops.items()}))
            stack.callback(projection.stop_streams)
            yield

    def checks(app: FastAPI) -> Mapping[str, Check]:
        async def database() -> str | None:
            await app.state.parts.api_pool.fetchval("SELECT 1")
            return None

        async def picture() -> str | None:
            projection: Projection = app.state.parts.projection
            return projection.broken or (None if projection.ready.is_set() else "not caught up with the router")

        return {"database": database, "live_picture": picture}

    app = create_service(
        "console", lifespan, checks, settings.token_verify_keys.get_secret_value(),
        description="Pages of staff and what they talk to: sign-in, roster, commands, live picture.", max_body=MAX_BODY,
    )  # fmt: skip
    app.add_middleware(BrowserGuard, settings=settings)
    for part in (session, agent, callbacks, colleagues, company, conversation, floor, requests, roster, live):
        app.include_router(part.router)
    app.router.routes.append(Route("/api/stream", live.EventStream(), methods=["GET"]))
    app.include_router(neighbours.router)
    add_pages(app, settings)
    return app
