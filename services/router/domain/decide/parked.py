"""A parked chat leaves its agent: they sign out, are not free when its customer writes, or it ends."""

from __future__ import annotations

from services.router.domain.contacts import Contact
from services.router.domain.decide.draft import Draft
from services.router.domain.decide.wrapping import start_wrap_up
from shared.contracts.routing_decisions import InteractionEnded


def leave_agent(draft: Draft, contact: Contact, why: str) -> None:
    """The interaction is over. What remains to be written takes no load: its place may have been given away long since."""
    talk = contact.interaction
    if talk is None:
        return
    draft.emit(
        contact.contact_id,
        InteractionEnded(
            contact.contact_id, talk.agent_id, talk.interaction_id, draft.now, why, contact.talked(draft.now)
        ),
    )
    start_wrap_up(draft, contact, talk, takes_load=False)
