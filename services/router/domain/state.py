"""The state of one partition: a few records per pool, remembered ids, and indexes that can be thrown away.

Facts are what a snapshot stores and a hash covers; indexes and timers follow from them.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

from services.router.domain.agents import Agent, Worn
from services.router.domain.contacts import Contact
from services.router.domain.hours import Opening
from services.router.domain.inputs import HoursExpanded, Intervals, PolicyInForce, TimerDue
from services.router.domain.policy.document import parse_policy
from services.router.domain.policy.model import Policy
from services.router.domain.queues import Queues
from services.router.domain.ratings import Rateable
from services.router.domain.reserve import NO_RESERVE, InboundLevel, InboundReserve, inbound_of
from services.router.domain.timers import TimerQueue, agent_timers, contact_timers, group_timers, pool_timers
from shared.contracts.routing_decisions import ContactEnd
from shared.contracts.wire import adapter

REMEMBERED_FOR = 86_400_000_000
"""How long event ids and ended contacts are remembered, µs (24 h)."""


class PoolState:
    """One agent pool: its policy, agents, live contacts and what it remembers."""

    def __init__(self, tenant: str, pool: str) -> None:
        self.tenant = tenant
        self.pool = pool
        self.in_force: PolicyInForce | None = None
        self.policy: Policy | None = None
        self.hours: Mapping[str, Intervals] = {}  # calendar → when it is open, known up to hours_until (µs)
        self.hours_until = 0
        self.openings: dict[str, Opening] = {}  # group → how it stands; a group not in it is open
        self.agents: dict[str, Agent] = {}
        self.contacts: dict[str, Contact] = {}
        self.events: OrderedDict[str, int] = OrderedDict()  # event id → when heard
        self.ended: OrderedDict[str, tuple[int, ContactEnd]] = OrderedDict()  # contact id → when and how closed
        self.ratings: OrderedDict[str, Rateable] = OrderedDict()  # contact id → whom its customer may rate
        self.worn: OrderedDict[str, Worn] = OrderedDict()  # what agents who signed out were exposed to
        self.level: InboundLevel | None = None  # how inbound was served lately, where agents are kept free for it
        self.terms_kept_before: int | None = None  # who entered a group until then keeps what they entered with
        self.queues: Queues | None = None  # None until a policy is in force

    @property
    def policy_version(self) -> int:
        """0 while no policy is in force."""
        return self.in_force.version if self.in_force else 0

    def put_in_force(self, fact: PolicyInForce) -> None:
        """A policy replaces the one before; indexes are built anew under it."""
        self.in_force = replace(fact, hours={}, hours_until=0, waiting="apply")  # hours are facts of the pool
        self.policy = parse_policy(fact.policy)
        self.hours, self.hours_until = fact.hours, fact.hours_until
        self.rebuild_queues()

    def expand_hours(self, fact: HoursExpanded) -> None:
        """Hours further into the future than known so far."""
        self.hours, self.hours_until = fact.hours, fact.until

    def rebuild_queues(self) -> None:
        if self.policy is not None:
            self.queues = Queues(self.agents, self.contacts, self.policy.capacity, inbound_of(self.policy))

    def reserve(self) -> InboundReserve:
        """Who is kept from outbound work just now."""
        rule = None if self.policy is None else self.policy.blending
        if rule is None or self.queues is None:
            return NO_RESERVE
        held = self.level is not None and self.level.held
        return InboundReserve(self.queues.inbound, self.queues.idle_for_inbound() > rule.reserve_agents and not held)

    def forget(self, now: int) -> None:
        """Drops what is older than a day."""
        horizon = now - REMEMBERED_FOR
        while self.events and next(iter(self.events.values())) <= horizon:
            self.events.popitem(last=False)
        while self.worn and next(iter(self.worn.values())).is_forgotten(horizon):
            self.worn.popitem(last=False)
        while self.ended and next(iter(self.ended.values()))[0] <= horizon:
            self.ended.popitem(last=False)
        while self.ratings and next(iter(self.ratings.values())).closed_at <= horizon:
            self.ratings.popitem(last=False)


class PartitionState:
    """All pools of one partition, with the last position and time folded."""

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.position = -1
        self.now = 0
        self.pools: dict[tuple[str, str], PoolState] = {}
        self.timers = TimerQueue()

    @classmethod
    def empty(cls, partition: int) -> PartitionState:
        return cls(partition)

    def pool(self, tenant: str, pool: str) -> PoolState | None:
        return self.pools.get((tenant, pool))

    def next_timer(self) -> int | None:
        """When the first timer is due, µs."""
        first = self._first_timer()
        return None if first is None else first[2].due

    def due_timer(self, now: int) -> tuple[str, str, TimerDue] | None:
        """The first timer due at `now` (tenant, pool, fact), in an order that never varies."""
        first = self._first_timer()
        return first if first is not None and first[2].due <= now else None

    def overdue(self, tenant: str, pool: str, now: int) -> list[TimerDue]:
        """The pool's live timers due at `now`, in no order."""
        found = self.pools.get((tenant, pool))
        if found is None:
            return []
        due = self.timers.due(now)
        return [timer for whose, where, timer in due if (whose, where) == (tenant, pool) and self.is_live(found, timer)]

    def _first_timer(self) -> tuple[str, str, TimerDue] | None:
        while (first := self.timers.first()) is not None:
            tenant, pool, timer = first
            found = self.pools.get((tenant, pool))
            if found is not None and self.is_live(found, timer):
                return first
            self.timers.drop_first()
        return None

    @staticmethod
    def is_live(pool: PoolState, timer: TimerDue) -> bool:
        """Whether the facts still ask for this timer."""
        contact = pool.contacts.get(timer.subject)
        if contact is not None and timer in contact_timers(contact):
            return True
        agent = pool.agents.get(timer.subject)
        if agent is not None and timer in agent_timers(agent):
            return True
        if timer in pool_timers(pool.pool, pool.level, pool.policy):
            return True
        opening = pool.openings.get(timer.subject)
        return opening is not None and timer in group_timers(timer.subject, opening)

    def facts(self) -> dict[str, object]:
        """Everything that is not derived, as JSON values."""
        return {
            "partition": self.partition,
            "position": self.position,
            "now": self.now,
            "pools": [_pool_facts(self.pools[key]) for key in sorted(self.pools)],
        }

    def hash(self) -> str:
        """SHA-256 of the canonical JSON of the facts."""
        digest = hashlib.sha256()
        for piece in self.canonical():
            digest.update(piece.encode())
        return digest.hexdigest()

    def canonical(self) -> Iterator[str]:
        """The canonical JSON of the facts in pieces of about a record, for those who cannot stand still for the whole of it."""
        yield f'{{"now":{self.now},"partition":{self.partition},"pools":['
        for n, key in enumerate(sorted(self.pools)):
            yield "," if n else ""
            yield from _canonical_pool(self.pools[key])
        yield f'],"position":{self.position}}}'

    @classmethod
    def from_facts(cls, facts: Mapping[str, object]) -> PartitionState:
        """The state a snapshot holds; indexes and timers are rebuilt."""
        state = cls(_whole(facts["partition"]))
        state.position = _whole(facts["position"])
        state.now = _whole(facts["now"])
        for item in cast("list[dict[str, Any]]", facts["pools"]):
            pool = _pool_from(item)
            state.pools[pool.tenant, pool.pool] = pool
            for contact in pool.contacts.values():
                state.timers.add(pool.tenant, pool.pool, contact_timers(contact))
            for agent in pool.agents.values():
                state.timers.add(pool.tenant, pool.pool, agent_timers(agent))
            state.timers.add(pool.tenant, pool.pool, pool_timers(pool.pool, pool.level, pool.policy))
            for group, opening in pool.openings.items():
                state.timers.add(pool.tenant, pool.pool, group_timers(group, opening))
        return state


def _whole(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"expected an integer in the facts, found {type(value).__name__}")
    return value


LATER_FIELDS: Mapping[type[object], tuple[str, ...]] = {
    Agent: ("consulting", "parked", "wearing", "exposure", "rest_until", "rest_why", "pause"),
    Contact: (
        "self_service",
        "consultation",
        "held_since",
        "chat",
        "site",
        "site_until",
        "colleagues",
        "deposit",
        "deferral",
        "callback",
        "callback_offered",
        "visited",
        "overflow_at",
        "unstaffed_since",
        "unstaffed_until",
        "steps",
        "step",
        "reached",
        "let_in",
        "severity",
        "spares_until",
        "spares_nobody",
        "outbound",
        "answered_until",
        "outside",
    ),
}
"""Left out of the facts while empty, so that a snapshot taken before they existed keeps its hash."""


LATER_CONSULTATION_FIELDS = ("joined", "takes_over")
"""The same of a consultation within a contact."""
LATER_CALLBACK_FIELDS = ("attempt", "agent_id", "unknown")
"""And of a callback."""


def _record_facts(record: Agent | Contact) -> dict[str, Any]:
    facts: dict[str, Any] = adapter(type(record)).dump_python(record, mode="json")
    for name in LATER_FIELDS[type(record)]:
        if not facts[name]:
            del facts[name]
    if isinstance(record, Contact) and not record.head_start.supervisor:
        del facts["head_start"]["supervisor"]
    if isinstance(record, Contact) and record.callback is not None:
        for name in LATER_CALLBACK_FIELDS:
            if facts["callback"][name] is None:
                del facts["callback"][name]
    if isinstance(record, Contact) and record.consultation is not None:
        for name in LATER_CONSULTATION_FIELDS:
            if not facts["consultation"][name]:
                del facts["consultation"][name]
    return facts


def _policy_facts(fact: PolicyInForce) -> dict[str, object]:
    return {"version": fact.version, "hash": fact.hash, "policy": fact.policy}


def _opening_facts(pool: PoolState) -> dict[str, object]:
    if not pool.openings:
        return {}
    return {"openings": {key: adapter(Opening).dump_python(pool.openings[key]) for key in sorted(pool.openings)}}


def _fairness_facts(pool: PoolState) -> dict[str, object]:
    """What was promised to those who waited before a policy; left out while there is nothing of it."""
    kept: dict[str, object] = {}
    if pool.terms_kept_before is not None:
        kept["terms_kept_before"] = pool.terms_kept_before
    if pool.level is not None:
        kept["level"] = adapter(InboundLevel).dump_python(pool.level, mode="json")
    if not pool.worn:
        return kept
    return {**kept, "worn": [[key, adapter(Worn).dump_python(worn, mode="json")] for key, worn in pool.worn.items()]}


_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def _canonical_pool(pool: PoolState) -> Iterator[str]:
    records: dict[str, Mapping[str, Agent | Contact]] = {"agents": pool.agents, "contacts": pool.contacts}
    rest = _facts_beside_records(pool)
    for n, name in enumerate(sorted([*rest, *records])):
        yield f'{"," if n else "{"}"{name}":'
        if name in rest:
            yield _canonical(rest[name])
            continue
        for m, key in enumerate(sorted(records[name])):
            yield f"{',' if m else '['}{_canonical(_record_facts(records[name][key]))}"
        yield "]" if records[name] else "[]"
    yield "}"


def _pool_facts(pool: PoolState) -> dict[str, object]:
    return {
        **_facts_beside_records(pool),
        "agents": [_record_facts(pool.agents[key]) for key in sorted(pool.agents)],
        "contacts": [_record_facts(pool.contacts[key]) for key in sorted(pool.contacts)],
    }


def _facts_beside_records(pool: PoolState) -> dict[str, object]:
    hours: dict[str, object] = {}
    if pool.hours_until:
        hours = {"hours": {name: pool.hours[name] for name in sorted(pool.hours)}, "hours_until": pool.hours_until}
    ratings: dict[str, object] = {}
    if pool.ratings:
        rated = adapter(Rateable)
        ratings = {"ratings": [[key, rated.dump_python(over, mode="json")] for key, over in pool.ratings.items()]}
    return {
        "tenant": pool.tenant,
        "pool": pool.pool,
        "policy": None if pool.in_force is None else _policy_facts(pool.in_force),
        **hours,
        **ratings,
        **_opening_facts(pool),
        **_fairness_facts(pool),
        "events": [[heard, event_id] for event_id, heard in pool.events.items()],
        "ended": [[at, contact_id, str(end)] for contact_id, (at, end) in pool.ended.items()],
    }


def _pool_from(facts: Mapping[str, Any]) -> PoolState:
    pool = PoolState(facts["tenant"], facts["pool"])
    for group, opening in facts.get("openings", {}).items():
        pool.openings[group] = adapter(Opening).validate_python(opening)
    for item in facts["agents"]:
        agent: Agent = adapter(Agent).validate_python(item)
        pool.agents[agent.agent_id] = agent
    for item in facts["contacts"]:
        contact: Contact = adapter(Contact).validate_python(item)
        pool.contacts[contact.contact_id] = contact
    pool.events.update((event_id, heard) for heard, event_id in facts["events"])
    pool.ended.update((contact_id, (at, ContactEnd(end))) for at, contact_id, end in facts["ended"])
    for contact_id, item in facts.get("ratings", ()):
        over: Rateable = adapter(Rateable).validate_python(item)
        pool.ratings[contact_id] = over
    pool.terms_kept_before = facts.get("terms_kept_before")
    if facts.get("level") is not None:
        pool.level = adapter(InboundLevel).validate_python(facts["level"])
    for agent_id, item in facts.get("worn", ()):
        worn: Worn = adapter(Worn).validate_python(item)
        pool.worn[agent_id] = worn
    if facts["policy"] is not None:
        fact: PolicyInForce = adapter(PolicyInForce).validate_python(facts["policy"])
        hours = adapter(HoursExpanded).validate_python(
            {"hours": facts.get("hours", {}), "until": facts.get("hours_until", 0)}
        )
        pool.put_in_force(replace(fact, hours=hours.hours, hours_until=hours.until))
    return pool
