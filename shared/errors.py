"""Errors named by their consequence, so that a consume loop or an HTTP layer need not guess."""

from __future__ import annotations

from shared.contracts.wire import InvalidMessage, UnknownMessage

__all__ = [
    "Backpressure",
    "BrokerUnavailable",
    "Conflict",
    "Forbidden",
    "InvalidMessage",
    "NotFound",
    "Refused",
    "SequenceBroken",
    "UccError",
    "UnknownMessage",
]


class UccError(Exception):
    """Base of the errors UCC raises on purpose."""


class BrokerUnavailable(UccError):
    """The broker did not acknowledge in time: the caller may retry. HTTP 503.

    Of several messages sent in order, the first `acknowledged` were accepted without a gap.
    """

    def __init__(self, detail: str = "", acknowledged: int = 0) -> None:
        super().__init__(detail)
        self.acknowledged = acknowledged


class Backpressure(UccError):
    """Something this handler needs is overloaded or away: pause the partition and hand the batch over again."""


class SequenceBroken(UccError):
    """A decision is missing or history was rewritten: stop and alarm, never skip."""


class Refused(UccError):
    """The request is understood and not possible now; `code` is machine-readable. HTTP 409."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Conflict(Refused):
    """Somebody else changed the thing first (wrong version). HTTP 409."""


class NotFound(UccError):
    """No such thing in this tenant. HTTP 404."""


class Forbidden(UccError):
    """The principal may not do this. HTTP 403."""
