"""What Asterisk (or the adapter itself) says happened to a call, beside what UCC decides."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


@dataclass(frozen=True, slots=True)
class CallAnswered:
    """The customer's channel is up: by us, or it came so."""


@dataclass(frozen=True, slots=True)
class ConsentPlayed:
    """The customer was told that the call is recorded."""


@dataclass(frozen=True, slots=True)
class CustomerGone:
    """The customer's channel is no longer ours. `failed`: why, when it was not the customer who hung up."""

    failed: str | None = None


@dataclass(frozen=True, slots=True)
class LegUp:
    """A phone we rang was answered."""

    channel: str


class Unanswered(StrEnum):
    """Why a phone was not answered: the offer's outcome."""

    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class LegGone:
    """A phone we rang hung up, or never answered."""

    channel: str
    why: Unanswered = Unanswered.NO_ANSWER
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ConnectFailed:
    """Customer and agent could not be brought together."""

    offer_id: str
    reason: str


_BUSY: Final = frozenset({17, 34, 42, 44})
_REJECTED: Final = frozenset({21, 29, 55, 57, 87})
_UNREACHABLE: Final = frozenset({1, 2, 3, 20, 22, 25, 26, 27, 28, 38, 41, 88})
"""ITU-T Q.850 causes as Asterisk gives them (docs: Hangup Cause Mappings)."""


def unanswered(cause: int) -> tuple[Unanswered, str | None]:
    """An offer's outcome and reason for the cause a phone that never answered went away with."""
    if cause in _BUSY:
        return Unanswered.BUSY, None
    if cause in _REJECTED:
        return Unanswered.REJECTED, "phone"
    return Unanswered.NO_ANSWER, "unreachable" if cause in _UNREACHABLE else None
