"""Bringing contacts and agents together after an input: exactly what it made servable, nothing else.

Rule: among all waiting contacts that some idle agent could now take, the first in contact order is offered
to the first agent in its step's order, until nothing is left. Because no such pair existed before the input
(I10), only contacts and agents the input touched can open one.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heapify, heappop

from services.router.domain.agents import Agent
from services.router.domain.contacts import Contact
from services.router.domain.decide.dialling import request_dial
from services.router.domain.decide.draft import Draft
from services.router.domain.decide.exposing import override_of
from services.router.domain.decide.reserving import let_go
from services.router.domain.eligibility import eligible, lacking, way_taken
from services.router.domain.ordering import agent_key, preferred_key
from services.router.domain.queues import AgentRank
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import ContactAssigned, ContactResumed, OfferMade, OfferReasons

OrderKey = tuple[int, str]
RankedAgents = list[tuple[AgentRank, Agent]]
RankedContacts = list[tuple[OrderKey, Contact]]

WINNER_AND_RUNNER_UP = 2


def match(draft: Draft, seeking: Iterable[Contact] | None = None) -> None:
    """Make every offer the input calls for; `seeking` are the contacts to place, by default those it touched."""
    contacts = draft.work.contacts.values() if seeking is None else seeking
    waiting = [c.order_key for c in contacts if c is not None and c.waits]
    heapify(waiting)
    freed: list[str] = []
    if seeking is None:  # else all who wait are placed one by one, which leaves nothing for an agent to look for
        freed = [agent_id for agent_id, agent in draft.work.agents.items() if agent is not None and agent.takes_offers]
        outbound, kept = let_go(draft)
        waiting += [contact.order_key for contact in outbound]
        heapify(waiting)
        freed += [agent_id for agent_id in kept if agent_id not in freed]
    while waiting or freed:
        found = _first_for_freed(draft, freed)
        if found is not None and (not waiting or found[1][0][0] < waiting[0]):
            _offer_to_freed(draft, found[0], found[1], alone=len(freed) == 1)
        elif waiting:
            contact = draft.contact(heappop(waiting)[1])
            if contact.waits:
                agents = first_agents(draft, contact)
                if agents:
                    _offer_to_contact(draft, contact, agents)
        else:
            return


def _first_for_freed(draft: Draft, freed: list[str]) -> tuple[Agent, RankedContacts] | None:
    """The first contact in order that a freed agent may take; agents for whom there is none leave the list."""
    best: tuple[Agent, RankedContacts] | None = None
    for agent_id in tuple(freed):
        agent = draft.agent(agent_id)
        ranked = first_contacts(draft, agent)
        if not ranked:
            freed.remove(agent_id)
        elif best is None or ranked[0][0] < best[1][0][0]:
            best = (agent, ranked)
    return best


def first_contacts(draft: Draft, agent: Agent) -> RankedContacts:
    """The first two waiting contacts, in contact order, that the agent may be offered."""
    reserve = draft.reserve()
    without = draft.unindexed_contacts
    ranked = draft.queues.best_contacts(agent, draft.now, WINNER_AND_RUNNER_UP, without, reserve)
    for contact in draft.unindexed_contacts.values():
        if contact is None or not contact.waits:
            continue
        if eligible(agent, contact, draft.capacity, draft.now, reserve) is None:
            ranked.append((contact.order_key, contact))
    ranked.sort(key=_rank)
    return ranked[:WINNER_AND_RUNNER_UP]


def first_agents(draft: Draft, contact: Contact) -> RankedAgents:
    """The first two agents, in the order of the contact's present step, that may be offered it."""
    ranked: RankedAgents = []
    reserve = draft.reserve()
    if contact.is_held:
        asked = [p.agent_id for p in contact.preferred] if contact.only_agent is None else [contact.only_agent]
        for agent_id in asked:
            agent = draft.work.find_agent(agent_id)
            if agent is not None and eligible(agent, contact, draft.capacity, draft.now, reserve) is None:
                ranked.append(((0, preferred_key(contact, agent_id)), agent))
    else:
        strategy = draft.group_of(contact).strategy
        without = draft.unindexed_agents
        ranked = draft.queues.best_agents(contact, strategy, draft.now, WINNER_AND_RUNNER_UP, without, reserve)
        for agent in draft.unindexed_agents.values():
            if agent is not None and eligible(agent, contact, draft.capacity, draft.now, reserve) is None:
                way = way_taken(agent, contact, draft.now)
                key = agent_key(strategy, agent, contact.ways[way], draft.capacity)
                ranked.append(((way, key), agent))
    ranked.sort(key=_rank_agent)
    return ranked[:WINNER_AND_RUNNER_UP]


def _rank(item: tuple[OrderKey, Contact]) -> OrderKey:
    return item[0]


def _rank_agent(item: tuple[AgentRank, Agent]) -> AgentRank:
    return item[0]


def _offer_to_contact(draft: Draft, contact: Contact, agents: RankedAgents) -> None:
    """The contact looked for an agent."""
    second = agents[1] if len(agents) > 1 else None
    _offer(
        draft,
        contact,
        agents[0][1],
        "contact",
        agents[0][0][1],
        None if second is None else (second[1].agent_id, second[0][1]),
    )


def _offer_to_freed(draft: Draft, agent: Agent, ranked: RankedContacts, alone: bool) -> None:
    """A freed agent looked for work. Where several were freed, the contact's own order among them decides."""
    contact = ranked[0][1]
    if not alone:
        first = first_agents(draft, contact)[0][1]
        if first.agent_id != agent.agent_id:
            agent, ranked = first, first_contacts(draft, first)
    second = ranked[1] if len(ranked) > 1 else None
    _offer(
        draft,
        contact,
        agent,
        "agent",
        ranked[0][0],
        None if second is None else (second[1].contact_id, second[0]),
    )


def _resume(draft: Draft, contact: Contact, agent: Agent) -> None:
    """A parked chat whose customer wrote needs no new offer: its agent knows it."""
    talk, chat = contact.interaction, contact.chat
    if talk is None or chat is None or chat.parked_at is None:
        raise AssertionError("a chat comes back to the agent who parked it")
    parked = draft.now - chat.parked_at
    draft.emit(
        contact.contact_id,
        ContactResumed(contact.contact_id, agent.agent_id, talk.interaction_id, draft.now, parked),
    )
    draft.mark_unindexed(agent.agent_id, contact.contact_id)


def _offer(
    draft: Draft,
    contact: Contact,
    agent: Agent,
    trigger: str,
    key: tuple[int | str, ...],
    runner_up: tuple[str, tuple[int | str, ...]] | None,
) -> None:
    if contact.is_returning:
        _resume(draft, contact, agent)
        return
    if contact.callback is not None and contact.callback.dials_first:
        request_dial(draft, contact, contact.callback, None)
        draft.unindexed_contacts[contact.contact_id] = draft.work.contacts[contact.contact_id]
        return
    if contact.answered_until is not None and contact.consultation is None:
        _assign(draft, contact, agent)
        return
    group, consultation = draft.group_of(contact), contact.consultation
    offer = OfferMade(
        offer_id=draft.next_id("o"),
        contact_id=contact.contact_id,
        agent_id=agent.agent_id,
        channel=contact.channel,
        business_line=contact.business_line,
        group=contact.group,
        made_at=draft.now,
        expires_at=draft.now + group.offer_timeout_seconds[contact.channel] * SECOND,
        reasons=_reasons(draft, contact, agent, trigger, key, runner_up),
        auto_accept=group.auto_accept,
        customer_id=contact.customer_id,
        gateway_id=contact.gateway_id,
        consult_of=None if consultation is None else consultation.transfer_id,
        callback=contact.callback is not None,
    )
    overridden = override_of(draft, contact, agent, offer)
    draft.emit(contact.contact_id, offer)
    draft.mark_unindexed(agent.agent_id, contact.contact_id)
    if overridden is not None:
        draft.emit(contact.contact_id, overridden)


def _assign(draft: Draft, contact: Contact, agent: Agent) -> None:
    """The customer is on the line: nobody is asked, the agent hears them at once."""
    draft.emit(
        contact.contact_id,
        ContactAssigned(
            contact_id=contact.contact_id,
            agent_id=agent.agent_id,
            offer_id=draft.next_id("o"),
            interaction_id=draft.next_id("i"),
            channel=contact.channel,
            group=contact.group,
            connect_deadline=draft.now + draft.policy.connect_timeout_seconds * SECOND,
            waited=draft.now - contact.entered_group_at,
            customer_id=contact.customer_id,
            gateway_id=contact.gateway_id,
            unoffered=True,
        ),
    )
    draft.mark_unindexed(agent.agent_id, contact.contact_id)


def _reasons(
    draft: Draft,
    contact: Contact,
    agent: Agent,
    trigger: str,
    key: tuple[int | str, ...],
    runner_up: tuple[str, tuple[int | str, ...]] | None,
) -> OfferReasons:
    consultation = contact.consultation
    return OfferReasons(
        trigger=trigger,
        step="preferred" if contact.is_held else "group",
        strategy=draft.group_of(contact).strategy,
        winner_key=key,
        waited=draft.now - (contact.entered_group_at if consultation is None else consultation.asked_at),
        head_start=contact.head_start,
        policy_version=draft.policy_version,
        runner_up=None if runner_up is None else runner_up[0],
        runner_up_key=None if runner_up is None else runner_up[1],
        preferred_why=next((p.why for p in contact.preferred if p.agent_id == agent.agent_id), None),
        relaxation=contact.step,
        let_in=bool(contact.let_in) and lacking(agent, contact.requirement, draft.now) is not None,
    )
