"""An event log and a broker in memory around the real owner loop and the real journal, with faults at every boundary."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from aiokafka.structs import ConsumerRecord

from services.router.intake import Record
from services.router.kafka_source import OffsetHole, Source
from shared.clock import VirtualClock
from shared.contracts.envelope import Envelope
from shared.contracts.wire import CONTACT_EVENTS, ROUTING_DECISIONS, decode, encode
from shared.errors import BrokerUnavailable
from shared.kafka import Producer

IDLE = 0.002
"""An empty fetch waits this long (wall seconds); the clock of these tests is virtual."""


class Killed(BaseException):
    """The process is gone: nothing after this line runs."""


Boundary = Callable[[str], None]


class MemoryLog:
    """`contact-events` of one partition, kept in a list."""

    def __init__(self, partition: int, boundary: Boundary = lambda _: None) -> None:
        self.partition = partition
        self.cluster = "cluster-1"
        self.records: list[Record] = []
        self.first = 0
        self._boundary = boundary

    def write(self, envelope: Envelope[Any]) -> None:
        headers, body = encode(envelope)
        self.write_raw(headers, body)

    def write_raw(self, headers: list[tuple[str, bytes]], body: bytes | None) -> None:
        offset = self.first + len(self.records)
        self.records.append(
            ConsumerRecord(
                CONTACT_EVENTS, self.partition, offset, 0, 0, b"k", body, None, 0, len(body or b""), tuple(headers)
            )
        )

    @property
    def end(self) -> int:
        return self.first + len(self.records)

    async def cluster_id(self) -> str:
        return self.cluster

    async def open(self, partition: int, offset: int | None) -> Source:
        at = self.first if offset is None else offset
        if not self.first <= at <= self.end:
            raise OffsetHole(f"{at} is not in the log")
        return MemorySource(self, at)


class MemorySource:
    def __init__(self, log: MemoryLog, at: int) -> None:
        self._log, self._at = log, at

    def position(self) -> int:
        return self._at

    async def fetch(self, wait_seconds: float, limit: int) -> Sequence[Record]:
        if self._at == self._log.end:
            await asyncio.sleep(min(wait_seconds, IDLE))
        found = self._log.records[self._at - self._log.first :][:limit]
        self._at += len(found)
        return found

    async def end(self) -> int:
        return self._log.end

    async def close(self) -> None:
        return None


class MemoryBroker(Producer):
    """Takes what is published; may fail before, in the middle of, or after taking it."""

    def __init__(self, boundary: Boundary = lambda _: None) -> None:
        super().__init__("nowhere")
        self.decisions: list[Envelope[Any]] = []
        self.dead: list[dict[str, str]] = []
        self.refuse: Callable[[int], tuple[int, int] | None] = lambda _: None
        """Of a send of n messages: None, or (taken, acknowledged)."""
        self._boundary = boundary

    async def send_raw(
        self, topic: str, messages: Sequence[tuple[int | None, bytes | None, list[tuple[str, bytes]], bytes | None]]
    ) -> None:
        if topic != ROUTING_DECISIONS:
            self.dead += [{k: v.decode() for k, v in headers} for _, _, headers, _ in messages]
            return
        self._boundary("before publish")
        await asyncio.sleep(0)
        refusal = self.refuse(len(messages))
        taken, acknowledged = refusal or (len(messages), len(messages))
        self.decisions += [decode(topic, headers, body) for _, _, headers, body in messages[:taken]]
        self._boundary("after publish")
        if refusal is not None:
            raise BrokerUnavailable("injected", acknowledged)
        self._boundary("after acknowledgement")


class Reader:
    """Reads the decisions as every service does: each sequence once; a hole may only be filled by a later repeat."""

    def __init__(self) -> None:
        self.sequence = 0
        self.epoch = 0
        self._at = 0
        self._early: dict[int, Envelope[Any]] = {}

    def read(self, decisions: list[Envelope[Any]]) -> list[Envelope[Any]]:
        """What is new since the last call. Asserts that history is never rewritten."""
        fresh: list[Envelope[Any]] = []
        for envelope in decisions[self._at :]:
            sequence, epoch = envelope.sequence or 0, envelope.epoch or 0
            assert sequence > self.sequence or epoch <= self.epoch, "an old sequence under a higher epoch"
            self._early.setdefault(sequence, envelope)
        self._at = len(decisions)
        while (envelope := self._early.pop(self.sequence + 1, None)) is not None:
            self.sequence += 1
            self.epoch = envelope.epoch or 0
            fresh.append(envelope)
        return fresh


def start_time() -> VirtualClock:
    return VirtualClock(1_780_000_000_000_000)
