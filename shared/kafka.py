"""Kafka: a producer that acknowledges or says no, and a consume loop whose errors have four consequences.

| what a handler raises        | consequence                                                            |
|------------------------------|------------------------------------------------------------------------|
| nothing                      | the batch's offsets are committed                                        |
| `InvalidMessage` (poison)    | the message goes to `<topic>.dlq`, the rest flows on                     |
| `Backpressure`               | the partition is paused, the same batch is handed over again             |
| anything else (a bug)        | the loop crashes without committing; the process restarts and sees it again |
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiokafka
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import CommitFailedError, KafkaError
from aiokafka.structs import ConsumerRecord, TopicPartition

from shared import telemetry
from shared.contracts.envelope import Envelope
from shared.contracts.wire import InvalidMessage, decode, encode
from shared.errors import Backpressure, BrokerUnavailable

log = telemetry.logger("kafka")

PAUSE_SECONDS = 0.5
RETENTION_MS = 7 * 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Received:
    """One decoded message with where it came from."""

    envelope: Envelope[Any]
    record: ConsumerRecord[Any, Any]


class Producer:
    """aiokafka's idempotent producer, replaced when it has failed for good (fenced, out of order, lost broker).

    Every publish returns after acks=all or raises `BrokerUnavailable`; a retry is harmless because readers know event ids.
    """

    def __init__(self, bootstrap_servers: str, *, linger_ms: int = 0, ack_timeout: float = 5.0) -> None:
        self._bootstrap = bootstrap_servers
        self._linger_ms = linger_ms
        self._ack_timeout = ack_timeout
        self._producer: aiokafka.AIOKafkaProducer | None = None
        self._replacing = asyncio.Lock()

    async def start(self) -> None:
        await self._connected()

    async def stop(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(KafkaError, asyncio.TimeoutError):
                await asyncio.wait_for(producer.stop(), self._ack_timeout)

    async def _connected(self) -> aiokafka.AIOKafkaProducer:
        if self._producer is not None:
            return self._producer
        async with self._replacing:
            if self._producer is None:
                producer = aiokafka.AIOKafkaProducer(
                    bootstrap_servers=self._bootstrap,
                    acks="all",
                    enable_idempotence=True,
                    linger_ms=self._linger_ms,
                    request_timeout_ms=int(self._ack_timeout * 1000),
                    metadata_max_age_ms=30_000,
                )
                try:
                    await asyncio.wait_for(producer.start(), self._ack_timeout)
                except (KafkaError, TimeoutError, OSError) as error:
                    with contextlib.suppress(KafkaError, OSError):
                        await producer.stop()
                    raise BrokerUnavailable("no broker answers") from error
                self._producer = producer
            return self._producer

    async def replace(self) -> None:
        """Drop the present producer; the next publish makes a new one."""
        await self.stop()

    async def send_raw(
        self, topic: str, messages: Sequence[tuple[int | None, bytes | None, list[tuple[str, bytes]], bytes | None]]
    ) -> None:
        """Send (partition, key, headers, body) in order and wait for all acknowledgements. Raises BrokerUnavailable."""
        producer = await self._connected()
        futures: list[asyncio.Future[Any]] = []
        try:
            async with asyncio.timeout(self._ack_timeout):
                for partition, key, headers, body in messages:
                    futures.append(await producer.send(topic, body, key=key, partition=partition, headers=headers))
                await asyncio.gather(*futures)
        except (KafkaError, TimeoutError, OSError) as error:
            for future in futures:
                future.cancel()
            await self.replace()
            raise BrokerUnavailable(f"{topic}: not acknowledged ({type(error).__name__})") from error
        telemetry.count("ucc_messages_published_total", len(messages), topic=topic)

    async def publish(
        self, topic: str, *envelopes: Envelope[Any], partition: int | None = None, key: str | None = None
    ) -> None:
        """Send envelopes in order and wait for acks=all. Raises BrokerUnavailable."""
        await self.send_raw(topic, [(partition, (key or e.pool or e.subject).encode(), *encode(e)) for e in envelopes])

    async def dead_letter(self, record: ConsumerRecord[Any, Any], error: str, *, tenant: str | None = None) -> None:
        """Lay a message aside with what is wrong with it and where it came from."""
        keep = [(k, v) for k, v in record.headers if not k.startswith("dlq_")]
        headers = [
            *keep,
            ("dlq_error", error[:500].encode()),
            ("dlq_topic", record.topic.encode()),
            ("dlq_partition", str(record.partition).encode()),
            ("dlq_offset", str(record.offset).encode()),
        ]
        if tenant is not None:
            headers.append(("dlq_tenant", tenant.encode()))
        await self.send_raw(f"{record.topic}.dlq", [(None, record.key, headers, record.value)])
        telemetry.count("ucc_dead_letters_total", topic=record.topic)
        log.warning(
            "message dead-lettered",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            fault=error[:200],
        )


def make_consumer(
    bootstrap_servers: str, *topics: str, group: str | None = None, reset: str = "earliest", max_records: int = 500
) -> aiokafka.AIOKafkaConsumer:
    """A consumer with safe settings: never commits by itself. Without topics and group, `assign` it."""
    return aiokafka.AIOKafkaConsumer(
        *topics,
        bootstrap_servers=bootstrap_servers,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset=reset,
        session_timeout_ms=15_000,
        heartbeat_interval_ms=3_000,
        rebalance_timeout_ms=30_000,
        max_poll_records=max_records,
        fetch_max_wait_ms=100,
        metadata_max_age_ms=30_000,
        retry_backoff_ms=50,
    )


BatchHandler = Callable[[Sequence[Received]], Awaitable[None]]
Reader = Callable[[ConsumerRecord[Any, Any]], Awaitable[Envelope[Any]]]
"""How a record becomes a validated envelope. Raises InvalidMessage."""


def each(handle: Callable[[Envelope[Any]], Awaitable[None]]) -> Callable[[Received], Awaitable[None]]:
    """A handler of one envelope as a handler of one received message."""

    async def one(received: Received) -> None:
        await handle(received.envelope)

    return one


class ConsumeLoop:
    """decode → handle → commit for one consumer group, partitions side by side, messages of a partition in order.

    `handlers` maps a message type to its handler; types without one are passed over. `finish` is called once a batch
    before its offsets are committed (publish what the batch produced there).
    """

    def __init__(
        self,
        bootstrap_servers: str,
        topic: str,
        group: str,
        handlers: Mapping[str, Callable[[Received], Awaitable[None]]],
        producer: Producer,
        *,
        parallel: int = 1,
        read: Reader | None = None,
    ) -> None:
        """`read`: how records are opened, where it is not the wire format of `topic` (others' envelopes)."""
        self._topic = topic
        self._read = read or self._open
        self._handlers = handlers
        self._producer = producer
        self._parallel = parallel
        self._consumer = make_consumer(bootstrap_servers, topic, group=group)

    async def run(self) -> None:
        """Consume until cancelled. A raised exception means: restart me, nothing was lost."""
        await self._consumer.start()
        try:
            while True:
                fetched = await self._consumer.getmany(timeout_ms=200)
                await asyncio.gather(*(self._partition(tp, records) for tp, records in fetched.items()))
        finally:
            await self._consumer.stop()

    async def _open(self, record: ConsumerRecord[Any, Any]) -> Envelope[Any]:
        return decode(self._topic, record.headers, record.value)

    async def _partition(self, tp: TopicPartition, records: Sequence[ConsumerRecord[Any, Any]]) -> None:
        todo: list[Received] = []
        for record in records:
            try:
                todo.append(Received(await self._read(record), record))
            except InvalidMessage as error:
                await self._dead_letter(record, str(error))
        known = [received for received in todo if received.envelope.type in self._handlers]
        for start in range(0, len(known), self._parallel):
            await asyncio.gather(*(self._one(received) for received in known[start : start + self._parallel]))
        telemetry.count("ucc_messages_consumed_total", len(records), topic=self._topic)
        try:
            await self._consumer.commit({tp: records[-1].offset + 1})
        except CommitFailedError:
            log.warning(
                "commit after a rebalance; the batch will be seen again", topic=self._topic, partition=tp.partition
            )

    async def _one(self, received: Received) -> None:
        while True:
            try:
                return await self._handlers[received.envelope.type](received)
            except InvalidMessage as error:
                return await self._dead_letter(received.record, str(error))
            except (Backpressure, BrokerUnavailable) as error:
                log.warning(
                    "backpressure; the message is handed over again", topic=self._topic, cause=type(error).__name__
                )
                tp = TopicPartition(received.record.topic, received.record.partition)
                self._consumer.pause(tp)
                await asyncio.sleep(PAUSE_SECONDS)
                self._consumer.resume(tp)

    async def _dead_letter(self, record: ConsumerRecord[Any, Any], error: str) -> None:
        while True:
            try:
                return await self._producer.dead_letter(record, error)
            except BrokerUnavailable:
                await asyncio.sleep(PAUSE_SECONDS)


async def create_topics(bootstrap_servers: str, partitions: int, replication: int, topics: Sequence[str]) -> None:
    """Create what is missing, with 7 days of retention; per-topic refusals other than "exists" are raised.

    The in-memory broker of development has no admin interface: there topics appear on first use.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        about = await admin.describe_cluster()
        if about["controller_id"] not in [node["node_id"] for node in about["brokers"]]:
            return
        there = set(await admin.list_topics())
        missing = [topic for topic in topics if topic not in there]
        if not missing:
            return
        answer = await admin.create_topics(
            [
                NewTopic(topic, partitions, replication, topic_configs={"retention.ms": str(RETENTION_MS)})
                for topic in missing
            ]
        )
        for topic, code, *message in answer.topic_errors:
            if code not in (0, 36):  # 36: somebody else created it meanwhile
                raise KafkaError(f"topic {topic} was not created: error {code} {message}")
    finally:
        await admin.close()


async def cluster_id(bootstrap_servers: str) -> str:
    """The broker's cluster id: offsets stored under another id mean nothing."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        return str((await admin.describe_cluster())["cluster_id"])
    finally:
        await admin.close()


async def supervise(name: str, run: Callable[[], Awaitable[None]], *, restart_seconds: float = 1.0) -> None:
    """Keep a loop alive: log why it stopped, wait, start it again from what is committed."""
    while True:
        try:
            await run()
            return
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.error(
                "loop crashed without commit; it starts again", loop=name, fault=type(error).__name__, exc_info=True
            )
            await asyncio.sleep(restart_seconds)
