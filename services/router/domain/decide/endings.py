"""How a contact ends: the customer leaves, the conversation is over, or it fails. Every contact ends once."""

from __future__ import annotations

from services.router.domain.contacts import Contact, ContactPhase
from services.router.domain.decide.consulting import end_consultation, hand_over, may_take_over
from services.router.domain.decide.draft import Draft, Refusal
from services.router.domain.decide.parked import leave_agent
from services.router.domain.decide.passing_outside import end_outside
from services.router.domain.decide.presence import apply_pending_presence
from services.router.domain.decide.queueing import close, withdraw
from services.router.domain.decide.self_service import end_when_left, is_answered
from services.router.domain.decide.wrapping import start_wrap_up
from services.router.domain.inputs import TimerDue
from shared.contracts.contact_events import ContactAbandoned, ContactEnded
from shared.contracts.routing_decisions import ContactEnd, InteractionEnded, OfferOutcome, RefusalReason


def contact_abandoned(draft: Draft, fact: ContactAbandoned) -> None:
    """The customer left. Heard after they were connected, it is the end of a served conversation."""
    contact = _on_the_line(draft, fact.contact_id)
    if contact.phase is ContactPhase.CONNECTED:
        _end_conversation(draft, contact, ContactEnd.SERVED, "customer")
    elif contact.phase is ContactPhase.PARKED:
        end_parked(draft, contact, "customer")
    elif contact.phase is ContactPhase.OUTSIDE:
        end_outside(draft, contact, "customer", failed=False)
    else:
        _end_before_conversation(draft, contact, _abandoned(contact), "customer", OfferOutcome.ABANDONED)


def contact_ended(draft: Draft, fact: ContactEnded) -> None:
    """Served if there was a conversation; failed if it says so; else the customer left or the system gave up.

    An agent who leaves while a consulted colleague or outside party is on the line leaves the customer to them.
    """
    contact = _on_the_line(draft, fact.contact_id)
    talk = contact.interaction
    if fact.by == "agent" and not fact.failed and talk is not None and may_take_over(contact):
        hand_over(draft, contact, talk)
        apply_pending_presence(draft, talk.agent_id)
    elif contact.phase is ContactPhase.CONNECTED:
        _end_conversation(draft, contact, ContactEnd.FAILED if fact.failed else ContactEnd.SERVED, fact.by)
    elif contact.phase is ContactPhase.PARKED:
        end_parked(draft, contact, fact.by, fact.reason, ContactEnd.FAILED if fact.failed else ContactEnd.SERVED)
    elif contact.phase is ContactPhase.OUTSIDE:
        end_outside(draft, contact, fact.by, failed=fact.failed, reason=fact.reason)
    elif fact.failed or (fact.by != "customer" and not is_answered(contact)):
        _end_before_conversation(draft, contact, ContactEnd.FAILED, fact.by, OfferOutcome.ENDED)
    else:
        _end_before_conversation(draft, contact, _abandoned(contact), fact.by, OfferOutcome.ABANDONED)


def _on_the_line(draft: Draft, contact_id: str) -> Contact:
    """The contact that somebody says is over. Raises Refusal for a callback whose customer nobody has reached yet."""
    contact = draft.contact(contact_id)
    if contact.is_callback_waiting:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "not_on_the_line")
    return contact


def _abandoned(contact: Contact) -> ContactEnd:
    if contact.phase is ContactPhase.SELF_SERVICE:
        return end_when_left(contact)
    if contact.phase in (ContactPhase.OFFERED, ContactPhase.CONNECTING):
        return ContactEnd.ABANDONED_WHILE_OFFERED
    return ContactEnd.ABANDONED_IN_QUEUE


def _end_before_conversation(draft: Draft, contact: Contact, end: ContactEnd, by: str, outcome: OfferOutcome) -> None:
    waited = draft.now - (contact.entered_group_at or contact.queued_at)
    if contact.phase is ContactPhase.SELF_SERVICE:
        waited = 0
    withdraw(draft, contact, outcome)
    talk = contact.interaction
    if talk is not None:
        draft.emit(
            contact.contact_id,
            InteractionEnded(contact.contact_id, talk.agent_id, talk.interaction_id, draft.now, "not_connected"),
        )
    close(draft, contact.contact_id, end, by, None, waited)
    if talk is not None:
        apply_pending_presence(draft, talk.agent_id)


def answered_in_vain(draft: Draft, timer: TimerDue) -> None:
    """A customer whom we dialled heard nobody for too long: the call is given up (a silent call, counted as abandoned)."""
    contact = draft.contact(timer.subject)
    _end_before_conversation(draft, contact, ContactEnd.ABANDONED_IN_QUEUE, "system", OfferOutcome.ENDED)


def end_parked(
    draft: Draft, contact: Contact, by: str, reason: str | None = None, end: ContactEnd = ContactEnd.SERVED
) -> None:
    """A chat that waited for its customer is over: served, for it had its conversation."""
    talk = contact.interaction
    started = None if talk is None else talk.started_at
    leave_agent(draft, contact, "ended")
    close(
        draft,
        contact.contact_id,
        end,
        by,
        None if talk is None else talk.agent_id,
        0 if started is None else started - contact.entered_group_at,
        reason,
    )
    if talk is not None:
        apply_pending_presence(draft, talk.agent_id)


def _end_conversation(draft: Draft, contact: Contact, end: ContactEnd, by: str) -> None:
    talk = contact.interaction
    if talk is None or talk.started_at is None:
        raise AssertionError("a connected contact has an interaction that started")
    waited = talk.started_at - contact.entered_group_at
    left = OfferOutcome.ABANDONED if by == "customer" else OfferOutcome.ENDED
    freed = end_consultation(draft, contact, "contact_ended", left)
    draft.emit(
        contact.contact_id,
        InteractionEnded(
            contact.contact_id, talk.agent_id, talk.interaction_id, draft.now, "ended", contact.talked(draft.now)
        ),
    )
    start_wrap_up(draft, contact, talk)
    close(draft, contact.contact_id, end, by, talk.agent_id, waited)
    apply_pending_presence(draft, talk.agent_id)
    if freed is not None:
        apply_pending_presence(draft, freed)
