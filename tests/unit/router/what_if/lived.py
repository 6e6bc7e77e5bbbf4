"""A day that happened: a small centre lived through on the core, every input and its decisions kept as a journal keeps them.

Agents miss and reject offers, chats and calls are passed on, customers give up, one page is lost, a timer is always heard a
little late and some facts come twice: what a real journal holds.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, Literal

from services.router.domain.core import Decided, Input, PartitionState, TimerDue, decisions_to_json, input_to_json
from services.router.journal import Row
from services.router.simulation.behaviour import Answer, DrawnBehaviour, Manners
from services.router.simulation.kernel import Kernel
from services.router.simulation.people import People
from shared.contracts import contact_events as ev
from shared.contracts import routing_decisions as said
from shared.contracts.fields import SECOND, Channel, HeldSkill
from tests.unit.router.centre import POLICY

TENANT, POOL = "jinfeng", "main"
BEGINS = 1_700_000_000 * SECOND
HOUR = 3_600 * SECOND


class LateTimers(dict[TimerDue, tuple[int, int]]):
    """Every timer is heard 1–40 ms after it was due, as on a real machine."""

    def __init__(self, behind: int) -> None:
        """`behind`: milliseconds the shell is behind at most."""
        super().__init__()
        self._behind = behind

    def get(self, key: TimerDue, default: Any = None) -> Any:
        return (key.due + 1_000 * (1 + key.due // 1_000 % self._behind), 0)

    def __bool__(self) -> bool:
        return True


class Moody(DrawnBehaviour):
    """Agents who answer at their own pace, now and then reject or miss an offer."""

    def answer(self, offer: said.OfferMade) -> Answer:
        mood = self._agents.random()
        after = round(self._agents.uniform(0.5, 12) * SECOND)
        outcome = "ignored" if mood < 0.06 else "rejected" if mood < 0.12 else "accepted"
        return Answer(after, outcome)


def lognormal(mean: float, sd: float):
    return lambda chance: chance.lognormvariate(mean, sd)


def lived(
    seed: int = 7,
    contacts: int = 150,
    agents: int = 6,
    policy: dict[str, Any] | None = None,
    hours: float = 2,
    behind: int = 40,
    outside: float = 0.0,
) -> list[Row]:
    """The journal's rows of one pool, positions from 1 on. `outside`: share of calls passed on to an outside number."""
    chance = random.Random(seed)
    rows: list[Row] = []

    def write(given: Input, decisions: Sequence[Decided]) -> None:
        text = decisions_to_json(decisions)
        rows.append(Row(given.position, 1, given.now, TENANT, POOL, 0, len(decisions), input_to_json(given), text))

    state = PartitionState.empty(3)
    state.position = 0
    kernel = Kernel(policy or POLICY, BEGINS, tenant=TENANT, pool=POOL, state=state, heard_timers=LateTimers(behind))
    kernel.listen(write)
    manners = Manners(
        lognormal(4.6, 0.7), patience=lambda c: c.expovariate(1 / 150), wrap_up=lambda c: c.uniform(2, 20)
    )
    People(
        kernel,
        Moody(seed, {"": manners}, connect_after=lambda c: c.uniform(0.1, 1.5), back_after=lambda c: c.uniform(5, 60)),
    )
    _staff(kernel, chance, agents)
    _contacts(kernel, chance, contacts, hours)
    _happenings(kernel, chance)
    if outside:
        _plumber(kernel, random.Random(seed), outside)
    kernel.run(until=BEGINS + round(hours * HOUR) + HOUR)
    return rows


def _staff(kernel: Kernel, chance: random.Random, agents: int) -> None:
    for number in range(agents):
        skills = [HeldSkill("zh", 5 + number % 3)] + ([HeldSkill("complaint", 7)] if number % 2 else [])
        at = BEGINS + 1_000_003 * (number + 1)
        kernel.schedule(at, ev.AgentSignedIn(f"a{number}", f"s{number}", tuple(skills), presence=ev.Presence.AVAILABLE))
        away = at + round(chance.uniform(0.3, 1.2) * HOUR)
        kernel.schedule(away, ev.PresenceChanged(f"a{number}", ev.Presence.NOT_READY, "break"))
        kernel.schedule(away + 600 * SECOND, ev.PresenceChanged(f"a{number}", ev.Presence.AVAILABLE))


def _contacts(kernel: Kernel, chance: random.Random, contacts: int, hours: float) -> None:
    for number in range(contacts):
        at = BEGINS + 5 * SECOND + round(chance.uniform(0, hours) * HOUR)
        contact = f"c{number:03d}"
        channel = Channel.WEB if chance.random() < 0.25 else Channel.PHONE
        group = "complaints" if channel is Channel.PHONE and chance.random() < 0.3 else "general"
        arrival = ev.ContactArrived(contact, channel, "rental", at, group=group)
        kernel.schedule(at, arrival, f"arrival-{contact}")
        if chance.random() < 0.1:
            kernel.schedule(at + 3_000, arrival, f"arrival-{contact}")  # delivered twice
        if chance.random() < 0.3:
            kernel.schedule(at + 200_000, ev.ContactProfiled(contact, f"cu-{number}", tier="gold"))


MODES: tuple[Literal["blind", "warm", "conference"], ...] = ("blind", "warm", "conference")


def _plumber(kernel: Kernel, chance: random.Random, share: float) -> None:
    """Calls passed on to an outside number, which answers, is busy, or keeps silent; who talks with it hangs up in the end."""

    def hear(_given: Input, decisions: Sequence[Decided]) -> None:
        for decided in decisions:
            told = decided.decision
            if isinstance(told, said.InteractionStarted) and chance.random() < share:
                at = kernel.now + round(chance.uniform(5, 30) * SECOND)
                to, transfer = ev.TransferTarget.OUTSIDE, f"p-{told.interaction_id}"
                mode = chance.choice(MODES)
                asked = ev.TransferRequested(told.contact_id, told.agent_id, transfer, to, "plumber", mode)
                kernel.schedule(at, asked)
            if isinstance(told, said.DialRequested):
                at, mood = kernel.now + round(chance.uniform(2, 25) * SECOND), chance.random()
                if mood < 0.5:
                    kernel.schedule(at, ev.DialAnswered(told.contact_id, told.attempt_id))
                    over = at + round(chance.uniform(20, 200) * SECOND)
                    kernel.schedule(over, ev.ContactEnded(told.contact_id, chance.choice(["customer", "system"])))
                    if told.transfer_id is not None and told.agent_id is not None:
                        afterwards = [
                            ev.TransferCompleted(told.contact_id, told.agent_id, told.transfer_id),
                            ev.TransferCancelled(told.contact_id, told.agent_id, told.transfer_id),
                            ev.OutsideLeft(told.contact_id, told.attempt_id),
                            ev.ContactEnded(told.contact_id, "agent"),
                        ]
                        kernel.schedule(at + 10 * SECOND, chance.choices(afterwards, (4, 1, 1, 1))[0])
                elif mood < 0.75:
                    kernel.schedule(at, ev.DialFailed(told.contact_id, told.attempt_id, "busy"))
                elif mood < 0.85:
                    kernel.schedule(at, ev.ContactAbandoned(told.contact_id))

    kernel.listen(hear)


def _happenings(kernel: Kernel, chance: random.Random) -> None:
    """Some conversations are passed on to the other group; one agent's page is away for a while."""

    def hear(_given: Input, decisions: Sequence[Decided]) -> None:
        for decided in decisions:
            if isinstance(decided.decision, said.InteractionStarted) and chance.random() < 0.15:
                started = decided.decision
                at = kernel.now + round(chance.uniform(5, 30) * SECOND)
                transfer = f"t-{started.interaction_id}"
                to = ev.TransferTarget.GROUP
                kernel.schedule(at, ev.TransferRequested(started.contact_id, started.agent_id, transfer, to, "general"))

    kernel.listen(hear)
    kernel.schedule(BEGINS + HOUR // 2, ev.EndpointLost("a1"))
    kernel.schedule(BEGINS + HOUR // 2 + 90 * SECOND, ev.EndpointRestored("a1"))
