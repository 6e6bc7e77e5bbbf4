"""A real bank's call centre: fitted on two weeks of its record, the third week foretold hour by hour.

Known of the third week: when callers came, what about, and which half hours each agent worked (the roster). From the first
two weeks: how long conversations last, by kind of call; how long callers wait before they give up (Kaplan–Meier, by
priority); which kinds of call an agent takes; and one number no record shows, the pause an agent takes after a call, chosen
so that the first two weeks' share of abandoned calls comes out.

    python -m tests.validation.bank ../shared/data/anonymous_bank/calls_19990201_19990221.tsv
"""

from __future__ import annotations

import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from services.router.simulation.behaviour import DrawnBehaviour, Manners
from services.router.simulation.distributions import Empirical, Exponential
from services.router.simulation.kernel import Kernel
from services.router.simulation.people import People
from services.router.what_if.records.call_log import read_table
from services.router.what_if.records.calls import CallEnd, RecordedCall, Shift, agent_names, shifts_of
from services.router.what_if.records.mapping import load_map
from services.router.what_if.survival import Survival, kaplan_meier
from shared.contracts.contact_events import (
    AgentSignedIn,
    AgentSignedOut,
    ContactArrived,
    ContactEvent,
    ContactProfiled,
    Presence,
)
from shared.contracts.fields import SECOND, Channel, HeldSkill
from shared.contracts.routing_decisions import ContactClosed, ContactQueued, InteractionStarted

DAY, HOUR = 86_400 * SECOND, 3_600 * SECOND
WITHIN = 20
"""Service level: answered within so many seconds ÷ offered."""
SELDOM = 3
"""An agent who took fewer calls of a kind does not take that kind."""
FEW_LEFT = 30
"""Fewer departures than this make no patience curve of their own."""


@dataclass(frozen=True)
class Fit:
    """What the first two weeks say."""

    talk: Mapping[str, Empirical]  # by group
    patience: Mapping[str, Survival]  # by tier; "" for everybody
    takes: Mapping[str, Sequence[str]]  # agent → groups
    head_start: Mapping[str, int]
    pause: float = 0.0  # mean s after a call


@dataclass
class Hour:
    """What became of the calls that entered the queue in one hour."""

    offered: float = 0
    answered: float = 0
    abandoned: float = 0
    within: float = 0
    waited: float = 0  # s, of the answered

    @property
    def asa(self) -> float:
        return self.waited / self.answered if self.answered else 0.0

    @property
    def service_level(self) -> float:
        return self.within / self.offered if self.offered else 1.0

    @property
    def abandonment(self) -> float:
        return self.abandoned / self.offered if self.offered else 0.0


@dataclass(frozen=True)
class Forecast:
    """Recorded and foretold, by hour since the first."""

    recorded: Mapping[int, Hour]
    foretold: Mapping[int, Hour]
    replications: int = 1
    errors: dict[str, float] = field(default_factory=dict[str, float])


def read(path: Path) -> list[RecordedCall]:
    """Every call that entered the queue."""
    with path.open(encoding="utf-8", newline="") as lines:
        return [call for call in read_table(lines, load_map("anonymous-bank")).calls if call.offered]


def fit(calls: Sequence[RecordedCall]) -> Fit:
    """Everything but the pause."""
    talks: dict[str, list[float]] = defaultdict(list)
    waits: dict[str, list[tuple[int, bool]]] = defaultdict(list)
    takes: dict[str, Counter[str]] = defaultdict(Counter)
    for call in calls:
        left = call.end is CallEnd.ABANDONED
        for tier in ("", call.tier):
            waits[tier].append((call.waited_seconds * SECOND, left))
        if not left:
            talks[call.group].append(float(call.service_seconds))
            if call.agent is not None:
                takes[call.agent][call.group] += 1
    return Fit(
        talk={group: Empirical(tuple(seconds)) for group, seconds in talks.items()},
        patience={
            tier: kaplan_meier(seen) for tier, seen in waits.items() if sum(gone for _, gone in seen) >= FEW_LEFT
        },
        takes={agent: [g for g in sorted(seen) if seen[g] >= SELDOM] for agent, seen in takes.items()},
        head_start=load_map("anonymous-bank").head_start_seconds,
    )


def calibrated(known: Fit, calls: Sequence[RecordedCall], *, seed: int, rounds: int = 6) -> Fit:
    """With the pause under which these calls' abandonment comes out, by halving between none and two minutes."""
    wanted = _total(by_hour_recorded(calls)).abandonment
    low, high = 0.0, 120.0
    for _ in range(rounds):
        middle = (low + high) / 2
        tried = Fit(known.talk, known.patience, known.takes, known.head_start, middle)
        if _total(simulated(tried, calls, seed)).abandonment < wanted:
            low = middle
        else:
            high = middle
    return Fit(known.talk, known.patience, known.takes, known.head_start, (low + high) / 2)


def by_hour_recorded(calls: Sequence[RecordedCall]) -> dict[int, Hour]:
    hours: dict[int, Hour] = defaultdict(Hour)
    for call in calls:
        hour = hours[call.queued_at // HOUR]
        _count(hour, float(call.waited_seconds), call.end is CallEnd.SERVED)
    return hours


def _count(hour: Hour, waited: float, answered: bool) -> None:
    hour.offered += 1
    if answered:
        hour.answered += 1
        hour.waited += waited
        hour.within += waited <= WITHIN
    else:
        hour.abandoned += 1


class _Callers(DrawnBehaviour):
    """Patience by the caller's tier."""

    def __init__(self, seed: int, known: Fit) -> None:
        everybody = known.talk[max(known.talk, key=lambda group: len(known.talk[group].values))]
        pause = Exponential(known.pause).draw if known.pause > 0 else None
        manners = {group: Manners(talk.draw, None, pause) for group, talk in known.talk.items()}
        super().__init__(seed, {"": Manners(everybody.draw, None, pause), **manners})
        self._curves = known.patience
        self._chance = random.Random(f"{seed}:callers")

    def patience(self, queued: ContactQueued) -> int | None:
        super().patience(queued)
        return self._curves.get(queued.tier or "", self._curves[""]).draw(self._chance)


def simulated(known: Fit, calls: Sequence[RecordedCall], seed: int) -> dict[int, Hour]:
    """The same callers at the same times, the same roster; by hour of entry."""
    served = [call for call in calls if call.end is CallEnd.SERVED]
    begins = calls[0].queued_at // DAY * DAY
    kernel = Kernel(_policy(known, calls), begins)
    People(kernel, _Callers(seed, known))
    entered = {f"c{n}": call.queued_at for n, call in enumerate(calls)}
    hours: dict[int, Hour] = defaultdict(Hour)

    def hear(given: object, decisions: Sequence[object]) -> None:
        for decided in decisions:
            made = getattr(decided, "decision", None)
            if isinstance(made, InteractionStarted) and made.contact_id in entered:
                at = entered.pop(made.contact_id)
                _count(hours[at // HOUR], (made.at - at) / SECOND, True)
            elif isinstance(made, ContactClosed) and made.contact_id in entered:
                at = entered.pop(made.contact_id)
                _count(hours[at // HOUR], (made.at - at) / SECOND, False)

    kernel.listen(hear)
    kernel.follow(_arrivals(calls))
    _roster(kernel, shifts_of(served), known)
    kernel.run()
    return hours


def _arrivals(calls: Sequence[RecordedCall]) -> Iterator[tuple[int, ContactEvent, None]]:
    for n, call in enumerate(calls):
        at = call.queued_at
        yield at, ContactArrived(f"c{n}", Channel.PHONE, "bank", at, group=call.group), None
        yield at, ContactProfiled(f"c{n}", tier=call.tier), None


def _roster(kernel: Kernel, shifts: Sequence[Shift], known: Fit) -> None:
    names = agent_names(shifts)
    everything = sorted(known.talk)
    for shift in shifts:
        skills = tuple(HeldSkill(group, 5) for group in known.takes.get(shift.agent) or everything)
        agent, session = names[shift.agent], f"s{shift.begins // SECOND}"
        kernel.schedule(shift.begins, AgentSignedIn(agent, session, skills, presence=Presence.AVAILABLE))
        kernel.schedule(shift.ends, AgentSignedOut(agent, session))


def _policy(known: Fit, calls: Sequence[RecordedCall]) -> dict[str, object]:
    groups = sorted({call.group for call in calls} | set(known.talk))
    wrap_up = {"mode": "until_done" if known.pause > 0 else "none"}
    return {
        "enrichment_wait_ms": 150,
        "business_lines": {"bank": {"name": "bank", "default_group": groups[0]}},
        "skills": {group: {"name": group} for group in groups},
        "tiers": {tier: {"name": tier, "head_start_seconds": s} for tier, s in known.head_start.items()},
        "dispositions": {"done": {"name": "done"}},
        "capacity": {"phone": {"maximum": 1, "weight": 100}, "max_load": 100},
        "groups": {
            group: {
                "name": group,
                "business_line": "bank",
                "channels": ["phone"],
                "skills": [{"skill": group, "level": 1}],
                "targets": {"phone": WITHIN},
                "wrap_up": {"phone": wrap_up},
                "default_disposition": "done",
            }
            for group in groups
        },
    }


def foretell(known: Fit, calls: Sequence[RecordedCall], seeds: Sequence[int]) -> Forecast:
    """The mean over seeds beside the record, with the errors over hours, each weighing by its calls."""
    recorded = by_hour_recorded(calls)
    foretold: dict[int, Hour] = defaultdict(Hour)
    for seed in seeds:
        for at, hour in simulated(known, calls, seed).items():
            mean = foretold[at]
            for name in ("offered", "answered", "abandoned", "within", "waited"):
                setattr(mean, name, getattr(mean, name) + getattr(hour, name) / len(seeds))
    found = Forecast(recorded, foretold, len(seeds))
    offered = sum(hour.offered for hour in recorded.values())
    for figure in ("asa", "service_level", "abandonment"):
        wrong = sum(
            hour.offered * abs(getattr(hour, figure) - getattr(foretold[at], figure)) for at, hour in recorded.items()
        )
        found.errors[figure] = wrong / offered
    return found


def _total(hours: Mapping[int, Hour]) -> Hour:
    names = ("offered", "answered", "abandoned", "within", "waited")
    return Hour(*(sum(getattr(hour, name) for hour in hours.values()) for name in names))


def weeks(calls: Sequence[RecordedCall]) -> tuple[list[RecordedCall], list[RecordedCall]]:
    """The first fourteen days, and the rest."""
    third = calls[0].queued_at // DAY * DAY + 14 * DAY
    return [call for call in calls if call.queued_at < third], [call for call in calls if call.queued_at >= third]


def tell(found: Forecast) -> str:
    """Week and hours of the day, recorded beside foretold, and the errors."""
    recorded, foretold = _total(found.recorded), _total(found.foretold)
    lines = [f"{'':>8} {'calls':>6} {'ASA s':>15} {'level %':>15} {'abandoned %':>15}   recorded / foretold"]
    rows = [("week", recorded, foretold)]
    for hour in range(24):
        both = [
            _total({at: h for at, h in of.items() if (at + 2) % 24 == hour}) for of in (found.recorded, found.foretold)
        ]
        if both[0].offered >= 50:
            rows.append((f"{hour:02}:00", both[0], both[1]))
    for name, a, b in rows:
        lines.append(
            f"{name:>8} {a.offered:6.0f} {a.asa:7.1f}/{b.asa:7.1f} {100 * a.service_level:7.1f}/{100 * b.service_level:7.1f} "
            f"{100 * a.abandonment:7.1f}/{100 * b.abandonment:7.1f}"
        )
    e = found.errors
    lines.append(
        f"mean absolute error by hour, weighed by calls: ASA {e['asa']:.1f} s, service level {100 * e['service_level']:.1f} "
        f"points, abandonment {100 * e['abandonment']:.1f} points ({found.replications} replications)"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    before, after = weeks(read(Path(sys.argv[1])))
    known = calibrated(fit(before), before, seed=1)
    print(
        f"{len(before)} calls fitted, pause {known.pause:.0f} s, median patience {(known.patience[''].median() or 0) / SECOND:.0f} s"
    )
    print(tell(foretell(known, before, range(2, 5))))
    print(tell(foretell(known, after, range(2, 12))))
