"""How an attempt ended, in the words lists and reports count by. Each attempt has exactly one; what a rule counts of them is
said once, here.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from shared.contracts.dial_results import AttemptOutcome


class DialOutcome(StrEnum):
    """The outcomes kept apart; the values are the API's."""

    ANSWERED_PERSON = "answered_person"
    MACHINE = "machine"
    FAX = "fax"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    SIT_VACANT = "sit_vacant"
    SIT_INTERCEPT = "sit_intercept"
    SIT_REORDER = "sit_reorder"
    FAILED = "failed"  # the trunk, not the number
    CANCELLED = "cancelled"  # never dialled
    ABANDONED = "abandoned"  # a person answered, nobody came in time
    UNKNOWN = "unknown"  # nobody can say; quarantined, counted as dialled


_TOLD: Final[dict[AttemptOutcome, DialOutcome]] = {
    "talked": DialOutcome.ANSWERED_PERSON,
    "served": DialOutcome.ANSWERED_PERSON,
    "abandoned": DialOutcome.ABANDONED,
    "machine": DialOutcome.MACHINE,
    "fax": DialOutcome.FAX,
    "busy": DialOutcome.BUSY,
    "no_answer": DialOutcome.NO_ANSWER,
    "sit_vacant": DialOutcome.SIT_VACANT,
    "sit_intercept": DialOutcome.SIT_INTERCEPT,
    "sit_reorder": DialOutcome.SIT_REORDER,
    "failed": DialOutcome.FAILED,
    "cancelled": DialOutcome.CANCELLED,
    "unknown": DialOutcome.UNKNOWN,
}


def outcome_of(told: AttemptOutcome) -> DialOutcome:
    """Our outcome of what the gateway told (`dial-results`)."""
    return _TOLD[told]


class Counted(StrEnum):
    """Which attempts a cap counts."""

    DIALLED = "dialled"  # every one that may have left the house
    RUNG = "rung"  # those that may have reached the number: no failed trunk, no special information tone
    SPOKEN = "spoken"  # conversations


_NEVER_DIALLED: Final = frozenset({DialOutcome.CANCELLED})
_NEVER_RUNG: Final = _NEVER_DIALLED | {
    DialOutcome.FAILED, DialOutcome.SIT_VACANT, DialOutcome.SIT_INTERCEPT, DialOutcome.SIT_REORDER,
}  # fmt: skip


def counts(outcome: DialOutcome | None, what: Counted) -> bool:
    """Whether an attempt counts; None: it is still open, and counts as dialled and rung."""
    match what:
        case Counted.DIALLED:
            return outcome not in _NEVER_DIALLED
        case Counted.RUNG:
            return outcome not in _NEVER_RUNG
        case Counted.SPOKEN:
            return outcome is DialOutcome.ANSWERED_PERSON
