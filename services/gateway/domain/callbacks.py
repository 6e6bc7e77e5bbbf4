"""A callback as the gateway keeps it, and what an adapter is told when one of its attempts is to be dialled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CALLED_BACK: Final = "callback-"
"""How our keys of callbacks begin: their customers are called, they do not call."""


@dataclass(frozen=True, slots=True)
class KeptCallback:
    """`contact_id` is the callback's own; `number` E.164; `origin` the contact it came from."""

    tenant: str
    contact_id: str
    gateway_id: str
    subject: str
    number: str
    origin: str | None
    requested_at: int


@dataclass(frozen=True, slots=True)
class Dial:
    """An attempt to dial now. `fresh`: nobody began it before; else it may have been dialled already: ask, never redial."""

    attempt_id: str
    number: str
    fresh: bool
    caller_id: str | None = None  # what its customer sees; None: the channel's own
