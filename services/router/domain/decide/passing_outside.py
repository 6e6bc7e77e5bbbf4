"""Passed on to an outside number: it is dialled once, and has the customer on answering; else the transfer falls back.

The sender lets go at once and writes up. While the outside party rings the customer hears that they wait; nobody of ours is
held, neither then nor during the outside conversation, which ends with the contact.
"""

from __future__ import annotations

from services.router.domain.contacts import Contact, ContactPhase, Interaction, OutsideCall
from services.router.domain.decide.dialling import request_outside
from services.router.domain.decide.draft import Draft, Refusal
from services.router.domain.decide.presence import apply_pending_presence
from services.router.domain.decide.queueing import close, fall_back, settle_transfer
from services.router.domain.decide.wrapping import start_wrap_up
from services.router.domain.inputs import TimerDue
from shared.contracts.contact_events import DialAnswered, DialFailed, TransferRequested
from shared.contracts.fields import Channel
from shared.contracts.routing_decisions import (
    ContactEnd,
    ContactTransferred,
    DialSettled,
    InteractionEnded,
    RefusalReason,
)

NOT_A_PERSON = ("machine", "fax")


def pass_outside(draft: Draft, contact: Contact, talk: Interaction, fact: TransferRequested) -> None:
    """Refused, and the customer stays, where the number is none of the policy's, the contact no call, or the transfer warm."""
    party = draft.policy.outside.get(fact.target)
    if party is None:
        raise Refusal(RefusalReason.UNKNOWN_TARGET)
    if contact.channel is not Channel.PHONE:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "not_a_call")
    if fact.mode != "blind":
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "warm_outside_not_offered")
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


def answered(draft: Draft, contact: Contact, fact: DialAnswered) -> None:
    """The customer is theirs. An answering machine is nobody."""
    call = _ringing(contact, fact.attempt_id)
    if fact.by in NOT_A_PERSON:
        _not_reached(draft, contact, call, str(fact.by))
        return
    _settle(draft, contact, call, "answered", fact.by)
    settle_transfer(draft, contact, "answered")


def failed(draft: Draft, contact: Contact, fact: DialFailed) -> None:
    _not_reached(draft, contact, _ringing(contact, fact.attempt_id), fact.outcome)


def unheard_of(draft: Draft, timer: TimerDue) -> None:
    """Nobody answered in time, or the gateway does not say."""
    contact = draft.contact(timer.subject)
    _not_reached(draft, contact, _ringing(contact, timer.reference), "unknown")


def _ringing(contact: Contact, attempt_id: str) -> OutsideCall:
    """Raises Refusal: late news of a call that was given up counts no more."""
    call = contact.outside
    if contact.phase is not ContactPhase.OUTSIDE or call is None or call.attempt_id != attempt_id or call.answered:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "another_attempt")
    return call


def _not_reached(draft: Draft, contact: Contact, call: OutsideCall, outcome: str) -> None:
    """Back to the group of the sender, with its place."""
    _settle(draft, contact, call, outcome)
    fall_back(draft, draft.contact(contact.contact_id))


def _settle(draft: Draft, contact: Contact, call: OutsideCall, outcome: str, by: str | None = None) -> None:
    draft.emit(contact.contact_id, DialSettled(contact.contact_id, call.attempt_id, outcome, by, contact.gateway_id))


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
