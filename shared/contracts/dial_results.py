"""Topic `dial-results`: what became of calls we placed, told by the gateway that placed them. The abandonment ledger counts
from these facts alone, so that it can be recomputed.

Times are the gateway's, of the media itself: when the line was opened, when the greeting began and ended, when an agent was
heard. A fact told twice has the same event id and counts once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shared.contracts.fields import Id, Microseconds, Name

AttemptOutcome = Literal[
    "talked", "served", "abandoned", "machine", "fax", "busy", "no_answer", "sit_vacant", "sit_intercept", "sit_reorder",
    "failed", "cancelled", "unknown",
]  # fmt: skip
"""How an attempt ended. `talked`: an agent had the customer · `served`: a dialogue had them · `abandoned`: a person answered
and no agent came in time · `sit_*`: special information tones of a number that is vacant, intercepted or cannot be reached ·
`failed`: the trunk, not the number · `cancelled`: never dialled, or given up while it rang · `unknown`: whoever dialled it is
gone and nobody can say."""


@dataclass(frozen=True, slots=True)
class AttemptRang:
    """The number is being dialled (`placed_at`) and, where the line tells it, rings."""

    attempt_id: Id
    campaign: Id
    gateway_id: Id
    placed_at: Microseconds
    rang_at: Microseconds | None = None


@dataclass(frozen=True, slots=True)
class AttemptAnswered:
    """The line was opened. `by` None: nobody listened who it was, and it counts as a person."""

    attempt_id: Id
    campaign: Id
    gateway_id: Id
    connected_at: Microseconds
    by: Literal["person", "machine", "fax"] | None = None
    greeting_began_at: Microseconds | None = None
    greeting_ended_at: Microseconds | None = None
    contact_id: Id | None = None  # of the person, at the router


@dataclass(frozen=True, slots=True)
class AttemptConnected:
    """The agent and the customer hear each other (or the dialogue began to speak: no agent)."""

    attempt_id: Id
    campaign: Id
    gateway_id: Id
    at: Microseconds
    agent_id: Id | None = None


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    """The attempt is over: the one outcome it has."""

    attempt_id: Id
    campaign: Id
    gateway_id: Id
    outcome: AttemptOutcome
    at: Microseconds
    reason: Name | None = None  # e.g. "stale", "opted_out", "hung_up_by_customer", "unallocated_number"
    announced: bool = False  # abandoned: the information message was heard to its end
    announced_at: Microseconds | None = None  # when it began
    cause: int | None = None  # Q.850, where the line told one


DialResult = AttemptRang | AttemptAnswered | AttemptConnected | AttemptEnded
