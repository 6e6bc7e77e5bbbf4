"""What a contact carries while nobody is looked for yet, and while its customer is to be called back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class DeferredFor(StrEnum):
    """Why a contact is kept with its place without anybody being looked for."""

    CLOSED = "closed"  # its group is closed, and its channel can wait
    CALLBACK_OFFERED = "callback_offered"  # closed; the customer is asked whether to be called back
    SCHEDULED = "scheduled"  # a callback for a chosen time
    RETRY = "retry"  # a callback that reached nobody yet
    QUARANTINED = "quarantined"  # nobody can tell what became of its last attempt: not dialled until that is known
    CARRIED_OVER = "carried_over"  # a callback whose group closed first: its share of the next day


@dataclass(frozen=True, slots=True)
class Deferral:
    why: DeferredFor
    until: int | None = None  # µs; None: until its group opens, or its turn comes


@dataclass(frozen=True, slots=True)
class Callback:
    """The customer is not on the line; we call. An attempt is dialled once, by its id."""

    mode: str  # "agent_first" | "customer_first"
    attempts_allowed: int
    origin: str | None = None  # the contact it came from
    attempts: int = 0  # begun so far
    attempt_id: str | None = None  # the one under way
    dial_until: int | None = None  # customer first: without news by then its outcome is unknown
    answered: bool = False  # the customer is on the line: from here on a contact like any other
    not_before: int | None = None
    window_until: int | None = None  # the customer cannot be reached after
    carried: bool = False  # its group closed before its turn came
    attempt: str | None = None  # of a campaign's record: the id it is dialled under
    agent_id: str | None = None  # whose call it is, while they are there
    unknown: str | None = None  # the attempt of which nobody could tell what became: its news still count

    @property
    def is_dialling(self) -> bool:
        return self.attempt_id is not None and not self.answered

    @property
    def dials_first(self) -> bool:
        """The customer is dialled instead of an agent being asked, when its turn comes."""
        return self.mode == "customer_first" and not self.answered
