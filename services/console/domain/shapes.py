"""What pages are shown: the shapes inside snapshots and frames, exactly as the README lists them.

They hold opaque ids, configured names and times (µs of policy time) only; who a customer is comes with the screen-pop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from services.console.domain.service_level import ServiceLevel, Today
from shared.contracts.contact_events import Presence
from shared.contracts.fields import Channel, SkillLevel
from shared.contracts.routing_decisions import WorkState


class ContactState(StrEnum):
    SELF_SERVICE = "self_service"
    ENRICHING = "enriching"
    DEFERRED = "deferred"  # kept with its place: for its group to open, or a callback for its time
    DIALLING = "dialling"  # a callback whose customer is called
    OUTSIDE = "outside"  # passed on to an outside number; nobody of ours is held
    WAITING = "waiting"
    OFFERED = "offered"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    PARKED = "parked"  # a chat that waits for its customer and takes no load
    CONSULTING = "consulting"  # in hand of an agent whom a colleague asks: the customer is that colleague's
    WRAPPING = "wrapping"


@dataclass(frozen=True, slots=True)
class Offer:
    offer_id: str
    contact_id: str
    agent_id: str
    channel: Channel
    business_line: str
    group: str
    made_at: int
    expires_at: int
    auto_accept: bool
    waited: int
    tier: str | None = None
    customer_id: str | None = None
    preferred_why: str | None = None
    consult_of: str | None = None  # a warm transfer's id: a colleague asks first
    from_agent: str | None = None  # who asks
    callback: bool = False  # accepted, the customer is dialled (or is on the line already)
    attempt: str | None = None  # of a campaign's record, shown before it is dialled


@dataclass(frozen=True, slots=True)
class Awaited:
    """Whose word a chat waits for, since when, and until when (µs; None: nothing happens then)."""

    of: str  # "agent" | "customer"
    since: int
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Interaction:
    interaction_id: str
    contact_id: str
    agent_id: str
    offer_id: str
    channel: Channel
    business_line: str
    group: str
    state: ContactState
    since: int
    connect_deadline: int | None
    waited: int
    tier: str | None = None
    customer_id: str | None = None
    awaited: Awaited | None = None  # of a chat
    colleagues: tuple[str, ...] = ()  # beside the conversation
    attempt: str | None = None  # of a campaign's record, where an agent had it first
    called: bool = False  # we called: assigned at once when the customer answered


@dataclass(frozen=True, slots=True)
class WrapUp:
    interaction_id: str
    contact_id: str
    channel: Channel
    group: str
    customer_id: str | None
    mode: str
    since: int
    until: int | None
    extensions_left: int
    disposition: str | None = None  # written early; the time runs on
    reason: str | None = None
    attempt: str | None = None
    called: bool = False


@dataclass(frozen=True, slots=True)
class Transfer:
    """Asked for and not settled yet; its sender sees it."""

    transfer_id: str
    contact_id: str
    target_kind: str
    target: str


@dataclass(frozen=True, slots=True)
class Consultation:
    """A warm transfer under way; sender and asked agent see it. Of an outside party, `target` is who is asked."""

    transfer_id: str
    contact_id: str
    from_agent: str
    target_kind: str
    target: str
    until: int  # nobody new is asked after
    state: str = "seeking"  # "seeking" | "offered" | "dialling" | "talking"
    agent_id: str | None = None  # who is asked, or talks
    interaction_id: str | None = None  # theirs, once they talk
    since: int = 0
    joined: bool = False  # a conference: all three talk
    takes_over: bool = False  # a supervisor asks for the conversation itself


@dataclass(frozen=True, slots=True)
class ContactInHand:
    """One line of an agent's tile."""

    contact_id: str
    channel: Channel
    group: str
    state: ContactState
    since: int


@dataclass(frozen=True, slots=True)
class AgentState:
    agent_id: str
    pool: str
    presence: Presence
    presence_reason: str | None
    presence_since: int
    pending_presence: Presence | None
    pending_reason: str | None
    work_state: WorkState
    work_since: int
    reachable: bool
    loads: Mapping[Channel, int]
    capacity: Mapping[Channel, int]
    skills: tuple[SkillLevel, ...]
    teams: tuple[str, ...]
    sites: tuple[str, ...]
    handled: int
    contacts: tuple[ContactInHand, ...] = ()
    rating: float | None = None  # of five, over the last `ratings` customers who said
    ratings: int = 0
    exposure: int = 0  # severity-seconds of wearing work, as of the agent's last change
    rest_until: int | None = None  # no wearing contact until then
    rest_why: str | None = None  # "cap" | "break"


@dataclass(frozen=True, slots=True)
class Queued:
    """Waiting contacts an agent's skills could serve."""

    waiting: int = 0
    longest_wait_since: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a group is open, as last decided. `until`: its calendar's next change; `serving`: those who waited at its closing
    are served yet, until `drain_until`. `why`: "hours", "emergency" (then `by` and `reason`) or "reopened"."""

    open: bool
    since: int
    why: str
    until: int | None = None
    serving: bool = True
    drain_until: int | None = None
    by: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CallbackRow:
    """A callback, from its asking to what became of it. Numbers are not here: the gateway that dials has them."""

    contact_id: str
    pool: str
    origin: str | None  # the contact it came from
    group: str
    mode: str  # "agent_first" | "customer_first"
    by: str  # "customer" | "agent" | "ivr"
    asked_at: int
    queued_at: int  # whence its place counts
    attempts_allowed: int
    state: str  # "scheduled" | "waiting" | "offered" | "dialling" | "retry" | "quarantined" | "carried_over" | "over"
    not_before: int | None = None  # the chosen time
    window_until: int | None = None
    attempts: int = 0
    outcome: str | None = None  # of the last attempt
    next_at: int | None = None  # when it goes on by itself
    agent_id: str | None = None
    end: str | None = None
    reason: str | None = None
    ended_at: int | None = None
    customer_id: str | None = None


@dataclass(frozen=True, slots=True)
class GroupRow:
    group: str
    pool: str
    business_line: str | None
    waiting: int  # entries without outcome: waiting, being offered or being connected
    waiting_by_channel: Mapping[Channel, int]
    longest_wait_since: int | None
    today: Today
    service_level: ServiceLevel
    asa_seconds: float | None
    standing: Standing | None = None  # None: open, without hours


@dataclass(frozen=True, slots=True)
class Staff:
    """All agents of a tenant at this moment. Occupancy = (handling + wrapping) ÷ (those + available idle or offered)."""

    signed_in: int
    available: int
    not_ready: int
    unreachable: int
    idle: int
    offered: int
    handling: int
    wrapping: int
    by_reason: Mapping[str, int]
    occupancy_percent: float | None


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is owed to customers at this moment, in all groups of a tenant.

    Callbacks are due from their turn on (waiting, offered, dialled), and scheduled while kept for a time, a retry or their group
    to open. Unanswered: conversations in writing in which the customer waits for the agent's first or next word.
    """

    callbacks_due: int
    callbacks_scheduled: int
    chats_unanswered: int
    unanswered_since: int | None  # the oldest
    chats_parked: int  # wait for their customers


class AlarmKind(StrEnum):
    RONA = "rona"
    OVER_TARGET = "over_target"
    NOBODY_STAFFED = "nobody_staffed"
    SEQUENCE_BROKEN = "sequence_broken"


@dataclass(frozen=True, slots=True)
class Alarm:
    alarm_id: str
    kind: AlarmKind
    state: str  # "raised" | "cleared"
    since: int
    group: str | None = None
    agent_id: str | None = None
    count: int = 0


@dataclass(frozen=True, slots=True)
class ContactRow:
    contact_id: str
    channel: Channel
    business_line: str
    group: str | None
    state: ContactState
    since: int
    arrived_at: int
    queued_at: int | None
    entered_group_at: int | None
    due_at: int | None
    tier: str | None
    customer_id: str | None
    agent_id: str | None
    offer_id: str | None
    head_start: int
    cause: str | None


@dataclass(frozen=True, slots=True)
class AgentView:
    agent: AgentState | None = None
    offers: tuple[Offer, ...] = ()
    contacts: tuple[Interaction, ...] = ()
    wrap_ups: tuple[WrapUp, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    queued: Queued = field(default_factory=Queued)
    consultations: tuple[Consultation, ...] = ()


@dataclass(frozen=True, slots=True)
class SelfServiceRow:
    """A business line in self-service: `now` there, and what became today of those who came to it.

    arrived = served + left + to_people + now, counted under the line at which they arrived.
    """

    business_line: str
    pool: str
    now: int
    arrived: int
    served: int
    left: int
    to_people: int


@dataclass(frozen=True, slots=True)
class WallboardView:
    groups: tuple[GroupRow, ...]
    staff: Staff
    backlog: Backlog
    alarms: tuple[Alarm, ...]
    self_service: tuple[SelfServiceRow, ...] = ()


@dataclass(frozen=True, slots=True)
class FloorView:
    agents: tuple[AgentState, ...]
    alarms: tuple[Alarm, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """One frame to be: its type, who may see it (see `audiences`), and its shape."""

    type: str
    audiences: tuple[str, ...]
    shape: object  # one of the dataclasses above, or a mapping for a frame without a shape of its own


WALLBOARD = "wallboard"
EVERY_FLOOR = "floor"
"""Every supervisor's floor, whatever its scope."""
WHOLE_FLOOR = "floor:*"
"""Floors of supervisors who see the whole tenant."""
EVERYBODY = "all"


def agent_audience(agent_id: str) -> str:
    return f"agent:{agent_id}"


def floor_audiences(teams: tuple[str, ...], sites: tuple[str, ...]) -> tuple[str, ...]:
    """The floors on which an agent of these teams and sites is seen."""
    return (WHOLE_FLOOR, *(f"floor:team:{team}" for team in teams), *(f"floor:site:{site}" for site in sites))


def own_floors(teams: tuple[str, ...], sites: tuple[str, ...]) -> tuple[str, ...]:
    """The floors a supervisor of these teams and sites watches; without any, the whole tenant's."""
    scoped = floor_audiences(teams, sites)[1:]
    return (EVERY_FLOOR, *(scoped or (WHOLE_FLOOR,)))
