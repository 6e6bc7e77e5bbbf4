"""What the record does not say, drawn from what it says of others: a behaviour of the simulator, with a count of every draw.

Each contact and quantity has a stream of chance of its own, so that two policies under the same seed meet the same people
(common random numbers): their difference is the policy's.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import cast

from services.router.simulation.behaviour import Answer
from services.router.what_if.durations import Durations, Examples, Source
from services.router.what_if.record import Class, Record, Turn
from services.router.what_if.survival import Survival, kaplan_meier
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import (
    ContactAssigned,
    ContactQueued,
    InteractionStarted,
    OfferMade,
    WrapUpStarted,
)

ASSUMED_TALK = 180 * SECOND
ASSUMED_WRAP = 30 * SECOND
ASSUMED_RETURN = 60 * SECOND
"""Where the record holds no example at all. Named in the result when used."""
FEW_LEFT = 10
"""With fewer departures than this a group's own patience curve says little: everybody's is taken."""


class Quantity(StrEnum):
    """What is reused or modelled, as the result names it."""

    ANSWER = "answer"  # what an agent does with an offer, and how fast
    CONNECT = "connect"  # from acceptance to hearing each other
    TALK = "talk"
    WRAP_UP = "wrap_up"
    PATIENCE = "patience"
    RETURN = "return"  # back available after a missed offer


@dataclass
class Use:
    """How often recorded behaviour was used again, and how often something was drawn, by quantity and source."""

    reused: Counter[Quantity] = field(default_factory=Counter[Quantity])
    modelled: Counter[tuple[Quantity, Source]] = field(default_factory=Counter[tuple[Quantity, Source]])

    @property
    def any_modelled(self) -> bool:
        return bool(self.modelled.total())


class Models:
    """Fitted once a record, shared by all runs: patience curves and durations."""

    def __init__(self, record: Record) -> None:
        samples = record.samples
        self._patience = {kind: kaplan_meier(waits) for kind, waits in samples.patience.items()}
        self.everybody = kaplan_meier(wait for waits in samples.patience.values() for wait in waits)
        self.talks = Durations(cast("Mapping[tuple[str, ...], list[int]]", samples.talks), ASSUMED_TALK)
        self.wraps = Durations(cast("Mapping[tuple[str, ...], list[int]]", samples.wraps), ASSUMED_WRAP)
        self.connections = Durations(cast("Mapping[tuple[str, ...], list[int]]", samples.connections), 0)
        self.answers = Examples(samples.answers)
        self.returns = Examples(samples.returns)

    def patience(self, kind: Class) -> tuple[Survival, Source]:
        """The curve for a class of contacts, and whether it is its own."""
        own = self._patience.get(kind)
        if own is not None and own.left >= FEW_LEFT:
            return own, Source.RECORDED_ALIKE
        return self.everybody, Source.RECORDED_ALL


class Unrecorded:
    """Implements `services.router.simulation.behaviour.Behaviour`. `position` tells it which turn of a contact is being asked about."""

    def __init__(self, record: Record, models: Models, seed: int) -> None:
        self.use = Use()
        self.talks_begun: Counter[str] = Counter()  # kept by the reenactment: conversations of a contact so far
        self.wraps_begun: Counter[str] = Counter()
        self.beyond: dict[str, tuple[int, Source]] = {}
        """Contact → µs of this wait after which its patience is a drawn one."""
        self.known: dict[tuple[Quantity, str], Turn] = {}
        """(quantity, contact) → the recorded turn that was cut short and is now asked about: what is drawn lasts longer."""
        self._continued: dict[tuple[Quantity, str], Source] = {}
        self._record = record
        self._models = models
        self._seed = seed

    def _chance(self, subject: str, quantity: Quantity, turn: int = 0) -> random.Random:
        return random.Random(f"{self._seed}:{quantity}:{subject}:{turn}")

    def _kind(self, contact_id: str) -> Class:
        contact = self._record.contacts.get(contact_id)
        return contact.kind if contact else ("", "")

    def patience(self, queued: ContactQueued) -> int | None:
        turn = self.talks_begun[queued.contact_id]
        contact = self._record.contacts.get(queued.contact_id)
        known = contact.waits.get(turn) if contact else None
        waited = known.lasted if known else 0
        curve, source = self._models.patience((queued.group, str(queued.channel)))
        self.beyond[queued.contact_id] = (waited, source)
        return curve.draw(self._chance(queued.contact_id, Quantity.PATIENCE, turn), waited)

    def answer(self, offer: OfferMade) -> Answer:
        """One of the agent's recorded answers; of an offer taken back in the record, one that took longer than it stood."""
        chance = self._chance(offer.offer_id, Quantity.ANSWER)
        found = self._models.answers.draw(chance, offer.agent_id)
        (after, outcome), source = found or ((self._record.samples.assumed_answer, "accepted"), Source.ASSUMED)
        stood = self._drawn(Quantity.ANSWER, offer.contact_id, source)
        if stood and after <= stood:
            after = stood + max(after, SECOND)
        return Answer(after, outcome)  # pyright: ignore[reportArgumentType]  # recorded outcomes are these

    def connect(self, assigned: ContactAssigned) -> int | None:
        chance = self._chance(assigned.offer_id, Quantity.CONNECT)
        return self._duration(Quantity.CONNECT, self._models.connections, assigned.contact_id, chance, None)

    def talk(self, started: InteractionStarted, group: str) -> int:
        kind = (group, self._kind(started.contact_id)[1])
        chance = self._chance(started.contact_id, Quantity.TALK, self.talks_begun[started.contact_id])
        return self._duration(Quantity.TALK, self._models.talks, started.contact_id, chance, kind)

    def wrap_up(self, started: WrapUpStarted) -> int | None:
        kind = (started.group, str(started.channel))
        chance = self._chance(started.contact_id, Quantity.WRAP_UP, self.wraps_begun[started.contact_id])
        return self._duration(Quantity.WRAP_UP, self._models.wraps, started.contact_id, chance, kind)

    def _duration(
        self, quantity: Quantity, durations: Durations, contact_id: str, chance: random.Random, kind: Class | None
    ) -> int:
        lasted = self._known_of(quantity, contact_id)
        drawn = durations.draw(chance, kind or self._kind(contact_id), lasted)
        self._drawn(quantity, contact_id, drawn.source)
        return drawn.value

    def _known_of(self, quantity: Quantity, contact_id: str) -> int:
        turn = self.known.get((quantity, contact_id))
        return turn.lasted if turn else 0

    def _drawn(self, quantity: Quantity, contact_id: str, source: Source) -> int:
        """Count a draw: at once where nothing was known, else only if what is drawn comes to pass. Returns the µs known."""
        turn = self.known.pop((quantity, contact_id), None)
        if turn is None:
            self.use.modelled[quantity, source] += 1
            return 0
        self._continued[quantity, contact_id] = source
        return turn.lasted

    def came_to_pass(self, quantity: Quantity, contact_id: str) -> None:
        """A drawn fact was heard and taken."""
        source = self._continued.pop((quantity, contact_id), None)
        if source is not None:
            self.use.modelled[quantity, source] += 1

    def back_after_missed(self, agent_id: str) -> int | None:
        found = self._models.returns.draw(self._chance(agent_id, Quantity.RETURN, self.use.modelled.total()), agent_id)
        after, source = found or (ASSUMED_RETURN, Source.ASSUMED)
        self.use.modelled[Quantity.RETURN, source] += 1
        return after

    def forget(self, contact_id: str) -> None:
        self.beyond.pop(contact_id, None)
