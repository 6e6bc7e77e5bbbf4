"""What an input itself says, taken in before anything is decided on it: skills, a profile, a menu's findings, a lost page."""

from __future__ import annotations

from services.router.domain.agents import Agent
from services.router.domain.contacts import ContactPhase
from services.router.domain.evolve import exposure, pauses, reserve
from services.router.domain.inputs import Input, TimerDue, TimerKind
from services.router.domain.workspace import Workspace
from shared.contracts.contact_events import (
    AgentProfileChanged,
    AgentSignedIn,
    ContactClassified,
    ContactProfiled,
    EndpointLost,
    EndpointRestored,
    Presence,
    SelfServiceEnded,
)

BEFORE_THE_OFFER = (ContactPhase.SELF_SERVICE, ContactPhase.ENRICHING, ContactPhase.DEFERRED, ContactPhase.QUEUED)
"""Phases in which a profile still counts for routing."""


def absorb(work: Workspace, given: Input) -> None:
    """Take in the facts of an input that was not refused."""
    fact = given.fact
    match fact:
        case ContactProfiled():
            _absorb_profile(work, fact)
        case ContactClassified():
            contact = work.contact(fact.contact_id)
            contact.wished_group = fact.group
            contact.reason = fact.reason or contact.reason
        case SelfServiceEnded():
            _absorb_self_service(work, fact)
        case AgentSignedIn():
            _absorb_sign_in(work, fact)
        case AgentProfileChanged():
            agent = work.agent(fact.agent_id)
            agent.teams, agent.sites = fact.teams, fact.sites
            _set_skills(work, agent, fact)
        case EndpointLost():
            _set_endpoint(work.agent(fact.agent_id), fact.cause, lost=True)
        case EndpointRestored():
            agent = work.agent(fact.agent_id)
            _set_endpoint(agent, fact.cause, lost=False)
            if not agent.page_lost:
                _keep_conversations(work, agent)
        case TimerDue(kind=TimerKind.RESERVE):
            reserve.looked(work)
        case TimerDue(kind=TimerKind.PAUSE):
            pauses.over(work, fact)
        case _:
            pass


def _absorb_profile(work: Workspace, fact: ContactProfiled) -> None:
    """A profile counts until the first offer; after that it changes the screen-pop only."""
    found = work.find_contact(fact.contact_id)
    if found is None or found.phase not in BEFORE_THE_OFFER:
        return
    contact = work.contact(fact.contact_id)
    contact.customer_id = fact.customer_id
    contact.tier = fact.tier
    contact.repeat = fact.repeat
    contact.language = contact.language or fact.language  # what the caller chose beats what is on file
    contact.preferred = fact.preferred


def _absorb_self_service(work: Workspace, fact: SelfServiceEnded) -> None:
    """What the dialogue found out: the line, the group, the wish. A group known before counts within the same line."""
    if fact.outcome == "served":
        return
    contact = work.contact(fact.contact_id)
    line = fact.business_line or contact.business_line
    contact.wished_group = fact.group or (contact.wished_group if line == contact.business_line else None)
    contact.business_line = line
    contact.language = fact.language or contact.language
    if fact.outcome == "to_person":  # of a failure, the reason tells of the dialogue, not of the customer
        contact.reason = fact.reason or contact.reason


def _absorb_sign_in(work: Workspace, fact: AgentSignedIn) -> None:
    agent = work.find_agent(fact.agent_id)
    if agent is None:
        now = work.now
        agent = work.add_agent(
            Agent(fact.agent_id, fact.session_id, Presence.SIGNED_OUT, now, work_since=now, idle_since=now)
        )
        agent.accrued_at = now
        exposure.recall(work, agent)
    else:  # another page of the same agent takes over what is going on
        agent = work.agent(fact.agent_id)
        agent.session_id = fact.session_id
        agent.page_lost = agent.phone_lost = False
        _keep_conversations(work, agent)
    agent.teams, agent.sites = fact.teams, fact.sites
    _set_skills(work, agent, fact)


def _set_skills(work: Workspace, agent: Agent, fact: AgentSignedIn | AgentProfileChanged) -> None:
    agent.skills = {held.skill: held for held in fact.skills if held.expires_at is None or held.expires_at > work.now}
    agent.own_capacity = dict(fact.capacity)
    work.requalified[agent.agent_id] = None


def _set_endpoint(agent: Agent, cause: str, lost: bool) -> None:
    if cause == "phone":
        agent.phone_lost = lost
    else:
        agent.page_lost = lost


def _keep_conversations(work: Workspace, agent: Agent) -> None:
    """The page is back in time: the agent's conversations stay."""
    for contact_id in sorted(agent.handling):
        found = work.find_contact(contact_id)
        if found is not None and found.interaction is not None and found.interaction.agent_return_until is not None:
            talk = work.contact(contact_id).interaction
            if talk is not None:
                talk.agent_return_until = None
