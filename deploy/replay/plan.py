"""What a replay will do, drawn up before it begins: calls with patience and service, shifts of agents, web questions.

Recorded values are taken as recorded. What a log cannot know is drawn from it with a fixed seed: the service time of a
caller who hung up then but is answered now comes from that day's served calls of the same group.
"""

from __future__ import annotations

import csv
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.router.what_if.records.call_log import CallEnd, RecordedCall
from shared.contracts.fields import SECOND

HALF_HOUR = 1_800 * SECOND
WEB_SHARE = 0.25
"""Web contacts mixed in, as a share of the queued calls."""
WEB_MEDIAN_SECONDS, WEB_SIGMA = 110, 0.6
"""Handling of a web contact: lognormal; no log of ours tells it."""


@dataclass(frozen=True, slots=True)
class PlannedContact:
    """One contact to come. Times in policy µs; `patience` None: waits as long as it takes."""

    key: str
    channel: str
    at: int
    group: str
    customer: str | None
    patience: int | None
    service: int
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Shift:
    """Half hours in which an agent of the log served, joined where they touch."""

    agent: str
    begins: int
    ends: int


@dataclass(frozen=True, slots=True)
class LogFigures:
    """The log's own result of the day; waits in seconds, service level as answered within target ÷ offered."""

    offered: int
    answered: int
    abandoned: int
    asa_seconds: float
    service_level: float
    left_in_menu: int
    ignored: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything one replay does."""

    contacts: Sequence[PlannedContact]
    shifts: Sequence[Shift]
    recorded: LogFigures
    tiers: Mapping[str, str]  # customer → tier

    @property
    def begins(self) -> int:
        return min(self.contacts[0].at, min(shift.begins for shift in self.shifts))

    @property
    def ends(self) -> int:
        return max(self.contacts[-1].at, max(shift.ends for shift in self.shifts))


def make_plan(
    calls: Sequence[RecordedCall], answer_within_seconds: int, *, seed: int, questions: Sequence[str] = ()
) -> Plan:
    """The replay of a day's calls, with web questions spread over it like the calls."""
    chance = random.Random(seed)
    queued = [call for call in calls if call.offered]
    served = [call for call in queued if call.end is CallEnd.SERVED]
    contacts = [_planned(call, served, chance) for call in queued] + _web(queued, questions, chance)
    tiers: dict[str, str] = {}
    for call in queued:
        if call.customer and tiers.get(call.customer) != "high":
            tiers[call.customer] = call.tier
    return Plan(
        contacts=sorted(contacts, key=lambda contact: (contact.at, contact.key)),
        shifts=shifts_of(served),
        recorded=_figures(calls, queued, served, answer_within_seconds),
        tiers=tiers,
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


def read_questions(path: Path) -> Sequence[str]:
    """Questions of a file with `id TAB text` lines and no header; quotes are text."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [row[1] for row in rows if len(row) > 1 and row[1].strip()]


def _planned(call: RecordedCall, served: Sequence[RecordedCall], chance: random.Random) -> PlannedContact:
    gave_up = call.end is CallEnd.ABANDONED
    service = call.service_seconds
    if gave_up:
        alike = [other.service_seconds for other in served if other.group == call.group]
        service = chance.choice(alike or [other.service_seconds for other in served])
    return PlannedContact(
        key=call.key,
        channel="phone",
        at=call.queued_at,
        group=call.group,
        customer=call.customer,
        patience=call.waited_seconds * SECOND if gave_up else None,
        service=service * SECOND,
    )


def _web(
    queued: Sequence[RecordedCall], questions: Sequence[str], chance: random.Random
) -> list[PlannedContact]:  # fmt: skip
    if not questions:
        return []
    planned: list[PlannedContact] = []
    for number in range(math.ceil(len(queued) * WEB_SHARE)):
        like = chance.choice(queued)  # comes when callers come
        seconds = WEB_MEDIAN_SECONDS * math.exp(chance.gauss(0, WEB_SIGMA))
        planned.append(
            PlannedContact(
                key=f"web-{number:05d}",
                channel="web",
                at=like.queued_at + chance.randrange(600) * SECOND,
                group="web-questions",
                customer=None,
                patience=chance.randrange(300, 900) * SECOND,
                service=int(seconds * SECOND),
                text=questions[number % len(questions)],
            )
        )
    return planned


def _figures(
    calls: Sequence[RecordedCall], queued: Sequence[RecordedCall], served: Sequence[RecordedCall], target: int
) -> LogFigures:
    return LogFigures(
        offered=len(queued),
        answered=len(served),
        abandoned=len(queued) - len(served),
        asa_seconds=sum(call.waited_seconds for call in served) / len(served) if served else 0.0,
        service_level=sum(call.waited_seconds <= target for call in served) / len(queued) if queued else 0.0,
        left_in_menu=sum(call.end is CallEnd.LEFT_IN_MENU for call in calls),
        ignored=sum(call.end is CallEnd.IGNORED for call in calls),
    )
