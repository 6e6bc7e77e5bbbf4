"""What the decisions of a warm transfer do to the records: who is sought, asked, talked to, and has the customer in the end.

While somebody is sought the contact carries the search (group, requirement, the one asked for); `ended` puts back what it
was, `handed_over` keeps what was found.
"""

from __future__ import annotations

from dataclasses import replace

from services.router.domain.contacts import Consultation, Contact, Interaction, OutsideCall
from services.router.domain.evolve.steps import ask_anew
from services.router.domain.inputs import Input
from services.router.domain.transitions import (
    IllegalTransition,
    next_consultation_state,
    next_offer_state,
    next_phase,
)
from services.router.domain.workspace import Workspace
from shared.contracts.contact_events import TransferTarget
from shared.contracts.routing_decisions import (
    ConsultationEnded,
    ConsultationRequested,
    ConsultationStarted,
    ContactTransferred,
    DialRequested,
    DialSettled,
    OfferMade,
    OfferWithdrawn,
)

NEVER = 2**53
"""The sender is not asked about their own contact, however long the consultation lasts."""


def requested(work: Workspace, given: Input, decision: ConsultationRequested) -> None:
    contact = work.contact(decision.contact_id)
    contact.phase = next_phase(contact.phase, decision)
    contact.consultation = Consultation(
        transfer_id=decision.transfer_id,
        from_agent=decision.from_agent,
        target_kind=decision.target_kind,
        target=decision.target,
        asked_at=work.now,
        until=decision.until,
        home_group=contact.group,
        home_requirement=contact.requirement,
        state=next_consultation_state(None, decision),
        joined=decision.joined,
        takes_over=decision.takes_over,
    )
    contact.group = decision.group or contact.group
    ask_anew(contact, decision)
    contact.excluded = {decision.from_agent: NEVER}
    if decision.target_kind == TransferTarget.AGENT:
        contact.only_agent, contact.preferred_until = decision.target, decision.until
    elif decision.target_kind == TransferTarget.SITE:
        contact.site = decision.target


def under_way(contact: Contact) -> Consultation:
    if contact.consultation is None:
        raise IllegalTransition(f"nobody is consulted about contact {contact.contact_id}")
    return contact.consultation


def offered(contact: Contact, decision: OfferMade) -> None:
    consultation = under_way(contact)
    contact.consultation = replace(
        consultation,
        state=next_consultation_state(consultation.state, decision),
        agent_id=decision.agent_id,
        offer_id=decision.offer_id,
    )


def withdrawn(contact: Contact, decision: OfferWithdrawn) -> None:
    consultation = under_way(contact)
    state = next_consultation_state(consultation.state, decision)
    contact.consultation = replace(consultation, state=state, agent_id=None, offer_id=None)


def started(work: Workspace, given: Input, decision: ConsultationStarted) -> None:
    """The asked agent carries it as a conversation from here on; the customer stays the sender's."""
    contact = work.contact(decision.contact_id)
    consultation = under_way(contact)
    contact.consultation = replace(
        consultation,
        state=next_consultation_state(consultation.state, decision),
        interaction_id=decision.interaction_id,
    )
    offer = contact.offers[decision.offer_id]
    offer.state = next_offer_state(offer.state, decision)
    contact.offer_id = None
    agent = work.agent(decision.agent_id)
    agent.offered.pop(decision.contact_id, None)
    agent.consulting[decision.contact_id] = contact.channel
    agent.missed_in_a_row = 0
    agent.idle_since = work.now
    agent.refresh_work(work.now)


def outside_rings(contact: Contact, decision: DialRequested, now: int) -> None:
    """An outside party is asked instead of a colleague; nobody of ours is looked for."""
    consultation = under_way(contact)
    contact.consultation = replace(consultation, state=next_consultation_state(consultation.state, decision))
    talk = contact.interaction
    waited = 0 if talk is None or talk.started_at is None else talk.started_at - contact.entered_group_at
    contact.outside = OutsideCall(consultation.target, now, waited)


def outside_talks(contact: Contact, decision: DialSettled) -> None:
    consultation = under_way(contact)
    contact.consultation = replace(consultation, state=next_consultation_state(consultation.state, decision))


def ended(work: Workspace, given: Input, decision: ConsultationEnded) -> None:
    contact = work.contact(decision.contact_id)
    consultation = under_way(contact)
    contact.phase = next_phase(contact.phase, decision)
    next_consultation_state(consultation.state, decision)
    contact.group, contact.requirement = consultation.home_group, consultation.home_requirement
    contact.only_agent = contact.preferred_until = contact.consultation = contact.site = contact.outside = None
    contact.steps, contact.step, contact.reached, contact.let_in = (), 0, 0, ()
    contact.excluded = {}
    if consultation.interaction_id is not None and consultation.agent_id is not None:
        agent = work.agent(consultation.agent_id)
        agent.consulting.pop(decision.contact_id, None)
        agent.idle_since = work.now
        agent.refresh_work(work.now)


def handed_outside(work: Workspace, decision: ContactTransferred) -> None:
    """The outside party who was asked first has the customer; `contact.outside` says who they are."""
    contact = work.contact(decision.contact_id)
    consultation = under_way(contact)
    next_consultation_state(consultation.state, decision)
    contact.phase = next_phase(contact.phase, decision)
    contact.requirement = consultation.home_requirement
    contact.consultation = None
    contact.excluded = {}


def handed_over(work: Workspace, given: Input, decision: ContactTransferred) -> None:
    """The consulted agent's interaction becomes the contact's; it begins with the next decision."""
    contact = work.contact(decision.contact_id)
    consultation = under_way(contact)
    next_consultation_state(consultation.state, decision)
    if consultation.agent_id is None or consultation.offer_id is None or consultation.interaction_id is None:
        raise IllegalTransition(f"nobody talks about contact {contact.contact_id}")
    contact.interaction = Interaction(
        consultation.interaction_id, consultation.offer_id, consultation.agent_id, contact.group, work.now
    )
    contact.consultation = contact.site = None
    contact.entered_group_at = work.now
    contact.excluded = {}
    agent = work.agent(consultation.agent_id)
    agent.consulting.pop(decision.contact_id, None)
    agent.handling[decision.contact_id] = contact.channel
    agent.refresh_work(work.now)
