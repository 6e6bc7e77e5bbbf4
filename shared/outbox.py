"""The relay of a service's outbox: what was committed is published, in order, at least once, then deleted."""

from __future__ import annotations

import asyncio

import asyncpg

from shared import telemetry
from shared.errors import BrokerUnavailable
from shared.kafka import Producer
from shared.postgres import Connection, Pool

IDLE_SECONDS = 1.0


class OutboxRelay:
    """One per service instance; rows are claimed with SKIP LOCKED on a single lock row order, so order per key holds.

    Publishing comes before deleting: dying in between publishes again, and readers know event ids.
    """

    def __init__(self, pool: Pool, producer: Producer, service: str) -> None:
        self._pool = pool
        self._producer = producer
        self._service = service
        self._hint = asyncio.Event()

    async def run(self) -> None:
        """Publish until cancelled."""
        async with self._pool.acquire() as listener:
            await listener.add_listener("ucc_outbox", self._wake)
            try:
                while True:
                    self._hint.clear()
                    if await self.publish_pending() == 0:
                        try:
                            await asyncio.wait_for(self._hint.wait(), IDLE_SECONDS)
                        except TimeoutError:
                            continue
            finally:
                await listener.remove_listener("ucc_outbox", self._wake)

    def _wake(self, _connection: Connection, _pid: int, _channel: str, _payload: object) -> None:
        self._hint.set()

    async def publish_pending(self, limit: int = 200) -> int:
        """Publish up to `limit` rows. Returns how many; 0 also when the broker is away (they stay)."""
        async with self._pool.acquire() as connection, connection.transaction():
            try:
                if not await connection.fetchval(
                    "SELECT pg_try_advisory_xact_lock(hashtext($1))", f"outbox:{self._service}"
                ):
                    return 0
                rows = await connection.fetch(
                    "SELECT id, topic, partition, key, headers, body FROM outbox ORDER BY id LIMIT $1", limit
                )
                for row in rows:
                    await self._producer.send_raw(
                        row["topic"],
                        [
                            (
                                row["partition"],
                                row["key"].encode(),
                                [(k, v.encode()) for k, v in row["headers"].items()],
                                row["body"],
                            )
                        ],
                    )
                await connection.execute("DELETE FROM outbox WHERE id = ANY($1)", [row["id"] for row in rows])
            except (BrokerUnavailable, asyncpg.PostgresConnectionError) as error:
                telemetry.logger(self._service).warning("outbox waits", cause=type(error).__name__)
                await asyncio.sleep(IDLE_SECONDS)
                return 0
        return len(rows)
