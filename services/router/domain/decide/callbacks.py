"""Callback in queue: it keeps its place, we call instead of being called, and one attempt is dialled once.

Agent first, the agent accepts the offer and then the customer is dialled; customer first, the customer is dialled when an
agent could take them, and on answering waits with their place. What reaches nobody is tried again within the group's hours; of
what nobody can tell it is asked, and it is not dialled again before that is known or somebody says so (quarantine).
"""

from __future__ import annotations

from services.router.domain.callbacks import Callback, DeferredFor
from services.router.domain.contacts import Contact, ContactPhase
from services.router.domain.decide import passing_outside
from services.router.domain.decide.draft import Draft, Refusal
from services.router.domain.decide.overflow import callback_declined, defer, settle_contact
from services.router.domain.decide.presence import apply_pending_presence
from services.router.domain.decide.queueing import close, enqueue, withdraw
from services.router.domain.decide.standing import deferred_in, hours_of_group, opening_of, queued_in
from services.router.domain.hours import next_opening
from services.router.domain.inputs import TimerDue
from services.router.domain.policy.model import Group
from shared.contracts.contact_events import (
    CallbackCancelled,
    CallbackReleased,
    CallbackRequested,
    DialAnswered,
    DialFailed,
)
from shared.contracts.fields import SECOND, Channel
from shared.contracts.routing_decisions import (
    CallbackQueued,
    CallbackRetryScheduled,
    ContactEnd,
    DialSettled,
    InteractionEnded,
    OfferOutcome,
    QueueCause,
    RefusalReason,
)

MAY_TURN_INTO_ONE = (
    ContactPhase.SELF_SERVICE,
    ContactPhase.ENRICHING,
    ContactPhase.DEFERRED,
    ContactPhase.QUEUED,
    ContactPhase.OFFERED,
)
"""Phases in which a customer waits (or is about to) and gives the waiting up for a callback."""


# ---- asked for


def callback_requested(draft: Draft, fact: CallbackRequested) -> None:
    """A contact that waits ends, and its place goes on; from a conversation, or for later, the callback has its own."""
    if draft.work.find_contact(fact.callback_id) is not None or fact.callback_id in draft.pool.ended:
        raise Refusal(RefusalReason.DUPLICATE_CONTACT, "callback")
    origin = _origin(draft, fact)
    group = _group(draft, fact, origin)
    waits = origin is not None and origin.phase in MAY_TURN_INTO_ONE
    later = fact.not_before is not None and fact.not_before > draft.now
    if fact.window_until is not None and fact.window_until <= max(draft.now, fact.not_before or 0):
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "window_passed")
    draft.emit(
        fact.callback_id,
        CallbackQueued(
            contact_id=fact.callback_id,
            channel=Channel.PHONE,
            business_line=origin.business_line if origin is not None else group.business_line,
            group=group.id,
            mode=fact.mode or group.callback.mode,
            queued_at=fact.not_before if later and fact.not_before else _place(origin, draft.now),
            by=fact.by,
            attempts_allowed=fact.attempts or group.callback.attempts,
            origin=fact.contact_id,
            not_before=fact.not_before if later else None,
            window_until=fact.window_until,
            customer_id=fact.customer_id if origin is None else origin.customer_id or fact.customer_id,
            gateway_id=fact.gateway_id or (None if origin is None else origin.gateway_id),
            campaign=fact.campaign,
            attempt=fact.attempt,
            agent_id=fact.agent_id,
        ),
    )
    if waits and origin is not None:
        _give_up_waiting(draft, origin)
    if not later:
        _take_place(draft, draft.contact(fact.callback_id))


def _origin(draft: Draft, fact: CallbackRequested) -> Contact | None:
    """The contact it comes from, while it lives. Raises Refusal where a customer asks too late, or in between."""
    origin = None if fact.contact_id is None else draft.work.find_contact(fact.contact_id)
    if origin is None:
        if fact.by != "agent":
            ended = fact.contact_id in draft.pool.ended
            raise Refusal(RefusalReason.CONTACT_ALREADY_ENDED if ended else RefusalReason.UNKNOWN_CONTACT)
        return None
    if origin.is_callback_waiting or origin.phase in (ContactPhase.CONNECTING, ContactPhase.DIALLING):
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, origin.phase)
    return origin


def _group(draft: Draft, fact: CallbackRequested, origin: Contact | None) -> Group:
    """The named group, the contact's, or the line's. Raises Refusal where it takes no calls."""
    if fact.group is not None:
        group = draft.policy.groups.get(fact.group)
    elif origin is not None:
        group = draft.group_of(origin)
    else:
        group = None if fact.business_line is None else draft.policy.group_for(fact.business_line, None, Channel.PHONE)
    if group is None or Channel.PHONE not in group.channels:
        raise Refusal(RefusalReason.UNKNOWN_GROUP)
    return group


def _place(origin: Contact | None, now: int) -> int:
    """Whence the callback's place counts: the wait that is given up for it; time in a menu earns nothing."""
    if origin is None or origin.phase not in MAY_TURN_INTO_ONE or origin.phase is ContactPhase.SELF_SERVICE:
        return now
    return origin.queued_at


def _give_up_waiting(draft: Draft, origin: Contact) -> None:
    waited = (
        0 if origin.phase is ContactPhase.SELF_SERVICE else draft.now - (origin.entered_group_at or origin.queued_at)
    )
    withdraw(draft, origin, OfferOutcome.ENDED, "callback")
    close(draft, origin.contact_id, ContactEnd.CALLBACK_ACCEPTED, "customer", None, waited)


def _take_place(draft: Draft, contact: Contact) -> None:
    """Into its group's queue, at first for the agent whose call it is; closed, it is carried over."""
    own = None if contact.callback is None else contact.callback.agent_id
    if own is not None and not draft.could_serve(own, contact.channel, ()):
        own = None
    enqueue(draft, contact, QueueCause.CALLBACK, draft.group_of(contact), own)
    settle_contact(draft, contact.contact_id)


def deferral_over(draft: Draft, timer: TimerDue) -> None:
    """A chosen or repeated time has come; or nobody said whether to be called back."""
    contact = draft.contact(timer.subject)
    if contact.deferral is not None and contact.deferral.why is DeferredFor.CALLBACK_OFFERED:
        callback_declined(draft, contact)
    else:
        _take_place(draft, contact)


def callback_cancelled(draft: Draft, fact: CallbackCancelled) -> None:
    """Given up before its customer was reached; a call that rings is taken back."""
    contact = draft.contact(fact.contact_id)
    callback = contact.callback
    if callback is None or callback.answered:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, contact.phase)
    _give_up(draft, contact, ContactEnd.REJECTED, fact.by, fact.why)


def window_over(draft: Draft, timer: TimerDue) -> None:
    """The customer cannot be reached any more."""
    _give_up(draft, draft.contact(timer.subject), ContactEnd.FAILED, "system", "window_passed")


def _give_up(draft: Draft, contact: Contact, end: ContactEnd, by: str, why: str) -> None:
    withdraw(draft, contact, OfferOutcome.ENDED, why)
    talk = contact.interaction
    if contact.callback is not None and contact.callback.is_dialling:
        _settle(draft, contact, contact.callback, "cancelled")
    elif talk is not None:
        raise AssertionError("an agent has a callback only while its customer is dialled")
    close(draft, contact.contact_id, end, by, None, max(0, draft.now - contact.queued_at), why)
    if talk is not None:
        apply_pending_presence(draft, talk.agent_id)


# ---- dialled


def dial_answered(draft: Draft, fact: DialAnswered) -> None:
    """The customer is on the line: with the agent who waits for them, or waiting with their place. A machine is nobody."""
    found = draft.contact(fact.contact_id)
    if found.outside is not None:
        passing_outside.answered(draft, found, fact)
        return
    contact, callback = _under_way(draft, fact.contact_id, fact.attempt_id)
    if fact.by in passing_outside.NOT_A_PERSON:
        attempt_failed(draft, contact, callback, fact.by)
        return
    draft.emit(
        contact.contact_id,
        DialSettled(contact.contact_id, fact.attempt_id, "answered", fact.by, contact.gateway_id),
    )
    if contact.phase in (ContactPhase.DIALLING, ContactPhase.DEFERRED):
        answered = draft.contact(contact.contact_id)
        enqueue(draft, answered, QueueCause.CALLBACK_ANSWERED, draft.group_of(answered))


def dial_failed(draft: Draft, fact: DialFailed) -> None:
    found = draft.contact(fact.contact_id)
    if found.outside is not None:
        passing_outside.failed(draft, found, fact)
        return
    contact, callback = _under_way(draft, fact.contact_id, fact.attempt_id)
    if fact.outcome == "unknown" and callback.unknown == fact.attempt_id:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "nothing_new")
    attempt_failed(draft, contact, callback, fact.outcome)


def dial_unheard_of(draft: Draft, timer: TimerDue) -> None:
    """Whoever dials does not say what became of it."""
    contact = draft.contact(timer.subject)
    if contact.outside is not None:
        passing_outside.unheard_of(draft, timer)
    elif contact.callback is not None:
        attempt_failed(draft, contact, contact.callback, "unknown")


def _under_way(draft: Draft, contact_id: str, attempt_id: str) -> tuple[Contact, Callback]:
    """The callback whose present attempt this is, or which is in quarantine for it. Raises Refusal: late news of an earlier one
    counts no more."""
    contact = draft.contact(contact_id)
    callback = contact.callback
    if callback is None or attempt_id not in (callback.attempt_id, callback.unknown) or callback.answered:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "another_attempt")
    return contact, callback


def attempt_failed(draft: Draft, contact: Contact, callback: Callback, outcome: str) -> None:
    """Nobody reached: again later, as often as the group allows. Of an attempt nobody can tell of, it stays in quarantine."""
    contact_id, talk = contact.contact_id, contact.interaction
    _settle(draft, contact, callback, outcome)
    if outcome == "unknown" and callback.attempts < callback.attempts_allowed:
        defer(draft, draft.contact(contact_id), DeferredFor.QUARANTINED)
    else:
        _again(draft, contact, callback, outcome, draft.group_of(contact).callback.retry_seconds)
    if talk is not None:
        apply_pending_presence(draft, talk.agent_id)


def callback_released(draft: Draft, fact: CallbackReleased) -> None:
    """Somebody answers for calling the customer again. Raises Refusal where it is in no quarantine."""
    contact = draft.contact(fact.contact_id)
    callback = contact.callback
    if callback is None or callback.unknown is None or contact.phase is not ContactPhase.DEFERRED:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, contact.phase)
    _again(draft, contact, callback, "unknown", 0)


def _again(draft: Draft, contact: Contact, callback: Callback, outcome: str, seconds: int) -> None:
    """Dialled again after so long, within the group's hours and the customer's window; else it ends."""
    contact_id, again = contact.contact_id, draft.now + seconds * SECOND
    hours = hours_of_group(draft, draft.group_of(contact))
    if hours is not None:
        again = next_opening(hours, again) or again
    in_time = callback.window_until is None or again < callback.window_until
    by, why = draft.asked_by() if isinstance(draft.given.fact, CallbackReleased) else (None, None)
    if callback.attempts < callback.attempts_allowed and in_time:
        draft.emit(
            contact_id,
            CallbackRetryScheduled(
                contact_id, callback.attempts, callback.attempts_allowed, again, outcome, contact.gateway_id, by, why
            ),
        )
    else:
        close(draft, contact_id, ContactEnd.FAILED, "system", None, max(0, draft.now - contact.queued_at), outcome)


def _settle(draft: Draft, contact: Contact, callback: Callback, outcome: str) -> None:
    """The attempt is over; the agent who waited for the customer is free."""
    contact_id, talk = contact.contact_id, contact.interaction
    attempt_id = callback.attempt_id or callback.unknown
    if attempt_id is not None:
        draft.emit(contact_id, DialSettled(contact_id, attempt_id, outcome, None, contact.gateway_id))
    if talk is not None:
        draft.emit(
            contact_id,
            InteractionEnded(contact_id, talk.agent_id, talk.interaction_id, draft.now, "not_reached"),
        )


# ---- carried over


def release_carried(draft: Draft) -> Contact | None:
    """One callback of an earlier day comes into its group's queue, if its share lets it; None: none does now."""
    for group_id in draft.queues.by_group.groups_deferring(draft.unindexed_contacts):
        opening = opening_of(draft, group_id)
        if not opening.open:
            continue
        carried = deferred_in(draft, group_id, DeferredFor.CARRIED_OVER)
        if not carried:
            continue
        waiting = queued_in(draft, group_id)
        if any(c.callback is not None and c.callback.carried for c in waiting):
            continue
        group = draft.group_of(carried[0])
        share = group.callback.carried_share_percent
        if waiting and (opening.carried + 1) * 100 > share * (opening.offers + 1):
            continue
        enqueue(draft, carried[0], QueueCause.OPENED, group)
        return draft.contact(carried[0].contact_id)
    return None
