"""The abandonment ledger: of the calls a person answered, how many found nobody in time, per campaign and rolling window.

One answered attempt is one row, merged from the facts the gateway told. Merging takes the earliest time of each kind, so facts
may come in any order, twice, or be replayed: the figures are the same. A row counts from the moment it is settled (an agent was
heard, or it ended); until then it is `open`. Counts stand in prefix sums over the time of answer, so a window costs two
searches whatever its length.

Who answered is what the agent says, else the classifier, else a person: unknown is counted against us.
"""

from __future__ import annotations

import math
from bisect import bisect_right, insort
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from services.outbound.domain.contact_ledger import DAY
from shared.contracts.dial_results import AttemptAnswered, AttemptConnected, AttemptEnded, AttemptRang, DialResult

DAY_WINDOW: Final = DAY
MONTH_WINDOW: Final = 30 * DAY
AGENT_WITHIN: Final = 2_000_000
"""µs an agent has from the origin of the clock (16 CFR 310.4(b)(4)(iii), Ofcom)."""
_Z95: Final = 1.959963984540054


class ClockOrigin(StrEnum):
    """From when an agent has two seconds."""

    CONNECTED = "connected"  # the line was opened: the strictest
    GREETING_BEGAN = "greeting_began"
    GREETING_ENDED = "greeting_ended"  # the completed greeting


ORIGINS: Final = tuple(ClockOrigin)


@dataclass(frozen=True, slots=True)
class WhoAnswered:
    """A person's word (the agent's disposition, an audit of recordings) on who answered an attempt.

    `audited`: a call the classifier took for a machine was listened to; of such rows the false-machine rate is made.
    """

    attempt_id: str
    campaign: str
    machine: bool
    audited: bool = False


AbandonmentFact = DialResult | WhoAnswered


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of one answered attempt. Times µs."""

    attempt_id: str
    connected_at: int | None = None
    greeting_began_at: int | None = None
    greeting_ended_at: int | None = None
    detected_machine: bool = False  # the classifier (or a fax) said so
    agent_at: int | None = None  # an agent (or the dialogue) was heard
    ended_at: int | None = None
    machine: bool | None = None  # a person's word
    audited: bool = False
    by_customer: bool = False  # the customer hung up

    @property
    def settled(self) -> bool:
        return self.agent_at is not None or self.ended_at is not None

    def origin(self, origin: ClockOrigin) -> int:
        """When the clock starts; where a greeting was not heard, at the strictest moment known before it."""
        assert self.connected_at is not None  # only answered attempts are rows
        began = self.connected_at if self.greeting_began_at is None else self.greeting_began_at
        match origin:
            case ClockOrigin.CONNECTED:
                return self.connected_at
            case ClockOrigin.GREETING_BEGAN:
                return began
            case ClockOrigin.GREETING_ENDED:
                return began if self.greeting_ended_at is None else self.greeting_ended_at

    def abandoned(self, origin: ClockOrigin, within: int = AGENT_WITHIN) -> bool:
        """No agent within `within` µs of the origin. A customer who hangs up sooner was not abandoned: their two seconds were
        not over."""
        limit = self.origin(origin) + within
        if self.agent_at is not None:
            return self.agent_at > limit
        return not (self.by_customer and self.ended_at is not None and self.ended_at <= limit)


@dataclass(frozen=True, slots=True)
class Counts:
    """Sums over settled rows."""

    persons: int = 0
    abandoned: tuple[int, int, int] = (0, 0, 0)  # by ORIGINS
    machines: int = 0  # flagged by the classifier and passed to nobody
    audited: int = 0
    falsely: int = 0  # of the audited, persons

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.persons + other.persons,
            (
                self.abandoned[0] + other.abandoned[0],
                self.abandoned[1] + other.abandoned[1],
                self.abandoned[2] + other.abandoned[2],
            ),
            self.machines + other.machines,
            self.audited + other.audited,
            self.falsely + other.falsely,
        )

    def __sub__(self, other: Counts) -> Counts:
        return self + Counts(
            -other.persons,
            (-other.abandoned[0], -other.abandoned[1], -other.abandoned[2]),
            -other.machines,
            -other.audited,
            -other.falsely,
        )


NOTHING: Final = Counts()


@dataclass(frozen=True, slots=True)
class Share:
    """A proportion with the interval it lies in (95 %)."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class AbandonmentFigures:
    """A campaign's window: abandoned ÷ answered by a person, by clock origin, plain and adjusted for false machines."""

    counts: Counts
    open: int = 0  # answered and not settled yet

    def abandoned(self, origin: ClockOrigin) -> int:
        return self.counts.abandoned[ORIGINS.index(origin)]

    def rate(self, origin: ClockOrigin) -> float:
        """Abandoned ÷ answered by a person; 0 where nobody answered."""
        return self.abandoned(origin) / self.counts.persons if self.counts.persons else 0.0

    @property
    def false_machines(self) -> Share:
        """The share of persons among those the classifier took for machines (Wilson's interval; nothing audited: 0 to 1)."""
        return wilson(self.counts.falsely, self.counts.audited)

    def adjusted_rate(self, origin: ClockOrigin) -> Share:
        """Persons taken for machines were hung up on: they are answered and abandoned. (abandoned + f·m) ÷ (persons + f·m)."""

        def rate(false_rate: float) -> float:
            false = false_rate * self.counts.machines
            answered = self.counts.persons + false
            return (self.abandoned(origin) + false) / answered if answered else 0.0

        f = self.false_machines
        return Share(rate(f.value), rate(f.low), rate(f.high))

    def budget_left(self, origin: ClockOrigin, limit: float) -> float:
        """How many more calls may be abandoned at once before the rate passes `limit`; negative: it has."""
        return limit * self.counts.persons - self.abandoned(origin)


NO_FIGURES: Final = AbandonmentFigures(NOTHING)


def wilson(hits: int, of: int) -> Share:
    """Wilson's score interval of a proportion (E. B. Wilson 1927), 95 %."""
    if not of:
        return Share(0.0, 0.0, 1.0)
    p, z2 = hits / of, _Z95 * _Z95
    centre = (p + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z95 / (1 + z2 / of) * math.sqrt(p * (1 - p) / of + z2 / (4 * of * of))
    return Share(p, max(0.0, centre - half), min(1.0, centre + half))


def counts_of(answer: Answer) -> Counts:
    """What one row adds to the sums; nothing until it is answered and settled."""
    if answer.connected_at is None or not answer.settled:
        return NOTHING
    machine = answer.detected_machine if answer.machine is None else answer.machine
    flagged = answer.detected_machine and answer.agent_at is None
    audited = answer.detected_machine and answer.audited
    if machine or (flagged and not answer.audited):
        return Counts(machines=int(flagged), audited=int(audited))
    if flagged:  # audited, and it was a person: the adjustment counts them among the machines' false share
        return Counts(machines=1, audited=1, falsely=1)
    left = tuple(int(answer.abandoned(origin)) for origin in ORIGINS)
    return Counts(1, (left[0], left[1], left[2]), audited=int(audited), falsely=int(audited))


def merged(answer: Answer, fact: AbandonmentFact) -> Answer:
    """A row with a fact taken in. Commutes and repeats without effect: the earliest time of each kind stays, a word once said
    stays said."""
    match fact:
        case AttemptAnswered():
            return replace(
                answer,
                connected_at=_earliest(answer.connected_at, fact.connected_at),
                greeting_began_at=_earliest(answer.greeting_began_at, fact.greeting_began_at),
                greeting_ended_at=_earliest(answer.greeting_ended_at, fact.greeting_ended_at),
                detected_machine=answer.detected_machine or fact.by in ("machine", "fax"),
            )
        case AttemptConnected():
            return replace(answer, agent_at=_earliest(answer.agent_at, fact.at))
        case AttemptEnded():
            return replace(
                answer,
                ended_at=_earliest(answer.ended_at, fact.at),
                by_customer=answer.by_customer or fact.reason == "hung_up_by_customer",
                detected_machine=answer.detected_machine or fact.outcome in ("machine", "fax"),
            )
        case WhoAnswered():
            return replace(answer, machine=fact.machine or bool(answer.machine), audited=answer.audited or fact.audited)
        case AttemptRang():
            return answer


@dataclass(slots=True)
class AbandonmentLedger:
    """One campaign's rows of the last 30 days (and what is kept longer for reports)."""

    campaign: str
    _answers: dict[str, Answer] = field(default_factory=dict[str, Answer])
    _order: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])  # (connected_at, attempt)
    _sums: list[Counts] = field(
        default_factory=lambda: [NOTHING]
    )  # _sums[i]: of the first i rows, as far as they are built
    _open: set[str] = field(default_factory=set[str])

    def absorb(self, fact: AbandonmentFact) -> None:
        """Take a fact in. Those of other campaigns are none of this ledger's."""
        if fact.campaign != self.campaign or isinstance(fact, AttemptRang):
            return
        before = self._answers.get(fact.attempt_id, Answer(fact.attempt_id))
        after = merged(before, fact)
        if after == before:
            return
        self._answers[fact.attempt_id] = after
        if after.connected_at is None:
            return
        if before.connected_at != after.connected_at:
            self._place(before, after.connected_at)
        self._stale_from(bisect_right(self._order, (after.connected_at, after.attempt_id)) - 1)
        (self._open.discard if after.settled else self._open.add)(after.attempt_id)

    def figures(self, now: int, within: int) -> AbandonmentFigures:
        """The figures of the window (now − within, now]."""
        self._build()
        first = bisect_right(self._order, (now - within, "\U0010ffff"))
        last = bisect_right(self._order, (now, "\U0010ffff"))
        return AbandonmentFigures(self._sums[last] - self._sums[first], self._open_within(now - within, now))

    def worst(
        self, ends: Iterable[int], within: int, rate: Callable[[AbandonmentFigures], float]
    ) -> tuple[int, AbandonmentFigures] | None:
        """At which of these moments the window that ends there had the highest rate, and its figures; None: no answers in any.

        The moments are ends of days: a window that ends at any moment whatever finds, the morning after a weekend, one call
        and, where it was abandoned, 100 %.
        """
        found = [(self.figures(at, within), at) for at in ends]
        answered = [(figures, at) for figures, at in found if figures.counts.persons or figures.counts.machines]
        if not answered:
            return None
        figures, at = max(answered, key=lambda pair: (rate(pair[0]), -pair[1]))
        return at, figures

    def forget(self, before: int) -> None:
        """Drop the rows answered before a time: they are in no window any more."""
        keep = bisect_right(self._order, (before, ""))
        for _, attempt in self._order[:keep]:
            del self._answers[attempt]
            self._open.discard(attempt)
        del self._order[:keep]
        self._sums = [NOTHING]

    def _place(self, before: Answer, at: int) -> None:
        if before.connected_at is not None:
            old = bisect_right(self._order, (before.connected_at, before.attempt_id)) - 1
            del self._order[old]
            self._stale_from(old)
        insort(self._order, (at, before.attempt_id))

    def _stale_from(self, place: int) -> None:
        del self._sums[place + 1 :]

    def _build(self) -> None:
        for _, attempt in self._order[len(self._sums) - 1 :]:
            self._sums.append(self._sums[-1] + counts_of(self._answers[attempt]))

    def _open_within(self, since: int, until: int) -> int:
        times = (self._answers[attempt].connected_at for attempt in self._open)
        return sum(at is not None and since < at <= until for at in times)


def folded(campaign: str, facts: Iterable[AbandonmentFact]) -> AbandonmentLedger:
    """The ledger of a campaign's facts, in whatever order."""
    ledger = AbandonmentLedger(campaign)
    for fact in facts:
        ledger.absorb(fact)
    return ledger


def _earliest(a: int | None, b: int | None) -> int | None:
    return b if a is None else a if b is None else min(a, b)
