"""Upkeep of the indexes: stale entries never win, heaps do not grow without bound, rare requirements are dropped."""

from __future__ import annotations

from services.router.domain.agents import Agent
from services.router.domain.contacts import Contact, ContactPhase
from services.router.domain.core import Queues
from services.router.domain.eligibility_cases import CAPACITY
from services.router.domain.policy.model import Strategy
from services.router.domain.queues import LANES_KEPT, SLACK
from shared.contracts.contact_events import Presence
from shared.contracts.fields import Channel, HeldSkill, SkillLevel
from shared.contracts.routing_decisions import HeadStart

NEEDS = (SkillLevel("zh", 1),)


def agent(name: str, idle_since: int) -> Agent:
    found = Agent(name, "s", Presence.AVAILABLE, idle_since=idle_since)
    found.skills = {"zh": HeldSkill("zh", 5)}
    return found


def contact(name: str, due_at: int) -> Contact:
    return Contact(
        name, Channel.PHONE, "rental", 0, 0, ContactPhase.QUEUED, group="g", requirement=NEEDS, due_at=due_at
    )


def centre(agents: list[Agent], contacts: list[Contact]) -> tuple[Queues, dict[str, Agent], dict[str, Contact]]:
    by_agent = {a.agent_id: a for a in agents}
    by_contact = {c.contact_id: c for c in contacts}
    return Queues(by_agent, by_contact, CAPACITY), by_agent, by_contact


def first_contact(queues: Queues, who: Agent) -> str:
    return queues.best_contacts(who, 1, 1, {})[0][1].contact_id


def test_a_contact_moved_back_is_not_taken_at_its_old_place() -> None:
    ann = agent("ann", 1)
    queues, _, contacts = centre([ann], [contact("c1", 50_000_000), contact("c2", 40_000_000)])
    contacts["c1"].head_start = HeadStart(tier=20)
    queues.contact_queued(contacts["c1"])
    assert first_contact(queues, ann) == "c1"
    contacts["c1"].head_start = HeadStart()
    queues.contact_queued(contacts["c1"])
    assert first_contact(queues, ann) == "c2"


def test_an_agent_who_worked_meanwhile_goes_to_the_end() -> None:
    ann, bea = agent("ann", 1), agent("bea", 2)
    queues, _, _ = centre([ann, bea], [])
    waiting = contact("c1", 5)
    ranked = queues.best_agents(waiting, Strategy.LONGEST_IDLE, 1, 2, {})
    assert [found.agent_id for _, found in ranked] == ["ann", "bea"]
    ann.idle_since = 3
    queues.agent_freed(ann)
    ranked = queues.best_agents(waiting, Strategy.LONGEST_IDLE, 1, 2, {})
    assert [found.agent_id for _, found in ranked] == ["bea", "ann"]
    assert [found.agent_id for _, found in queues.best_agents(waiting, Strategy.LONGEST_IDLE, 1, 2, {"bea": 0})] == [
        "ann"
    ]


def test_heaps_are_rebuilt_when_mostly_stale() -> None:
    ann = agent("ann", 1)
    waiting = contact("c1", 5)
    queues, _, _ = centre([ann], [waiting])
    queues.best_agents(waiting, Strategy.LONGEST_IDLE, 1, 1, {})
    for n in range(1_000):
        ann.idle_since = n
        queues.agent_freed(ann)
        queues.contact_queued(waiting)
    lane = queues.lane(Channel.PHONE, NEEDS)
    assert len(lane.idle[Strategy.LONGEST_IDLE, False]) <= 2 + SLACK
    assert len(lane.waiting) <= 2 + SLACK


def test_requirements_nobody_waits_with_are_dropped_in_the_end() -> None:
    ann = agent("ann", 1)
    waiting = contact("c1", 5)
    queues, _, _ = centre([ann], [waiting])
    for n in range(2 * LANES_KEPT):
        queues.staffed(Channel.WEB, (SkillLevel(f"s{n}", 1),))
    assert len(queues._lanes) <= LANES_KEPT
    assert first_contact(queues, ann) == "c1"


def test_who_lost_a_skill_is_not_found_by_an_older_entry() -> None:
    ann = agent("ann", 1)
    waiting = contact("c1", 5)
    queues, _, _ = centre([ann], [waiting])
    assert queues.best_agents(waiting, Strategy.LONGEST_IDLE, 1, 1, {})
    ann.skills = {}
    queues.agent_changed(ann)
    assert queues.best_agents(waiting, Strategy.LONGEST_IDLE, 1, 1, {}) == []
    assert queues.staffed(Channel.PHONE, NEEDS) == 0
