"""Transfers, blind and warm, to a group, a branch, one agent, or an outside number (see `passing_outside`).

Blind, the sender lets go at once, and a transfer that nobody takes falls back (see `queueing.fall_back`). Warm, the
sender asks a colleague first and hands over, or keeps the customer (see `consulting`).
"""

from __future__ import annotations

from services.router.domain.contacts import Consultation, ConsultationState, Contact, ContactPhase, Interaction
from services.router.domain.decide.consulting import (
    end_consultation,
    hand_over,
    request_consultation,
    require_branch,
)
from services.router.domain.decide.draft import Draft, Refusal
from services.router.domain.decide.passing_outside import pass_outside
from services.router.domain.decide.presence import apply_pending_presence
from services.router.domain.decide.queueing import enqueue, fall_back
from services.router.domain.decide.wrapping import start_wrap_up
from services.router.domain.inputs import TimerDue
from services.router.domain.policy.model import Group
from shared.contracts.contact_events import TransferCancelled, TransferCompleted, TransferRequested, TransferTarget
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import ContactTransferred, InteractionEnded, QueueCause, RefusalReason


def transfer_requested(draft: Draft, fact: TransferRequested) -> None:
    """The contact keeps its first arrival whatever becomes of it.

    Refused, and the customer stays with the sender, where the target does not exist or nobody is there.
    """
    contact = draft.contact(fact.contact_id)
    talk = contact.interaction
    if contact.phase is not ContactPhase.CONNECTED or talk is None:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, contact.phase)
    if talk.agent_id != fact.agent_id:
        raise Refusal(RefusalReason.NOT_THIS_AGENT)
    if contact.consultation is not None:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "in_consultation")
    if fact.target_kind is TransferTarget.OUTSIDE:
        pass_outside(draft, contact, talk, fact)
        return
    group, only_agent = _target(draft, contact, talk, fact)
    if fact.mode != "blind":
        request_consultation(draft, contact, fact, group, only_agent)
    else:
        _let_go(draft, contact, talk, fact, group, only_agent)


def _target(draft: Draft, contact: Contact, talk: Interaction, fact: TransferRequested) -> tuple[Group, str | None]:
    """The group that counts, and the one agent where a person was named. Raises Refusal."""
    if fact.target_kind is TransferTarget.AGENT:
        if fact.target == fact.agent_id:
            raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "to_oneself")
        if not draft.could_serve(fact.target, contact.channel, ()):
            raise Refusal(RefusalReason.UNKNOWN_AGENT, "target")
        return draft.policy.group_for(contact.business_line, talk.group, contact.channel), fact.target
    if fact.target_kind is TransferTarget.SITE:
        group = draft.policy.group_for(contact.business_line, talk.group, contact.channel)
        require_branch(draft, contact, group, fact)
        return group, None
    target = draft.policy.groups.get(fact.target)
    if target is None or contact.channel not in target.channels:
        raise Refusal(RefusalReason.UNKNOWN_GROUP)
    if not draft.work.opening(target.id).open:
        raise Refusal(RefusalReason.GROUP_CLOSED)
    return target, None


def _let_go(
    draft: Draft, contact: Contact, talk: Interaction, fact: TransferRequested, group: Group, only_agent: str | None
) -> None:
    until = None
    if fact.target_kind is TransferTarget.SITE:
        until = draft.now + draft.policy.preferred_wait(group) * SECOND
    draft.emit(
        contact.contact_id,
        ContactTransferred(
            contact.contact_id, fact.agent_id, fact.transfer_id, fact.target_kind, fact.target, until=until
        ),
    )
    talked = contact.talked(draft.now)
    draft.emit(
        contact.contact_id,
        InteractionEnded(contact.contact_id, fact.agent_id, talk.interaction_id, draft.now, "transferred", talked),
    )
    start_wrap_up(draft, contact, talk)
    enqueue(draft, draft.contact(contact.contact_id), QueueCause.TRANSFERRED, group, only_agent)
    apply_pending_presence(draft, fact.agent_id)


def site_lapsed(draft: Draft, timer: TimerDue) -> None:
    """Nobody of the branch took it in time."""
    fall_back(draft, draft.contact(timer.subject))


def _under_way(draft: Draft, contact_id: str, transfer_id: str) -> tuple[Contact, Consultation]:
    contact = draft.contact(contact_id)
    consultation = contact.consultation
    if consultation is None:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "no_consultation")
    if consultation.transfer_id != transfer_id:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "another_transfer")
    return contact, consultation


def transfer_completed(draft: Draft, fact: TransferCompleted) -> None:
    """The customer goes to the consulted agent or party; before that one answered there is nobody to take them."""
    contact, consultation = _under_way(draft, fact.contact_id, fact.transfer_id)
    if consultation.from_agent != fact.agent_id:
        raise Refusal(RefusalReason.NOT_THIS_AGENT)
    if consultation.state is not ConsultationState.TALKING or contact.interaction is None:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "not_answered")
    hand_over(draft, contact, contact.interaction)
    apply_pending_presence(draft, fact.agent_id)


def transfer_cancelled(draft: Draft, fact: TransferCancelled) -> None:
    """The sender keeps the customer; the asked agent, once they talk, may also be the one who leaves."""
    contact, consultation = _under_way(draft, fact.contact_id, fact.transfer_id)
    leaves = consultation.state is ConsultationState.TALKING and consultation.agent_id == fact.agent_id
    if not leaves and consultation.from_agent != fact.agent_id:
        raise Refusal(RefusalReason.NOT_THIS_AGENT)
    freed = end_consultation(draft, contact, "rejected" if leaves else "cancelled")
    if freed is not None:
        apply_pending_presence(draft, freed)
