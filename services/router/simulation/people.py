"""Customers and agents as they react to decisions: answer, connect, talk, write up, lose patience.

What they do and how long it takes is a `Behaviour`'s to say; this file only knows which fact follows which decision, and
takes a planned fact off the calendar again when a decision makes it void.

    people = People(kernel, DrawnBehaviour(seed, {"": Manners(talk=constant(200))}))
    kernel.schedule(at, ContactArrived(...))      # whoever arrives is looked after
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from services.router.domain.core import Decided, Input
from services.router.simulation.behaviour import Behaviour
from services.router.simulation.kernel import Kernel, Scheduled
from shared.contracts.contact_events import (
    ContactAbandoned,
    ContactConnected,
    ContactConnectFailed,
    ContactEnded,
    OfferAccepted,
    OfferRejected,
    Presence,
    PresenceChanged,
    WrapUpCompleted,
)
from shared.contracts.routing_decisions import (
    AgentStateChanged,
    ContactAssigned,
    ContactClosed,
    ContactQueued,
    ContactTransferred,
    DialRequested,
    InteractionEnded,
    InteractionStarted,
    OfferMade,
    OfferWithdrawn,
    WrapUpStarted,
)

NO_EARLY_EXIT = "timed_no_early_exit"
DONE = "done"
"""Disposition a simulated agent writes."""


class People:
    """Plays everybody of one pool. Registers itself as a listener of the kernel."""

    def __init__(self, kernel: Kernel, behaviour: Behaviour, *, disposition: str = DONE) -> None:
        self._kernel = kernel
        self._behaviour = behaviour
        self._disposition = disposition
        self._groups: dict[str, str] = {}  # contact → group it is in
        self._leaving: dict[str, Scheduled] = {}  # contact → its abandonment
        self._answering: dict[str, Scheduled] = {}  # contact → its answer, or the connection after it
        self._talking: dict[str, Scheduled] = {}  # contact → the end of its conversation
        self._reactions: Mapping[type[object], Callable[[Any], None]] = {
            ContactQueued: self._queued,
            OfferMade: self._offered,
            OfferWithdrawn: self._withdrawn,
            ContactAssigned: self._assigned,
            InteractionStarted: self._connected,
            InteractionEnded: self._talk_over,
            ContactTransferred: self._transferred,
            DialRequested: self._dialled,
            WrapUpStarted: self._wrapping,
            AgentStateChanged: self._agent,
            ContactClosed: self._closed,
        }
        kernel.listen(self.hear)

    def hear(self, given: Input, decisions: Sequence[Decided]) -> None:
        reactions = self._reactions
        for decided in decisions:
            reaction = reactions.get(type(decided.decision))
            if reaction is not None:
                reaction(decided.decision)

    def _queued(self, queued: ContactQueued) -> None:
        contact_id = queued.contact_id
        known = contact_id in self._groups
        self._groups[contact_id] = queued.group
        if known and contact_id in self._leaving:
            return
        patience = self._behaviour.patience(queued)
        if patience is not None:
            kernel = self._kernel
            self._leaving[contact_id] = kernel.schedule(kernel.now + patience, ContactAbandoned(contact_id))

    def _offered(self, offer: OfferMade) -> None:
        answer = self._behaviour.answer(offer)
        contact_id, agent_id, offer_id = offer.contact_id, offer.agent_id, offer.offer_id
        at = self._kernel.now + answer.after
        if answer.outcome == "accepted":
            self._answering[contact_id] = self._kernel.schedule(at, OfferAccepted(agent_id, contact_id, offer_id))
        elif answer.outcome != "ignored":
            rejection = OfferRejected(agent_id, contact_id, offer_id, answer.outcome)
            self._answering[contact_id] = self._kernel.schedule(at, rejection)

    def _withdrawn(self, offer: OfferWithdrawn) -> None:
        _drop(self._answering, offer.contact_id)

    def _assigned(self, assigned: ContactAssigned) -> None:
        contact_id, kernel = assigned.contact_id, self._kernel
        delay = self._behaviour.connect(assigned)
        heard = ContactConnectFailed if delay is None else ContactConnected
        fact = heard(contact_id, assigned.offer_id)
        self._answering[contact_id] = kernel.schedule(kernel.now + (delay or 0), fact)

    def _connected(self, started: InteractionStarted) -> None:
        contact_id, kernel = started.contact_id, self._kernel
        self._answering.pop(contact_id, None)
        _drop(self._leaving, contact_id)
        talk = self._behaviour.talk(started, self._groups.get(contact_id, ""))
        self._talking[contact_id] = kernel.schedule(kernel.now + talk, ContactEnded(contact_id, "customer"))

    def _talk_over(self, ended: InteractionEnded) -> None:
        _drop(self._talking, ended.contact_id)
        _drop(self._answering, ended.contact_id)

    def _transferred(self, transferred: ContactTransferred) -> None:
        """Passed on: a new wait (or conversation) begins, of which the behaviour is asked anew."""
        _drop(self._talking, transferred.contact_id)

    def _dialled(self, dialled: DialRequested) -> None:
        if dialled.outside is not None:
            self._passed_outside(dialled)

    def _passed_outside(self, dialled: DialRequested) -> None:
        """Nobody simulated answers there: the transfer falls back by itself."""

    def _wrapping(self, started: WrapUpStarted) -> None:
        after = self._behaviour.wrap_up(started)
        at = None if after is None else started.at + after
        if at is None or started.mode == NO_EARLY_EXIT or (started.until is not None and at >= started.until):
            return  # the clock ends it; without a clock, nobody does
        done = WrapUpCompleted(started.agent_id, started.contact_id, started.interaction_id, self._disposition)
        self._kernel.schedule(at, done)

    def _agent(self, state: AgentStateChanged) -> None:
        if state.cause == "missed_offer":
            after = self._behaviour.back_after_missed(state.agent_id)
            if after is not None:
                kernel = self._kernel
                kernel.schedule(kernel.now + after, PresenceChanged(state.agent_id, Presence.AVAILABLE))

    def _closed(self, closed: ContactClosed) -> None:
        contact_id = closed.contact_id
        self._groups.pop(contact_id, None)
        _drop(self._leaving, contact_id)
        _drop(self._answering, contact_id)
        _drop(self._talking, contact_id)
        self._behaviour.forget(contact_id)


def _drop(planned: dict[str, Scheduled], contact_id: str) -> None:
    entry = planned.pop(contact_id, None)
    if entry is not None:
        entry.cancel()
