"""What people do and how long they take: the one joint between the kernel and a model of customers and agents.

`People` (services.router.simulation.people) asks a `Behaviour` at each turn of a contact and schedules what follows.
`DrawnBehaviour` draws every answer from distributions; what-if puts recorded values in their place and draws only what the
record does not know:

    class Recorded(DrawnBehaviour):
        def patience(self, queued):
            known = self.journal.abandoned_after(queued.contact_id)
            return super().patience(queued) if known is None else known
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import (
    ContactAssigned,
    ContactQueued,
    InteractionStarted,
    OfferMade,
    WrapUpStarted,
)

Draw = Callable[[random.Random], float]
"""A distribution: seconds (not negative), given a stream of chance."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the agent does with an offer, and after how many µs. `ignored`: nothing, so that it times out (RONA)."""

    after: int
    outcome: Literal["accepted", "rejected", "busy", "no_answer", "ignored"] = "accepted"


class Behaviour(Protocol):
    """All times in µs from the decision that is asked about. Asked once a decision, in the order of decisions."""

    def patience(self, queued: ContactQueued) -> int | None:
        """How long the customer waits from here until they leave; None: for ever.

        Asked when a contact first waits, and when it waits again after a conversation (transfer, agent lost). What it was
        told stands while the contact is offered, missed and queued again.
        """
        ...

    def answer(self, offer: OfferMade) -> Answer:
        """What the agent does with the offer."""
        ...

    def connect(self, assigned: ContactAssigned) -> int | None:
        """From acceptance until customer and agent hear each other; None: the connection fails (at once)."""
        ...

    def talk(self, started: InteractionStarted, group: str) -> int:
        """How long the conversation lasts, hold included. `group`: the contact's at this time."""
        ...

    def wrap_up(self, started: WrapUpStarted) -> int | None:
        """When the agent writes the code; None, or beyond the policy's time: the clock ends the wrap-up."""
        ...

    def back_after_missed(self, agent_id: str) -> int | None:
        """After how long an agent set to "not ready: no answer" makes themselves available again; None: never."""
        ...

    def forget(self, contact_id: str) -> None:
        """The contact ended; nothing more will be asked about it."""
        ...


def constant(seconds: float) -> Draw:
    """Always the same."""
    return lambda _: seconds


@dataclass(frozen=True)
class Manners:
    """The distributions of one group's contacts. `patience` None: customers wait for ever."""

    talk: Draw
    patience: Draw | None = None
    wrap_up: Draw | None = None  # None: as long as the policy's clock lets it


@dataclass
class DrawnBehaviour:
    """Everything drawn from distributions, by group; a group that is not named has the manners of "".

    A contact's patience, conversation and wrap-up are drawn together when it first waits, each from a stream of its own. Two runs
    with the same seed and the same arrivals therefore meet the same customers, whatever agents or policy they meet
    (common random numbers), and their difference is the policy's.
    """

    seed: int
    manners: Mapping[str, Manners]
    accept: Draw = field(default_factory=lambda: constant(0))  # an agent's time to answer
    miss_share: float = 0.0  # of offers nobody answers
    connect_after: Draw = field(default_factory=lambda: constant(0))
    back_after: Draw | None = None  # None: an agent who missed an offer stays "not ready"

    def __post_init__(self) -> None:
        stream = random.Random  # seeded models, no secrets
        self._patience = stream(f"{self.seed}:patience")
        self._talk = stream(f"{self.seed}:talk")
        self._wrap_up = stream(f"{self.seed}:wrap_up")
        self._agents = stream(f"{self.seed}:agents")
        self._drawn: dict[str, tuple[int, int]] = {}  # contact → talk, wrap-up of its next conversation

    def _manners(self, group: str) -> Manners:
        return self.manners.get(group) or self.manners[""]

    def patience(self, queued: ContactQueued) -> int | None:
        manners = self._manners(queued.group)
        self._draw(queued.contact_id, manners)
        return None if manners.patience is None else microseconds(manners.patience(self._patience))

    def _draw(self, contact_id: str, manners: Manners) -> tuple[int, int]:
        talk = microseconds(manners.talk(self._talk))
        wrap = -1 if manners.wrap_up is None else microseconds(manners.wrap_up(self._wrap_up))
        drawn = self._drawn[contact_id] = (talk, wrap)
        return drawn

    def answer(self, offer: OfferMade) -> Answer:
        if self.miss_share and self._agents.random() < self.miss_share:
            return Answer(0, "ignored")
        return Answer(microseconds(self.accept(self._agents)))

    def connect(self, assigned: ContactAssigned) -> int | None:
        return microseconds(self.connect_after(self._agents))

    def talk(self, started: InteractionStarted, group: str) -> int:
        drawn = self._drawn.get(started.contact_id) or self._draw(started.contact_id, self._manners(group))
        return drawn[0]

    def wrap_up(self, started: WrapUpStarted) -> int | None:
        """The contact is over for the model: what was drawn for it is forgotten."""
        _, wrap = self._drawn.pop(started.contact_id, (0, -1))
        return None if wrap < 0 else wrap

    def back_after_missed(self, agent_id: str) -> int | None:
        return None if self.back_after is None else microseconds(self.back_after(self._agents))

    def forget(self, contact_id: str) -> None:
        self._drawn.pop(contact_id, None)


def microseconds(seconds: float) -> int:
    """Whole µs, never negative."""
    return max(0, round(seconds * SECOND))
