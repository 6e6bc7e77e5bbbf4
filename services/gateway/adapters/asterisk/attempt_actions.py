"""What is to be done for a call placed for outbound, beside what every call asks for."""

from __future__ import annotations

from dataclasses import dataclass

from shared.contracts.dial_requests import PlaceCall
from shared.contracts.dial_results import AttemptOutcome


@dataclass(frozen=True, slots=True)
class PlaceAttempt:
    """Call the customer, if this attempt was never begun."""

    wanted: PlaceCall


@dataclass(frozen=True, slots=True)
class Screen:
    """Listen whether a machine took the call."""


@dataclass(frozen=True, slots=True)
class Listen:
    """Listen for special information tones, if nobody listens yet."""


@dataclass(frozen=True, slots=True)
class SayAnswered:
    """The line was opened; a person is a contact from here on. `screened`: it was listened for who it is; `doubtful`: it sounded
    like a machine, and an agent is to say who it is."""

    by_machine: bool = False
    screened: bool = False
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class SayRinging:
    """The far end is heard ringing."""


@dataclass(frozen=True, slots=True)
class RefuseCalls:
    """They pressed the key that refuses further calls."""


@dataclass(frozen=True, slots=True)
class TellOutcome:
    """The attempt is over. `announced`: the message was heard to its end."""

    outcome: AttemptOutcome
    reason: str | None = None
    cause: int | None = None
    announced: bool = False


@dataclass(frozen=True, slots=True)
class ZipTone:
    """A short tone tells an agent that somebody is on the line now."""

    channel: str


AttemptAction = PlaceAttempt | Screen | Listen | SayAnswered | SayRinging | RefuseCalls | TellOutcome
