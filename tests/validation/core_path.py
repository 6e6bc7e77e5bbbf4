"""The same customers through the router's core: everybody's wait, as the decisions tell it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.router.domain.core import Decided, Input
from services.router.simulation.behaviour import Answer
from services.router.simulation.kernel import Kernel
from services.router.simulation.people import People
from shared.contracts.contact_events import AgentSignedIn, ContactArrived, ContactEnded, Presence
from shared.contracts.fields import Channel, HeldSkill
from shared.contracts.routing_decisions import ContactClosed, ContactQueued, InteractionStarted, OfferMade
from tests.unit.router.simulation.small_centre import policy
from tests.validation.first_come import Customers


class _Given:
    """A behaviour without chance: answers at once, and what the customers bring. Contacts are named c<n>."""

    def __init__(self, customers: Customers) -> None:
        self.service = customers.service[0].tolist()
        self.stays: list[int] | None = None if customers.patience is None else customers.patience[0].tolist()

    def patience(self, queued: ContactQueued) -> int | None:
        return None if self.stays is None else self.stays[int(queued.contact_id[1:])]

    def answer(self, offer: Any) -> Answer:
        return Answer(0)

    def connect(self, assigned: Any) -> int | None:
        return 0

    def talk(self, started: InteractionStarted, group: str) -> int:
        return self.service[int(started.contact_id[1:])]

    def wrap_up(self, started: Any) -> int | None:
        return None

    def back_after_missed(self, agent_id: str) -> int | None:
        return None

    def forget(self, contact_id: str) -> None:
        return None


def core_waits(
    customers: Customers, servers: Sequence[Sequence[int]], places: int | None = None
) -> tuple[list[int | None], list[bool], Kernel]:
    """Everybody's wait until service or leaving (None: turned away), and who left. Times in µs."""
    kinds = sorted({kind for served in servers for kind in served})
    kernel = Kernel(policy({f"k{kind}": [f"k{kind}"] for kind in kinds}), 0)
    People(kernel, _Given(customers))
    count = customers.arrives.shape[1]
    arrives, kind = customers.arrives[0].tolist(), customers.kind[0].tolist()
    waits: list[int | None] = [None] * count
    left = [False] * count
    waiting: set[str] = set()
    turned_away: set[int] = set()

    def hear(given: Input, decisions: Sequence[Decided]) -> None:
        for decided in decisions:
            made = decided.decision
            if isinstance(made, ContactQueued):
                waiting.add(made.contact_id)
            elif isinstance(made, OfferMade):
                waiting.discard(made.contact_id)
            elif isinstance(made, InteractionStarted):
                waits[int(made.contact_id[1:])] = made.at - arrives[int(made.contact_id[1:])]
            elif isinstance(made, ContactClosed):
                waiting.discard(made.contact_id)
                n = int(made.contact_id[1:])
                if waits[n] is None and n not in turned_away:
                    waits[n], left[n] = made.at - arrives[n], True
        came = given.fact
        if (
            isinstance(came, ContactArrived)
            and places is not None
            and len(waiting) > places
            and came.contact_id in waiting
        ):
            turned_away.add(int(came.contact_id[1:]))  # last in order, gone at once: nobody notices
            kernel.schedule(kernel.now, ContactEnded(came.contact_id, "system", failed=True))

    kernel.listen(hear)
    for n, served in enumerate(servers):
        skills = tuple(HeldSkill(f"k{k}", 5) for k in served)
        kernel.schedule(0, AgentSignedIn(f"a{n:03}", "s", skills, presence=Presence.AVAILABLE))

    def come(n: int) -> None:
        kernel.schedule(kernel.now, ContactArrived(f"c{n}", Channel.PHONE, "line", kernel.now, group=f"k{kind[n]}"))
        if n + 1 < count:
            kernel.call(arrives[n + 1], lambda: come(n + 1))

    kernel.call(arrives[0], lambda: come(0))
    kernel.run()
    return waits, left, kernel
