"""The indexes of selection: per requirement, heaps of waiting contacts and of idle agents.

A *lane* is one requirement: a channel with the skills asked for. Entries are never searched for: a change
gives the contact or agent a new version and pushes anew, and an entry with an old version is dropped when
it comes to the top (lazy deletion; a heap more than half stale is rebuilt). Nothing here is a fact: the
indexes are rebuilt from the records and only answer faster what `eligible` and the rankings define.
"""

from __future__ import annotations

from collections.abc import Mapping
from heapq import heapify, heappop, heappush

from services.router.domain.agents import Agent
from services.router.domain.contacts import Contact
from services.router.domain.eligibility import channels_with_room, eligible
from services.router.domain.ordering import AgentKey, agent_key
from services.router.domain.policy import Capacity, Strategy
from shared.contracts.fields import Channel, SkillLevel

Requirement = tuple[Channel, tuple[SkillLevel, ...]]
WaitingEntry = tuple[int, str, int]  # (due − head start, contact id, version)
IdleEntry = tuple[int | str, ...]  # (*agent key ending in the id, version)

SLACK = 64
"""Stale entries a small heap may hold before it is rebuilt."""
LANES_KEPT = 2_000
"""Requirements indexed at most while nobody waits for them."""


class Lane:
    """One requirement: who waits with it and who, idle, meets it."""

    __slots__ = ("channel", "idle", "needed", "staffed", "waiting", "waiting_count")

    def __init__(self, channel: Channel, needed: tuple[SkillLevel, ...]) -> None:
        self.channel = channel
        self.needed = needed
        self.waiting: list[WaitingEntry] = []
        self.waiting_count = 0
        self.idle: dict[Strategy, list[IdleEntry]] = {}
        self.staffed = 0  # signed-in agents who could match


class Queues:
    """Selection over the live records `agents` and `contacts` of one pool under one capacity rule."""

    def __init__(self, agents: Mapping[str, Agent], contacts: Mapping[str, Contact], capacity: Capacity) -> None:
        self._agents = agents
        self._contacts = contacts
        self.capacity = capacity
        self._lanes: dict[Requirement, Lane] = {}
        self._lanes_asking: dict[str, list[Lane]] = {}  # first skill asked for ("" for none) → lanes
        self._lanes_of: dict[str, list[Lane]] = {}  # agent → lanes whose requirement the agent meets
        self._idle: dict[str, tuple[int, tuple[Channel, ...]]] = {}  # agent → version, channels with room
        self._waiting: dict[str, tuple[int, Lane]] = {}  # contact → version, lane
        self._held_for: dict[str, dict[str, None]] = {}  # agent → contacts held for that agent
        self._holders: dict[str, tuple[str, ...]] = {}  # contact → agents it is held for
        self._served = tuple(channel for channel, limit in capacity.channels.items() if limit.maximum > 0)
        self._version = 0
        for agent in agents.values():
            self.agent_changed(agent)
        for contact in contacts.values():
            self.contact_queued(contact)

    # ---- upkeep

    def lane(self, channel: Channel, needed: tuple[SkillLevel, ...]) -> Lane:
        """The lane of a requirement; a new one is built once from the signed-in agents."""
        found = self._lanes.get((channel, needed))
        if found is None:
            if len(self._lanes) >= LANES_KEPT:
                self._drop_empty_lanes()
            found = self._lanes[channel, needed] = Lane(channel, needed)
            self._lanes_asking.setdefault(_first_skill(needed), []).append(found)
            for agent_id, lanes in self._lanes_of.items():
                if self._agents[agent_id].could_match(channel, needed, self.capacity):
                    lanes.append(found)
                    found.staffed += 1
        return found

    def agent_changed(self, agent: Agent) -> None:
        """Sign-in, skills or capacity: which requirements the agent meets is computed anew."""
        for lane in self._lanes_of.get(agent.agent_id, ()):
            lane.staffed -= 1
        lanes = self._lanes_met_by(agent)
        for lane in lanes:
            lane.staffed += 1
        self._lanes_of[agent.agent_id] = lanes
        self.agent_freed(agent)

    def agent_gone(self, agent_id: str) -> None:
        """The agent signed out."""
        for lane in self._lanes_of.pop(agent_id, ()):
            lane.staffed -= 1
        self._idle.pop(agent_id, None)

    def agent_freed(self, agent: Agent) -> None:
        """The agent's work or presence changed: indexed for the channels with room, or for none."""
        room = self.room(agent)
        if not room:
            self._idle.pop(agent.agent_id, None)
            return
        self._version += 1
        version = self._version
        self._idle[agent.agent_id] = (version, room)
        for lane in self._lanes_of[agent.agent_id]:
            if lane.idle and lane.channel in room:
                for strategy, heap in lane.idle.items():
                    heappush(heap, (*agent_key(strategy, agent, lane.needed, self.capacity), version))
                    if len(heap) > 2 * lane.staffed + SLACK:
                        heap[:] = [entry for entry in heap if self._is_idle(entry, lane.channel)]
                        heapify(heap)

    def contact_queued(self, contact: Contact) -> None:
        """The contact waits with its present requirement and place, or no longer does."""
        self.contact_gone(contact.contact_id)
        if not contact.waits:
            return
        if contact.is_held:
            holders = tuple(p.agent_id for p in contact.preferred)
            if contact.only_agent is not None:
                holders = (contact.only_agent,)
            self._holders[contact.contact_id] = holders
            for agent_id in holders:
                self._held_for.setdefault(agent_id, {})[contact.contact_id] = None
            return
        lane = self.lane(contact.channel, contact.requirement)
        self._version += 1
        self._waiting[contact.contact_id] = (self._version, lane)
        lane.waiting_count += 1
        heap = lane.waiting
        heappush(heap, (*contact.order_key, self._version))
        if len(heap) > 2 * lane.waiting_count + SLACK:
            heap[:] = [entry for entry in heap if self._is_waiting(entry)]
            heapify(heap)

    def contact_gone(self, contact_id: str) -> None:
        """The contact waits no longer (or is about to be placed anew)."""
        placed = self._waiting.pop(contact_id, None)
        if placed is not None:
            placed[1].waiting_count -= 1
        for agent_id in self._holders.pop(contact_id, ()):
            held = self._held_for.get(agent_id)
            if held is not None:
                held.pop(contact_id, None)
                if not held:
                    del self._held_for[agent_id]

    def _drop_empty_lanes(self) -> None:
        self._lanes = {key: lane for key, lane in self._lanes.items() if lane.waiting_count}
        self._lanes_asking.clear()
        for lane in self._lanes.values():
            self._lanes_asking.setdefault(_first_skill(lane.needed), []).append(lane)
        for agent_id, lanes in self._lanes_of.items():
            self._lanes_of[agent_id] = [lane for lane in lanes if lane.waiting_count]

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

    def staffed(self, channel: Channel, needed: tuple[SkillLevel, ...]) -> int:
        """How many signed-in agents could match."""
        return self.lane(channel, needed).staffed

    def best_agents(
        self, contact: Contact, strategy: Strategy, now: int, count: int, without: Mapping[str, object]
    ) -> list[tuple[AgentKey, Agent]]:
        """The first `count` idle eligible agents for a contact that is not held, in the strategy's order."""
        lane = self.lane(contact.channel, contact.requirement)
        heap = lane.idle.get(strategy)
        if heap is None:
            heap = lane.idle[strategy] = self._idle_heap(lane, strategy)
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
            if eligible(agent, contact, self.capacity, now) is None:
                found.append((entry[:-1], agent))
        for entry in set_aside:
            heappush(heap, entry)
        return found

    def best_contacts(
        self, agent: Agent, now: int, count: int, without: Mapping[str, object]
    ) -> list[tuple[tuple[int, str], Contact]]:
        """The first `count` waiting contacts the agent is eligible for, in contact order."""
        room = self.room(agent)
        if not room:
            return []
        found: list[tuple[tuple[int, str], Contact]] = []
        for contact_id in self._held_for.get(agent.agent_id, ()):
            if contact_id not in without:
                contact = self._contacts[contact_id]
                if eligible(agent, contact, self.capacity, now) is None:
                    found.append((contact.order_key, contact))
        found.sort(key=_key)
        del found[count:]
        for lane in self._meets(agent):
            if lane.waiting_count and lane.channel in room:
                for key, contact in self._first_waiting(lane, agent, now, count, without):
                    if len(found) == count and key > found[-1][0]:
                        break
                    found.append((key, contact))
                    found.sort(key=_key)
                    del found[count:]
        return found

    def _meets(self, agent: Agent) -> list[Lane]:
        """Lanes of the agent; an agent whose skills changed within this very input has none indexed yet."""
        known = self._agents.get(agent.agent_id)
        if known is not None and known.skills is agent.skills and known.own_capacity is agent.own_capacity:
            return self._lanes_of[agent.agent_id]
        return self._lanes_met_by(agent)

    def _lanes_met_by(self, agent: Agent) -> list[Lane]:
        """Lanes whose requirement the agent meets; only those asking first for a skill of the agent are looked at."""
        return [
            lane
            for skill in ("", *agent.skills)
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

    def _idle_heap(self, lane: Lane, strategy: Strategy) -> list[IdleEntry]:
        heap: list[IdleEntry] = []
        for agent_id, (version, room) in self._idle.items():
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


def _first_skill(needed: tuple[SkillLevel, ...]) -> str:
    return needed[0].skill if needed else ""


def _key(item: tuple[tuple[int, str], Contact]) -> tuple[int, str]:
    return item[0]
