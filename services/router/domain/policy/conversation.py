"""Manners of a conversation the agent does not set: how long a chat waits for whom, and the rating afterwards."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChatLife:
    """Of web and SMS conversations; None: never."""

    first_reply_seconds: int | None = None  # without a first reply of the agent, back to the queue
    waiting_after_seconds: int | None = (
        None  # the customer silent so long: waiting for them, which frees the agent's load
    )
    close_after_seconds: int | None = None  # waiting for the customer so long: closed with a notice
    return_seconds: int = 60  # a customer who writes again waits so long for the same agent, then for the queue

    def to_mapping(self) -> dict[str, object]:
        return {
            "first_reply_seconds": self.first_reply_seconds,
            "waiting_after_seconds": self.waiting_after_seconds,
            "close_after_seconds": self.close_after_seconds,
            "return_seconds": self.return_seconds,
        }


@dataclass(frozen=True, slots=True)
class RatingRule:
    """Whether a rating is asked after the contact; `low` or less opens a case."""

    ask: bool = False
    scale: int = 5  # scores run from 1 to this
    low: int = 2
    share_percent: int = 100  # of contacts that are asked

    def to_mapping(self) -> dict[str, object]:
        return {"ask": self.ask, "scale": self.scale, "low": self.low, "share_percent": self.share_percent}
