"""How groups stand in the middle of an input: open or closed, how many wait, whether anybody could serve.

The indexes know the records as they were before the input; what it touched is counted anew here.
"""

from __future__ import annotations

from services.router.domain.callbacks import DeferredFor
from services.router.domain.contacts import Contact, ContactPhase
from services.router.domain.decide.draft import Draft
from services.router.domain.hours import Intervals, Opening, hours_of
from services.router.domain.memberships import Way
from services.router.domain.policy.model import Group
from services.router.domain.queues import ways_of_step
from shared.contracts.fields import Channel


def opening_of(draft: Draft, group: str) -> Opening:
    return draft.work.opening(group)


def hours_of_group(draft: Draft, group: Group) -> Intervals | None:
    """When the group is open; None: always, as far as a calendar goes."""
    return hours_of(draft.hours, group.hours)


def queued_in(draft: Draft, group: str) -> list[Contact]:
    """Who is queued in the group, in contact order."""
    ids = set(draft.queues.by_group.queued(group)) | set(draft.unindexed_contacts)
    found = [c for key in sorted(ids) if (c := draft.work.find_contact(key)) is not None]
    return sorted((c for c in found if c.phase is ContactPhase.QUEUED and c.group == group), key=_order)


def deferred_in(draft: Draft, group: str, why: DeferredFor) -> list[Contact]:
    """Who is deferred in the group for this reason, in the order of their places."""
    ids = set(draft.queues.by_group.deferred(group)) | set(draft.unindexed_contacts)
    found = [c for key in sorted(ids) if (c := draft.work.find_contact(key)) is not None]
    there = [c for c in found if c.phase is ContactPhase.DEFERRED and c.group == group]
    return sorted((c for c in there if c.deferral is not None and c.deferral.why is why), key=_place)


def waiting_count(draft: Draft, group: str, channel: Channel) -> int:
    """How many are queued in the group on the channel."""
    count = draft.queues.by_group.count(group, channel)
    for contact_id, contact in draft.unindexed_contacts.items():
        before = draft.queues.by_group.is_queued(contact_id, group, channel)
        now = contact is not None and contact.phase is ContactPhase.QUEUED
        count += (now and contact is not None and (contact.group, contact.channel) == (group, channel)) - before
    return count


def staffed(draft: Draft, channel: Channel, needed: Way) -> int:
    """How many signed-in agents could match, those the input touched as they are now."""
    count = draft.queues.staffed(channel, needed)
    for agent_id, agent in draft.unindexed_agents.items():
        count -= draft.queues.is_staff(agent_id, channel, needed)
        count += agent is not None and agent.could_match(channel, needed, draft.capacity)
    return count


def anyone_staffed(draft: Draft, contact: Contact) -> bool:
    """Whether somebody signed in could serve the contact, at any step of its relaxation."""
    ways = [way for step in contact.steps for way in ways_of_step(step)] or [contact.requirement]
    return any(staffed(draft, contact.channel, way) for way in ways)


def _order(contact: Contact) -> tuple[int, str]:
    return contact.order_key


def _place(contact: Contact) -> tuple[int, int, str]:
    """A callback that never was in the queue has no due time yet: it goes by when its place began."""
    return (contact.due_at or contact.queued_at, contact.queued_at, contact.contact_id)
