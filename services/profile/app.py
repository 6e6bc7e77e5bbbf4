"""profile: customers across channels, their history, cases and promises, the screen-pop, imports."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Literal

from fastapi import FastAPI

from services.profile import consumers
from services.profile.api import cases, changes, consents, contacts, customers, imports, reachable, self_service
from services.profile.api.access import Room
from services.profile.handlers.call_placed import PrepareCard
from services.profile.handlers.changes import Changes
from services.profile.handlers.consents import KeepConsent
from services.profile.handlers.contact_arrived import ProfileContact
from services.profile.handlers.history import FollowDecisions
from services.profile.handlers.import_runner import ImportRunner
from services.profile.handlers.records import KeepRecord
from services.profile.settings import ProfileSettings
from services.profile.store.statements import errors_by_consequence
from shared.clock import make_clock
from shared.decisions import JournalClient
from shared.directory import Directory
from shared.errors import Backpressure, BrokerUnavailable
from shared.http import Check, create_service
from shared.kafka import Producer, supervised
from shared.outbox import OutboxRelay
from shared.postgres import Pool, open_pool


@asynccontextmanager
async def _pool(
    settings: ProfileSettings, role: Literal["api", "worker"], *, resets: bool = True
) -> AsyncGenerator[Pool]:
    size = settings.pool_size
    pool = await open_pool(settings.database_url, "profile", role, minimum=size // 2, maximum=size, resets=resets)
    try:
        yield pool
    finally:
        await pool.close()


@asynccontextmanager
async def _running(app: FastAPI, settings: ProfileSettings) -> AsyncGenerator[None]:
    """Pools, then the producer, then the loops that use both; loops stop first, so that nothing they need is gone."""
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(_pool(settings, "api", resets=False))
        workers = await stack.enter_async_context(_pool(settings, "worker"))
        # a pool of their own: arrivals never queue behind imports
        answers = await stack.enter_async_context(_pool(settings, "worker", resets=False))
        directory = Directory(workers)
        await directory.refresh()
        producer = Producer(settings.kafka_bootstrap_servers)
        app.state.producer = producer
        stack.push_async_callback(producer.stop)
        with suppress(BrokerUnavailable):  # connected before the first caller, where the broker is there already
            await producer.start()
        clock = make_clock(settings.clock_rate, settings.clock_started, settings.clock_origin)
        room = Room(api, workers, directory, clock, settings)
        app.state.room = room
        profile_contact = ProfileContact(answers, directory, producer, clock, settings)
        prepare_card = PrepareCard(workers, directory, clock, settings)
        keep_record = KeepRecord(workers, directory)
        keep_consent = KeepConsent(workers, directory, clock)
        runner = ImportRunner(workers, directory, settings)
        journal = JournalClient(settings.router_url, settings.service_token.get_secret_value())
        stack.push_async_callback(journal.close)
        history = FollowDecisions(
            workers, journal, settings.kafka_bootstrap_servers, settings.kafka_partitions, settings.low_rating_owner,
            settings.low_rating_reply_hours,
        )  # fmt: skip
        changes_heard = Changes(workers)
        app.state.changes = changes_heard
        relay = OutboxRelay(workers, producer, "profile")
        loops: dict[str, Callable[[], Awaitable[None]]] = {
            "profile-arrivals": lambda: consumers.arrivals(settings, producer, profile_contact).run(),
            "profile-calls": lambda: consumers.dial_requests(settings, producer, prepare_card).run(),
            "profile-records": lambda: consumers.records(settings, producer, keep_record).run(),
            "profile-consents": lambda: consumers.consents(settings, producer, keep_consent).run(),
            "profile-imports": runner.run,
            "profile-history": history.run,
            "profile-changes": changes_heard.run,
            "profile-outbox": relay.run,
        }
        await stack.enter_async_context(supervised(loops))
        yield


def _checks(app: FastAPI) -> Mapping[str, Check]:
    room: Room = app.state.room

    async def database() -> str | None:
        try:
            with errors_by_consequence():
                await room.api.fetchval("SELECT 1")
        except Backpressure as error:
            return str(error)
        return None

    async def broker() -> str | None:
        try:
            await app.state.producer.start()  # at once when it is connected
        except BrokerUnavailable as error:
            return str(error)
        return None

    return {"database": database, "broker": broker}


def create_app(settings: ProfileSettings | None = None) -> FastAPI:
    """The service. `settings` default to the environment (`UCC_*`)."""
    chosen = settings or ProfileSettings()
    app = create_service(
        "profile", lambda app: _running(app, chosen), _checks, chosen.token_verify_keys.get_secret_value(),
        description=__doc__ or "", max_body=20_000_000,
    )  # fmt: skip
    for room_routes in (
        contacts.router,
        customers.router,
        cases.router,
        imports.router,
        changes.router,
        self_service.router,
        consents.router,
        reachable.router,
    ):
        app.include_router(room_routes)
    return app
