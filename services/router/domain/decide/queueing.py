"""Placing a contact in a queue, taking an offer back, closing a contact: steps several inputs share."""

from __future__ import annotations

from services.router.domain.contacts import Contact, ContactPhase, OfferState
from services.router.domain.decide.consulting import end_consultation
from services.router.domain.decide.draft import Draft
from services.router.domain.decide.parked import leave_agent
from services.router.domain.decide.relaxing import place_on_step
from services.router.domain.decide.terms import kept_terms, terms_of
from services.router.domain.ordering import overflow_at, requirement_of
from services.router.domain.policy.elsewhere import Destination
from services.router.domain.policy.model import Group
from services.router.domain.ratings import is_chosen
from shared.contracts.fields import SECOND, SkillLevel
from shared.contracts.routing_decisions import (
    ContactClosed,
    ContactEnd,
    ContactQueued,
    ExclusionEnded,
    OfferOutcome,
    OfferWithdrawn,
    PreferredWaitEnded,
    QueueCause,
    TransferSettled,
)

KEEPS_GROUP_ENTRY = (
    QueueCause.OFFER_FAILED,
    QueueCause.CONNECT_FAILED,
    QueueCause.DIRECTED,
    QueueCause.DIRECTION_FAILED,
)
"""Causes after which the contact never left its group: service level keeps running from the first entry."""
BY_SUPERVISOR = (QueueCause.MOVED, QueueCause.DIRECTED)
"""Causes that name who asked for it, and why."""
FROM_SELF_SERVICE = (QueueCause.SELF_SERVICE, QueueCause.SELF_SERVICE_FAILED)
"""Causes that begin the wait: the time in the menu earns no place."""
ASKED_WITHOUT_PAUSE = 2
"""How often an agent is asked about the same contact before the exclusion runs its full time: phones that answer "busy" at
once would otherwise be rung in circles."""
UNPLACED = (ContactPhase.SELF_SERVICE, ContactPhase.ENRICHING)
"""Phases in which a contact has not been in any queue."""


def enqueue(
    draft: Draft,
    contact: Contact,
    cause: QueueCause,
    group: Group,
    only_agent: str | None = None,
    note: str | None = None,
) -> None:
    """Put the contact in the group's queue with the place its first queueing gives it."""
    queued_at = draft.now if cause in FROM_SELF_SERVICE else contact.queued_at
    entered = _entered(contact, cause, group, draft.now)
    stays = cause in KEEPS_GROUP_ENTRY and contact.group == group.id
    terms = (kept_terms(draft, contact) if stays else None) or terms_of(draft, contact, group, queued_at, entered)
    by, why = draft.asked_by() if cause in BY_SUPERVISOR else (None, None)
    draft.emit(
        contact.contact_id,
        ContactQueued(
            contact_id=contact.contact_id,
            channel=contact.channel,
            business_line=contact.business_line,
            group=group.id,
            requirement=terms.requirement,
            arrived_at=contact.arrived_at,
            queued_at=queued_at,
            entered_group_at=entered,
            due_at=terms.due_at,
            head_start=terms.head_start,
            cause=cause,
            policy_version=draft.policy_version,
            tier=contact.tier,
            customer_id=contact.customer_id,
            only_agent=only_agent,
            preferred=contact.preferred,
            preferred_until=_held_until(draft, contact, cause, group, only_agent),
            gateway_id=contact.gateway_id,
            note=note,
            overflow_at=overflow_at(group, contact.channel, entered, draft.now),
            steps=terms.steps,
            severity=terms.severity,
            spares_until=terms.spares_until,
            outbound=terms.outbound,
            by=by,
            why=why,
        ),
    )


def _entered(contact: Contact, cause: QueueCause, group: Group, now: int) -> int:
    if cause is QueueCause.NEW:
        return contact.queued_at
    return contact.entered_group_at if cause in KEEPS_GROUP_ENTRY and contact.group == group.id else now


def _held_until(draft: Draft, contact: Contact, cause: QueueCause, group: Group, only_agent: str | None) -> int | None:
    """Until when only the asked or a preferred agent may take it; None: everybody eligible may, at once.

    The wait runs once, from the first queueing on: coming back to the queue does not start it again.
    """
    wait = draft.policy.preferred_wait(group) * SECOND
    if only_agent is not None:
        window = contact.callback.window_until if contact.callback is not None and contact.is_callback_waiting else None
        return draft.now + wait if window is None else window + SECOND  # their own call: the window ends it first
    if cause is QueueCause.NEW or cause in FROM_SELF_SERVICE:
        until: int | None = draft.now + wait
    elif cause in (QueueCause.OFFER_FAILED, QueueCause.CONNECT_FAILED, QueueCause.RECLASSIFIED):
        until = contact.preferred_until
    else:
        until = None
    if until is None or until < draft.now:
        return None
    requirement = requirement_of(draft.policy, group, contact)
    return until if preferred_is_staffed(draft, contact, requirement) else None


def preferred_is_staffed(draft: Draft, contact: Contact, requirement: tuple[SkillLevel, ...]) -> bool:
    """Whether waiting for a preferred agent makes sense: one is signed in, could match and is not excluded."""
    return any(
        p.agent_id not in contact.excluded and draft.could_serve(p.agent_id, contact.channel, requirement)
        for p in contact.preferred
    )


def requeue(draft: Draft, contact_id: str, cause: QueueCause, tried: str) -> None:
    """Back to its queue with its place after `tried` did not serve it; a transfer to one agent falls back."""
    contact = draft.contact(contact_id)
    if contact.only_agent is not None:
        fall_back(draft, contact)
    else:
        enqueue(draft, contact, cause, draft.group_of(contact))
        if draft.contact(contact_id).steps:
            place_on_step(draft, draft.contact(contact_id))
        release_tried(draft, contact_id, tried)


def fall_back(draft: Draft, contact: Contact) -> None:
    """The asked agent did not take it: a transfer goes to the group of the sender's interaction, what a supervisor gave
    them back to its place."""
    group_id, sender, cause = contact.group, "", QueueCause.DIRECTION_FAILED
    if contact.transfer is not None:
        group_id, sender = contact.transfer.fallback_group, contact.transfer.from_agent
        cause = QueueCause.TRANSFER_FAILED
        settle_transfer(draft, contact, "fell_back")
    group = draft.policy.group_for(contact.business_line, group_id, contact.channel)
    enqueue(draft, contact, cause, group)
    if sender in contact.excluded:  # who passed it on in vain may have it back
        draft.emit(contact.contact_id, ExclusionEnded(contact.contact_id, (sender,)))


def settle_transfer(draft: Draft, contact: Contact, outcome: str, agent_id: str | None = None) -> None:
    """Tell the sender what became of their transfer; nothing where there is none."""
    transfer = contact.transfer
    if transfer is not None:
        draft.emit(
            contact.contact_id,
            TransferSettled(contact.contact_id, transfer.from_agent, transfer.transfer_id, outcome, agent_id),
        )


def release_tried(draft: Draft, contact_id: str, last: str) -> None:
    """Who missed a contact is asked again once every other staffed agent was tried (all but the last one), but not for ever."""
    contact = draft.contact(contact_id)
    if contact.phase is not ContactPhase.QUEUED or len(contact.excluded) < 2:
        return
    for way in contact.qualifications:
        tried = [a for a in contact.excluded if draft.could_serve(a, contact.channel, way)]
        if len(tried) < draft.queues.staffed(contact.channel, way):
            return
    again = tuple(sorted(a for a in contact.excluded if a != last and times_in_vain(contact, a) < ASKED_WITHOUT_PAUSE))
    if again:
        draft.emit(contact_id, ExclusionEnded(contact_id, again))


def times_in_vain(contact: Contact, agent_id: str) -> int:
    """How many offers of this contact the agent let pass."""
    return sum(offer.agent_id == agent_id and offer.state is OfferState.WITHDRAWN for offer in contact.offers.values())


def end_exclusion(draft: Draft, contact_id: str) -> None:
    """Time is up for whoever missed the contact longest ago: they may be asked again."""
    excluded = draft.contact(contact_id).excluded
    again = tuple(sorted(agent_id for agent_id, until in excluded.items() if until <= draft.now))
    draft.emit(contact_id, ExclusionEnded(contact_id, again))


def end_hold(draft: Draft, contact_id: str) -> None:
    """The wait for the preferred or asked agent is over."""
    contact = draft.contact(contact_id)
    if contact.is_returning:
        leave_agent(draft, contact, "not_free")
        enqueue(draft, draft.contact(contact_id), QueueCause.REPLIED, draft.group_of(contact))
    elif contact.consultation is not None:
        end_consultation(draft, contact, "agent_lost")
    elif contact.only_agent is not None:
        fall_back(draft, contact)
    else:
        draft.emit(contact_id, PreferredWaitEnded(contact_id))


def end_vain_holds(draft: Draft, agent_id: str) -> None:
    """After an agent left or lost skills: whoever waited for them in vain is open to all at once."""
    for contact_id in draft.queues.held_for(agent_id):
        contact = draft.work.find_contact(contact_id)
        if contact is None or not contact.waits or not contact.is_held:
            continue
        if contact.only_agent is not None:
            staffed = draft.could_serve(contact.only_agent, contact.channel, ())
        else:
            staffed = preferred_is_staffed(draft, contact, contact.requirement)
        if not staffed:
            end_hold(draft, contact_id)


def withdraw(draft: Draft, contact: Contact, outcome: OfferOutcome, reason: str | None = None) -> None:
    """Take the open offer back."""
    offer = contact.open_offer
    if offer is not None:
        draft.emit(
            contact.contact_id,
            OfferWithdrawn(offer.offer_id, contact.contact_id, offer.agent_id, outcome, reason),
        )


def close(
    draft: Draft,
    contact_id: str,
    end: ContactEnd,
    by: str,
    agent_id: str | None,
    waited: int,
    reason: str | None = None,
    to: Destination | None = None,
) -> None:
    """The contact's one end. `waited` is its wait in the last group, µs; `to`: where its gateway takes the customer."""
    contact = draft.contact(contact_id)
    settle_transfer(draft, contact, "abandoned")
    placed = contact.phase not in UNPLACED
    outside = None if to is None else draft.policy.outside.get(to.target or "")
    scale = None
    if end is ContactEnd.SERVED and agent_id is not None:
        rule = draft.group_of(contact).rating
        scale = rule.scale if is_chosen(rule, contact_id) else None
    draft.emit(
        contact_id,
        ContactClosed(
            contact_id=contact_id,
            end=end,
            at=draft.now,
            channel=contact.channel,
            business_line=contact.business_line,
            by=by,
            group=contact.group if placed else None,
            queued_at=None if contact.phase is ContactPhase.SELF_SERVICE else contact.queued_at,
            waited=waited,
            agent_id=agent_id,
            customer_id=contact.customer_id,
            gateway_id=contact.gateway_id,
            reason=reason,
            rating_scale=scale,
            to_kind=None if to is None else to.kind,
            to=None if to is None else to.target,
            number=None if outside is None else outside.number,
            caller_id=None if outside is None else outside.caller_id,
        ),
    )
