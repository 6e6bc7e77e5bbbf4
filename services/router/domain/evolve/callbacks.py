"""What decisions on hours, overflow and callbacks do to the records."""

from __future__ import annotations

from dataclasses import replace

from services.router.domain.callbacks import Callback, Deferral, DeferredFor
from services.router.domain.contacts import Contact, OutsideCall
from services.router.domain.evolve import consultations
from services.router.domain.hours import Closure, Opening
from services.router.domain.inputs import Input
from services.router.domain.transitions import IllegalTransition, next_phase
from services.router.domain.workspace import Workspace
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import (
    CallbackOffered,
    CallbackQueued,
    CallbackRetryScheduled,
    ContactDeferred,
    ContactOverflowed,
    DialRequested,
    DialSettled,
    GroupHoursChanged,
    StaffingNoted,
)

DIAL_GRACE_SECONDS = 10
"""How long after the ringing was to end the news of a dialled customer may take."""


def group_hours_changed(work: Workspace, given: Input, decision: GroupHoursChanged) -> None:
    closure = None
    if decision.why == "emergency" and decision.by is not None:
        closure = Closure(decision.by, decision.reason or "", decision.then)
    was = work.opening(decision.group)
    counts = (was.offers, was.carried) if was.open and decision.open else (0, 0)
    work.set_opening(
        decision.group, Opening(decision.open, decision.until, decision.serving, decision.drain_until, closure, *counts)
    )


def count_offer(work: Workspace, group: str, contact: Contact) -> None:
    """Offers since a group opened, and those of them to callbacks carried over: their share is capped."""
    opening = work.opening(group)
    if opening.open and opening.until is not None:
        carried = contact.callback is not None and contact.callback.carried
        work.set_opening(group, replace(opening, offers=opening.offers + 1, carried=opening.carried + carried))


def overflowed(work: Workspace, given: Input, decision: ContactOverflowed) -> None:
    contact = _moved(work, decision.contact_id, decision)
    contact.site = decision.to if decision.to_kind == "site" else None
    if decision.to_kind == "group":
        contact.visited = (*contact.visited, decision.group)


def staffing_noted(work: Workspace, given: Input, decision: StaffingNoted) -> None:
    contact = _moved(work, decision.contact_id, decision)
    contact.unstaffed_since, contact.unstaffed_until = decision.since, decision.until


def deferred(work: Workspace, given: Input, decision: ContactDeferred) -> None:
    contact = _moved(work, decision.contact_id, decision)
    contact.deferral = Deferral(DeferredFor(decision.why), decision.until)
    contact.preferred_until = contact.overflow_at = contact.unstaffed_since = contact.unstaffed_until = None
    contact.enrich_until = None
    if contact.callback is not None:
        carried = decision.why == DeferredFor.CARRIED_OVER
        contact.callback = replace(contact.callback, carried=contact.callback.carried or carried)


def callback_offered(work: Workspace, given: Input, decision: CallbackOffered) -> None:
    contact = _moved(work, decision.contact_id, decision)
    contact.callback_offered = True
    contact.overflow_at = decision.overflow_at


def callback_queued(work: Workspace, given: Input, decision: CallbackQueued) -> None:
    """A contact of its own; what is known of the customer's wish goes on with it."""
    contact = Contact(
        contact_id=decision.contact_id,
        channel=decision.channel,
        business_line=decision.business_line,
        arrived_at=work.now,
        queued_at=decision.queued_at,
        phase=next_phase(None, decision),
        gateway_id=decision.gateway_id,
        wished_group=decision.group,
        group=decision.group,
        customer_id=decision.customer_id,
    )
    origin = None if decision.origin is None else work.find_contact(decision.origin)
    if origin is not None:
        contact.language, contact.needs, contact.reason = origin.language, origin.needs, origin.reason
        contact.tier, contact.repeat, contact.preferred = origin.tier, origin.repeat, origin.preferred
    contact.callback = Callback(
        decision.mode,
        decision.attempts_allowed,
        decision.origin,
        not_before=decision.not_before,
        window_until=decision.window_until,
        attempt=decision.attempt,
        agent_id=decision.agent_id,
    )
    contact.deferral = Deferral(DeferredFor.SCHEDULED, decision.not_before)
    work.add_contact(contact)


def dial_requested(work: Workspace, given: Input, decision: DialRequested) -> None:
    """Of a callback's customer; or of an outside party, for a customer whose agent has let go or asks first."""
    contact = _moved(work, decision.contact_id, decision)
    if decision.outside is not None:
        until = decision.until or decision.not_after
        if decision.transfer_id is not None:
            consultations.outside_rings(contact, decision, work.now)
        contact.outside = replace(_outside(contact), attempt_id=decision.attempt_id, until=until)
        return
    until = decision.not_after + (decision.answer_seconds + DIAL_GRACE_SECONDS) * SECOND
    contact.callback = replace(
        _callback(contact),
        attempts=decision.number_of_attempt,
        attempt_id=decision.attempt_id,
        dial_until=until if decision.agent_id is None else None,
    )


def dial_settled(work: Workspace, given: Input, decision: DialSettled) -> None:
    contact = _moved(work, decision.contact_id, decision)
    if contact.outside is not None:
        contact.outside = replace(contact.outside, answered=True) if decision.outcome == "answered" else None
        if contact.consultation is not None and decision.outcome == "answered":
            consultations.outside_talks(contact, decision)
    elif decision.outcome == "answered":
        contact.callback = replace(_callback(contact), answered=True, dial_until=None, unknown=None)
    else:
        unknown = decision.attempt_id if decision.outcome == "unknown" else None
        contact.callback = replace(_callback(contact), attempt_id=None, dial_until=None, unknown=unknown)


def retry_scheduled(work: Workspace, given: Input, decision: CallbackRetryScheduled) -> None:
    contact = _moved(work, decision.contact_id, decision)
    contact.deferral = Deferral(DeferredFor.RETRY, decision.not_before)
    contact.callback = replace(_callback(contact), unknown=None)


def _moved(
    work: Workspace,
    contact_id: str,
    decision: ContactOverflowed
    | StaffingNoted
    | ContactDeferred
    | CallbackOffered
    | DialRequested
    | DialSettled
    | CallbackRetryScheduled,
) -> Contact:
    contact = work.contact(contact_id)
    contact.phase = next_phase(contact.phase, decision)
    return contact


def _outside(contact: Contact) -> OutsideCall:
    if contact.outside is None:
        raise IllegalTransition(f"contact {contact.contact_id} was not passed on outside")
    return contact.outside


def _callback(contact: Contact) -> Callback:
    if contact.callback is None:
        raise IllegalTransition(f"contact {contact.contact_id} is no callback")
    return contact.callback
