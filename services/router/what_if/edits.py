"""Small changes to a policy a manager would try without writing YAML: they are form fields on the page and flags of `ucc what-if`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.router.domain.policy.words import Words

Name = Annotated[str, Field(min_length=1, max_length=64)]


class HeadStartEdit(BaseModel):
    """A tier's seniority in the queue."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["head_start"]
    tier: Name
    seconds: Annotated[int, Field(ge=0, le=86_400)]


class RelaxationEdit(BaseModel):
    """Who may be asked after some time: everybody (`drop`: the group's skills are asked for no longer), or the less proficient.

    Replaces the group's steps. `group` None: every group that asks for skills.
    """

    model_config = ConfigDict(extra="forbid")
    kind: Literal["relaxation"]
    group: Name | None = None
    after_seconds: Annotated[int, Field(ge=1, le=86_400)]
    how: Literal["drop", "lower"] = "drop"
    levels: Annotated[int, Field(ge=1, le=9)] = 2  # with `lower`: by how many levels


class TargetEdit(BaseModel):
    """A group's response target: it orders the queue among groups."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["target"]
    group: Name
    channel: Name = "phone"
    seconds: Annotated[int, Field(ge=1, le=2_592_000)]


Edit = Annotated[HeadStartEdit | RelaxationEdit | TargetEdit, Field(discriminator="kind")]


class EditRefused(ValueError):
    """An edit names something the policy does not have."""


def edited(policy: Mapping[str, Any], edits: Sequence[Edit]) -> dict[str, Any]:
    """A copy of the policy (its complete mapping) with the edits made, in order. Raises EditRefused."""
    changed = deepcopy(dict(policy))
    for edit in edits:
        match edit:
            case HeadStartEdit():
                _named(changed, "tiers", edit.tier)["head_start_seconds"] = edit.seconds
            case TargetEdit():
                _named(changed, "groups", edit.group)["targets"][edit.channel] = edit.seconds
            case RelaxationEdit():
                groups = (
                    changed["groups"] if edit.group is None else {edit.group: _named(changed, "groups", edit.group)}
                )
                for group in groups.values():
                    if group.get("skills"):
                        group["relaxation"] = [_step(edit, group["skills"])]
    return changed


def _named(policy: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
    found = policy[kind].get(name)
    if found is None:
        raise EditRefused(f"the policy has no {kind[:-1]} {name!r}; there are {', '.join(sorted(policy[kind]))}")
    return found


def _step(edit: RelaxationEdit, skills: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    if edit.how == "drop":
        return {"after_seconds": edit.after_seconds, "drop": [need["skill"] for need in skills]}
    lower = {need["skill"]: max(1, need["level"] - edit.levels) for need in skills}
    return {"after_seconds": edit.after_seconds, "lower": lower}


def described(edit: Edit) -> Words:
    """The edit in a few words."""
    match edit:
        case HeadStartEdit(tier=tier, seconds=seconds):
            return Words(f"{tier} 优先 {seconds} 秒", f"head start of {tier}: {seconds} s")
        case TargetEdit(group=group, seconds=seconds):
            return Words(f"{group} 应答目标 {seconds} 秒", f"target of {group}: {seconds} s")
        case RelaxationEdit(group=group, after_seconds=seconds, how=how, levels=levels):
            zh = "不限技能" if how == "drop" else f"技能降 {levels} 级"
            en = "any skill" if how == "drop" else f"{levels} levels lower"
            return Words(
                f"{group or '各组'}等待 {seconds} 秒后{zh}", f"{group or 'every group'} after {seconds} s: {en}"
            )
