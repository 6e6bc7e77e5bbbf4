"""The records one input touches: the pool's own when applying, copies of them while deciding.

Deciding and applying run the same `evolve` over this, so a decision is always taken on exactly the state
that applying it will produce, while `decide` leaves the pool as it was. `advance` decides on the pool's own records.
"""

from __future__ import annotations

from collections.abc import Callable

from services.router.domain.agents import Agent
from services.router.domain.contacts import Contact
from services.router.domain.hours import ALWAYS_OPEN, Opening
from services.router.domain.policy.model import Policy
from services.router.domain.queues import Queues
from services.router.domain.reserve import InboundLevel
from services.router.domain.state import PoolState
from shared.contracts.contact_events import Presence
from shared.contracts.routing_decisions import WorkState


class Workspace:
    """Agents and contacts by id, with what changed. `agents` and `contacts` hold the touched ones (None: gone)."""

    def __init__(
        self, pool: PoolState, now: int, copying: bool, first_touch: Callable[[Agent], None] | None = None
    ) -> None:
        """`first_touch` is told of every agent before they change; whoever is told removes agents from the pool itself."""
        self.pool = pool
        self.now = now
        self.copying = copying
        self._first_touch = first_touch
        self.policy: Policy | None = pool.policy
        self.queues: Queues | None = pool.queues
        self.agents: dict[str, Agent | None] = {}
        self.contacts: dict[str, Contact | None] = {}
        self.openings: dict[str, Opening] = {}  # groups that opened or closed
        self.level = pool.level
        self.requalified: dict[str, None] = {}  # agents whose skills or capacity changed

    def opening(self, group: str) -> Opening:
        """How the group stands; one never decided on is open."""
        return self.openings.get(group) or self.pool.openings.get(group, ALWAYS_OPEN)

    def set_opening(self, group: str, opening: Opening) -> None:
        self.openings[group] = opening
        if not self.copying:
            self.pool.openings[group] = opening

    def set_level(self, level: InboundLevel) -> None:
        """How inbound is served from here on."""
        self.level = level
        if not self.copying:
            self.pool.level = level

    def find_contact(self, contact_id: str) -> Contact | None:
        """The contact as it stands, for reading."""
        if contact_id in self.contacts:
            return self.contacts[contact_id]
        return self.pool.contacts.get(contact_id)

    def find_agent(self, agent_id: str) -> Agent | None:
        """The agent as they stand, for reading."""
        if agent_id in self.agents:
            return self.agents[agent_id]
        return self.pool.agents.get(agent_id)

    def contact(self, contact_id: str) -> Contact:
        """The contact, to be changed. Raises KeyError where there is none."""
        touched = self.contacts.get(contact_id)
        if touched is None:
            if contact_id in self.contacts:
                raise KeyError(contact_id)
            touched = self.pool.contacts[contact_id]
            if self.copying:
                touched = touched.copy()
            self.contacts[contact_id] = touched
        return touched

    def agent(self, agent_id: str) -> Agent:
        """The agent, to be changed; their time is counted up to now first. Raises KeyError where there is none."""
        touched = self.agents.get(agent_id)
        if touched is None:
            if agent_id in self.agents:
                raise KeyError(agent_id)
            touched = self.pool.agents[agent_id]
            if self.copying:
                touched = touched.copy()
            elif self._first_touch is not None:
                self._first_touch(touched)
            self.agents[agent_id] = touched
            _accrue(touched, self.now)
        return touched

    def add_contact(self, contact: Contact) -> Contact:
        self.contacts[contact.contact_id] = contact
        if not self.copying:
            self.pool.contacts[contact.contact_id] = contact
        return contact

    def add_agent(self, agent: Agent) -> Agent:
        self.agents[agent.agent_id] = agent
        self.requalified[agent.agent_id] = None
        if not self.copying:
            self.pool.agents[agent.agent_id] = agent
        return agent

    def remove_contact(self, contact_id: str) -> None:
        self.contacts[contact_id] = None
        if not self.copying:
            del self.pool.contacts[contact_id]

    def remove_agent(self, agent_id: str) -> None:
        self.agents[agent_id] = None
        if not self.copying and self._first_touch is None:
            del self.pool.agents[agent_id]


def _accrue(agent: Agent, now: int) -> None:
    """Count the time since the last change as busy, available or neither."""
    passed = now - agent.accrued_at
    if agent.work_state is not WorkState.IDLE:
        agent.busy += passed
        agent.staffed += passed
    elif agent.presence is Presence.AVAILABLE:
        agent.staffed += passed
    agent.accrued_at = now
