"""A supervisor takes a conversation over: their own seat is rung, and once it answers the customer is theirs.

Until then the agent goes on, so that the customer is never alone; whatever fails, the customer stays with the agent. The
seat is asked whatever its presence says (supervisors are seldom "available"), but never beyond what it may carry.
"""

from __future__ import annotations

from services.router.domain.contacts import Contact, ContactPhase
from services.router.domain.decide.consulting import end_consultation, hand_over, is_consulted
from services.router.domain.decide.draft import Draft, Refusal
from services.router.domain.decide.presence import apply_pending_presence
from services.router.domain.eligibility import capacity_refusal
from shared.contracts.contact_events import TakeOverRequested, TransferTarget
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import ConsultationRequested, OfferMade, OfferReasons, RefusalReason

TAKE_OVER = "take_over"
"""Trigger of the one offer that matching does not make."""


def take_over_requested(draft: Draft, fact: TakeOverRequested) -> None:
    """Refused where there is no conversation, or the seat is not signed in, out of reach, or full."""
    contact = draft.contact(fact.contact_id)
    talk = contact.interaction
    if contact.phase is not ContactPhase.CONNECTED or talk is None:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, contact.phase)
    if talk.agent_id == fact.agent_id:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "to_oneself")
    seat, asked = draft.agent(fact.agent_id), contact.consultation
    if asked is not None and asked.agent_id == fact.agent_id and is_consulted(contact, asked.offer_id or ""):
        hand_over(draft, contact, talk)  # they talk with the agent already
        apply_pending_presence(draft, talk.agent_id)
        return
    if not seat.reachable:
        raise Refusal(RefusalReason.UNKNOWN_AGENT, "unreachable")
    full = capacity_refusal(seat, contact.channel, draft.capacity)
    if full is not None:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, full)
    freed = end_consultation(draft, contact, "cancelled")
    if freed is not None:
        apply_pending_presence(draft, freed)
    _ring(draft, draft.contact(fact.contact_id), talk.agent_id, fact)


def _ring(draft: Draft, contact: Contact, agent_id: str, fact: TakeOverRequested) -> None:
    """Ask the supervisor's seat, as if its colleague had consulted it in person."""
    group, transfer_id = draft.group_of(contact), draft.next_id("t")
    expires_at = draft.now + group.offer_timeout_seconds[contact.channel] * SECOND
    draft.emit(
        contact.contact_id,
        ConsultationRequested(
            contact_id=contact.contact_id,
            from_agent=agent_id,
            transfer_id=transfer_id,
            target_kind=TransferTarget.AGENT,
            target=fact.agent_id,
            until=expires_at,
            group=group.id,
            takes_over=True,
            by=fact.by,
            why=fact.why,
        ),
    )
    draft.emit(
        contact.contact_id,
        OfferMade(
            offer_id=draft.next_id("o"),
            contact_id=contact.contact_id,
            agent_id=fact.agent_id,
            channel=contact.channel,
            business_line=contact.business_line,
            group=group.id,
            made_at=draft.now,
            expires_at=expires_at,
            reasons=OfferReasons(
                trigger=TAKE_OVER,
                step="preferred",
                strategy=group.strategy,
                winner_key=(fact.agent_id,),
                waited=0,
                head_start=contact.head_start,
                policy_version=draft.policy_version,
            ),
            auto_accept=True,
            customer_id=contact.customer_id,
            gateway_id=contact.gateway_id,
            consult_of=transfer_id,
        ),
    )
