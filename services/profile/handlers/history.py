"""routing-decisions → the timeline. Effect and watermark are one transaction, so each decision counts once."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass

from services.profile.domain.history import history_of
from services.profile.store.history import write_history
from shared.decisions import DecisionFeed, JournalClient, advance_watermark, read_watermarks
from shared.postgres import Pool, worker_transaction


@dataclass(frozen=True, slots=True)
class FollowDecisions:
    """Reads all partitions from where the last transaction left off."""

    workers: Pool
    journal: JournalClient
    bootstrap_servers: str
    partitions: int

    async def run(self) -> None:
        """Until cancelled. Any error ends the run without effect; the next one begins at the watermark."""
        async with self.workers.acquire() as connection:
            applied = await read_watermarks(connection)
        feed = DecisionFeed(self.bootstrap_servers, self.journal, applied, range(self.partitions))
        async with aclosing(feed.batches()) as batches:
            async for partition, batch in batches:
                async with worker_transaction(self.workers) as connection:
                    await advance_watermark(connection, partition, batch)
                    await write_history(connection, history_of(batch))
