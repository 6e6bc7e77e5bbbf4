"""What enters the core and what leaves it: one journaled input, and the decisions it led to.

An input carries its own time and position, so that folding the journal again needs neither a clock nor
a counter. Personal fields were emptied by the shell before the input was made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from shared.contracts.contact_events import ContactEvent
from shared.contracts.routing_decisions import RoutingDecision


class TimerKind(StrEnum):
    """Which wait is over. Every timer follows from a fact in the state; none is stored by itself."""

    SELF_SERVICE = "self_service"  # the ivr did not take the contact up, or did not come to an end
    ENRICHMENT = "enrichment"  # the profile did not come in time
    PREFERRED = "preferred"  # the preferred agent did not become free in time
    EXCLUSION = "exclusion"  # who missed this contact may be asked again
    OFFER = "offer"  # nobody answered (RONA)
    CONSULTATION = "consultation"  # nobody to consult was found in time
    CONNECT = "connect"  # accepted, but never connected
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


Fact = ContactEvent | TimerDue | PolicyInForce | Quarantined


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
