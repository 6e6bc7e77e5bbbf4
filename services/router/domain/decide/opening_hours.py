"""Groups open and close (rule 8): by their calendar, by a new policy, or at one button in an emergency.

Hours never touch presence. What is decided here is how a group stands; what it means for those who wait is the overflow's.
"""

from __future__ import annotations

from dataclasses import replace

from services.router.domain.callbacks import DeferredFor
from services.router.domain.decide.draft import Draft, Refusal
from services.router.domain.decide.overflow import group_no_longer_serves, way_opened
from services.router.domain.decide.queueing import enqueue
from services.router.domain.decide.standing import deferred_in, hours_of_group, opening_of
from services.router.domain.hours import Closure, Opening, at
from services.router.domain.inputs import TimerDue
from services.router.domain.policy.model import Group
from shared.contracts.contact_events import GroupClosed, GroupReopened
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import GroupHoursChanged, QueueCause, RefusalReason


def reconsider_hours(draft: Draft) -> None:
    """After a policy or further hours: every group that stands otherwise now, and whom that concerns."""
    for group_id in sorted({*draft.policy.groups, *draft.pool.openings}):
        _bring_up(draft, group_id)


def hours_due(draft: Draft, timer: TimerDue) -> None:
    """A group's calendar changes, or it stops serving those who waited at its closing."""
    _bring_up(draft, timer.subject)


def _bring_up(draft: Draft, group_id: str) -> None:
    """Whoever is deferred in a group that no longer exists goes to the one in its place."""
    before = opening_of(draft, group_id)
    group = draft.policy.groups.get(group_id)
    after = Opening(open=True) if group is None else _by_calendar(draft, group, before)
    if _stands(after) != _stands(before):
        _change(draft, group_id, before, after, "hours" if after.closure is None else "emergency")


def _by_calendar(draft: Draft, group: Group, before: Opening) -> Opening:
    """How the group stands now, given how it stood."""
    intervals = hours_of_group(draft, group)
    is_open, until = (True, None) if intervals is None else at(intervals, draft.now)
    drained = before.drain_until is not None and draft.now >= before.drain_until
    if before.closure is not None:
        before = replace(before, serving=False, drain_until=None) if drained else before
        return replace(before, until=until)
    if is_open:
        return Opening(True, until)
    drain = group.closing.drain_seconds * SECOND
    if before.open:
        return Opening(False, until, drain > 0, draft.now + drain if drain else None)
    if drained:
        return Opening(False, until, serving=False)
    return replace(before, until=until)


def _stands(opening: Opening) -> Opening:
    """Without what is only counted."""
    return replace(opening, offers=0, carried=0)


def group_closed(draft: Draft, fact: GroupClosed) -> None:
    """At once, for one group or all. `then` sends those who wait away; without it they are served yet."""
    closure = Closure(fact.by, fact.why, fact.then)
    concerned = [key for key in _named(draft, fact.group) if opening_of(draft, key).closure is None]
    if not concerned:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "already_closed")
    for group_id in concerned:
        before = opening_of(draft, group_id)
        serving = before.serving and fact.then is None
        after = Opening(False, before.until, serving, before.drain_until if serving else None, closure)
        _change(draft, group_id, before, after, "emergency")


def group_reopened(draft: Draft, fact: GroupReopened) -> None:
    """The calendar counts again; a group that is closed by it stays so."""
    concerned = [key for key in _named(draft, fact.group) if opening_of(draft, key).closure is not None]
    if not concerned:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "not_closed")
    for group_id in concerned:
        before = opening_of(draft, group_id)
        after = _by_calendar(draft, draft.policy.groups[group_id], replace(before, closure=None, drain_until=None))
        _change(draft, group_id, before, after, "reopened", fact.by, fact.why)


def _named(draft: Draft, group: str | None) -> list[str]:
    """The group, or all. Raises Refusal."""
    if group is None:
        return sorted(draft.policy.groups)
    if group not in draft.policy.groups:
        raise Refusal(RefusalReason.UNKNOWN_GROUP)
    return [group]


def _change(
    draft: Draft,
    group_id: str,
    before: Opening,
    after: Opening,
    why: str,
    by: str | None = None,
    reason: str | None = None,
) -> None:
    """Say how the group stands, then move whom it concerns."""
    closure = after.closure
    draft.emit(
        group_id,
        GroupHoursChanged(
            group=group_id,
            open=after.open,
            at=draft.now,
            why=why,
            until=after.until,
            serving=after.serving,
            drain_until=after.drain_until,
            then=None if closure is None else closure.then,
            by=by if closure is None else closure.by,
            reason=reason if closure is None else closure.why,
        ),
    )
    if not after.open:
        group_no_longer_serves(draft, group_id)
    elif not before.open:
        _let_in(draft, group_id)


def _let_in(draft: Draft, group_id: str) -> None:
    """Who waited for the opening is queued with its place; callbacks carried over come in by their share."""
    for contact in deferred_in(draft, group_id, DeferredFor.CLOSED):
        enqueue(draft, contact, QueueCause.OPENED, draft.group_of(contact))
    way_opened(draft, group_id)
