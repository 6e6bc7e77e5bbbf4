"""Reading `contact-events` by stored offset: `assign` and `seek`, no consumer group, no automatic reset.

An offset means something only together with the broker's cluster id. Under the same id an offset that the log does not
hold is a hole: somebody's events are gone, so the partition stops and says so instead of skipping.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from aiokafka.errors import KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError
from aiokafka.structs import TopicPartition

from services.router.intake import Record
from shared.contracts.wire import CONTACT_EVENTS
from shared.errors import BrokerUnavailable, UccError
from shared.kafka import cluster_id, make_consumer
from shared.kafka_client import Consumer

ANSWER_SECONDS = 3.0
"""How long the broker may take to say where a log begins or ends."""


class OffsetHole(UccError):
    """The stored offset is not in the log: events were lost (retention, or a broker restored from a backup)."""


class Source(Protocol):
    """One partition of the event log."""

    def position(self) -> int:
        """Offset of the next record `fetch` will return."""
        ...

    async def fetch(self, wait_seconds: float, limit: int) -> Sequence[Record]:
        """The next records in order, at most `limit`; empty when none came within `wait_seconds`."""
        ...

    async def end(self) -> int:
        """The offset behind the last record that was in the log when this was asked."""
        ...

    async def close(self) -> None: ...


class EventLog(Protocol):
    """`contact-events` on one broker."""

    async def cluster_id(self) -> str:
        """Whose offsets these are. Raises BrokerUnavailable."""
        ...

    async def open(self, partition: int, offset: int | None) -> Source:
        """A partition's log at an offset (None: at its beginning). Raises OffsetHole, BrokerUnavailable."""
        ...


class KafkaSource:
    """A partition of `contact-events` on Kafka."""

    def __init__(self, consumer: Consumer, tp: TopicPartition, log: KafkaLog, position: int) -> None:
        self._consumer = consumer
        self._tp = tp
        self._log = log
        self._position = position

    def position(self) -> int:
        return self._position

    async def fetch(self, wait_seconds: float, limit: int) -> Sequence[Record]:
        try:
            fetched = await self._consumer.getmany(self._tp, timeout_ms=int(wait_seconds * 1000), max_records=limit)
        except (OffsetOutOfRangeError, NoOffsetForPartitionError) as error:
            raise OffsetHole(f"offset {self._position} is not in the log any more") from error
        records: Sequence[Record] = fetched.get(self._tp, [])
        if records:
            self._position = records[-1].offset + 1
        return records

    async def end(self) -> int:
        return (await self._log.bounds(self._tp))[1]

    async def close(self) -> None:
        await self._consumer.stop()


class KafkaLog:
    """`contact-events` on Kafka. Where a log ends is asked on a connection of its own: on a consumer's the question would
    wait behind the long poll."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._bootstrap = bootstrap_servers
        self._probe: Consumer | None = None
        self._starting = asyncio.Lock()

    async def cluster_id(self) -> str:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await cluster_id(self._bootstrap)
        except (KafkaError, TimeoutError, OSError) as error:
            raise BrokerUnavailable("no broker answers") from error

    async def open(self, partition: int, offset: int | None) -> Source:
        tp = TopicPartition(CONTACT_EVENTS, partition)
        first, end = await self.bounds(tp)
        at = first if offset is None else offset
        if not first <= at <= end:
            raise OffsetHole(f"stored offset {at} is outside the log, which holds {first} to {end}")
        consumer = await self._started()
        consumer.assign([tp])
        consumer.seek(tp, at)
        return KafkaSource(consumer, tp, self, at)

    async def bounds(self, tp: TopicPartition) -> tuple[int, int]:
        """(first offset, offset behind the last) of a log now. Raises BrokerUnavailable."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                async with self._starting:
                    if self._probe is None or not self._probe.alive:
                        self._probe = await self._started()
                first, end = await asyncio.gather(self._probe.beginning_offsets([tp]), self._probe.end_offsets([tp]))
        except (KafkaError, TimeoutError, OSError) as error:
            raise BrokerUnavailable("the broker does not say where the log ends") from error
        return first[tp], end[tp]

    async def _started(self) -> Consumer:
        consumer = make_consumer(self._bootstrap, reset="none")
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await consumer.start()
        except (KafkaError, TimeoutError, OSError) as error:
            await consumer.stop()
            raise BrokerUnavailable("no broker answers") from error
        return consumer

    async def close(self) -> None:
        if self._probe is not None:
            await self._probe.stop()
