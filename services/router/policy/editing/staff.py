"""The people a policy is held against: who holds which skill, in which team, at which site."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.router.domain.memberships import FIT, Way, of_agent, of_site
from services.router.domain.policy.model import Group, Policy
from services.router.domain.relaxation import steps_of, ways_of_step
from shared.contracts.fields import SECOND, Channel, SkillLevel


@dataclass(frozen=True, slots=True)
class Colleague:
    """One agent of the roster; `holds` is skill → level, memberships among them."""

    agent_id: str
    name: str
    holds: Mapping[str, int]
    teams: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()

    def qualifies(self, way: Way) -> bool:
        """Whether nothing that is asked for is missing."""
        return all(self.holds.get(need.skill, 0) >= need.level for need in way)


def colleague(
    agent_id: str, name: str, skills: Iterable[SkillLevel], teams: Sequence[str] = (), sites: Sequence[str] = ()
) -> Colleague:
    """An agent with their memberships; nobody is at rest."""
    holds = {need.skill: need.level for need in skills}
    holds |= {need.skill: need.level for need in (of_agent(agent_id), *map(of_site, sites), FIT)}
    holds |= {f"team:{team}": 1 for team in teams}
    return Colleague(agent_id, name, holds, tuple(teams), tuple(sites))


def staff_from(rows: Iterable[Mapping[str, Any]]) -> tuple[Colleague, ...]:
    """The agents of the roster's API: `{agent_id, name…, skills: [{skill, level}], teams, sites, active}`."""
    return tuple(
        colleague(
            str(row["agent_id"]),
            str(row.get("name_zh") or row.get("name") or row["agent_id"]),
            [SkillLevel(str(held["skill"]), int(held["level"])) for held in row.get("skills") or ()],
            [str(team) for team in row.get("teams") or ()],
            [str(site) for site in row.get("sites") or ()],
        )
        for row in rows
        if row.get("active", True)
    )


@dataclass(frozen=True, slots=True)
class Reach:
    """Who may be asked from a step on; the first is the group's own requirement, at 0 seconds."""

    after_seconds: int
    agents: tuple[str, ...]


def reach_of(group: Group, staff: Sequence[Colleague]) -> tuple[Reach, ...]:
    """Whom each step of a group reaches, for a contact that asks for nothing itself."""
    own = tuple(sorted(group.skills, key=lambda need: need.skill))
    steps = steps_of(group, own, 0)
    if not steps:
        return (Reach(0, tuple(who.agent_id for who in staff if who.qualifies(own))),)
    return tuple(
        Reach(
            step.at // SECOND,
            tuple(who.agent_id for who in staff if any(who.qualifies(way) for way in ways_of_step(step))),
        )
        for step in steps
    )


def overtaking_seconds(policy: Policy, own: Group, channel: Channel, other: Group, by: Channel) -> int:
    """For how long after a plain contact of `own` entered, later ones of `other` may still be served before it.

    Contact order is due time less head start, so this is the difference of targets plus the most head start there is.
    """
    return own.targets[channel] - other.targets[by] + most_head_start(policy)


def most_head_start(policy: Policy) -> int:
    """Seconds the most favoured contact is ahead: tier, reason and repeat together."""
    tiers = max((tier.head_start_seconds for tier in policy.tiers.values()), default=0)
    reasons = max((reason.head_start_seconds for reason in policy.reasons.values()), default=0)
    return tiers + reasons + policy.repeat_head_start_seconds
