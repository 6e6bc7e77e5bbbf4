"""A call record as something that can be run: arrivals, who was there, patience and service, and a policy to begin with.

An agent holds what the groups they served ask for. A call record knows no delay of an answer and no breaks: agents are there
when it says so (or in the half hours they served), at work or away while somebody waited for them in vain (`absences`), and
answer at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.router.domain.core import PolicyInForce
from services.router.domain.policy.model import Policy
from services.router.what_if.record import AWAY, ContactRecord, Heard, Reaction, Record, Turn
from services.router.what_if.records.absences import Unseen, unseen_work
from services.router.what_if.records.calls import (
    HALF_HOUR,
    CallEnd,
    LogUnreadable,
    RecordedCall,
    Shift,
    agent_names,
    shifts_of,
)
from shared.contracts.contact_events import (
    AgentSignedIn,
    AgentSignedOut,
    ContactAbandoned,
    ContactArrived,
    ContactEnded,
    ContactProfiled,
    Presence,
    PresenceChanged,
)
from shared.contracts.fields import SECOND, Channel, HeldSkill

TENANT, POOL = "call-record", "main"
LINE = "recorded"
SERVED_AT_LEAST = 3
"""An agent who served a group this often in the record is taken to be able to."""


@dataclass(frozen=True, slots=True)
class Replayable:
    """The calls of a record that queued, with who was there. Agents have ids of ours; keys are row numbers."""

    calls: Sequence[RecordedCall]
    shifts: Sequence[Shift]
    time_zone: str
    answer_within_seconds: int = 20
    head_start_seconds: Mapping[str, int] = field(default_factory=dict[str, int])  # of tiers, as the mapping says

    @property
    def groups(self) -> Sequence[str]:
        return sorted({call.group for call in self.calls})

    @property
    def tiers(self) -> Sequence[str]:
        return sorted({call.tier for call in self.calls})


def replayable(
    calls: Sequence[RecordedCall],
    shifts: Sequence[Shift],
    time_zone: str,
    answer_within_seconds: int = 20,
    head_start_seconds: Mapping[str, int] | None = None,
) -> Replayable:
    """Nameless: agents become `agent-01` …, calls `call-00001` …, customers nobody. Raises LogUnreadable without calls or agents."""
    queued = [call for call in calls if call.offered]
    if not queued:
        raise LogUnreadable("no call of the record entered a queue")
    there = shifts or shifts_of([call for call in queued if call.end is CallEnd.SERVED])
    if not there:
        raise LogUnreadable("the record names no agent who served a call: who was there is not known")
    ids = agent_names(there)
    nameless = [
        RecordedCall(
            f"call-{number:05d}", None, call.group, call.tier, call.queued_at, call.waited_seconds, call.end,
            call.served_at, call.service_seconds, None if call.agent is None else ids.get(call.agent),
        )
        for number, call in enumerate(queued, 1)
    ]  # fmt: skip
    ours = [Shift(ids[shift.agent], shift.begins, shift.ends) for shift in there]
    return Replayable(nameless, ours, time_zone, answer_within_seconds, head_start_seconds or {})


def to_json(day: Replayable) -> dict[str, Any]:
    """What is kept of an uploaded record."""
    return {
        "time_zone": day.time_zone,
        "answer_within_seconds": day.answer_within_seconds,
        "head_start_seconds": dict(day.head_start_seconds),
        "calls": [
            [c.key, c.group, c.tier, c.queued_at, c.waited_seconds, str(c.end), c.service_seconds, c.agent]
            for c in day.calls
        ],
        "shifts": [[s.agent, s.begins, s.ends] for s in day.shifts],
    }


def from_json(kept: Mapping[str, Any]) -> Replayable:
    """The record as it was kept."""
    calls = [
        RecordedCall(key, None, group, tier, at, waited, CallEnd(end), at + waited * SECOND, service, agent)
        for key, group, tier, at, waited, end, service, agent in kept["calls"]
    ]
    shifts = [Shift(*each) for each in kept["shifts"]]
    return Replayable(calls, shifts, kept["time_zone"], kept["answer_within_seconds"], kept["head_start_seconds"])


def as_record(day: Replayable, policy: PolicyInForce, *asked: Policy) -> Record:
    """The record under a policy that serves its groups; a group the policy does not know goes to its line's default group.

    `asked`: every policy it is to be run under, the one it begins with first: agents hold what any of them asks.
    """
    begins = min(day.calls[0].queued_at, min(shift.begins for shift in day.shifts)) // HALF_HOUR * HALF_HOUR
    ends = max(*(shift.ends for shift in day.shifts), *(_over(call) for call in day.calls)) + 1
    record = Record(TENANT, POOL, begins, ends)
    groups = served_groups(day)
    unseen = unseen_work(day.calls, day.shifts, groups)
    record.timeline = [
        Heard(begins, policy),
        *sorted([*_staff(day, asked, groups, unseen), *_arrivals(day, asked[0])], key=lambda heard: heard.at),
    ]
    for call in day.calls:
        record.contacts[call.key] = contact = ContactRecord(Channel.PHONE, call.group)
        gave_up = call.end is CallEnd.ABANDONED
        waited = max(1, call.waited_seconds * SECOND)
        leaving = [Reaction(waited, ContactAbandoned(call.key))] if gave_up else []
        contact.waits[0] = Turn(leaving, waited, gave_up)
        if not gave_up:
            lasted = max(1, call.service_seconds * SECOND) + unseen.after_calls.get(call.key, 0)
            contact.talks.append(Turn([Reaction(lasted, ContactEnded(call.key, "customer"))], lasted, True, call.agent))
            record.samples.talks.setdefault(contact.kind, []).append(lasted)
        record.samples.patience.setdefault(contact.kind, []).append((waited, gave_up))
    record.away = {agent: [(begins, ends - begins) for begins, ends in spans] for agent, spans in unseen.away.items()}
    record.samples.assumed_answer = 0
    record.samples.connections = {("", ""): [0]}
    return record


def _over(call: RecordedCall) -> int:
    return call.served_at + call.service_seconds * SECOND


def _staff(
    day: Replayable, asked: Sequence[Policy], groups: Mapping[str, Sequence[str]], unseen: Unseen
) -> Iterable[Heard]:
    for number, shift in enumerate(day.shifts):
        skills = _skills(groups.get(shift.agent, ()), asked)
        session = f"shift-{number}"
        yield Heard(
            shift.begins, AgentSignedIn(shift.agent, session, skills, presence=Presence.AVAILABLE), f"in-{session}"
        )
        yield Heard(shift.ends, AgentSignedOut(shift.agent, session), f"out-{session}")
    for agent, spans in unseen.away.items():
        for number, (begins, _) in enumerate(spans):
            yield Heard(begins, PresenceChanged(agent, Presence.NOT_READY, AWAY), f"away-{agent}-{number}")


def served_groups(day: Replayable) -> Mapping[str, Sequence[str]]:
    """Agent → groups they served often enough; else the one they served most."""
    served: dict[str, Counter[str]] = {}
    for call in day.calls:
        if call.agent is not None and call.end is CallEnd.SERVED:
            served.setdefault(call.agent, Counter())[call.group] += 1
    often = {agent: [g for g, calls in sorted(n.items()) if calls >= SERVED_AT_LEAST] for agent, n in served.items()}
    return {agent: often[agent] or [served[agent].most_common(1)[0][0]] for agent in served}


def _skills(groups: Sequence[str], asked: Sequence[Policy]) -> tuple[HeldSkill, ...]:
    """What the groups an agent serves ask for."""
    held: dict[str, int] = {}
    for policy in asked:
        for group in (policy.groups[name] for name in groups if name in policy.groups):
            for need in group.skills:
                held[need.skill] = max(need.level, held.get(need.skill, 0))
    return tuple(HeldSkill(skill, held[skill]) for skill in sorted(held))


def _arrivals(day: Replayable, policy: Policy) -> Iterable[Heard]:
    first_line = min(policy.business_lines)
    for call in day.calls:
        group = policy.groups.get(call.group)
        line = group.business_line if group else first_line
        arrival = ContactArrived(call.key, Channel.PHONE, line, call.queued_at, group=call.group)
        yield Heard(call.queued_at, arrival, f"arrival-{call.key}")
        yield Heard(call.queued_at + 1, ContactProfiled(call.key, tier=call.tier), f"profile-{call.key}")


def starting_policy(day: Replayable) -> dict[str, Any]:
    """A policy for the record: a group a queue, each with a skill of its own which those who served it hold; no wrap-up."""
    return {
        "time_zone": day.time_zone,
        "enrichment_wait_ms": 150,
        "preferred_wait_seconds": 0,
        "business_lines": {LINE: {"name": {"zh": "话务记录", "en": "call record"}, "default_group": day.groups[0]}},
        "skills": {group: {"name": group} for group in day.groups},
        "tiers": {
            tier: {"name": tier, "head_start_seconds": day.head_start_seconds.get(tier, 0)} for tier in day.tiers
        },
        "capacity": {"phone": {"maximum": 1, "weight": 100}, "max_load": 100},
        "groups": {
            group: {
                "name": group,
                "business_line": LINE,
                "channels": ["phone"],
                "skills": [{"skill": group, "level": 1}],
                "targets": {"phone": day.answer_within_seconds},
                "offer_timeout_seconds": {"phone": 20},
                "auto_accept": True,
                "wrap_up": {"phone": {"mode": "none"}},
            }
            for group in day.groups
        },
    }
