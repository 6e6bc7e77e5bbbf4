"""Customers, agents and an ivr as the router meets them: they arrive, are answered by the menu, wait, give up, accept, reject,
miss, talk, consult, transfer, wrap up, lose their page. What they do next depends on the decisions they see, so a lost or
doubled decision shows.

Seeded and clockless: the driver asks what is due at a time, and tells which decisions were read.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

from shared.contracts import contact_events as events
from shared.contracts import routing_decisions as said
from shared.contracts.envelope import Envelope, stable_id
from shared.contracts.fields import SECOND, Channel, HeldSkill

LINES = {"rental": ("rental-general", "rental-contract"), "repair": ("repair-general", "repair-urgent")}

REJECTIONS: tuple[Literal["rejected", "busy", "no_answer"], ...] = ("rejected", "busy", "no_answer")


@dataclass
class World:
    """One pool's customers and agents. Times are policy µs."""

    seed: int
    tenant: str = "jinfeng"
    pool: str = "main"
    agents: int = 10
    contacts: int = 200
    """Contacts that come at least; more, until `last_call`."""
    gap: int = SECOND
    """Mean time between arrivals, µs."""
    repeats: float = 0.04
    """Share of events that are sent twice."""
    hurry: float = 1.0
    """Every delay is divided by this."""
    resting: bool = False
    """Nobody arrives for the moment: the driver has to catch up."""
    told: Counter[str] = field(default_factory=Counter)
    closed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._due: list[tuple[int, int, str, Any]] = []
        self._numbered = 0
        self._arrived = 0
        self._closing = False
        self._talking: set[str] = set()
        self._signed_in: set[str] = set()
        self._wandering: set[str] = set()

    # ---- for the driver

    def begin(self, now: int) -> None:
        """Agents sign in, the first contact is on its way."""
        for number in range(self.agents):
            self._sign_in(now, f"{self.pool}-agent-{number:02}")
        self._plan(now + SECOND, self._arrive)

    def next_due(self) -> int | None:
        return self._due[0][0] if self._due else None

    def due(self, now: int) -> list[Envelope[Any]]:
        """Events that happen until `now`, in order."""
        happened: list[Envelope[Any]] = []
        while self._due and self._due[0][0] <= now:
            at, _, event_id, what = heapq.heappop(self._due)
            if callable(what):
                what(at)
                continue
            subject = getattr(what, "contact_id", None) or what.agent_id
            happened.append(Envelope(event_id, "/world", at, self.tenant, subject, what, self.pool))
        return happened

    def last_call(self) -> None:
        """Nobody else comes, once as many have come as were to come at least."""
        self._closing = True

    @property
    def finished(self) -> bool:
        """Nobody comes any more, and everybody who came has ended."""
        return self._closing and self._arrived >= self.contacts and len(self.closed) == self._arrived

    def read(self, envelope: Envelope[Any]) -> None:
        """React to a decision, seen once and in order."""
        now, decision = envelope.time, envelope.data
        self.told[envelope.type] += 1
        match decision:
            case said.SelfServiceAwaited() if self._random.random() < 0.9:
                self._say(now + self._seconds(0.1, 2), events.SelfServiceStarted(decision.contact_id, "main", 1))
            case said.SelfServiceEngaged():
                self._serve(now, decision.contact_id)
            case said.ConsultationStarted():
                self._consult(now, decision)
            case said.ConsultationEnded(contact_id=contact_id) if contact_id in self._talking:
                self._say(now + self._seconds(2, 10), events.ContactEnded(contact_id, "customer"))
            case said.OfferMade():
                self._answer(now, decision)
            case said.ContactAssigned():
                self._connect(now, decision)
            case said.InteractionStarted():
                self._talking.add(decision.contact_id)
                self._talk(now, decision)
            case said.InteractionEnded():
                self._talking.discard(decision.contact_id)
            case said.WrapUpStarted() if self._random.random() < 0.8:
                completed = events.WrapUpCompleted(
                    decision.agent_id, decision.contact_id, decision.interaction_id, "solved"
                )
                self._say(now + self._seconds(1, 8), completed)
            case said.AgentStateChanged(presence=events.Presence.NOT_READY, cause=cause) if cause != "signed_in":
                back = events.PresenceChanged(decision.agent_id, events.Presence.AVAILABLE)
                self._say(now + self._seconds(3, 15), back)
            case said.AgentStateChanged(presence=events.Presence.SIGNED_OUT):
                self._signed_in.discard(decision.agent_id)
                self._plan(now + self._seconds(5, 20), lambda at: self._sign_in(at, decision.agent_id))
            case said.ContactClosed():
                self.closed.add(decision.contact_id)
            case _:
                return

    # ---- what people do

    def _seconds(self, low: float, high: float) -> int:
        return int(self._random.uniform(low, high) * SECOND / self.hurry)

    def _plan(self, at: int, what: Any, event_id: str = "") -> None:
        self._numbered += 1
        heapq.heappush(self._due, (at, self._numbered, event_id, what))

    def _say(self, at: int, fact: Any) -> None:
        event_id = stable_id("world", self.pool, str(self.seed), str(self._numbered))
        self._plan(at, fact, event_id)
        if self._random.random() < self.repeats:
            self._plan(at + self._seconds(0, 3), fact, event_id)

    def _sign_in(self, at: int, agent: str) -> None:
        if agent in self._signed_in:
            return
        self._signed_in.add(agent)
        number = int(agent[-2:])
        skills = [HeldSkill("rental", 2 + number % 8)] if number % 3 else []
        skills += [HeldSkill("repair", 1 + number % 6)] if number % 2 or number % 3 == 0 else []
        skills += [HeldSkill("cantonese", 5)] if number % 4 == 0 else []
        capacity = {Channel.WEB: 2} if number % 2 else {}
        session = f"s{self._numbered}"
        self._say(at, events.AgentSignedIn(agent, session, tuple(skills), capacity, presence=events.Presence.AVAILABLE))
        if self._random.random() < 0.3 and agent not in self._wandering:
            self._wandering.add(agent)
            self._plan(at + self._seconds(40, 120), lambda later: self._wander(later, agent))

    def _wander(self, at: int, agent: str) -> None:
        """Now and then somebody loses the page, takes a break, learns something or goes home; signed in or not, to the end."""
        chance = self._random.random()
        if chance < 0.4:
            self._say(at, events.EndpointLost(agent))
            self._say(at + self._seconds(1, 60), events.EndpointRestored(agent))
        elif chance < 0.7:
            self._say(at, events.PresenceChanged(agent, events.Presence.NOT_READY, "break"))
        elif chance < 0.85:
            self._say(at, events.AgentProfileChanged(agent, (HeldSkill("rental", 9), HeldSkill("repair", 9))))
        else:
            self._say(at, events.AgentSignedOut(agent))
        self._plan(at + self._seconds(40, 120), lambda later: self._wander(later, agent))

    def _arrive(self, at: int) -> None:
        if self._closing and self._arrived >= self.contacts:
            return
        if self.resting:
            return self._plan(at + 20 * self.gap, self._arrive)
        self._arrived += 1
        contact = f"{self.pool}-c{self.seed}-{self._arrived}"
        line = self._random.choice(list(LINES))
        channel = self._random.choices([Channel.PHONE, Channel.WEB, Channel.FAX], [6, 3, 1])[0]
        group = self._random.choice(LINES[line]) if self._random.random() < 0.5 else None
        menu = self._random.random() < 0.2
        self._say(
            at,
            events.ContactArrived(
                contact, channel, line, at, group=group, address="+8613800138000", self_service=menu
            ),
        )  # fmt: skip
        if self._random.random() < 0.9:
            preferred = (f"{self.pool}-agent-{self._random.randrange(self.agents):02}",)
            profiled = events.ContactProfiled(
                contact,
                f"customer-{self._arrived}",
                tier="gold" if self._random.random() < 0.2 else None,
                language="cantonese" if self._random.random() < 0.1 else None,
                preferred=tuple(events.PreferredAgent(a, "account_owner") for a in preferred)
                if self._random.random() < 0.2
                else (),
            )
            self._say(at + int(self._random.choice([0.03, 0.05, 0.4]) * SECOND), profiled)
        patience = self._seconds(8, 90) if channel is not Channel.FAX else self._seconds(600, 1200)
        self._plan(at + patience, lambda later: self._give_up(later, contact))
        if not self._closing or self._arrived < self.contacts:
            self._plan(at + max(1, int(self._random.expovariate(1) * self.gap)), self._arrive)

    def _give_up(self, at: int, contact: str, before: bool = False) -> None:
        """Leave the queue; a conversation nobody ended (its end crossed something) ends the second time round."""
        if contact in self.closed:
            return
        if contact not in self._talking:
            self._say(at, events.ContactAbandoned(contact))
        elif before:
            self._say(at, events.ContactEnded(contact, "customer"))
        self._plan(at + self._seconds(60, 90), lambda later: self._give_up(later, contact, before=True))

    def _serve(self, now: int, contact: str) -> None:
        """The ivr answers, hands on, or is not heard of again."""
        at, chance = now + self._seconds(1, 10), self._random.random()
        if chance < 0.4:
            self._say(at, events.SelfServiceAnswered(contact, "opening-hours", 1))
            at += self._seconds(0.5, 5)
        if chance < 0.2:
            self._say(at, events.ContactAbandoned(contact))
        elif chance < 0.3:
            self._say(at, events.SelfServiceEnded(contact, "served"))
        elif chance < 0.9:
            group = self._random.choice(["rental-contract", "repair-urgent", "unheard-of", None])
            self._say(at, events.SelfServiceEnded(contact, "to_person", group, language="cantonese"))

    def _consult(self, now: int, started: said.ConsultationStarted) -> None:
        """Two colleagues talk: mostly the customer is handed over; every other way out of it happens too."""
        contact, at, chance = started.contact_id, now + self._seconds(1, 8), self._random.random()
        if chance < 0.6:
            self._say(at, events.TransferCompleted(contact, started.from_agent, started.transfer_id))
        elif chance < 0.75:
            who = self._random.choice([started.from_agent, started.agent_id])
            self._say(at, events.TransferCancelled(contact, who, started.transfer_id))
        elif chance < 0.85:
            self._say(at, events.ContactConnectFailed(contact, started.offer_id))
        else:
            self._say(at, events.ContactEnded(contact, self._random.choice(["customer", "agent"])))

    def _answer(self, now: int, offer: said.OfferMade) -> None:
        chance = self._random.random()
        at = now + self._seconds(0.5, 4)
        if chance < 0.82:
            self._say(at, events.OfferAccepted(offer.agent_id, offer.contact_id, offer.offer_id))
        elif chance < 0.92:
            outcome = self._random.choice(REJECTIONS)
            self._say(at, events.OfferRejected(offer.agent_id, offer.contact_id, offer.offer_id, outcome))
        elif chance < 0.96:  # on the very edge of its time
            self._say(offer.expires_at, events.OfferAccepted(offer.agent_id, offer.contact_id, offer.offer_id))

    def _connect(self, now: int, assigned: said.ContactAssigned) -> None:
        at = now + self._seconds(0.1, 1)
        if self._random.random() < 0.96:
            self._say(at, events.ContactConnected(assigned.contact_id, assigned.offer_id))
        elif self._random.random() < 0.7:
            self._say(at, events.ContactConnectFailed(assigned.contact_id, assigned.offer_id))

    def _talk(self, now: int, started: said.InteractionStarted) -> None:
        contact, agent, at = started.contact_id, started.agent_id, now + self._seconds(2, 25)
        if self._random.random() < 0.18:
            kind = self._random.choice(list(events.TransferTarget))
            target = (
                self._random.choice(["rental-contract", "repair-urgent"])
                if kind is events.TransferTarget.GROUP
                else f"{self.pool}-agent-{self._random.randrange(self.agents):02}"
            )
            mode: Literal["blind", "warm"] = "warm" if self._random.random() < 0.6 else "blind"
            self._say(at, events.TransferRequested(contact, agent, f"t-{started.interaction_id}", kind, target, mode))
            self._plan(at + self._seconds(60, 90), lambda later: self._give_up(later, contact))
        else:
            self._say(at, events.ContactEnded(contact, self._random.choice(["customer", "agent"])))
