"""What agents say about themselves: signing in and out, presence, endpoints, skills.

A presence chosen during a conversation or wrap-up is pending, shown, and applies afterwards; nobody is
signed out while handling.
"""

from __future__ import annotations

from services.router.domain.contacts import Contact, ContactPhase
from services.router.domain.decide.consulting import colleague_lost, end_consultation, hand_over, may_take_over
from services.router.domain.decide.draft import Draft, Refusal
from services.router.domain.decide.exposing import count_exposure_of
from services.router.domain.decide.parked import leave_agent
from services.router.domain.decide.queueing import end_hold, end_vain_holds, requeue, withdraw
from services.router.domain.decide.wrapping import finish_all_wrap_ups
from services.router.domain.inputs import TimerDue
from shared.contracts.contact_events import (
    AgentProfileChanged,
    AgentSignedIn,
    AgentSignedOut,
    EndpointLost,
    EndpointRestored,
    Presence,
    PresenceChanged,
)
from shared.contracts.fields import SECOND, Channel
from shared.contracts.routing_decisions import (
    AgentReturnAwaited,
    ContactParked,
    InteractionEnded,
    OfferOutcome,
    QueueCause,
    RefusalReason,
)


def agent_signed_in(draft: Draft, fact: AgentSignedIn) -> None:
    """A new session; a second page of the same agent takes over what is going on."""
    agent = draft.work.find_agent(fact.agent_id)
    if agent is not None and agent.session_id == fact.session_id:
        raise Refusal(RefusalReason.ALREADY_SIGNED_IN)
    draft.absorb()
    if agent is None:
        draft.change_presence(fact.agent_id, fact.presence, fact.reason, "signed_in")
        return
    present = draft.agent(fact.agent_id)
    stays = present.pending_presence is not Presence.SIGNED_OUT
    draft.change_presence(
        fact.agent_id,
        present.presence,
        present.presence_reason,
        "signed_in",
        present.pending_presence if stays else None,
        present.pending_reason if stays else None,
    )
    end_vain_holds(draft, fact.agent_id)


def agent_signed_out(draft: Draft, fact: AgentSignedOut) -> None:
    """At once, or pending while a conversation goes on. Wrap-ups left open get the default code, flagged."""
    agent = draft.agent(fact.agent_id)
    if fact.session_id is not None and fact.session_id != agent.session_id:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "another_session")
    take_offers_back(draft, fact.agent_id, OfferOutcome.AGENT_SIGNED_OUT)
    if agent.is_talking:
        agent = draft.agent(fact.agent_id)
        draft.change_presence(
            fact.agent_id, agent.presence, agent.presence_reason, "sign_out_pending", Presence.SIGNED_OUT
        )
        return
    finish_all_wrap_ups(draft, fact.agent_id)
    _sign_out(draft, fact.agent_id)


def _sign_out(draft: Draft, agent_id: str) -> None:
    _leave_parked_chats(draft, agent_id)
    finish_all_wrap_ups(draft, agent_id)
    count_exposure_of(draft, agent_id)
    draft.change_presence(agent_id, Presence.SIGNED_OUT, None, "signed_out")
    end_vain_holds(draft, agent_id)


def _leave_parked_chats(draft: Draft, agent_id: str) -> None:
    """They go on waiting for their customers; who wrote already is queued at once."""
    for contact_id in sorted(draft.agent(agent_id).parked):
        contact = draft.contact(contact_id)
        if contact.is_returning:
            end_hold(draft, contact_id)
            continue
        closes_at = None if contact.chat is None else contact.chat.close_at
        leave_agent(draft, contact, "signed_out")
        draft.emit(contact_id, ContactParked(contact_id, contact.channel, contact.group, draft.now, closes_at))


def presence_changed(draft: Draft, fact: PresenceChanged) -> None:
    """At once, or pending while handling or wrapping up; leaving with an offer ringing gives the offer back."""
    agent = draft.agent(fact.agent_id)
    if agent.is_occupied and fact.presence is not agent.presence:
        draft.change_presence(
            fact.agent_id, agent.presence, agent.presence_reason, "presence_pending", fact.presence, fact.reason
        )
        if fact.presence is not Presence.AVAILABLE:
            take_offers_back(draft, fact.agent_id, OfferOutcome.REJECTED, "presence_changed")
        return
    draft.change_presence(fact.agent_id, fact.presence, fact.reason, "presence_changed")
    if fact.presence is not Presence.AVAILABLE:
        take_offers_back(draft, fact.agent_id, OfferOutcome.REJECTED, "presence_changed")


def apply_pending_presence(draft: Draft, agent_id: str) -> None:
    """After work came to an end: what the agent had chosen meanwhile applies now."""
    agent = draft.work.find_agent(agent_id)
    if agent is None or agent.pending_presence is None or agent.is_occupied:
        return
    if agent.pending_presence is Presence.SIGNED_OUT:
        _sign_out(draft, agent_id)
    else:
        draft.change_presence(agent_id, agent.pending_presence, agent.pending_reason, "pending_presence_applied")


def agent_profile_changed(draft: Draft, fact: AgentProfileChanged) -> None:
    """New skills and capacity count from now on; an offer already made stays."""
    draft.agent(fact.agent_id)
    draft.absorb()
    end_vain_holds(draft, fact.agent_id)


def skill_expired(draft: Draft, timer: TimerDue) -> None:
    agent = draft.agent(timer.subject)
    draft.tell_as_is(agent, "skill_expired")
    end_vain_holds(draft, timer.subject)


def endpoint_lost(draft: Draft, fact: EndpointLost) -> None:
    """No offers; live calls stay; conversations that need the lost page are queued again after the grace."""
    agent = draft.agent(fact.agent_id)
    if agent.phone_lost if fact.cause == "phone" else agent.page_lost:
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "already_lost")
    draft.absorb()
    take_offers_back(draft, fact.agent_id, OfferOutcome.AGENT_UNREACHABLE)
    if fact.cause == "page":
        for contact_id in sorted(agent.handling):
            await_return(draft, draft.contact(contact_id))
        for contact_id in sorted(agent.consulting):
            if agent.consulting[contact_id] is not Channel.PHONE:
                end_consultation(draft, draft.contact(contact_id), "agent_lost")
        apply_pending_presence(draft, fact.agent_id)


def await_return(draft: Draft, contact: Contact) -> None:
    """A conversation that needs the lost page waits for its agent; a call goes on without it."""
    talk = contact.interaction
    if contact.channel is not Channel.PHONE and contact.phase is ContactPhase.CONNECTED and talk is not None:
        until = draft.now + draft.policy.chat_grace_seconds * SECOND
        draft.emit(
            contact.contact_id, AgentReturnAwaited(contact.contact_id, talk.agent_id, talk.interaction_id, until)
        )


def agent_did_not_return(draft: Draft, timer: TimerDue) -> None:
    """The grace is over: a consulted colleague takes the customer, or the conversation goes back to its queue."""
    contact = draft.contact(timer.subject)
    talk = contact.interaction
    if talk is None:
        return
    if may_take_over(contact):
        hand_over(draft, contact, talk)
        apply_pending_presence(draft, talk.agent_id)
        return
    end_consultation(draft, contact, "agent_lost")
    talked = contact.talked(draft.now)
    draft.emit(
        contact.contact_id,
        InteractionEnded(contact.contact_id, talk.agent_id, talk.interaction_id, draft.now, "agent_lost", talked),
    )
    requeue(draft, contact.contact_id, QueueCause.AGENT_LOST, talk.agent_id)
    apply_pending_presence(draft, talk.agent_id)


def endpoint_restored(draft: Draft, fact: EndpointRestored) -> None:
    agent = draft.agent(fact.agent_id)
    if not (agent.phone_lost if fact.cause == "phone" else agent.page_lost):
        raise Refusal(RefusalReason.ILLEGAL_IN_STATE, "not_lost")
    draft.absorb()


def take_offers_back(draft: Draft, agent_id: str, outcome: OfferOutcome, reason: str | None = None) -> None:
    """Withdraw every open offer of the agent."""
    for contact_id in sorted(draft.agent(agent_id).offered):
        withdraw(draft, draft.contact(contact_id), outcome, reason)
        after_the_offer(draft, contact_id, outcome, agent_id)


def after_the_offer(draft: Draft, contact_id: str, outcome: OfferOutcome, agent_id: str) -> None:
    """The offer fell through: the contact is queued again with its place, or another colleague is asked."""
    contact = draft.contact(contact_id)
    if contact.consultation is not None:
        colleague_lost(draft, contact, outcome)
    else:
        requeue(draft, contact_id, QueueCause.OFFER_FAILED, agent_id)
