"""The policy as a document: a mapping of plain values (from YAML) to a `Policy` (back: `Policy.to_mapping`).

The whole document is checked before anything is refused, and every fault names its path, so that one
reading mends all of them. What is not written gets the default shown by `Policy.to_mapping`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.router.domain.policy import document_rules as rules
from services.router.domain.policy.document_rules import DAY_SECONDS, MAX_STEPS, WEEK_SECONDS
from services.router.domain.policy.model import (
    DEFAULT_TIME_ZONE,
    Approval,
    BusinessLine,
    Capacity,
    ChannelCapacity,
    Group,
    Policy,
    Reason,
    Strategy,
    Tier,
    WrapUpMode,
    WrapUpRule,
)
from services.router.domain.policy.node import FREE, IDENTIFIER, NAME, TIME_ZONE, DocumentNode, Form
from services.router.domain.policy.references import DEFAULT_DISPOSITION, broken_references
from services.router.domain.policy.words import NO_WORDS, Words
from shared.contracts.fields import Channel

DEFAULT_CAPACITY: Mapping[Channel, ChannelCapacity] = {
    Channel.PHONE: ChannelCapacity(1, 80),
    Channel.WEB: ChannelCapacity(3, 30),
    Channel.FAX: ChannelCapacity(2, 20),
    Channel.SMS: ChannelCapacity(3, 20),
    Channel.EMAIL: ChannelCapacity(2, 20),
}
DEFAULT_INTERRUPTED_BY: Mapping[Channel, tuple[Channel, ...]] = {
    Channel.FAX: (Channel.PHONE, Channel.WEB),
    Channel.EMAIL: (Channel.PHONE, Channel.WEB),
}
DEFAULT_TARGETS: Mapping[Channel, int] = {
    Channel.PHONE: 20,
    Channel.WEB: 60,
    Channel.FAX: 14_400,
    Channel.SMS: 900,
    Channel.EMAIL: 14_400,
}
DEFAULT_OFFER_TIMEOUTS: Mapping[Channel, int] = {
    Channel.PHONE: 20,
    Channel.WEB: 30,
    Channel.FAX: 60,
    Channel.SMS: 60,
    Channel.EMAIL: 60,
}


class PolicyErrors(ValueError):
    """The document cannot be put in force; `errors` names every path and what is wrong there."""

    def __init__(self, errors: Sequence[tuple[str, str]]) -> None:
        self.errors = tuple(errors)
        super().__init__("; ".join(f"{path}: {message}" for path, message in self.errors))


def parse_policy(mapping: Mapping[str, object]) -> Policy:
    """The policy a document says. Raises PolicyErrors with every (path, message)."""
    faults: list[tuple[str, str]] = []
    policy = read_policy(DocumentNode(mapping, "", faults))
    faults += broken_references(policy)
    if faults:
        raise PolicyErrors(faults)
    return policy


def read_policy(root: DocumentNode) -> Policy:
    """Everything a document may say; faults of form are left in the node."""
    time_zone = root.text("time_zone", DEFAULT_TIME_ZONE, TIME_ZONE)
    policy = Policy(
        business_lines={name: _business_line(name, node) for name, node in root.children("business_lines")},
        groups={name: _group(name, node) for name, node in root.children("groups")},
        skills=_named(root, "skills"),
        tiers={name: _tier(name, node) for name, node in root.children("tiers")},
        reasons={name: _reason(name, node) for name, node in root.children("reasons")},
        presence_reasons=_named(root, "presence_reasons"),
        dispositions=_named(root, "dispositions"),
        capacity=_capacity(root.child("capacity")),
        enrichment_wait_ms=root.whole("enrichment_wait_ms", 150, 0, 10_000),
        connect_timeout_seconds=root.whole("connect_timeout_seconds", 20, 1, 600),
        preferred_wait_seconds=root.whole("preferred_wait_seconds", 30, 0, DAY_SECONDS),
        missed_exclusion_seconds=root.whole("missed_exclusion_seconds", 60, 1, 3_600),
        rona_alert_after=root.whole("rona_alert_after", 3, 1, 100),
        chat_grace_seconds=root.whole("chat_grace_seconds", 30, 0, 3_600),
        repeat_head_start_seconds=root.whole("repeat_head_start_seconds", 0, 0, DAY_SECONDS),
        self_service_claim_seconds=root.whole("self_service_claim_seconds", 3, 0, 60),
        self_service_limit_seconds=root.whole("self_service_limit_seconds", 900, 30, DAY_SECONDS),
        consultation_wait_seconds=root.whole("consultation_wait_seconds", 60, 5, 3_600),
        time_zone=time_zone,
        calendars={name: rules.calendar(name, node, time_zone) for name, node in root.children("calendars", NAME)},
        sites=_named(root, "sites", IDENTIFIER),
        outside={name: rules.outside_number(name, node) for name, node in root.children("outside", NAME)},
        request_reasons=_named(root, "request_reasons", NAME),
        exposure=rules.exposure_rule(root.maybe_child("exposure")),
        blending=rules.blending_rule(root.maybe_child("blending")),
        between_calls=rules.between_calls_rule(root.maybe_child("between_calls")),
        approval=root.choice("approval", Approval, Approval.ONE_PERSON),
    )
    root.finish()
    return policy


def _named(root: DocumentNode, key: str, form: Form = FREE) -> dict[str, Words]:
    found: dict[str, Words] = {}
    for name, node in root.children(key, form):
        found[name] = node.words("name", Words(name, name))
        node.finish()
    return found


def _business_line(name: str, node: DocumentNode) -> BusinessLine:
    line = BusinessLine(name, node.words("name", Words(name, name)), node.text("default_group"))
    node.finish()
    return line


def _tier(name: str, node: DocumentNode) -> Tier:
    title = node.words("name", Words(name, name))
    tier = Tier(
        name,
        title,
        node.whole("head_start_seconds", 0, 0, DAY_SECONDS),
        node.words("because", title),
        node.words("customer_text", NO_WORDS),
        node.words("way_up", NO_WORDS),
        node.words("appeal", NO_WORDS),
    )
    node.finish()
    return tier


def _reason(name: str, node: DocumentNode) -> Reason:
    title = node.words("name", Words(name, name))
    reason = Reason(name, title, node.whole("head_start_seconds", 0, 0, DAY_SECONDS))
    node.finish()
    return reason


def _capacity(node: DocumentNode) -> Capacity:
    max_load = node.whole("max_load", 100, 1, 10_000)
    interrupted = dict(DEFAULT_INTERRUPTED_BY)
    if node.holds("interrupted_by"):
        interrupted = node.by_channel("interrupted_by", lambda inner, channel: inner.channels(channel, ()))
    channels: dict[Channel, ChannelCapacity] = {}
    for channel, usual in DEFAULT_CAPACITY.items():
        inner = node.child(channel)
        limit = ChannelCapacity(
            inner.whole("maximum", usual.maximum, 0, 50), inner.whole("weight", usual.weight, 0, 10_000)
        )
        channels[channel] = limit
        inner.finish()
    node.finish()
    return Capacity(channels, max_load, interrupted)


def _group(name: str, node: DocumentNode) -> Group:
    targets = node.by_channel(
        "targets", lambda inner, channel: inner.whole(channel, DEFAULT_TARGETS[channel], 0, WEEK_SECONDS)
    )
    timeouts = node.by_channel(
        "offer_timeout_seconds", lambda inner, channel: inner.whole(channel, DEFAULT_OFFER_TIMEOUTS[channel], 1, 3_600)
    )
    wrap_up = node.by_channel("wrap_up", lambda inner, channel: _wrap_up(inner.child(channel)))
    group = Group(
        id=name,
        name=node.words("name", Words(name, name)),
        business_line=node.text("business_line"),
        channels=node.channels("channels", tuple(Channel)),
        skills=rules.skill_levels(node, "skills"),
        targets={**DEFAULT_TARGETS, **targets},
        strategy=node.choice("strategy", Strategy, Strategy.LONGEST_IDLE),
        offer_timeout_seconds={**DEFAULT_OFFER_TIMEOUTS, **timeouts},
        auto_accept=node.flag("auto_accept", False),
        wrap_up={channel: wrap_up.get(channel, WrapUpRule()) for channel in Channel},
        default_disposition=node.text("default_disposition", DEFAULT_DISPOSITION),
        preferred_wait_seconds=node.maybe_whole("preferred_wait_seconds", None, 0, DAY_SECONDS),
        hours=node.maybe_text("hours", NAME),
        closing=rules.closing_rule(node.maybe_child("closing")),
        overflow=tuple(rules.overflow_rule(row) for row in node.rows("overflow", MAX_STEPS)),
        relaxation=tuple(rules.relaxation_step(row) for row in node.rows("relaxation", MAX_STEPS)),
        severity=node.whole("severity", 0, 0, 10),
        callback=rules.callback_rule(node.maybe_child("callback")),
        chat=rules.chat_life(node.maybe_child("chat")),
        rating=rules.rating_rule(node.maybe_child("rating")),
        outbound=node.flag("outbound", False),
    )
    node.finish()
    return group


def _wrap_up(node: DocumentNode) -> WrapUpRule:
    rule = WrapUpRule(
        node.choice("mode", WrapUpMode, WrapUpMode.TIMED),
        node.whole("seconds", 60, 1, DAY_SECONDS),
        node.whole("extensions", 0, 0, 100),
        node.whole("extension_seconds", 60, 1, DAY_SECONDS),
    )
    node.finish()
    return rule
