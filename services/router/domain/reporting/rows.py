"""What reports keep of the journal: one row a contact, a stay in a group, a conversation, an agent; and counts by quarter hour.

Rows are mutable while something is open and change in `fold` only. Their fields are the columns of the tables `report_…`;
times are µs, durations too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shared.contracts.contact_events import Presence
from shared.contracts.fields import SECOND, Channel
from shared.contracts.routing_decisions import ContactEnd, WorkState

QUARTER = 900 * SECOND
"""Counts are kept by quarter hours of UTC: every zone's days and half hours are made of them."""

Direction = Literal["inbound", "callback", "outbound"]
"""Who wanted whom; never mixed in a figure."""


@dataclass(slots=True)
class ContactRow:
    """One contact. `born` is the journal position of its arrival: an id may come again after a day."""

    tenant_id: str
    pool_id: str
    partition: int
    contact_id: str
    born: int
    channel: Channel
    business_line: str
    direction: Direction
    arrived_at: int
    queued_at: int | None = None  # first entry into any queue
    first_group: str | None = None
    groups: tuple[str, ...] = ()  # the path, in order
    agents: tuple[str, ...] = ()  # who talked to the customer, in order
    tier: str | None = None
    customer_id: str | None = None
    policy_version: int = 0
    stays: int = 0
    asked_group: str | None = None  # whom a colleague was last sought in
    transfers: int = 0
    waited: int = 0  # over all groups
    connected_at: int | None = None  # first conversation
    talk: int = 0
    hold: int = 0
    wrap: int = 0
    disposition: str | None = None  # of the last conversation
    reason: str | None = None
    ended_at: int | None = None
    ended: ContactEnd | None = None
    ended_by: str | None = None
    open: bool = True  # not ended, or a wrap-up goes on


@dataclass(slots=True)
class StayRow:
    """From entry into a group to the one outcome there: what service level counts."""

    tenant_id: str
    pool_id: str
    partition: int
    contact_id: str
    born: int
    number: int  # of the contact's stays, from 1
    group_id: str
    channel: Channel
    direction: Direction
    cause: str
    entered_at: int
    target: int  # T of the group and channel at entry
    waited: int = 0  # to acceptance, or to leaving
    left_at: int | None = None
    outcome: str | None = None  # a column of the cohort; None: still waiting
    short: bool = False  # abandoned within the short-abandon seconds


@dataclass(slots=True)
class TalkRow:
    """One agent's part in a contact: a conversation with the customer, or with a colleague who asks, or both in turn."""

    tenant_id: str
    pool_id: str
    partition: int
    interaction_id: str
    contact_id: str
    born: int
    agent_id: str
    group_id: str
    channel: Channel
    direction: Direction
    accepted_at: int
    waited: int = 0
    transferred_in: bool = False  # a colleague passed the customer on
    consulted_at: int | None = None  # a colleague asked first
    consult: int = 0
    started_at: int | None = None  # customer and agent connected
    ended_at: int | None = None
    why: str | None = None  # how it ended
    talk: int = 0
    hold: int = 0
    parked: int = 0  # a chat that waited for its customer
    held_since: int | None = None
    parked_since: int | None = None
    wrap_since: int | None = None
    wrap: int = 0
    disposition: str | None = None
    reason: str | None = None
    by_timeout: bool = False
    open: bool = True


@dataclass(slots=True)
class AgentRow:
    """An agent as last told, since when: the rest of time that no count holds yet. Stays after signing out."""

    tenant_id: str
    pool_id: str
    partition: int
    agent_id: str
    since: int
    presence: Presence
    reason: str
    work_state: WorkState
    reachable: bool
    teams: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()

    @property
    def activity(self) -> str:
        """The measure this time counts to: work at hand goes before presence."""
        if self.work_state is WorkState.HANDLING:
            return "handling"
        if self.work_state is WorkState.WRAPPING:
            return "wrapping"
        if self.work_state is WorkState.OFFERED:
            return "ringing"
        if self.presence is not Presence.AVAILABLE:
            return "not_ready"
        return "available" if self.reachable else "unreachable"

    def spread(self, until: int) -> list[tuple[int, int]]:
        """(quarter, µs in it) from `since` to `until`; nothing once signed out."""
        if self.presence is Presence.SIGNED_OUT:
            return []
        parts: list[tuple[int, int]] = []
        at = self.since
        while at < until:
            following = quarter_of(at) + QUARTER
            parts.append((quarter_of(at), min(following, until) - at))
            at = following
        return parts


@dataclass(slots=True)
class RatingRow:
    """What a customer was asked after a contact, and what they said."""

    tenant_id: str
    pool_id: str
    partition: int
    contact_id: str
    agent_id: str
    group_id: str
    channel: Channel
    invited_at: int | None = None
    rated_at: int | None = None
    score: int | None = None
    scale: int = 0
    low: bool = False
    via: str | None = None


@dataclass(slots=True)
class TargetsRow:
    """A pool's policy, as far as counting needs it: targets in seconds by group and channel, and the zone of its days."""

    tenant_id: str
    pool_id: str
    partition: int
    version: int
    targets: dict[str, dict[Channel, int]]
    time_zone: str | None  # None: the tenant's own


@dataclass(frozen=True, slots=True)
class GroupQuarter:
    """Where a count of a group belongs."""

    tenant_id: str
    pool_id: str
    group_id: str
    channel: Channel
    direction: Direction
    quarter: int


@dataclass(frozen=True, slots=True)
class AgentQuarter:
    """Where a count of an agent belongs."""

    tenant_id: str
    pool_id: str
    agent_id: str
    quarter: int


@dataclass(frozen=True, slots=True)
class BreakQuarter:
    """Where an agent's time not ready belongs, by reason."""

    tenant_id: str
    pool_id: str
    agent_id: str
    reason: str
    quarter: int


def quarter_of(at: int) -> int:
    return at - at % QUARTER
