"""Topic `routing-decisions`: what the router decided, each with its reasons, dense sequence per partition.

Readers apply a decision once, in order (`shared.decisions`); the envelope carries partition, sequence,
epoch and the journal position of the input that caused it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from shared.contracts.callback_decisions import (
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
from shared.contracts.contact_events import PreferredAgent, Presence
from shared.contracts.conversation_decisions import (
    ColleagueAdmitted,
    ColleagueReleased,
    ConsultationEnded,
    ConsultationRequested,
    ConsultationStarted,
    ContactParked,
    ContactRated,
    ContactResumed,
    ContactReturning,
    RatingAwaited,
    ReplyAwaited,
)
from shared.contracts.fairness_decisions import (
    AgentPaused,
    AgentRested,
    AgentRestEnded,
    ExposureCounted,
    ExposureOverridden,
    ExposureWaitEnded,
    RelaxationReached,
    RequirementStep,
    ReserveChanged,
)
from shared.contracts.fields import Channel, Id, Microseconds, Name, ShortText, SkillLevel


class ContactEnd(StrEnum):
    """The one end of a contact (domain: life of a contact)."""

    SERVED = "served"
    SELF_SERVED = "self_served"
    ABANDONED_IN_SELF_SERVICE = "abandoned_in_self_service"
    ABANDONED_IN_QUEUE = "abandoned_in_queue"
    ABANDONED_WHILE_OFFERED = "abandoned_while_offered"
    CALLBACK_ACCEPTED = "callback_accepted"
    OVERFLOWED = "overflowed"
    REJECTED = "rejected"
    FAILED = "failed"


class OfferOutcome(StrEnum):
    """Why an offer ended without an assignment."""

    REJECTED = "rejected"
    BUSY = "busy"
    TIMED_OUT = "timed_out"  # RONA
    ABANDONED = "abandoned"  # the customer left first
    ENDED = "ended"  # the contact was ended by the system
    AGENT_SIGNED_OUT = "agent_signed_out"
    AGENT_UNREACHABLE = "agent_unreachable"
    RECLASSIFIED = "reclassified"
    SUPERVISOR = "supervisor"  # a supervisor moved the contact or gave it to somebody else
    CANCELLED = "cancelled"  # the sender of a warm transfer asks no longer


class QueueCause(StrEnum):
    NEW = "new"
    OFFER_FAILED = "offer_failed"
    CONNECT_FAILED = "connect_failed"
    TRANSFERRED = "transferred"
    TRANSFER_FAILED = "transfer_failed"
    RECLASSIFIED = "reclassified"
    MOVED = "moved"  # by a supervisor, to another group
    DIRECTED = "directed"  # by a supervisor, to one agent
    DIRECTION_FAILED = "direction_failed"  # who it was given to did not take it
    AGENT_LOST = "agent_lost"
    NO_REPLY = "no_reply"  # of a chat: its agent wrote nothing in time
    REPLIED = "replied"  # of a chat that waited for its customer: they wrote, and their agent was not free in time
    OVERFLOWED = "overflowed"  # its group could not take it
    OPENED = "opened"  # waited for its group to open
    CALLBACK = "callback"  # a callback whose turn to wait has come
    CALLBACK_ANSWERED = "callback_answered"  # dialled first, and the customer is on the line
    SELF_SERVICE = "self_service"  # the customer asked for a person, or the ivr was unsure
    SELF_SERVICE_FAILED = "self_service_failed"  # nothing took it up, or it did not come to an end


class RefusalReason(StrEnum):
    """Why an input changed nothing."""

    DUPLICATE_EVENT = "duplicate_event"
    DUPLICATE_CONTACT = "duplicate_contact"
    UNKNOWN_CONTACT = "unknown_contact"
    UNKNOWN_AGENT = "unknown_agent"
    UNKNOWN_POOL = "unknown_pool"
    UNKNOWN_GROUP = "unknown_group"
    GROUP_CLOSED = "group_closed"  # a transfer into a group that takes nobody now
    UNKNOWN_TARGET = "unknown_target"  # no such site or outside number in the policy
    CONTACT_ALREADY_ENDED = "contact_already_ended"
    OFFER_WITHDRAWN = "offer_withdrawn"  # acceptance after the withdrawal
    OFFER_NOT_FOUND = "offer_not_found"
    NOT_THIS_AGENT = "not_this_agent"
    ILLEGAL_IN_STATE = "illegal_in_state"
    STALE_POLICY = "stale_policy"
    ALREADY_SIGNED_IN = "already_signed_in"
    POLICY_MISSING = "policy_missing"
    QUARANTINED = "quarantined"  # `decide` raised on it twice


class WorkState(StrEnum):
    """What the system knows about an agent."""

    IDLE = "idle"
    OFFERED = "offered"
    HANDLING = "handling"
    WRAPPING = "wrapping"


class Hold(StrEnum):
    """A named, timed exception to I10: why work may wait beside an idle eligible agent."""

    ENRICHMENT = "enrichment"
    PREFERRED_AGENT = "preferred_agent"
    MISSED_THIS_CONTACT = "missed_this_contact"
    RETURNING = "returning"  # a parked chat whose customer wrote: its agent's for a moment
    EXPOSURE = "exposure"  # who could take this wearing contact rests from such
    INBOUND_RESERVE = "inbound_reserve"  # outbound work: agents are kept free for inbound
    PAUSE = "pause"  # outbound work: who could take it is in the pause between calls


@dataclass(frozen=True, slots=True)
class HeadStart:
    """Seconds of seniority granted, by source. Their sum orders the queue."""

    tier: int = 0
    reason: int = 0
    repeat: int = 0
    supervisor: int = 0

    @property
    def seconds(self) -> int:
        return self.tier + self.reason + self.repeat + self.supervisor


@dataclass(frozen=True, slots=True)
class EnrichmentAwaited:
    contact_id: Id
    channel: Channel
    business_line: Name
    arrived_at: Microseconds
    until: Microseconds
    gateway_id: Id | None = None


@dataclass(frozen=True, slots=True)
class SelfServiceAwaited:
    """The ivr may serve the contact first; unclaimed at `until`, it goes to its line's default group."""

    contact_id: Id
    channel: Channel
    business_line: Name
    arrived_at: Microseconds
    until: Microseconds
    gateway_id: Id | None = None


@dataclass(frozen=True, slots=True)
class SelfServiceEngaged:
    """The ivr serves the contact; at `until` at the latest it goes to a person."""

    contact_id: Id
    dialogue: Name
    version: int
    until: Microseconds


@dataclass(frozen=True, slots=True)
class SelfServiceAnswerGiven:
    """From here on leaving means: self-served."""

    contact_id: Id
    question: Name
    version: int


@dataclass(frozen=True, slots=True)
class ContactQueued:
    contact_id: Id
    channel: Channel
    business_line: Name
    group: Name
    requirement: tuple[SkillLevel, ...]  # group's + contact's, sorted by skill
    arrived_at: Microseconds
    queued_at: Microseconds  # first entry of the contact into any queue
    entered_group_at: Microseconds  # entry into this group: service level and ASA run from here
    due_at: Microseconds
    head_start: HeadStart
    cause: QueueCause
    policy_version: int
    tier: Name | None = None
    customer_id: Id | None = None
    only_agent: Id | None = None  # a transfer to one agent: nobody else until `preferred_until`
    preferred: tuple[PreferredAgent, ...] = ()
    preferred_until: Microseconds | None = None
    gateway_id: Id | None = None
    # "group_not_served:billing": self-service named a group that does not serve this channel
    note: ShortText | None = None
    steps: tuple[RequirementStep, ...] = ()  # relaxation: the group's own first; empty where the group has none
    severity: int = 0  # how wearing the contact is (group's), where the policy rotates such work; 0: not
    spares_until: Microseconds | None = None  # wearing: who rests is not asked until then; None: while they rest
    outbound: bool = False  # a campaign's, where the policy keeps agents free for inbound
    by: Id | None = None  # of a supervisor's request: who, and why
    why: Name | None = None
    overflow_at: Microseconds | None = None  # its wait in this group is too long then, and it flows on


@dataclass(frozen=True, slots=True)
class ContactRekeyed:
    """A late profile or a new policy changed what the waiting contact is owed; its place was computed anew."""

    contact_id: Id
    requirement: tuple[SkillLevel, ...]
    head_start: HeadStart
    policy_version: int
    tier: Name | None = None
    customer_id: Id | None = None
    preferred: tuple[PreferredAgent, ...] = ()
    preferred_until: Microseconds | None = None
    due_at: Microseconds | None = None  # None: as before (only a new policy changes it)
    steps: tuple[RequirementStep, ...] = ()
    severity: int = 0
    spares_until: Microseconds | None = None
    outbound: bool = False
    by: Id | None = None  # of a supervisor's request: who, and why
    why: Name | None = None
    overflow_at: Microseconds | None = None


@dataclass(frozen=True, slots=True)
class PreferredWaitEnded:
    """The wait for a preferred agent is over: everybody eligible may serve the contact now."""

    contact_id: Id


@dataclass(frozen=True, slots=True)
class ExclusionEnded:
    """Agents who missed, rejected or passed on this contact may be asked again."""

    contact_id: Id
    agents: tuple[Id, ...]


@dataclass(frozen=True, slots=True)
class OfferReasons:
    """Why this contact and this agent met (rule 11). Counts of the passed-over are computed on request."""

    trigger: ShortText  # "contact" (the contact looked for an agent) or "agent" (the agent looked for work)
    step: ShortText  # "preferred" or "group"
    strategy: ShortText
    winner_key: tuple[int | str, ...]
    waited: Microseconds
    head_start: HeadStart
    policy_version: int
    runner_up: Id | None = None  # second agent (trigger "contact") or second contact (trigger "agent")
    runner_up_key: tuple[int | str, ...] | None = None
    preferred_why: ShortText | None = None
    relaxation: int = 0  # step the contact stood at
    let_in: bool = False  # the agent was let in beside those who meet the requirement


@dataclass(frozen=True, slots=True)
class OfferMade:
    offer_id: Id
    contact_id: Id
    agent_id: Id
    channel: Channel
    business_line: Name
    group: Name
    made_at: Microseconds
    expires_at: Microseconds
    reasons: OfferReasons
    auto_accept: bool = False
    customer_id: Id | None = None
    gateway_id: Id | None = None
    consult_of: Id | None = None  # a warm transfer's id: its sender asks first, the customer stays with them
    callback: bool = False  # accepted, the customer is dialled (or is on the line already, dialled first)


@dataclass(frozen=True, slots=True)
class OfferWithdrawn:
    offer_id: Id
    contact_id: Id
    agent_id: Id
    outcome: OfferOutcome
    reason: Name | None = None


@dataclass(frozen=True, slots=True)
class ContactAssigned:
    """The offer was accepted; the gateway connects."""

    contact_id: Id
    agent_id: Id
    offer_id: Id
    interaction_id: Id
    channel: Channel
    group: Name
    connect_deadline: Microseconds
    waited: Microseconds  # in this group, until acceptance
    customer_id: Id | None = None
    gateway_id: Id | None = None
    unoffered: bool = False  # a customer we dialled is on the line: assigned at once, nobody was asked


@dataclass(frozen=True, slots=True)
class InteractionStarted:
    contact_id: Id
    agent_id: Id
    interaction_id: Id
    at: Microseconds


@dataclass(frozen=True, slots=True)
class HoldNoted:
    """The customer waits on hold from here on, or (`held` false) no longer; a conversation's end ends its hold too."""

    contact_id: Id
    agent_id: Id
    interaction_id: Id
    held: bool
    at: Microseconds


@dataclass(frozen=True, slots=True)
class AgentReturnAwaited:
    """The agent's page was lost: the conversation keeps its agent until then, and is queued again after."""

    contact_id: Id
    agent_id: Id
    interaction_id: Id
    until: Microseconds


@dataclass(frozen=True, slots=True)
class InteractionEnded:
    contact_id: Id
    agent_id: Id
    interaction_id: Id
    at: Microseconds
    why: ShortText  # "ended" | "transferred" | "connect_failed" | "agent_lost"
    talked: Microseconds = 0


@dataclass(frozen=True, slots=True)
class WrapUpStarted:
    contact_id: Id
    agent_id: Id
    interaction_id: Id
    channel: Channel
    group: Name
    mode: ShortText
    at: Microseconds
    until: Microseconds | None = None
    extensions_left: int = 0


@dataclass(frozen=True, slots=True)
class WrapUpProlonged:
    contact_id: Id
    agent_id: Id
    interaction_id: Id
    until: Microseconds
    extensions_left: int


@dataclass(frozen=True, slots=True)
class WrapUpNoted:
    """The code was written early in a wrap-up without early exit: it counts, and the time runs on."""

    contact_id: Id
    agent_id: Id
    interaction_id: Id
    disposition: Name
    reason: Name | None = None


@dataclass(frozen=True, slots=True)
class WrapUpFinished:
    contact_id: Id
    agent_id: Id
    interaction_id: Id
    at: Microseconds
    disposition: Name
    reason: Name | None = None
    by_timeout: bool = False  # the default code was written and is flagged


@dataclass(frozen=True, slots=True)
class ContactTransferred:
    contact_id: Id
    from_agent: Id
    transfer_id: Id
    target_kind: ShortText
    target: Id | Name
    to_agent: Id | None = None  # a completed warm transfer: who has the customer now
    interaction_id: Id | None = None  # and their interaction
    gateway_id: Id | None = None
    until: Microseconds | None = None  # to a site: so long its agents only, then the sender's group


@dataclass(frozen=True, slots=True)
class TransferSettled:
    """What became of a transfer; the sender sees it."""

    contact_id: Id
    from_agent: Id
    transfer_id: Id
    outcome: ShortText  # "answered" | "fell_back" | "abandoned"
    agent_id: Id | None = None


@dataclass(frozen=True, slots=True)
class ContactClosed:
    """The contact reached its one end (I1)."""

    contact_id: Id
    end: ContactEnd
    at: Microseconds
    channel: Channel
    business_line: Name
    by: ShortText
    group: Name | None = None
    queued_at: Microseconds | None = None
    waited: Microseconds = 0  # in the last group, until the end or the last acceptance
    agent_id: Id | None = None
    customer_id: Id | None = None
    gateway_id: Id | None = None
    reason: Name | None = None  # e.g. "no_answer_from_customer", "closed"; why it was cancelled or given up
    rating_scale: int | None = None  # the gateway asks the customer for a rating from 1 to this
    to_kind: ShortText | None = None  # of one that flowed out: where its gateway takes it (`ContactOverflowed.to_kind`)
    to: Id | Name | None = None
    number: ShortText | None = None  # the outside number of the policy, E.164, and what it sees
    caller_id: ShortText | None = None


@dataclass(frozen=True, slots=True)
class AgentStateChanged:
    agent_id: Id
    presence: Presence
    presence_since: Microseconds
    work_state: WorkState
    work_since: Microseconds
    reachable: bool
    presence_reason: Name | None = None
    pending_presence: Presence | None = None
    pending_reason: Name | None = None
    loads: dict[Channel, int] = field(default_factory=dict[Channel, int])  # offered + handling + wrapping, per channel
    capacity: dict[Channel, int] = field(default_factory=dict[Channel, int])
    skills: tuple[SkillLevel, ...] = ()
    teams: tuple[Id, ...] = ()
    sites: tuple[Id, ...] = ()
    handled: int = 0
    cause: ShortText = ""
    exposure: int = 0  # severity-seconds of wearing work in the window, as of now
    rest_until: Microseconds | None = None  # no wearing contact until then
    rest_why: ShortText | None = None  # "cap" | "break"
    by: Id | None = None  # of a supervisor's request: who, and why
    why: Name | None = None


@dataclass(frozen=True, slots=True)
class RonaAlerted:
    """n offers in a row were not answered; the supervisor is told."""

    agent_id: Id
    in_a_row: int


@dataclass(frozen=True, slots=True)
class PolicyApplied:
    version: int
    hash: ShortText


@dataclass(frozen=True, slots=True)
class InputRefused:
    """An illegal, late or repeated input: nothing changed, and here is why."""

    event_id: Id
    event_type: ShortText
    reason: RefusalReason
    contact_id: Id | None = None
    agent_id: Id | None = None
    detail: ShortText | None = None


RoutingDecision = (
    EnrichmentAwaited
    | SelfServiceAwaited
    | SelfServiceEngaged
    | SelfServiceAnswerGiven
    | ContactQueued
    | ContactRekeyed
    | RelaxationReached
    | ExposureWaitEnded
    | ExposureOverridden
    | ExposureCounted
    | AgentRested
    | AgentRestEnded
    | AgentPaused
    | ReserveChanged
    | PreferredWaitEnded
    | ExclusionEnded
    | OfferMade
    | OfferWithdrawn
    | ContactAssigned
    | InteractionStarted
    | HoldNoted
    | AgentReturnAwaited
    | InteractionEnded
    | WrapUpStarted
    | WrapUpProlonged
    | WrapUpNoted
    | WrapUpFinished
    | ContactTransferred
    | ConsultationRequested
    | ConsultationStarted
    | ConsultationEnded
    | TransferSettled
    | ReplyAwaited
    | ContactParked
    | ContactReturning
    | ContactResumed
    | ColleagueAdmitted
    | ColleagueReleased
    | RatingAwaited
    | ContactRated
    | GroupHoursChanged
    | ContactOverflowed
    | StaffingNoted
    | ContactDeferred
    | CallbackOffered
    | CallbackQueued
    | DialRequested
    | DialSettled
    | CallbackRetryScheduled
    | ContactClosed
    | AgentStateChanged
    | RonaAlerted
    | PolicyApplied
    | InputRefused
)
