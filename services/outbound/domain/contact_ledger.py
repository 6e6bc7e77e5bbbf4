"""What was dialled before, and what that leaves: rolling caps and rests, counted over one person's rows of the ledger.

A window of length w ends now and is open at its far end: an attempt exactly w old counts no more, so the moment a cap gives way
is the moment of its oldest counted row plus w, to the microsecond. Counting is the same for every rule; rules differ in whose
rows they count (`Per`), which of them (`Counted`, purposes) and for how long.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

from services.outbound.domain.outcomes import Counted, DialOutcome, counts
from services.outbound.domain.purposes import Purpose

HOUR = 3_600_000_000
"""Microseconds in an hour."""
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One attempt as the ledger keeps it; ids and keys are opaque, no number is held.

    `at`: when it was dialled (authorised, until it is known). `outcome` None: still open. `refused`: the person declined in the
    conversation, without refusing further calls (the disposition says so).
    """

    at: int
    number: str  # the key of the number dialled
    purpose: Purpose
    subject: str | None  # what it is about: a debt, a product
    campaign: str
    record: str
    outcome: DialOutcome | None
    refused: bool = False


class Per(StrEnum):
    """Whose rows a rule counts. The history holds one person's rows, over all their numbers."""

    PERSON = "person"
    SUBJECT = "subject"  # the same person about the same subject, over all their numbers; an unnamed one may be any
    NUMBER = "number"  # the number asked about
    RECORD = "record"  # the same record of the same campaign
    CAMPAIGN = "campaign"  # the same person in the same campaign


@dataclass(frozen=True, slots=True)
class Whose:
    """What is asked about, as far as rows are told apart by it."""

    number: str
    subject: str | None
    campaign: str
    record: str

    def named_by(self, per: Per) -> Mapping[str, str]:
        """The subject, where a rule counts by it: for the words of its refusal."""
        return {"subject": self.subject} if per is Per.SUBJECT and self.subject is not None else {}


class After(StrEnum):
    """What a rest begins with."""

    CONVERSATION = "conversation"
    REFUSAL = "refusal"
    ABANDONED = "abandoned"
    MACHINE = "machine"


@dataclass(frozen=True, slots=True)
class Used:
    """What a cap counted: how many, and (reached) when the oldest that is in the way leaves the window."""

    count: int
    until: int | None


def belongs(entry: LedgerEntry, whose: Whose, per: Per) -> bool:
    match per:
        case Per.PERSON:
            return True
        case Per.SUBJECT:
            return entry.subject == whose.subject or entry.subject is None or whose.subject is None
        case Per.NUMBER:
            return entry.number == whose.number
        case Per.RECORD:
            return entry.campaign == whose.campaign and entry.record == whose.record
        case Per.CAMPAIGN:
            return entry.campaign == whose.campaign


def began(entry: LedgerEntry, after: After) -> bool:
    """Whether a rest begins with this attempt."""
    match after:
        case After.CONVERSATION:
            return entry.outcome is DialOutcome.ANSWERED_PERSON
        case After.REFUSAL:
            return entry.refused
        case After.ABANDONED:
            return entry.outcome is DialOutcome.ABANDONED
        case After.MACHINE:
            return entry.outcome is DialOutcome.MACHINE


def used(
    entries: Iterable[LedgerEntry], whose: Whose, now: int, *,
    within: int, at_most: int, per: Per, what: Counted, purposes: AbstractSet[Purpose],
) -> Used:  # fmt: skip
    """The attempts of the last `within` µs that a cap counts. Rows later than now (a gateway's clock ahead of ours) count too."""
    times = sorted(
        entry.at
        for entry in entries
        if entry.at > now - within
        and entry.purpose in purposes
        and belongs(entry, whose, per)
        and counts(entry.outcome, what)
    )
    if len(times) < at_most:
        return Used(len(times), None)
    return Used(len(times), times[len(times) - at_most] + within if at_most else None)


def rests_until(
    entries: Sequence[LedgerEntry], whose: Whose, now: int, *,
    after: After, lasts: int, per: Per, purposes: AbstractSet[Purpose],
) -> int | None:  # fmt: skip
    """When the rest is over that the latest such attempt began; None: none is on."""
    latest = max(
        (
            entry.at
            for entry in entries
            if entry.purpose in purposes and belongs(entry, whose, per) and began(entry, after)
        ),
        default=None,
    )
    return latest + lasts if latest is not None and latest + lasts > now else None
