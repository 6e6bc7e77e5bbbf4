"""Connections are reset under consumers on uvloop, as when a broker dies: none goes deaf, and one that has says so."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
import uuid
from collections.abc import Iterator

import pytest
import uvloop
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.admin import ApiVersionRequest
from aiokafka.structs import TopicPartition

from shared.errors import BrokerUnavailable
from shared.kafka import Producer, create_topics, make_consumer
from shared.kafka_client import Connection, Consumer
from tests.conftest import Broker

CONSUMERS = 16
RESETS = 20
RESET_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends RST


class Relay:
    """A port before the broker whose connections can be reset all at once."""

    def __init__(self, broker_port: int) -> None:
        self._broker_port = broker_port
        self._held: list[socket.socket] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the listener was closed
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._broker_port))
                with self._lock:
                    self._held.append(near)
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        source.close()
        sink.close()

    def reset(self) -> None:
        """Every connection, as a killed process leaves them."""
        with self._lock:
            held, self._held = self._held, []
        for near in held:
            with contextlib.suppress(OSError):
                near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_ONCE)
                near.shutdown(socket.SHUT_RD)
                near.close()

    def close(self) -> None:
        self._listener.close()
        self.reset()


@pytest.fixture
def relay(real_kafka: Broker) -> Iterator[Relay]:
    host, _, port = real_kafka.bootstrap_servers.partition(":")
    if host not in ("127.0.0.1", "localhost"):
        pytest.skip("needs a broker on this machine")
    relay = Relay(int(port))
    yield relay
    relay.close()


async def _listening(bootstrap_servers: str, tp: TopicPartition, through: int | None = None) -> Consumer:
    """A consumer of one partition from its beginning, its connections going `through` a port."""
    consumer = make_consumer(bootstrap_servers, reset="none")
    cluster = consumer._client.cluster  # pyright: ignore[reportPrivateUsage]
    if through is not None:
        advertised = cluster.broker_metadata
        cluster.broker_metadata = lambda node: (found := advertised(node)) and found._replace(port=through)  # type: ignore[method-assign]
    await consumer.start()
    consumer.assign([tp])
    consumer.seek(tp, 0)
    return consumer


async def _heard(consumer: Consumer, wanted: bytes) -> None:
    while True:
        for records in (await consumer.getmany(timeout_ms=200)).values():
            if any(record.value == wanted for record in records):
                return


async def _survive(bootstrap_servers: str, relay: Relay) -> None:
    topic = f"probe-{uuid.uuid4().hex[:8]}"
    await create_topics(bootstrap_servers, 1, 1, [topic])
    producer = Producer(bootstrap_servers)
    consumers = [await _listening(bootstrap_servers, TopicPartition(topic, 0), relay.port) for _ in range(CONSUMERS)]

    async def traffic() -> None:
        for reset in range(RESETS):
            for _ in range(10 + 3 * reset):  # so that resets fall on all moments of a fetch
                await producer.send_raw(topic, [(0, None, [], b"traffic")])
            await asyncio.to_thread(relay.reset)
        await producer.send_raw(topic, [(0, None, [], b"last")])

    try:
        async with asyncio.timeout(120):
            await asyncio.gather(traffic(), *(_heard(consumer, b"last") for consumer in consumers))
        assert all(consumer.alive for consumer in consumers)
    finally:
        await asyncio.gather(*(consumer.stop() for consumer in consumers), return_exceptions=True)
        await producer.stop()


def test_no_consumer_goes_deaf_when_its_connections_break(real_kafka: Broker, relay: Relay) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_survive(real_kafka.bootstrap_servers, relay))


async def _write_after_reset() -> None:
    server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    connection = Connection("127.0.0.1", port)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    connection._reader, connection._writer = reader, writer  # pyright: ignore[reportPrivateUsage]
    connection._read_task = asyncio.create_task(asyncio.sleep(3600))  # pyright: ignore[reportPrivateUsage]
    writer.transport.abort()
    await asyncio.sleep(0.01)
    with pytest.raises(KafkaConnectionError):
        await connection.send(ApiVersionRequest())
    assert not connection.connected()
    server.close()


def test_a_write_after_the_reset_is_a_lost_connection() -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_write_after_reset())


async def test_a_consumer_that_fetches_no_more_says_so(either: Broker, topic: str) -> None:
    consumer = await _listening(either.bootstrap_servers, TopicPartition(topic, 0))
    try:
        assert await consumer.getmany(timeout_ms=50) == {}
        fetching = consumer._fetcher.error_future  # type: ignore[union-attr]  # pyright: ignore[reportPrivateUsage]
        fetching.cancel()
        await asyncio.wait([fetching])
        with pytest.raises(BrokerUnavailable):
            await consumer.getmany(timeout_ms=50)
    finally:
        await consumer.stop()
