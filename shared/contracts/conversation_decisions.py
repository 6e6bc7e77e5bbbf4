"""Of topic `routing-decisions`: turns and pauses of written conversations, colleagues asked
or beside one, and what customers say of it.

Part of `shared.contracts.routing_decisions`, which names every decision.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.contracts.fairness_decisions import RequirementStep
from shared.contracts.fields import Channel, Id, Microseconds, Name, ShortText, SkillLevel


@dataclass(frozen=True, slots=True)
class ReplyAwaited:
    """In a written conversation it is this side's turn. `until`: what happens then is the contact going back to its queue
    (`of` agent, before their first reply) or waiting for its customer without load (`of` customer); None: nothing."""

    contact_id: Id
    agent_id: Id
    interaction_id: Id
    of: ShortText  # "agent" | "customer"
    at: Microseconds
    until: Microseconds | None = None


@dataclass(frozen=True, slots=True)
class ContactParked:
    """The chat waits for its customer and takes no load; closed with a notice at `until` (None: never by itself)."""

    contact_id: Id
    channel: Channel
    group: Name
    at: Microseconds
    until: Microseconds | None = None
    agent_id: Id | None = None  # whose it stays; None: they signed out, the next agent comes from the queue
    interaction_id: Id | None = None


@dataclass(frozen=True, slots=True)
class ContactReturning:
    """The customer of a parked chat wrote: its agent gets it as soon as they are free, at `until` the queue does."""

    contact_id: Id
    agent_id: Id
    interaction_id: Id
    at: Microseconds
    until: Microseconds


@dataclass(frozen=True, slots=True)
class ContactResumed:
    """The same agent goes on with the chat; no new offer, no new interaction."""

    contact_id: Id
    agent_id: Id
    interaction_id: Id
    at: Microseconds
    parked: Microseconds  # how long it took no load


@dataclass(frozen=True, slots=True)
class ColleagueAdmitted:
    """A colleague is beside the conversation from now on: no ownership, no load."""

    contact_id: Id
    agent_id: Id
    at: Microseconds
    why: Name | None = None


@dataclass(frozen=True, slots=True)
class ColleagueReleased:
    contact_id: Id
    agent_id: Id
    at: Microseconds


@dataclass(frozen=True, slots=True)
class RatingAwaited:
    """The customer was asked how it was, of this agent's conversation."""

    contact_id: Id
    agent_id: Id
    group: Name
    channel: Channel
    scale: int
    at: Microseconds


@dataclass(frozen=True, slots=True)
class ContactRated:
    """The customer's answer. `low`: at or under the group's threshold, so somebody owes them a call."""

    contact_id: Id
    agent_id: Id
    group: Name
    channel: Channel  # of the contact
    score: int
    scale: int
    low: bool
    via: ShortText
    at: Microseconds
    customer_id: Id | None = None


@dataclass(frozen=True, slots=True)
class ConsultationRequested:
    """A warm transfer begins: the sender keeps the customer while the asked one is looked for, or an outside party dialled
    (`DialRequested` follows)."""

    contact_id: Id
    from_agent: Id
    transfer_id: Id
    target_kind: ShortText
    target: Id | Name
    until: Microseconds  # nobody new is asked after
    group: Name | None = None  # whose strategy and times apply: the target group, or for an agent the sender's
    requirement: tuple[SkillLevel, ...] = ()  # what the asked one must hold; nothing of an agent asked in person
    joined: bool = False  # a conference: once the asked one answers, all three talk
    takes_over: bool = False  # a supervisor asks for the conversation itself; answered, it is theirs
    by: Id | None = None  # of a take-over: who, and why
    why: Name | None = None
    steps: tuple[RequirementStep, ...] = ()  # relaxation of the search, from step 0 of the asked group on
    severity: int = 0  # of the asked group


@dataclass(frozen=True, slots=True)
class ConsultationStarted:
    """The asked agent accepted: sender and asked agent are connected, the customer waits (or joins)."""

    contact_id: Id
    from_agent: Id
    agent_id: Id
    transfer_id: Id
    offer_id: Id
    interaction_id: Id  # becomes the contact's if the transfer is completed
    gateway_id: Id | None = None
    joined: bool = False  # a conference: the customer hears both at once


@dataclass(frozen=True, slots=True)
class ConsultationEnded:
    """No hand-over: the asked agent is free again, the customer stays with the sender (or left)."""

    contact_id: Id
    from_agent: Id
    transfer_id: Id
    # "cancelled" | "unanswered" | "rejected" | "contact_ended" | "agent_lost"; of an outside party what became of its call
    # (`DialSettled.outcome`), or "party_left"
    why: ShortText
    agent_id: Id | None = None
    gateway_id: Id | None = None
