"""Warnings that think: a policy that can be put in force and will not do what its author wants.

Each names its place by path and says why in both languages. What needs people is asked of the roster, where one is given.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from services.router.domain.inputs import Intervals
from services.router.domain.policy.elsewhere import Destination, Elsewhere
from services.router.domain.policy.model import Group, Policy
from services.router.domain.policy.words import NO_WORDS, Words
from services.router.policy.calendars import expand
from services.router.policy.editing.staff import Colleague, Reach, most_head_start, overtaking_seconds, reach_of
from shared.contracts.fields import SECOND, Channel
from shared.public_days import days_of_year

LOOK_AHEAD_DAYS: Final = 60
STARVING_MULTIPLE: Final = 10
"""A plain contact that can be overtaken for longer than so many times its own target starves in practice."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """One warning at a path of the document; `code` is stable."""

    path: str
    code: str
    words: Words


def doubts_of(policy: Policy, now: int, staff: Sequence[Colleague] | None = None) -> list[Doubt]:
    """Everything worth a second look; `now` in µs, `staff` None where nobody knows the roster."""
    ahead = {name: expand(calendar, now, LOOK_AHEAD_DAYS) for name, calendar in policy.calendars.items()}
    reach = {} if staff is None else {group.id: reach_of(group, staff) for group in policy.groups.values()}
    found = [*_calendars(policy, ahead, now), *_tiers(policy), *_rotation(policy), *_loops(policy)]
    if staff is not None:
        found += _skills(policy, staff)
    for group in policy.groups.values():
        found += _relaxation(group)
        found += _elsewhere(policy, group, ahead)
        found += _starving(policy, group, reach)
        if staff is not None:
            found += _reach(group, reach[group.id], staff)
    return found


def _calendars(policy: Policy, ahead: dict[str, Intervals], now: int) -> Iterator[Doubt]:
    used = {group.hours for group in policy.groups.values()}
    last = datetime.fromtimestamp(now / SECOND, UTC).year
    for name, calendar in policy.calendars.items():
        path = f"calendars.{name}"
        if not ahead[name]:
            words = Words(f"未来 {LOOK_AHEAD_DAYS} 天内从不开放", f"never opens in the next {LOOK_AHEAD_DAYS} days")
            yield Doubt(f"{path}.week", "never_opens", words)
        if name not in used:
            yield Doubt(path, "unused", Words("没有分组使用此日历", "no group uses this calendar"))
        for year in (last, last + 1):
            if calendar.holidays != "CN" or not _reaches(now, year):
                continue
            known = days_of_year("CN", year)
            if known is not None and not known.worked:
                words = Words(
                    f"{year} 年的调休安排尚未收录，公布后请写入 exceptions",
                    f"the exchange of workdays of {year} is not known yet: write it under exceptions once announced",
                )
                yield Doubt(f"{path}.holidays", "holidays_unknown", words)


def _reaches(now: int, year: int) -> bool:
    """Whether the days looked at lie partly in the year."""
    first, last = (datetime.fromtimestamp(now / SECOND + days * 86_400, UTC).year for days in (0, LOOK_AHEAD_DAYS))
    return first <= year <= last


def _tiers(policy: Policy) -> Iterator[Doubt]:
    for tier in policy.tiers.values():
        if tier.head_start_seconds and tier.customer_text == NO_WORDS:
            words = Words(
                f"提前 {tier.head_start_seconds} 秒，但没有客户可读的说明（customer_text）",
                f"is {tier.head_start_seconds} s ahead, but a customer can read no sentence about it (customer_text)",
            )
            yield Doubt(f"tiers.{tier.id}", "no_customer_text", words)


def _rotation(policy: Policy) -> Iterator[Doubt]:
    wearing = [group for group in policy.groups.values() if group.severity]
    if policy.exposure is None:
        for group in wearing:
            words = Words("有耗神程度但未设 exposure，不会轮换", "is wearing, but without `exposure` nobody is rested")
            yield Doubt(f"groups.{group.id}.severity", "no_exposure", words)
    elif not wearing:
        words = Words("没有分组设 severity，轮换不起作用", "no group has a severity: there is nothing to rotate")
        yield Doubt("exposure", "nothing_wearing", words)
    if policy.blending is not None and not any(group.outbound for group in policy.groups.values()):
        words = Words("没有外呼分组，保留座席不起作用", "no group is outbound: there is nothing to hold back")
        yield Doubt("blending", "nothing_outbound", words)
    if policy.between_calls is not None and not any(group.outbound for group in policy.groups.values()):
        words = Words("没有外呼分组，两通之间的停顿不起作用", "no group is outbound: nothing waits for a pause")
        if not policy.between_calls.inbound_too:
            yield Doubt("between_calls", "nothing_outbound", words)
    for line in policy.business_lines.values():
        group = policy.groups[line.default_group]
        if group.outbound:
            words = Words("默认分组是外呼分组", "the default group is an outbound one")
            yield Doubt(f"business_lines.{line.id}.default_group", "outbound_default", words)


def _skills(policy: Policy, staff: Sequence[Colleague]) -> Iterator[Doubt]:
    held = {skill for who in staff for skill in who.holds}
    for group in policy.groups.values():
        for n, need in enumerate(group.skills):
            if need.skill not in held:
                words = Words(f"无人具备技能 {need.skill}", f"nobody holds the skill {need.skill}")
                yield Doubt(f"groups.{group.id}.skills[{n}]", "skill_of_nobody", words)


def _reach(group: Group, reach: Sequence[Reach], staff: Sequence[Colleague]) -> Iterator[Doubt]:
    path = f"groups.{group.id}"
    first = next((n for n, step in enumerate(reach) if step.agents), None)
    if first is None:
        words = Words("名册上没有人能服务此分组", "nobody on the roster can serve this group, at no step")
        yield Doubt(f"{path}.skills" if group.skills else path, "served_by_nobody", words)
        if group.callback.offered:
            words = Words("提供回拨，但无人能回拨", "offers callbacks nobody could make")
            yield Doubt(f"{path}.callback", "callback_by_nobody", words)
    elif first:
        seconds = reach[first].after_seconds
        words = Words(f"前 {seconds} 秒内无人可服务", f"nobody can serve it in the first {seconds} s")
        yield Doubt(f"{path}.skills", "served_late", words)
    own = {need.skill for need in group.skills}
    for n, step in enumerate(group.relaxation, 1):
        is_for_contacts = not {*step.lower, *step.drop} <= own  # a language only some ask for: whom it adds depends
        if reach[n].agents and reach[n].agents == reach[n - 1].agents and not is_for_contacts:
            words = Words("按现有名册，这一步没有增加任何人", "adds nobody, as the roster stands")
            yield Doubt(f"{path}.relaxation[{n - 1}]", "step_adds_nobody", words)
    there = {name for who in staff for name in (*who.teams, *who.sites, who.agent_id)}
    for n, step in enumerate(group.relaxation):
        for kind in ("teams", "sites", "agents"):
            names: tuple[str, ...] = getattr(step.add, kind) if step.add is not None else ()
            for m, name in enumerate(names):
                if name not in there:
                    words = Words(f"{name} 没有任何座席", f"{name} is nobody on the roster")
                    yield Doubt(f"{path}.relaxation[{n}].add.{kind}[{m}]", "names_nobody", words)


def _relaxation(group: Group) -> Iterator[Doubt]:
    levels = {need.skill: need.level for need in group.skills}
    for n, step in enumerate(group.relaxation):
        path = f"groups.{group.id}.relaxation[{n}]"
        for skill, level in step.lower.items():
            if skill in levels and level >= levels[skill]:
                words = Words(
                    f"{skill} 此时已只要求 {levels[skill]} 级，未放宽",
                    f"does not widen: only level {levels[skill]} of {skill} is asked for already",
                )
                yield Doubt(f"{path}.lower.{skill}", "never_widens", words)
            elif skill in levels:
                levels[skill] = level
        for skill in step.drop:
            levels.pop(skill, None)


def _elsewhere(policy: Policy, group: Group, ahead: dict[str, Intervals]) -> Iterator[Doubt]:
    path = f"groups.{group.id}"
    places = [(f"{path}.overflow[{n}].to", rule.to, rule.channels) for n, rule in enumerate(group.overflow)]
    if group.hours is not None:
        places.append((f"{path}.closing.then", group.closing.then, group.channels))
        places.append((f"{path}.closing.when_closed", group.closing.when_closed, group.channels))
        if group.closing.when_closed.kind is Elsewhere.GROUP and _shut(policy, group, group.closing.when_closed, ahead):
            target = group.closing.when_closed.target
            words = Words(f"本组关闭时 {target} 也从不开放", f"{target} is never open while this group is closed")
            yield Doubt(f"{path}.closing.when_closed", "leads_to_closed", words)
    for where, to, channels in places:
        if to.kind is Elsewhere.CALLBACK and not group.callback.offered:
            words = Words("通向回拨，但本组未提供回拨", "leads to a callback this group does not offer")
            yield Doubt(where, "callback_not_offered", words)
        if to.kind is Elsewhere.GROUP and to.target is not None:
            there = policy.groups[to.target].channels
            missing = [str(channel) for channel in channels if channel in group.channels and channel not in there]
            if missing:
                names = ", ".join(missing)
                words = Words(f"{to.target} 不服务 {names}", f"{to.target} does not serve {names}")
                yield Doubt(where, "channel_not_served", words)


def _shut(policy: Policy, group: Group, to: Destination, ahead: dict[str, Intervals]) -> bool:
    """Whether the target is closed all the time this group is."""
    target = policy.groups[to.target or ""]
    if target.hours is None or group.hours is None:
        return False
    own = ahead[group.hours]
    return all(any(a <= opens and closes <= b for a, b in own) for opens, closes in ahead[target.hours])


def _loops(policy: Policy) -> Iterator[Doubt]:
    """Groups whose overflow comes back to them. A contact never enters a group twice, so the last one keeps it."""
    ways = {
        group.id: sorted(
            {rule.to.target for rule in group.overflow if rule.to.kind is Elsewhere.GROUP and rule.to.target}
        )
        for group in policy.groups.values()
    }
    for start in ways:
        path = _way_back(ways, start)
        if path and start == min(path):
            chain = " → ".join([*path, start])
            words = Words(f"溢出成环：{chain}", f"overflow runs in a circle: {chain}")
            yield Doubt(f"groups.{start}.overflow", "overflow_loop", words)


def _way_back(ways: dict[str, list[str]], start: str) -> list[str]:
    """The groups of a shortest circle through `start`, or nothing."""
    paths = [[start]]
    seen = {start}
    while paths:
        path = paths.pop(0)
        for following in ways[path[-1]]:
            if following == start:
                return path
            if following not in seen:
                seen.add(following)
                paths.append([*path, following])
    return []


def _starving(policy: Policy, group: Group, reach: dict[str, tuple[Reach, ...]]) -> Iterator[Doubt]:
    """The bound of overtaking, where it is far beyond what the group promises."""
    for channel in group.channels:
        worst: tuple[int, str, Channel] | None = None
        for other in policy.groups.values():
            if other.outbound or not _compete(group, other, reach):
                continue
            for by in other.channels:
                bound = overtaking_seconds(policy, group, channel, other, by)
                if worst is None or bound > worst[0]:
                    worst = bound, other.id, by
        own = max(group.targets[channel], 1)
        if worst is not None and worst[0] > STARVING_MULTIPLE * own:
            bound, other_id, by = worst
            words = Words(
                f"普通联系（{channel}）最长可被 {other_id}（{by}）的后来者超越 {bound} 秒，是其目标 {own} 秒的 {bound // own} 倍"
                f"（提前秒数共 {most_head_start(policy)} 秒）",
                f"a plain {channel} contact may be overtaken by later ones of {other_id} ({by}) for up to {bound} s, "
                f"{bound // own} times its target of {own} s (head starts add up to {most_head_start(policy)} s)",
            )
            yield Doubt(f"groups.{group.id}.targets.{channel}", "may_starve", words)


def _compete(group: Group, other: Group, reach: dict[str, tuple[Reach, ...]]) -> bool:
    """Whether some agent serves both from the start; without a roster, whether their skills could be one person's."""
    if group.id == other.id:
        return True
    if reach:
        return bool(set(reach[group.id][0].agents) & set(reach[other.id][0].agents))
    return bool({need.skill for need in group.skills} & {need.skill for need in other.skills})
