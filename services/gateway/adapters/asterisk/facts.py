"""What Asterisk (or the adapter itself) says happened to a call, beside what UCC decides."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.gateway.domain.special_tones import SpecialTones


@dataclass(frozen=True, slots=True)
class CallAnswered:
    """The customer's channel is up: by us, or it came so."""


@dataclass(frozen=True, slots=True)
class CustomerReached:
    """The customer we called answered."""


@dataclass(frozen=True, slots=True)
class CustomerUnreached:
    """The customer we called did not answer, or nobody knows: the outcome of `DialFailed`."""

    outcome: str
    cause: int | None = None  # Q.850, where the line told one


@dataclass(frozen=True, slots=True)
class CustomerRings:
    """The telephone of the customer we call is heard ringing."""


@dataclass(frozen=True, slots=True)
class CustomerScreened:
    """It was listened who took the call."""

    machine: bool


@dataclass(frozen=True, slots=True)
class RangOut:
    """It rang as long as it was to, and nobody answered."""


@dataclass(frozen=True, slots=True)
class SoundBegan:
    """Something is to be heard on the line we call, before anybody answered."""


@dataclass(frozen=True, slots=True)
class TonesHeard:
    """The network said by its tones why the number is not reached."""

    tones: SpecialTones


@dataclass(frozen=True, slots=True)
class NobodyInTime:
    """Who answered was not given to anybody, nor given up, when the time was over."""


@dataclass(frozen=True, slots=True)
class AnnouncementOver:
    """The message of a call that nobody took was heard, `whole` or not."""

    whole: bool


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """While the message was heard."""

    key: str


@dataclass(frozen=True, slots=True)
class OutsideUp:
    """The outside party we called answered."""

    channel: str


@dataclass(frozen=True, slots=True)
class OutsideGone:
    """The outside party hung up, or never answered: then the outcome of `DialFailed`."""

    channel: str
    outcome: str


@dataclass(frozen=True, slots=True)
class CallbackWished:
    """Who waits pressed the key for a callback."""


@dataclass(frozen=True, slots=True)
class ConsentPlayed:
    """The customer was told that the call is recorded."""


@dataclass(frozen=True, slots=True)
class RatingOver:
    """The caller answered how it was, or did not."""


@dataclass(frozen=True, slots=True)
class CustomerGone:
    """The customer's channel is no longer ours. `failed`: why, when it was not the customer who hung up."""

    failed: str | None = None


@dataclass(frozen=True, slots=True)
class LegUp:
    """A phone we rang was answered."""

    channel: str


@dataclass(frozen=True, slots=True)
class RungAnew:
    """An agent accepted on the page: their phone is rung again, told to answer by itself."""

    offer_id: str
    channel: str


@dataclass(frozen=True, slots=True)
class Repair:
    """We were away from Asterisk, or changed our mind about nothing: make true again what is true."""


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

    @classmethod
    def by_cause(cls, channel: str, cause: int) -> LegGone:
        """As Asterisk tells it, with a cause of ITU-T Q.850 (docs: Hangup Cause Mappings)."""
        if cause in _BUSY:
            return cls(channel, Unanswered.BUSY)
        if cause in _REJECTED:
            return cls(channel, Unanswered.REJECTED, "phone")
        return cls(channel, Unanswered.NO_ANSWER, "unreachable" if cause in _UNREACHABLE else None)


@dataclass(frozen=True, slots=True)
class ConnectFailed:
    """Customer and agent could not be brought together."""

    offer_id: str
    reason: str


_BUSY: Final = frozenset({17, 34, 42, 44})
_REJECTED: Final = frozenset({21, 29, 55, 57, 87})
_UNREACHABLE: Final = frozenset({1, 2, 3, 20, 22, 25, 26, 27, 28, 38, 41, 88})
