"""Of topic `routing-decisions`: what is decided about groups that open and close, contacts that flow over, and callbacks.

Part of `shared.contracts.routing_decisions`, which names every decision.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.contracts.fields import Channel, Id, Microseconds, Name, ShortText


@dataclass(frozen=True, slots=True)
class GroupHoursChanged:
    """A group opened or closed: by its calendar, by a new policy, or by somebody in an emergency."""

    group: Name
    open: bool
    at: Microseconds
    why: ShortText  # "hours" | "emergency" | "reopened"
    until: Microseconds | None = None  # the calendar's next change; None: none is known
    serving: bool = True  # closed: those who wait are served yet, until `drain_until` (None: to the last one)
    drain_until: Microseconds | None = None
    then: ShortText | None = None  # of an emergency: where those who wait go at once
    by: Id | None = None
    reason: Name | None = None


@dataclass(frozen=True, slots=True)
class ContactOverflowed:
    """Its group cannot take the contact, and it goes elsewhere: with its place into another group or site, or it ends."""

    contact_id: Id
    channel: Channel
    group: Name
    rule: int  # of the group's overflow rules, from 0; -1: the group is closed
    why: ShortText  # "max_waiting" | "max_wait" | "unstaffed" | "closed" | "drained"
    to_kind: ShortText  # "group" | "site" | "callback" | "message" | "number" | "end"
    at: Microseconds
    waited: Microseconds  # in this group
    to: Id | Name | None = None
    waiting: int = 0  # in the group on the channel, itself included
    gateway_id: Id | None = None


@dataclass(frozen=True, slots=True)
class StaffingNoted:
    """Of a contact whose group flows over when nobody is staffed: nobody could serve it (until then it waits), or again
    somebody can."""

    contact_id: Id
    staffed: bool
    since: Microseconds | None = None  # of one nobody could serve
    until: Microseconds | None = None


@dataclass(frozen=True, slots=True)
class ContactDeferred:
    """The contact is kept with its place, and nobody is looked for yet."""

    contact_id: Id
    channel: Channel
    group: Name
    why: ShortText  # "closed" | "callback_offered" | "carried_over" | "quarantined"
    until: Microseconds | None = None  # None: until the group opens, or its turn comes
    gateway_id: Id | None = None


@dataclass(frozen=True, slots=True)
class CallbackOffered:
    """The customer may ask to be called back; their gateway tells them so. Answered by `CallbackRequested`."""

    contact_id: Id
    channel: Channel
    group: Name
    why: ShortText  # "waiting" | "overflow" | "closed"
    until: Microseconds | None = None  # None: as long as they wait
    gateway_id: Id | None = None
    overflow_at: Microseconds | None = None  # of one who waits on: the next rule's time


@dataclass(frozen=True, slots=True)
class CallbackQueued:
    """A callback exists: a contact of its own, with the place of the one it came from, or from its chosen time on."""

    contact_id: Id  # of the callback
    channel: Channel
    business_line: Name
    group: Name
    mode: ShortText  # "agent_first" | "customer_first"
    queued_at: Microseconds  # whence its place counts
    by: ShortText
    attempts_allowed: int
    origin: Id | None = None  # the contact it came from
    not_before: Microseconds | None = None
    window_until: Microseconds | None = None
    customer_id: Id | None = None
    gateway_id: Id | None = None
    campaign: Id | None = None  # of outbound work: agents see the record before it is dialled
    attempt: Id | None = None  # and the attempt of it
    agent_id: Id | None = None  # whose call it is


@dataclass(frozen=True, slots=True)
class DialRequested:
    """The gateway dials now, once for this attempt; after `not_after` it must not begin any more.

    Whom: the customer of a callback; with `outside`, an outside party, to whom the customer is connected on answering. With
    `transfer_id` too, the sender `agent_id` keeps the customer and talks with the party first, or (`joined`) all three talk.
    """

    contact_id: Id
    attempt_id: Id
    number_of_attempt: int
    answer_seconds: int
    not_after: Microseconds
    agent_id: Id | None = None  # agent first: who accepted and listens; None: the customer first
    gateway_id: Id | None = None
    outside: Id | None = None  # an outside number of the policy; None: the customer of a callback
    number: ShortText | None = None  # that number, E.164, and what it sees
    caller_id: ShortText | None = None
    until: Microseconds | None = None  # of an outside party: without an answer by then the transfer falls back
    transfer_id: Id | None = None  # of a warm transfer or conference: whose
    joined: bool = False  # a conference: once the party answers, all three talk


@dataclass(frozen=True, slots=True)
class DialSettled:
    """What became of an attempt."""

    contact_id: Id
    attempt_id: Id
    outcome: ShortText  # "answered" | "busy" | "no_answer" | "sit" | "failed" | "cancelled" | "unknown"
    by: ShortText | None = None  # who answered, where it is known
    gateway_id: Id | None = None
    transfer_id: Id | None = (
        None  # of an outside party who is asked first: the transfer; answered, they talk with its sender
    )
    joined: bool = False  # and with the customer


@dataclass(frozen=True, slots=True)
class CallbackRetryScheduled:
    """Nobody was reached; the callback waits and tries again. After an `unknown` attempt only where somebody says so."""

    contact_id: Id
    attempts: int  # made so far
    attempts_allowed: int
    not_before: Microseconds
    outcome: ShortText  # of the last attempt
    gateway_id: Id | None = None
    by: Id | None = None  # of one released from quarantine: who, and why
    why: Name | None = None
