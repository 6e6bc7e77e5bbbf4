"""What the decisions of a chat's life do to the records: whose turn it is, parked without load, gone on with.

A parked chat keeps its interaction: the agent who goes on with it goes on with the same one, and the time it took no
load is not counted as talk.
"""

from __future__ import annotations

from dataclasses import replace

from services.router.domain.contacts import ChatTurn, Contact
from services.router.domain.evolve import exposure
from services.router.domain.inputs import Input
from services.router.domain.transitions import IllegalTransition, next_phase
from services.router.domain.workspace import Workspace
from shared.contracts.routing_decisions import ContactParked, ContactResumed, ContactReturning, ReplyAwaited


def turned(work: Workspace, given: Input, decision: ReplyAwaited) -> None:
    contact = work.contact(decision.contact_id)
    contact.phase = next_phase(contact.phase, decision)
    before = contact.chat or ChatTurn(decision.of, decision.at)
    replied = before.replied or decision.of == "customer"
    contact.chat = replace(before, of=decision.of, since=decision.at, until=decision.until, replied=replied)


def parked(work: Workspace, given: Input, decision: ContactParked) -> None:
    contact = work.contact(decision.contact_id)
    contact.phase = next_phase(contact.phase, decision)
    before = contact.chat or ChatTurn("customer", decision.at)
    contact.chat = replace(before, until=None, parked_at=decision.at, close_at=decision.until)
    if contact.interaction is not None:
        contact.interaction.agent_return_until = None
    if decision.agent_id is not None:
        agent = work.agent(decision.agent_id)
        agent.parked[decision.contact_id] = agent.handling.pop(decision.contact_id)
        agent.idle_since = work.now
        agent.refresh_work(work.now)


def returning(work: Workspace, given: Input, decision: ContactReturning) -> None:
    contact = work.contact(decision.contact_id)
    contact.phase = next_phase(contact.phase, decision)
    contact.only_agent, contact.preferred_until = decision.agent_id, decision.until
    contact.chat = replace(chat_of(contact), of="agent", since=decision.at, close_at=None)


def resumed(work: Workspace, given: Input, decision: ContactResumed) -> None:
    contact = work.contact(decision.contact_id)
    contact.phase = next_phase(contact.phase, decision)
    contact.only_agent = contact.preferred_until = None
    chat = chat_of(contact)
    contact.chat = replace(chat, parked_at=None, parked=chat.parked + decision.parked)
    agent = work.agent(decision.agent_id)
    agent.handling[decision.contact_id] = agent.parked.pop(decision.contact_id)
    exposure.offered(agent, contact)
    exposure.began(agent, decision.contact_id, decision.at)
    agent.idle_since = work.now
    agent.refresh_work(work.now)


def chat_of(contact: Contact) -> ChatTurn:
    if contact.chat is None:
        raise IllegalTransition(f"contact {contact.contact_id} is no chat under way")
    return contact.chat
