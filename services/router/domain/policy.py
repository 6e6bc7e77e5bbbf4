"""The policy in force: business lines, question groups, tiers, capacity, as frozen values.

`services.router.domain.policy_document` reads and writes the YAML-shaped mapping; this file only says what
a policy is and answers the questions routing asks of it. Times are whole seconds as written by people;
the core multiplies by `SECOND`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from shared.contracts.fields import Channel, SkillLevel


class Strategy(StrEnum):
    """Order of agents within a step; every strategy ends in the agent id."""

    LONGEST_IDLE = "longest_idle"
    LEAST_OCCUPIED = "least_occupied"
    BEST_PROFICIENCY = "best_proficiency"
    FEWEST_HANDLED = "fewest_handled"


class WrapUpMode(StrEnum):
    NONE = "none"  # nothing after the conversation
    OPTIONAL = "optional"  # may be written, holds no capacity
    UNTIL_DONE = "until_done"  # holds until the agent says so
    TIMED = "timed"  # holds until done, at most `seconds`
    TIMED_NO_EARLY_EXIT = "timed_no_early_exit"  # holds exactly `seconds`


@dataclass(frozen=True, slots=True)
class Words:
    """A name in the two languages of the pages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class BusinessLine:
    id: str
    name: Words
    default_group: str


@dataclass(frozen=True, slots=True)
class Tier:
    """Customer value class; `because` is what the explanation says about its head start."""

    id: str
    name: Words
    head_start_seconds: int
    because: Words


@dataclass(frozen=True, slots=True)
class Reason:
    id: str
    name: Words
    head_start_seconds: int = 0


@dataclass(frozen=True, slots=True)
class ChannelCapacity:
    """How many contacts of a channel one agent may have at once, and how heavy each is."""

    maximum: int
    weight: int


@dataclass(frozen=True, slots=True)
class Capacity:
    """`interrupted_by[x]` names the channels that may be offered to somebody who has work of channel x.

    Without an entry nothing may be added to it (besides more of the same channel, up to its maximum).
    """

    channels: Mapping[Channel, ChannelCapacity]
    max_load: int = 100
    interrupted_by: Mapping[Channel, tuple[Channel, ...]] = field(default_factory=dict[Channel, tuple[Channel, ...]])


@dataclass(frozen=True, slots=True)
class WrapUpRule:
    mode: WrapUpMode = WrapUpMode.NONE
    seconds: int = 60
    extensions: int = 0
    extension_seconds: int = 60


@dataclass(frozen=True, slots=True)
class Group:
    """A question group (问题分组) with its own skills, targets and manners."""

    id: str
    name: Words
    business_line: str
    channels: tuple[Channel, ...]
    skills: tuple[SkillLevel, ...]
    targets: Mapping[Channel, int]  # seconds within which a contact should be answered
    strategy: Strategy
    offer_timeout_seconds: Mapping[Channel, int]
    auto_accept: bool
    wrap_up: Mapping[Channel, WrapUpRule]
    default_disposition: str
    preferred_wait_seconds: int | None = None  # None: the policy's


@dataclass(frozen=True, slots=True)
class Policy:
    """All rules of one agent pool, in one version."""

    business_lines: Mapping[str, BusinessLine]
    groups: Mapping[str, Group]
    skills: Mapping[str, Words]
    tiers: Mapping[str, Tier]
    reasons: Mapping[str, Reason]
    presence_reasons: Mapping[str, Words]
    dispositions: Mapping[str, Words]
    capacity: Capacity
    enrichment_wait_ms: int = 150
    connect_timeout_seconds: int = 20
    preferred_wait_seconds: int = 30
    missed_exclusion_seconds: int = 60
    rona_alert_after: int = 3
    chat_grace_seconds: int = 30
    repeat_head_start_seconds: int = 0

    def group_for(self, business_line: str, wished: str | None, channel: Channel) -> Group:
        """The wished group where it exists and serves the channel, else the business line's default.

        A contact of a line the policy does not know goes to the first line by id: misrouted is better than lost.
        """
        if wished is not None:
            group = self.groups.get(wished)
            if group is not None and channel in group.channels:
                return group
        line = self.business_lines.get(business_line) or self.business_lines[min(self.business_lines)]
        return self.groups[line.default_group]

    def preferred_wait(self, group: Group) -> int:
        """Seconds a contact waits for a preferred agent of this group."""
        own = group.preferred_wait_seconds
        return self.preferred_wait_seconds if own is None else own
