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

from services.router.what_if.records.calls import CallEnd, LogFigures, RecordedCall, Shift, figures_of, shifts_of
from shared.contracts.fields import SECOND

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
        recorded=figures_of(calls, answer_within_seconds),
        tiers=tiers,
    )


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
