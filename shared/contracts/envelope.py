"""The CloudEvents 1.0 envelope every message travels in (Kafka binary mode, JSON body)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.contracts.fields import Id, Microseconds, Name, ShortText

T_co = TypeVar("T_co", covariant=True)

_NAMESPACE = uuid.UUID("6d9c2d2e-5a51-5f0c-9a3e-0c0ffee0acc0")


@dataclass(frozen=True, slots=True)
class Envelope(Generic[T_co]):
    """A fact or command with where, when and for whom. `id` is unique per tenant and source: a repeat is a repeat."""

    id: Id
    source: ShortText  # "/gateway", "/console", "/router/3" …
    time: Microseconds
    tenant: Name
    subject: Id  # contact or agent id
    data: T_co
    pool: Name | None = None  # contact-events, routing-decisions
    partition: int | None = None  # routing-decisions: journal partition,
    sequence: int | None = None  # its dense decision sequence,
    epoch: int | None = None  # the owner's epoch,
    position: int | None = None  # and the journal position of the causing input

    @property
    def type(self) -> str:
        return type(self.data).__name__


def stable_id(*parts: str) -> str:
    """The same opaque id for the same parts, on any machine: makes retries harmless."""
    return str(uuid.uuid5(_NAMESPACE, "\x1f".join(parts)))
