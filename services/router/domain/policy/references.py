"""What is wrong with a policy although every value reads well: names that name nothing, rules that contradict each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from services.router.domain.policy.elsewhere import Destination, Elsewhere, OverflowRule
from services.router.domain.policy.model import Group, Policy
from services.router.domain.policy.relaxation import RelaxationStep
from shared.contracts.fields import SkillLevel

DEFAULT_DISPOSITION = "unspecified"

Fault = tuple[str, str]
"""Path and message."""


def broken_references(policy: Policy) -> list[Fault]:
    """Every fault of the policy as a whole, in the order of the document's parts."""
    faults = list(_whole(policy))
    for group in policy.groups.values():
        path = f"groups.{group.id}"
        faults += _group(policy, group, path)
        faults += _elsewhere(policy, group, path)
        faults += _relaxation(policy, group, path)
        faults += _manners(group, path)
    return faults


def _whole(policy: Policy) -> Iterator[Fault]:
    if policy.self_service_limit_seconds <= policy.self_service_claim_seconds:
        yield "self_service_limit_seconds", "must be more than self_service_claim_seconds, or no dialogue can begin"
    if not policy.business_lines:
        yield "business_lines", "names no business line"
    for line in policy.business_lines.values():
        if line.default_group and line.default_group not in policy.groups:
            yield f"business_lines.{line.id}.default_group", f"group {line.default_group!r} does not exist"
    for channel, limit in policy.capacity.channels.items():
        if limit.maximum and limit.weight > policy.capacity.max_load:
            message = f"is more than max_load ({policy.capacity.max_load}): no agent could ever take one"
            yield f"capacity.{channel}.weight", message
    blending = policy.blending
    if blending is not None and blending.resume_percent < blending.service_level_percent:
        yield "blending.resume_percent", "must not be less than service_level_percent, or it would switch to and fro"


def _group(policy: Policy, group: Group, path: str) -> Iterator[Fault]:
    if group.business_line and group.business_line not in policy.business_lines:
        yield f"{path}.business_line", f"business line {group.business_line!r} does not exist"
    if not group.channels:
        yield f"{path}.channels", "serves no channel"
    yield from _skills(policy, group.skills, f"{path}.skills")
    if group.default_disposition not in {*policy.dispositions, DEFAULT_DISPOSITION}:
        yield f"{path}.default_disposition", f"disposition {group.default_disposition!r} does not exist"
    if group.hours is not None and group.hours not in policy.calendars:
        yield f"{path}.hours", f"calendar {group.hours!r} does not exist"


def _skills(policy: Policy, needs: tuple[SkillLevel, ...], path: str) -> Iterator[Fault]:
    seen: set[str] = set()
    for n, need in enumerate(needs):
        if need.skill and need.skill not in policy.skills:
            yield f"{path}[{n}].skill", f"skill {need.skill!r} does not exist"
        if need.skill in seen:
            yield f"{path}[{n}].skill", f"skill {need.skill!r} is named twice"
        seen.add(need.skill)


def _elsewhere(policy: Policy, group: Group, path: str) -> Iterator[Fault]:
    yield from _destination(policy, group, group.closing.then, f"{path}.closing.then")
    yield from _destination(policy, group, group.closing.when_closed, f"{path}.closing.when_closed")
    for n, rule in enumerate(group.overflow):
        here = f"{path}.overflow[{n}]"
        if _conditions(rule) != 1:
            yield here, "must have exactly one of max_waiting, max_wait_seconds, unstaffed_seconds"
        if not rule.channels:
            yield f"{here}.channels", "names no channel"
        yield from _destination(policy, group, rule.to, f"{here}.to")


def _conditions(rule: OverflowRule) -> int:
    return sum(value is not None for value in (rule.max_waiting, rule.max_wait_seconds, rule.unstaffed_seconds))


def _destination(policy: Policy, group: Group, to: Destination, path: str) -> Iterator[Fault]:
    there: Mapping[Elsewhere, Mapping[str, object]] = {
        Elsewhere.GROUP: policy.groups,
        Elsewhere.SITE: policy.sites,
        Elsewhere.NUMBER: policy.outside,
    }
    if to.target is not None and to.target not in there[to.kind]:
        yield path, f"{to.kind} {to.target!r} does not exist"
    if to.kind is Elsewhere.GROUP and to.target == group.id:
        yield path, "leads back into the same group"


def _relaxation(policy: Policy, group: Group, path: str) -> Iterator[Fault]:
    after = 0
    for n, step in enumerate(group.relaxation):
        here = f"{path}.relaxation[{n}]"
        if step.after_seconds <= after and n:
            yield f"{here}.after_seconds", f"must be more than that of the step before ({after})"
        after = step.after_seconds
        yield from _step(policy, step, here)


def _step(policy: Policy, step: RelaxationStep, path: str) -> Iterator[Fault]:
    if not step.lower and not step.drop and step.add is None:
        yield path, "changes nothing: lower, drop or add something"
    for skill in step.lower:  # a skill only the contact asks for, such as its language, may be meant
        if skill not in policy.skills:
            yield f"{path}.lower.{skill}", f"skill {skill!r} does not exist"
    for n, skill in enumerate(step.drop):
        if skill not in policy.skills:
            yield f"{path}.drop[{n}]", f"skill {skill!r} does not exist"
        if skill in step.lower:
            yield f"{path}.drop[{n}]", f"skill {skill!r} is lowered in the same step"
    if step.add is None:
        return
    if not (step.add.teams or step.add.sites or step.add.agents):
        yield f"{path}.add", "names no team, site or agent"
    for n, site in enumerate(step.add.sites):
        if site not in policy.sites:
            yield f"{path}.add.sites[{n}]", f"site {site!r} does not exist"
    yield from _skills(policy, step.add.skills, f"{path}.add.skills")


def _manners(group: Group, path: str) -> Iterator[Fault]:
    if group.chat.close_after_seconds is not None and group.chat.waiting_after_seconds is None:
        yield f"{path}.chat.close_after_seconds", "needs waiting_after_seconds: only who is waited for can be closed"
    if group.rating.low >= group.rating.scale:
        yield f"{path}.rating.low", f"must be less than the scale ({group.rating.scale})"
