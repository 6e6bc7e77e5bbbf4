"""The relay of a service's outbox: what was committed is published, in order, at least once, then deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import groupby

import asyncpg

from shared import telemetry
from shared.errors import BrokerUnavailable
from shared.kafka import Producer
from shared.postgres import Connection, Pool

IDLE_SECONDS = 1.0


class OutboxRelay:
    """Publishes the rows in order of their ids; of several instances of a service one at a time does, by an advisory lock.

    Publishing comes before deleting: dying in between publishes again, and readers know event ids. No transaction is
    open while the broker is waited for, so neither locks nor timeouts of PostgreSQL depend on Kafka.
    """

    def __init__(self, pool: Pool, producer: Producer, service: str) -> None:
        self._pool = pool
        self._producer = producer
        self._service = service
        self._hint = asyncio.Event()

    async def run(self) -> None:
        """Publish until cancelled. Raises when the database is lost: run it again."""
        async with self._pool.acquire() as listener:
            channel = f"ucc_outbox_{await listener.fetchval('SELECT current_schema()')}"
            await listener.add_listener(channel, self._wake)
            try:
                while True:
                    if listener.is_closed():
                        raise ConnectionResetError("the connection that listens was lost")
                    self._hint.clear()
                    if await self.publish_pending() == 0:
                        try:
                            async with asyncio.timeout(IDLE_SECONDS):
                                await self._hint.wait()
                        except TimeoutError:
                            continue
            finally:
                if not listener.is_closed():
                    await listener.remove_listener(channel, self._wake)

    def _wake(self, _connection: Connection, _pid: int, _channel: str, _payload: object) -> None:
        self._hint.set()

    async def publish_pending(self, limit: int = 200) -> int:
        """Publish up to `limit` rows. Returns how many; 0 also when the broker is away (they stay)."""
        async with self._pool.acquire() as connection:
            # A session's lock: the pool's reset gives it back, and so does a connection that dies.
            if not await connection.fetchval("SELECT pg_try_advisory_lock(hashtext($1))", f"outbox:{self._service}"):
                return 0
            rows = await connection.fetch(
                "SELECT id, topic, partition, key, headers, body FROM outbox ORDER BY id LIMIT $1", limit
            )
            try:
                for topic, of_topic in groupby(rows, key=lambda row: row["topic"]):
                    await self._publish(connection, topic, list(of_topic))
            except BrokerUnavailable as error:
                telemetry.logger(self._service).warning("outbox waits", cause=str(error))
                return 0
        return len(rows)

    async def _publish(self, connection: Connection, topic: str, rows: Sequence[asyncpg.Record]) -> None:
        await self._producer.send_raw(
            topic,
            [
                (
                    row["partition"],
                    row["key"].encode(),
                    [(name, value.encode()) for name, value in row["headers"].items()],
                    row["body"],
                )
                for row in rows
            ],
        )
        await connection.execute("DELETE FROM outbox WHERE id = ANY($1)", [row["id"] for row in rows])
