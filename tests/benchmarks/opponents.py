"""How others pick an agent and a caller, ported from their documented behaviour to be measured on the same input.

Both answer two questions for one centre: a contact came, which agent? an agent came free, which contact?
The rules are the same throughout: required skills at their levels, longest idle agent, longest waiting contact.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(slots=True)
class BenchAgent:
    agent_id: str
    skills: dict[str, int]
    idle_since: int | None  # None: busy


@dataclass(slots=True)
class BenchContact:
    contact_id: str
    group: str
    requirement: tuple[tuple[str, int], ...]
    due_at: int


@dataclass(slots=True)
class _Member:
    agent: BenchAgent
    penalty: int
    calls: int
    lastcall: int
    paused: bool
    in_use: bool


@dataclass(slots=True)
class _Attempt:
    member: _Member
    metric: int
    still_going: bool = True


class AppQueue:
    """Asterisk app_queue: a queue per group with its own members (agents are members of every queue they serve).

    Each waiting caller asks `is_our_turn` (how many members are available against its position). `try_calling` then makes
    an attempt for *every* member with a metric (`calc_metric`, strategy leastrecent: 0 without a last call, else
    `1000000 - (now - lastcall)`, plus penalty * 1000000); `ring_one` takes the best attempt (`find_best`, a walk over all)
    and, where the member turns out to be in use, marks it and looks for the next best, until one rings. A freed member is
    noticed by the queues' waiting callers in order.
    """

    def __init__(
        self,
        agents: Iterable[BenchAgent],
        contacts: Iterable[BenchContact],
        groups: dict[str, tuple[tuple[str, int], ...]],
    ) -> None:
        everyone = list(agents)
        self.members = {a.agent_id: _Member(a, 0, 0, a.idle_since or 0, False, a.idle_since is None) for a in everyone}
        self.queues: dict[str, list[_Member]] = {
            group: [self.members[a.agent_id] for a in everyone if all(a.skills.get(s, 0) >= n for s, n in needs)]
            for group, needs in groups.items()
        }
        self.entries: dict[str, list[BenchContact]] = {group: [] for group in groups}
        for contact in contacts:
            self.entries[contact.group].append(contact)
        self.queues_of: dict[str, list[str]] = {a.agent_id: [] for a in everyone}
        for group, members in self.queues.items():
            for member in members:
                self.queues_of[member.agent.agent_id].append(group)

    def _available(self, group: str) -> int:
        return sum(not member.paused and not member.in_use for member in self.queues[group])

    def _try_calling(self, group: str, now: int) -> _Member | None:
        outgoing = [
            _Attempt(m, (1_000_000 - (now - m.lastcall) if m.lastcall else 0) + m.penalty * 1_000_000)
            for m in self.queues[group]
        ]
        while True:
            best: _Attempt | None = None
            for attempt in outgoing:
                if attempt.still_going and (best is None or attempt.metric < best.metric):
                    best = attempt
            if best is None:
                return None
            if not best.member.paused and not best.member.in_use:
                return best.member
            best.still_going = False

    def contact_came(self, contact: BenchContact, now: int) -> str | None:
        entries = self.entries[contact.group]
        entries.append(contact)
        if self._available(contact.group) <= len(entries) - 1:
            return None
        member = self._try_calling(contact.group, now)
        if member is None:
            return None
        entries.pop()
        member.in_use = True
        return member.agent.agent_id

    def agent_came_free(self, agent_id: str, now: int) -> str | None:
        member = self.members[agent_id]
        member.in_use, member.lastcall = False, now
        for group in self.queues_of[agent_id]:
            entries = self.entries[group]
            for position, contact in enumerate(entries):
                if self._available(group) <= position:  # is_our_turn
                    break
                chosen = self._try_calling(group, now)
                if chosen is not None:
                    del entries[position]
                    chosen.in_use = True
                    return contact.contact_id
        return None


class ModCallcenter:
    """FreeSWITCH mod_callcenter: members, agents and tiers are tables of SQLite, and every round asks them anew.

    `cc_agent_dispatch_thread_run` selects the waiting members, highest score first (seconds waited plus a base score);
    `members_callback` selects for each the agents of its queue in the strategy's order (longest-idle-agent: tier level,
    then `last_bridge_end`), and `agents_callback` passes over the rows that may not be offered now (state, `ready_time`)
    until one may. The real thread does so every 100 ms; here a round runs only when something has happened.
    """

    def __init__(
        self,
        agents: Iterable[BenchAgent],
        contacts: Iterable[BenchContact],
        groups: dict[str, tuple[tuple[str, int], ...]],
    ) -> None:
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        self.db.executescript(
            """CREATE TABLE agents (name TEXT, system TEXT, status TEXT, state TEXT, last_bridge_end INTEGER, ready_time INTEGER);
               CREATE TABLE tiers (queue TEXT, agent TEXT, state TEXT, level INTEGER, position INTEGER);
               CREATE TABLE members (queue TEXT, uuid TEXT, joined_epoch INTEGER, base_score INTEGER, state TEXT, serving_agent TEXT);
               CREATE INDEX tiers_agent ON tiers (agent); CREATE INDEX tiers_queue ON tiers (queue);
               CREATE UNIQUE INDEX agents_name ON agents (name); CREATE UNIQUE INDEX members_uuid ON members (uuid);"""
        )
        everyone = list(agents)
        self.db.executemany(
            "INSERT INTO agents VALUES (?, 'single_box', 'Available', ?, ?, 0)",
            [
                (a.agent_id, "In a queue call" if a.idle_since is None else "Waiting", a.idle_since or 0)
                for a in everyone
            ],
        )
        self.db.executemany(
            "INSERT INTO tiers VALUES (?, ?, 'Ready', 1, 1)",
            [
                (group, a.agent_id)
                for group, needs in groups.items()
                for a in everyone
                if all(a.skills.get(s, 0) >= n for s, n in needs)
            ],
        )
        for contact in contacts:
            self._join(contact)

    def _join(self, contact: BenchContact) -> None:
        self.db.execute(
            "INSERT INTO members VALUES (?, ?, ?, 0, 'Waiting', '')",
            (contact.group, contact.contact_id, contact.due_at),
        )

    def _dispatch(self, now: int) -> tuple[str, str] | None:
        members = self.db.execute(
            "SELECT queue, uuid, (? - joined_epoch) + base_score AS score FROM members WHERE state = 'Waiting' ORDER BY score DESC",
            (now,),
        ).fetchall()
        for queue, uuid, _score in members:
            for name, state, ready in self.db.execute(
                "SELECT agents.name, agents.state, agents.ready_time FROM agents LEFT JOIN tiers ON (agents.name = tiers.agent) "
                "WHERE tiers.queue = ? AND agents.status IN ('Available', 'On Break', 'Available (On Demand)') "
                "ORDER BY tiers.level, agents.last_bridge_end, tiers.position",
                (queue,),
            ):
                if state != "Waiting" or ready > now:
                    continue
                self.db.execute("UPDATE agents SET state = 'Receiving' WHERE name = ?", (name,))
                self.db.execute("DELETE FROM members WHERE uuid = ?", (uuid,))
                return uuid, name
        return None

    def contact_came(self, contact: BenchContact, now: int) -> str | None:
        self._join(contact)
        offered = self._dispatch(now)
        return offered[1] if offered else None

    def agent_came_free(self, agent_id: str, now: int) -> str | None:
        self.db.execute("UPDATE agents SET state = 'Waiting', last_bridge_end = ? WHERE name = ?", (now, agent_id))
        offered = self._dispatch(now)
        return offered[0] if offered else None
