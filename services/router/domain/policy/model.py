"""The policy in force: business lines, question groups, tiers, capacity, as frozen values.

`services.router.domain.policy.document` reads the YAML-shaped mapping; this file only says what a policy is and answers
the questions routing asks of it. Its larger rules have files of their own (`policy_hours`, `policy_elsewhere`,
`policy_relaxation`, `policy_fairness`, `policy_conversation`). Times are whole seconds as written by people; the core
multiplies by `SECOND`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from services.router.domain.policy.conversation import ChatLife, RatingRule
from services.router.domain.policy.elsewhere import CallbackRule, ClosingRule, OutsideNumber, OverflowRule
from services.router.domain.policy.fairness import BetweenCalls, Blending, Exposure
from services.router.domain.policy.hours import Calendar
from services.router.domain.policy.relaxation import RelaxationStep
from services.router.domain.policy.words import NO_WORDS, Words
from shared.contracts.fields import Channel, SkillLevel

DEFAULT_TIME_ZONE: Final = "Asia/Shanghai"


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


class Approval(StrEnum):
    """Whose word puts the next policy in force."""

    ONE_PERSON = "one_person"
    TWO_PEOPLE = "two_people"  # an administrator publishes, another approves


@dataclass(frozen=True, slots=True)
class BusinessLine:
    id: str
    name: Words
    default_group: str


@dataclass(frozen=True, slots=True)
class Tier:
    """Customer value class; `because` is what the explanation says about its head start.

    The last three are sentences a customer may read: what the class gives, how to reach it, how to object to it.
    """

    id: str
    name: Words
    head_start_seconds: int
    because: Words
    customer_text: Words = NO_WORDS
    way_up: Words = NO_WORDS
    appeal: Words = NO_WORDS

    def to_mapping(self) -> dict[str, object]:
        mapping: dict[str, object] = {
            "name": self.name.to_mapping(),
            "head_start_seconds": self.head_start_seconds,
            "because": self.because.to_mapping(),
        }
        sentences = {"customer_text": self.customer_text, "way_up": self.way_up, "appeal": self.appeal}
        mapping |= {key: words.to_mapping() for key, words in sentences.items() if words != NO_WORDS}
        return mapping


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
    hours: str | None = None  # calendar id; None: always open
    closing: ClosingRule = ClosingRule()
    overflow: tuple[OverflowRule, ...] = ()
    relaxation: tuple[RelaxationStep, ...] = ()
    severity: int = 0  # of its contacts for whom they wear, 0 (not at all) to 10
    callback: CallbackRule = CallbackRule()
    chat: ChatLife = ChatLife()
    rating: RatingRule = RatingRule()
    outbound: bool = False  # a campaign's group: its contacts are work we begin, not customers who wait

    def to_mapping(self) -> dict[str, object]:
        """The group's part of the document."""
        mapping: dict[str, object] = {
            "name": self.name.to_mapping(),
            "business_line": self.business_line,
            "channels": [str(channel) for channel in self.channels],
            "skills": [{"skill": need.skill, "level": need.level} for need in self.skills],
            "targets": {str(channel): seconds for channel, seconds in self.targets.items()},
            "strategy": str(self.strategy),
            "offer_timeout_seconds": {str(channel): s for channel, s in self.offer_timeout_seconds.items()},
            "auto_accept": self.auto_accept,
            "wrap_up": {
                str(channel): {
                    "mode": str(rule.mode),
                    "seconds": rule.seconds,
                    "extensions": rule.extensions,
                    "extension_seconds": rule.extension_seconds,
                }
                for channel, rule in self.wrap_up.items()
            },
            "default_disposition": self.default_disposition,
        }
        if self.preferred_wait_seconds is not None:
            mapping["preferred_wait_seconds"] = self.preferred_wait_seconds
        return mapping | self._later_rules()

    def _later_rules(self) -> dict[str, object]:
        """Rules that say something; one left out means its default."""
        mapping: dict[str, object] = {}
        if self.hours is not None:
            mapping["hours"] = self.hours
        for key, rule, usual in (
            ("closing", self.closing, ClosingRule()),
            ("callback", self.callback, CallbackRule()),
            ("chat", self.chat, ChatLife()),
            ("rating", self.rating, RatingRule()),
        ):
            if rule != usual:
                mapping[key] = rule.to_mapping()
        if self.overflow:
            mapping["overflow"] = [rule.to_mapping() for rule in self.overflow]
        if self.relaxation:
            mapping["relaxation"] = [step.to_mapping() for step in self.relaxation]
        if self.severity:
            mapping["severity"] = self.severity
        if self.outbound:
            mapping["outbound"] = True
        return mapping


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
    self_service_claim_seconds: int = 3  # within which the ivr must take a contact up; 0: nobody is served by it first
    self_service_limit_seconds: int = 900  # after which a person is looked for, whatever the dialogue does
    consultation_wait_seconds: int = 60  # how long somebody to consult is looked for
    time_zone: str = DEFAULT_TIME_ZONE  # of reports and parts of the day; each calendar has its own
    calendars: Mapping[str, Calendar] = field(default_factory=dict[str, Calendar])
    sites: Mapping[str, Words] = field(default_factory=dict[str, Words])
    outside: Mapping[str, OutsideNumber] = field(default_factory=dict[str, OutsideNumber])
    request_reasons: Mapping[str, Words] = field(default_factory=dict[str, Words])  # why a supervisor steps in
    exposure: Exposure | None = None  # None: nobody is rested
    blending: Blending | None = None  # None: nothing is kept free for inbound
    between_calls: BetweenCalls | None = None  # None: the next call may follow at once
    approval: Approval = Approval.ONE_PERSON  # of the policies after this one

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

    def to_mapping(self) -> dict[str, object]:
        """The document of this policy, complete: `parse_policy(p.to_mapping()) == p`."""
        return {
            "enrichment_wait_ms": self.enrichment_wait_ms,
            "connect_timeout_seconds": self.connect_timeout_seconds,
            "preferred_wait_seconds": self.preferred_wait_seconds,
            "missed_exclusion_seconds": self.missed_exclusion_seconds,
            "rona_alert_after": self.rona_alert_after,
            "chat_grace_seconds": self.chat_grace_seconds,
            "repeat_head_start_seconds": self.repeat_head_start_seconds,
            "self_service_claim_seconds": self.self_service_claim_seconds,
            "self_service_limit_seconds": self.self_service_limit_seconds,
            "consultation_wait_seconds": self.consultation_wait_seconds,
            "business_lines": {
                line.id: {"name": line.name.to_mapping(), "default_group": line.default_group}
                for line in self.business_lines.values()
            },
            "skills": {name: {"name": words.to_mapping()} for name, words in self.skills.items()},
            "tiers": {tier.id: tier.to_mapping() for tier in self.tiers.values()},
            "reasons": {
                reason.id: {"name": reason.name.to_mapping(), "head_start_seconds": reason.head_start_seconds}
                for reason in self.reasons.values()
            },
            "capacity": {
                **{
                    str(channel): {"maximum": limit.maximum, "weight": limit.weight}
                    for channel, limit in self.capacity.channels.items()
                },
                "max_load": self.capacity.max_load,
                "interrupted_by": {
                    str(channel): [str(other) for other in others]
                    for channel, others in self.capacity.interrupted_by.items()
                },
            },
            "presence_reasons": {name: {"name": words.to_mapping()} for name, words in self.presence_reasons.items()},
            "dispositions": {name: {"name": words.to_mapping()} for name, words in self.dispositions.items()},
            **self._later_rules(),
            "groups": {group.id: group.to_mapping() for group in self.groups.values()},
        }

    def _later_rules(self) -> dict[str, object]:
        """Rules that say something; one left out means its default."""
        mapping: dict[str, object] = {"time_zone": self.time_zone}
        if self.calendars:
            mapping["calendars"] = {calendar.id: calendar.to_mapping() for calendar in self.calendars.values()}
        if self.outside:
            mapping["outside"] = {number.id: number.to_mapping() for number in self.outside.values()}
        for key, named in (("sites", self.sites), ("request_reasons", self.request_reasons)):
            if named:
                mapping[key] = {name: {"name": words.to_mapping()} for name, words in named.items()}
        if self.exposure is not None:
            mapping["exposure"] = self.exposure.to_mapping()
        if self.blending is not None:
            mapping["blending"] = self.blending.to_mapping()
        if self.between_calls is not None:
            mapping["between_calls"] = self.between_calls.to_mapping()
        if self.approval is not Approval.ONE_PERSON:
            mapping["approval"] = str(self.approval)
        return mapping
