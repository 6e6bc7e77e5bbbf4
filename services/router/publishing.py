"""Publishing what is committed: in sequence, to the partition of the same number, again after any doubt.

A decision travels with the epoch its row was written under, not the publisher's: so a repeat after a takeover is a
repeat, and never looks like rewritten history. Readers drop repeats by sequence.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.router.domain.core import decision_bodies, decisions_from_json
from services.router.domain.inputs import Decided
from services.router.journal import Row
from shared import telemetry
from shared.contracts.envelope import Envelope
from shared.contracts.routing_decisions import RoutingDecision
from shared.contracts.wire import ROUTING_DECISIONS, encode
from shared.errors import BrokerUnavailable
from shared.kafka import Producer

CHUNK = 500
"""Decisions sent before their acknowledgements are awaited."""
ROOM = 20_000
"""Committed decisions that may wait for the broker before deciding pauses."""
RETRY_SECONDS = 0.2

log = telemetry.logger("router")


@dataclass(frozen=True, slots=True)
class Committed:
    """The decisions of one journal row; `bodies` is their JSON where it was made already."""

    position: int
    epoch: int
    now: int
    first_sequence: int
    decisions: tuple[Decided, ...]
    bodies: tuple[bytes, ...] | None = None


def committed(row: Row) -> Committed:
    """A journal row, read again."""
    return Committed(row.position, row.epoch, row.now, row.first_sequence, decisions_from_json(row.decisions))


def envelopes(partition: int, row: Committed, after: int = 0) -> Iterator[Envelope[RoutingDecision]]:
    """The row's decisions with a sequence beyond `after`, as they travel. Equal rows give equal bytes."""
    for sequence, decided in enumerate(row.decisions, row.first_sequence):
        if sequence > after:
            yield Envelope(
                f"d-{partition}-{sequence}", f"/router/{partition}", row.now, decided.tenant, decided.subject,
                decided.decision, decided.pool, partition, sequence, row.epoch, row.position,
            )  # fmt: skip


class Publisher:
    """Publishes the committed rows of one partition; `published` is the last sequence acknowledged without a gap."""

    def __init__(self, partition: int, producer: Producer, published: int) -> None:
        self.published = published
        self._partition = partition
        self._producer = producer
        self._waiting: deque[Committed] = deque()
        self._count = 0
        self._more = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._closing = False

    def hand_over(self, rows: Sequence[Committed]) -> None:
        """Committed rows following the last ones handed over."""
        self._waiting.extend(row for row in rows if row.decisions)
        self._count += sum(len(row.decisions) for row in rows)
        if self._count > ROOM:
            self._room.clear()
        self._more.set()

    def close(self) -> None:
        """No more will come: `run` returns when everything is acknowledged."""
        self._closing = True
        self._more.set()

    async def room(self) -> None:
        """Wait until the broker has kept up."""
        await self._room.wait()

    async def run(self) -> None:
        """Publish until closed and done. The broker's absence is waited out."""
        while True:
            while self._waiting:
                await self._publish_chunk()
            if self._closing:
                return
            self._more.clear()
            await self._more.wait()

    async def _publish_chunk(self) -> None:
        messages = []
        for row in self._waiting:
            first = max(0, self.published + 1 - row.first_sequence)
            bodies = (row.bodies or decision_bodies(row.decisions))[first:]
            for envelope, body in zip(envelopes(self._partition, row, self.published), bodies, strict=True):
                headers, _ = encode(envelope, body)
                messages.append((self._partition, (envelope.pool or "").encode(), headers, body))
            if len(messages) >= CHUNK:
                break
        try:
            await self._producer.send_raw(ROUTING_DECISIONS, messages)
            self.published += len(messages)
        except BrokerUnavailable as error:
            self.published += error.acknowledged
            log.warning("decisions wait for the broker", partition=self._partition, published=self.published)
            await asyncio.sleep(RETRY_SECONDS)
        while self._waiting and self._last(self._waiting[0]) <= self.published:
            self._count -= len(self._waiting.popleft().decisions)
        if self._count <= ROOM:
            self._room.set()
        telemetry.gauge("ucc_journal_unpublished", self._count, partition=str(self._partition))

    def _last(self, row: Committed) -> int:
        return row.first_sequence + len(row.decisions) - 1
