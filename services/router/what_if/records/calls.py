"""What any call record comes down to: calls with their wait and end, who served them, and the rows that could not be read.

Times are microseconds since 1970. Names of agents and customers stay here: nothing of them is passed on or kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.contracts.fields import SECOND

HALF_HOUR = 1_800 * SECOND
KEPT_REJECTED = 10_000
"""Rows set aside at most; beyond that the table is simply not what the mapping says (they are still counted)."""


class LogUnreadable(ValueError):
    """The mapping or the record as a whole does not fit; the text says where."""


class CallEnd(StrEnum):
    SERVED = "served"
    ABANDONED = "abandoned"
    LEFT_IN_MENU = "left_in_menu"  # never queued
    IGNORED = "ignored"  # the log says: not a call
    ELSEWHERE = "elsewhere"  # left the queue for another place: timeout, key press, nobody there


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One call of the record. Times in microseconds since 1970 on the record's own calendar."""

    key: str
    customer: str | None
    group: str
    tier: str
    queued_at: int
    waited_seconds: int
    end: CallEnd
    served_at: int
    service_seconds: int
    agent: str | None

    @property
    def offered(self) -> bool:
        """Whether the call entered the queue and its end there is known."""
        return self.end in (CallEnd.SERVED, CallEnd.ABANDONED)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that does not fit: where, why, and as it was written."""

    line: int
    why: str
    raw: str


@dataclass(frozen=True, slots=True)
class Shift:
    """Half hours in which an agent of the record served, joined where they touch."""

    agent: str
    begins: int
    ends: int


@dataclass(frozen=True, slots=True)
class CallRecord:
    """All that was read. `read` counts rows (of the day asked for); rejected + calls ≤ read where one call is several rows."""

    calls: Sequence[RecordedCall]  # by queue entry
    rejected: Sequence[Rejected]
    rejected_rows: int
    read: int
    shifts: Sequence[Shift] = ()  # where the record itself says who was there; else they follow from who served

    @classmethod
    def of(
        cls, calls: Iterable[RecordedCall], rejected: Sequence[Rejected], read: int, shifts: Sequence[Shift] = ()
    ) -> CallRecord:
        ordered = sorted(calls, key=lambda call: (call.queued_at, call.key))
        return cls(ordered, rejected[:KEPT_REJECTED], len(rejected), read, shifts)


@dataclass(frozen=True, slots=True)
class LogFigures:
    """The record's own result of the day; waits in seconds, service level as answered within target ÷ offered."""

    offered: int
    answered: int
    abandoned: int
    asa_seconds: float
    service_level: float
    left_in_menu: int
    ignored: int


def figures_of(calls: Sequence[RecordedCall], answer_within_seconds: int) -> LogFigures:
    """What the record says of itself."""
    queued = [call for call in calls if call.offered]
    served = [call for call in queued if call.end is CallEnd.SERVED]
    return LogFigures(
        offered=len(queued),
        answered=len(served),
        abandoned=len(queued) - len(served),
        asa_seconds=sum(call.waited_seconds for call in served) / len(served) if served else 0.0,
        service_level=sum(call.waited_seconds <= answer_within_seconds for call in served) / len(queued)
        if queued
        else 0.0,
        left_in_menu=sum(call.end is CallEnd.LEFT_IN_MENU for call in calls),
        ignored=sum(call.end is CallEnd.IGNORED for call in calls),
    )


def shifts_of(served: Sequence[RecordedCall]) -> Sequence[Shift]:
    """Each agent is there in every half hour in which they were serving somebody."""
    there: dict[str, set[int]] = {}
    for call in served:
        if call.agent is not None:
            first = call.served_at // HALF_HOUR
            last = max(first, (call.served_at + call.service_seconds * SECOND - 1) // HALF_HOUR)
            there.setdefault(call.agent, set()).update(range(first, last + 1))
    shifts: list[Shift] = []
    for agent, slots in there.items():
        ordered = sorted(slots)
        start = 0
        for index in range(1, len(ordered) + 1):
            if index == len(ordered) or ordered[index] != ordered[index - 1] + 1:
                shifts.append(Shift(agent, ordered[start] * HALF_HOUR, (ordered[index - 1] + 1) * HALF_HOUR))
                start = index
    return sorted(shifts, key=lambda shift: (shift.begins, shift.agent))


def agent_names(shifts: Iterable[Shift]) -> dict[str, str]:
    """The record's agents → ids here (`agent-01` …); the record's own names stay out."""
    names = sorted({shift.agent for shift in shifts})
    return {name: f"agent-{number:02d}" for number, name in enumerate(names, 1)}


def group_name(word: str) -> str:
    """A question group's id for a word of the record: letters, digits, `_`, `-`; never empty."""
    cleaned = re.sub(r"[^A-Za-z0-9_\-]+", "-", word.strip()).strip("-")
    return cleaned[:64] or "calls"
