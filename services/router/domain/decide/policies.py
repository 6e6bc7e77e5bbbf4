"""A policy comes into force: those waiting are placed anew under it and matched."""

from __future__ import annotations

from services.router.domain.contacts import Contact
from services.router.domain.decide.arrivals import rekey
from services.router.domain.decide.consulting import end_consultation
from services.router.domain.decide.draft import Draft, Refusal
from services.router.domain.decide.opening_hours import reconsider_hours
from services.router.domain.decide.overflow import settle
from services.router.domain.decide.queueing import enqueue, fall_back
from services.router.domain.inputs import HoursExpanded, PolicyInForce
from shared.contracts.routing_decisions import PolicyApplied, QueueCause, RefusalReason


def refuse_stale(version_in_force: int, fact: PolicyInForce) -> None:
    """Raises Refusal unless the version is a newer one."""
    if fact.version <= version_in_force:
        raise Refusal(RefusalReason.STALE_POLICY)


def policy_in_force(draft: Draft, fact: PolicyInForce) -> list[Contact]:
    """Apply it and return all who wait, in contact order: any of them may have become servable.

    `draft` already stands under the new policy; a contact whose group is gone moves to its line's default, and nobody of
    such a group is looked for to be consulted any more.
    """
    draft.emit(draft.given.pool, PolicyApplied(fact.version, fact.hash))
    waiting = [key for key in sorted(draft.pool.contacts) if draft.pool.contacts[key].waits]
    for contact_id in waiting:
        contact = draft.contact(contact_id)
        group = draft.group_of(contact)
        if contact.is_returning:  # to its agent, whatever became of its group
            continue
        if contact.consultation is not None:
            if group.id != contact.group:
                end_consultation(draft, contact, "unanswered")
        elif group.id == contact.group:
            if fact.waiting == "apply":
                rekey(draft, contact, new_preferred=False)
        elif contact.only_agent is not None:
            fall_back(draft, contact)
        else:
            enqueue(draft, contact, QueueCause.RECLASSIFIED, group)
    _tell_new_capacity(draft)
    draft.reindex()
    reconsider_hours(draft)
    settle(draft)
    placed = {*waiting, *draft.work.contacts}
    found = [c for key in sorted(placed) if (c := draft.work.find_contact(key)) is not None]
    return [contact for contact in found if contact.waits]


def hours_expanded(draft: Draft, fact: HoursExpanded) -> None:
    """More of the future is known; what stands otherwise for it is decided."""
    reconsider_hours(draft)


def _tell_new_capacity(draft: Draft) -> None:
    """Boards show what an agent may carry: whoever's maxima the new policy changes is told anew."""
    before = draft.pool.policy
    if before is None or before.capacity.channels == draft.capacity.channels:
        return
    for agent_id in sorted(draft.pool.agents):
        agent = draft.agent(agent_id)
        if any(agent.maximum(c, before.capacity) != agent.maximum(c, draft.capacity) for c in draft.capacity.channels):
            draft.tell_as_is(agent, "policy_applied")
