"""Reading `routing-decisions`: each decision once, in sequence, across broker losses.

The router's journal is the truth, Kafka the nerve. A reader starts from the sequence it has applied, asks the router's
journal for what it missed, then follows Kafka; repeats are dropped; a gap is filled from the journal; a gap the journal
cannot fill, or an old sequence under a higher epoch (history rewritten), stops the reader and alarms.
"""

# aiokafka carries no types of its own:
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

import httpx
from aiokafka.structs import TopicPartition

from shared import telemetry
from shared.contracts.envelope import Envelope
from shared.contracts.wire import ROUTING_DECISIONS, InvalidMessage, decode
from shared.errors import SequenceBroken
from shared.kafka import make_consumer
from shared.postgres import Connection

log = telemetry.logger("decisions")

PAGE = 1000


class JournalClient:
    """`GET /v1/journal/{partition}/decisions` of the router, for readers that missed something."""

    def __init__(self, router_url: str, service_token: str) -> None:
        self._client = httpx.AsyncClient(
            base_url=router_url, headers={"Authorization": f"Bearer {service_token}"}, timeout=10, trust_env=False
        )

    async def after(self, partition: int, sequence: int) -> Sequence[Envelope[Any]]:
        """Committed decisions following `sequence`, at most a page. Raises httpx.HTTPError while the router is away."""
        answer = await self._client.get(f"/v1/journal/{partition}/decisions", params={"after": sequence, "limit": PAGE})
        answer.raise_for_status()
        return [
            decode(ROUTING_DECISIONS, [(k, v.encode()) for k, v in item["headers"].items()], item["body"].encode())
            for item in answer.json()["items"]
        ]

    async def close(self) -> None:
        await self._client.aclose()


class DecisionFeed:
    """Decisions of all given partitions, in batches of one partition, each sequence exactly once and dense.

    One reading: whoever failed to apply a batch makes a new feed from its watermarks.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        journal: JournalClient,
        applied: Mapping[int, tuple[int, int]],
        partitions: Sequence[int],
    ) -> None:
        """`applied`: partition → (last sequence applied, its epoch); absent means nothing yet (sequence 0, epoch 0)."""
        self._bootstrap = bootstrap_servers
        self._journal = journal
        self._at = {p: applied.get(p, (0, 0)) for p in partitions}
        self.caught_up = asyncio.Event()

    async def batches(self) -> AsyncGenerator[tuple[int, Sequence[Envelope[Any]]]]:
        """Yield (partition, decisions). The caller applies a batch before it asks for the next."""
        consumer = make_consumer(self._bootstrap, max_records=2000)
        try:
            await consumer.start()
            tps = [TopicPartition(ROUTING_DECISIONS, p) for p in self._at]
            consumer.assign(tps)
            await consumer.seek_to_end(*tps)  # pinned before the journal is read, so nothing falls between the two
            for tp in tps:
                await consumer.position(tp)
            for p in self._at:
                async for batch in self._missed(p):
                    yield p, batch
            self.caught_up.set()
            while True:
                for tp, records in (await consumer.getmany(timeout_ms=500)).items():
                    fresh: list[Envelope[Any]] = []
                    for record in records:
                        try:
                            envelope = decode(ROUTING_DECISIONS, record.headers, record.value)
                        except InvalidMessage as error:
                            raise SequenceBroken(f"unreadable decision at offset {record.offset}: {error}") from error
                        match self._place(tp.partition, envelope):
                            case "next":
                                fresh.append(envelope)
                            case "gap":
                                if fresh:
                                    yield tp.partition, fresh
                                    fresh = []
                                telemetry.count("ucc_sequence_gaps_total", partition=str(tp.partition))
                                async for batch in self._missed(tp.partition):
                                    yield tp.partition, batch
                                if self._at[tp.partition][0] < (envelope.sequence or 0):
                                    raise SequenceBroken(
                                        f"the journal lacks sequence {envelope.sequence} of partition {tp.partition}"
                                    )
                            case _:
                                telemetry.count("ucc_sequence_repeats_total", partition=str(tp.partition))
                    if fresh:
                        yield tp.partition, fresh
        finally:
            await consumer.stop()

    async def _missed(self, partition: int) -> AsyncGenerator[Sequence[Envelope[Any]]]:
        while True:
            try:
                batch = await self._journal.after(partition, self._at[partition][0])
            except httpx.HTTPError as error:
                log.warning(
                    "the router's journal does not answer; asking again",
                    partition=partition,
                    cause=type(error).__name__,
                )
                await asyncio.sleep(0.5)
                continue
            for envelope in batch:
                if self._place(partition, envelope) != "next":
                    raise SequenceBroken(f"the journal of partition {partition} is not dense at {envelope.sequence}")
            if not batch:
                return
            yield batch

    def _place(self, partition: int, envelope: Envelope[Any]) -> str:
        sequence, epoch = envelope.sequence or 0, envelope.epoch or 0
        last, last_epoch = self._at[partition]
        if sequence == last + 1:
            if epoch < last_epoch:
                raise SequenceBroken(f"sequence {sequence} of partition {partition} under epoch {epoch} < {last_epoch}")
            self._at[partition] = (sequence, epoch)
            return "next"
        if sequence > last + 1:
            return "gap"
        if epoch > last_epoch:
            raise SequenceBroken(
                f"sequence {sequence} of partition {partition} came again under epoch {epoch} > {last_epoch}"
            )
        return "repeat"


async def advance_watermark(connection: Connection, partition: int, batch: Sequence[Envelope[Any]]) -> None:
    """Move the service's watermark over `batch`, in the transaction of its effect. Raises SequenceBroken when it does not fit."""
    first, last = batch[0].sequence or 0, batch[-1]
    moved = await connection.execute(
        "INSERT INTO watermark AS w (partition, sequence, epoch) SELECT $1::int, $2::bigint, $3::bigint WHERE $4::bigint = 0 OR EXISTS "
        "(SELECT 1 FROM watermark WHERE partition = $1) "
        "ON CONFLICT (partition) DO UPDATE SET sequence = $2, epoch = $3 WHERE w.sequence = $4 AND w.epoch <= $3",
        partition, last.sequence, last.epoch, first - 1,
    )  # fmt: skip
    if moved != "INSERT 0 1":
        raise SequenceBroken(f"watermark of partition {partition} is not at {first - 1}")


async def read_watermarks(connection: Connection) -> dict[int, tuple[int, int]]:
    """Partition → (sequence, epoch) applied so far."""
    rows = await connection.fetch("SELECT partition, sequence, epoch FROM watermark")
    return {row["partition"]: (row["sequence"], row["epoch"]) for row in rows}
