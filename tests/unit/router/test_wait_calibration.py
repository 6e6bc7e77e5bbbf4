"""Quoted waits are kept as often as they say: nine in ten within the P90, judged in time order on waits no quote had seen.

Rule 12's tolerance: 85 to 95 % of waits under the quoted P90. The settings of `waits` were chosen on the first two weeks of
the Anonymous Bank's record; here the third one judges, and a simulated day whose queues come and go.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from services.router.domain.contacts import Contact, ContactPhase
from services.router.domain.core import Decided, Input, PoolState
from services.router.domain.waits import Waits
from services.router.simulation.behaviour import DrawnBehaviour, Manners
from services.router.simulation.kernel import POOL, TENANT, Kernel
from services.router.simulation.people import People
from services.router.what_if.records.call_log import read_day
from services.router.what_if.records.calls import CallEnd, RecordedCall
from services.router.what_if.records.mapping import load_map
from shared.contracts.contact_events import AgentSignedIn, ContactArrived, Presence
from shared.contracts.fields import SECOND, Channel, HeldSkill, SkillLevel
from shared.contracts.routing_decisions import ContactAssigned, ContactClosed, ContactEnd, RoutingDecision
from tests.unit.router.simulation.small_centre import policy, sign_in

BANK = Path(__file__).resolve().parents[4] / "shared/data/anonymous_bank/calls_19990201_19990221.tsv"
AGES = (0, 30, 60, 120)
"""Seconds after which a caller who still waits asks again."""


class Judge:
    """Asks for a quote as callers do, and counts how many of those answered were within it."""

    def __init__(self) -> None:
        self.waits = Waits()
        self.open: dict[
            str, list[tuple[int, int, int, int]]
        ] = {}  # contact → (asked at, percent, quoted seconds, step)
        self.on_step: Counter[tuple[int, int, bool]] = Counter()  # step, percent, within
        self.foretold: dict[str, tuple[bool | None, int | None, int | None]] = {}
        self.newcomers: Counter[tuple[bool | None, int, bool]] = Counter()  # behind others, percent, within
        self.asked = 0
        self.quoted: Counter[int] = Counter()
        self.answered: Counter[int] = Counter()
        self.within: Counter[int] = Counter()

    def ask(self, contact: Contact, now: int) -> None:
        self.asked += 1
        place = self.waits.place(contact, now)
        assert place is not None
        for percent, seconds in ((50, place.p50_seconds), (90, place.p90_seconds)):
            if seconds is not None:
                self.quoted[percent] += 1
                self.open.setdefault(contact.contact_id, []).append((now, percent, seconds, contact.step))

    def comes(self, contact: Contact, pool: PoolState, now: int) -> None:
        """What was quoted to a newcomer just before this one came; judged once they are answered."""
        for each in self.waits.prospects(pool, now):
            if (each.group, each.channel) == (contact.group, contact.channel) and each.p90_seconds is not None:
                self.foretold[contact.contact_id] = (each.waiting > 0, each.p50_seconds, each.p90_seconds)

    def came_true(self, assigned: ContactAssigned) -> None:
        behind, p50, p90 = self.foretold.pop(assigned.contact_id, (None, None, None))
        for percent, seconds in ((50, p50), (90, p90)):
            if seconds is not None:
                self.newcomers[behind, percent, assigned.waited <= seconds * SECOND] += 1

    def share_of_newcomers(self, behind: bool, percent: int) -> float:
        within, beyond = (self.newcomers[behind, percent, held] for held in (True, False))
        return within / (within + beyond)

    def settle(self, contact_id: str, answered_at: int | None) -> None:
        for asked_at, percent, seconds, step in self.open.pop(contact_id, ()):
            if answered_at is not None:
                kept = answered_at - asked_at <= seconds * SECOND
                self.answered[percent] += 1
                self.within[percent] += kept
                self.on_step[step, percent, kept] += 1

    def share(self, percent: int) -> float:
        return self.within[percent] / self.answered[percent]


# ---- a recorded centre


def _moments(calls: Iterable[RecordedCall]) -> list[tuple[int, int, str, RecordedCall]]:
    """What happened to those who waited, in time order; of one instant, ends before questions."""
    found: list[tuple[int, int, str, RecordedCall]] = []
    for call in calls:
        if call.offered:
            found.append((call.served_at if call.end is CallEnd.SERVED else call.queued_at, 0, "answered", call))
            if call.waited_seconds:
                found[-1] = (call.queued_at + call.waited_seconds * SECOND, 0, "left", call)
                found.append((call.queued_at, 1, "came", call))
                found += [(call.queued_at + age * SECOND, 2, "asks", call) for age in AGES if age < call.waited_seconds]
    return sorted(found, key=lambda moment: moment[:2])


def _day(judge: Judge, calls: Sequence[RecordedCall]) -> None:
    pool = PoolState("bank", "main")
    for at, _, what, call in _moments(calls):
        if what == "came":
            contact = Contact(
                call.key, Channel.PHONE, "bank", at, at, ContactPhase.QUEUED,
                group=call.group, entered_group_at=at, due_at=at,
            )  # fmt: skip
            pool.contacts[call.key] = contact
            judge.waits.heard(pool, at, [_touch(call, at)])
        elif what == "asks":
            judge.ask(pool.contacts[call.key], at)
        else:
            pool.contacts.pop(call.key, None)
            served = call.end is CallEnd.SERVED
            judge.waits.heard(pool, at, [_assigned(call, at) if served else _touch(call, at)])
            judge.settle(call.key, at if served else None)


def _assigned(call: RecordedCall, at: int) -> RoutingDecision:
    return ContactAssigned(call.key, "a", "o", "i", Channel.PHONE, call.group, at, call.waited_seconds * SECOND)


def _touch(call: RecordedCall, at: int) -> RoutingDecision:
    return ContactClosed(call.key, ContactEnd.ABANDONED_IN_QUEUE, at, Channel.PHONE, "bank", "customer")


def test_on_the_banks_third_week_nine_in_ten_are_answered_within_the_p90() -> None:
    if not BANK.exists():
        pytest.skip("the folder of public data is not beside the repository")
    preset = load_map("anonymous-bank")
    learning, judge = Judge(), Judge()
    by_day: dict[str, tuple[float, int]] = {}
    for day in range(1, 22):
        if day == 15:
            judge.waits = learning.waits
        sitting = learning if day < 15 else judge
        before = (sitting.within[90], sitting.answered[90])
        _day(sitting, read_day(BANK, preset, f"9902{day:02d}"))
        answered = sitting.answered[90] - before[1]
        by_day[f"{day:02d}"] = ((sitting.within[90] - before[0]) / max(1, answered), answered)
    print(
        f"week 3: {judge.share(90):.3f} within P90, {judge.share(50):.3f} within P50 of {judge.answered[90]} answered; "
        f"quoted {judge.quoted[90]} of {judge.asked}; of busy days {min(s for s, n in by_day.values() if n > 500):.3f} or more"
    )
    assert judge.answered[90] > 5_000
    assert 0.85 <= judge.share(90) <= 0.95
    assert 0.40 <= judge.share(50) <= 0.60
    busy = {day: share for day, (share, answered) in by_day.items() if answered >= 500 and int(day) >= 15}
    assert busy
    assert all(0.84 <= share <= 0.95 for share in busy.values()), busy
    assert judge.quoted[90] / judge.asked > 0.7, "unknown is allowed, but not as a rule"


# ---- a simulated one

PROFILE = (40, 90, 150, 170, 130, 110, 140, 160, 120, 60)
"""Calls in each of ten hours. Seven agents manage about 130 an hour: queues build up towards each peak and drain after it."""


def _in_steps() -> dict[str, Any]:
    """Experts first; after 30 s who knows it half, after 90 s everybody, and Cantonese is no longer asked for."""
    relaxation = [
        {"after_seconds": 30, "lower": {"calls": 4, "yue": 1}},
        {"after_seconds": 90, "lower": {"calls": 1}, "drop": ["yue"]},
    ]
    document = policy(relaxation=relaxation)
    document["skills"]["yue"] = {"name": "yue"}
    document["groups"]["calls"]["skills"] = [{"skill": "calls", "level": 8}]
    return document


CANTONESE = (SkillLevel("yue", 3),)
STAFF_IN_STEPS: Sequence[Mapping[str, int]] = (
    *2 * ({"calls": 9, "yue": 5},), *2 * ({"calls": 9},), {"calls": 5, "yue": 2}, {"calls": 5}, {"calls": 2},
)  # fmt: skip


def _simulated_day(seed: int, *, in_steps: bool = False) -> Judge:
    """`in_steps`: under a policy that relaxes, three in ten callers asking for Cantonese."""
    kernel = Kernel(_in_steps() if in_steps else policy(), start=0)
    chance = random.Random(seed)
    People(
        kernel,
        DrawnBehaviour(
            seed,
            {
                "": Manners(
                    talk=lambda r: r.lognormvariate(4.784, 0.953),
                    patience=lambda r: r.expovariate(1 / 300),
                )
            },
        ),
    )
    for n, levels in enumerate(STAFF_IN_STEPS):
        if in_steps:
            held = tuple(HeldSkill(skill, level) for skill, level in levels.items())
            kernel.schedule(0, AgentSignedIn(f"a{n:02d}", "s", held, presence=Presence.AVAILABLE))
        else:
            sign_in(kernel, f"a{n:02d}")
    at = 0.0
    for hour, calls in enumerate(PROFILE):
        while (at := at + chance.expovariate(calls / 3_600)) < (hour + 1) * 3_600:
            arrived = int(at * SECOND)
            needs = CANTONESE if in_steps and chance.random() < 0.3 else ()
            came = ContactArrived(f"c{arrived}", Channel.PHONE, "line", arrived, group="calls", needs=needs)
            kernel.schedule(arrived, came)
        at = (hour + 1) * 3_600
    judge = Judge()

    def heard(given: Input, decisions: Sequence[Decided]) -> None:
        pool = kernel.state.pools[TENANT, POOL]
        told = [decided.decision for decided in decisions]
        if isinstance(given.fact, ContactArrived) and given.fact.contact_id in pool.contacts:
            judge.comes(pool.contacts[given.fact.contact_id], pool, given.now)
        judge.waits.heard(pool, given.now, told)
        for decision in told:
            if isinstance(decision, ContactAssigned):
                judge.came_true(decision)
                judge.settle(decision.contact_id, given.now)
            elif isinstance(decision, ContactClosed):
                judge.settle(decision.contact_id, None)
        if isinstance(given.fact, ContactArrived):
            for age in AGES:
                kernel.call(given.now + age * SECOND, lambda contact_id=given.fact.contact_id: asks(contact_id))

    def asks(contact_id: str) -> None:
        contact = kernel.state.pools[TENANT, POOL].contacts.get(contact_id)
        if contact is not None and contact.phase is ContactPhase.QUEUED:
            judge.ask(contact, kernel.now)

    kernel.listen(heard)
    kernel.run(until=(len(PROFILE) + 1) * 3_600 * SECOND)
    return judge


def test_on_simulated_days_nine_in_ten_are_answered_within_the_p90() -> None:
    days = [_simulated_day(seed) for seed in range(1, 6)]
    answered = sum(day.answered[90] for day in days)
    shares = {p: sum(day.within[p] for day in days) / sum(day.answered[p] for day in days) for p in (50, 90)}
    print(f"{shares[90]:.3f} within P90, {shares[50]:.3f} within P50 of {answered} answered")
    assert answered > 1_000
    assert 0.85 <= shares[90] <= 0.95
    assert 0.40 <= shares[50] <= 0.60


def test_nine_in_ten_newcomers_are_answered_within_the_p90_whether_others_wait_or_not() -> None:
    together = Judge()
    for seed in range(1, 4):
        together.newcomers.update(_simulated_day(seed).newcomers)
    for behind in (True, False):
        assert 0.85 <= together.share_of_newcomers(behind, 90) <= 0.95, behind
    assert 0.40 <= together.share_of_newcomers(behind=True, percent=50) <= 0.60
    assert together.newcomers.total() > 3_000


def test_on_every_step_of_relaxation_nine_in_ten_are_answered_within_the_p90() -> None:
    together = Judge()
    for seed in range(1, 6):
        together.on_step.update(_simulated_day(seed, in_steps=True).on_step)
    for step in (0, 1, 2):
        within, beyond = (together.on_step[step, 90, kept] for kept in (True, False))
        print(f"step {step}: {within / (within + beyond):.3f} within P90 of {within + beyond} answered")
        assert within + beyond > 500
        assert 0.85 <= within / (within + beyond) <= 0.95
