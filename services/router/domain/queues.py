"""The indexes of selection: per requirement, heaps of waiting contacts and of idle agents.

A *lane* is one requirement: a channel with the skills asked for. Entries are never searched for: a change
gives the contact or agent a new version and pushes anew, and an entry with an old version is dropped when
it comes to the top (lazy deletion; a heap more than half stale is rebuilt). Nothing here is a fact: the
indexes are rebuilt from the records and only answer faster what `eligible` and the rankings define.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from heapq import heapify, heappop, heappush

from services.router.domain.agents import Agent
from services.router.domain.by_group import ByGroup
from services.router.domain.contacts import Contact
from services.router.domain.eligibility import channels_with_room, eligible
from services.router.domain.memberships import AGENT, OUTBOUND, Way
from services.router.domain.ordering import AgentKey, agent_key
from services.router.domain.policy.model import Capacity, Strategy
from services.router.domain.relaxation import ways_of_step
from services.router.domain.reserve import NO_RESERVE, InboundReserve, serves_inbound
from shared.contracts.fields import Channel

Requirement = tuple[Channel, Way]
AgentRank = tuple[int, AgentKey]  # way to the contact, the agent's key on it
WaitingEntry = tuple[int, str, int]  # (due − head start, contact id, version)
IdleEntry = tuple[int | str, ...]  # (*agent key ending in the id, version)

SLACK = 64
"""Stale entries a small heap may hold before it is rebuilt."""
LANES_KEPT = 2_000
"""Requirements indexed at most while nobody waits for them."""


class Lane:
    """One requirement: who waits with it and who, idle, meets it."""

    __slots__ = ("channel", "idle", "needed", "outbound", "staffed", "waiting", "waiting_count", "watchers")

    def __init__(self, channel: Channel, needed: Way) -> None:
        self.channel = channel
        self.needed = needed
        self.waiting: list[WaitingEntry] = []
        self.waiting_count = 0
        self.idle: dict[tuple[Strategy, bool], list[IdleEntry]] = {}  # of outbound work apart: who could serve inbound
        self.outbound = needed[-1:] == (OUTBOUND,)
        self.staffed = 0  # signed-in agents who could match
        self.watchers: dict[str, None] = {}  # contacts whose relaxation depends on somebody being staffed for it

    @property
    def is_needed(self) -> bool:
        return bool(self.waiting_count or self.watchers)


class Queues:
    """Selection over the live records `agents` and `contacts` of one pool under one capacity rule."""

    def __init__(
        self,
        agents: Mapping[str, Agent],
        contacts: Mapping[str, Contact],
        capacity: Capacity,
        inbound: tuple[Requirement, ...] = (),
    ) -> None:
        """`inbound`: what inbound groups ask for, where agents are kept free for them."""
        self.inbound = inbound
        self._inbound_agents: dict[str, None] = {}  # who could serve inbound
        self._kept: dict[str, None] = {}  # of those, who is idle
        self._agents = agents
        self._contacts = contacts
        self.capacity = capacity
        self._lanes: dict[Requirement, Lane] = {}
        self._lanes_asking: dict[str, list[Lane]] = {}  # first skill asked for ("" for none) → lanes
        self._lanes_of: dict[str, list[Lane]] = {}  # agent → lanes whose requirement the agent meets
        self._idle: dict[str, tuple[int, tuple[Channel, ...]]] = {}  # agent → version, channels with room
        self._fit: dict[str, bool] = {}  # agent → fitness the lanes were found with
        self._waiting: dict[str, tuple[int, tuple[Lane, ...]]] = {}  # contact → version, lanes
        self._watching: dict[str, tuple[Lane, ...]] = {}  # contact → lanes of the steps it may still take
        self._held_for: dict[str, dict[str, None]] = {}  # agent → contacts held for that agent
        self._holders: dict[str, tuple[str, ...]] = {}  # contact → agents it is held for
        self._served = tuple(channel for channel, limit in capacity.channels.items() if limit.maximum > 0)
        self.by_group = ByGroup()
        self._version = 0
        for agent in agents.values():
            self.agent_changed(agent)
        for contact in contacts.values():
            self.contact_queued(contact)

    # ---- upkeep

    def lane(self, channel: Channel, needed: Way) -> Lane:
        """The lane of a requirement; a new one is built once from the signed-in agents."""
        found = self._lanes.get((channel, needed))
        if found is None:
            if len(self._lanes) >= LANES_KEPT:
                self._drop_empty_lanes()
            found = self._lanes[channel, needed] = Lane(channel, needed)
            self._lanes_asking.setdefault(_first_skill(needed), []).append(found)
            for agent_id in self._candidates(needed):
                if self._agents[agent_id].could_match(channel, needed, self.capacity):
                    self._lanes_of[agent_id].append(found)
                    found.staffed += 1
        return found

    def _candidates(self, needed: Way) -> Iterable[str]:
        """Agents among whom those who meet a requirement are; of one that names a person, only they."""
        first = _first_skill(needed)
        if first.startswith(AGENT):
            named = first.removeprefix(AGENT)
            return (named,) if named in self._lanes_of else ()
        return tuple(self._lanes_of)

    def agent_changed(self, agent: Agent) -> None:
        """Sign-in, skills or capacity: which requirements the agent meets is computed anew."""
        for lane in self._lanes_of.get(agent.agent_id, ()):
            lane.staffed -= 1
        lanes = self._lanes_met_by(agent)
        for lane in lanes:
            lane.staffed += 1
        self._lanes_of[agent.agent_id] = lanes
        self._fit[agent.agent_id] = agent.is_fit
        self._inbound_agents.pop(agent.agent_id, None)
        if self.inbound and serves_inbound(agent, self.inbound, self.capacity):
            self._inbound_agents[agent.agent_id] = None
        self._index_room(agent)

    def agent_gone(self, agent_id: str) -> None:
        """The agent signed out."""
        for lane in self._lanes_of.pop(agent_id, ()):
            lane.staffed -= 1
        self._idle.pop(agent_id, None)
        self._fit.pop(agent_id, None)
        self._inbound_agents.pop(agent_id, None)
        self._kept.pop(agent_id, None)

    def agent_freed(self, agent: Agent) -> None:
        """The agent's work or presence changed: indexed for the channels with room, or for none."""
        if self._fit.get(agent.agent_id) is not agent.is_fit:
            self.agent_changed(agent)
        else:
            self._index_room(agent)

    def _index_room(self, agent: Agent) -> None:
        self._kept.pop(agent.agent_id, None)
        if agent.agent_id in self._inbound_agents and agent.takes_offers and not agent.loads():
            self._kept[agent.agent_id] = None
        room = self.room(agent)
        if not room:
            self._idle.pop(agent.agent_id, None)
            return
        self._version += 1
        version = self._version
        self._idle[agent.agent_id] = (version, room)
        for lane in self._lanes_of[agent.agent_id]:
            if lane.idle and lane.channel in room:
                for (strategy, kept), heap in lane.idle.items():
                    if lane.outbound and kept is not (agent.agent_id in self._inbound_agents):
                        continue
                    heappush(heap, (*agent_key(strategy, agent, lane.needed, self.capacity), version))
                    if len(heap) > 2 * lane.staffed + SLACK:
                        heap[:] = [entry for entry in heap if self._is_idle(entry, lane.channel)]
                        heapify(heap)

    def contact_queued(self, contact: Contact) -> None:
        """The contact waits with its present requirement and place, or no longer does."""
        self.contact_gone(contact.contact_id)
        self.by_group.place(contact)
        if not contact.waits:
            return
        if contact.steps:
            self._watch_staffing(contact)
        if contact.is_held:
            holders = tuple(p.agent_id for p in contact.preferred)
            if contact.only_agent is not None:
                holders = (contact.only_agent,)
            self._holders[contact.contact_id] = holders
            for agent_id in holders:
                self._held_for.setdefault(agent_id, {})[contact.contact_id] = None
            return
        lanes = tuple(self.lane(contact.channel, way) for way in contact.ways)
        self._version += 1
        self._waiting[contact.contact_id] = (self._version, lanes)
        for lane in lanes:
            lane.waiting_count += 1
            heap = lane.waiting
            heappush(heap, (*contact.order_key, self._version))
            if len(heap) > 2 * lane.waiting_count + SLACK:
                heap[:] = [entry for entry in heap if self._is_waiting(entry)]
                heapify(heap)

    def _watch_staffing(self, contact: Contact) -> None:
        """Which step counts depends on who is staffed for the one whose time it is, and for those after it."""
        ways = [way for step in contact.steps[contact.reached :] for way in ways_of_step(step)]
        lanes = tuple({id(lane): lane for lane in (self.lane(contact.channel, way) for way in ways)}.values())
        self._watching[contact.contact_id] = lanes
        for lane in lanes:
            lane.watchers[contact.contact_id] = None

    def contact_gone(self, contact_id: str) -> None:
        """The contact waits no longer (or is about to be placed anew)."""
        self.by_group.forget(contact_id)
        placed = self._waiting.pop(contact_id, None)
        if placed is not None:
            for lane in placed[1]:
                lane.waiting_count -= 1
        for lane in self._watching.pop(contact_id, ()):
            lane.watchers.pop(contact_id, None)
        for agent_id in self._holders.pop(contact_id, ()):
            held = self._held_for.get(agent_id)
            if held is not None:
                held.pop(contact_id, None)
                if not held:
                    del self._held_for[agent_id]

    def _drop_empty_lanes(self) -> None:
        self._lanes = {key: lane for key, lane in self._lanes.items() if lane.is_needed}
        self._lanes_asking.clear()
        for lane in self._lanes.values():
            self._lanes_asking.setdefault(_first_skill(lane.needed), []).append(lane)
        for agent_id, lanes in self._lanes_of.items():
            self._lanes_of[agent_id] = [lane for lane in lanes if lane.is_needed]

    # ---- selection

    def room(self, agent: Agent) -> tuple[Channel, ...]:
        """Channels on which the agent may be offered something now."""
        if not agent.takes_offers:
            return ()
        if not (agent.offered or agent.handling or agent.wrapping or agent.own_capacity or agent.consulting):
            return self._served
        return channels_with_room(agent, self.capacity)

    def held_for(self, agent_id: str) -> tuple[str, ...]:
        """Contacts held for this agent (preferred, or transferred to), by id."""
        return tuple(sorted(self._held_for.get(agent_id, ())))

    def is_staff(self, agent_id: str, channel: Channel, needed: Way) -> bool:
        """Whether the agent, as indexed, could match."""
        return self.lane(channel, needed) in self._lanes_of.get(agent_id, ())

    def staffed(self, channel: Channel, needed: Way) -> int:
        """How many signed-in agents could match."""
        return self.lane(channel, needed).staffed

    def idle_for_inbound(self) -> int:
        """How many idle agents could serve inbound."""
        return len(self._kept)

    def serves_inbound(self, agent_id: str) -> bool:
        """Whether the agent could serve inbound."""
        return agent_id in self._inbound_agents

    def kept_agents(self) -> tuple[str, ...]:
        return tuple(self._kept)

    def is_kept(self, agent_id: str) -> bool:
        return agent_id in self._kept

    def outbound_waiting(self) -> list[str]:
        """Outbound contacts that wait, by id."""
        lanes = [lane for lane in self._lanes.values() if lane.outbound and lane.waiting_count]
        return sorted({entry[1] for lane in lanes for entry in lane.waiting if self._is_waiting(entry)})

    def known(self, agent_id: str) -> Agent | None:
        """The record the indexes were built with."""
        return self._agents.get(agent_id) if agent_id in self._lanes_of else None

    def watchers_between(self, before: Agent | None, after: Agent | None, changed: int) -> set[str]:
        """Contacts whose relaxation may hang on what an agent could do before and can do now (None: not signed in).

        Only those who watch a lane that may have lost its last, or won its first, staffed agent; `changed` agents did.
        """
        had = [] if before is None else self._lanes_of.get(before.agent_id, [])
        has = [] if after is None else self._lanes_met_by(after)
        crossed = [lane for lane in had if lane.staffed <= changed and lane not in has]
        crossed += [lane for lane in has if lane.staffed == 0]
        return {contact_id for lane in crossed for contact_id in lane.watchers}

    def best_agents(
        self,
        contact: Contact,
        strategy: Strategy,
        now: int,
        count: int,
        without: Mapping[str, object],
        reserve: InboundReserve = NO_RESERVE,
    ) -> list[tuple[AgentRank, Agent]]:
        """The first `count` idle eligible agents for a contact that is not held: by way, then in the strategy's order."""
        found: list[tuple[AgentRank, Agent]] = []
        for n, way in enumerate(contact.ways):
            if len(found) == count:
                break
            if found:
                without = {**without, **{agent.agent_id: None for _, agent in found}}
            lane = self.lane(contact.channel, way)
            best = self._first_idle(lane, False, contact, strategy, now, count - len(found), without, reserve)
            if lane.outbound and reserve.open:
                best += self._first_idle(lane, True, contact, strategy, now, count - len(found), without, reserve)
                best.sort(key=_agent_rank)
            found += [((n, key), agent) for key, agent in best[: count - len(found)]]
        return found

    def _first_idle(
        self,
        lane: Lane,
        kept: bool,
        contact: Contact,
        strategy: Strategy,
        now: int,
        count: int,
        without: Mapping[str, object],
        reserve: InboundReserve,
    ) -> list[tuple[AgentKey, Agent]]:
        """`kept`: of an outbound lane, among those who could serve inbound."""
        heap = lane.idle.get((strategy, kept))
        if heap is None:
            heap = lane.idle[strategy, kept] = self._idle_heap(lane, strategy, kept)
        found: list[tuple[AgentKey, Agent]] = []
        set_aside: list[IdleEntry] = []
        while heap and len(found) < count:
            entry = heappop(heap)
            if not self._is_idle(entry, lane.channel):
                continue
            set_aside.append(entry)
            agent_id = str(entry[-2])
            if agent_id in without:
                continue
            agent = self._agents[agent_id]
            if eligible(agent, contact, self.capacity, now, reserve) is None:
                found.append((entry[:-1], agent))
        for entry in set_aside:
            heappush(heap, entry)
        return found

    def best_contacts(
        self,
        agent: Agent,
        now: int,
        count: int,
        without: Mapping[str, object],
        reserve: InboundReserve = NO_RESERVE,
    ) -> list[tuple[tuple[int, str], Contact]]:
        """The first `count` waiting contacts the agent is eligible for, in contact order."""
        room = self.room(agent)
        if not room:
            return []
        found: list[tuple[tuple[int, str], Contact]] = []
        for contact_id in self._held_for.get(agent.agent_id, ()):
            if contact_id not in without:
                contact = self._contacts[contact_id]
                if eligible(agent, contact, self.capacity, now, reserve) is None:
                    found.append((contact.order_key, contact))
        found.sort(key=_key)
        del found[count:]
        kept = agent.is_paused or reserve.keeps(agent, self.capacity)
        for lane in self._meets(agent):
            if lane.waiting_count and lane.channel in room and not (lane.outbound and kept):
                for key, contact in self._first_waiting(lane, agent, now, count, without):
                    if len(found) == count and key > found[-1][0]:
                        break
                    if any(key == other for other, _ in found):
                        continue  # stands in several lanes of this agent
                    found.append((key, contact))
                    found.sort(key=_key)
                    del found[count:]
        return found

    def _meets(self, agent: Agent) -> list[Lane]:
        """Lanes of the agent; an agent whose skills changed within this very input has none indexed yet."""
        known = self._agents.get(agent.agent_id)
        if (
            known is not None
            and known.skills is agent.skills
            and known.own_capacity is agent.own_capacity
            and (known.teams, known.sites) == (agent.teams, agent.sites)
            and self._fit.get(agent.agent_id) is agent.is_fit
        ):
            return self._lanes_of[agent.agent_id]
        return self._lanes_met_by(agent)

    def _lanes_met_by(self, agent: Agent) -> list[Lane]:
        """Lanes whose requirement the agent meets; only those asking first for a skill of the agent are looked at."""
        return [
            lane
            for skill in ("", *agent.skills, *agent.memberships())
            for lane in self._lanes_asking.get(skill, ())
            if agent.could_match(lane.channel, lane.needed, self.capacity)
        ]

    def _first_waiting(
        self, lane: Lane, agent: Agent, now: int, count: int, without: Mapping[str, object]
    ) -> list[tuple[tuple[int, str], Contact]]:
        heap = lane.waiting
        found: list[tuple[tuple[int, str], Contact]] = []
        set_aside: list[WaitingEntry] = []
        while heap and len(found) < count:
            entry = heappop(heap)
            if not self._is_waiting(entry):
                continue
            set_aside.append(entry)
            if entry[1] in without:
                continue
            contact = self._contacts[entry[1]]
            if eligible(agent, contact, self.capacity, now) is None:
                found.append((entry[:2], contact))
        for entry in set_aside:
            heappush(heap, entry)
        return found

    def _idle_heap(self, lane: Lane, strategy: Strategy, kept: bool) -> list[IdleEntry]:
        heap: list[IdleEntry] = []
        for agent_id, (version, room) in self._idle.items():
            if lane.outbound and kept is not (agent_id in self._inbound_agents):
                continue
            agent = self._agents[agent_id]
            if lane.channel in room and agent.could_match(lane.channel, lane.needed, self.capacity):
                heap.append((*agent_key(strategy, agent, lane.needed, self.capacity), version))
        heapify(heap)
        return heap

    def _is_idle(self, entry: IdleEntry, channel: Channel) -> bool:
        known = self._idle.get(str(entry[-2]))
        return known is not None and known[0] == entry[-1] and channel in known[1]

    def _is_waiting(self, entry: WaitingEntry) -> bool:
        known = self._waiting.get(entry[1])
        return known is not None and known[0] == entry[2]


def _first_skill(needed: Way) -> str:
    return needed[0].skill if needed else ""


def _agent_rank(item: tuple[AgentKey, Agent]) -> AgentKey:
    return item[0]


def _key(item: tuple[tuple[int, str], Contact]) -> tuple[int, str]:
    return item[0]
