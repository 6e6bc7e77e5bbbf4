"""What a dialler may know of a pool: who could take a call of a campaign's group, and what they are doing.

The router and the dialler share one truth about who is free: this is read off the very state that decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.router.domain.agents import Agent
from services.router.domain.contacts import PATIENT
from services.router.domain.memberships import Way
from services.router.domain.policy.fairness import BetweenCalls
from services.router.domain.policy.model import Group, Policy
from services.router.domain.reserve import MINUTE, InboundLevel
from services.router.domain.state import PoolState
from shared.contracts.contact_events import Presence
from shared.contracts.fields import SECOND, Channel, SkillLevel
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
    paused_until: int | None = None  # µs; in the pause between calls
    serves_inbound: bool = False  # could take inbound contacts too, where the policy keeps agents free for them
    skills: tuple[str, ...] = ()  # whatever the level: a contact's language is asked for at level 1
    worked_until: int | None = None  # µs; when the last work ended since signing in, None: there was none


@dataclass(frozen=True, slots=True)
class OutboundGroup:
    """`answered`: customers we called who hear nobody yet; `waiting`: records and callbacks that wait to be accepted."""

    group: str
    open: bool
    answered: int
    waiting: int


@dataclass(frozen=True, slots=True)
class InboundNeed:
    """What inbound customers ask of the pool's agents, where its policy keeps some free for them (`blending`).

    `staffed` and `idle` count everybody who could serve inbound, whether a campaign could have them or not; `arrived` contacts
    whose wait was over within the last `over_seconds`; `busy`: how many agents the inbound work in hand takes, where of three
    chats that one agent may have each is a third.
    """

    reserve_agents: int
    held: bool  # the rolling service level is missed: outbound waits
    staffed: int
    idle: int
    waiting: int
    arrived: int
    over_seconds: int
    service_level_seconds: int
    service_level_percent: int | None  # rolling; None: too few contacts to say
    busy: float = 0.0
    tolerated_loss_points: int = 1
    resume_percent: int = 0  # from this level on it is no longer held


@dataclass(frozen=True, slots=True)
class Dialling:
    now: int
    reserve_held: bool
    agents: tuple[DiallableAgent, ...]
    groups: tuple[OutboundGroup, ...]
    inbound: InboundNeed | None = None  # None: nobody is kept free
    between_calls: BetweenCalls | None = None  # None: no pause
    skills: tuple[str, ...] = ()  # all that the policy knows: of a language that is none, nothing is asked


def dialling_of(pool: PoolState, now: int) -> Dialling:
    """The pool as a dialler sees it; nothing where no group of its policy is outbound."""
    policy = pool.policy
    if policy is None:
        return Dialling(now, False, (), ())
    groups = [group for _, group in sorted(policy.groups.items()) if group.outbound]
    asked = [(group.id, tuple(SkillLevel(need.skill, need.level) for need in group.skills)) for group in groups]
    closed = not pool.reserve().open
    agents = tuple(
        seen
        for _, agent in sorted(pool.agents.items())
        if (seen := _agent(pool, policy, agent, asked, closed)) is not None
    )
    skills = tuple(sorted(policy.skills))
    return Dialling(
        now,
        closed,
        agents,
        tuple(_group(pool, group) for group in groups),
        inbound=_inbound(pool, policy, now),
        between_calls=policy.between_calls,
        skills=skills,
    )


def _inbound(pool: PoolState, policy: Policy, now: int) -> InboundNeed | None:
    rule, queues = policy.blending, pool.queues
    if rule is None or queues is None:
        return None
    level = (pool.level or InboundLevel()).rolled(now)
    began = level.minutes[0][0] * MINUTE if level.minutes else now
    groups = [group_id for group_id, group in policy.groups.items() if not group.outbound]
    staffed = [
        agent
        for agent in pool.agents.values()
        if agent.presence is Presence.AVAILABLE and queues.serves_inbound(agent.agent_id)
    ]
    return InboundNeed(
        reserve_agents=rule.reserve_agents,
        held=level.held,
        staffed=len(staffed),
        idle=queues.idle_for_inbound(),
        waiting=sum(
            queues.by_group.count(name, channel) for name in groups for channel in Channel if channel not in PATIENT
        ),
        arrived=level.sample,
        over_seconds=max(1, (now - began) // SECOND),
        service_level_seconds=rule.service_level_seconds,
        service_level_percent=level.percent if level.sample >= rule.minimum_sample else None,
        busy=round(sum(_inbound_share(pool, policy, agent) for agent in staffed), 2),
        tolerated_loss_points=rule.tolerated_loss_points,
        resume_percent=rule.resume_percent,
    )


def _inbound_share(pool: PoolState, policy: Policy, agent: Agent) -> float:
    """How much of an agent the inbound work in hand takes; who is in a conversation (or wrap-up) of ours has no other."""
    group = policy.groups.get(_contact_group(pool, agent) or "")
    if group is not None and group.outbound:
        return 0.0
    loads = agent.loads().items()
    return min(1.0, sum(count / max(1, agent.maximum(channel, policy.capacity)) for channel, count in loads))


def _agent(
    pool: PoolState, policy: Policy, agent: Agent, asked: list[tuple[str, Way]], closed: bool
) -> DiallableAgent | None:
    able = tuple(group for group, needed in asked if agent.could_match(Channel.PHONE, needed, policy.capacity))
    if not able:
        return None
    state = _state(agent)
    serves = pool.queues is not None and pool.queues.serves_inbound(agent.agent_id)
    since = max(agent.idle_since, agent.presence_since) if state is DiallableState.IDLE else agent.work_since
    return DiallableAgent(
        agent.agent_id,
        state,
        since,
        able,
        _contact_group(pool, agent),
        state is DiallableState.IDLE and serves and closed,
        agent.occupancy,
        agent.pause.until if agent.pause is not None and agent.is_paused else None,
        serves,
        skills=tuple(sorted(agent.skills)),
        worked_until=agent.idle_since if agent.handled else None,
    )


def _state(agent: Agent) -> DiallableState:
    if agent.work_state is WorkState.IDLE:
        return DiallableState.IDLE if agent.is_there else DiallableState.AWAY
    return DiallableState(agent.work_state.value)


def _contact_group(pool: PoolState, agent: Agent) -> str | None:
    for contact_id in sorted(agent.handling):
        contact = pool.contacts.get(contact_id)
        if contact is not None:
            return contact.group
    return min((wrap.group for wrap in agent.wrapping.values() if wrap.holds), default=None)


def _group(pool: PoolState, group: Group) -> OutboundGroup:
    queues = pool.queues
    here = [] if queues is None else queues.by_group.queued(group.id) + queues.by_group.deferred(group.id)
    answered = sum(pool.contacts[contact_id].answered_until is not None for contact_id in here)
    opening = pool.openings.get(group.id)
    return OutboundGroup(group.id, opening is None or opening.open, answered, len(here) - answered)
