"""Rotation by exposure (rule 7): wearing work is counted when it is over, and who had enough of it rests from it.

Exposure is seconds handled (talk, hold, and a wrap-up that holds) × the group's severity, summed over what was over within
the window. Whoever has a wearing contact in hand is offered no second one; after it comes a break, and at the cap a rest
until the window has room again, the cool-down at least. A case's owner may always have it, which counts like the rest.
"""

from __future__ import annotations

from services.router.domain.agents import Agent
from services.router.domain.contacts import Contact
from services.router.domain.decide.draft import Draft
from services.router.domain.inputs import TimerDue
from services.router.domain.memberships import FIT
from services.router.domain.policy.fairness import Exposure
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import (
    AgentRested,
    AgentRestEnded,
    ExposureCounted,
    ExposureOverridden,
    ExposureWaitEnded,
    OfferMade,
)

MINUTE = 60
"""The cap is written in severity-minutes, counted in severity-seconds."""


def count_exposure(draft: Draft) -> None:
    """Whatever wearing work this input brought to an end, of all agents it touched."""
    worn = [agent_id for agent_id, agent in draft.work.agents.items() if agent is not None and agent.wearing]
    for agent_id in sorted(worn):
        count_exposure_of(draft, agent_id)


def count_exposure_of(draft: Draft, agent_id: str) -> None:
    """What one agent no longer has in hand; also before they sign out, for it stays theirs."""
    agent = draft.work.find_agent(agent_id)
    if agent is None or not agent.wearing:
        return
    for contact_id in [c for c, w in agent.wearing.items() if w.since is not None and not agent.has_in_hand(c)]:
        _count(draft, draft.agent(agent_id), contact_id)


def _count(draft: Draft, agent: Agent, contact_id: str) -> None:
    rule, worn = draft.policy.exposure, agent.wearing[contact_id]
    window_from = 0 if rule is None else draft.now - rule.window_seconds * SECOND
    amount = (draft.now - (worn.since or draft.now)) // SECOND * worn.severity
    total = agent.exposed_since(window_from) + amount
    cap = None if rule is None else rule.cap * MINUTE
    draft.emit(
        agent.agent_id,
        ExposureCounted(agent.agent_id, contact_id, amount, total, draft.now, max(window_from, 0), cap),
    )
    if rule is not None:
        _rest(draft, draft.agent(agent.agent_id), rule)


def _rest(draft: Draft, agent: Agent, rule: Exposure) -> None:
    """The break between two, or the longer rest of whoever reached the cap."""
    at_rest = rest_of(agent, rule, draft.now)
    if at_rest is not None and at_rest[0] > (agent.rest_until or draft.now):
        draft.emit(agent.agent_id, AgentRested(agent.agent_id, *at_rest))


def rest_of(agent: Agent, rule: Exposure, now: int) -> tuple[int, str] | None:
    """Until when an agent rests whose wearing contact is just over, and why ("cap" or "break")."""
    pause = (now + rule.break_seconds * SECOND, "break") if rule.break_seconds else None
    total = agent.exposed_since(now - rule.window_seconds * SECOND)
    if total < rule.cap * MINUTE:
        return pause
    until = max(now + rule.cool_down_seconds * SECOND, pause[0] if pause else 0)
    for over_at, amount in agent.exposure:  # oldest first: what leaves the window makes room
        if total < rule.cap * MINUTE:
            break
        leaves = over_at + rule.window_seconds * SECOND
        if leaves > now:
            total -= amount
            until = max(until, leaves)
    return until, "cap"


def rest_over(draft: Draft, timer: TimerDue) -> None:
    draft.emit(timer.subject, AgentRestEnded(timer.subject))


def exposure_wait_over(draft: Draft, timer: TimerDue) -> None:
    """Nobody fit could take it in time: from now on who rests may."""
    contact = draft.contact(timer.subject)
    asked = [contact.requirement]
    staffed = sum(draft.staffed(contact.channel, way) for way in asked)
    fit = sum(draft.staffed(contact.channel, (*way, FIT)) for way in asked)
    draft.emit(
        contact.contact_id,
        ExposureWaitEnded(contact.contact_id, draft.now - contact.entered_group_at, staffed - fit),
    )


def override_of(draft: Draft, contact: Contact, agent: Agent, offer: OfferMade) -> ExposureOverridden | None:
    """What is said, with the figures, when a wearing contact is offered to somebody who should not have one now."""
    rule = draft.policy.exposure
    if not contact.severity or rule is None or agent.is_fit:
        return None
    why = "own_case" if agent.agent_id in contact.case_owners else "service_level"
    return ExposureOverridden(
        contact_id=contact.contact_id,
        agent_id=agent.agent_id,
        offer_id=offer.offer_id,
        why="asked" if contact.only_agent is not None else why,
        severity=contact.severity,
        total=agent.exposed_since(draft.now - rule.window_seconds * SECOND),
        cap=rule.cap * MINUTE,
        rest_until=agent.rest_until,
    )
