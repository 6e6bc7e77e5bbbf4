"""Blind transfers to a group or to one agent; a transfer that nobody takes falls back (see `queueing.fall_back`)."""

from __future__ import annotations

from services.router.domain.contacts import ContactPhase
from services.router.domain.decide.draft import Draft, Refusal
from services.router.domain.decide.presence import apply_pending_presence
from services.router.domain.decide.queueing import enqueue
from services.router.domain.decide.wrapping import start_wrap_up
from shared.contracts.contact_events import TransferRequested, TransferTarget
from shared.contracts.routing_decisions import ContactTransferred, InteractionEnded, QueueCause, RefusalReason


def transfer_requested(draft: Draft, fact: TransferRequested) -> None:
    """The sender lets go; the contact keeps its first arrival and goes to the target's queue.

    Refused, and the customer stays with the sender, where the target does not exist or nobody is there.
    """
    contact = draft.contact(fact.contact_id)
    talk = contact.interaction
    if contact.phase is not ContactPhase.CONNECTED or talk is None:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, contact.phase)
    if talk.agent_id != fact.agent_id:
        raise Refusal(RefusalReason.NOT_THIS_AGENT)
    group = draft.policy.group_for(contact.business_line, talk.group, contact.channel)
    only_agent: str | None = None
    if fact.target_kind is TransferTarget.AGENT:
        if fact.target == fact.agent_id:
            raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "to_oneself")
        if not draft.could_serve(fact.target, contact.channel, ()):
            raise Refusal(RefusalReason.UNKNOWN_AGENT, "target")
        only_agent = fact.target
    else:
        target = draft.policy.groups.get(fact.target)
        if target is None or contact.channel not in target.channels:
            raise Refusal(RefusalReason.UNKNOWN_GROUP)
        group = target
    draft.emit(
        contact.contact_id,
        ContactTransferred(contact.contact_id, fact.agent_id, fact.transfer_id, fact.target_kind, fact.target),
    )
    talked = draft.now - (talk.started_at or draft.now)
    draft.emit(
        contact.contact_id,
        InteractionEnded(contact.contact_id, fact.agent_id, talk.interaction_id, draft.now, "transferred", talked),
    )
    start_wrap_up(draft, contact, talk)
    enqueue(draft, draft.contact(contact.contact_id), QueueCause.TRANSFERRED, group, only_agent)
    apply_pending_presence(draft, fact.agent_id)
