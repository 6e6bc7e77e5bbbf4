"""Messages packed by partition arrive as they were: order, keys, headers and bodies, over many batches and partitions."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka.structs import TopicPartition

from shared.contracts.wire import InvalidMessage
from shared.kafka import BATCH_BYTES, LARGEST_MESSAGE, Message, Producer, make_consumer
from tests.conftest import Broker


async def _read(
    either: Broker, topic: str, partition: int, count: int
) -> list[tuple[bytes | None, object, bytes | None]]:
    consumer = make_consumer(either.bootstrap_servers)
    await consumer.start()
    try:
        tp = TopicPartition(topic, partition)
        consumer.assign([tp])
        consumer.seek(tp, 0)
        found: list[tuple[bytes | None, object, bytes | None]] = []
        async with asyncio.timeout(30):
            while len(found) < count:
                for records in (await consumer.getmany(timeout_ms=300)).values():
                    found += [(record.key, list(record.headers), record.value) for record in records]
        return found
    finally:
        await consumer.stop()


async def test_packed_messages_arrive_in_order_and_whole(either: Broker, topic: str, producer: Producer) -> None:
    body = b"x" * 700
    messages: list[Message] = [
        (n // 50 % 2, b"k%d" % n, [("n", b"%d" % n)], body + b"%d" % n) for n in range(6 * BATCH_BYTES // 700)
    ]
    messages.insert(7, (0, None, [], b"y" * (2 * BATCH_BYTES)))  # larger than a batch: goes alone
    messages.append((1, b"last", [("empty", b"")], None))
    await producer.send_raw(topic, messages)
    for partition in (0, 1):
        sent = [(key, headers, value) for at, key, headers, value in messages if at == partition]
        read = await _read(either, topic, partition, len(sent))
        assert [(key, [tuple(h) for h in headers], value) for key, headers, value in read] == sent  # type: ignore[attr-defined]


async def test_what_no_broker_takes_is_refused_as_such(topic: str, producer: Producer) -> None:
    too_large = b"z" * (LARGEST_MESSAGE + 1)
    with pytest.raises(InvalidMessage):
        await producer.send_raw(topic, [(0, None, [], b"small"), (0, None, [], too_large)])
    await producer.send_raw(topic, [(0, None, [], b"and on")])
