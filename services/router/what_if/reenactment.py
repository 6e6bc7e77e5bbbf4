"""The recorded people once more: each does with a decision what they did with its like in the record.

Same contact, same agent, same turn: the recorded facts follow at their recorded distance, with the ids of the new decision.
What the record does not hold (an offer to another agent, the conversation of somebody who left then) is asked of the model.
Under the recorded policy every fact therefore comes back at its own time and place, and the core decides as it did.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

from services.router.domain.contacts import ContactPhase
from services.router.domain.core import Decided, Fact, Input
from services.router.simulation.kernel import Kernel, Scheduled
from services.router.simulation.people import People
from services.router.what_if.record import AWAY, ContactRecord, Reaction, Record, Turn
from services.router.what_if.unrecorded import Quantity, Unrecorded
from shared.contracts.contact_events import (
    ContactConnected,
    ContactEnded,
    OfferAccepted,
    OfferRejected,
    Presence,
    PresenceChanged,
    TransferCompleted,
    TransferRequested,
    WrapUpCompleted,
)
from shared.contracts.routing_decisions import (
    AgentStateChanged,
    ContactAssigned,
    ContactClosed,
    ContactQueued,
    ContactTransferred,
    DialRequested,
    InputRefused,
    InteractionEnded,
    InteractionStarted,
    OfferMade,
    WrapUpStarted,
)

DRAWN = "what-if"
"""Prefix of the event ids of facts nobody recorded."""
_DRAWN = {
    OfferAccepted: Quantity.ANSWER,
    OfferRejected: Quantity.ANSWER,
    ContactConnected: Quantity.CONNECT,
    ContactEnded: Quantity.TALK,
    WrapUpCompleted: Quantity.WRAP_UP,
}
"""What a fact is the end of, where it was drawn."""


class Reenactment(People):
    """People of a record. Build it after the kernel has its state and before it runs."""

    def __init__(self, kernel: Kernel, record: Record, model: Unrecorded) -> None:
        super().__init__(kernel, model)
        self._record = record
        self._model = model
        self._offers: Counter[tuple[str, str]] = Counter()  # (contact, agent): offers so far
        self._connections: Counter[str] = Counter()
        self._misses: Counter[str] = Counter()
        self._aways: Counter[str] = Counter()
        self._in_talk: dict[str, list[Scheduled]] = {}  # contact → what is still to come in its conversation
        self._wait_began: dict[str, int] = {}
        self._passed_on: dict[str, str] = {}  # contact → the event that ended its present conversation in the record
        self._outside: Counter[str] = Counter()
        self._resume()

    def hear(self, given: Input, decisions: Sequence[Decided]) -> None:
        quantity = _DRAWN.get(type(given.fact))
        refused = any(isinstance(decided.decision, InputRefused) for decided in decisions)
        if quantity is not None and given.event_id.startswith(DRAWN) and not refused:
            self._model.came_to_pass(quantity, getattr(given.fact, "contact_id", ""))
        super().hear(given, decisions)
        if refused and isinstance(given.fact, TransferRequested | TransferCompleted):
            self._not_passed_on(given.fact, given.event_id)

    # ---- giving recorded facts again

    def _again(self, reaction: Reaction, then: str | None = None, **now: str) -> Scheduled | None:
        """The recorded fact from here on, about the present offer, agent and interaction. None: it would make no sense.

        `then`: the agent of the record, in whose place the present one does it; what a colleague did, the colleague does.
        """
        fact = _about(reaction.fact, then, now)
        elsewhere = fact is not reaction.fact
        if elsewhere and isinstance(fact, TransferRequested) and fact.target == fact.agent_id:
            return None  # would pass the contact on to who has it
        base = self._kernel.now
        occurred = None if reaction.occurred_after is None else base + reaction.occurred_after
        return self._kernel.schedule(
            base + reaction.after, fact, reaction.event_id, occurred_at=occurred, position=reaction.position
        )

    def _all_again(self, turn: Turn, quantity: Quantity, **now: str) -> list[Scheduled]:
        self._model.use.reused[quantity] += 1
        return [
            entry for reaction in turn.reactions if (entry := self._again(reaction, turn.agent_id, **now)) is not None
        ]

    def _contact(self, contact_id: str) -> ContactRecord | None:
        return self._record.contacts.get(contact_id)

    # ---- waiting

    def _queued(self, queued: ContactQueued) -> None:
        contact_id = queued.contact_id
        if contact_id in self._wait_began:
            self._groups[contact_id] = queued.group
            return  # the patience it was told stands
        self._wait_began[contact_id] = self._kernel.now
        contact = self._contact(contact_id)
        wait = contact.waits.get(self._model.talks_begun[contact_id]) if contact else None
        if wait is None or not wait.reactions:
            super()._queued(queued)
            return
        self._groups[contact_id] = queued.group
        planned = self._all_again(wait, Quantity.PATIENCE)
        self._leaving[contact_id] = planned[0]

    def _wait_over(self, contact_id: str) -> None:
        """Whether a drawn patience mattered: who waited no longer than in the record was only asked for what is known."""
        began = self._wait_began.pop(contact_id, None)
        known, source = self._model.beyond.pop(contact_id, (None, None))
        if began is None or known is None or source is None:
            return
        if self._kernel.now - began > known:
            self._model.use.modelled[Quantity.PATIENCE, source] += 1
        else:
            self._model.use.reused[Quantity.PATIENCE] += 1

    # ---- being offered and connected

    def _offered(self, offer: OfferMade) -> None:
        contact = self._contact(offer.contact_id)
        turns = contact.answers.get(offer.agent_id, ()) if contact else ()
        turn = _nth(turns, self._offers[offer.contact_id, offer.agent_id])
        self._offers[offer.contact_id, offer.agent_id] += 1
        if turn is None or not (turn.whole or turn.reactions):
            self._cut_short(Quantity.ANSWER, offer.contact_id, turn)
            super()._offered(offer)
            return
        self._all_again(turn, Quantity.ANSWER, offer_id=offer.offer_id)

    def _assigned(self, assigned: ContactAssigned) -> None:
        contact = self._contact(assigned.contact_id)
        turn = _nth(contact.connections if contact else (), self._connections[assigned.contact_id])
        self._connections[assigned.contact_id] += 1
        if turn is None or not (turn.whole or turn.reactions):
            self._cut_short(Quantity.CONNECT, assigned.contact_id, turn)
            super()._assigned(assigned)
            return
        self._all_again(turn, Quantity.CONNECT, offer_id=assigned.offer_id)

    # ---- talking and writing up

    def _connected(self, started: InteractionStarted) -> None:
        contact_id = started.contact_id
        self._wait_over(contact_id)
        number = self._model.talks_begun[contact_id]
        contact = self._contact(contact_id)
        turn = _nth(contact.talks if contact else (), number)
        if turn is None or not turn.whole:  # broken off in the record: here it may go on
            self._cut_short(Quantity.TALK, contact_id, turn)
            super()._connected(started)
        if turn is not None:
            self._answering.pop(contact_id, None)
            if (leaving := self._leaving.pop(contact_id, None)) is not None:
                leaving.cancel()
            planned = self._all_again(turn, Quantity.TALK, agent_id=started.agent_id)
            self._in_talk[contact_id] = planned
            last = turn.reactions[-1] if turn.reactions else None
            if last is not None and last.after == turn.lasted and last.event_id is not None:
                self._passed_on[contact_id] = last.event_id
            if turn.reactions and not planned:  # was passed on to the agent who has it now
                self._stays(contact_id, started.agent_id)
        self._model.talks_begun[contact_id] += 1

    def _not_passed_on(self, fact: TransferRequested | TransferCompleted, event_id: str) -> None:
        """Refused here; in the record it ended this conversation, which goes on instead."""
        entries = self._in_talk.get(fact.contact_id, [])
        if entries and entries[-1].event_id == event_id and self._passed_on.get(fact.contact_id) == event_id:
            self._stays(fact.contact_id, fact.agent_id)

    def _stays(self, contact_id: str, agent_id: str) -> None:
        """A transfer of the record comes to nothing here: the conversation goes on with this agent, and ends like others."""
        started = InteractionStarted(contact_id, agent_id, "", self._kernel.now)
        length = self._model.talk(started, self._groups.get(contact_id, ""))
        ending = self._kernel.schedule(self._kernel.now + length, ContactEnded(contact_id, "customer"))
        self._in_talk.setdefault(contact_id, []).append(ending)

    def _cut_short(self, quantity: Quantity, contact_id: str, turn: Turn | None) -> None:
        """What the model is asked about next is known in part."""
        if turn is not None:
            self._model.known[quantity, contact_id] = turn

    def _talk_over(self, ended: InteractionEnded) -> None:
        super()._talk_over(ended)
        self._cancel_talk(ended.contact_id)

    def _transferred(self, transferred: ContactTransferred) -> None:
        super()._transferred(transferred)
        self._cancel_talk(transferred.contact_id)

    def _passed_outside(self, dialled: DialRequested) -> None:
        """What the party did the n-th time it was asked for this contact; where the record is silent, it does not answer."""
        contact = self._contact(dialled.contact_id)
        turn = _nth(contact.outside if contact else (), self._outside[dialled.contact_id])
        self._outside[dialled.contact_id] += 1
        for reaction in turn.reactions if turn is not None else ():
            self._again(reaction, attempt_id=dialled.attempt_id)

    def _cancel_talk(self, contact_id: str) -> None:
        for entry in self._in_talk.pop(contact_id, ()):
            entry.cancel()

    def _wrapping(self, started: WrapUpStarted) -> None:
        contact = self._contact(started.contact_id)
        turn = _nth(contact.wraps if contact else (), self._model.wraps_begun[started.contact_id])
        if turn is None or not (turn.whole or turn.reactions):
            self._cut_short(Quantity.WRAP_UP, started.contact_id, turn)
            super()._wrapping(started)
        else:
            self._all_again(turn, Quantity.WRAP_UP, agent_id=started.agent_id, interaction_id=started.interaction_id)
        self._model.wraps_begun[started.contact_id] += 1

    # ---- agents and endings

    def _agent(self, state: AgentStateChanged) -> None:
        if state.presence_reason == AWAY and state.presence is Presence.NOT_READY:
            self._away(state.agent_id)
        if state.cause != "missed_offer":
            return
        turn = _nth(self._record.returns.get(state.agent_id, ()), self._misses[state.agent_id])
        self._misses[state.agent_id] += 1
        if turn is None:
            super()._agent(state)
        else:
            self._all_again(turn, Quantity.RETURN)

    def _away(self, agent_id: str) -> None:
        """An inferred absence takes its time from when it can begin: a longer call does not swallow it."""
        now = self._kernel.now
        spans = self._record.away.get(agent_id, [])
        begun = spans[self._aways[agent_id] :]
        length = sum(lasts for at, lasts in begun if at <= now)
        self._aways[agent_id] += sum(at <= now for at, _ in begun)
        if length:
            self._kernel.schedule(now + length, PresenceChanged(agent_id, Presence.AVAILABLE))

    def _closed(self, closed: ContactClosed) -> None:
        contact_id = closed.contact_id
        self._wait_over(contact_id)
        super()._closed(closed)
        self._cancel_talk(contact_id)
        contact = self._contact(contact_id)
        for reaction in contact.afterwards if contact else ():
            self._again(reaction)

    # ---- the beginning

    def _resume(self) -> None:
        """What stood at the beginning goes on from there, as the reader took it."""
        pool = self._kernel.state.pool(self._record.tenant, self._record.pool)
        if pool is None:
            return
        for contact in pool.contacts.values():
            contact_id, kept = contact.contact_id, self._contact(contact.contact_id)
            if kept is None:
                continue
            self._groups[contact_id] = contact.group
            if contact.phase is ContactPhase.CONNECTED and kept.talks and contact.interaction is not None:
                talk = contact.interaction
                self._connected(InteractionStarted(contact_id, talk.agent_id, talk.interaction_id, self._kernel.now))
            elif 0 in kept.waits and contact.phase is not ContactPhase.CONNECTED:
                self._wait_began[contact_id] = self._kernel.now
                if kept.waits[0].reactions:
                    self._leaving[contact_id] = self._all_again(kept.waits[0], Quantity.PATIENCE)[0]
            if (offer := contact.open_offer) is not None and (turns := kept.answers.get(offer.agent_id)):
                self._offers[contact_id, offer.agent_id] = 1
                self._all_again(turns[0], Quantity.ANSWER, offer_id=offer.offer_id)
            if contact.outside is not None and kept.outside:
                self._outside[contact_id] = 1
                for reaction in kept.outside[0].reactions:
                    self._again(reaction, attempt_id=contact.outside.attempt_id)
            if contact.phase is ContactPhase.CONNECTING and kept.connections and contact.interaction is not None:
                self._connections[contact_id] = 1
                self._all_again(kept.connections[0], Quantity.CONNECT, offer_id=contact.interaction.offer_id)
        for agent in pool.agents.values():
            for wrap in agent.wrapping.values():
                kept = self._contact(wrap.contact_id)
                turn = _nth(kept.wraps if kept else (), self._model.wraps_begun[wrap.contact_id])
                self._model.wraps_begun[wrap.contact_id] += 1
                if turn is not None:
                    now = {"agent_id": agent.agent_id, "interaction_id": wrap.interaction_id}
                    self._all_again(turn, Quantity.WRAP_UP, **now)


def _nth(turns: Sequence[Turn], number: int) -> Turn | None:
    return turns[number] if number < len(turns) else None


def _about(fact: Fact, then: str | None, now: dict[str, str]) -> Fact:
    """The fact with the present ids where it names such things."""
    if not is_dataclass(fact):
        return fact
    named = {each.name for each in fields(fact)}
    changed: dict[str, Any] = {
        name: value
        for name, value in now.items()
        if name in named and getattr(fact, name) != value and (name != "agent_id" or getattr(fact, name) == then)
    }
    return replace(fact, **changed) if changed else fact
