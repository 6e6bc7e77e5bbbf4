"""What supervisors ask of waiting contacts: to another group, further ahead, to one agent. Who and why goes into the journal."""

from __future__ import annotations

from dataclasses import replace

from services.router.domain.contacts import Contact, ContactPhase
from services.router.domain.decide.draft import Draft, Refusal
from services.router.domain.decide.queueing import enqueue, withdraw
from shared.contracts.contact_events import ContactDirected, ContactMoved, ContactPrioritised
from shared.contracts.routing_decisions import (
    ContactRekeyed,
    ExclusionEnded,
    OfferOutcome,
    QueueCause,
    RefusalReason,
)

WAITING = (ContactPhase.QUEUED, ContactPhase.OFFERED)
"""Phases in which a contact can be moved or given to somebody; an offer under way is taken back."""


def contact_moved(draft: Draft, fact: ContactMoved) -> None:
    """Its first queueing counts on: in the new group it stands where it would had it come there at once."""
    contact = _waiting(draft, fact.contact_id)
    group = draft.policy.groups.get(fact.group)
    if group is None or contact.channel not in group.channels:
        raise Refusal(RefusalReason.UNKNOWN_GROUP)
    if contact.group == group.id and contact.only_agent is None:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "already_there")
    withdraw(draft, contact, OfferOutcome.SUPERVISOR)
    enqueue(draft, draft.contact(fact.contact_id), QueueCause.MOVED, group)


def contact_prioritised(draft: Draft, fact: ContactPrioritised) -> None:
    """So many seconds of seniority from now on, instead of what a supervisor granted before."""
    contact = draft.contact(fact.contact_id)
    if contact.phase is not ContactPhase.QUEUED:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, contact.phase)
    if contact.head_start.supervisor == fact.seconds:
        return
    draft.emit(
        fact.contact_id,
        ContactRekeyed(
            contact_id=fact.contact_id,
            requirement=contact.steps[0].requirement if contact.steps else contact.requirement,
            head_start=replace(contact.head_start, supervisor=fact.seconds),
            policy_version=draft.policy_version,
            tier=contact.tier,
            customer_id=contact.customer_id,
            preferred=contact.preferred,
            preferred_until=contact.preferred_until,
            overflow_at=contact.overflow_at,
            steps=contact.steps,
            severity=contact.severity,
            spares_until=contact.spares_until,
            outbound=contact.outbound,
            by=fact.by,
            why=fact.why,
        ),
    )


def contact_directed(draft: Draft, fact: ContactDirected) -> None:
    """Held for that agent as long as for a preferred one; not taken, it goes back to its place."""
    contact = _waiting(draft, fact.contact_id)
    if not draft.could_serve(fact.agent_id, contact.channel, ()):
        raise Refusal(RefusalReason.UNKNOWN_AGENT, "target")
    offer = contact.open_offer
    if offer is not None and offer.agent_id == fact.agent_id:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "offered_to_them")
    withdraw(draft, contact, OfferOutcome.SUPERVISOR)
    contact = draft.contact(fact.contact_id)
    enqueue(draft, contact, QueueCause.DIRECTED, draft.group_of(contact), fact.agent_id)
    if fact.agent_id in draft.contact(fact.contact_id).excluded:  # a person decided: who missed it is asked again
        draft.emit(fact.contact_id, ExclusionEnded(fact.contact_id, (fact.agent_id,)))


def _waiting(draft: Draft, contact_id: str) -> Contact:
    """The contact that looks for an agent or is being offered to one. Raises Refusal."""
    contact = draft.contact(contact_id)
    if contact.phase not in WAITING:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, contact.phase)
    return contact
