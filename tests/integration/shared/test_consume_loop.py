"""The four consequences of a handler's outcome, on the in-memory broker and on Apache Kafka alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from shared.contracts.wire import InvalidMessage
from shared.errors import Backpressure, BrokerUnavailable
from shared.kafka import ConsumeLoop, Producer, Received, cluster_id, supervise
from tests.conftest import Broker
from tests.integration.shared.conftest import Handler, fact, read_back, read_fact


class Bug(Exception):
    """What nobody expected."""


class Seen:
    """The numbers of the facts a handler was given, in order; others can wait for them."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self._more = asyncio.Condition()

    async def add(self, received: Received) -> None:
        async with self._more:
            self.numbers.append(int(received.envelope.id.removeprefix("event-")))
            self._more.notify_all()

    async def wait(self, enough: Callable[[list[int]], bool]) -> None:
        async with asyncio.timeout(30), self._more:
            await self._more.wait_for(lambda: enough(self.numbers))


MakeLoop = Callable[[Handler], ConsumeLoop]


@pytest.fixture
def loop_of(either: Broker, topic: str, producer: Producer) -> MakeLoop:
    def make(handle: Handler, parallel: int = 1) -> ConsumeLoop:
        handlers = {"ContactAbandoned": handle}
        return ConsumeLoop(
            either.bootstrap_servers, topic, f"{topic}-group", handlers, producer, read=read_fact, parallel=parallel
        )

    return make


@asynccontextmanager
async def running(run: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    work = asyncio.ensure_future(run())
    try:
        yield
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


@pytest.mark.usefixtures("quick_rejoin")
async def test_what_was_handled_is_committed_and_not_seen_again(
    topic: str, producer: Producer, loop_of: MakeLoop
) -> None:
    await producer.publish(topic, *map(fact, range(5)), partition=0)
    first, second = Seen(), Seen()
    async with running(loop_of(first.add).run):
        await first.wait(lambda numbers: len(numbers) == 5)
        await producer.publish(topic, fact(5), partition=0)
        await first.wait(lambda numbers: len(numbers) == 6)
    assert first.numbers == [0, 1, 2, 3, 4, 5]
    await producer.publish(topic, fact(6), partition=0)
    async with running(loop_of(second.add).run):
        await second.wait(lambda numbers: 6 in numbers)
    assert second.numbers in ([6], [5, 6])  # the commit of the last batch may have been cut off: at least once


async def test_poison_goes_to_the_dead_letters_and_the_rest_flows(
    either: Broker, topic: str, producer: Producer, loop_of: MakeLoop
) -> None:
    seen = Seen()

    async def refuses_two(received: Received) -> None:
        if received.envelope.id == "event-2":
            raise InvalidMessage("agent_id: nobody of that name")
        await seen.add(received)

    headers = [("ce_type", b"ContactAbandoned"), ("ce_tenant", b"acme")]
    await producer.publish(topic, fact(1), partition=0)
    await producer.send_raw(topic, [(0, b"k", headers, b"{"), (0, b"k", [], None)])
    await producer.publish(topic, fact(2), fact(3), partition=0)
    async with running(loop_of(refuses_two).run):
        await seen.wait(lambda numbers: numbers == [1, 3])
        letters = await read_back(either.bootstrap_servers, f"{topic}.dlq", 3)
    assert {(h["dlq_offset"], h["dlq_error"].decode().split(":")[0]) for h, _ in letters} == {
        (b"1", "ce_id"), (b"2", "ce_id"), (b"3", "agent_id"),
    }  # fmt: skip
    assert all(h["dlq_topic"] == topic.encode() and h["dlq_partition"] == b"0" for h, _ in letters)
    assert {body for _, body in letters} == {b"{", None, b'{"contact_id":"contact-2"}'}


async def test_types_nobody_handles_are_passed_over(
    either: Broker, topic: str, producer: Producer, loop_of: MakeLoop
) -> None:
    seen = Seen()
    loop = ConsumeLoop(
        either.bootstrap_servers, topic, f"{topic}-others", {"ContactEnded": seen.add}, producer, read=read_fact
    )
    handled = Seen()
    await producer.publish(topic, fact(1), partition=0)
    async with running(loop.run), running(loop_of(handled.add).run):
        await handled.wait(lambda numbers: numbers == [1])
    assert seen.numbers == []


@pytest.mark.parametrize("pressure", [Backpressure("the database is away"), BrokerUnavailable("no broker answers")])
async def test_backpressure_rests_its_partition_and_no_other(
    topic: str, producer: Producer, loop_of: MakeLoop, pressure: Exception
) -> None:
    seen, relieved, asked = Seen(), asyncio.Event(), 0

    async def hard_pressed(received: Received) -> None:
        nonlocal asked
        if received.envelope.id == "event-1":
            asked += 1
            if not relieved.is_set():
                raise pressure
        await seen.add(received)

    await producer.publish(topic, fact(0), fact(1), fact(2), partition=0)
    async with running(loop_of(hard_pressed).run):
        await seen.wait(lambda numbers: 0 in numbers)
        await producer.publish(topic, fact(10), fact(11), partition=1)
        await seen.wait(lambda numbers: {10, 11} <= set(numbers))
        assert not {1, 2} & set(seen.numbers)
        relieved.set()
        await seen.wait(lambda numbers: {1, 2} <= set(numbers))
    assert [number for number in seen.numbers if number < 10] == [0, 1, 2]
    assert asked >= 2


async def test_a_bug_crashes_without_commit_and_the_batch_is_seen_again(
    topic: str, producer: Producer, loop_of: MakeLoop
) -> None:
    seen, mended = Seen(), False

    async def buggy(received: Received) -> None:
        if received.envelope.id == "event-2" and not mended:
            raise Bug
        await seen.add(received)

    await producer.publish(topic, *map(fact, range(4)), partition=0)
    loop = loop_of(buggy)
    with pytest.raises(Bug):
        async with asyncio.timeout(30):
            await loop.run()
    assert seen.numbers == [0, 1]
    mended = True
    async with running(loop.run):  # the same loop can be run again
        await seen.wait(lambda numbers: 3 in numbers)
    assert seen.numbers == [0, 1, 0, 1, 2, 3]


@pytest.mark.usefixtures("quick_rejoin")
async def test_a_supervised_loop_starts_again_by_itself(topic: str, producer: Producer, loop_of: MakeLoop) -> None:
    seen, crashes = Seen(), 0

    async def buggy_once(received: Received) -> None:
        nonlocal crashes
        if not crashes:
            crashes += 1
            raise Bug
        await seen.add(received)

    await producer.publish(topic, fact(1), partition=0)
    loop = loop_of(buggy_once)
    async with running(lambda: supervise("probe", loop.run, restart_seconds=0.01)):
        await seen.wait(lambda numbers: numbers == [1])


@pytest.mark.usefixtures("quick_rejoin")
async def test_parallel_handlers_overlap_and_a_bug_in_one_still_commits_nothing(
    either: Broker, topic: str, producer: Producer
) -> None:
    seen, together = Seen(), asyncio.Barrier(3)

    async def meet(received: Received) -> None:
        await together.wait()
        await seen.add(received)
        if received.envelope.id == "event-0":
            raise Bug

    await producer.publish(topic, *map(fact, range(3)), partition=0)
    loop = ConsumeLoop(
        either.bootstrap_servers, topic, f"{topic}-p", {"ContactAbandoned": meet}, producer, read=read_fact, parallel=3
    )
    for _ in range(2):
        with pytest.raises(Bug):
            async with asyncio.timeout(30):
                await loop.run()
    assert sorted(seen.numbers) == [0, 0, 1, 1, 2, 2]


async def test_a_message_too_large_to_lay_aside_is_still_named(
    either: Broker, topic: str, producer: Producer, loop_of: MakeLoop
) -> None:
    seen = Seen()
    await producer.send_raw(topic, [(0, b"k", [], b"x" * 1_048_470)])
    await producer.publish(topic, fact(1), partition=0)
    async with running(loop_of(seen.add).run):
        await seen.wait(lambda numbers: numbers == [1])
        [(headers, body)] = await read_back(either.bootstrap_servers, f"{topic}.dlq", 1)
    assert headers["dlq_offset"] == b"0"
    assert body is None


async def test_what_no_broker_takes_is_invalid_and_the_producer_lives_on(topic: str, producer: Producer) -> None:
    with pytest.raises(InvalidMessage):
        await producer.send_raw(topic, [(0, b"k", [], b"x" * 2_000_000)])
    await producer.publish(topic, fact(1), partition=0)


async def test_a_second_member_takes_over_without_losing_a_message(
    real_kafka: Broker, producer: Producer, topic: str, either: Broker, loop_of: MakeLoop
) -> None:
    if not either.real:
        pytest.skip("the in-memory broker knows one member per group")
    seen = Seen()
    partitions = range(real_kafka.partitions)
    async with running(loop_of(seen.add).run):
        for p in partitions:
            await producer.publish(topic, fact(p), partition=p)
        await seen.wait(lambda numbers: set(partitions) <= set(numbers))
        async with running(loop_of(seen.add).run):
            for p in partitions:
                await producer.publish(topic, fact(100 + p), partition=p)
            await seen.wait(lambda numbers: {100 + p for p in partitions} <= set(numbers))


async def test_a_broker_that_is_not_there_is_unavailable_and_leaves_nothing_running() -> None:
    before = asyncio.all_tasks()
    producer = Producer("127.0.0.1:1", ack_timeout=0.5)
    with pytest.raises(BrokerUnavailable):
        await producer.publish("contact-events", fact(1))
    await producer.stop()
    assert asyncio.all_tasks() == before


async def test_a_cluster_says_who_it_is(either: Broker) -> None:
    assert await cluster_id(either.bootstrap_servers) == await cluster_id(either.bootstrap_servers) != ""
