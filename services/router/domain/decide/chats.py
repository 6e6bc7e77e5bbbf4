"""Chat life: whose turn it is to write, and what comes of silence.

An agent who sends no first reply in time loses the chat to the queue. A customer who falls silent frees the agent's
load; who writes again finds the same agent if they are free in time, else the queue, with the place of the first day;
who stays silent is told that the chat is closed.
"""

from __future__ import annotations

from services.router.domain.contacts import Contact, ContactPhase
from services.router.domain.decide.consulting import may_take_over
from services.router.domain.decide.draft import Draft, Refusal
from services.router.domain.decide.endings import end_parked
from services.router.domain.decide.presence import apply_pending_presence
from services.router.domain.decide.queueing import enqueue, requeue
from services.router.domain.decide.turns import WRITTEN, chat_rule
from services.router.domain.inputs import TimerDue
from shared.contracts.contact_events import ConversationTurned
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import (
    ContactParked,
    ContactReturning,
    InteractionEnded,
    QueueCause,
    RefusalReason,
    ReplyAwaited,
)

SILENT_CUSTOMER = "no_answer_from_customer"


def conversation_turned(draft: Draft, fact: ConversationTurned) -> None:
    """Outside a conversation nothing follows: who writes while waiting keeps waiting."""
    contact = draft.contact(fact.contact_id)
    if contact.channel not in WRITTEN:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "not_written")
    if contact.phase is ContactPhase.PARKED:
        if fact.to == "agent" and not contact.is_returning:
            _customer_wrote(draft, contact)
        return
    talk, chat = contact.interaction, contact.chat
    if contact.phase is not ContactPhase.CONNECTED or talk is None or (chat is not None and chat.of == fact.to):
        return
    until, seconds = None, chat_rule(draft, contact).waiting_after_seconds
    if fact.to == "customer" and seconds is not None:
        until = draft.now + seconds * SECOND
    draft.emit(
        contact.contact_id,
        ReplyAwaited(contact.contact_id, talk.agent_id, talk.interaction_id, fact.to, draft.now, until),
    )


def _customer_wrote(draft: Draft, contact: Contact) -> None:
    """Back to the agent as soon as they are free (matching sees to it), or at once to the queue where they left."""
    talk = contact.interaction
    if talk is None:
        enqueue(draft, contact, QueueCause.REPLIED, draft.group_of(contact))
        return
    until = draft.now + chat_rule(draft, contact).return_seconds * SECOND
    draft.emit(
        contact.contact_id,
        ContactReturning(contact.contact_id, talk.agent_id, talk.interaction_id, draft.now, until),
    )


def turn_lapsed(draft: Draft, timer: TimerDue) -> None:
    """No first reply: the chat goes to somebody else. No word of the customer: it waits for them without load."""
    contact = draft.contact(timer.subject)
    talk, chat = contact.interaction, contact.chat
    if talk is None or chat is None or may_take_over(contact):
        return
    if chat.of == "agent":
        draft.emit(
            contact.contact_id,
            InteractionEnded(
                contact.contact_id,
                talk.agent_id,
                talk.interaction_id,
                draft.now,
                "no_reply",
                contact.talked(draft.now),
            ),
        )
        requeue(draft, contact.contact_id, QueueCause.NO_REPLY, talk.agent_id)
    else:
        close_after = chat_rule(draft, contact).close_after_seconds
        draft.emit(
            contact.contact_id,
            ContactParked(
                contact_id=contact.contact_id,
                channel=contact.channel,
                group=contact.group,
                at=draft.now,
                until=None if close_after is None else draft.now + close_after * SECOND,
                agent_id=talk.agent_id,
                interaction_id=talk.interaction_id,
            ),
        )
    apply_pending_presence(draft, talk.agent_id)


def parked_too_long(draft: Draft, timer: TimerDue) -> None:
    """The customer stayed silent: closed; the gateway tells them so."""
    end_parked(draft, draft.contact(timer.subject), "system", SILENT_CUSTOMER)
