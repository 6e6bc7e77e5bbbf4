"""A centre that lives through policy changes, crashes and recoveries, its journal held against the invariants row by row.

The journal is what a router would have written: text of each input and of its decisions. A crash throws the state away; it
comes back from the last snapshot and the rows since, or from the first row on, and must have the hash it had. The auditor hears
every row and never the state.

    python -m tests.validation.month --agents 500 --days 30
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from services.router.auditing.auditor import Auditor, AuditReport
from services.router.domain.core import (
    Decided,
    Input,
    PartitionState,
    PolicyInForce,
    apply,
    decisions_from_json,
    decisions_to_json,
    input_from_json,
    input_to_json,
)
from services.router.journal import Row
from services.router.simulation.distributions import Exponential, Gamma, Lognormal
from services.router.simulation.rehearsal import Rehearsal
from services.router.simulation.scenario import Break, Manner, Profile, Retrial, Scenario, Shift, Stream, Team, Weekday
from shared.contracts.fields import SECOND, Channel

HOUR = 3_600
LETTING = (10, 10, 10, 10, 12, 20, 45, 90, 140, 175, 180, 150, 120, 135, 160, 150, 130, 110, 80, 60, 45, 30, 20, 12)
REPAIRS = (14, 12, 10, 10, 12, 18, 30, 50, 60, 60, 55, 50, 45, 50, 55, 55, 50, 50, 55, 50, 40, 30, 22, 18)


def centre(agents: int, hours: float) -> Scenario:
    """Three kinds of contacts on two channels for `agents` agents in three shifts; about 85 % busy at the peak."""
    scale = agents / 45
    weekdays = {Weekday.SAT: 0.7, Weekday.SUN: 0.5}

    def profile(hourly: Sequence[int], share: float = 1.0) -> Profile:
        return Profile(HOUR, tuple(scale * share * n for n in hourly), factors=weekdays)

    retries = Retrial(0.4, Exponential(300), 2)
    streams = (
        Stream("letting", "letting", profile(LETTING), Lognormal.of(170, 140), Exponential(25), Exponential(240),
               tiers=(("gold", 0.1),), retrial=retries),
        Stream("repairs", "repairs", profile(REPAIRS), Gamma(230, 2), Exponential(30), Exponential(300)),
        Stream("web", "letting", profile(LETTING, 0.3), Lognormal.of(300, 200), None, Exponential(400), Channel.WEB),
    )  # fmt: skip

    def team(name: str, share: float, skills: tuple[tuple[str, int], ...], begins: int) -> Team:
        rest = Break((begins + 4) % 24 * HOUR, 1_800, "lunch")
        shift = Shift(begins * HOUR, (begins + 9) % 24 * HOUR, breaks=() if begins + 4 >= 24 else (rest,))
        return Team(name, max(1, round(agents * share)), skills, (shift,))

    teams = (
        team("early", 0.35, (("letting", 5), ("repairs", 3)), 6),
        team("day", 0.35, (("letting", 7),), 9),
        team("late", 0.2, (("letting", 4), ("repairs", 6)), 14),
        team("night", 0.1, (("letting", 3), ("repairs", 3)), 22),
    )
    manner = Manner(answer=Lognormal.of(3, 2), missed_share=0.01)
    return Scenario("a month", streams, teams, hours, manner=manner)


@dataclass
class Lived:
    """What a run left: the audit, how often it crashed, what changed."""

    report: AuditReport
    crashes: int
    policies: int
    inputs: int


@dataclass
class _Journal:
    """Rows heard by the auditor; kept only since the last snapshot (and all of them when `whole`)."""

    whole: bool
    auditor: Auditor = field(default_factory=lambda: Auditor(0))
    rows: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    sequence: int = 1
    snapshot: str | None = None

    def write(self, given: Input, decisions: Sequence[Decided]) -> None:
        facts, decided = input_to_json(given), decisions_to_json(tuple(decisions))
        self.rows.append((facts, decided))
        count = len(decisions)
        self.auditor.feed(
            Row(given.position, 1, given.now, given.tenant, given.pool, self.sequence, count, facts, decided)
        )
        self.sequence += count

    def recovered(self) -> PartitionState:
        """As a router recovers: the last snapshot, if there is one, and the rows since."""
        state = (
            PartitionState.empty(0) if self.snapshot is None else PartitionState.from_facts(json.loads(self.snapshot))
        )
        for given, decisions in self.rows:
            apply(state, input_from_json(given), decisions_from_json(decisions))
        return state

    def take_snapshot(self, state: PartitionState) -> None:
        if not self.whole:
            self.snapshot = json.dumps(state.facts())
            self.rows.clear()


def live(
    scenario: Scenario,
    seed: int,
    *,
    crashes: int,
    policies: int,
    whole: bool = False,
    told: Callable[[str], object] = lambda _: None,
) -> Lived:
    """Run the scenario through `crashes` crashes and `policies` changes of policy at random moments.

    `told` hears where the run is. `whole`: every recovery folds from the first row on, as with no snapshot at all. Raises
    AssertionError where a recovered state differs.
    """
    chance = random.Random(f"{seed}:fate")
    rehearsal = Rehearsal(scenario, seed)
    kernel, journal = rehearsal.kernel, _Journal(whole)
    kernel.state.position = 0  # a journal begins with position 1
    kernel.listen(journal.write)
    ends = round(scenario.hours * HOUR * SECOND)
    fates = [(chance.randrange(ends), "crash") for _ in range(crashes)]
    fates += [(chance.randrange(ends), "policy") for _ in range(policies)]
    version = 1
    for at, fate in sorted(fates):
        kernel.run(until=at)
        if fate == "policy":
            version += 1
            kernel.schedule(at, PolicyInForce(version, f"{version:064d}", _changed(scenario, chance)))
            kernel.run(until=at)
        else:
            before = kernel.state.hash()
            state = journal.recovered()
            assert state.hash() == before, f"the state recovered after position {kernel.state.position} differs"
            assert state.next_timer() == kernel.state.next_timer()
            kernel.state = state
            journal.take_snapshot(state)
        told(f"{at / SECOND / HOUR / 24:.1f} days, {kernel.inputs:,} inputs, then a {fate}")
    rehearsal.run()
    report = journal.auditor.close(final_hash=kernel.state.hash())
    return Lived(report, crashes, policies, kernel.inputs)


def _changed(scenario: Scenario, chance: random.Random) -> dict[str, object]:
    """The rules with something a manager changes: targets, order of agents, head start, wrap-up, skills asked for."""
    rules = json.loads(json.dumps(scenario.rules))
    rules["tiers"]["gold"]["head_start_seconds"] = chance.choice([0, 30, 120])
    for group in rules["groups"].values():
        group["targets"] = {channel: chance.choice([10, 20, 60]) for channel in group["targets"]}
        group["strategy"] = chance.choice(["longest_idle", "least_occupied", "fewest_handled", "best_proficiency"])
        group["skills"][0]["level"] = chance.choice([1, 1, 3])
        if chance.random() < 0.5:
            group["wrap_up"]["phone"] = {"mode": "timed", "seconds": chance.choice([10, 40])}
    return rules


def small() -> Scenario:
    """Six hours of twelve agents, for every test run."""
    return replace(centre(12, 6), begins=8 * HOUR)


def month(agents: int = 500, days: float = 30) -> Scenario:
    return centre(agents, days * 24)


if __name__ == "__main__":
    asked = argparse.ArgumentParser(
        description="A month of a centre with crashes and policy changes, audited row by row."
    )
    asked.add_argument("--agents", type=int, default=500)
    asked.add_argument("--days", type=float, default=30)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    started = time.monotonic()
    found = live(
        month(given.agents, given.days), given.seed, crashes=round(2 * given.days) + 2, policies=round(given.days) + 2,
        told=lambda where: print(f"{time.monotonic() - started:.0f} s: {where}", file=sys.stderr),
    )  # fmt: skip
    counts = ", ".join(f"{number:,} {what}" for what, number in sorted(found.report.counts.items()))
    print(f"{given.agents} agents, {given.days:g} days in {time.monotonic() - started:.0f} s; {found.crashes} crashes, "
          f"{found.policies} changes of policy; {counts}")  # fmt: skip
    print("clean" if found.report.clean else "\n".join(map(str, found.report.findings[:20])))
    sys.exit(0 if found.report.clean else 1)
