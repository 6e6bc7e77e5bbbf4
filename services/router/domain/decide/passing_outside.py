"""Passed on to an outside number, which is dialled once.

Blind, the sender lets go at once and writes up; on answering the party has the customer, else the transfer falls back. While
it rings the customer hears that they wait; nobody of ours is held, neither then nor during the outside conversation, which
ends with the contact. Warm or in conference the sender keeps the customer while it rings and talks with the party first;
from there on `consulting` says who has the customer, as with a colleague.
"""

from __future__ import annotations

from services.router.domain.contacts import Contact, Interaction, OutsideCall
from services.router.domain.decide.consulting import end_consultation
from services.router.domain.decide.dialling import BEGIN_SECONDS, OUTSIDE_ANSWER_SECONDS, request_outside
from services.router.domain.decide.draft import Draft, Refusal
from services.router.domain.decide.presence import apply_pending_presence
from services.router.domain.decide.queueing import close, enqueue, fall_back, settle_transfer
from services.router.domain.decide.wrapping import start_wrap_up
from services.router.domain.inputs import TimerDue
from services.router.domain.policy.elsewhere import OutsideNumber
from shared.contracts.contact_events import DialAnswered, DialFailed, OutsideLeft, TransferRequested
from shared.contracts.fields import SECOND, Channel
from shared.contracts.routing_decisions import (
    ConsultationRequested,
    ContactEnd,
    ContactTransferred,
    DialSettled,
    InteractionEnded,
    QueueCause,
    RefusalReason,
)

NOT_A_PERSON = ("machine", "fax")


def pass_outside(draft: Draft, contact: Contact, talk: Interaction, fact: TransferRequested) -> None:
    """Refused, and the customer stays, where the number is none of the policy's, or the contact no call."""
    party = draft.policy.outside.get(fact.target)
    if party is None:
        raise Refusal(RefusalReason.UNKNOWN_TARGET)
    if contact.channel is not Channel.PHONE:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "not_a_call")
    if fact.mode == "blind":
        _let_go(draft, contact, talk, fact, party)
    else:
        _ask_first(draft, contact, fact, party)


def _let_go(draft: Draft, contact: Contact, talk: Interaction, fact: TransferRequested, party: OutsideNumber) -> None:
    contact_id = contact.contact_id
    draft.emit(
        contact_id,
        ContactTransferred(contact_id, fact.agent_id, fact.transfer_id, fact.target_kind, fact.target),
    )
    draft.emit(
        contact_id,
        InteractionEnded(
            contact_id, fact.agent_id, talk.interaction_id, draft.now, "transferred", contact.talked(draft.now)
        ),
    )
    start_wrap_up(draft, contact, talk)
    request_outside(draft, draft.contact(contact_id), party)
    apply_pending_presence(draft, fact.agent_id)


def _ask_first(draft: Draft, contact: Contact, fact: TransferRequested, party: OutsideNumber) -> None:
    """The customer stays with the sender until the party answers, and whatever becomes of it."""
    joined = fact.mode == "conference"
    draft.emit(
        contact.contact_id,
        ConsultationRequested(
            contact_id=contact.contact_id,
            from_agent=fact.agent_id,
            transfer_id=fact.transfer_id,
            target_kind=fact.target_kind,
            target=fact.target,
            until=draft.now + (BEGIN_SECONDS + OUTSIDE_ANSWER_SECONDS) * SECOND,
            joined=joined,
        ),
    )
    request_outside(draft, draft.contact(contact.contact_id), party, fact.agent_id, fact.transfer_id, joined=joined)


def answered(draft: Draft, contact: Contact, fact: DialAnswered) -> None:
    """The customer is theirs, or they talk with the agent who asks first. An answering machine is nobody."""
    call = _ringing(contact, fact.attempt_id)
    if fact.by in NOT_A_PERSON:
        _not_reached(draft, contact, call, str(fact.by))
        return
    _settle(draft, contact, call, "answered", fact.by)
    if contact.consultation is None:
        settle_transfer(draft, contact, "answered")


def failed(draft: Draft, contact: Contact, fact: DialFailed) -> None:
    _not_reached(draft, contact, _ringing(contact, fact.attempt_id), fact.outcome)


def unheard_of(draft: Draft, timer: TimerDue) -> None:
    """Nobody answered in time, or the gateway does not say."""
    contact = draft.contact(timer.subject)
    _not_reached(draft, contact, _ringing(contact, timer.reference), "unknown")


def left(draft: Draft, fact: OutsideLeft) -> None:
    """The party asked first hung up: the customer stays with the sender. Where they had just been handed over without the
    party being there any more, they are back in the sender's group with their place."""
    contact = draft.contact(fact.contact_id)
    call = contact.outside
    if call is None or call.attempt_id != fact.attempt_id or not call.answered:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "another_attempt")
    if contact.consultation is not None:
        end_consultation(draft, contact, "party_left")
    else:
        group = draft.policy.group_for(contact.business_line, contact.group, contact.channel)
        enqueue(draft, contact, QueueCause.TRANSFER_FAILED, group)


def _ringing(contact: Contact, attempt_id: str) -> OutsideCall:
    """Raises Refusal: late news of a call that was given up counts no more."""
    call = contact.outside
    if call is None or call.attempt_id != attempt_id or call.answered:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "another_attempt")
    return call


def _not_reached(draft: Draft, contact: Contact, call: OutsideCall, outcome: str) -> None:
    """Back to the group of the sender, with its place; asked first, the customer never left the sender."""
    _settle(draft, contact, call, outcome)
    contact = draft.contact(contact.contact_id)
    if contact.consultation is not None:
        end_consultation(draft, contact, outcome)
    else:
        fall_back(draft, contact)


def _settle(draft: Draft, contact: Contact, call: OutsideCall, outcome: str, by: str | None = None) -> None:
    asked = contact.consultation
    draft.emit(
        contact.contact_id,
        DialSettled(
            contact_id=contact.contact_id,
            attempt_id=call.attempt_id,
            outcome=outcome,
            by=by,
            gateway_id=contact.gateway_id,
            transfer_id=None if asked is None else asked.transfer_id,
            joined=asked is not None and asked.joined,
        ),
    )


def end_outside(draft: Draft, contact: Contact, by: str, *, failed: bool, reason: str | None = None) -> None:
    """The customer or the outside party hung up: served, if they talked; else the customer left while it rang."""
    call = contact.outside
    if call is None:
        raise AssertionError("a contact that was passed on outside knows to whom")
    waited = call.waited if call.answered else draft.now - call.since
    if not call.answered:
        _settle(draft, contact, call, "cancelled")
    if failed or (by == "system" and not call.answered):
        end = ContactEnd.FAILED
    else:
        end = ContactEnd.SERVED if call.answered else ContactEnd.ABANDONED_IN_QUEUE
    close(draft, contact.contact_id, end, by, None, waited, reason)
