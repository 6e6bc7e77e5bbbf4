"""Topic `consents`: what a person allowed and refused, whichever door they said it at. The profile keeps it; outbound hears of a
refusal here and dials nothing more of what it covers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shared.contracts.fields import Channel, Id, Microseconds, Name, ShortText, personal

ConsentSource = Literal["agent", "ivr_key", "web", "sms_keyword", "import", "crm", "paper", "outbound_key"]


@dataclass(frozen=True, slots=True)
class ConsentGiven:
    """A person agreed to be called (or written to) at a number for a purpose."""

    consent_id: Id
    purpose: Name
    channel: Channel
    source: ConsentSource
    given_at: Microseconds
    expires_at: Microseconds | None = None
    proof: ShortText | None = None  # where it can be looked up: a recording, a form, a contract; no personal data
    customer_id: Id | None = None
    contact_id: Id | None = None
    number: ShortText | None = personal()  # E.164


@dataclass(frozen=True, slots=True)
class ConsentWithdrawn:
    """A person refuses. `purpose` None: everything but what they asked for themselves (requested callbacks, promised replies)."""

    refusal_id: Id
    channel: Channel
    source: ConsentSource
    withdrawn_at: Microseconds
    purpose: Name | None = None
    campaign: Id | None = None  # in which it was said
    attempt_id: Id | None = None
    customer_id: Id | None = None
    contact_id: Id | None = None
    number: ShortText | None = personal()  # E.164


ConsentRecord = ConsentGiven | ConsentWithdrawn
