"""The state machines as tables: which decision moves a contact, offer, consultation, interaction or presence where.

Decisions are the only movers; an input that would need a missing row is refused and journaled. The
diagrams of services/router/README.md are generated from these tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from services.router.domain.contacts import ConsultationState, ContactPhase, OfferState
from shared.contracts.contact_events import Presence
from shared.contracts.routing_decisions import (
    AgentReturnAwaited,
    AgentStateChanged,
    CallbackOffered,
    CallbackQueued,
    CallbackRetryScheduled,
    ConsultationEnded,
    ConsultationRequested,
    ConsultationStarted,
    ContactAssigned,
    ContactClosed,
    ContactDeferred,
    ContactOverflowed,
    ContactParked,
    ContactQueued,
    ContactRekeyed,
    ContactResumed,
    ContactReturning,
    ContactTransferred,
    DialRequested,
    DialSettled,
    EnrichmentAwaited,
    ExclusionEnded,
    ExposureWaitEnded,
    HoldNoted,
    InteractionEnded,
    InteractionStarted,
    OfferMade,
    OfferWithdrawn,
    PreferredWaitEnded,
    RelaxationReached,
    ReplyAwaited,
    SelfServiceAnswerGiven,
    SelfServiceAwaited,
    SelfServiceEngaged,
    StaffingNoted,
    WrapUpFinished,
    WrapUpNoted,
    WrapUpProlonged,
    WrapUpStarted,
)

_P = ContactPhase

CONTACT_TRANSITIONS: Mapping[ContactPhase | None, Mapping[type[object], ContactPhase]] = {
    None: {
        SelfServiceAwaited: _P.SELF_SERVICE,
        EnrichmentAwaited: _P.ENRICHING,
        ContactQueued: _P.QUEUED,
        CallbackQueued: _P.DEFERRED,
    },
    _P.SELF_SERVICE: {
        SelfServiceEngaged: _P.SELF_SERVICE,
        SelfServiceAnswerGiven: _P.SELF_SERVICE,
        ContactQueued: _P.QUEUED,
        ContactClosed: _P.CLOSED,
    },
    _P.ENRICHING: {ContactQueued: _P.QUEUED, ContactClosed: _P.CLOSED},
    _P.QUEUED: {
        ContactQueued: _P.QUEUED,
        ContactRekeyed: _P.QUEUED,
        RelaxationReached: _P.QUEUED,
        ExposureWaitEnded: _P.QUEUED,
        PreferredWaitEnded: _P.QUEUED,
        ExclusionEnded: _P.QUEUED,
        StaffingNoted: _P.QUEUED,
        CallbackOffered: _P.QUEUED,
        ContactOverflowed: _P.QUEUED,
        ContactDeferred: _P.DEFERRED,
        OfferMade: _P.OFFERED,
        ContactAssigned: _P.CONNECTING,  # never offered: a customer we dialled is on the line
        DialRequested: _P.DIALLING,
        ContactClosed: _P.CLOSED,
    },
    _P.DEFERRED: {
        ContactDeferred: _P.DEFERRED,
        CallbackOffered: _P.DEFERRED,
        ContactOverflowed: _P.DEFERRED,
        DialSettled: _P.DEFERRED,  # news of an attempt in quarantine
        CallbackRetryScheduled: _P.DEFERRED,
        ContactQueued: _P.QUEUED,
        ContactClosed: _P.CLOSED,
    },
    _P.DIALLING: {DialSettled: _P.RELEASED},
    _P.OFFERED: {ContactAssigned: _P.CONNECTING, OfferWithdrawn: _P.RELEASED},
    _P.CONNECTING: {
        DialRequested: _P.CONNECTING,
        DialSettled: _P.CONNECTING,
        InteractionStarted: _P.CONNECTED,
        InteractionEnded: _P.RELEASED,
    },
    _P.CONNECTED: {
        AgentReturnAwaited: _P.CONNECTED,
        HoldNoted: _P.CONNECTED,
        ReplyAwaited: _P.CONNECTED,
        ContactParked: _P.PARKED,
        ConsultationRequested: _P.CONNECTED,
        DialRequested: _P.CONNECTED,  # an outside party is asked first
        DialSettled: _P.CONNECTED,
        RelaxationReached: _P.CONNECTED,  # of the search for somebody to consult
        ConsultationEnded: _P.CONNECTED,
        InteractionEnded: _P.RELEASED,
    },
    _P.PARKED: {
        ContactReturning: _P.PARKED,
        ContactResumed: _P.CONNECTED,
        InteractionEnded: _P.RELEASED,
        ContactQueued: _P.QUEUED,
        ContactClosed: _P.CLOSED,
    },
    _P.OUTSIDE: {DialSettled: _P.OUTSIDE, ContactQueued: _P.QUEUED, ContactClosed: _P.CLOSED},
    _P.RELEASED: {
        DialRequested: _P.OUTSIDE,  # passed on to an outside number
        ContactTransferred: _P.OUTSIDE,  # handed to the outside party that was asked first
        ContactQueued: _P.QUEUED,
        CallbackRetryScheduled: _P.DEFERRED,
        ContactDeferred: _P.DEFERRED,  # in quarantine
        InteractionStarted: _P.CONNECTED,
        ContactParked: _P.PARKED,
        ContactClosed: _P.CLOSED,
    },
}

OFFER_TRANSITIONS: Mapping[OfferState | None, Mapping[type[object], OfferState]] = {
    None: {OfferMade: OfferState.OPEN, ContactAssigned: OfferState.ACCEPTED},
    OfferState.OPEN: {
        ContactAssigned: OfferState.ACCEPTED,
        ConsultationStarted: OfferState.CONSULTED,
        OfferWithdrawn: OfferState.WITHDRAWN,
    },
}

_C = ConsultationState

CONSULTATION_TRANSITIONS: Mapping[ConsultationState | None, Mapping[type[object], ConsultationState]] = {
    None: {ConsultationRequested: _C.SEEKING},
    _C.SEEKING: {OfferMade: _C.OFFERED, DialRequested: _C.DIALLING, ConsultationEnded: _C.ENDED},
    _C.DIALLING: {DialSettled: _C.TALKING, ConsultationEnded: _C.ENDED},
    _C.OFFERED: {OfferWithdrawn: _C.SEEKING, ConsultationStarted: _C.TALKING},
    _C.TALKING: {ConsultationEnded: _C.ENDED, ContactTransferred: _C.HANDED_OVER},
}


class InteractionPhase(StrEnum):
    """One agent's handling of a contact."""

    CONNECTING = "connecting"
    CONSULTING = "consulting"  # with a colleague who asks; the customer is that colleague's
    CONNECTED = "connected"
    TALKED = "talked"  # the conversation is over; what follows depends on the group's wrap-up mode
    WRAPPING = "wrapping"
    FINISHED = "finished"


INTERACTION_TRANSITIONS: Mapping[InteractionPhase | None, Mapping[type[object], InteractionPhase]] = {
    None: {ContactAssigned: InteractionPhase.CONNECTING, ConsultationStarted: InteractionPhase.CONSULTING},
    InteractionPhase.CONSULTING: {
        InteractionStarted: InteractionPhase.CONNECTED,
        ConsultationEnded: InteractionPhase.FINISHED,
    },
    InteractionPhase.CONNECTING: {
        InteractionStarted: InteractionPhase.CONNECTED,
        InteractionEnded: InteractionPhase.FINISHED,
    },
    InteractionPhase.CONNECTED: {InteractionEnded: InteractionPhase.TALKED},
    InteractionPhase.TALKED: {WrapUpStarted: InteractionPhase.WRAPPING},
    InteractionPhase.WRAPPING: {
        WrapUpProlonged: InteractionPhase.WRAPPING,
        WrapUpNoted: InteractionPhase.WRAPPING,
        WrapUpFinished: InteractionPhase.FINISHED,
    },
}

AGENT_TRANSITIONS: Mapping[Presence, Mapping[type[object], tuple[Presence, ...]]] = {
    Presence.SIGNED_OUT: {AgentStateChanged: (Presence.NOT_READY, Presence.AVAILABLE)},
    Presence.NOT_READY: {AgentStateChanged: (Presence.NOT_READY, Presence.AVAILABLE, Presence.SIGNED_OUT)},
    Presence.AVAILABLE: {AgentStateChanged: (Presence.NOT_READY, Presence.AVAILABLE, Presence.SIGNED_OUT)},
}


class IllegalTransition(RuntimeError):
    """A decision does not fit the state it is applied to: the journal and the code disagree, never a user's fault."""


def next_phase(phase: ContactPhase | None, decision: object) -> ContactPhase:
    """Where a decision moves a contact. Raises IllegalTransition."""
    try:
        return CONTACT_TRANSITIONS[phase][type(decision)]
    except KeyError:
        raise IllegalTransition(f"{type(decision).__name__} does not apply to a contact that is {phase}") from None


def next_offer_state(state: OfferState | None, decision: object) -> OfferState:
    """Where a decision moves an offer. Raises IllegalTransition."""
    try:
        return OFFER_TRANSITIONS[state][type(decision)]
    except KeyError:
        raise IllegalTransition(f"{type(decision).__name__} does not apply to an offer that is {state}") from None


def next_consultation_state(state: ConsultationState | None, decision: object) -> ConsultationState:
    """Where a decision moves a consultation. Raises IllegalTransition."""
    try:
        return CONSULTATION_TRANSITIONS[state][type(decision)]
    except KeyError:
        raise IllegalTransition(f"{type(decision).__name__} does not apply to a consultation that is {state}") from None


def mermaid() -> str:
    """The state diagrams of contact, offer, consultation, interaction and presence, as Mermaid text."""
    blocks = [
        _diagram("Contact", {s: {d: (t,) for d, t in row.items()} for s, row in CONTACT_TRANSITIONS.items()}),
        _diagram("Offer", {s: {d: (t,) for d, t in row.items()} for s, row in OFFER_TRANSITIONS.items()}),
        _diagram("Consultation", {s: {d: (t,) for d, t in row.items()} for s, row in CONSULTATION_TRANSITIONS.items()}),
        _diagram("Interaction", {s: {d: (t,) for d, t in row.items()} for s, row in INTERACTION_TRANSITIONS.items()}),
        _diagram("Presence", dict(AGENT_TRANSITIONS.items())),
    ]
    return "\n".join(blocks)


def _diagram(title: str, table: Mapping[StrEnum | None, Mapping[type[object], tuple[StrEnum, ...]]]) -> str:
    lines = [f"**{title}**", "", "```mermaid", "stateDiagram-v2"]
    for state, row in table.items():
        for decision, targets in row.items():
            lines += [f"    {state or '[*]'} --> {target}: {decision.__name__}" for target in targets]
    return "\n".join([*lines, "```", ""])
