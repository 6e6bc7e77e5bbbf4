"""Kafka: a producer that acknowledges or says no, and a consume loop whose errors have four consequences.

| what a handler raises        | consequence                                                            |
|------------------------------|------------------------------------------------------------------------|
| nothing                      | the batch's offsets are committed                                        |
| `InvalidMessage` (poison)    | the message goes to `<topic>.dlq`, the rest flows on                     |
| `Backpressure`               | the partition rests, then is handed over again from there; others go on  |
| anything else (a bug)        | the loop crashes without committing; it starts again and sees the batch again |
"""

# aiokafka carries no types of its own:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile
from typing import Any

import aiokafka
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError, MessageSizeTooLargeError, ProducerClosed
from aiokafka.structs import ConsumerRecord, TopicPartition

from shared import telemetry
from shared.contracts.envelope import Envelope
from shared.contracts.wire import InvalidMessage, decode, encode
from shared.errors import Backpressure, BrokerUnavailable
from shared.kafka_client import Consumer

log = telemetry.logger("kafka")

PAUSE_SECONDS = 0.5
BATCH_BYTES = 128 * 1024
"""What a request carries at most for one partition, of which one is under way at a time."""
LARGEST_MESSAGE = 1_000_000
"""Bytes of a body; Kafka's own limit for a message, with room for key and headers."""
RETENTION_MS = 7 * 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Received:
    """One decoded message with where it came from."""

    envelope: Envelope[Any]
    record: ConsumerRecord[Any, Any]


Message = tuple[int | None, bytes | None, list[tuple[str, bytes]], bytes | None]
"""Partition (None: by key), key, headers, body."""


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
        """Flush and close; what the broker does not take within the acknowledgement time is given up."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        try:
            async with asyncio.timeout(self._ack_timeout):
                await producer.stop()
        except (KafkaError, TimeoutError, OSError):
            await _cut_off(producer)

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
                    max_batch_size=BATCH_BYTES,
                    request_timeout_ms=int(self._ack_timeout * 1000),
                    metadata_max_age_ms=30_000,
                )
                try:
                    async with asyncio.timeout(self._ack_timeout):
                        await producer.start()
                except (KafkaError, TimeoutError, OSError) as error:
                    with contextlib.suppress(KafkaError, OSError):
                        await producer.stop()
                    raise BrokerUnavailable("no broker answers") from error
                self._producer = producer
            return self._producer

    async def replace(self, failed: aiokafka.AIOKafkaProducer | None = None) -> None:
        """Drop the present producer (or `failed`, if it still is the present one); the next publish makes a new one."""
        producer = self._producer
        if producer is not None and failed in (None, producer):
            self._producer = None
            await _cut_off(producer)

    async def send_raw(self, topic: str, messages: Sequence[Message]) -> None:
        """Send in order and wait for all acknowledgements.

        Raises BrokerUnavailable (its `acknowledged` first messages are there, the others are to be sent again) and
        InvalidMessage for what no broker would take.
        """
        producer = await self._connected()
        futures: list[asyncio.Future[Any]] = []
        sizes: list[int] = []  # messages each future stands for
        try:
            async with asyncio.timeout(self._ack_timeout):
                async for future, size in _sent(producer, topic, messages):
                    futures.append(future)
                    sizes.append(size)
                await asyncio.gather(*futures)
        except MessageSizeTooLargeError as error:
            raise InvalidMessage("body: larger than the broker takes") from error
        except (KafkaError, TimeoutError, OSError) as error:
            acknowledged = sum(
                size for _, size in takewhile(lambda sent: _succeeded(sent[0]), zip(futures, sizes, strict=False))
            )
            await self.replace(producer)
            raise BrokerUnavailable(f"{topic}: not acknowledged ({type(error).__name__})", acknowledged) from error
        finally:
            for future in futures:
                future.cancel()  # nobody waits any more for those still open
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
        try:
            await self.send_raw(f"{record.topic}.dlq", [(None, record.key, headers, record.value)])
        except InvalidMessage:  # with the headers above it is over the limit: the source offset still names it
            await self.send_raw(f"{record.topic}.dlq", [(None, record.key, headers[len(keep) :], None)])
        telemetry.count("ucc_dead_letters_total", topic=record.topic)
        log.warning(
            "message dead-lettered",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            fault=error[:200],
        )


async def _sent(
    producer: aiokafka.AIOKafkaProducer, topic: str, messages: Sequence[Message]
) -> AsyncGenerator[tuple[asyncio.Future[Any], int]]:
    """Hand messages to the producer: (future of the acknowledgement, how many messages it stands for), in order.

    Neighbours bound for the same partition are packed here, which costs a third of handing them over one by one. Single
    ones are not: those sent at the same time by others join them in a batch.
    """
    for partition, together in groupby(messages, key=lambda message: message[0]):
        waiting = list(together)
        if partition is None or len(waiting) == 1:
            for _, key, headers, body in waiting:
                yield await producer.send(topic, body, key=key, partition=partition, headers=headers), 1
            continue
        batch, size = producer.create_batch(), 0
        for _, key, headers, body in waiting:
            if len(body or b"") > LARGEST_MESSAGE:
                raise MessageSizeTooLargeError
            while batch.append(timestamp=None, key=key, value=body, headers=headers) is None:
                yield await producer.send_batch(batch, topic, partition=partition), size
                batch, size = producer.create_batch(), 0
            size += 1
        yield await producer.send_batch(batch, topic, partition=partition), size


def _succeeded(sent: asyncio.Future[Any]) -> bool:
    return sent.done() and not sent.cancelled() and sent.exception() is None


async def _cut_off(producer: aiokafka.AIOKafkaProducer) -> None:
    """End a producer that cannot flush. Its own `stop` waits for the broker and, cancelled, leaves its sender trying for ever."""
    producer._closed = True  # pyright: ignore[reportPrivateUsage]
    producer._message_accumulator.fail_all(ProducerClosed())  # pyright: ignore[reportPrivateUsage]
    # KeyError: a batch in flight comes back to an accumulator that has given it up
    with contextlib.suppress(KeyError, KafkaError):
        await producer._sender.close()  # pyright: ignore[reportPrivateUsage]
    await producer.client.close()


def make_consumer(
    bootstrap_servers: str, *topics: str, group: str | None = None, reset: str = "earliest", max_records: int = 500
) -> Consumer:
    """A consumer with safe settings: never commits by itself. Without topics and group, `assign` it.

    A request nobody answers is given up after 10 s; in a group only after a rebalance had its time.

    `UCC_KAFKA_FETCH_WAIT_MS` is the time a broker may keep an empty fetch open. Kafka answers it as soon as something
    arrives; the in-memory broker only when it has passed, so an embedded run sets it lower and pays with polling.
    """
    return Consumer(
        *topics,
        bootstrap_servers=bootstrap_servers,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset=reset,
        session_timeout_ms=15_000,
        heartbeat_interval_ms=3_000,
        rebalance_timeout_ms=30_000,
        request_timeout_ms=40_000 if group else 10_000,
        max_poll_records=max_records,
        fetch_max_wait_ms=int(os.environ.get("UCC_KAFKA_FETCH_WAIT_MS", "100")),
        metadata_max_age_ms=30_000,
        retry_backoff_ms=50,
    )


Reader = Callable[[ConsumerRecord[Any, Any]], Awaitable[Envelope[Any]]]
"""How a record becomes a validated envelope. Raises InvalidMessage."""


def each(handle: Callable[[Envelope[Any]], Awaitable[None]]) -> Callable[[Received], Awaitable[None]]:
    """A handler of one envelope as a handler of one received message."""

    async def one(received: Received) -> None:
        await handle(received.envelope)

    return one


class ConsumeLoop:
    """decode → handle → commit for one consumer group, partitions side by side, messages of a partition in order.

    `handlers` maps a message type to its handler; types without one are passed over. `parallel` > 1 lets that many
    messages of a partition be handled at once, where their order does not matter. Every message is seen at least once.
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
        self._new_consumer = lambda: make_consumer(bootstrap_servers, group=group)
        self._consumer: Consumer
        self._resting: dict[TopicPartition, float] = {}
        self._batch = asyncio.Lock()

    async def run(self) -> None:
        """Consume until cancelled. A raised exception means: run me again, nothing was lost."""
        self._consumer = self._new_consumer()
        self._resting.clear()
        self._consumer.subscribe([self._topic], listener=_Drain(self._batch))
        try:
            await self._consumer.start()
            while True:
                fetched = await self._consumer.getmany(timeout_ms=200)
                async with self._batch:
                    await _all_or_first_error(self._partition(tp, records) for tp, records in fetched.items())
                    self._wake_rested()
        finally:
            await self._consumer.stop()

    async def _open(self, record: ConsumerRecord[Any, Any]) -> Envelope[Any]:
        return decode(self._topic, record.headers, record.value)

    async def _partition(self, tp: TopicPartition, records: Sequence[ConsumerRecord[Any, Any]]) -> None:
        settled = records[0].offset  # the first offset that must be seen again
        try:
            known = [received for record in records if (received := await self._received(record)) is not None]
            for start in range(0, len(known), self._parallel):
                settled = known[start].record.offset
                await _all_or_first_error(map(self._handle, known[start : start + self._parallel]))
            settled = records[-1].offset + 1
        except (Backpressure, BrokerUnavailable) as error:
            log.warning(
                "backpressure: the partition rests", topic=self._topic, partition=tp.partition, cause=str(error)
            )
            self._rest(tp, settled)
        telemetry.count("ucc_messages_consumed_total", len(records), topic=self._topic)
        if settled == records[0].offset:
            return
        try:
            await self._consumer.commit({tp: settled})
        except (CommitFailedError, IllegalStateError):
            log.warning("commit after a rebalance; the batch is seen again", topic=self._topic, partition=tp.partition)

    async def _received(self, record: ConsumerRecord[Any, Any]) -> Received | None:
        """The opened record if somebody handles it; poison is laid aside."""
        try:
            received = Received(await self._read(record), record)
        except InvalidMessage as error:
            await self._producer.dead_letter(record, str(error))
            return None
        return received if received.envelope.type in self._handlers else None

    async def _handle(self, received: Received) -> None:
        try:
            await self._handlers[received.envelope.type](received)
        except InvalidMessage as error:
            await self._producer.dead_letter(received.record, str(error), tenant=received.envelope.tenant)

    def _rest(self, tp: TopicPartition, offset: int) -> None:
        if tp in self._consumer.assignment():
            self._consumer.seek(tp, offset)
            self._consumer.pause(tp)
            self._resting[tp] = asyncio.get_running_loop().time() + PAUSE_SECONDS

    def _wake_rested(self) -> None:
        now = asyncio.get_running_loop().time()
        for tp in [tp for tp, until in self._resting.items() if until <= now]:
            del self._resting[tp]
            if tp in self._consumer.assignment():
                self._consumer.resume(tp)


class _Drain(ConsumerRebalanceListener):
    """Lets the batch in hand finish and commit before its partitions go to another member of the group."""

    def __init__(self, batch: asyncio.Lock) -> None:
        self._batch = batch

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        async with self._batch:
            pass

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Nothing to load: offsets are the group's."""


async def _all_or_first_error(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run side by side and let every one come to its end, then raise what the first to fail raised (a bug before backpressure)."""
    outcomes = await asyncio.gather(*works, return_exceptions=True)
    errors = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    for error in sorted(errors, key=lambda e: isinstance(e, Backpressure | BrokerUnavailable)):
        raise error


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
        for topic, code, *message in answer.topic_errors:  # pyright: ignore[reportAttributeAccessIssue]
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


@contextlib.asynccontextmanager
async def supervised(loops: Mapping[str, Callable[[], Awaitable[None]]]) -> AsyncGenerator[None]:
    """Loops by name, each kept alive while the block runs; ended before it is left, so that none outlives what it uses."""
    running = [asyncio.create_task(supervise(name, run), name=name) for name, run in loops.items()]
    try:
        yield
    finally:
        for loop in running:
            loop.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def supervise(name: str, run: Callable[[], Awaitable[None]], *, restart_seconds: float = 1.0) -> None:
    """Keep a loop alive: log why it stopped, wait, start it again from what is committed."""
    while True:
        try:
            await run()
            return
        except Exception as error:
            log.error(
                "loop crashed without commit; it starts again", loop=name, fault=type(error).__name__, exc_info=True
            )
            await asyncio.sleep(restart_seconds)
