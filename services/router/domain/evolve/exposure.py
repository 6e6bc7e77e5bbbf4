"""What rotation does to an agent's record: what they were exposed to, and until when they rest."""

from __future__ import annotations

from dataclasses import replace

from services.router.domain.agents import Agent, Wearing, Worn
from services.router.domain.contacts import Contact
from services.router.domain.inputs import Input
from services.router.domain.workspace import Workspace
from shared.contracts.routing_decisions import AgentRested, AgentRestEnded, ExposureCounted


def offered(agent: Agent, contact: Contact) -> None:
    """From the offer on it is in hand: there is no second one meanwhile."""
    if contact.severity and contact.contact_id not in agent.wearing:
        agent.wearing[contact.contact_id] = Wearing(contact.severity)


def began(agent: Agent, contact_id: str, at: int) -> None:
    """Customer and agent talk: it wears from here on."""
    worn = agent.wearing.get(contact_id)
    if worn is not None and worn.since is None:
        agent.wearing[contact_id] = replace(worn, since=at)


def counted(work: Workspace, given: Input, decision: ExposureCounted) -> None:
    agent = work.agent(decision.agent_id)
    agent.wearing.pop(decision.contact_id, None)
    kept = tuple(entry for entry in agent.exposure if entry[0] > decision.window_from)
    agent.exposure = (*kept, (decision.at, decision.amount)) if decision.amount else kept


def rested(work: Workspace, given: Input, decision: AgentRested) -> None:
    agent = work.agent(decision.agent_id)
    agent.rest_until, agent.rest_why = decision.until, decision.why


def rest_ended(work: Workspace, given: Input, decision: AgentRestEnded) -> None:
    agent = work.agent(decision.agent_id)
    agent.rest_until = agent.rest_why = None


def remember(work: Workspace, agent_id: str) -> None:
    """The agent signs out: what wore them is kept for when they come back."""
    agent = work.find_agent(agent_id)
    if agent is not None and not work.copying and (agent.exposure or agent.rest_until is not None):
        work.pool.worn[agent_id] = Worn(agent.exposure, agent.rest_until, agent.rest_why)


def recall(work: Workspace, agent: Agent) -> None:
    """The agent is back; a rest that has ended meanwhile is over."""
    worn = work.pool.worn.get(agent.agent_id)
    if worn is None:
        return
    agent.exposure = worn.exposure
    if worn.rest_until is not None and worn.rest_until > work.now:
        agent.rest_until, agent.rest_why = worn.rest_until, worn.rest_why
    if not work.copying:
        del work.pool.worn[agent.agent_id]
