"""routing-decisions → the timeline. Effect and watermark are one transaction, so each decision counts once."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass

from services.profile.domain.history import Happened, history_of
from services.profile.domain.ratings import case_of
from services.profile.store.history import moment, write_history
from services.profile.store.ratings import open_case, write_ratings
from shared.decisions import DecisionFeed, JournalClient, advance_watermark, read_watermarks
from shared.postgres import Connection, Pool, worker_transaction


@dataclass(frozen=True, slots=True)
class FollowDecisions:
    """Reads all partitions from where the last transaction left off."""

    workers: Pool
    journal: JournalClient
    bootstrap_servers: str
    partitions: int
    low_rating_owner: str = ""
    low_rating_reply_hours: int = 24

    async def run(self) -> None:
        """Until cancelled. Any error ends the run without effect; the next one begins at the watermark."""
        async with self.workers.acquire() as connection:
            applied = await read_watermarks(connection)
        feed = DecisionFeed(self.bootstrap_servers, self.journal, applied, range(self.partitions))
        async with aclosing(feed.batches()) as batches:
            async for partition, batch in batches:
                async with worker_transaction(self.workers) as connection:
                    await advance_watermark(connection, partition, batch)
                    happened = history_of(batch)
                    await write_history(connection, happened)
                    await self._ratings(connection, happened)

    async def _ratings(self, connection: Connection, happened: Happened) -> None:
        """A low one opens a case, once, however often it is heard."""
        await write_ratings(connection, happened.rated)
        for (tenant, _), rated in happened.rated.items():
            if rated.low:
                at = moment(rated.at)
                case = case_of(tenant, rated, at, self.low_rating_owner, self.low_rating_reply_hours)
                await open_case(connection, case)
