"""The router's decisions, each once and dense, whatever Kafka repeats, loses or forgets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI, HTTPException

from deploy.embedded import EmbeddedBroker
from shared.contracts.envelope import Envelope
from shared.contracts.routing_decisions import PreferredWaitEnded
from shared.contracts.wire import ROUTING_DECISIONS, encode
from shared.decisions import DecisionFeed, JournalClient, advance_watermark, read_watermarks
from shared.errors import SequenceBroken
from shared.kafka import Producer
from shared.postgres import Pool, worker_transaction

P = 1


def decision(sequence: int, epoch: int = 1) -> Envelope[Any]:
    return Envelope(
        f"decision-{sequence}", f"/router/{P}", 1_700_000_000_000_000, "acme", "contact-1", PreferredWaitEnded("contact-1"),
        "main", P, sequence, epoch, sequence * 10,
    )  # fmt: skip


class JournalStub:
    """A journal of one partition, a page of three at a time."""

    def __init__(self, *sequences: int, epoch: int = 1) -> None:
        self.decisions = [decision(sequence, epoch) for sequence in sequences]
        self.away = 0

    async def after(self, partition: int, sequence: int) -> Sequence[Envelope[Any]]:
        assert partition == P
        if self.away:
            self.away -= 1
            raise httpx.ConnectError("refused")
        return [found for found in self.decisions if (found.sequence or 0) > sequence][:3]


class Reader:
    """Reads a feed in the background and keeps what it yields."""

    def __init__(self, feed: DecisionFeed) -> None:
        self.feed = feed
        self.seen: list[int] = []
        self.work: asyncio.Future[None] = asyncio.ensure_future(self._read())

    async def _read(self) -> None:
        async for partition, batch in self.feed.batches():
            assert partition == P
            self.seen += [envelope.sequence or 0 for envelope in batch]

    async def until(self, last: int) -> list[int]:
        async with asyncio.timeout(20):
            while last not in self.seen:
                assert not self.work.done() or self.work.exception() is None, self.work.exception()
                await asyncio.sleep(0.005)
        return self.seen

    async def breaks(self) -> str:
        with pytest.raises(SequenceBroken) as broken:
            async with asyncio.timeout(20):
                await self.work
        return str(broken.value)


@pytest.fixture
def kafka() -> EmbeddedBroker:
    return EmbeddedBroker()


@asynccontextmanager
async def reading(
    kafka: EmbeddedBroker, journal: JournalStub, applied: Mapping[int, tuple[int, int]] | None = None
) -> AsyncIterator[tuple[Reader, Producer]]:
    """A reader that has caught up, and a producer as the router's."""
    producer = Producer(kafka.bootstrap_servers)
    await producer.start()
    await producer.send_raw(
        ROUTING_DECISIONS, [(0, b"k", [], b"another partition's")]
    )  # the topic appears on first use
    reader = Reader(DecisionFeed(kafka.bootstrap_servers, cast("JournalClient", journal), applied or {}, [P]))
    try:
        async with asyncio.timeout(20):
            await reader.feed.caught_up.wait()
        yield reader, producer
    finally:
        reader.work.cancel()
        await asyncio.gather(reader.work, return_exceptions=True)
        await producer.stop()


async def tell(producer: Producer, *decisions: Envelope[Any]) -> None:
    await producer.publish(ROUTING_DECISIONS, *decisions, partition=P)


async def test_what_was_missed_comes_from_the_journal_then_kafka_goes_on(kafka: EmbeddedBroker) -> None:
    async with reading(kafka, JournalStub(*range(1, 9)), {P: (4, 1)}) as (reader, producer):
        await tell(producer, decision(9), decision(10))
        assert await reader.until(10) == [5, 6, 7, 8, 9, 10]


async def test_repeats_are_dropped(kafka: EmbeddedBroker) -> None:
    async with reading(kafka, JournalStub()) as (reader, producer):
        await tell(producer, decision(1), decision(2))
        await tell(producer, decision(1), decision(2), decision(2), decision(3))
        assert await reader.until(3) == [1, 2, 3]


async def test_a_gap_is_filled_from_the_journal(kafka: EmbeddedBroker) -> None:
    journal = JournalStub()
    async with reading(kafka, journal) as (reader, producer):
        journal.decisions = [decision(n) for n in range(1, 8)]
        journal.away = 1  # the router answers at the second try
        await tell(producer, decision(1), decision(6), decision(7), decision(8))
        assert await reader.until(8) == [1, 2, 3, 4, 5, 6, 7, 8]


async def test_a_gap_the_journal_cannot_fill_stops_the_reader(kafka: EmbeddedBroker) -> None:
    async with reading(kafka, JournalStub()) as (reader, producer):
        await tell(producer, decision(1), decision(3))
        assert "lacks sequence 3" in await reader.breaks()
        assert reader.seen == [1]


async def test_a_journal_with_a_hole_stops_the_reader(kafka: EmbeddedBroker) -> None:
    async with reading(kafka, JournalStub()) as (reader, producer):
        cast("JournalStub", reader.feed._journal).decisions = [decision(1), decision(2), decision(4)]
        await tell(producer, decision(4))
        assert "not dense" in await reader.breaks()


async def test_history_rewritten_under_a_higher_epoch_stops_the_reader(kafka: EmbeddedBroker) -> None:
    async with reading(kafka, JournalStub()) as (reader, producer):
        await tell(producer, decision(1), decision(2, epoch=2))
        await tell(producer, decision(2, epoch=3))
        assert "epoch 3 > 2" in await reader.breaks()


async def test_a_successors_decisions_follow_and_a_deposed_owners_stop_the_reader(kafka: EmbeddedBroker) -> None:
    async with reading(kafka, JournalStub()) as (reader, producer):
        await tell(producer, decision(1), decision(2, epoch=2), decision(2, epoch=2), decision(1))
        assert await reader.until(2) == [1, 2]
        await tell(producer, decision(3, epoch=1))
        assert "epoch 1 < 2" in await reader.breaks()


async def test_an_unreadable_decision_stops_the_reader(kafka: EmbeddedBroker) -> None:
    async with reading(kafka, JournalStub()) as (reader, producer):
        await producer.send_raw(ROUTING_DECISIONS, [(P, b"k", encode(decision(1))[0], b"{")])
        assert "unreadable" in await reader.breaks()


async def test_a_new_broker_knows_nothing_and_nothing_is_missed(kafka: EmbeddedBroker) -> None:
    """The old broker died with what it held; the journal has it, and the new one's offsets begin at 0 again."""
    async with reading(kafka, JournalStub()) as (reader, producer):
        await tell(producer, *map(decision, range(1, 4)))
        await reader.until(3)
    replaced = EmbeddedBroker()
    journal = JournalStub(*range(1, 6))
    async with reading(replaced, journal, {P: (3, 1)}) as (reader, producer):
        await tell(producer, *map(decision, range(2, 7)))  # the router publishes again what it is not sure of
        assert await reader.until(6) == [4, 5, 6]


async def apply(worker: Pool, *batch: Envelope[Any], then_fail: bool = False) -> None:
    async with worker_transaction(worker) as connection:
        await advance_watermark(connection, P, batch)
        await connection.execute("INSERT INTO notes VALUES ('acme', $1, 'applied')", batch[0].sequence)
        if then_fail:
            raise ZeroDivisionError


async def position(worker: Pool) -> dict[int, tuple[int, int]]:
    async with worker_transaction(worker) as connection:
        return await read_watermarks(connection)


async def test_the_watermark_moves_with_its_effect_or_not_at_all(worker: Pool) -> None:
    await apply(worker, decision(1), decision(2))
    assert await position(worker) == {P: (2, 1)}
    with pytest.raises(ZeroDivisionError):
        await apply(worker, decision(3), then_fail=True)
    assert await position(worker) == {P: (2, 1)}
    await apply(worker, decision(3, epoch=2))
    assert await position(worker) == {P: (3, 2)}
    assert await worker.fetchval("SELECT count(*) FROM notes") == 2


@pytest.mark.parametrize(
    "batch",
    [
        [decision(2)],
        [decision(1), decision(2), decision(3)],
        [decision(4)],
        [decision(5), decision(6)],
        [decision(3, epoch=1)],
    ],
    ids=["a repeat", "from the start", "a gap", "a later gap", "an older epoch"],
)
async def test_a_batch_that_does_not_follow_changes_nothing(worker: Pool, batch: Sequence[Envelope[Any]]) -> None:
    await apply(worker, decision(1), decision(2, epoch=2))
    with pytest.raises(SequenceBroken):
        await apply(worker, *batch)
    assert await position(worker) == {P: (2, 2)}
    assert await worker.fetchval("SELECT count(*) FROM notes") == 1


async def test_a_first_batch_begins_at_one(worker: Pool) -> None:
    with pytest.raises(SequenceBroken):
        await apply(worker, decision(2))
    assert await position(worker) == {}


async def test_sequences_outlive_32_bits(worker: Pool) -> None:
    async with worker_transaction(worker) as connection:
        await connection.execute("INSERT INTO watermark VALUES ($1, $2, 1)", P, 2**40)
        await advance_watermark(connection, P, [decision(2**40 + 1)])
    assert await position(worker) == {P: (2**40 + 1, 1)}


async def test_the_journal_client_shows_its_token_and_opens_what_it_gets() -> None:
    app = FastAPI()

    @app.get("/v1/journal/{partition}/decisions")
    async def decisions(partition: int, after: int, limit: int) -> dict[str, Any]:
        headers, body = encode(decision(after + 1))
        return {"items": [{"headers": {k: v.decode() for k, v in headers}, "body": body.decode()}], "last": after + 1}

    @app.middleware("http")
    async def guarded(request: Any, call: Any) -> Any:
        if request.headers["authorization"] != "Bearer secret":
            raise HTTPException(401)
        return await call(request)

    client = JournalClient("http://router", "secret")
    client._client._transport = httpx.ASGITransport(app)
    assert await client.after(P, 41) == [decision(42)]
    await client.close()
