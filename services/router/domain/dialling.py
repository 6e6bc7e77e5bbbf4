"""What a dialler may know of a pool: who could take a call of a campaign's group, and what they are doing.

The router and the dialler share one truth about who is free: this is read off the very state that decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.router.domain.agents import Agent
from services.router.domain.policy.model import Group, Policy
from services.router.domain.reserve import inbound_of, serves_inbound
from services.router.domain.state import PoolState
from shared.contracts.fields import Channel, SkillLevel
from shared.contracts.routing_decisions import WorkState


class DiallableState(StrEnum):
    """What an agent who could take a campaign's calls is doing, as far as dialling is concerned."""

    IDLE = "idle"
    OFFERED = "offered"
    HANDLING = "handling"
    WRAPPING = "wrapping"
    AWAY = "away"  # on a break, about to leave, or out of reach


@dataclass(frozen=True, slots=True)
class DiallableAgent:
    agent_id: str
    state: DiallableState
    since: int  # µs, of the state
    groups: tuple[str, ...]  # outbound groups they are eligible for, by id
    contact_group: str | None = None  # whose conversation (or wrap-up) they are in
    kept_for_inbound: bool = False  # idle, but inbound may need them
    occupancy: int = 0  # since signing in, in 1/10,000


@dataclass(frozen=True, slots=True)
class OutboundGroup:
    """`answered`: customers we called who hear nobody yet; `waiting`: records and callbacks that wait to be accepted."""

    group: str
    open: bool
    answered: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Dialling:
    now: int
    reserve_held: bool
    agents: tuple[DiallableAgent, ...]
    groups: tuple[OutboundGroup, ...]


def dialling_of(pool: PoolState, now: int) -> Dialling:
    """The pool as a dialler sees it; nothing where no group of its policy is outbound."""
    policy = pool.policy
    if policy is None:
        return Dialling(now, False, (), ())
    groups = [group for _, group in sorted(policy.groups.items()) if group.outbound]
    agents = tuple(
        seen for _, agent in sorted(pool.agents.items()) if (seen := _agent(pool, policy, agent, groups)) is not None
    )
    return Dialling(now, not pool.reserve().open, agents, tuple(_group(pool, group) for group in groups))


def _agent(pool: PoolState, policy: Policy, agent: Agent, groups: list[Group]) -> DiallableAgent | None:
    capacity = policy.capacity
    able = tuple(g.id for g in groups if agent.could_match(Channel.PHONE, _needed(g), capacity))
    if not able:
        return None
    state = _state(agent)
    kept = (
        state is DiallableState.IDLE and not pool.reserve().open and serves_inbound(agent, inbound_of(policy), capacity)
    )
    since = max(agent.idle_since, agent.presence_since) if state is DiallableState.IDLE else agent.work_since
    return DiallableAgent(agent.agent_id, state, since, able, _contact_group(pool, agent), kept, agent.occupancy)


def _needed(group: Group) -> tuple[SkillLevel, ...]:
    return tuple(SkillLevel(need.skill, need.level) for need in group.skills)


def _state(agent: Agent) -> DiallableState:
    if agent.work_state is WorkState.IDLE:
        return DiallableState.IDLE if agent.takes_offers else DiallableState.AWAY
    return DiallableState(agent.work_state.value)


def _contact_group(pool: PoolState, agent: Agent) -> str | None:
    for contact_id in sorted(agent.handling):
        contact = pool.contacts.get(contact_id)
        if contact is not None:
            return contact.group
    return None


def _group(pool: PoolState, group: Group) -> OutboundGroup:
    queues = pool.queues
    here = [] if queues is None else queues.by_group.queued(group.id) + queues.by_group.deferred(group.id)
    answered = sum(pool.contacts[contact_id].answered_until is not None for contact_id in here)
    opening = pool.openings.get(group.id)
    return OutboundGroup(group.id, opening is None or opening.open, answered, len(here) - answered)
