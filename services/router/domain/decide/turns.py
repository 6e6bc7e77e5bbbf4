"""Whose turn it is to write when a conversation begins, and the rule its group has for silence."""

from __future__ import annotations

from services.router.domain.contacts import Contact
from services.router.domain.decide.draft import Draft
from services.router.domain.policy.conversation import ChatLife
from shared.contracts.fields import SECOND, Channel
from shared.contracts.routing_decisions import ReplyAwaited

WRITTEN = (Channel.WEB, Channel.SMS)
"""Channels on which a conversation is written and its sides take turns within minutes."""


def chat_rule(draft: Draft, contact: Contact) -> ChatLife:
    """The chat life of the group the conversation belongs to."""
    group = contact.group if contact.interaction is None else contact.interaction.group
    return draft.policy.group_for(contact.business_line, group, contact.channel).chat


def conversation_began(draft: Draft, contact_id: str) -> None:
    """The customer has written, or been handed over: the first word is the agent's, in time where the group says so."""
    contact = draft.contact(contact_id)
    talk, seconds = contact.interaction, chat_rule(draft, contact).first_reply_seconds
    if contact.channel in WRITTEN and talk is not None and seconds is not None:
        until = draft.now + seconds * SECOND
        draft.emit(contact_id, ReplyAwaited(contact_id, talk.agent_id, talk.interaction_id, "agent", draft.now, until))
