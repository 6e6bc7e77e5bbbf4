"""The live picture of one agent pool: open contacts, signed-in agents, groups today. A read model, folded from decisions.

This file says what is known and answers questions about it; `fold` says how a decision changes it. Everything here is
plain data, so that it can be checkpointed and rebuilt to the same value from the same decisions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from services.console.domain.service_level import Today, Variant, average_speed_of_answer, service_level
from services.console.domain.shapes import (
    AgentState,
    AgentView,
    Backlog,
    CallbackRow,
    Consultation,
    ContactInHand,
    ContactRow,
    ContactState,
    GroupRow,
    Interaction,
    Offer,
    Queued,
    SelfServiceRow,
    Staff,
    Standing,
    Transfer,
    WrapUp,
)
from shared.contracts.contact_events import Presence
from shared.contracts.fields import Channel, SkillLevel
from shared.contracts.routing_decisions import AgentStateChanged, WorkState

CLOSED_OFFERS_KEPT = 2000
"""How many finished offers are remembered, to tell a late click why it is too late."""
RATINGS_KEPT = 50
"""An agent's average is over so many of the last words of customers."""

CALLED_NOW = (ContactState.WAITING, ContactState.OFFERED, ContactState.CONNECTING, ContactState.DIALLING)
"""Where a callback stands whose turn has come and whose customer is not reached yet."""
WRITTEN = (Channel.WEB, Channel.SMS)
"""Channels on which both sides write in turn."""


@dataclass(frozen=True, slots=True)
class GroupStay:
    """A contact's stay in one group without an outcome yet: what service level counts. Times in µs."""

    group: str
    entered_at: int
    target: int


@dataclass(slots=True)
class OpenContact:
    contact_id: str
    channel: Channel
    business_line: str
    state: ContactState
    since: int
    arrived_at: int
    group: str | None = None
    requirement: tuple[SkillLevel, ...] = ()
    queued_at: int | None = None
    entered_group_at: int | None = None
    due_at: int | None = None
    tier: str | None = None
    customer_id: str | None = None
    head_start: int = 0
    cause: str | None = None
    agent_id: str | None = None  # who has the offer or the conversation
    offer_id: str | None = None
    consulted: str | None = None  # the colleague whom that agent talks to
    colleagues: dict[str, None] = field(default_factory=dict[str, None])  # beside the conversation
    only_agent: str | None = None  # transferred to this agent: nobody else is asked
    waited: int = 0
    entry: GroupStay | None = None
    attempt: str | None = None  # of a campaign's record
    called: bool = False  # we called, and the customer was assigned at once

    def row(self) -> ContactRow:
        return ContactRow(
            self.contact_id, self.channel, self.business_line, self.group, self.state, self.since, self.arrived_at,
            self.queued_at, self.entered_group_at, self.due_at, self.tier, self.customer_id, self.agent_id, self.offer_id,
            self.head_start, self.cause,
        )  # fmt: skip


@dataclass(slots=True)
class AgentLive:
    """A signed-in agent: the last state the router told, and what is in hand (by offer, interaction and transfer id)."""

    state: AgentStateChanged
    offers: dict[str, Offer] = field(default_factory=dict[str, Offer])
    interactions: dict[str, Interaction] = field(default_factory=dict[str, Interaction])
    wrap_ups: dict[str, WrapUp] = field(default_factory=dict[str, WrapUp])
    transfers: dict[str, Transfer] = field(default_factory=dict[str, Transfer])
    consultations: dict[str, Consultation] = field(default_factory=dict[str, Consultation])  # asking or asked

    @property
    def staffed(self) -> bool:
        """Signed in and reachable: somebody who can be counted on."""
        return self.state.presence is not Presence.SIGNED_OUT and self.state.reachable

    def in_hand(self) -> tuple[ContactInHand, ...]:
        return (
            *(ContactInHand(o.contact_id, o.channel, o.group, ContactState.OFFERED, o.made_at) for o in self.offers.values()),
            *(ContactInHand(i.contact_id, i.channel, i.group, i.state, i.since) for i in self.interactions.values()),
            *(ContactInHand(w.contact_id, w.channel, w.group, ContactState.WRAPPING, w.since) for w in self.wrap_ups.values()),
        )  # fmt: skip

    def shape(self, pool: str, ratings: Sequence[int] = ()) -> AgentState:
        """`ratings`: the agent's last ones, as `PoolLive.ratings` keeps them."""
        s = self.state
        average = round(sum(ratings) / len(ratings) / 10, 1) if ratings else None
        return AgentState(
            s.agent_id, pool, s.presence, s.presence_reason, s.presence_since, s.pending_presence, s.pending_reason,
            s.work_state, s.work_since, s.reachable, s.loads, s.capacity, s.skills, s.teams, s.sites, s.handled, self.in_hand(),
            average, len(ratings), s.exposure, s.rest_until, s.rest_why,
        )  # fmt: skip


@dataclass(slots=True)
class Waiting:
    channel: Channel
    since: int


@dataclass(slots=True)
class GroupLive:
    """A question group: today's counts and the entries without outcome."""

    group: str
    business_line: str | None = None
    targets: dict[Channel, int] = field(default_factory=dict[Channel, int])  # seconds, from the policy
    today: Today = field(default_factory=Today)
    waiting: dict[str, Waiting] = field(default_factory=dict[str, Waiting])
    standing: Standing | None = None

    def row(self, pool: str, variant: Variant, short_abandon_seconds: int) -> GroupRow:
        by_channel: dict[Channel, int] = {}
        for waiting in self.waiting.values():
            by_channel[waiting.channel] = by_channel.get(waiting.channel, 0) + 1
        return GroupRow(
            self.group,
            pool,
            self.business_line,
            len(self.waiting),
            by_channel,
            min((w.since for w in self.waiting.values()), default=None),
            self.today,
            service_level(self.today, variant, short_abandon_seconds),
            average_speed_of_answer(self.today),
            self.standing,
        )


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """What the policy says about a group, as far as the wallboard needs it. Targets in seconds."""

    business_line: str
    targets: Mapping[Channel, int]


@dataclass(frozen=True, slots=True)
class Missed:
    """Offers an agent did not answer in a row, and since when somebody should look."""

    in_a_row: int
    since: int


@dataclass(slots=True)
class LineLive:
    """A business line's self-service today. `now`: contacts there, by id."""

    now: dict[str, None] = field(default_factory=dict[str, None])
    served: int = 0
    left: int = 0
    to_people: int = 0

    def row(self, line: str, pool: str) -> SelfServiceRow:
        over = self.served + self.left + self.to_people
        return SelfServiceRow(line, pool, len(self.now), over + len(self.now), self.served, self.left, self.to_people)


@dataclass(slots=True)
class PoolLive:
    tenant: str
    pool: str
    day: str = ""  # ISO date of the tenant's time zone
    short_abandon: int = 5_000_000
    contacts: dict[str, OpenContact] = field(default_factory=dict[str, OpenContact])
    agents: dict[str, AgentLive] = field(default_factory=dict[str, AgentLive])
    groups: dict[str, GroupLive] = field(default_factory=dict[str, GroupLive])
    wrapping: dict[str, str] = field(default_factory=dict[str, str])  # contact → agent
    missed: dict[str, Missed] = field(default_factory=dict[str, Missed])  # agent → RONAs in a row
    closed_offers: dict[str, str] = field(default_factory=dict[str, str])  # offer → its agent
    lines: dict[str, LineLive] = field(default_factory=dict[str, LineLive])  # business line → its self-service
    ratings: dict[str, list[int]] = field(default_factory=dict[str, list[int]])  # agent → last ones, tenths of five
    callbacks: dict[str, CallbackRow] = field(
        default_factory=dict[str, CallbackRow]
    )  # open ones, and the last that are over

    def group(self, name: str) -> GroupLive:
        if name not in self.groups:
            self.groups[name] = GroupLive(name)
        return self.groups[name]

    def holders(self, contact_id: str) -> set[str]:
        """Agents to whom the contact is offered, who handle it, are consulted about it or wrap it up."""
        contact, wrapping = self.contacts.get(contact_id), self.wrapping.get(contact_id)
        concerned = (contact.agent_id, contact.consulted) if contact else ()
        return {agent for agent in (*concerned, wrapping) if agent}

    def handles(self, agent_id: str, contact_id: str) -> bool:
        """Whether the agent has the customer (not merely the offer, or a colleague who asks)."""
        return any(i.state is not ContactState.CONSULTING for i in self._interactions(agent_id, contact_id))

    def takes_part(self, agent_id: str, contact_id: str) -> bool:
        """Whether the agent has the customer or is consulted about them."""
        return bool(self._interactions(agent_id, contact_id))

    def _interactions(self, agent_id: str, contact_id: str) -> list[Interaction]:
        agent = self.agents.get(agent_id)
        return [] if agent is None else [i for i in agent.interactions.values() if i.contact_id == contact_id]

    def consults(self, agent_id: str, contact_id: str) -> bool:
        """Whether the agent has asked for a colleague's word on their contact and is not through with it."""
        agent = self.agents.get(agent_id)
        return agent is not None and any(
            c.contact_id == contact_id and c.from_agent == agent_id for c in agent.consultations.values()
        )

    def company(self, contact_id: str) -> tuple[str, ...]:
        """Colleagues beside the conversation."""
        contact = self.contacts.get(contact_id)
        return () if contact is None else tuple(contact.colleagues)

    def confers(self, agent_id: str, contact_id: str) -> bool:
        """Whether the agent talks with the customer in a conference, though the contact is a colleague's."""
        agent = self.agents.get(agent_id)
        return agent is not None and any(
            c.contact_id == contact_id and c.joined and c.state == "talking" for c in agent.consultations.values()
        )

    def line(self, name: str) -> LineLive:
        if name not in self.lines:
            self.lines[name] = LineLive()
        return self.lines[name]

    def agent_view(self, agent_id: str) -> AgentView:
        agent = self.agents.get(agent_id)
        if agent is None:
            return AgentView()
        return AgentView(
            agent.shape(self.pool, self.ratings.get(agent_id, ())),
            tuple(agent.offers.values()),
            tuple(replace(i, colleagues=self.company(i.contact_id)) for i in agent.interactions.values()),
            tuple(agent.wrap_ups.values()),
            tuple(agent.transfers.values()),
            queued_for(self, [agent_id]).get(agent_id, Queued()),
            tuple(agent.consultations.values()),
        )


def covers(held: Iterable[SkillLevel], requirement: Iterable[SkillLevel]) -> bool:
    """Every required skill is held at the level asked. Who is *eligible* is the router's to say; this is only a count."""
    levels = {skill.skill: skill.level for skill in held}
    return all(levels.get(need.skill, 0) >= need.level for need in requirement)


def queued_for(pool: PoolLive, agent_ids: Iterable[str]) -> dict[str, Queued]:
    """How much waiting work each of the agents could serve, by skills and channels; longest wait from entry into the group."""
    work: dict[tuple[tuple[SkillLevel, ...], Channel, str | None], tuple[int, int]] = {}
    for contact in pool.contacts.values():
        if contact.state is ContactState.WAITING:
            since = contact.entered_group_at or contact.since
            kind = (contact.requirement, contact.channel, contact.only_agent)
            count, oldest = work.get(kind, (0, since))
            work[kind] = (count + 1, min(oldest, since))
    found: dict[str, Queued] = {}
    for agent_id in agent_ids:
        if (agent := pool.agents.get(agent_id)) is None:
            continue
        fitting = [
            counted
            for (requirement, channel, only), counted in work.items()
            if only in (None, agent_id)
            and agent.state.capacity.get(channel, 0) > 0
            and covers(agent.state.skills, requirement)
        ]
        found[agent_id] = Queued(sum(n for n, _ in fitting), min((oldest for _, oldest in fitting), default=None))
    return found


def staff(pools: Iterable[PoolLive]) -> Staff:
    """The agents of a tenant, counted."""
    states = [agent.state for pool in pools for agent in pool.agents.values()]
    reachable = [s for s in states if s.reachable]
    by_reason: dict[str, int] = {}
    for state in states:
        if state.presence is Presence.NOT_READY:
            reason = state.presence_reason or ""
            by_reason[reason] = by_reason.get(reason, 0) + 1
    busy = sum(s.work_state in (WorkState.HANDLING, WorkState.WRAPPING) for s in states)
    free = [s.work_state for s in reachable if s.presence is Presence.AVAILABLE]
    idle, ready = free.count(WorkState.IDLE), free.count(WorkState.IDLE) + free.count(WorkState.OFFERED)
    return Staff(
        signed_in=len(states),
        available=len(free),
        not_ready=sum(s.presence is Presence.NOT_READY for s in states),
        unreachable=len(states) - len(reachable),
        idle=idle,
        offered=sum(s.work_state is WorkState.OFFERED for s in states),
        handling=sum(s.work_state is WorkState.HANDLING for s in states),
        wrapping=sum(s.work_state is WorkState.WRAPPING for s in states),
        by_reason=by_reason,
        occupancy_percent=round(100 * busy / (busy + ready), 1) if busy + ready else None,
    )


def backlog(pools: Iterable[PoolLive]) -> Backlog:
    """What is owed to a tenant's customers, counted."""
    pools = tuple(pools)
    contacts = [contact for pool in pools for contact in pool.contacts.values()]
    callbacks = [contact.state for pool in pools for key, contact in pool.contacts.items() if key in pool.callbacks]
    unanswered = {
        talk.contact_id: since
        for pool in pools
        for agent in pool.agents.values()
        for talk in agent.interactions.values()
        if (since := _unanswered_since(talk)) is not None
    }
    return Backlog(
        callbacks_due=sum(state in CALLED_NOW for state in callbacks),
        callbacks_scheduled=callbacks.count(ContactState.DEFERRED),
        chats_unanswered=len(unanswered),
        unanswered_since=min(unanswered.values(), default=None),
        chats_parked=sum(c.state is ContactState.PARKED and c.contact_id not in unanswered for c in contacts),
    )


def _unanswered_since(talk: Interaction) -> int | None:
    """Since when the customer waits for the agent's word; None: they do not. Nothing said yet, the first word is the agent's."""
    if talk.awaited is not None:
        return talk.awaited.since if talk.awaited.of == "agent" else None
    return talk.since if talk.state is ContactState.CONNECTED and talk.channel in WRITTEN else None


def begin_day(pool: PoolLive, day: str) -> None:
    """Start counting anew; entries still waiting open the new day's cohort, so that it adds up again."""
    pool.day = day
    for group in pool.groups.values():
        group.today = Today(offered=len(group.waiting))
    pool.lines = {name: LineLive(line.now) for name, line in pool.lines.items()}


def use_policy(pool: PoolLive, facts: Mapping[str, GroupFacts]) -> None:
    """Take names and targets from the policy; groups it no longer has stay while they have work or counts of today."""
    for name, known in facts.items():
        group = pool.group(name)
        group.business_line = known.business_line
        group.targets = dict(known.targets)
    for name in [n for n, g in pool.groups.items() if n not in facts and not g.waiting and g.today == Today()]:
        del pool.groups[name]
