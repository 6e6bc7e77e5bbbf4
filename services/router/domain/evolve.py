"""What a recorded decision does to the records: the only place where state changes.

`absorb` takes in what an input itself says (skills, a profile, a lost page); `evolve` applies one decision.
Both need nothing but the journal, so a newer version folds an older past exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from services.router.domain.agents import Agent, WrapUp
from services.router.domain.contacts import Contact, ContactPhase, Interaction, Offer, Transfer, from_arrival
from services.router.domain.inputs import Input
from services.router.domain.policy import WrapUpMode
from services.router.domain.policy_document import DEFAULT_DISPOSITION
from services.router.domain.transitions import IllegalTransition, next_offer_state, next_phase
from services.router.domain.workspace import Workspace
from shared.contracts.contact_events import (
    AgentProfileChanged,
    AgentSignedIn,
    ContactArrived,
    ContactClassified,
    ContactProfiled,
    EndpointLost,
    EndpointRestored,
    Presence,
)
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import (
    AgentReturnAwaited,
    AgentStateChanged,
    ContactAssigned,
    ContactClosed,
    ContactQueued,
    ContactRekeyed,
    ContactTransferred,
    EnrichmentAwaited,
    ExclusionEnded,
    InteractionEnded,
    InteractionStarted,
    OfferMade,
    OfferOutcome,
    OfferWithdrawn,
    PreferredWaitEnded,
    RoutingDecision,
    TransferSettled,
    WrapUpFinished,
    WrapUpNoted,
    WrapUpProlonged,
    WrapUpStarted,
)

EXCLUDING = (OfferOutcome.REJECTED, OfferOutcome.BUSY, OfferOutcome.TIMED_OUT)
"""Outcomes after which the agent is not asked again for this contact for a while."""


# ---- what the input itself says


def absorb(work: Workspace, given: Input) -> None:
    """Take in the facts of an input that was not refused."""
    fact = given.fact
    match fact:
        case ContactProfiled():
            _absorb_profile(work, fact)
        case ContactClassified():
            contact = work.contact(fact.contact_id)
            contact.wished_group = fact.group
            contact.reason = fact.reason or contact.reason
        case AgentSignedIn():
            _absorb_sign_in(work, fact)
        case AgentProfileChanged():
            agent = work.agent(fact.agent_id)
            agent.teams, agent.sites = fact.teams, fact.sites
            _set_skills(work, agent, fact)
        case EndpointLost():
            _set_endpoint(work.agent(fact.agent_id), fact.cause, lost=True)
        case EndpointRestored():
            agent = work.agent(fact.agent_id)
            _set_endpoint(agent, fact.cause, lost=False)
            if not agent.page_lost:
                _keep_conversations(work, agent)
        case _:
            pass


def _absorb_profile(work: Workspace, fact: ContactProfiled) -> None:
    """A profile counts until the first offer; after that it changes the screen-pop only."""
    found = work.find_contact(fact.contact_id)
    if found is None or found.phase not in (ContactPhase.ENRICHING, ContactPhase.QUEUED):
        return
    contact = work.contact(fact.contact_id)
    contact.customer_id = fact.customer_id
    contact.tier = fact.tier
    contact.repeat = fact.repeat
    contact.language = contact.language or fact.language  # what the caller chose beats what is on file
    contact.preferred = fact.preferred


def _absorb_sign_in(work: Workspace, fact: AgentSignedIn) -> None:
    agent = work.find_agent(fact.agent_id)
    if agent is None:
        now = work.now
        agent = work.add_agent(
            Agent(fact.agent_id, fact.session_id, Presence.SIGNED_OUT, now, work_since=now, idle_since=now)
        )
        agent.accrued_at = now
    else:  # another page of the same agent takes over what is going on
        agent = work.agent(fact.agent_id)
        agent.session_id = fact.session_id
        agent.page_lost = agent.phone_lost = False
        _keep_conversations(work, agent)
    agent.teams, agent.sites = fact.teams, fact.sites
    _set_skills(work, agent, fact)


def _set_skills(work: Workspace, agent: Agent, fact: AgentSignedIn | AgentProfileChanged) -> None:
    agent.skills = {held.skill: held for held in fact.skills if held.expires_at is None or held.expires_at > work.now}
    agent.own_capacity = dict(fact.capacity)
    work.requalified[agent.agent_id] = None


def _set_endpoint(agent: Agent, cause: str, lost: bool) -> None:
    if cause == "phone":
        agent.phone_lost = lost
    else:
        agent.page_lost = lost


def _keep_conversations(work: Workspace, agent: Agent) -> None:
    """The page is back in time: the agent's conversations stay."""
    for contact_id in sorted(agent.handling):
        found = work.find_contact(contact_id)
        if found is not None and found.interaction is not None and found.interaction.agent_return_until is not None:
            talk = work.contact(contact_id).interaction
            if talk is not None:
                talk.agent_return_until = None


# ---- what was decided


def evolve(work: Workspace, given: Input, decision: RoutingDecision) -> None:
    """Apply one decision. Raises IllegalTransition where it does not fit the state."""
    change = _CHANGES.get(type(decision))
    if change is not None:
        change(work, given, decision)


def _interaction(contact: Contact) -> Interaction:
    if contact.interaction is None:
        raise IllegalTransition(f"contact {contact.contact_id} is in no conversation")
    return contact.interaction


def _enrichment_awaited(work: Workspace, given: Input, decision: EnrichmentAwaited) -> None:
    contact = work.add_contact(_arrival(given, work.now))
    contact.phase = next_phase(None, decision)
    contact.enrich_until = decision.until


def _arrival(given: Input, now: int) -> Contact:
    if not isinstance(given.fact, ContactArrived):
        raise IllegalTransition("a contact begins with ContactArrived")
    return from_arrival(given.fact, now)


def _queued(work: Workspace, given: Input, decision: ContactQueued) -> None:
    if work.find_contact(decision.contact_id) is None:
        contact = work.add_contact(_arrival(given, work.now))
        contact.phase = next_phase(None, decision)
    else:
        contact = work.contact(decision.contact_id)
        contact.phase = next_phase(contact.phase, decision)
    contact.enrich_until = None
    contact.group = decision.group
    contact.requirement = decision.requirement
    contact.entered_group_at = decision.entered_group_at
    contact.due_at = decision.due_at
    contact.head_start = decision.head_start
    contact.tier = decision.tier
    contact.customer_id = decision.customer_id
    contact.only_agent = decision.only_agent
    contact.preferred = decision.preferred
    contact.preferred_until = decision.preferred_until


def _rekeyed(work: Workspace, given: Input, decision: ContactRekeyed) -> None:
    contact = work.contact(decision.contact_id)
    contact.phase = next_phase(contact.phase, decision)
    contact.requirement = decision.requirement
    contact.head_start = decision.head_start
    contact.tier = decision.tier
    contact.customer_id = decision.customer_id
    contact.preferred = decision.preferred
    contact.preferred_until = decision.preferred_until
    if decision.due_at is not None:
        contact.due_at = decision.due_at


def _preferred_wait_ended(work: Workspace, given: Input, decision: PreferredWaitEnded) -> None:
    contact = work.contact(decision.contact_id)
    contact.phase = next_phase(contact.phase, decision)
    contact.preferred_until = None


def _exclusion_ended(work: Workspace, given: Input, decision: ExclusionEnded) -> None:
    contact = work.contact(decision.contact_id)
    contact.phase = next_phase(contact.phase, decision)
    for agent_id in decision.agents:
        contact.excluded.pop(agent_id, None)


def _offer_made(work: Workspace, given: Input, decision: OfferMade) -> None:
    contact = work.contact(decision.contact_id)
    contact.phase = next_phase(contact.phase, decision)
    state = next_offer_state(None, decision)
    contact.offers[decision.offer_id] = Offer(decision.offer_id, decision.agent_id, decision.expires_at, state)
    contact.offer_id = decision.offer_id
    agent = work.agent(decision.agent_id)
    agent.offered[decision.contact_id] = contact.channel
    _refresh_work(agent, work.now)


def _exclude(work: Workspace, contact: Contact, agent_id: str) -> None:
    if work.policy is None:
        raise IllegalTransition("contacts exist under a policy only")
    contact.excluded[agent_id] = work.now + work.policy.missed_exclusion_seconds * SECOND


def _offer_withdrawn(work: Workspace, given: Input, decision: OfferWithdrawn) -> None:
    contact = work.contact(decision.contact_id)
    contact.phase = next_phase(contact.phase, decision)
    offer = contact.offers[decision.offer_id]
    offer.state = next_offer_state(offer.state, decision)
    contact.offer_id = None
    agent = work.agent(decision.agent_id)
    agent.offered.pop(decision.contact_id, None)
    if decision.outcome in EXCLUDING:
        _exclude(work, contact, decision.agent_id)
    if decision.outcome is OfferOutcome.TIMED_OUT:
        agent.missed_in_a_row += 1
    _refresh_work(agent, work.now)


def _assigned(work: Workspace, given: Input, decision: ContactAssigned) -> None:
    contact = work.contact(decision.contact_id)
    contact.phase = next_phase(contact.phase, decision)
    offer = contact.offers[decision.offer_id]
    offer.state = next_offer_state(offer.state, decision)
    contact.offer_id = None
    contact.excluded.clear()
    contact.interaction = Interaction(
        decision.interaction_id, decision.offer_id, decision.agent_id, contact.group, decision.connect_deadline
    )
    agent = work.agent(decision.agent_id)
    agent.offered.pop(decision.contact_id, None)
    agent.handling[decision.contact_id] = contact.channel
    agent.missed_in_a_row = 0
    agent.idle_since = work.now
    _refresh_work(agent, work.now)


def _interaction_started(work: Workspace, given: Input, decision: InteractionStarted) -> None:
    contact = work.contact(decision.contact_id)
    contact.phase = next_phase(contact.phase, decision)
    _interaction(contact).started_at = decision.at
    contact.only_agent = None
    contact.preferred_until = None
    work.agent(decision.agent_id).handled += 1


def _agent_return_awaited(work: Workspace, given: Input, decision: AgentReturnAwaited) -> None:
    contact = work.contact(decision.contact_id)
    contact.phase = next_phase(contact.phase, decision)
    _interaction(contact).agent_return_until = decision.until


def _interaction_ended(work: Workspace, given: Input, decision: InteractionEnded) -> None:
    contact = work.contact(decision.contact_id)
    contact.phase = next_phase(contact.phase, decision)
    contact.interaction = None
    if decision.why in ("connect_failed", "transferred", "agent_lost"):
        _exclude(work, contact, decision.agent_id)
    agent = work.agent(decision.agent_id)
    agent.handling.pop(decision.contact_id, None)
    agent.idle_since = work.now
    _refresh_work(agent, work.now)


def _wrap_up_started(work: Workspace, given: Input, decision: WrapUpStarted) -> None:
    group = work.policy.groups.get(decision.group) if work.policy else None
    agent = work.agent(decision.agent_id)
    agent.wrapping[decision.interaction_id] = WrapUp(
        interaction_id=decision.interaction_id,
        contact_id=decision.contact_id,
        channel=decision.channel,
        group=decision.group,
        mode=WrapUpMode(decision.mode),
        until=decision.until,
        extensions_left=decision.extensions_left,
        default_disposition=group.default_disposition if group else DEFAULT_DISPOSITION,
    )
    _refresh_work(agent, work.now)


def _wrap_up_prolonged(work: Workspace, given: Input, decision: WrapUpProlonged) -> None:
    agent = work.agent(decision.agent_id)
    agent.wrapping[decision.interaction_id] = replace(
        agent.wrapping[decision.interaction_id], until=decision.until, extensions_left=decision.extensions_left
    )


def _wrap_up_noted(work: Workspace, given: Input, decision: WrapUpNoted) -> None:
    agent = work.agent(decision.agent_id)
    agent.wrapping[decision.interaction_id] = replace(
        agent.wrapping[decision.interaction_id], disposition=decision.disposition, reason=decision.reason
    )


def _wrap_up_finished(work: Workspace, given: Input, decision: WrapUpFinished) -> None:
    agent = work.agent(decision.agent_id)
    if agent.wrapping.pop(decision.interaction_id).holds:
        agent.idle_since = work.now
    _refresh_work(agent, work.now)


def _transferred(work: Workspace, given: Input, decision: ContactTransferred) -> None:
    contact = work.contact(decision.contact_id)
    contact.transfer = Transfer(decision.transfer_id, decision.from_agent, _interaction(contact).group)


def _transfer_settled(work: Workspace, given: Input, decision: TransferSettled) -> None:
    work.contact(decision.contact_id).transfer = None


def _closed(work: Workspace, given: Input, decision: ContactClosed) -> None:
    contact = work.contact(decision.contact_id)
    contact.phase = next_phase(contact.phase, decision)
    work.remove_contact(decision.contact_id)
    if not work.copying:
        work.pool.ended[decision.contact_id] = (work.now, decision.end)


def _agent_state_changed(work: Workspace, given: Input, decision: AgentStateChanged) -> None:
    if decision.presence is Presence.SIGNED_OUT:
        work.remove_agent(decision.agent_id)
        return
    agent = work.agent(decision.agent_id)
    if decision.cause == "skill_expired":
        agent.skills = {
            skill: held for skill, held in agent.skills.items() if held.expires_at is None or held.expires_at > work.now
        }
        work.requalified[agent.agent_id] = None
    if decision.presence is Presence.AVAILABLE and agent.presence is not Presence.AVAILABLE:
        agent.idle_since = work.now
    agent.presence = decision.presence
    agent.presence_since = decision.presence_since
    agent.presence_reason = decision.presence_reason
    agent.pending_presence = decision.pending_presence
    agent.pending_reason = decision.pending_reason


def _refresh_work(agent: Agent, now: int) -> None:
    present = agent.present_work()
    if present is not agent.work_state:
        agent.work_state = present
        agent.work_since = now


_CHANGES: Mapping[type[object], Callable[[Workspace, Input, Any], None]] = {
    EnrichmentAwaited: _enrichment_awaited,
    ContactQueued: _queued,
    ContactRekeyed: _rekeyed,
    PreferredWaitEnded: _preferred_wait_ended,
    ExclusionEnded: _exclusion_ended,
    OfferMade: _offer_made,
    OfferWithdrawn: _offer_withdrawn,
    ContactAssigned: _assigned,
    InteractionStarted: _interaction_started,
    AgentReturnAwaited: _agent_return_awaited,
    InteractionEnded: _interaction_ended,
    WrapUpStarted: _wrap_up_started,
    WrapUpProlonged: _wrap_up_prolonged,
    WrapUpNoted: _wrap_up_noted,
    WrapUpFinished: _wrap_up_finished,
    ContactTransferred: _transferred,
    TransferSettled: _transfer_settled,
    ContactClosed: _closed,
    AgentStateChanged: _agent_state_changed,
}
"""Decisions that change records; the others (alerts, refusals, `PolicyApplied`) only tell."""
