"""Relaxation (rule 4): which step decides who may take a waiting contact now.

The step whose time has come counts, unless nobody staffed could ever match it: then the first one after it that somebody
could. So a step changes when its time comes, and when somebody signs in, leaves or is taught; only the contacts whose step
hangs on exactly that are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable

from services.router.domain.contacts import Contact
from services.router.domain.decide.draft import Draft
from services.router.domain.relaxation import last_reached, ways_of_step
from shared.contracts.routing_decisions import RelaxationReached


def take_steps(draft: Draft, seeking: Iterable[Contact] | None = None) -> None:
    """Bring every contact the input touched, and every one whose staffing it changed, to the step that counts now.

    `seeking`: all who wait, where a new policy made everything different. A parked chat whose customer wrote waits for its own
    agent, whatever they hold.
    """
    if seeking is not None:
        found = [contact.contact_id for contact in seeking]
    else:
        touched = [key for key, contact in draft.work.contacts.items() if contact is not None and contact.steps]
        found = sorted({*touched, *_staffing_changed(draft)})
    for contact_id in found:
        contact = draft.work.find_contact(contact_id)
        if contact is not None and contact.steps and contact.waits and not contact.is_returning:
            place_on_step(draft, contact)


def place_on_step(draft: Draft, contact: Contact) -> None:
    """Tell the step that counts, where it is not the one told before."""
    reached = last_reached(contact.steps, draft.now)
    later = range(reached, len(contact.steps))
    step = next((n for n in later if _is_staffed(draft, contact, n)), reached)
    if (step, reached) == (contact.step, contact.reached):
        return
    present = contact.steps[step]
    draft.emit(
        contact.contact_id,
        RelaxationReached(
            contact_id=contact.contact_id,
            step=step,
            reached=reached,
            requirement=present.requirement,
            at=draft.now,
            let_in=present.let_in,
            skipped=step > reached,
        ),
    )


def _is_staffed(draft: Draft, contact: Contact, step: int) -> bool:
    return any(draft.staffed(contact.channel, way) for way in ways_of_step(contact.steps[step]))


def _staffing_changed(draft: Draft) -> set[str]:
    """Contacts whose step hangs on agents who came, left or changed what they can do within this input."""
    changed = [agent_id for agent_id in draft.work.agents if draft.is_requalified(agent_id)]
    found: set[str] = set()
    for agent_id in changed:
        before, after = draft.queues.known(agent_id), draft.work.find_agent(agent_id)
        found |= draft.queues.watchers_between(before, after, len(changed))
    return found
