"""What a contact is owed in a group: whom it asks for, step by step, how wearing it is, its due time and head start."""

from __future__ import annotations

from dataclasses import dataclass, replace

from services.router.domain.contacts import Contact
from services.router.domain.decide.draft import Draft
from services.router.domain.hours import hours_of
from services.router.domain.memberships import Way
from services.router.domain.ordering import due_at, head_start_of, requirement_of
from services.router.domain.policy.model import Group
from services.router.domain.relaxation import steps_of
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import HeadStart, RequirementStep


@dataclass(frozen=True, slots=True)
class Terms:
    requirement: Way
    steps: tuple[RequirementStep, ...]
    severity: int
    spares_until: int | None
    outbound: bool
    due_at: int
    head_start: HeadStart


def terms_of(draft: Draft, contact: Contact, group: Group, queued_at: int, entered_at: int) -> Terms:
    """Under the policy in force. What a supervisor granted goes along."""
    requirement = requirement_of(draft.policy, group, contact)
    granted = head_start_of(draft.policy, contact.tier, contact.reason, contact.repeat)
    severity, spares_until = wearing_of(draft, group, entered_at)
    return Terms(
        requirement=requirement,
        steps=()
        if contact.site is not None
        else steps_of(group, requirement, entered_at),  # a branch is asked as it is
        severity=severity,
        spares_until=spares_until,
        outbound=group.outbound and (draft.policy.blending or draft.policy.between_calls) is not None,
        due_at=due_at(queued_at, contact.channel, group, hours_of(draft.hours, group.hours)),
        head_start=replace(granted, supervisor=contact.head_start.supervisor),
    )


def wearing_of(draft: Draft, group: Group, entered_at: int) -> tuple[int, int | None]:
    """How wearing the group's contacts are, and until when who rests is spared them; (0, None) where nobody is rested."""
    rule = draft.policy.exposure
    if rule is None or not group.severity:
        return 0, None
    wait = rule.override_wait_seconds
    return group.severity, None if wait is None else entered_at + wait * SECOND


def kept_terms(draft: Draft, contact: Contact) -> Terms | None:
    """What the contact entered its group with, where the policy in force leaves that to those who waited before it."""
    before = draft.terms_kept_before
    if before is None or contact.entered_group_at > before:
        return None
    return Terms(
        requirement=contact.steps[0].requirement if contact.steps else contact.requirement,
        steps=contact.steps,
        severity=contact.severity,
        spares_until=contact.spares_until,
        outbound=contact.outbound,
        due_at=contact.due_at,
        head_start=contact.head_start,
    )
