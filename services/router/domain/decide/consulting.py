"""A warm transfer under way: the sender keeps the customer until a colleague who was asked first has them.

Everything that can cross is decided here once: whatever comes to an end, the customer stays with the sender, unless
sender and colleague already talk and the sender leaves.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.router.domain.contacts import ConsultationState, Contact, Interaction
from services.router.domain.decide.draft import Draft, Refusal
from services.router.domain.decide.terms import wearing_of
from services.router.domain.decide.turns import conversation_began
from services.router.domain.decide.wrapping import start_wrap_up
from services.router.domain.inputs import TimerDue
from services.router.domain.memberships import Way, of_site
from services.router.domain.ordering import requirement_of
from services.router.domain.policy.model import Group
from services.router.domain.relaxation import steps_of, ways_of_step
from shared.contracts.contact_events import TransferRequested, TransferTarget
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import (
    ConsultationEnded,
    ConsultationRequested,
    ConsultationStarted,
    ContactTransferred,
    DialSettled,
    InteractionEnded,
    InteractionStarted,
    OfferOutcome,
    OfferWithdrawn,
    RefusalReason,
    TransferSettled,
)

WHY: Mapping[OfferOutcome, str] = {
    OfferOutcome.REJECTED: "rejected",
    OfferOutcome.BUSY: "rejected",
    OfferOutcome.TIMED_OUT: "unanswered",
    OfferOutcome.AGENT_SIGNED_OUT: "agent_lost",
    OfferOutcome.AGENT_UNREACHABLE: "agent_lost",
}
"""Why a consultation ends with the offer of the one who was asked in person."""


def request_consultation(
    draft: Draft, contact: Contact, fact: TransferRequested, group: Group, only_agent: str | None
) -> None:
    """Look for the asked agent, or for the best of the group; refused where nobody there could ever answer."""
    requirement = () if only_agent is not None else requirement_of(draft.policy, group, contact)
    steps = (
        () if not requirement or fact.target_kind is TransferTarget.SITE else steps_of(group, requirement, draft.now)
    )
    if only_agent is None and fact.target_kind is not TransferTarget.SITE:
        ways = [requirement, *(way for step in steps for way in ways_of_step(step))]
        if not any(_others_staffed(draft, fact.agent_id, contact, way) for way in ways):
            raise Refusal(RefusalReason.UNKNOWN_AGENT, "nobody_staffed")
    draft.emit(
        contact.contact_id,
        ConsultationRequested(
            contact_id=contact.contact_id,
            from_agent=fact.agent_id,
            transfer_id=fact.transfer_id,
            target_kind=fact.target_kind,
            target=fact.target,
            until=draft.now + draft.policy.consultation_wait_seconds * SECOND,
            group=group.id,
            requirement=requirement,
            steps=steps,
            severity=wearing_of(draft, group, draft.now)[0],
            joined=fact.mode == "conference",
        ),
    )


def require_branch(draft: Draft, contact: Contact, group: Group, fact: TransferRequested) -> None:
    """Raises Refusal: no such branch, or nobody but the sender there could ever take the contact."""
    if draft.policy.sites and fact.target not in draft.policy.sites:
        raise Refusal(RefusalReason.UNKNOWN_TARGET, "site")
    asked = (*requirement_of(draft.policy, group, contact), of_site(fact.target))
    if not _others_staffed(draft, fact.agent_id, contact, asked):
        raise Refusal(RefusalReason.UNKNOWN_AGENT, "nobody_staffed")


def _others_staffed(draft: Draft, sender: str, contact: Contact, way: Way) -> bool:
    """Whether somebody besides the sender could match."""
    return draft.queues.staffed(contact.channel, way) > draft.could_serve(sender, contact.channel, way)


def start_consultation(draft: Draft, contact: Contact, offer_id: str, agent_id: str) -> None:
    """The asked agent accepted."""
    consultation = contact.consultation
    if consultation is None:
        raise AssertionError("a consultation's offer is open only while it is under way")
    draft.emit(
        contact.contact_id,
        ConsultationStarted(
            contact_id=contact.contact_id,
            from_agent=consultation.from_agent,
            agent_id=agent_id,
            transfer_id=consultation.transfer_id,
            offer_id=offer_id,
            interaction_id=draft.next_id("i"),
            gateway_id=contact.gateway_id,
            joined=consultation.joined,
        ),
    )
    talk = contact.interaction
    if consultation.takes_over and talk is not None:
        hand_over(draft, draft.contact(contact.contact_id), talk)


def is_consulted(contact: Contact, offer_id: str) -> bool:
    """Whether this offer's agent talks with the sender just now."""
    consultation = contact.consultation
    return (
        consultation is not None
        and consultation.offer_id == offer_id
        and consultation.state is ConsultationState.TALKING
    )


def may_take_over(contact: Contact) -> bool:
    """Whether a colleague (or an outside party) is on the line who takes the customer should the sender leave."""
    return contact.consultation is not None and contact.consultation.state is ConsultationState.TALKING


def end_consultation(
    draft: Draft, contact: Contact, why: str, outcome: OfferOutcome = OfferOutcome.CANCELLED
) -> str | None:
    """No hand-over; an open offer is taken back with `outcome`, a party that rings given up. Returns who talked and is free.

    Nothing where nobody is consulted. What the freed agent had chosen meanwhile is the caller's to apply.
    """
    consultation = contact.consultation
    if consultation is None:
        return None
    contact_id, offer = contact.contact_id, contact.open_offer
    if offer is not None:
        draft.emit(contact_id, OfferWithdrawn(offer.offer_id, contact_id, offer.agent_id, outcome))
    if contact.outside is not None and not contact.outside.answered:
        attempt_id, transfer_id = contact.outside.attempt_id, consultation.transfer_id
        draft.emit(contact_id, DialSettled(contact_id, attempt_id, "cancelled", None, contact.gateway_id, transfer_id))
    draft.emit(
        contact_id,
        ConsultationEnded(
            contact_id=contact_id,
            from_agent=consultation.from_agent,
            transfer_id=consultation.transfer_id,
            why=why,
            agent_id=consultation.agent_id,
            gateway_id=contact.gateway_id,
        ),
    )
    return consultation.agent_id if consultation.state is ConsultationState.TALKING else None


def colleague_lost(draft: Draft, contact: Contact, outcome: OfferOutcome) -> None:
    """The offer fell through: of a group the next is asked while there is time and somebody left; else it is over."""
    consultation = contact.consultation
    if consultation is None:
        return
    in_time = contact.only_agent is None and draft.now < consultation.until
    if not (in_time and _somebody_left(draft, contact)):
        end_consultation(draft, contact, WHY.get(outcome, "unanswered"))


def _somebody_left(draft: Draft, contact: Contact) -> bool:
    """Whether a staffed agent was not asked yet, or another step comes.

    Who missed or rejected it, and the sender, stand among the excluded.
    """
    for way in contact.qualifications:
        tried = [a for a in contact.excluded if draft.could_serve(a, contact.channel, way)]
        if len(tried) < draft.queues.staffed(contact.channel, way):
            return True
    return contact.reached + 1 < len(contact.steps)


def consultation_lapsed(draft: Draft, timer: TimerDue) -> None:
    """Nobody was found in time."""
    end_consultation(draft, draft.contact(timer.subject), "unanswered")


def hand_over(draft: Draft, contact: Contact, talk: Interaction) -> None:
    """The consulted agent, or the outside party, has the customer from here on; the sender's wrap-up begins."""
    consultation = contact.consultation
    if consultation is None or consultation.state is not ConsultationState.TALKING:
        raise AssertionError("only who was asked and answered can take over")
    contact_id, to_agent, interaction_id = contact.contact_id, consultation.agent_id, consultation.interaction_id
    talked = contact.talked(draft.now)
    why = "taken_over" if consultation.takes_over else "transferred"
    draft.emit(
        contact_id,
        InteractionEnded(contact_id, talk.agent_id, talk.interaction_id, draft.now, why, talked),
    )
    start_wrap_up(draft, contact, talk)
    draft.emit(
        contact_id,
        ContactTransferred(
            contact_id=contact_id,
            from_agent=talk.agent_id,
            transfer_id=consultation.transfer_id,
            target_kind=consultation.target_kind,
            target=consultation.target,
            to_agent=to_agent,
            interaction_id=interaction_id,
            gateway_id=contact.gateway_id,
        ),
    )
    if to_agent is not None and interaction_id is not None:
        draft.emit(contact_id, InteractionStarted(contact_id, to_agent, interaction_id, draft.now))
        conversation_began(draft, contact_id)
    draft.emit(contact_id, TransferSettled(contact_id, talk.agent_id, consultation.transfer_id, "answered", to_agent))
