"""One replication of a scenario: its customers come, its agents keep their shifts, the core decides.

outcome = Rehearsal(scenario, seed=1).run()
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from services.router.domain.core import Decided, Input, PolicyInForce, parse_policy
from services.router.policy.calendars import expand
from services.router.simulation.arrivals import arrival_times
from services.router.simulation.behaviour import DrawnBehaviour, Manners, microseconds
from services.router.simulation.kernel import Kernel
from services.router.simulation.people import People
from services.router.simulation.scenario import DAY, WEEK, Scenario, Shift, Stream
from services.router.simulation.tally import ABANDONED, Outcome, Tally
from shared.contracts.contact_events import (
    AgentSignedIn,
    AgentSignedOut,
    ContactArrived,
    ContactProfiled,
    Presence,
    PresenceChanged,
)
from shared.contracts.fields import SECOND, HeldSkill
from shared.contracts.routing_decisions import ContactClosed

SETTLES = 4 * 3600
"""Seconds the last contacts are given to come to an end after the last arrival."""


class Rehearsal:
    """Builds and runs one replication. `kernel` and `tally` may be listened to or looked at before and after `run`."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.scenario = scenario
        self.kernel = Kernel(_in_force(scenario), 0)
        self.tally = Tally(severity=_severity(scenario.rules), counts_from=scenario.warm_up * SECOND)
        self.kernel.listen(self.tally.hear)
        self.kernel.listen(self._hear)
        People(self.kernel, _behaviour(scenario, seed))
        self._seed = seed
        self._count = 0
        self._in_system: dict[str, tuple[Stream, int]] = {}  # contact → its stream, which attempt of the caller it is
        self._retrials = random.Random(f"{seed}:retrials")
        for name in _agents(scenario):
            self._roster(*name)
        for stream in scenario.streams:
            self._open(stream)

    def run(self) -> Outcome:
        """The whole length, then until the last contact is over (or `SETTLES`); agents' time counts to the length's end."""
        ends = round(self.scenario.hours * 3600 * SECOND)
        self.kernel.run(until=ends)
        outcome = self.tally.outcome(until=ends)
        if self._in_system:
            times = {name: (agent.busy, agent.available) for name, agent in outcome.agents.items()}
            self.kernel.run(until=ends + SETTLES * SECOND)
            outcome = self.tally.outcome()
            for name, (busy, available) in times.items():
                outcome.agents[name].busy, outcome.agents[name].available = busy, available
        return outcome

    # ---- customers

    def _open(self, stream: Stream) -> None:
        """Its arrivals, each scheduled when the one before has come."""
        scenario = self.scenario
        chance = random.Random(f"{self._seed}:{stream.name}:arrivals")
        tiers = random.Random(f"{self._seed}:{stream.name}:tiers")
        times = arrival_times(stream.arrivals, chance, scenario.begins, scenario.hours * 3600, scenario.first_weekday)

        def expect() -> None:
            at = next(times, None)
            if at is not None:
                self.kernel.call(round(at * SECOND), come)

        def come() -> None:
            self._arrive(stream, _tier(stream, tiers), 1)
            expect()

        expect()

    def _arrive(self, stream: Stream, tier: str | None, attempt: int) -> None:
        if self.scenario.lines is not None and len(self._in_system) >= self.scenario.lines:
            if self.kernel.now >= self.scenario.warm_up * SECOND:
                self.tally.blocked += 1
            return
        self._count += 1
        contact_id, kernel = f"{stream.name}-{self._count}", self.kernel
        self._in_system[contact_id] = (stream, attempt)
        kernel.schedule(
            kernel.now, ContactArrived(contact_id, stream.channel, "simulated", kernel.now, group=stream.group)
        )
        if stream.tiers:
            kernel.schedule(kernel.now, ContactProfiled(contact_id, tier=tier))

    def _hear(self, given: Input, decisions: Sequence[Decided]) -> None:
        for decided in decisions:
            if isinstance(decided.decision, ContactClosed):
                self._leave(decided.decision)

    def _leave(self, closed: ContactClosed) -> None:
        known = self._in_system.pop(closed.contact_id, None)
        if known is None:
            return
        stream, attempt = known
        retrial = stream.retrial
        if retrial is None or closed.end not in ABANDONED or attempt > retrial.at_most:
            return
        if self._retrials.random() < retrial.share:
            after = microseconds(retrial.after.draw(self._retrials))
            self.kernel.call(self.kernel.now + after, lambda: self._arrive(stream, None, attempt + 1))

    # ---- agents

    def _roster(self, agent_id: str, skills: tuple[HeldSkill, ...], shifts: tuple[Shift, ...]) -> None:
        if not shifts:
            self.kernel.schedule(0, AgentSignedIn(agent_id, "s", skills, presence=Presence.AVAILABLE))
        for shift in shifts:
            self.kernel.follow(self._presences(agent_id, skills, shift))

    def _presences(
        self, agent_id: str, skills: tuple[HeldSkill, ...], shift: Shift
    ) -> Iterator[tuple[int, AgentSignedIn | AgentSignedOut | PresenceChanged, None]]:
        """What the agent says of themselves, day by day, in order of time."""
        scenario = self.scenario
        first = WEEK.index(scenario.first_weekday)
        for day in range(-1, int((scenario.begins + scenario.hours * 3600) // DAY) + 1):
            if WEEK[(first + day) % 7] not in shift.weekdays:
                continue
            midnight = (day * DAY - scenario.begins) * SECOND
            begins, ends = midnight + shift.begins * SECOND, midnight + (shift.begins + shift.lasts) * SECOND
            if ends <= 0:
                continue
            session = f"{day}-{shift.begins}"  # a sign-out ends its own session, not the shift that begins just then
            yield max(0, begins), AgentSignedIn(agent_id, session, skills, presence=Presence.AVAILABLE), None
            for pause in shift.breaks:
                leaves = midnight + pause.begins * SECOND
                if leaves >= max(0, begins):
                    yield leaves, PresenceChanged(agent_id, Presence.NOT_READY, pause.reason), None
                    yield leaves + pause.lasts * SECOND, PresenceChanged(agent_id, Presence.AVAILABLE), None
            yield ends, AgentSignedOut(agent_id, session), None


def _in_force(scenario: Scenario) -> PolicyInForce:
    """The rules with when their calendars are open. Every week is like any other: no holidays, no single days, one time zone."""
    policy = parse_policy(scenario.rules)
    monday = 4 * DAY * SECOND  # 5 January 1970
    begins = monday + (WEEK.index(scenario.first_weekday) * DAY + scenario.begins) * SECOND
    days = math.ceil((scenario.hours * 3600 + SETTLES) / DAY) + 1
    hours = {
        name: tuple(
            (opens - begins, closes - begins)
            for opens, closes in expand(replace(calendar, time_zone="UTC", holidays=None, exceptions={}), begins, days)
        )
        for name, calendar in policy.calendars.items()
    }
    return PolicyInForce(1, f"{1:064d}", scenario.rules, hours, (days + 1) * DAY * SECOND if hours else 0)


def _agents(scenario: Scenario) -> Iterator[tuple[str, tuple[HeldSkill, ...], tuple[Shift, ...]]]:
    for team in scenario.teams:
        skills = tuple(HeldSkill(skill, level) for skill, level in team.skills)
        for n in range(1, team.count + 1):
            yield f"{team.name}-{n:04}", skills, team.shifts


def _behaviour(scenario: Scenario, seed: int) -> DrawnBehaviour:
    manners = {
        stream.group: Manners(
            stream.talk.draw,
            None if stream.patience is None else stream.patience.draw,
            None if stream.wrap_up is None else stream.wrap_up.draw,
        )
        for stream in reversed(scenario.streams)
    }
    manners[""] = manners[scenario.streams[0].group]
    manner = scenario.manner
    return DrawnBehaviour(
        seed,
        manners,
        accept=manner.answer.draw,
        miss_share=manner.missed_share,
        connect_after=manner.connect.draw,
        back_after=manner.back_after_missed.draw,
    )


def _tier(stream: Stream, chance: random.Random) -> str | None:
    if not stream.tiers:
        return None
    drawn = chance.random()
    for tier, share in stream.tiers:
        if drawn < share:
            return tier
        drawn -= share
    return None


def _severity(rules: object) -> dict[str, int]:
    """Group → how wearing its work is, of a policy document."""
    groups = rules.get("groups") if isinstance(rules, dict) else None
    if not isinstance(groups, dict):
        return {}
    found = {str(group): body.get("severity") for group, body in groups.items() if isinstance(body, dict)}
    return {group: severity for group, severity in found.items() if isinstance(severity, int) and severity > 0}
