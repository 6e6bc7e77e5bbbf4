"""Whether a campaign's line carries what is asked of it. Nobody tells us when a gateway or a trunk is away; what becomes of the
attempts does: calls are asked for and nobody begins them, or they are begun and the trunk lets none of them through. A gateway is
watched for all campaigns it dials for: one whose agents are promised to another's unbegun call has no call of its own to tell by.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.outbound.domain.outcomes import DialOutcome

SECOND = 1_000_000
UNBEGUN = 8 * SECOND
"""µs a call may wait for its gateway: longer than it is valid by default."""
FAILURES = 3
"""Calls in a row that fail at the trunk before it is called faulty: one bad number never does that."""


class LineFault(StrEnum):
    """Why nothing gets through."""

    GATEWAY_AWAY = "gateway_away"  # nobody begins what is asked for
    LINE_FAILS = "line_fails"  # the trunk refuses every call


@dataclass(slots=True)
class GatewayWatch:
    """What the attempts of all campaigns tell of one gateway. Times µs."""

    begun_at: int = 0

    def began(self, at: int) -> None:
        self.begun_at = max(self.begun_at, at)

    def away(self, unbegun_since: int | None, now: int) -> bool:
        """`unbegun_since`: when the oldest of the calls it has not begun was asked for; None: there is none."""
        return unbegun_since is not None and now - unbegun_since > UNBEGUN and self.begun_at < unbegun_since


@dataclass(slots=True)
class LineWatch:
    """What the attempts of one campaign tell of its trunk. Times µs."""

    failures: int = 0  # in a row
    failed_at: int = 0

    def answered(self) -> None:
        self.failures = 0

    def ended(self, outcome: DialOutcome, at: int) -> None:
        """A call that was given up, or that nobody can tell of, says nothing about the trunk."""
        if outcome is DialOutcome.FAILED:
            self.failures += 1
            self.failed_at = max(self.failed_at, at)
        elif outcome not in (DialOutcome.CANCELLED, DialOutcome.UNKNOWN):
            self.failures = 0

    @property
    def fails(self) -> bool:
        return self.failures >= FAILURES
