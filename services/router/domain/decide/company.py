"""Colleagues beside a conversation (cooperation, not passing on): they read along and help; the contact stays its agent's."""

from __future__ import annotations

from services.router.domain.contacts import Contact, ContactPhase
from services.router.domain.decide.draft import Draft, Refusal
from shared.contracts.contact_events import ColleagueJoined, ColleagueLeft
from shared.contracts.routing_decisions import ColleagueAdmitted, ColleagueReleased, RefusalReason

JOINABLE = (ContactPhase.CONNECTING, ContactPhase.CONNECTED, ContactPhase.PARKED)
"""Where there is an agent to stand by."""


def colleague_joined(draft: Draft, fact: ColleagueJoined) -> None:
    """Joining twice is harmless."""
    contact = _with_agent(draft, fact.contact_id)
    if contact.interaction is not None and contact.interaction.agent_id == fact.agent_id:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "to_oneself")
    if fact.agent_id not in contact.colleagues:
        draft.emit(fact.contact_id, ColleagueAdmitted(fact.contact_id, fact.agent_id, draft.now, fact.why))


def colleague_left(draft: Draft, fact: ColleagueLeft) -> None:
    contact = draft.contact(fact.contact_id)
    if fact.agent_id in contact.colleagues:
        draft.emit(fact.contact_id, ColleagueReleased(fact.contact_id, fact.agent_id, draft.now))


def _with_agent(draft: Draft, contact_id: str) -> Contact:
    contact = draft.contact(contact_id)
    if contact.phase not in JOINABLE:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, contact.phase)
    return contact
