"""The decisions of one input as they are taken: each is recorded and at once applied to the draft's copies."""

from __future__ import annotations

from collections.abc import Mapping

from services.router.domain.absorb import absorb
from services.router.domain.agents import Agent
from services.router.domain.contacts import Contact
from services.router.domain.evolve.dispatch import evolve
from services.router.domain.inputs import Decided, HoursExpanded, Input, PolicyInForce
from services.router.domain.memberships import Way
from services.router.domain.policy.model import Capacity, Group, Policy
from services.router.domain.queues import Queues
from services.router.domain.reserve import NO_RESERVE, InboundReserve, inbound_of, is_idle_for_inbound
from services.router.domain.state import PoolState
from services.router.domain.workspace import Workspace
from shared.contracts.contact_events import Presence
from shared.contracts.fields import SECOND, Channel, SkillLevel
from shared.contracts.routing_decisions import AgentStateChanged, RefusalReason, RoutingDecision, WorkState


class Refusal(Exception):
    """The input changes nothing, for this reason. Raised before anything was decided."""

    def __init__(self, reason: RefusalReason, detail: str | None = None) -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(reason.value)


class Draft:
    """State as the decisions so far will leave it, and those decisions. `policy` and `queues` are in force."""

    def __init__(
        self, partition: int, pool: PoolState, given: Input, policy: Policy, queues: Queues, *, at_once: bool = False
    ) -> None:
        """`at_once`: decided on the pool's own records (see `advance`) instead of copies."""
        self.partition = partition
        self.given = given
        self.now = given.now
        self.pool = pool
        self.policy = policy
        self.policy_version = pool.policy_version
        self.queues = queues
        fact = given.fact
        self.hours = fact.hours if isinstance(fact, (PolicyInForce, HoursExpanded)) else pool.hours
        """Calendar → when it is open."""
        self.level_before = pool.level
        self.terms_kept_before = pool.terms_kept_before
        if isinstance(fact, PolicyInForce):
            self.terms_kept_before = given.now if fact.waiting == "keep" else None
        self.work = Workspace(pool, given.now, not at_once, self._note if at_once else None)
        self.decided: list[Decided] = []
        self.absorbed = False
        self.unindexed_contacts: dict[str, Contact | None] = self.work.contacts
        self.unindexed_agents: dict[str, Agent | None] = self.work.agents
        self._before: dict[str, tuple[object, ...]] = {}  # agent → what was last told of them
        self._ids = 0

    def _note(self, agent: Agent) -> None:
        self._before[agent.agent_id] = _visible(agent)

    @property
    def capacity(self) -> Capacity:
        return self.policy.capacity

    def emit(self, subject: str, decision: RoutingDecision) -> None:
        """Record a decision about a contact or agent and apply it."""
        self.decided.append(Decided(self.given.tenant, self.given.pool, subject, decision))
        evolve(self.work, self.given, decision)

    def absorb(self) -> None:
        """Take in what the input itself says; from here on it can no longer be refused."""
        self.absorbed = True
        absorb(self.work, self.given)

    def next_id(self, kind: str) -> str:
        """An id nobody else has: kind, partition, journal position, ordinal within the input."""
        self._ids += 1
        return f"{kind}-{self.partition}-{self.given.position}-{self._ids}"

    def put_in_force(self, policy: Policy, version: int) -> None:
        """From here on this policy rules. Indexes are built anew by `reindex`, once the places are computed."""
        self.policy = self.work.policy = policy
        self.policy_version = version

    def reindex(self) -> None:
        """Build the indexes over the state as it is drafted; only what changes later stands beside them."""
        agents = {**self.pool.agents, **self.work.agents}
        contacts = {**self.pool.contacts, **self.work.contacts}
        self.queues = Queues(
            {key: agent for key, agent in agents.items() if agent is not None},
            {key: contact for key, contact in contacts.items() if contact is not None},
            self.capacity,
            inbound_of(self.policy),
        )
        self.unindexed_agents, self.unindexed_contacts = {}, {}

    def mark_unindexed(self, agent_id: str, contact_id: str) -> None:
        """The indexes no longer know these as they are."""
        self.unindexed_agents[agent_id] = self.work.agents[agent_id]
        self.unindexed_contacts[contact_id] = self.work.contacts[contact_id]

    def asked_by(self) -> tuple[str | None, str | None]:
        """Which user asked for this input, and why, where a person did."""
        fact = self.given.fact
        return getattr(fact, "by", None), getattr(fact, "why", None)

    # ---- reading

    def contact(self, contact_id: str) -> Contact:
        """The live contact. Raises Refusal (ended or unknown)."""
        found = self.work.find_contact(contact_id)
        if found is None:
            ended = contact_id in self.pool.ended
            raise Refusal(RefusalReason.CONTACT_ALREADY_ENDED if ended else RefusalReason.UNKNOWN_CONTACT)
        return found

    def agent(self, agent_id: str) -> Agent:
        """The signed-in agent. Raises Refusal."""
        found = self.work.find_agent(agent_id)
        if found is None:
            raise Refusal(RefusalReason.UNKNOWN_AGENT)
        return found

    def group_of(self, contact: Contact) -> Group:
        """The group the contact is in, or the one that takes its place where the policy dropped it."""
        return self.policy.group_for(contact.business_line, contact.group or contact.wished_group, contact.channel)

    def touch(self, contact_id: str) -> None:
        """The contact is to be looked at anew, though nothing about it has been decided."""
        self.work.contact(contact_id)

    def could_serve(self, agent_id: str, channel: Channel, needed: tuple[SkillLevel, ...]) -> bool:
        """Whether the agent is staffed for it: signed in, with skills and channel."""
        agent = self.work.find_agent(agent_id)
        return agent is not None and agent.could_match(channel, needed, self.capacity)

    def staffed(self, channel: Channel, needed: Way) -> int:
        """How many signed-in agents could match, as the decisions so far leave them."""
        count = self.queues.staffed(channel, needed)
        for agent_id, agent in self.work.agents.items():
            if self.is_requalified(agent_id):
                before = self.queues.known(agent_id)
                count -= before is not None and before.could_match(channel, needed, self.capacity)
                count += agent is not None and agent.could_match(channel, needed, self.capacity)
        return count

    def is_requalified(self, agent_id: str) -> bool:
        """Whether the indexes know other skills of the agent than they have now, or know them though they left."""
        return agent_id in self.work.requalified or self.work.agents[agent_id] is None

    def reserve(self) -> InboundReserve:
        """Who is kept from outbound work, as the decisions so far leave it."""
        rule = self.policy.blending
        if rule is None:
            return NO_RESERVE
        inbound = self.queues.inbound
        idle = self.queues.idle_for_inbound()
        for agent_id, agent in self.work.agents.items():
            idle -= self.queues.is_kept(agent_id)
            idle += agent is not None and is_idle_for_inbound(agent, inbound, self.capacity)
        level = self.work.level
        return InboundReserve(inbound, idle > rule.reserve_agents and not (level is not None and level.held))

    # ---- agents' visible state

    def change_presence(
        self,
        agent_id: str,
        presence: Presence,
        reason: str | None,
        cause: str,
        pending: Presence | None = None,
        pending_reason: str | None = None,
    ) -> None:
        """The agent's presence from now on, with what is pending after the work at hand."""
        agent = self.agent(agent_id)
        moved = presence is not agent.presence or reason != agent.presence_reason
        since = self.now if moved else agent.presence_since
        self.tell_agent(agent, cause, presence, since, reason, pending, pending_reason)

    def tell_agent(
        self,
        agent: Agent,
        cause: str,
        presence: Presence,
        since: int,
        reason: str | None,
        pending: Presence | None,
        pending_reason: str | None,
    ) -> None:
        gone = presence is Presence.SIGNED_OUT
        by, why = self.asked_by() if getattr(self.given.fact, "agent_id", None) == agent.agent_id else (None, None)
        decision = AgentStateChanged(
            agent_id=agent.agent_id,
            presence=presence,
            presence_since=since,
            work_state=WorkState.IDLE if gone else agent.work_state,
            work_since=agent.work_since,
            reachable=agent.reachable,
            presence_reason=reason,
            pending_presence=pending,
            pending_reason=pending_reason,
            loads={} if gone else agent.loads(),
            capacity=agent.maxima(self.capacity),
            skills=tuple(SkillLevel(s, agent.skills[s].level) for s in sorted(agent.skills)),
            teams=agent.teams,
            sites=agent.sites,
            handled=agent.handled,
            cause=cause,
            exposure=self._exposure_of(agent),
            rest_until=agent.rest_until,
            rest_why=agent.rest_why,
            by=by,
            why=why,
        )
        self.emit(agent.agent_id, decision)
        if not gone:
            self._before[agent.agent_id] = _visible(self.agent(agent.agent_id))

    def _exposure_of(self, agent: Agent) -> int:
        """Severity-seconds in the window."""
        rule = self.policy.exposure
        return 0 if rule is None else agent.exposed_since(self.now - rule.window_seconds * SECOND)

    def tell_as_is(self, agent: Agent, cause: str) -> None:
        """The agent's state as it stands, because something beside presence changed."""
        self.tell_agent(
            agent,
            cause,
            agent.presence,
            agent.presence_since,
            agent.presence_reason,
            agent.pending_presence,
            agent.pending_reason,
        )

    def tell_changed_agents(self, cause: str) -> None:
        """One `AgentStateChanged` for every agent whose visible state differs from what was last told."""
        for agent_id in sorted(self.work.agents):
            agent = self.work.agents[agent_id]
            if agent is None:
                continue
            told = self._before.get(agent_id)
            if told is None and agent_id in self.pool.agents:
                told = _visible(self.pool.agents[agent_id])
            if told != _visible(agent):
                self.tell_as_is(agent, cause)


def _visible(agent: Agent) -> tuple[object, ...]:
    """What `AgentStateChanged` shows of an agent."""
    return (
        agent.presence,
        agent.presence_reason,
        agent.pending_presence,
        agent.pending_reason,
        agent.reachable,
        agent.work_state,
        agent.handled,
        _ids(agent.offered),
        _ids(agent.handling),
        _ids(agent.wrapping),
        _ids(agent.consulting),
        _ids(agent.parked),
        agent.skills,
        agent.own_capacity,
        agent.teams,
        agent.sites,
        agent.exposure,
        agent.rest_until,
    )


def _ids(records: Mapping[str, object]) -> frozenset[str]:
    """Only ever compared."""
    return frozenset(records) if records else _NOBODY


_NOBODY: frozenset[str] = frozenset()
