"""One input to its decisions: repeats and what is illegal are refused, the cause is decided, then work is matched.

`decide` reads the state and leaves its facts as they were; only lazily kept indexes may be tidied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from services.router.domain.decide import (
    arrivals,
    callbacks,
    chats,
    company,
    endings,
    holds,
    offers,
    opening_hours,
    passing_outside,
    presence,
    ratings,
    requests,
    self_service,
    taking_over,
    transfers,
    wrapping,
)
from services.router.domain.decide.consulting import consultation_lapsed
from services.router.domain.decide.draft import Draft, Refusal
from services.router.domain.decide.exposing import count_exposure, exposure_wait_over, rest_over
from services.router.domain.decide.matching import match
from services.router.domain.decide.overflow import offer_callbacks, settle, settle_contact
from services.router.domain.decide.pausing import begin_pauses, pause_over
from services.router.domain.decide.policies import hours_expanded, policy_in_force, refuse_stale
from services.router.domain.decide.queueing import end_exclusion, end_hold
from services.router.domain.decide.relaxing import take_steps
from services.router.domain.decide.reserving import judge_reserve, look_again
from services.router.domain.inputs import (
    Decided,
    HoursExpanded,
    Input,
    PolicyInForce,
    Quarantined,
    TimerDue,
    TimerKind,
)
from services.router.domain.policy.document import parse_policy
from services.router.domain.queues import Queues
from services.router.domain.reserve import inbound_of
from services.router.domain.state import PartitionState, PoolState
from shared.contracts import contact_events as events
from shared.contracts.routing_decisions import InputRefused, RefusalReason


def decide(state: PartitionState, given: Input) -> tuple[Decided, ...]:
    """The decisions an input leads to, in order; empty where it changes nothing and nobody need be told."""
    pool = state.pools.get((given.tenant, given.pool)) or PoolState(given.tenant, given.pool)
    try:
        return tuple(_decide(state, pool, given))
    except Refusal as refusal:
        return (refused(given, refusal),)


def _decide(state: PartitionState, pool: PoolState, given: Input) -> list[Decided]:
    fact = given.fact
    if isinstance(fact, Quarantined):
        raise Refusal(RefusalReason.QUARANTINED)
    if not isinstance(fact, TimerDue) and given.event_id in pool.events:
        raise Refusal(RefusalReason.DUPLICATE_EVENT)
    if isinstance(fact, PolicyInForce):
        return _decide_policy(state, pool, given, fact)
    if pool.policy is None or pool.queues is None:
        raise Refusal(RefusalReason.POLICY_MISSING)
    return decide_in(state, Draft(state.partition, pool, given, pool.policy, pool.queues))


def decide_in(state: PartitionState, draft: Draft) -> list[Decided]:
    """What a fact other than a policy leads to, under the policy in force. Raises Refusal before anything is decided."""
    given, pool = draft.given, draft.pool
    fact = given.fact
    if isinstance(fact, TimerDue):
        if not state.is_live(pool, fact):
            return []
        _TIMERS[fact.kind](draft, fact)
    else:
        handler = _EVENTS.get(type(fact))
        if handler is None:
            raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "policy_without_document")
        handler(draft, fact)
    count_exposure(draft)
    begin_pauses(draft)
    take_steps(draft)
    judge_reserve(draft)
    settle(draft)
    match(draft)
    _bring_in(draft)
    draft.tell_changed_agents(_cause(given))
    return draft.decided


def _bring_in(draft: Draft) -> None:
    """After those who wait: callbacks of an earlier day by their share, and the offer of one to whoever waits on."""
    while (released := callbacks.release_carried(draft)) is not None:
        match(draft, [released])
    offer_callbacks(draft)


def _decide_policy(state: PartitionState, pool: PoolState, given: Input, fact: PolicyInForce) -> list[Decided]:
    refuse_stale(pool.policy_version, fact)
    policy = parse_policy(fact.policy)
    queues = pool.queues or Queues(pool.agents, pool.contacts, policy.capacity, inbound_of(policy))
    draft = Draft(state.partition, pool, given, policy, queues)
    draft.put_in_force(policy, fact.version)
    waiting = policy_in_force(draft, fact)
    take_steps(draft, waiting)
    judge_reserve(draft)
    match(draft, waiting)
    _bring_in(draft)
    draft.tell_changed_agents(_cause(given))
    return draft.decided


def _cause(given: Input) -> str:
    fact = given.fact
    return f"timer_{fact.kind}" if isinstance(fact, TimerDue) else type(fact).__name__


def refused(given: Input, refusal: Refusal) -> Decided:
    """The decision that an input changes nothing."""
    fact = given.fact
    kind = fact.event_type if isinstance(fact, Quarantined) else type(fact).__name__
    contact_id: str | None = getattr(fact, "contact_id", None)
    agent_id: str | None = getattr(fact, "agent_id", None)
    decision = InputRefused(given.event_id, kind, refusal.reason, contact_id, agent_id, refusal.detail)
    return Decided(given.tenant, given.pool, contact_id or agent_id or given.event_id, decision)


def _wrap_up_completed(draft: Draft, fact: events.WrapUpCompleted) -> None:
    if wrapping.wrap_up_completed(draft, fact):
        presence.apply_pending_presence(draft, fact.agent_id)


def _wrap_up_timed_out(draft: Draft, timer: TimerDue) -> None:
    wrapping.wrap_up_timed_out(draft, timer.subject, timer.reference)
    presence.apply_pending_presence(draft, timer.subject)


_EVENTS: Mapping[type[object], Callable[[Draft, Any], None]] = {
    events.ContactArrived: arrivals.contact_arrived,
    events.ContactProfiled: arrivals.contact_profiled,
    events.ContactClassified: arrivals.contact_classified,
    events.ContactMoved: requests.contact_moved,
    events.ContactPrioritised: requests.contact_prioritised,
    events.ContactDirected: requests.contact_directed,
    events.SelfServiceStarted: self_service.self_service_started,
    events.SelfServiceAnswered: self_service.self_service_answered,
    events.SelfServiceEnded: self_service.self_service_ended,
    events.ContactAbandoned: endings.contact_abandoned,
    events.ContactConnected: offers.contact_connected,
    events.ContactConnectFailed: offers.contact_connect_failed,
    events.ContactEnded: endings.contact_ended,
    events.AgentSignedIn: presence.agent_signed_in,
    events.AgentSignedOut: presence.agent_signed_out,
    events.AgentProfileChanged: presence.agent_profile_changed,
    events.PresenceChanged: presence.presence_changed,
    events.EndpointLost: presence.endpoint_lost,
    events.EndpointRestored: presence.endpoint_restored,
    events.OfferAccepted: offers.offer_accepted,
    events.OfferRejected: offers.offer_rejected,
    events.WrapUpCompleted: _wrap_up_completed,
    events.WrapUpExtended: wrapping.wrap_up_extended,
    events.TransferRequested: transfers.transfer_requested,
    events.TransferCompleted: transfers.transfer_completed,
    events.TransferCancelled: transfers.transfer_cancelled,
    events.TakeOverRequested: taking_over.take_over_requested,
    events.ColleagueJoined: company.colleague_joined,
    events.ColleagueLeft: company.colleague_left,
    events.ConversationTurned: chats.conversation_turned,
    events.RatingInvited: ratings.rating_invited,
    events.RatingGiven: ratings.rating_given,
    events.ContactHeld: holds.contact_held,
    events.GroupClosed: opening_hours.group_closed,
    events.GroupReopened: opening_hours.group_reopened,
    events.CallbackRequested: callbacks.callback_requested,
    events.CallbackCancelled: callbacks.callback_cancelled,
    events.CallbackReleased: callbacks.callback_released,
    events.DialAnswered: callbacks.dial_answered,
    events.DialFailed: callbacks.dial_failed,
    events.OutsideLeft: passing_outside.left,
    HoursExpanded: hours_expanded,
}
"""Event → what is decided on it. `PolicyPublished` reaches the core as `PolicyInForce`, with its document."""

_TIMERS: Mapping[TimerKind, Callable[[Draft, TimerDue], None]] = {
    TimerKind.SELF_SERVICE: self_service.self_service_over,
    TimerKind.ENRICHMENT: arrivals.enrichment_over,
    TimerKind.PREFERRED: lambda draft, timer: end_hold(draft, timer.subject),
    TimerKind.EXCLUSION: lambda draft, timer: end_exclusion(draft, timer.subject),
    TimerKind.RELAXATION: lambda draft, timer: draft.touch(timer.subject),
    TimerKind.EXPOSURE: exposure_wait_over,
    TimerKind.ANSWERED: endings.answered_in_vain,
    TimerKind.REST: rest_over,
    TimerKind.PAUSE: pause_over,
    TimerKind.RESERVE: look_again,
    TimerKind.OFFER: offers.offer_timed_out,
    TimerKind.CONSULTATION: consultation_lapsed,
    TimerKind.CONNECT: offers.connect_timed_out,
    TimerKind.HOURS: opening_hours.hours_due,
    TimerKind.DEFERRED: callbacks.deferral_over,
    TimerKind.OVERFLOW: lambda draft, timer: settle_contact(draft, timer.subject),
    TimerKind.DIAL: callbacks.dial_unheard_of,
    TimerKind.WINDOW: callbacks.window_over,
    TimerKind.AGENT_RETURN: presence.agent_did_not_return,
    TimerKind.TURN: chats.turn_lapsed,
    TimerKind.CHAT_CLOSE: chats.parked_too_long,
    TimerKind.SITE: transfers.site_lapsed,
    TimerKind.WRAP_UP: _wrap_up_timed_out,
    TimerKind.SKILL: presence.skill_expired,
}
