"""From a journal to a record: each fact is laid to what it answered, each decision opens or closes what may be answered.

Only recorded inputs and decisions are read and folded; `decide` is not asked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from services.router.domain.contacts import ContactPhase
from services.router.domain.core import Decided, Fact, Input, PartitionState, TimerDue, apply
from services.router.what_if.record import ContactRecord, Heard, Reaction, Record, Turn
from shared.contracts import contact_events as facts
from shared.contracts import routing_decisions as said
from shared.contracts.fields import Channel

LEFT = (said.ContactEnd.ABANDONED_IN_QUEUE, said.ContactEnd.ABANDONED_WHILE_OFFERED)
_CUT = (
    said.OfferOutcome.ABANDONED,
    said.OfferOutcome.ENDED,
    said.OfferOutcome.RECLASSIFIED,
    said.OfferOutcome.CANCELLED,
)
"""An offer that ended so was taken back; what the agent would have done is not known."""
_ANSWERS = (facts.OfferAccepted, facts.OfferRejected)
_CONNECTIONS = (facts.ContactConnected, facts.ContactConnectFailed)
_WRITING = (facts.WrapUpCompleted, facts.WrapUpExtended)
_OUTSIDE = (facts.DialAnswered, facts.DialFailed, facts.OutsideLeft)


def digest(decisions: str) -> bytes:
    """Eight bytes that tell decisions (their journal text) apart."""
    return hashlib.blake2b(decisions.encode(), digest_size=8).digest()


class Open:
    """A turn that began and is not over: since when, and where what follows is written."""

    __slots__ = ("since", "turn")

    def __init__(self, since: int, turn: Turn) -> None:
        self.since = since
        self.turn = turn


class Reader:
    """Fed a pool's journal rows of a period in order; `record` is whole once `finish` was called."""

    def __init__(self, record: Record, state: PartitionState) -> None:
        """`state`: the partition's at the beginning of the period."""
        self.record = record
        self._offers: dict[str, tuple[str, Open]] = {}  # offer → agent, turn; kept for late answers
        self._assigned: dict[str, Open] = {}  # offer → connection
        self._connecting_now: dict[str, Open] = {}  # contact → its connection under way
        self._waiting: dict[str, Open] = {}  # contact → wait
        self._talking: dict[str, Open] = {}  # contact → conversation
        self._outside: dict[str, Open] = {}  # contact → its call to an outside party
        self._wraps: dict[str, tuple[str, Open]] = {}  # interaction → contact, wrap-up
        self._missed: dict[str, Open] = {}  # agent → what follows a missed offer
        self._closed: dict[str, int] = {}  # contact → when
        self._state = state
        self._after: Mapping[type[Any], Callable[[int, Any], None]] = {
            said.ContactQueued: self._queued,
            said.OfferMade: self._offered,
            said.OfferWithdrawn: self._withdrawn,
            said.ContactAssigned: self._connecting,
            said.ConsultationStarted: self._consulting,
            said.InteractionStarted: self._connected,
            said.InteractionEnded: self._talk_over,
            said.DialRequested: self._passed_outside,
            said.ConsultationEnded: lambda now, ended: self._outside_over(now, ended.contact_id),
            said.WrapUpStarted: self._wrapping,
            said.WrapUpFinished: self._wrapped,
            said.AgentStateChanged: self._agent,
            said.ContactClosed: self._ended,
        }
        self._resume(state)

    def hear(self, given: Input, decisions: Sequence[Decided], text: str) -> None:
        """One row: the fact is laid where it belongs, then its decisions are followed."""
        self.record.decided.append((given.position, digest(text)))
        self._note_late_timers(given)
        self._lay(given)
        for decided in decisions:
            follow = self._after.get(type(decided.decision))
            if follow is not None:
                follow(given.now, decided.decision)
        apply(self._state, given, decisions)

    def _note_late_timers(self, given: Input) -> None:
        """A timer that is due but has to wait for what the log held before it: it comes after that, if it comes at all."""
        for timer in self._state.overdue(self.record.tenant, self.record.pool, given.now):
            self.record.heard_timers[timer] = (given.now + 1, 0)

    def finish(self) -> Record:
        """Everything still open is cut short by the end of the period; the samples are drawn up."""
        ends = self.record.ends
        still: Iterable[Open] = (
            *(turn for _, turn in self._offers.values()), *self._assigned.values(), *self._waiting.values(),
            *self._talking.values(), *self._outside.values(), *(turn for _, turn in self._wraps.values()),
        )  # fmt: skip
        for each in still:
            if not each.turn.whole and not each.turn.lasted:
                each.turn.lasted = max(0, ends - each.since)
        _draw_up_samples(self.record)
        return self.record

    # ---- facts

    def _lay(self, given: Input) -> None:
        fact = given.fact
        if isinstance(fact, TimerDue):
            self.record.heard_timers[fact] = (given.now, given.position)
            return
        if isinstance(fact, facts.AgentSignedIn | facts.AgentSignedOut):
            self._missed.pop(fact.agent_id, None)
        place = self._place(fact)
        if place is None:
            self.record.timeline.append(Heard(given.now, fact, given.event_id, given.occurred_at, given.position))
            return
        since, reactions = place
        reactions.append(Reaction(given.now - since, fact, given.event_id, given.occurred_at - since, given.position))

    def _place(self, fact: Fact) -> tuple[int, list[Reaction]] | None:
        """What the fact answers, and since when that stood; None: it came by itself."""
        if isinstance(fact, _ANSWERS):
            known = self._offers.get(fact.offer_id)
            return None if known is None else _of(known[1])
        if isinstance(fact, _CONNECTIONS):
            return _of(self._assigned.get(fact.offer_id))
        if isinstance(fact, _WRITING):
            wrap = self._wraps.get(fact.interaction_id)
            return None if wrap is None else _of(wrap[1])
        if isinstance(fact, facts.PresenceChanged) and fact.agent_id in self._missed:
            return _of(self._missed.pop(fact.agent_id))
        contact_id: str | None = getattr(fact, "contact_id", None)
        if contact_id is None or isinstance(fact, facts.ContactArrived | facts.ContactProfiled):
            return None
        if isinstance(fact, _OUTSIDE) and contact_id in self._outside:
            return _of(self._outside[contact_id])
        if contact_id in self._talking:
            return _of(self._talking[contact_id])
        if contact_id in self._outside:
            return _of(self._outside[contact_id])
        if contact_id in self._closed:
            return self._closed[contact_id], self._contact(contact_id).afterwards
        if isinstance(fact, facts.ContactAbandoned):
            return _of(self._waiting.get(contact_id))
        return None

    # ---- decisions

    def _contact(self, contact_id: str, channel: Channel | None = None) -> ContactRecord:
        found = self.record.contacts.get(contact_id)
        if found is None:
            found = self.record.contacts[contact_id] = ContactRecord(channel or Channel.PHONE)
        return found

    def _queued(self, now: int, queued: said.ContactQueued) -> None:
        contact = self._contact(queued.contact_id, queued.channel)
        self._outside_over(now, queued.contact_id)
        contact.group = queued.group
        if queued.contact_id not in self._waiting:
            turn = contact.waits[len(contact.talks)] = Turn()
            self._waiting[queued.contact_id] = Open(now, turn)

    def _offered(self, now: int, offer: said.OfferMade) -> None:
        turn = Turn()
        self._contact(offer.contact_id, offer.channel).answers.setdefault(offer.agent_id, []).append(turn)
        self._offers[offer.offer_id] = (offer.agent_id, Open(now, turn))

    def _withdrawn(self, now: int, offer: said.OfferWithdrawn) -> None:
        if (known := self._offers.get(offer.offer_id)) is not None:
            _close(known[1], now, whole=offer.outcome not in _CUT)

    def _connecting(self, now: int, assigned: said.ContactAssigned) -> None:
        if (known := self._offers.get(assigned.offer_id)) is not None:
            _close(known[1], now, whole=True)
        turn = Turn()
        self._contact(assigned.contact_id, assigned.channel).connections.append(turn)
        self._assigned[assigned.offer_id] = self._connecting_now[assigned.contact_id] = Open(now, turn)

    def _consulting(self, now: int, started: said.ConsultationStarted) -> None:
        if (known := self._offers.get(started.offer_id)) is not None:
            _close(known[1], now, whole=True)

    def _connected(self, now: int, started: said.InteractionStarted) -> None:
        contact = self._contact(started.contact_id)
        if (wait := self._waiting.pop(started.contact_id, None)) is not None:
            _close(wait, now, whole=False)  # answered: would have waited at least so long
        if (connecting := self._connecting_now.pop(started.contact_id, None)) is not None:
            _close(connecting, now, whole=True)
        turn = Turn(agent_id=started.agent_id)
        contact.talks.append(turn)
        self._talking[started.contact_id] = Open(now, turn)

    def _talk_over(self, now: int, ended: said.InteractionEnded) -> None:
        if (connecting := self._connecting_now.pop(ended.contact_id, None)) is not None:
            _close(connecting, now, whole=ended.why == "connect_failed")
        if (talk := self._talking.pop(ended.contact_id, None)) is not None:
            _close(talk, now, whole=ended.why in ("ended", "transferred"))

    def _passed_outside(self, now: int, dialled: said.DialRequested) -> None:
        if dialled.outside is not None:
            turn = Turn()
            self._contact(dialled.contact_id).outside.append(turn)
            self._outside[dialled.contact_id] = Open(now, turn)

    def _outside_over(self, now: int, contact_id: str) -> None:
        if (passed_on := self._outside.pop(contact_id, None)) is not None:
            _close(passed_on, now, whole=True)

    def _wrapping(self, now: int, wrap: said.WrapUpStarted) -> None:
        turn = Turn(agent_id=wrap.agent_id)
        self._contact(wrap.contact_id, wrap.channel).wraps.append(turn)
        self._wraps[wrap.interaction_id] = (wrap.contact_id, Open(now, turn))

    def _wrapped(self, now: int, wrap: said.WrapUpFinished) -> None:
        if (known := self._wraps.get(wrap.interaction_id)) is not None:
            _close(known[1], now, whole=True)

    def _agent(self, now: int, state: said.AgentStateChanged) -> None:
        if state.cause == "missed_offer":
            turn = Turn(whole=True)
            self.record.returns.setdefault(state.agent_id, []).append(turn)
            self._missed[state.agent_id] = Open(now, turn)

    def _ended(self, now: int, closed: said.ContactClosed) -> None:
        contact_id = closed.contact_id
        self._outside_over(now, contact_id)
        if (wait := self._waiting.pop(contact_id, None)) is not None:
            _close(wait, now, whole=closed.end in LEFT and bool(wait.turn.reactions))
        if (talk := self._talking.pop(contact_id, None)) is not None:
            _close(talk, now, whole=True)
        self._closed[contact_id] = now

    # ---- the beginning of the period

    def _resume(self, state: PartitionState) -> None:
        """What stood at the beginning is answered from there on."""
        pool = state.pool(self.record.tenant, self.record.pool)
        if pool is None:
            return
        begins = self.record.begins
        for contact in pool.contacts.values():
            kept = self._contact(contact.contact_id, contact.channel)
            kept.group = contact.group
            if contact.phase is ContactPhase.CONNECTED and contact.interaction is not None:
                kept.talks.append(Turn(agent_id=contact.interaction.agent_id))
                self._talking[contact.contact_id] = Open(begins, kept.talks[-1])
            elif contact.phase in (ContactPhase.QUEUED, ContactPhase.OFFERED, ContactPhase.CONNECTING):
                kept.waits[0] = Turn()
                self._waiting[contact.contact_id] = Open(begins, kept.waits[0])
            if contact.outside is not None:
                kept.outside.append(Turn())
                self._outside[contact.contact_id] = Open(begins, kept.outside[-1])
            if (offer := contact.open_offer) is not None:
                kept.answers[offer.agent_id] = [Turn()]
                self._offers[offer.offer_id] = (offer.agent_id, Open(begins, kept.answers[offer.agent_id][0]))
            if contact.phase is ContactPhase.CONNECTING and contact.interaction is not None:
                kept.connections.append(Turn())
                opened = Open(begins, kept.connections[-1])
                self._assigned[contact.interaction.offer_id] = self._connecting_now[contact.contact_id] = opened
        for agent in pool.agents.values():
            for wrap in agent.wrapping.values():
                kept = self._contact(wrap.contact_id, wrap.channel)
                kept.group = kept.group or wrap.group
                kept.wraps.append(Turn(agent_id=agent.agent_id))
                self._wraps[wrap.interaction_id] = (wrap.contact_id, Open(begins, kept.wraps[-1]))


def _of(opened: Open | None) -> tuple[int, list[Reaction]] | None:
    return None if opened is None else (opened.since, opened.turn.reactions)


def _close(opened: Open, now: int, *, whole: bool) -> None:
    opened.turn.lasted = now - opened.since
    opened.turn.whole = whole


def _draw_up_samples(record: Record) -> None:
    samples = record.samples
    for contact in record.contacts.values():
        kind = contact.kind
        for wait in contact.waits.values():
            samples.patience.setdefault(kind, []).append((wait.lasted, wait.whole))
        for turns, kept in (
            (contact.talks, samples.talks), (contact.wraps, samples.wraps), (contact.connections, samples.connections)
        ):  # fmt: skip
            kept.setdefault(kind, []).extend(turn.lasted for turn in turns if turn.whole)
        for agent_id, turns in contact.answers.items():
            samples.answers.extend((agent_id, _answer(turn)) for turn in turns if turn.whole)
    for agent_id, turns in record.returns.items():
        samples.returns.extend((agent_id, turn.reactions[0].after) for turn in turns if turn.reactions)


def _answer(turn: Turn) -> tuple[int, str]:
    for reaction in turn.reactions:
        if isinstance(reaction.fact, facts.OfferAccepted):
            return reaction.after, "accepted"
        if isinstance(reaction.fact, facts.OfferRejected):
            return reaction.after, str(reaction.fact.outcome)
    return turn.lasted, "ignored"
