"""What a recorded decision does to the records: with `absorb` the only place where state changes.

Both need nothing but the journal, so a newer version folds an older past exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from services.router.domain.agents import WrapUp
from services.router.domain.contacts import (
    Contact,
    Interaction,
    Offer,
    OutsideCall,
    SelfService,
    Transfer,
    from_arrival,
)
from services.router.domain.evolve import callbacks, chats, consultations, exposure, pauses, ratings, reserve, steps
from services.router.domain.inputs import Input
from services.router.domain.policy.document import DEFAULT_DISPOSITION
from services.router.domain.policy.model import WrapUpMode
from services.router.domain.transitions import IllegalTransition, next_offer_state, next_phase
from services.router.domain.workspace import Workspace
from shared.contracts.contact_events import (
    ContactArrived,
    Presence,
    TransferTarget,
)
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import (
    AgentPaused,
    AgentRested,
    AgentRestEnded,
    AgentReturnAwaited,
    AgentStateChanged,
    CallbackOffered,
    CallbackQueued,
    CallbackRetryScheduled,
    ColleagueAdmitted,
    ColleagueReleased,
    ConsultationEnded,
    ConsultationRequested,
    ConsultationStarted,
    ContactAssigned,
    ContactClosed,
    ContactDeferred,
    ContactEnd,
    ContactOverflowed,
    ContactParked,
    ContactQueued,
    ContactRated,
    ContactRekeyed,
    ContactResumed,
    ContactReturning,
    ContactTransferred,
    DialRequested,
    DialSettled,
    EnrichmentAwaited,
    ExclusionEnded,
    ExposureCounted,
    ExposureWaitEnded,
    GroupHoursChanged,
    HoldNoted,
    InteractionEnded,
    InteractionStarted,
    OfferMade,
    OfferOutcome,
    OfferWithdrawn,
    PreferredWaitEnded,
    QueueCause,
    RatingAwaited,
    RelaxationReached,
    ReplyAwaited,
    ReserveChanged,
    RoutingDecision,
    SelfServiceAnswerGiven,
    SelfServiceAwaited,
    SelfServiceEngaged,
    StaffingNoted,
    TransferSettled,
    WrapUpFinished,
    WrapUpNoted,
    WrapUpProlonged,
    WrapUpStarted,
)

AT_ITS_BRANCH = (
    QueueCause.TRANSFERRED,
    QueueCause.OVERFLOWED,
    QueueCause.OFFER_FAILED,
    QueueCause.CONNECT_FAILED,
)
"""Causes after which a contact that was sent to a branch still waits for its agents."""
UNANSWERED = (ContactEnd.ABANDONED_IN_QUEUE, ContactEnd.ABANDONED_WHILE_OFFERED)
"""Ends of contacts that waited for people in vain."""
EXCLUDING = (OfferOutcome.REJECTED, OfferOutcome.BUSY, OfferOutcome.TIMED_OUT)
"""Outcomes after which the agent is not asked again for this contact for a while."""


def evolve(work: Workspace, given: Input, decision: RoutingDecision) -> None:
    """Apply one decision. Raises IllegalTransition where it does not fit the state."""
    change = _CHANGES.get(type(decision))
    if change is not None:
        change(work, given, decision)


def _interaction(contact: Contact) -> Interaction:
    if contact.interaction is None:
        raise IllegalTransition(f"contact {contact.contact_id} is in no conversation")
    return contact.interaction


def _self_service_awaited(work: Workspace, given: Input, decision: SelfServiceAwaited) -> None:
    contact = work.add_contact(_arrival(given, work.now))
    contact.phase = next_phase(None, decision)
    contact.self_service = SelfService(decision.until)


def _self_service_engaged(work: Workspace, given: Input, decision: SelfServiceEngaged) -> None:
    contact = work.contact(decision.contact_id)
    contact.phase = next_phase(contact.phase, decision)
    contact.self_service = SelfService(decision.until, decision.dialogue, decision.version)


def _self_service_answer_given(work: Workspace, given: Input, decision: SelfServiceAnswerGiven) -> None:
    contact = work.contact(decision.contact_id)
    contact.phase = next_phase(contact.phase, decision)
    if contact.self_service is None:
        raise IllegalTransition(f"contact {contact.contact_id} is not in self-service")
    contact.self_service = replace(contact.self_service, answered=True)


def _enrichment_awaited(work: Workspace, given: Input, decision: EnrichmentAwaited) -> None:
    contact = work.add_contact(_arrival(given, work.now))
    contact.phase = next_phase(None, decision)
    contact.enrich_until = decision.until


def _arrival(given: Input, now: int) -> Contact:
    if not isinstance(given.fact, ContactArrived):
        raise IllegalTransition("a contact begins with ContactArrived")
    return from_arrival(given.fact, now)


def _queued(work: Workspace, given: Input, decision: ContactQueued) -> None:
    if work.find_contact(decision.contact_id) is None:
        contact = work.add_contact(_arrival(given, work.now))
        contact.phase = next_phase(None, decision)
    else:
        contact = work.contact(decision.contact_id)
        contact.phase = next_phase(contact.phase, decision)
    contact.enrich_until = contact.self_service = contact.chat = contact.outside = None
    contact.queued_at = decision.queued_at
    contact.group = decision.group
    steps.ask_anew(contact, decision)
    contact.entered_group_at = decision.entered_group_at
    contact.due_at = decision.due_at
    contact.head_start = decision.head_start
    contact.tier = decision.tier
    contact.customer_id = decision.customer_id
    contact.only_agent = decision.only_agent
    contact.preferred = decision.preferred
    contact.preferred_until = decision.preferred_until
    if decision.cause not in AT_ITS_BRANCH:
        contact.site = contact.site_until = None
    contact.deferral, contact.overflow_at = None, decision.overflow_at
    contact.unstaffed_since = contact.unstaffed_until = None


def _rekeyed(work: Workspace, given: Input, decision: ContactRekeyed) -> None:
    contact = work.contact(decision.contact_id)
    contact.phase = next_phase(contact.phase, decision)
    steps.ask_anew(contact, decision)
    contact.head_start = decision.head_start
    contact.tier = decision.tier
    contact.customer_id = decision.customer_id
    contact.preferred = decision.preferred
    contact.preferred_until = decision.preferred_until
    contact.overflow_at = decision.overflow_at
    if decision.due_at is not None:
        contact.due_at = decision.due_at


def _preferred_wait_ended(work: Workspace, given: Input, decision: PreferredWaitEnded) -> None:
    contact = work.contact(decision.contact_id)
    contact.phase = next_phase(contact.phase, decision)
    contact.preferred_until = None


def _exclusion_ended(work: Workspace, given: Input, decision: ExclusionEnded) -> None:
    contact = work.contact(decision.contact_id)
    contact.phase = next_phase(contact.phase, decision)
    for agent_id in decision.agents:
        contact.excluded.pop(agent_id, None)


def _offer_made(work: Workspace, given: Input, decision: OfferMade) -> None:
    contact = work.contact(decision.contact_id)
    if decision.consult_of is None:
        contact.phase = next_phase(contact.phase, decision)
    else:
        consultations.offered(contact, decision)
    state = next_offer_state(None, decision)
    contact.offers[decision.offer_id] = Offer(decision.offer_id, decision.agent_id, decision.expires_at, state)
    contact.offer_id = decision.offer_id
    callbacks.count_offer(work, decision.group, contact)
    agent = work.agent(decision.agent_id)
    agent.offered[decision.contact_id] = contact.channel
    exposure.offered(agent, contact)
    agent.refresh_work(work.now)


def _exclude(work: Workspace, contact: Contact, agent_id: str) -> None:
    if work.policy is None:
        raise IllegalTransition("contacts exist under a policy only")
    contact.excluded[agent_id] = work.now + work.policy.missed_exclusion_seconds * SECOND


def _offer_withdrawn(work: Workspace, given: Input, decision: OfferWithdrawn) -> None:
    contact = work.contact(decision.contact_id)
    if contact.consultation is None:
        contact.phase = next_phase(contact.phase, decision)
    else:
        consultations.withdrawn(contact, decision)
    offer = contact.offers[decision.offer_id]
    offer.state = next_offer_state(offer.state, decision)
    contact.offer_id = None
    agent = work.agent(decision.agent_id)
    agent.offered.pop(decision.contact_id, None)
    if decision.outcome in EXCLUDING:
        _exclude(work, contact, decision.agent_id)
    if decision.outcome is OfferOutcome.TIMED_OUT:
        agent.missed_in_a_row += 1
    agent.refresh_work(work.now)


def _assigned(work: Workspace, given: Input, decision: ContactAssigned) -> None:
    contact = work.contact(decision.contact_id)
    contact.phase = next_phase(contact.phase, decision)
    agent = work.agent(decision.agent_id)
    if decision.unoffered:
        state = next_offer_state(None, decision)
        contact.offers[decision.offer_id] = Offer(decision.offer_id, decision.agent_id, work.now, state)
        exposure.offered(agent, contact)
    else:
        offer = contact.offers[decision.offer_id]
        offer.state = next_offer_state(offer.state, decision)
    contact.offer_id = None
    reserve.waited(work, contact, decision.waited, answered=True)
    contact.excluded.clear()
    contact.interaction = Interaction(
        decision.interaction_id, decision.offer_id, decision.agent_id, contact.group, decision.connect_deadline
    )
    agent.offered.pop(decision.contact_id, None)
    agent.handling[decision.contact_id] = contact.channel
    agent.missed_in_a_row = 0
    agent.idle_since = work.now
    agent.refresh_work(work.now)


def _interaction_started(work: Workspace, given: Input, decision: InteractionStarted) -> None:
    contact = work.contact(decision.contact_id)
    contact.phase = next_phase(contact.phase, decision)
    _interaction(contact).started_at = decision.at
    contact.only_agent = None
    contact.preferred_until = contact.answered_until = None
    contact.site = contact.site_until = None
    contact.colleagues = tuple(c for c in contact.colleagues if c != decision.agent_id)
    agent = work.agent(decision.agent_id)
    agent.handled += 1
    exposure.began(agent, decision.contact_id, decision.at)


def _hold_noted(work: Workspace, given: Input, decision: HoldNoted) -> None:
    contact = work.contact(decision.contact_id)
    contact.phase = next_phase(contact.phase, decision)
    contact.held_since = decision.at if decision.held else None


def _agent_return_awaited(work: Workspace, given: Input, decision: AgentReturnAwaited) -> None:
    contact = work.contact(decision.contact_id)
    contact.phase = next_phase(contact.phase, decision)
    _interaction(contact).agent_return_until = decision.until


def _interaction_ended(work: Workspace, given: Input, decision: InteractionEnded) -> None:
    contact = work.contact(decision.contact_id)
    contact.phase = next_phase(contact.phase, decision)
    contact.interaction = contact.held_since = contact.chat = None
    if decision.why in ("connect_failed", "transferred", "agent_lost", "no_reply"):
        _exclude(work, contact, decision.agent_id)
    agent = work.agent(decision.agent_id)
    agent.handling.pop(decision.contact_id, None)
    if agent.parked.pop(decision.contact_id, None) is not None:
        contact.only_agent = contact.preferred_until = None
    agent.idle_since = work.now
    agent.refresh_work(work.now)


def _wrap_up_started(work: Workspace, given: Input, decision: WrapUpStarted) -> None:
    group = work.policy.groups.get(decision.group) if work.policy else None
    agent = work.agent(decision.agent_id)
    agent.wrapping[decision.interaction_id] = WrapUp(
        interaction_id=decision.interaction_id,
        contact_id=decision.contact_id,
        channel=decision.channel,
        group=decision.group,
        mode=WrapUpMode(decision.mode),
        until=decision.until,
        extensions_left=decision.extensions_left,
        default_disposition=group.default_disposition if group else DEFAULT_DISPOSITION,
    )
    agent.refresh_work(work.now)


def _wrap_up_prolonged(work: Workspace, given: Input, decision: WrapUpProlonged) -> None:
    agent = work.agent(decision.agent_id)
    agent.wrapping[decision.interaction_id] = replace(
        agent.wrapping[decision.interaction_id], until=decision.until, extensions_left=decision.extensions_left
    )


def _wrap_up_noted(work: Workspace, given: Input, decision: WrapUpNoted) -> None:
    agent = work.agent(decision.agent_id)
    agent.wrapping[decision.interaction_id] = replace(
        agent.wrapping[decision.interaction_id], disposition=decision.disposition, reason=decision.reason
    )


def _wrap_up_finished(work: Workspace, given: Input, decision: WrapUpFinished) -> None:
    agent = work.agent(decision.agent_id)
    if agent.wrapping.pop(decision.interaction_id).holds:
        agent.idle_since = work.now
    agent.refresh_work(work.now)


def _transferred(work: Workspace, given: Input, decision: ContactTransferred) -> None:
    if decision.to_agent is not None:
        consultations.handed_over(work, given, decision)
        return
    contact = work.contact(decision.contact_id)
    if contact.consultation is not None:
        consultations.handed_outside(work, decision)
        return
    contact.transfer = Transfer(decision.transfer_id, decision.from_agent, _interaction(contact).group)
    if decision.target_kind == TransferTarget.SITE:
        contact.site, contact.site_until = decision.target, decision.until
    elif decision.target_kind == TransferTarget.OUTSIDE:
        waited = (_interaction(contact).started_at or work.now) - contact.entered_group_at
        contact.outside = OutsideCall(decision.target, work.now, waited)


def _transfer_settled(work: Workspace, given: Input, decision: TransferSettled) -> None:
    contact = work.contact(decision.contact_id)
    contact.transfer = contact.site = contact.site_until = None


def _colleague_admitted(work: Workspace, given: Input, decision: ColleagueAdmitted) -> None:
    contact = work.contact(decision.contact_id)
    contact.colleagues = tuple(sorted({*contact.colleagues, decision.agent_id}))


def _colleague_released(work: Workspace, given: Input, decision: ColleagueReleased) -> None:
    contact = work.contact(decision.contact_id)
    contact.colleagues = tuple(c for c in contact.colleagues if c != decision.agent_id)


def _closed(work: Workspace, given: Input, decision: ContactClosed) -> None:
    contact = work.contact(decision.contact_id)
    contact.phase = next_phase(contact.phase, decision)
    if decision.end in UNANSWERED:
        reserve.waited(work, contact, decision.waited, answered=False)
    work.remove_contact(decision.contact_id)
    ratings.remember(work, decision)
    if not work.copying:
        work.pool.ended[decision.contact_id] = (work.now, decision.end)


def _agent_state_changed(work: Workspace, given: Input, decision: AgentStateChanged) -> None:
    if decision.presence is Presence.SIGNED_OUT:
        exposure.remember(work, decision.agent_id)
        work.remove_agent(decision.agent_id)
        return
    agent = work.agent(decision.agent_id)
    if decision.cause == "skill_expired":
        agent.skills = {
            skill: held for skill, held in agent.skills.items() if held.expires_at is None or held.expires_at > work.now
        }
        work.requalified[agent.agent_id] = None
    if decision.presence is Presence.AVAILABLE and agent.presence is not Presence.AVAILABLE:
        agent.idle_since = work.now
    agent.presence = decision.presence
    agent.presence_since = decision.presence_since
    agent.presence_reason = decision.presence_reason
    agent.pending_presence = decision.pending_presence
    agent.pending_reason = decision.pending_reason


_CHANGES: Mapping[type[object], Callable[[Workspace, Input, Any], None]] = {
    SelfServiceAwaited: _self_service_awaited,
    SelfServiceEngaged: _self_service_engaged,
    SelfServiceAnswerGiven: _self_service_answer_given,
    EnrichmentAwaited: _enrichment_awaited,
    ContactQueued: _queued,
    ContactRekeyed: _rekeyed,
    PreferredWaitEnded: _preferred_wait_ended,
    ExclusionEnded: _exclusion_ended,
    RelaxationReached: steps.reached,
    ExposureWaitEnded: steps.exposure_wait_ended,
    ExposureCounted: exposure.counted,
    AgentRested: exposure.rested,
    AgentRestEnded: exposure.rest_ended,
    AgentPaused: pauses.paused,
    ReserveChanged: reserve.changed,
    OfferMade: _offer_made,
    OfferWithdrawn: _offer_withdrawn,
    ContactAssigned: _assigned,
    InteractionStarted: _interaction_started,
    HoldNoted: _hold_noted,
    AgentReturnAwaited: _agent_return_awaited,
    InteractionEnded: _interaction_ended,
    WrapUpStarted: _wrap_up_started,
    WrapUpProlonged: _wrap_up_prolonged,
    WrapUpNoted: _wrap_up_noted,
    WrapUpFinished: _wrap_up_finished,
    ContactTransferred: _transferred,
    ConsultationRequested: consultations.requested,
    ConsultationStarted: consultations.started,
    ConsultationEnded: consultations.ended,
    TransferSettled: _transfer_settled,
    ColleagueAdmitted: _colleague_admitted,
    ColleagueReleased: _colleague_released,
    ReplyAwaited: chats.turned,
    ContactParked: chats.parked,
    ContactReturning: chats.returning,
    ContactResumed: chats.resumed,
    RatingAwaited: ratings.note,
    ContactRated: ratings.note,
    GroupHoursChanged: callbacks.group_hours_changed,
    ContactOverflowed: callbacks.overflowed,
    StaffingNoted: callbacks.staffing_noted,
    ContactDeferred: callbacks.deferred,
    CallbackOffered: callbacks.callback_offered,
    CallbackQueued: callbacks.callback_queued,
    DialRequested: callbacks.dial_requested,
    DialSettled: callbacks.dial_settled,
    CallbackRetryScheduled: callbacks.retry_scheduled,
    ContactClosed: _closed,
    AgentStateChanged: _agent_state_changed,
}
"""Decisions that change records; the others (alerts, refusals, `PolicyApplied`) only tell."""
