"""An offer is accepted, rejected or missed, and what was accepted gets connected or not."""

from __future__ import annotations

from services.router.domain.contacts import Contact, ContactPhase, Interaction, OfferState
from services.router.domain.decide.callbacks import attempt_failed
from services.router.domain.decide.consulting import end_consultation, is_consulted, start_consultation
from services.router.domain.decide.dialling import connect_deadline, request_dial
from services.router.domain.decide.draft import Draft, Refusal
from services.router.domain.decide.presence import after_the_offer, apply_pending_presence, await_return
from services.router.domain.decide.queueing import requeue, settle_transfer, withdraw
from services.router.domain.decide.turns import conversation_began
from services.router.domain.inputs import TimerDue
from shared.contracts.contact_events import (
    ContactConnected,
    ContactConnectFailed,
    OfferAccepted,
    OfferRejected,
    Presence,
)
from shared.contracts.routing_decisions import (
    ContactAssigned,
    InteractionEnded,
    InteractionStarted,
    OfferOutcome,
    QueueCause,
    RefusalReason,
    RonaAlerted,
)

NO_ANSWER = "no_answer"
"""Presence reason of an agent who missed an offer."""

OUTCOMES = {
    "rejected": OfferOutcome.REJECTED,
    "busy": OfferOutcome.BUSY,
    NO_ANSWER: OfferOutcome.TIMED_OUT,
}


def offer_accepted(draft: Draft, fact: OfferAccepted) -> None:
    """The first acceptance assigns; a second one of the same offer is harmless, a late one is told why."""
    contact = _contact_with_offer(draft, fact.contact_id, fact.offer_id, fact.agent_id)
    if contact.offers[fact.offer_id].state is not OfferState.OPEN:
        return
    if contact.consultation is not None:
        start_consultation(draft, contact, fact.offer_id, fact.agent_id)
        return
    draft.emit(
        fact.contact_id,
        ContactAssigned(
            contact_id=fact.contact_id,
            agent_id=fact.agent_id,
            offer_id=fact.offer_id,
            interaction_id=draft.next_id("i"),
            channel=contact.channel,
            group=contact.group,
            connect_deadline=connect_deadline(draft, contact),
            waited=draft.now - contact.entered_group_at,
            customer_id=contact.customer_id,
            gateway_id=contact.gateway_id,
        ),
    )
    _dial_if_callback(draft, fact.contact_id, fact.agent_id)


def _dial_if_callback(draft: Draft, contact_id: str, agent_id: str) -> None:
    """Agent first: the customer is called now that somebody waits for them."""
    contact = draft.contact(contact_id)
    if contact.callback is not None and not contact.callback.answered:
        request_dial(draft, contact, contact.callback, agent_id)


def offer_rejected(draft: Draft, fact: OfferRejected) -> None:
    """Back to the queue with its place, to others first; an unanswered ring is a missed offer."""
    contact = _contact_with_offer(draft, fact.contact_id, fact.offer_id, fact.agent_id)
    state = contact.offers[fact.offer_id].state
    if state is OfferState.CONSULTED:
        _colleague_gone(draft, contact, fact.offer_id, "rejected")
        return
    if state is OfferState.ACCEPTED:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, state)
    _offer_failed(draft, contact, OUTCOMES[fact.outcome], fact.reason)


def offer_timed_out(draft: Draft, timer: TimerDue) -> None:
    _offer_failed(draft, draft.contact(timer.subject), OfferOutcome.TIMED_OUT, None)


def _contact_with_offer(draft: Draft, contact_id: str, offer_id: str, agent_id: str) -> Contact:
    """The contact whose offer this is, open or accepted. Raises Refusal with the reason a person understands."""
    if contact_id in draft.pool.ended:
        raise Refusal(RefusalReason.OFFER_WITHDRAWN, "contact_ended")
    contact = draft.contact(contact_id)
    offer = contact.offers.get(offer_id)
    if offer is None:
        raise Refusal(RefusalReason.OFFER_NOT_FOUND)
    if offer.agent_id != agent_id:
        raise Refusal(RefusalReason.NOT_THIS_AGENT)
    if offer.state is OfferState.WITHDRAWN:
        raise Refusal(RefusalReason.OFFER_WITHDRAWN)
    return contact


def _offer_failed(draft: Draft, contact: Contact, outcome: OfferOutcome, reason: str | None) -> None:
    offer = contact.open_offer
    if offer is None:
        raise Refusal(RefusalReason.OFFER_NOT_FOUND)
    agent_id = offer.agent_id
    withdraw(draft, contact, outcome, reason)
    if outcome is OfferOutcome.TIMED_OUT:
        agent = draft.agent(agent_id)
        missed = agent.missed_in_a_row
        draft.change_presence(
            agent_id, Presence.NOT_READY, NO_ANSWER, "missed_offer", agent.pending_presence, agent.pending_reason
        )
        if missed % draft.policy.rona_alert_after == 0:
            draft.emit(agent_id, RonaAlerted(agent_id, missed))
    after_the_offer(draft, contact.contact_id, outcome, agent_id)


def _colleague_gone(draft: Draft, contact: Contact, offer_id: str, why: str) -> None:
    """The consulted agent left the line: the customer stays with the sender, or, already handed over, is queued again."""
    talk = contact.interaction
    if is_consulted(contact, offer_id):
        freed = end_consultation(draft, contact, why)
        if freed is not None:
            apply_pending_presence(draft, freed)
    elif contact.phase is ContactPhase.CONNECTED and talk is not None and talk.offer_id == offer_id:
        _connect_failed(draft, contact, talk)
    else:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, OfferState.CONSULTED)


def _in_conversation(draft: Draft, contact_id: str, offer_id: str) -> tuple[Contact, Interaction]:
    contact = draft.contact(contact_id)
    offer = contact.offers.get(offer_id)
    if offer is None:
        raise Refusal(RefusalReason.OFFER_NOT_FOUND)
    if offer.state is OfferState.WITHDRAWN:
        raise Refusal(RefusalReason.OFFER_WITHDRAWN)
    talk = contact.interaction
    if talk is None or talk.offer_id != offer_id:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, contact.phase)
    return contact, talk


def contact_connected(draft: Draft, fact: ContactConnected) -> None:
    """Customer and agent hear each other: the interaction begins, and a transfer is answered.

    Of a consulted agent it says no more than the acceptance did.
    """
    if _is_of_consultation(draft, fact.contact_id, fact.offer_id):
        return
    contact, talk = _in_conversation(draft, fact.contact_id, fact.offer_id)
    if contact.phase is not ContactPhase.CONNECTING:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, contact.phase)
    draft.emit(fact.contact_id, InteractionStarted(fact.contact_id, talk.agent_id, talk.interaction_id, draft.now))
    settle_transfer(draft, draft.contact(fact.contact_id), "answered", talk.agent_id)
    conversation_began(draft, fact.contact_id)
    if draft.agent(talk.agent_id).page_lost:
        await_return(draft, draft.contact(fact.contact_id))


def _is_of_consultation(draft: Draft, contact_id: str, offer_id: str) -> bool:
    offer = draft.contact(contact_id).offers.get(offer_id)
    return offer is not None and offer.state is OfferState.CONSULTED


def contact_connect_failed(draft: Draft, fact: ContactConnectFailed) -> None:
    """Nobody is lost: the contact keeps its place, or stays with the agent who only asked a colleague."""
    if _is_of_consultation(draft, fact.contact_id, fact.offer_id):
        _colleague_gone(draft, draft.contact(fact.contact_id), fact.offer_id, "agent_lost")
        return
    contact, talk = _in_conversation(draft, fact.contact_id, fact.offer_id)
    if contact.phase is not ContactPhase.CONNECTING:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, contact.phase)
    if contact.callback is not None and contact.callback.is_dialling:
        attempt_failed(draft, contact, contact.callback, "cancelled")  # the agent hung up while it rang
        return
    _connect_failed(draft, contact, talk)


def connect_timed_out(draft: Draft, timer: TimerDue) -> None:
    contact = draft.contact(timer.subject)
    if contact.callback is not None and contact.callback.is_dialling:
        attempt_failed(draft, contact, contact.callback, "unknown")
    elif contact.interaction is not None:
        _connect_failed(draft, contact, contact.interaction)


def _connect_failed(draft: Draft, contact: Contact, talk: Interaction) -> None:
    """The contact keeps its place; the agent, whose endpoint may be at fault, is not asked again at once."""
    freed = end_consultation(draft, contact, "agent_lost")
    draft.emit(
        contact.contact_id,
        InteractionEnded(contact.contact_id, talk.agent_id, talk.interaction_id, draft.now, "connect_failed"),
    )
    requeue(draft, contact.contact_id, QueueCause.CONNECT_FAILED, talk.agent_id)
    apply_pending_presence(draft, talk.agent_id)
    if freed is not None:
        apply_pending_presence(draft, freed)
