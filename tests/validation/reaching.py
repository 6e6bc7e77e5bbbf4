"""When to try again, in a town of our own: people who are in at different hours, dialled by production's `recycle` under three policies.

    python -m tests.validation.reaching [people]

`a day later` tries at the same hour of the next day, `other part of the day` is what is done without any knowledge, `best time`
uses what the campaign itself has learned so far, from nothing. Told: how many were reached within six dials, and dials for each.
"""

from __future__ import annotations

import heapq
import sys
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from services.outbound.domain.answering import AnswerCell, AnswerChances
from services.outbound.domain.best_time import HOUR
from services.outbound.domain.outcomes import DialOutcome
from services.outbound.domain.records import DialRecord, ReachableNumber, RecordState
from services.outbound.domain.recycling import DEFAULT_RULES, RecycleRule, RecyclingPlan, recycle
from services.outbound.domain.windows import zone_of

Policy = Literal["a day later", "other part of the day", "best time"]
POLICIES: tuple[Policy, ...] = ("a day later", "other part of the day", "best time")
ZONE = "Asia/Shanghai"
DIALS = 6
BEGINS = 1_795_564_800 * 1_000_000
"""A Wednesday, 08:00 in Shanghai."""
KINDS = {"worker": 0.6, "at home": 0.3, "anybody": 0.1}
"""Kind → share. A worker answers 40 % in the evening and at weekends, 5 % otherwise; somebody at home 40 % before noon, 10 %
otherwise; anybody else 20 % always."""
A_DAY_LATER = {outcome: RecycleRule(24 * HOUR, rule.tries) for outcome, rule in DEFAULT_RULES.items()}


@dataclass(frozen=True)
class Reached:
    """What a policy did."""

    people: int
    reached: int
    dials: int

    @property
    def share(self) -> float:
        return self.reached / self.people

    @property
    def dials_each(self) -> float:
        return self.dials / max(self.reached, 1)


def answers(kind: str, cell: AnswerCell) -> float:
    if kind == "worker":
        return 0.4 if cell.hour >= 17 or cell.weekday >= 5 else 0.05
    if kind == "at home":
        return 0.4 if cell.hour < 12 else 0.1
    return 0.2


def town(people: int, policy: Policy, seed: int) -> Reached:
    """Everybody is dialled first at some hour of the first ten days, then as the policy says."""
    draw = np.random.default_rng(seed)
    zone = zone_of(ZONE)
    assert zone is not None
    kinds = draw.choice(list(KINDS), size=people, p=list(KINDS.values()))
    first = BEGINS + (draw.integers(10, size=people) * 24 + draw.integers(12, size=people)) * HOUR
    plan = RecyclingPlan(A_DAY_LATER if policy == "a day later" else DEFAULT_RULES, attempts=DIALS)
    known = AnswerChances()
    due = [(int(at), n) for n, at in enumerate(first)]
    heapq.heapify(due)
    numbers = (ReachableNumber("+8613800000000", "k", (ZONE,)), ReachableNumber("+8613800000001", "l", (ZONE,)))
    records = [DialRecord(str(n), "l", str(n), numbers, 0, RecordState.DIALLING) for n in range(people)]
    reached = dials = 0
    while due:
        at, n = heapq.heappop(due)
        record = replace(records[n], attempts=records[n].attempts + 1)
        cell = AnswerCell.at(at, zone, record.attempts)
        dials += 1
        spoken = bool(draw.random() < answers(str(kinds[n]), cell))
        outcome = DialOutcome.ANSWERED_PERSON if spoken else DialOutcome.NO_ANSWER
        known.observe(cell, outcome, at)
        reached += spoken
        then = recycle(record, outcome, at, plan, chances=known if policy == "best time" else None)
        outcomes = {**record.outcomes, outcome.value: record.outcomes.get(outcome.value, 0) + 1}
        records[n] = replace(record, outcomes=outcomes, number_index=then.number_index)
        if then.state is RecordState.RESTING and then.not_before is not None:
            heapq.heappush(due, (then.not_before, n))
    return Reached(people, reached, dials)


def main(people: int) -> None:
    print("| policy | reached | dials for each reached |\n|---|---:|---:|")
    for policy in POLICIES:
        runs = [town(people, policy, seed) for seed in range(3)]
        shares, each = [run.share for run in runs], [run.dials_each for run in runs]
        print(f"| {policy} | {np.mean(shares):.1%} ± {np.std(shares):.1%} | {np.mean(each):.2f} ± {np.std(each):.2f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_500)
