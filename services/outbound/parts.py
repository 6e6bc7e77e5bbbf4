"""What outbound's handlers and routes work with, made once by `app`."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.outbound.settings import OutboundSettings
from services.outbound.store.books import AbandonmentBooks
from shared.clock import Clock
from shared.directory import Directory
from shared.kafka import Producer
from shared.postgres import Pool


@dataclass(frozen=True, slots=True)
class Parts:
    settings: OutboundSettings
    api: Pool  # sees the tenant set for the transaction
    workers: Pool  # serves all tenants: consumers and the engine
    producer: Producer
    directory: Directory
    clock: Clock
    books: AbandonmentBooks = field(default_factory=AbandonmentBooks)
    """What the pacer, the gate's explanation and the pages count abandonment by: one truth."""
