"""Outbound's engine as the gateway knows it: it asks on one topic and reads on another what became of it."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from shared.contracts.dial_requests import Announcement, DialRequest, PlaceCall
from shared.contracts.dial_results import AttemptEnded
from shared.contracts.envelope import Envelope
from shared.contracts.fields import SECOND
from shared.contracts.wire import CONSENTS, DIAL_REQUESTS, DIAL_RESULTS
from shared.kafka import Producer
from tests.integration.gateway.conftest import now_us
from tests.telephony.house import TENANT, House
from tests.telephony.phone import Phone, until

NUMBER = "+8613900000777"
CAMPAIGN = "autumn"
D = TypeVar("D")


@dataclass
class Outbound:
    """The engine's side of the topics."""

    house: House
    producer: Producer
    results: list[Any] = field(default_factory=list[Any])
    consents: list[Any] = field(default_factory=list[Any])

    @property
    def outside(self) -> Phone:
        assert self.house.outside is not None
        return self.house.outside

    def wanted(self, **changes: Any) -> PlaceCall:
        given: dict[str, Any] = {
            "attempt_id": f"{CAMPAIGN}.{uuid.uuid4().hex[:12]}.1", "campaign": CAMPAIGN, "record": "r1",
            "gateway_id": self.house.gateway_id, "not_after": now_us() + 60 * SECOND, "group": "care",
            "business_line": "rental", "purpose": "service_followup", "ring_seconds": 20, "number": NUMBER,
            "language": "en", "announcement": Announcement("This was a call from the rental company.", "en", None, "9"),
        }  # fmt: skip
        return PlaceCall(**{**given, **changes})

    async def asks(self, *requests: DialRequest) -> None:
        for request in requests:
            envelope = Envelope(uuid.uuid4().hex, "/outbound", now_us(), TENANT, request.attempt_id, request)
            await self.producer.publish(DIAL_REQUESTS, envelope, key=request.campaign)

    def said(self, kind: type[D], attempt_id: str) -> list[D]:
        return [r for r in self.results if isinstance(r, kind) and getattr(r, "attempt_id", "") == attempt_id]

    async def told(self, kind: type[D], attempt_id: str, count: int = 1) -> D:
        try:
            await until(lambda: len(self.said(kind, attempt_id)) >= count, kind.__name__)
        except AssertionError as error:
            told = [r for r in self.results if getattr(r, "attempt_id", "") == attempt_id]
            raise AssertionError(f"{error}; told: {told}") from None
        return self.said(kind, attempt_id)[count - 1]

    async def outcome(self, attempt_id: str) -> tuple[str, str | None]:
        over = await self.told(AttemptEnded, attempt_id)
        return over.outcome, over.reason


@asynccontextmanager
async def engine_of(house: House) -> AsyncGenerator[Outbound]:
    """The telephone outside answers; afterwards it is as it was."""
    producer = Producer(house.ground.kafka_bootstrap_servers)
    await producer.start()
    ours = Outbound(house, producer)
    outside = ours.outside
    outside.manner, outside.clip, hertz = "answer", None, outside.hertz
    following = [
        asyncio.create_task(house.follow(DIAL_RESULTS, ours.results)),
        asyncio.create_task(house.follow(CONSENTS, ours.consents)),
    ]
    await asyncio.sleep(1)  # both are at the ends of their topics
    try:
        yield ours
    finally:
        outside.manner, outside.clip, outside.hertz = "answer", None, hertz
        for task in following:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await producer.stop()
