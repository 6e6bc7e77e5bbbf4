"""Relaxation (rule 4) as values: the steps a contact stands before, each with its time and what it asks for then."""

from __future__ import annotations

from services.router.domain.memberships import Way, way_of
from services.router.domain.policy.model import Group
from services.router.domain.policy.relaxation import Additional, RelaxationStep
from shared.contracts.fairness_decisions import LetIn, RequirementStep
from shared.contracts.fields import SECOND, SkillLevel


def steps_of(group: Group, requirement: Way, since: int) -> tuple[RequirementStep, ...]:
    """The requirement itself, then what each step of the group makes of the one before; empty where it has no steps.

    `since`: entry into the group (or the beginning of a search there), µs.
    """
    if not group.relaxation:
        return ()
    steps = [RequirementStep(since, requirement)]
    for rule in group.relaxation:
        before = steps[-1]
        steps.append(
            RequirementStep(
                at=since + rule.after_seconds * SECOND,
                requirement=_relaxed(before.requirement, rule),
                let_in=(*before.let_in, *(new for new in _let_in(rule.add) if new not in before.let_in)),
            )
        )
    return tuple(steps)


def _relaxed(requirement: Way, rule: RelaxationStep) -> Way:
    """Dropped skills gone, lowered ones lower; also those the contact brought along, for the manager named them."""
    return tuple(
        SkillLevel(need.skill, min(need.level, rule.lower.get(need.skill, need.level)))
        for need in requirement
        if need.skill not in rule.drop
    )


def _let_in(add: Additional | None) -> tuple[LetIn, ...]:
    if add is None:
        return ()
    skills = tuple(sorted(add.skills, key=lambda need: need.skill))
    return (
        *(LetIn("team", team, skills) for team in add.teams),
        *(LetIn("site", site, skills) for site in add.sites),
        *(LetIn("agent", agent, skills) for agent in add.agents),
    )


def ways_of_step(step: RequirementStep) -> tuple[Way, ...]:
    """How an agent may qualify at a step, rest and exclusions aside."""
    return (step.requirement, *map(way_of, step.let_in))


def last_reached(steps: tuple[RequirementStep, ...], now: int) -> int:
    """The last step whose time has come."""
    return max((n for n, step in enumerate(steps) if step.at <= now), default=0)
