"""The policy as a document: a mapping of plain values (from YAML) to a `Policy` (back: `Policy.to_mapping`).

The whole document is checked before anything is refused, and every fault names its path, so that one
reading mends all of them. What is not written gets the default shown by `Policy.to_mapping`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import TypeVar, cast

from services.router.domain.policy import (
    BusinessLine,
    Capacity,
    ChannelCapacity,
    Group,
    Policy,
    Reason,
    Strategy,
    Tier,
    Words,
    WrapUpMode,
    WrapUpRule,
)
from shared.contracts.fields import Channel, SkillLevel

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

DAY_SECONDS = 86_400
WEEK_SECONDS = 7 * DAY_SECONDS
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
DEFAULT_DISPOSITION = "unspecified"


class PolicyErrors(ValueError):
    """The document cannot be put in force; `errors` names every path and what is wrong there."""

    def __init__(self, errors: Sequence[tuple[str, str]]) -> None:
        self.errors = tuple(errors)
        super().__init__("; ".join(f"{path}: {message}" for path, message in self.errors))


class _Node:
    """One mapping of the document under its path; remembers which keys were read, so that typing errors show."""

    def __init__(self, value: object, path: str, faults: list[tuple[str, str]]) -> None:
        self.path = path
        self.faults = faults
        self.values: dict[str, object] = {}
        self._read: set[str] = set()
        if isinstance(value, Mapping):
            for key, item in cast("Mapping[object, object]", value).items():
                self.values[str(key)] = item
        elif value is not None:
            self.fault("", "must be a mapping")

    def at(self, key: str) -> str:
        if not key:
            return self.path or "policy"
        return f"{self.path}.{key}" if self.path else key

    def fault(self, key: str, message: str) -> None:
        self.faults.append((self.at(key), message))

    def take(self, key: str) -> object:
        self._read.add(key)
        return self.values.get(key)

    def child(self, key: str) -> _Node:
        return _Node(self.take(key), self.at(key), self.faults)

    def children(self, key: str) -> list[tuple[str, _Node]]:
        inner = self.child(key)
        return [(name, _Node(inner.values[name], inner.at(name), self.faults)) for name in inner.values]

    def whole(self, key: str, default: int, low: int, high: int) -> int:
        value = self.take(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int):
            self.fault(key, "must be a whole number")
            return default
        if not low <= value <= high:
            self.fault(key, f"must be between {low} and {high}")
            return default
        return value

    def text(self, key: str, default: str | None = None) -> str:
        value = self.take(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not value:
            self.fault(key, "is missing" if value is None else "must be a text")
            return default or ""
        return value

    def flag(self, key: str, default: bool) -> bool:
        value = self.take(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.fault(key, "must be true or false")
            return default
        return value

    def items(self, key: str) -> list[object]:
        value = self.take(key)
        if value is None:
            return []
        if not isinstance(value, (list, tuple)):
            self.fault(key, "must be a list")
            return []
        return list(cast("Iterable[object]", value))

    def words(self, key: str, default: str) -> Words:
        """A name as `{zh, en}`, or one text for both."""
        value = self.take(key)
        if value is None:
            return Words(default, default)
        if isinstance(value, str):
            return Words(value, value)
        inner = _Node(value, self.at(key), self.faults)
        words = Words(inner.text("zh", default), inner.text("en", default))
        inner.finish()
        return words

    def choice(self, key: str, kind: type[E], default: E) -> E:
        value = self.take(key)
        return default if value is None else self._member(key, value, kind) or default

    def _member(self, key: str, value: object, kind: type[E]) -> E | None:
        try:
            return kind(str(value))
        except ValueError:
            self.fault(key, f"{value!r} is not one of {', '.join(kind)}")
            return None

    def by_channel(self, key: str, read: Callable[[_Node, Channel], T]) -> dict[Channel, T]:
        """A mapping from channel to whatever `read` makes of the node and the channel's key."""
        inner = self.child(key)
        found: dict[Channel, T] = {}
        for name in inner.values:
            channel = inner._member(name, name, Channel)
            inner._read.add(name)
            if channel is not None:
                found[channel] = read(inner, channel)
        return found

    def channels(self, key: str, default: tuple[Channel, ...]) -> tuple[Channel, ...]:
        if key not in self.values:
            self._read.add(key)
            return default
        found = [self._member(f"{key}[{n}]", item, Channel) for n, item in enumerate(self.items(key))]
        return tuple(channel for channel in Channel if channel in found)

    def finish(self) -> None:
        for key in self.values:
            if key not in self._read:
                self.fault(key, "is not a known key")


def parse_policy(mapping: Mapping[str, object]) -> Policy:
    """The policy a document says. Raises PolicyErrors with every (path, message)."""
    faults: list[tuple[str, str]] = []
    root = _Node(mapping, "", faults)
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
    )
    root.finish()
    _cross_references(policy, faults)
    if faults:
        raise PolicyErrors(faults)
    return policy


def _named(root: _Node, key: str) -> dict[str, Words]:
    found: dict[str, Words] = {}
    for name, node in root.children(key):
        found[name] = node.words("name", name)
        node.finish()
    return found


def _business_line(name: str, node: _Node) -> BusinessLine:
    line = BusinessLine(name, node.words("name", name), node.text("default_group"))
    node.finish()
    return line


def _tier(name: str, node: _Node) -> Tier:
    title = node.words("name", name)
    seconds = node.whole("head_start_seconds", 0, 0, DAY_SECONDS)
    because = node.words("because", "") if "because" in node.values else title
    node.finish()
    return Tier(name, title, seconds, because)


def _reason(name: str, node: _Node) -> Reason:
    reason = Reason(name, node.words("name", name), node.whole("head_start_seconds", 0, 0, DAY_SECONDS))
    node.finish()
    return reason


def _capacity(node: _Node) -> Capacity:
    max_load = node.whole("max_load", 100, 1, 10_000)
    interrupted = dict(DEFAULT_INTERRUPTED_BY)
    if "interrupted_by" in node.values:
        interrupted = node.by_channel("interrupted_by", lambda inner, channel: inner.channels(channel, ()))
    channels = dict(DEFAULT_CAPACITY)
    for channel in Channel:
        if channel in node.values:
            inner = node.child(channel)
            usual = DEFAULT_CAPACITY[channel]
            channels[channel] = ChannelCapacity(
                inner.whole("maximum", usual.maximum, 0, 50), inner.whole("weight", usual.weight, 0, 10_000)
            )
            inner.finish()
            if channels[channel].maximum and channels[channel].weight > max_load:
                inner.fault("weight", f"is more than max_load ({max_load}): no agent could ever take one")
    node.finish()
    return Capacity(channels, max_load, interrupted)


def _group(name: str, node: _Node) -> Group:
    skills: list[SkillLevel] = []
    for n, item in enumerate(node.items("skills")):
        inner = _Node(item, f"{node.at('skills')}[{n}]", node.faults)
        skills.append(SkillLevel(inner.text("skill"), inner.whole("level", 1, 1, 10)))
        inner.finish()
    targets = node.by_channel("targets", lambda inner, channel: inner.whole(channel, 0, 0, WEEK_SECONDS))
    timeouts = node.by_channel("offer_timeout_seconds", lambda inner, channel: inner.whole(channel, 20, 1, 3_600))
    wrap_up = node.by_channel("wrap_up", lambda inner, channel: _wrap_up(inner.child(channel)))
    wait = None
    if node.values.get("preferred_wait_seconds") is not None:
        wait = node.whole("preferred_wait_seconds", 0, 0, DAY_SECONDS)
    else:
        node.take("preferred_wait_seconds")
    group = Group(
        id=name,
        name=node.words("name", name),
        business_line=node.text("business_line"),
        channels=node.channels("channels", tuple(Channel)),
        skills=tuple(skills),
        targets={**DEFAULT_TARGETS, **targets},
        strategy=node.choice("strategy", Strategy, Strategy.LONGEST_IDLE),
        offer_timeout_seconds={**DEFAULT_OFFER_TIMEOUTS, **timeouts},
        auto_accept=node.flag("auto_accept", False),
        wrap_up={channel: wrap_up.get(channel, WrapUpRule()) for channel in Channel},
        default_disposition=node.text("default_disposition", DEFAULT_DISPOSITION),
        preferred_wait_seconds=wait,
    )
    node.finish()
    return group


def _wrap_up(node: _Node) -> WrapUpRule:
    rule = WrapUpRule(
        node.choice("mode", WrapUpMode, WrapUpMode.TIMED),
        node.whole("seconds", 60, 1, DAY_SECONDS),
        node.whole("extensions", 0, 0, 100),
        node.whole("extension_seconds", 60, 1, DAY_SECONDS),
    )
    node.finish()
    return rule


def _cross_references(policy: Policy, faults: list[tuple[str, str]]) -> None:
    if policy.self_service_limit_seconds <= policy.self_service_claim_seconds:
        faults.append(
            ("self_service_limit_seconds", "must be more than self_service_claim_seconds, or no dialogue can begin")
        )
    if not policy.business_lines:
        faults.append(("business_lines", "names no business line"))
    for line in policy.business_lines.values():
        default = policy.groups.get(line.default_group)
        if line.default_group and default is None:
            faults.append((f"business_lines.{line.id}.default_group", f"group {line.default_group!r} does not exist"))
    for group in policy.groups.values():
        path = f"groups.{group.id}"
        if group.business_line and group.business_line not in policy.business_lines:
            faults.append((f"{path}.business_line", f"business line {group.business_line!r} does not exist"))
        if not group.channels:
            faults.append((f"{path}.channels", "serves no channel"))
        seen: set[str] = set()
        for n, need in enumerate(group.skills):
            if need.skill and need.skill not in policy.skills:
                faults.append((f"{path}.skills[{n}].skill", f"skill {need.skill!r} does not exist"))
            if need.skill in seen:
                faults.append((f"{path}.skills[{n}].skill", f"skill {need.skill!r} is named twice"))
            seen.add(need.skill)
        if group.default_disposition not in {*policy.dispositions, DEFAULT_DISPOSITION}:
            faults.append((f"{path}.default_disposition", f"disposition {group.default_disposition!r} does not exist"))
