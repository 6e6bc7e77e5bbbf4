"""Timers follow from facts: an open offer expires, a wrap-up ends, a hold is over.

The queue holds (due, tenant, pool, timer) with lazy deletion: a timer whose fact has gone or moved is
dropped when it comes up. Rebuilt from the records after a snapshot.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heapify, heappop, heappush

from services.router.domain.agents import Agent
from services.router.domain.contacts import ConsultationState, Contact, ContactPhase
from services.router.domain.inputs import TimerDue, TimerKind


def contact_timers(contact: Contact) -> list[TimerDue]:
    """What the contact waits for, at its present phase."""
    subject = contact.contact_id
    match contact.phase:
        case ContactPhase.SELF_SERVICE if contact.self_service is not None:
            return [TimerDue(contact.self_service.until, TimerKind.SELF_SERVICE, subject)]
        case ContactPhase.ENRICHING if contact.enrich_until is not None:
            return [TimerDue(contact.enrich_until, TimerKind.ENRICHMENT, subject)]
        case ContactPhase.QUEUED:
            timers = [TimerDue(until, TimerKind.EXCLUSION, subject, agent) for agent, until in contact.excluded.items()]
            if contact.preferred_until is not None:
                timers.append(TimerDue(contact.preferred_until, TimerKind.PREFERRED, subject))
            return timers
        case ContactPhase.OFFERED:
            return _offer_timer(contact)
        case ContactPhase.CONNECTING if contact.interaction is not None:
            talk = contact.interaction
            return [TimerDue(talk.connect_deadline, TimerKind.CONNECT, subject, talk.interaction_id)]
        case ContactPhase.CONNECTED if contact.interaction is not None:
            timers = _consultation_timer(contact)
            talk = contact.interaction
            if talk.agent_return_until is not None:
                timers.append(TimerDue(talk.agent_return_until, TimerKind.AGENT_RETURN, subject, talk.interaction_id))
            return timers
        case _:
            return []


def _offer_timer(contact: Contact) -> list[TimerDue]:
    offer = contact.open_offer
    if offer is None:
        return []
    return [TimerDue(offer.expires_at, TimerKind.OFFER, contact.contact_id, offer.offer_id)]


def _consultation_timer(contact: Contact) -> list[TimerDue]:
    """An open offer runs out by itself; the search for somebody to ask does at its end."""
    consultation = contact.consultation
    if consultation is None or consultation.state is not ConsultationState.SEEKING:
        return _offer_timer(contact)
    return [TimerDue(consultation.until, TimerKind.CONSULTATION, contact.contact_id, consultation.transfer_id)]


def agent_timers(agent: Agent) -> list[TimerDue]:
    """Wrap-ups that end by themselves, and the next skill to expire."""
    timers = [
        TimerDue(wrap.until, TimerKind.WRAP_UP, agent.agent_id, wrap.interaction_id)
        for wrap in agent.wrapping.values()
        if wrap.until is not None
    ]
    expiry = agent.next_skill_expiry
    if expiry is not None:
        timers.append(TimerDue(expiry, TimerKind.SKILL, agent.agent_id))
    return timers


class TimerQueue:
    """Timers of a partition in the order (due, tenant, pool, kind, subject, reference)."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, str, str, TimerDue]] = []
        self._known: set[tuple[str, str, TimerDue]] = set()  # asked for membership only, never iterated

    def add(self, tenant: str, pool: str, timers: Iterable[TimerDue]) -> None:
        for timer in timers:
            entry = (tenant, pool, timer)
            if entry not in self._known:
                self._known.add(entry)
                heappush(self._heap, (timer.due, tenant, pool, timer))

    def first(self) -> tuple[str, str, TimerDue] | None:
        return self._heap[0][1:] if self._heap else None

    def drop_first(self) -> None:
        _, tenant, pool, timer = heappop(self._heap)
        self._known.discard((tenant, pool, timer))

    def silence(self, tenant: str, pool: str, timer: TimerDue) -> None:
        """This timer does not come up (again): it stays known, so that nothing adds it anew."""
        self._known.add((tenant, pool, timer))
        self._heap = [entry for entry in self._heap if entry[1:] != (tenant, pool, timer)]
        heapify(self._heap)
