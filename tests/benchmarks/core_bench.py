"""The core's figures: selection and full decisions against a list scan and two ports, and how cost grows with size.

One centre for all: 100 question groups of one skill each, agents with five skills. Half the groups are short of agents
(contacts wait, nobody is idle), half have agents idle, so every event costs what it costs in a living centre. Four
events take turns: a contact comes to a short group (queues), to an ample group (an agent is chosen), an agent comes free
among the short (a contact is chosen), among the ample (goes idle).
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from services.router.domain.agents import Agent
from services.router.domain.contacts import Contact, ContactPhase
from services.router.domain.core import Input, PartitionState, PolicyInForce, apply, decide, parse_policy
from services.router.domain.eligibility import eligible
from services.router.domain.ordering import agent_key
from services.router.domain.policy.model import Strategy
from services.router.domain.queues import Queues
from shared.contracts.contact_events import (
    AgentSignedIn,
    ContactArrived,
    ContactConnected,
    ContactEnded,
    ContactEvent,
    OfferAccepted,
    Presence,
)
from shared.contracts.fields import Channel, HeldSkill, SkillLevel
from shared.contracts.routing_decisions import ContactAssigned, OfferMade
from tests.benchmarks.opponents import AppQueue, BenchAgent, BenchContact, ModCallcenter
from tests.benchmarks.report import Figure, interleaved, median_ratio

GROUPS, SKILLS_EACH, LEVEL = 100, 5, 3
START = 1_700_000_000_000_000
TICK = 1_000_000

NEEDS = {f"g{n:02d}": ((f"s{n:02d}", LEVEL),) for n in range(GROUPS)}

POLICY: dict[str, object] = {
    "enrichment_wait_ms": 0,
    "business_lines": {"all": {"name": {"zh": "全部", "en": "All"}, "default_group": "g00"}},
    "skills": {f"s{n:02d}": {"name": {"zh": f"技能{n}", "en": f"Skill {n}"}} for n in range(GROUPS)},
    "capacity": {"phone": {"maximum": 1, "weight": 100}, "max_load": 100},
    "groups": {
        group: {
            "name": {"zh": group, "en": group},
            "business_line": "all",
            "channels": ["phone"],
            "skills": [{"skill": skill, "level": level} for skill, level in needs],
            "targets": {"phone": 20},
            "offer_timeout_seconds": {"phone": 3_600},
            "wrap_up": {"phone": {"mode": "none"}},
        }
        for group, needs in NEEDS.items()
    },
}


@dataclass
class Centre:
    """Agents, those waiting, and an endless stream of events, the same for every side of a given seed."""

    agents: int = 10_000
    waiting: int = 1_000
    seed: int = 1
    people: list[BenchAgent] = field(init=False)
    queue: list[BenchContact] = field(init=False)

    def __post_init__(self) -> None:
        draw = random.Random(self.seed)
        self.people = []
        for n in range(self.agents):
            short = n % 2 == 0
            mine = draw.sample(range(0, GROUPS // 2) if short else range(GROUPS // 2, GROUPS), SKILLS_EACH)
            idle = None if short or n % 4 == 1 else START - draw.randrange(600 * TICK)
            self.people.append(BenchAgent(f"a{n:06d}", {f"s{s:02d}": draw.randint(1, 10) for s in mine}, idle))
        self.queue = [
            self._contact(draw, f"w{n:06d}", True, START - draw.randrange(300 * TICK)) for n in range(self.waiting)
        ]

    @staticmethod
    def _contact(draw: random.Random, contact_id: str, short: bool, due_at: int) -> BenchContact:
        group = f"g{draw.randrange(GROUPS // 2) + (0 if short else GROUPS // 2):02d}"
        return BenchContact(contact_id, group, NEEDS[group], due_at)

    def people_anew(self) -> list[BenchAgent]:
        return [BenchAgent(a.agent_id, a.skills, a.idle_since) for a in self.people]

    def events(self, side: Side, count: int) -> Iterator[Callable[[], object]]:
        """`count` events as calls on `side`; who comes free is one of those whom the side has busy."""
        draw = random.Random(self.seed + 1)
        busy_short = [a.agent_id for n, a in enumerate(self.people) if n % 2 == 0]
        busy_ample = [a.agent_id for n, a in enumerate(self.people) if n % 4 == 1]
        for n in range(count):
            now = START + n * TICK
            match n % 4:
                case 0:
                    contact = self._contact(draw, f"n{n:06d}", True, now)
                    yield lambda contact=contact, now=now: side.contact_came(contact, now)
                case 1:
                    contact = self._contact(draw, f"n{n:06d}", False, now)

                    def came(contact: BenchContact = contact, now: int = now) -> None:
                        chosen = side.contact_came(contact, now)
                        if chosen is not None:
                            busy_ample.append(chosen)

                    yield came
                case 2:
                    agent = busy_short[draw.randrange(len(busy_short))]
                    yield lambda agent=agent, now=now: side.agent_came_free(agent, now)
                case _:
                    agent = busy_ample.pop(draw.randrange(len(busy_ample)))
                    yield lambda agent=agent, now=now: side.agent_came_free(agent, now)


class Side:
    """One way of answering the two questions."""

    def contact_came(self, contact: BenchContact, now: int) -> str | None:
        raise NotImplementedError

    def agent_came_free(self, agent_id: str, now: int) -> str | None:
        raise NotImplementedError


class AsteriskSide(Side):
    def __init__(self, centre: Centre) -> None:
        self.queue = AppQueue(centre.people_anew(), centre.queue, NEEDS)

    def contact_came(self, contact: BenchContact, now: int) -> str | None:
        return self.queue.contact_came(contact, now)

    def agent_came_free(self, agent_id: str, now: int) -> str | None:
        return self.queue.agent_came_free(agent_id, now)


class FreeSwitchSide(Side):
    def __init__(self, centre: Centre) -> None:
        self.callcenter = ModCallcenter(centre.people_anew(), centre.queue, NEEDS)

    def contact_came(self, contact: BenchContact, now: int) -> str | None:
        return self.callcenter.contact_came(contact, now)

    def agent_came_free(self, agent_id: str, now: int) -> str | None:
        return self.callcenter.agent_came_free(agent_id, now)


def contact_record(contact: BenchContact) -> Contact:
    return Contact(
        contact.contact_id, Channel.PHONE, "all", contact.due_at, contact.due_at, ContactPhase.QUEUED,
        group=contact.group, requirement=tuple(SkillLevel(s, n) for s, n in contact.requirement),
        entered_group_at=contact.due_at, due_at=contact.due_at,
    )  # fmt: skip


def agent_record(agent: BenchAgent) -> Agent:
    made = Agent(agent.agent_id, "s", Presence.AVAILABLE, skills={s: HeldSkill(s, n) for s, n in agent.skills.items()})
    if agent.idle_since is None:
        made.handling = {"x": Channel.PHONE}
    else:
        made.idle_since = agent.idle_since
    return made


class ScanSide(Side):
    """The obvious way: ask the reference predicate about everyone, keep the best by the same keys."""

    def __init__(self, centre: Centre) -> None:
        self.agents = {a.agent_id: agent_record(a) for a in centre.people}
        self.contacts = {c.contact_id: contact_record(c) for c in centre.queue}
        self.capacity = parse_policy(POLICY).capacity

    def contact_came(self, contact: BenchContact, now: int) -> str | None:
        record = contact_record(contact)
        ranked = [
            agent_key(Strategy.LONGEST_IDLE, agent, record.requirement, self.capacity)
            for agent in self.agents.values()
            if eligible(agent, record, self.capacity, now) is None
        ]
        if not ranked:
            self.contacts[contact.contact_id] = record
            return None
        chosen = str(min(ranked)[-1])
        self.agents[chosen].handling = {contact.contact_id: Channel.PHONE}
        return chosen

    def agent_came_free(self, agent_id: str, now: int) -> str | None:
        agent = self.agents[agent_id]
        agent.handling, agent.idle_since = {}, now
        ranked = [c.order_key for c in self.contacts.values() if eligible(agent, c, self.capacity, now) is None]
        if not ranked:
            return None
        chosen = min(ranked)[1]
        del self.contacts[chosen]
        agent.handling = {chosen: Channel.PHONE}
        return chosen


class SelectionSide(Side):
    """Our selection with index upkeep, without decision objects."""

    def __init__(self, centre: Centre) -> None:
        self.agents = {a.agent_id: agent_record(a) for a in centre.people}
        self.contacts = {c.contact_id: contact_record(c) for c in centre.queue}
        self.queues = Queues(self.agents, self.contacts, parse_policy(POLICY).capacity)
        for group in NEEDS.values():  # every lane's idle heap exists, as after a day's work
            probe = contact_record(BenchContact("probe", "g00", group, 0))
            self.queues.best_agents(probe, Strategy.LONGEST_IDLE, START, 1, {})

    def contact_came(self, contact: BenchContact, now: int) -> str | None:
        record = contact_record(contact)
        found = self.queues.best_agents(record, Strategy.LONGEST_IDLE, now, 1, {})
        if not found:
            self.contacts[contact.contact_id] = record
            self.queues.contact_queued(record)
            return None
        agent = found[0][1]
        agent.handling = {contact.contact_id: Channel.PHONE}
        self.queues.agent_freed(agent)
        return agent.agent_id

    def agent_came_free(self, agent_id: str, now: int) -> str | None:
        agent = self.agents[agent_id]
        agent.handling, agent.idle_since = {}, now
        found = self.queues.best_contacts(agent, now, 1, {})
        if not found:
            self.queues.agent_freed(agent)
            return None
        contact = found[0][1]
        self.queues.contact_gone(contact.contact_id)
        del self.contacts[contact.contact_id]
        agent.handling = {contact.contact_id: Channel.PHONE}
        return contact.contact_id


class CoreSide(Side):
    """The whole core: decide + apply of the selecting inputs is timed, the steps between are not."""

    def __init__(self, centre: Centre) -> None:
        self.state = PartitionState.empty(0)
        self.position, self.spent, self.inputs = 0, 0.0, 0
        self.at: dict[str, tuple[str, str]] = {}  # agent → (contact, offer)
        self._feed(PolicyInForce(1, "0" * 64, POLICY), START - 900 * TICK)
        for contact in centre.queue:
            self._arrive(contact, contact.due_at)
        for agent in centre.people:  # agents to be busy come with a contact of their own
            if agent.idle_since is not None:
                self._sign_in(agent)
        extra = [a for a in centre.people if a.idle_since is None]
        for agent in extra:
            self._occupy(agent)
        self.spent, self.inputs = 0.0, 0

    def _occupy(self, agent: BenchAgent) -> None:
        self._sign_in(agent)
        if agent.agent_id not in self.at:  # nobody waited for these skills: give work that only this agent can take
            group = next((g for g, ((s, n),) in NEEDS.items() if agent.skills.get(s, 0) >= n), None)
            if group is None:
                return
            for tries in range(2_000):
                self._arrive(BenchContact(f"o{agent.agent_id}-{tries}", group, NEEDS[group], START), START)
                if agent.agent_id in self.at:
                    return

    def _feed(self, fact: ContactEvent | PolicyInForce, now: int, *, timed: bool = False) -> list[object]:
        self.position += 1
        given = Input(self.position, max(now, self.state.now), "t", "p", f"e{self.position}", now, fact)
        started = time.perf_counter()
        decided = decide(self.state, given)
        apply(self.state, given, decided)
        if timed:
            self.spent += time.perf_counter() - started
            self.inputs += 1
        return [d.decision for d in decided]

    def _sign_in(self, agent: BenchAgent) -> None:
        held = tuple(HeldSkill(s, n) for s, n in sorted(agent.skills.items()))
        self._settle(self._feed(AgentSignedIn(agent.agent_id, "s", held, presence=Presence.AVAILABLE), START))

    def _arrive(self, contact: BenchContact, now: int, *, timed: bool = False) -> str | None:
        fact = ContactArrived(contact.contact_id, Channel.PHONE, "all", now, group=contact.group)
        return self._settle(self._feed(fact, now, timed=timed))

    def _settle(self, decisions: list[object]) -> str | None:
        """Accept and connect whatever was offered. Returns the agent of the first offer."""
        chosen: str | None = None
        for offer in [d for d in decisions if isinstance(d, OfferMade)]:
            chosen = chosen or offer.agent_id
            done = self._feed(OfferAccepted(offer.agent_id, offer.contact_id, offer.offer_id), self.state.now)
            assert any(isinstance(d, ContactAssigned) for d in done)
            self._feed(ContactConnected(offer.contact_id, offer.offer_id), self.state.now)
            self.at[offer.agent_id] = (offer.contact_id, offer.offer_id)
        return chosen

    def contact_came(self, contact: BenchContact, now: int) -> str | None:
        return self._arrive(contact, now, timed=True)

    def agent_came_free(self, agent_id: str, now: int) -> str | None:
        contact = self.at.pop(agent_id, None)
        if contact is None:
            return None
        decisions = self._feed(ContactEnded(contact[0], "customer"), now, timed=True)
        self._settle(decisions)
        return next((d.contact_id for d in decisions if isinstance(d, OfferMade)), None)


def seconds_per_event(side: Side, centre: Centre, count: int) -> float:
    started = time.perf_counter()
    for event in centre.events(side, count):
        event()
    return (time.perf_counter() - started) / count


def _core_seconds(centre: Centre, count: int) -> float:
    side = CoreSide(centre)
    for event in centre.events(side, count):
        event()
    return side.spent / side.inputs


def core_figures() -> list[Figure]:
    """All rows of the core."""
    centre = Centre()
    measured = interleaved(
        {
            "scan": lambda: seconds_per_event(ScanSide(centre), centre, 100),
            "selection": lambda: seconds_per_event(SelectionSide(centre), centre, 4_000),
            "asterisk": lambda: seconds_per_event(AsteriskSide(centre), centre, 200),
            "freeswitch": lambda: seconds_per_event(FreeSwitchSide(centre), centre, 8),
        }
    )
    smaller = interleaved(
        {
            "scan": lambda: seconds_per_event(ScanSide(centre), centre, 100),
            "core": lambda: _core_seconds(centre, 2_000),
        },
        3,
    )
    took = {name: statistics.median(values) * 1e6 for name, values in (measured | {"core": smaller["core"]}).items()}
    size = "10,000 agents × 100 groups × 5 skills × 1,000 waiting"

    def against(name: str) -> str:
        return f"{took[name]:,.0f} µs against {took['selection']:.1f} µs an event; {size}"

    return [
        Figure("core", "list scan ÷ selection with index upkeep", median_ratio(measured["scan"], measured["selection"]), "≥ 50",
               note=against("scan")),
        Figure("core", "list scan ÷ full decide + apply", median_ratio(smaller["scan"], smaller["core"]), "≥ 8",
               note=f"{took['core']:.0f} µs an input"),
        Figure("core", "app_queue's scan ÷ selection", median_ratio(measured["asterisk"], measured["selection"]), "≥ 10",
               note=against("asterisk")),
        Figure("core", "mod_callcenter's SQL loop ÷ selection", median_ratio(measured["freeswitch"], measured["selection"]), "≥ 100",
               note=against("freeswitch")),
    ]  # fmt: skip
