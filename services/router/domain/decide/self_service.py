"""The ivr serves a contact first: taken up in time or not, answered, ended, or left by the customer.

Time spent in the menu earns nothing: the contact's place runs from the moment it is handed to people.
"""

from __future__ import annotations

from services.router.domain.contacts import Contact, ContactPhase, SelfService
from services.router.domain.decide.draft import Draft, Refusal
from services.router.domain.decide.queueing import close, enqueue
from services.router.domain.inputs import TimerDue
from shared.contracts.contact_events import SelfServiceAnswered, SelfServiceEnded, SelfServiceStarted
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import (
    ContactEnd,
    QueueCause,
    RefusalReason,
    SelfServiceAnswerGiven,
    SelfServiceAwaited,
    SelfServiceEngaged,
)


def await_self_service(draft: Draft, contact: Contact) -> bool:
    """Leave the contact to the ivr, where the policy does and people could take over; whether it is left to it."""
    claim = draft.policy.self_service_claim_seconds
    if claim == 0 or contact.channel not in draft.group_of(contact).channels:
        return False
    draft.emit(
        contact.contact_id,
        SelfServiceAwaited(
            contact_id=contact.contact_id,
            channel=contact.channel,
            business_line=contact.business_line,
            arrived_at=contact.arrived_at,
            until=draft.now + claim * SECOND,
            gateway_id=contact.gateway_id,
        ),
    )
    return True


def _served(draft: Draft, contact_id: str) -> SelfService:
    """The self-service the contact is in. Raises Refusal."""
    contact = draft.contact(contact_id)
    if contact.phase is not ContactPhase.SELF_SERVICE or contact.self_service is None:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, contact.phase)
    return contact.self_service


def self_service_started(draft: Draft, fact: SelfServiceStarted) -> None:
    """The ivr takes the contact up, once, for a limited time."""
    if _served(draft, fact.contact_id).dialogue is not None:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "engaged")
    until = draft.now + draft.policy.self_service_limit_seconds * SECOND
    draft.emit(fact.contact_id, SelfServiceEngaged(fact.contact_id, fact.dialogue, fact.version, until))


def self_service_answered(draft: Draft, fact: SelfServiceAnswered) -> None:
    _served(draft, fact.contact_id)
    draft.emit(fact.contact_id, SelfServiceAnswerGiven(fact.contact_id, fact.question, fact.version))


def self_service_ended(draft: Draft, fact: SelfServiceEnded) -> None:
    """Served: the contact ends. Else a person is looked for, also after an answer was given."""
    _served(draft, fact.contact_id)
    if fact.outcome == "served":
        close(draft, fact.contact_id, ContactEnd.SELF_SERVED, "system", None, 0)
        return
    draft.absorb()
    contact = draft.contact(fact.contact_id)
    group = draft.group_of(contact)
    note = None if fact.group in (None, group.id) else f"group_not_served:{fact.group}"
    cause = QueueCause.SELF_SERVICE if fact.outcome == "to_person" else QueueCause.SELF_SERVICE_FAILED
    enqueue(draft, contact, cause, group, note=note)


def self_service_over(draft: Draft, timer: TimerDue) -> None:
    """Nobody took the contact up, or the dialogue did not come to an end: a person is looked for."""
    contact = draft.contact(timer.subject)
    enqueue(draft, contact, QueueCause.SELF_SERVICE_FAILED, draft.group_of(contact))


def is_answered(contact: Contact) -> bool:
    """Whether the ivr, which serves the contact, gave it an answer."""
    return contact.self_service is not None and contact.self_service.answered


def end_when_left(contact: Contact) -> ContactEnd:
    """What it means that the customer leaves the ivr now."""
    return ContactEnd.SELF_SERVED if is_answered(contact) else ContactEnd.ABANDONED_IN_SELF_SERVICE
