"""The port to whatever sends a fax, and what is made of the outcome of one call.

A fax is paper at a stranger's: it must not come out twice. An attempt is therefore counted before it begins, and where a
transport cannot tell whether a broken-off one went through, the fax ends as failed (`unknown`) and people decide.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from shared.contracts.fields import SECOND

FaxOutcome = Literal["delivered", "busy", "no_answer", "no_carrier", "failed", "refused", "unknown"]
"""`no_carrier`: no fax machine answered · `failed`: broke off, and surely not all of it arrived · `refused`: will never work
(a number the line does not dial) · `unknown`: nobody can say whether it arrived."""

RETRIED: Final = frozenset({"busy", "no_answer", "no_carrier", "failed"})
"""Another attempt may help, and cannot print the fax a second time."""


@dataclass(frozen=True, slots=True)
class OutgoingFax:
    """One attempt. `tiff`: Group 4 at 204 × 196 dpi, ready for the line."""

    tenant: str
    job_id: str
    attempt: int
    number: str  # E.164
    pages: int
    tiff: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class FaxResult:
    """`pages`: how many the other side acknowledged."""

    outcome: FaxOutcome
    pages: int = 0


class FaxTransport(Protocol):
    """A line that sends faxes. A channel's folder offers one as `ChannelKind.fax`."""

    def send(self, fax: OutgoingFax) -> Awaitable[FaxResult]:
        """Place one call and wait for its end (minutes). No retries of its own. Anything raised counts as `unknown`."""
        ...

    def trace(self, fax: OutgoingFax) -> Awaitable[FaxResult | None]:
        """What became of an attempt whose sender died: its result, waited for if it still runs; None when it surely never
        began, or when sending it again cannot make a second fax."""
        ...


@dataclass(frozen=True, slots=True)
class Ending:
    """The job is over."""

    delivered: bool
    reason: FaxOutcome | Literal["too_late"] | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    seconds: float
    reason: FaxOutcome


def after_attempt(
    result: FaxResult, attempts: int, waits: Sequence[float], now: int, not_after: int, clock_rate: float = 1.0
) -> Ending | Retry:
    """What follows the `attempts`-th attempt. `waits`: seconds before the second, third … one; there are no more.

    `now`, `not_after`: policy time in µs, which runs `clock_rate` times as fast as the seconds of a line.
    """
    if result.outcome == "delivered":
        return Ending(delivered=True)
    if result.outcome not in RETRIED or attempts > len(waits):
        return Ending(delivered=False, reason=result.outcome)
    wait = waits[attempts - 1]
    if now + round(wait * clock_rate * SECOND) > not_after:
        return Ending(delivered=False, reason=result.outcome)
    return Retry(wait, result.outcome)
