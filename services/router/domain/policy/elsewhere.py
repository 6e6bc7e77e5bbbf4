"""Where a contact goes when its group cannot take it: overflow, closing, callback, and the numbers outside."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from services.router.domain.policy.words import Words
from shared.contracts.fields import Channel


class Elsewhere(StrEnum):
    """What a destination is."""

    GROUP = "group"  # another question group
    SITE = "site"  # a branch: its agents
    CALLBACK = "callback"  # the customer is offered to be called back
    MESSAGE = "message"  # a message is taken (voicemail, web form, the fax itself)
    NUMBER = "number"  # an outside number of the policy
    END = "end"  # told so, and over


TARGETED = (Elsewhere.GROUP, Elsewhere.SITE, Elsewhere.NUMBER)
"""Destinations that name one of several."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Written as `to: callback` or `to: {group: rental-enquiry}`."""

    kind: Elsewhere
    target: str | None = None  # id of the group, site or outside number; None for the others

    def to_value(self) -> object:
        return str(self.kind) if self.target is None else {str(self.kind): self.target}


TAKE_A_MESSAGE = Destination(Elsewhere.MESSAGE)


@dataclass(frozen=True, slots=True)
class OverflowRule:
    """One of three conditions and where the contact goes then; a group's rules are asked in order.

    `max_waiting`: contacts waiting in the group on that channel, a new one included, beyond which the new one flows on;
    `max_wait_seconds`: a contact's own wait in the group; `unstaffed_seconds`: nobody staffed could ever serve it, at no
    step of relaxation, for so long (0: at once). Exactly one is set. Nobody flows back into a group they were in.
    """

    to: Destination
    max_waiting: int | None = None
    max_wait_seconds: int | None = None
    unstaffed_seconds: int | None = None
    channels: tuple[Channel, ...] = tuple(Channel)

    def to_mapping(self) -> dict[str, object]:
        conditions = {
            "max_waiting": self.max_waiting,
            "max_wait_seconds": self.max_wait_seconds,
            "unstaffed_seconds": self.unstaffed_seconds,
        }
        mapping: dict[str, object] = {name: value for name, value in conditions.items() if value is not None}
        mapping["to"] = self.to.to_value()
        if self.channels != tuple(Channel):
            mapping["channels"] = [str(channel) for channel in self.channels]
        return mapping


@dataclass(frozen=True, slots=True)
class ClosingRule:
    """At closing, those waiting are served for `drain_seconds` yet, then go `then`; who comes later goes `when_closed`."""

    drain_seconds: int = 0
    then: Destination = TAKE_A_MESSAGE
    when_closed: Destination = TAKE_A_MESSAGE

    def to_mapping(self) -> dict[str, object]:
        return {
            "drain_seconds": self.drain_seconds,
            "then": self.then.to_value(),
            "when_closed": self.when_closed.to_value(),
        }


class CallbackMode(StrEnum):
    AGENT_FIRST = "agent_first"  # the agent accepts and sees who it is, then the customer is dialled
    CUSTOMER_FIRST = "customer_first"  # the customer is dialled, then queued at the front


@dataclass(frozen=True, slots=True)
class CallbackRule:
    """Callback in queue: whether it is offered and how it is carried out, within the group's hours."""

    offered: bool = False
    mode: CallbackMode = CallbackMode.AGENT_FIRST
    attempts: int = 3
    retry_seconds: int = 900
    answer_seconds: int = 30  # how long it rings
    carried_share_percent: int = 30
    """Of agents becoming free while inbound contacts wait, at most this share takes callbacks carried over from another day."""

    def to_mapping(self) -> dict[str, object]:
        return {
            "offered": self.offered,
            "mode": str(self.mode),
            "attempts": self.attempts,
            "retry_seconds": self.retry_seconds,
            "answer_seconds": self.answer_seconds,
            "carried_share_percent": self.carried_share_percent,
        }


@dataclass(frozen=True, slots=True)
class OutsideNumber:
    """A number of a partner or firm, never of a customer: contacts may be passed on to it."""

    id: str
    name: Words
    number: str  # E.164
    caller_id: str | None = None  # what it sees; None: the gateway's own

    def to_mapping(self) -> dict[str, object]:
        mapping: dict[str, object] = {"name": self.name.to_mapping(), "number": self.number}
        if self.caller_id is not None:
            mapping["caller_id"] = self.caller_id
        return mapping
