"""What enters the core and what leaves it: one journaled input, and the decisions it led to.

An input carries its own time and position, so that folding the journal again needs neither a clock nor
a counter. Personal fields were emptied by the shell before the input was made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from shared.contracts.contact_events import ContactEvent
from shared.contracts.routing_decisions import RoutingDecision

Intervals = tuple[tuple[int, int], ...]
"""(opens, closes) in µs, merged and in order; a time t is inside where opens <= t < closes."""


class TimerKind(StrEnum):
    """Which wait is over. Every timer follows from a fact in the state; none is stored by itself."""

    SELF_SERVICE = "self_service"  # the ivr did not take the contact up, or did not come to an end
    ENRICHMENT = "enrichment"  # the profile did not come in time
    PREFERRED = "preferred"  # the preferred agent did not become free in time
    EXCLUSION = "exclusion"  # who missed this contact may be asked again
    RELAXATION = "relaxation"  # the next step's time has come
    EXPOSURE = "exposure"  # a wearing contact has waited so long that who rests may take it
    REST = "rest"  # an agent's rest from wearing work is over
    PAUSE = "pause"  # an agent's pause between calls is over
    RESERVE = "reserve"  # the rolling service level may have changed by time alone
    ANSWERED = "answered"  # nobody was there for a customer whom we dialled
    OFFER = "offer"  # nobody answered (RONA)
    CONSULTATION = "consultation"  # nobody to consult was found in time
    CONNECT = "connect"  # accepted, but never connected
    TURN = "turn"  # of a chat: the agent's first reply, or the customer's next word, did not come
    CHAT_CLOSE = "chat_close"  # the customer of a parked chat stayed silent
    SITE = "site"  # nobody of the branch took the transfer in time
    HOURS = "hours"  # a group opens, closes, or stops serving those who waited at its closing
    DEFERRED = "deferred"  # a callback's time has come, or nobody answered whether to be called back
    OVERFLOW = "overflow"  # waited too long, or nobody who could serve it came
    DIAL = "dial"  # nothing was heard of a customer or outside party who is dialled
    WINDOW = "window"  # the customer of a callback cannot be reached any more
    AGENT_RETURN = "agent_return"  # the agent's page stayed away beyond the grace
    WRAP_UP = "wrap_up"  # after-call work has used up its time
    SKILL = "skill"  # a skill of an agent expired


@dataclass(frozen=True, slots=True, order=True)
class TimerDue:
    """A due timer, itself an input. `reference` is the offer, interaction or agent it is about."""

    due: int
    kind: TimerKind
    subject: str  # contact or agent id
    reference: str = ""


@dataclass(frozen=True, slots=True)
class PolicyInForce:
    """A version of the pool's policy with the document itself, so that the journal replays alone."""

    version: int
    hash: str
    policy: Mapping[str, object]
    hours: Mapping[str, Intervals] = field(default_factory=dict[str, Intervals])
    """When each calendar of the policy is open, computed by the shell up to `hours_until`."""
    hours_until: int = 0  # µs; 0: the policy has no calendar
    waiting: Literal["apply", "keep"] = "apply"
    """keep: who waits in a group that still exists keeps the targets, head start and steps they entered with."""


@dataclass(frozen=True, slots=True)
class HoursExpanded:
    """Time went on: when each calendar of the policy in force is open, up to `until` (µs). Replaces what was known."""

    hours: Mapping[str, Intervals]
    until: int


@dataclass(frozen=True, slots=True)
class Quarantined:
    """`decide` raised on this event twice: it is set aside (and in the DLQ) so that the rest flows on.

    A quarantined timer never comes up again, although its fact still asks for it.
    """

    event_id: str
    event_type: str
    contact_id: str | None = None
    agent_id: str | None = None
    timer: TimerDue | None = None


Fact = ContactEvent | TimerDue | PolicyInForce | HoursExpanded | Quarantined


@dataclass(frozen=True, slots=True)
class Input:
    """One journaled input.

    `position` is dense per partition; `now` is the partition's time in µs (never behind the last one);
    `event_id` is the CloudEvent's, or `timer:<position>`; `occurred_at` is the envelope's time in µs.
    """

    position: int
    now: int
    tenant: str
    pool: str
    event_id: str
    occurred_at: int
    fact: Fact


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision, addressed: `subject` is the contact or agent it is about."""

    tenant: str
    pool: str
    subject: str
    decision: RoutingDecision
