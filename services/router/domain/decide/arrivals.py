"""A contact arrives, its profile comes (or does not), its question group is found."""

from __future__ import annotations

from dataclasses import replace

from services.router.domain.absorb import BEFORE_THE_OFFER
from services.router.domain.contacts import Contact, ContactPhase, from_arrival
from services.router.domain.decide.draft import Draft, Refusal
from services.router.domain.decide.queueing import UNPLACED, enqueue, preferred_is_staffed, withdraw
from services.router.domain.decide.self_service import await_self_service
from services.router.domain.decide.terms import kept_terms, terms_of
from services.router.domain.inputs import TimerDue
from services.router.domain.ordering import overflow_at
from shared.contracts.contact_events import ContactArrived, ContactClassified, ContactProfiled
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import (
    ContactRekeyed,
    EnrichmentAwaited,
    OfferOutcome,
    QueueCause,
    RefusalReason,
)


def contact_arrived(draft: Draft, fact: ContactArrived) -> None:
    """To the ivr first where its gateway can carry that out; else wait for the profile at most `enrichment_wait`."""
    known = draft.work.find_contact(fact.contact_id) is not None
    if known or fact.contact_id in draft.pool.ended:
        raise Refusal(RefusalReason.DUPLICATE_CONTACT)
    contact = from_arrival(fact, draft.now)
    if fact.self_service and await_self_service(draft, contact):
        return
    wait = draft.policy.enrichment_wait_ms
    if wait == 0 or fact.answered:
        enqueue(draft, contact, QueueCause.NEW, draft.group_of(contact))
        return
    draft.emit(
        fact.contact_id,
        EnrichmentAwaited(
            contact_id=fact.contact_id,
            channel=fact.channel,
            business_line=fact.business_line,
            arrived_at=contact.arrived_at,
            until=draft.now + wait * 1_000,
            gateway_id=fact.gateway_id,
        ),
    )


def contact_profiled(draft: Draft, fact: ContactProfiled) -> None:
    """Queue with the profile, or give a waiting contact its due; after an offer only the screen-pop changes.

    In self-service it is kept for the hand-over.
    """
    before = draft.contact(fact.contact_id)
    if before.phase not in BEFORE_THE_OFFER:
        return
    known = before.preferred
    draft.absorb()
    contact = draft.contact(fact.contact_id)
    if contact.phase is ContactPhase.ENRICHING:
        enqueue(draft, contact, QueueCause.NEW, draft.group_of(contact))
    elif contact.phase is ContactPhase.QUEUED:
        rekey(draft, contact, new_preferred=contact.preferred != known)


def enrichment_over(draft: Draft, timer: TimerDue) -> None:
    """No profile in time: route with what there is."""
    contact = draft.contact(timer.subject)
    enqueue(draft, contact, QueueCause.NEW, draft.group_of(contact))


def contact_classified(draft: Draft, fact: ContactClassified) -> None:
    """Into the queue of the group found; an offer under way is taken back. Refused once an agent has accepted."""
    contact = draft.contact(fact.contact_id)
    if contact.phase not in (*BEFORE_THE_OFFER, ContactPhase.OFFERED):
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, contact.phase)
    if fact.group not in draft.policy.groups:
        raise Refusal(RefusalReason.UNKNOWN_GROUP)
    draft.absorb()
    if contact.phase in UNPLACED:
        return
    withdraw(draft, draft.contact(fact.contact_id), OfferOutcome.RECLASSIFIED)
    contact = draft.contact(fact.contact_id)
    group = draft.policy.group_for(contact.business_line, fact.group, contact.channel)
    enqueue(draft, contact, QueueCause.RECLASSIFIED, group)


def rekey(draft: Draft, contact: Contact, new_preferred: bool) -> None:
    """What a waiting contact is owed under the present profile and policy, computed anew.

    Where the policy leaves those who waited before it what they had, only what the profile itself changes is new.
    """
    group = draft.group_of(contact)
    terms = terms_of(draft, contact, group, contact.queued_at, contact.entered_group_at)
    kept = kept_terms(draft, contact)
    if kept is not None:
        same = {need.skill for need in kept.requirement} == {need.skill for need in terms.requirement}
        terms = replace(kept if same else terms, due_at=kept.due_at, head_start=terms.head_start)
    requirement = terms.requirement
    until = contact.preferred_until
    if contact.only_agent is None:
        if new_preferred:
            until = draft.now + draft.policy.preferred_wait(group) * SECOND
        if until is not None and not preferred_is_staffed(draft, contact, requirement):
            until = None
    decision = ContactRekeyed(
        contact_id=contact.contact_id,
        requirement=requirement,
        head_start=terms.head_start,
        policy_version=draft.policy_version,
        tier=contact.tier,
        customer_id=contact.customer_id,
        preferred=contact.preferred,
        preferred_until=until,
        due_at=None if terms.due_at == contact.due_at else terms.due_at,
        steps=terms.steps,
        severity=terms.severity,
        spares_until=terms.spares_until,
        outbound=terms.outbound,
        overflow_at=overflow_at(group, contact.channel, contact.entered_group_at, draft.now),
    )
    draft.emit(contact.contact_id, decision)
