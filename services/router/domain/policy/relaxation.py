"""Relaxation: who may be asked grows in steps while a contact waits; its place never changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.contracts.fields import SkillLevel


@dataclass(frozen=True, slots=True)
class Additional:
    """Agents let in beside those who meet the requirement: of any of these teams or sites, or named.

    They need `skills` only, nothing of the group's own.
    """

    teams: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    skills: tuple[SkillLevel, ...] = ()

    def to_mapping(self) -> dict[str, object]:
        named = {"teams": list(self.teams), "sites": list(self.sites), "agents": list(self.agents)}
        mapping: dict[str, object] = {key: names for key, names in named.items() if names}
        if self.skills:
            mapping["skills"] = [{"skill": need.skill, "level": need.level} for need in self.skills]
        return mapping


@dataclass(frozen=True, slots=True)
class RelaxationStep:
    """From `after_seconds` after entry into the group, what is asked for is the group's requirement changed like this.

    A step is what holds from then on, in addition to the steps before it.
    """

    after_seconds: int
    lower: Mapping[str, int] = field(default_factory=dict[str, int])  # skill → the level that is enough now
    drop: tuple[str, ...] = ()  # skills no longer asked for
    add: Additional | None = None

    def to_mapping(self) -> dict[str, object]:
        mapping: dict[str, object] = {"after_seconds": self.after_seconds}
        if self.lower:
            mapping["lower"] = dict(self.lower)
        if self.drop:
            mapping["drop"] = list(self.drop)
        if self.add is not None:
            mapping["add"] = self.add.to_mapping()
        return mapping
