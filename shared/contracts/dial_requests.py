"""Topic `dial-requests`: whom a gateway is asked to call, and which calls it is to give up. Stale requests are refused with an
event; an attempt is dialled once, whatever is repeated.

Every request has passed the dial authorisation: nothing is asked for here that outbound's gate did not allow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.fields import Id, Microseconds, Name, ShortText, personal


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a person hears whom nobody can speak to within the limit: who called, at which number they ring back, and the key
    with which they refuse further calls. `text` is spoken where `audio` (kept by the ivr) is not there."""

    text: Annotated[str, Field(max_length=2_000)]
    language: Name = "zh"
    audio: Id | None = None
    refusal_key: Annotated[str, Field(pattern=r"^[0-9*#]?$")] = ""


@dataclass(frozen=True, slots=True)
class PlaceCall:
    """Dial one number for one attempt.

    `first="customer"`: the number rings; a person's answer arrives at the router as an answered contact of `group`, which has
    an agent at once or none (or, with `self_service`, is served by the dialogue of `entry`). `first="agent"`: the attempt
    waits in `group` as a callback, an agent accepts (preview: dial) or rejects it (skip), and only then it is dialled.
    """

    attempt_id: Id
    campaign: Id
    record: Id
    gateway_id: Id
    not_after: Microseconds  # later it must not be dialled
    group: Name
    business_line: Name
    purpose: Name
    first: Literal["customer", "agent"] = "customer"
    agent_id: Id | None = None  # agent first: whose call it is; None: whoever of the group is offered it
    caller_id: ShortText | None = None  # a verified number of ours
    ring_seconds: Annotated[int, Field(ge=5, le=120)] = 30
    connect_milliseconds: Annotated[int, Field(ge=0, le=30_000)] = 2_000
    """How long a person who answered may wait for an agent; then the call is abandoned and `announcement` is heard."""
    announcement: Announcement | None = None
    self_service: bool = False
    entry: ShortText | None = None
    detect_machine: bool = False
    language: Name | None = None
    customer_id: Id | None = None
    not_before: Microseconds | None = None  # agent first: a chosen time
    window_until: Microseconds | None = None  # agent first: the customer's window closes then
    number: ShortText | None = personal()  # E.164; without it nothing can be dialled
    display_name: ShortText | None = personal()
    audit_machine: bool = False
    """Taken for a machine, the call goes to an agent all the same, who says who it was: so the classifier is measured."""


@dataclass(frozen=True, slots=True)
class CancelCall:
    """Give up an attempt that has reached nobody: one that waits or rings. A conversation goes on."""

    attempt_id: Id
    campaign: Id
    gateway_id: Id
    reason: Name  # e.g. "opted_out", "paused"


@dataclass(frozen=True, slots=True)
class TellAttempt:
    """What became of an attempt nothing was heard of? Answered by `AttemptEnded`, `unknown` where nobody can say."""

    attempt_id: Id
    campaign: Id
    gateway_id: Id


DialRequest = PlaceCall | CancelCall | TellAttempt
