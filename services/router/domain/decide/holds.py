"""Hold: the customer waits while their agent looks something up. It changes nobody's work; reports tell it from talk."""

from __future__ import annotations

from services.router.domain.contacts import ContactPhase
from services.router.domain.decide.draft import Draft, Refusal
from shared.contracts.contact_events import ContactHeld
from shared.contracts.routing_decisions import HoldNoted, RefusalReason


def contact_held(draft: Draft, fact: ContactHeld) -> None:
    """Refused for whoever does not have the customer; the same thing said twice is harmless."""
    contact = draft.contact(fact.contact_id)
    talk = contact.interaction
    if contact.phase is not ContactPhase.CONNECTED or talk is None:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, contact.phase)
    if talk.agent_id != fact.agent_id:
        raise Refusal(RefusalReason.NOT_THIS_AGENT)
    if fact.held is (contact.held_since is None):
        draft.emit(
            contact.contact_id,
            HoldNoted(contact.contact_id, talk.agent_id, talk.interaction_id, fact.held, draft.now),
        )
