"""Timers follow from facts: an open offer expires, a wrap-up ends, a hold is over.

The queue holds (due, tenant, pool, timer) with lazy deletion: a timer whose fact has gone or moved is
dropped when it comes up. Rebuilt from the records after a snapshot.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heapify, heappop, heappush

from services.router.domain.agents import Agent
from services.router.domain.contacts import ConsultationState, Contact, ContactPhase
from services.router.domain.hours import Opening
from services.router.domain.inputs import TimerDue, TimerKind
from services.router.domain.policy.model import Policy
from services.router.domain.reserve import InboundLevel
from shared.contracts.fields import SECOND


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
            if contact.site_until is not None:
                timers.append(TimerDue(contact.site_until, TimerKind.SITE, subject))
            return [*timers, *_step_timers(contact), *_overflow_timers(contact), *_window_timer(contact)]
        case ContactPhase.DEFERRED:
            return [*_deferral_timer(contact), *_window_timer(contact)]
        case ContactPhase.DIALLING:
            return _dial_timer(contact)
        case ContactPhase.OUTSIDE:
            return _outside_timer(contact)
        case ContactPhase.OFFERED:
            return _offer_timer(contact)
        case ContactPhase.CONNECTING if contact.interaction is not None:
            talk = contact.interaction
            return [TimerDue(talk.connect_deadline, TimerKind.CONNECT, subject, talk.interaction_id)]
        case ContactPhase.PARKED:
            return _parked_timers(contact)
        case ContactPhase.CONNECTED if contact.interaction is not None:
            timers = [*_consultation_timer(contact), *_outside_timer(contact), *_turn_timer(contact)]
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


def _outside_timer(contact: Contact) -> list[TimerDue]:
    """An outside party that rings: for the customer, or for the agent who asks first."""
    call = contact.outside
    if call is None or call.answered:
        return []
    return [TimerDue(call.until, TimerKind.DIAL, contact.contact_id, call.attempt_id)]


def _consultation_timer(contact: Contact) -> list[TimerDue]:
    """An open offer runs out by itself; the search for somebody to ask does at its end."""
    consultation = contact.consultation
    if consultation is None or consultation.state is not ConsultationState.SEEKING:
        return _offer_timer(contact)
    ends = TimerDue(consultation.until, TimerKind.CONSULTATION, contact.contact_id, consultation.transfer_id)
    return [ends, *_relaxation_timer(contact)]


def _step_timers(contact: Contact) -> list[TimerDue]:
    """The next step of relaxation, the end of sparing those who rest, and of the patience of whom we dialled."""
    timers = _relaxation_timer(contact)
    if contact.answered_until is not None:
        timers.append(TimerDue(contact.answered_until, TimerKind.ANSWERED, contact.contact_id))
    if contact.spares_until is not None and not contact.spares_nobody:
        timers.append(TimerDue(contact.spares_until, TimerKind.EXPOSURE, contact.contact_id))
    return timers


def _relaxation_timer(contact: Contact) -> list[TimerDue]:
    coming = contact.reached + 1
    if coming >= len(contact.steps):
        return []
    return [TimerDue(contact.steps[coming].at, TimerKind.RELAXATION, contact.contact_id, str(coming))]


def _turn_timer(contact: Contact) -> list[TimerDue]:
    """A word that does not come; while a colleague is consulted nobody is hurried."""
    chat, talk = contact.chat, contact.interaction
    if chat is None or chat.until is None or talk is None or contact.consultation is not None:
        return []
    return [TimerDue(chat.until, TimerKind.TURN, contact.contact_id, talk.interaction_id)]


def _parked_timers(contact: Contact) -> list[TimerDue]:
    """The silent customer's chat is closed; the one who wrote waits for their agent so long."""
    if contact.preferred_until is not None:
        return [TimerDue(contact.preferred_until, TimerKind.PREFERRED, contact.contact_id)]
    if contact.chat is None or contact.chat.close_at is None:
        return []
    return [TimerDue(contact.chat.close_at, TimerKind.CHAT_CLOSE, contact.contact_id)]


def _overflow_timers(contact: Contact) -> list[TimerDue]:
    """Its own wait, and its wait for anybody at all who could serve it."""
    subject = contact.contact_id
    timers: list[TimerDue] = []
    chosen = contact.only_agent is not None or (contact.site is not None and contact.transfer is not None)
    if chosen or contact.is_callback_waiting:
        return timers  # waits for somebody chosen, or for its turn to be dialled
    if contact.overflow_at is not None:
        timers.append(TimerDue(contact.overflow_at, TimerKind.OVERFLOW, subject))
    if contact.unstaffed_until is not None:
        timers.append(TimerDue(contact.unstaffed_until, TimerKind.OVERFLOW, subject, "unstaffed"))
    return timers


def _deferral_timer(contact: Contact) -> list[TimerDue]:
    if contact.deferral is None or contact.deferral.until is None:
        return []
    return [TimerDue(contact.deferral.until, TimerKind.DEFERRED, contact.contact_id, str(contact.deferral.why))]


def _window_timer(contact: Contact) -> list[TimerDue]:
    callback = contact.callback
    if callback is None or callback.answered or callback.window_until is None:
        return []
    return [TimerDue(callback.window_until, TimerKind.WINDOW, contact.contact_id)]


def _dial_timer(contact: Contact) -> list[TimerDue]:
    callback = contact.callback
    if callback is None or callback.dial_until is None or callback.attempt_id is None:
        return []
    return [TimerDue(callback.dial_until, TimerKind.DIAL, contact.contact_id, callback.attempt_id)]


def group_timers(group: str, opening: Opening) -> list[TimerDue]:
    """When a group opens, closes, or stops serving those who waited."""
    change = opening.next_change
    return [] if change is None else [TimerDue(change, TimerKind.HOURS, group)]


def agent_timers(agent: Agent) -> list[TimerDue]:
    """Wrap-ups that end by themselves, a rest or a pause that does, and the next skill to expire."""
    timers = [
        TimerDue(wrap.until, TimerKind.WRAP_UP, agent.agent_id, wrap.interaction_id)
        for wrap in agent.wrapping.values()
        if wrap.until is not None
    ]
    if agent.rest_until is not None:
        timers.append(TimerDue(agent.rest_until, TimerKind.REST, agent.agent_id))
    if agent.pause is not None and not agent.pause.over:
        timers.append(TimerDue(agent.pause.until, TimerKind.PAUSE, agent.agent_id))
    expiry = agent.next_skill_expiry
    if expiry is not None:
        timers.append(TimerDue(expiry, TimerKind.SKILL, agent.agent_id))
    return timers


def pool_timers(pool: str, level: InboundLevel | None, policy: Policy | None) -> list[TimerDue]:
    """When the rolling service level may change by itself."""
    rule = None if policy is None else policy.blending
    if level is None or rule is None:
        return []
    due = level.next_look(rule.minimum_dwell_seconds * SECOND)
    return [] if due is None else [TimerDue(due, TimerKind.RESERVE, pool)]


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

    def due(self, now: int) -> list[tuple[str, str, TimerDue]]:
        """All that are due at `now`, live or not, in no order; a look at the top of the heap where there is none."""
        found: list[tuple[str, str, TimerDue]] = []
        places = [0]
        while places:
            place = places.pop()
            if place < len(self._heap) and self._heap[place][0] <= now:
                found.append(self._heap[place][1:])
                places += (2 * place + 1, 2 * place + 2)
        return found

    def drop_first(self) -> None:
        _, tenant, pool, timer = heappop(self._heap)
        self._known.discard((tenant, pool, timer))

    def silence(self, tenant: str, pool: str, timer: TimerDue) -> None:
        """This timer does not come up (again): it stays known, so that nothing adds it anew."""
        self._known.add((tenant, pool, timer))
        self._heap = [entry for entry in self._heap if entry[1:] != (tenant, pool, timer)]
        heapify(self._heap)
