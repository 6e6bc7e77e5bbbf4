"""What became of contacts: sessions end with the router's decisions, and questions learn what their answers were worth."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from services.ivr.handlers.serving import LEFT
from services.ivr.settings import IvrSettings
from services.ivr.store import sessions, uses
from shared.clock import Clock
from shared.contracts.contact_events import ContactProfiled
from shared.contracts.envelope import Envelope
from shared.contracts.routing_decisions import ContactClosed, ContactQueued, QueueCause
from shared.contracts.wire import EPOCH
from shared.database_faults import errors_by_consequence
from shared.decisions import DecisionFeed, JournalClient, advance_watermark, read_watermarks
from shared.postgres import Pool, worker_transaction

STANDBY_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class FollowDecisions:
    """Reads all partitions from where the last transaction left off; one instance does, the others stand by."""

    workers: Pool
    journal: JournalClient
    settings: IvrSettings

    async def run(self) -> None:
        """Until cancelled. Any error ends the run without effect; the next one begins at the watermark."""
        async with self.workers.acquire() as leader:
            while not await leader.fetchval("SELECT pg_try_advisory_lock(hashtext('ivr:decisions'))"):
                await asyncio.sleep(STANDBY_SECONDS)
            async with worker_transaction(self.workers) as connection:
                applied = await read_watermarks(connection)
            partitions = range(self.settings.kafka_partitions)
            feed = DecisionFeed(self.settings.kafka_bootstrap_servers, self.journal, applied, partitions)
            async with aclosing(feed.batches()) as batches:
                async for partition, batch in batches:
                    await self.apply(partition, batch)

    async def apply(self, partition: int, batch: Sequence[Envelope[Any]]) -> None:
        """Effect and watermark in one transaction: each decision counts once."""
        ended: dict[tuple[str, str], tuple[str, datetime]] = {}
        closed: list[tuple[str, str, str, datetime, str | None]] = []
        for envelope in batch:
            match envelope.data:
                case ContactQueued() as queued:
                    outcome = "failed" if queued.cause is QueueCause.SELF_SERVICE_FAILED else LEFT
                    ended.setdefault((envelope.tenant, queued.contact_id), (outcome, _moment(queued.queued_at)))
                case ContactClosed() as end:
                    ended.setdefault((envelope.tenant, end.contact_id), (LEFT, _moment(end.at)))
                    closed.append((envelope.tenant, end.contact_id, end.end, _moment(end.at), end.customer_id))
                case _:
                    pass
        async with worker_transaction(self.workers) as connection:
            await advance_watermark(connection, partition, batch)
            if ended:
                await sessions.end_all(connection, [(*contact, *how) for contact, how in ended.items()])
            if closed:
                await uses.closed(connection, closed)


@dataclass(frozen=True, slots=True)
class CustomersComeBack:
    """A customer in contact again soon after a self-served contact: the answer was perhaps none."""

    workers: Pool
    clock: Clock
    days: int

    async def profiled(self, envelope: Envelope[ContactProfiled]) -> None:
        """Who a contact is."""
        customer_id = envelope.data.customer_id
        if customer_id is None:
            return
        now = _moment(self.clock.now())
        with errors_by_consequence():
            async with worker_transaction(self.workers) as connection:
                await uses.customer_heard_of(
                    connection, envelope.tenant, customer_id, envelope.data.contact_id, now, now - timedelta(days=self.days)
                )  # fmt: skip


def _moment(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)
