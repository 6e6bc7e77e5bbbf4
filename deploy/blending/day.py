"""A day on which inbound and outbound share agents: the router's core decides who serves, the outbound pacer how many are dialled.

Nothing stands between the two but what stands between them in production: the dialler sees `GET /v1/dialling` as its client
reads it, and a person who answers is a ContactArrived the core must find an agent for within two seconds. Without dialling
(`Centre.dials` false) the same callers come to the same agents, so that the difference of two runs is what outbound costs.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from services.outbound.adapters.router_client import floor_of
from services.outbound.domain.blending import CAUTION, Caution, InboundWork, with_reserve
from services.outbound.domain.cells import DialCell
from services.outbound.domain.floor import INBOUND, Floor, lasted, paced_agents
from services.outbound.domain.pacing import Pacer, PacingRules
from services.outbound.domain.pacing_view import AbandonmentBudget, PacedCampaign, PacedCell, PacingMode, PacingView
from services.router.domain.core import Decided, Input
from services.router.domain.dialling import Dialling, dialling_of
from services.router.simulation.arrivals import arrival_times
from services.router.simulation.behaviour import Answer, Draw, DrawnBehaviour, Manners
from services.router.simulation.distributions import Exponential, Lognormal
from services.router.simulation.kernel import Kernel
from services.router.simulation.people import People
from services.router.simulation.scenario import WEEK, Profile
from shared.contracts.contact_events import AgentSignedIn, ContactArrived, Presence
from shared.contracts.fields import SECOND, Channel, HeldSkill
from shared.contracts.routing_decisions import (
    AgentStateChanged,
    ContactAssigned,
    ContactClosed,
    ContactEnd,
    ContactQueued,
    InteractionStarted,
    OfferMade,
    WorkState,
    WrapUpStarted,
)
from shared.contracts.wire import adapter

HOUR: Final = 3600 * SECOND
CAMPAIGN: Final = "spring"
CALLED: Final = "o-"
"""Ids of contacts we began."""
ABANDONED: Final = (ContactEnd.ABANDONED_IN_QUEUE, ContactEnd.ABANDONED_WHILE_OFFERED)


@dataclass(frozen=True, slots=True)
class Centre:
    """What is simulated. `calls`: inbound callers expected in each hour; `chats`: who writes instead, three to an agent; times in
    seconds (mean, sd ÷ mean).
    """

    agents: int = 40
    calls: tuple[float, ...] = (260, 470, 640, 700, 610, 470, 540, 650, 680, 540, 380, 240)
    talk: tuple[float, float] = (150.0, 0.8)
    wrap: tuple[float, float] = (30.0, 0.5)
    chats: tuple[float, ...] = ()
    chat_talk: tuple[float, float] = (400.0, 0.8)
    patience: float = 280.0
    answer_rate: float = 0.25
    ring: tuple[float, float] = (10.0, 0.4)
    called_talk: tuple[float, float] = (120.0, 0.8)
    target_seconds: int = 20
    abandonment_limit: float = 0.028  # the campaign's own, a little under the law's 3 %: a day's ledger is short
    dials: bool = True
    look_seconds: float = 0.5
    caution: Caution = CAUTION
    blending: Mapping[str, object] = field(default_factory=dict[str, object])
    between_calls: Mapping[str, object] = field(default_factory=dict[str, object])

    @property
    def policy(self) -> dict[str, object]:
        """The router's document: one inbound group and one campaign's, served by the same agents."""
        group = {"business_line": "line", "channels": ["phone"], "skills": [{"skill": "zh", "level": 1}]}
        timed = {"wrap_up": {"phone": {"mode": "timed", "seconds": 600}}}
        return {
            "business_lines": {"line": {"name": "line", "default_group": "callers"}},
            "skills": {"zh": {"name": "zh"}},
            "groups": {
                "callers": {"name": "callers", **group, **timed, "auto_accept": True},
                "called": {"name": "called", **group, **timed, "outbound": True},
                "writers": {"name": "writers", **group, "channels": ["web"], "auto_accept": True},
            },
            "enrichment_wait_ms": 0,
            "self_service_claim_seconds": 0,
            "blending": dict(self.blending),
            "between_calls": dict(self.between_calls),
        }


@dataclass
class HourTally:
    """One hour's inbound callers by when they came (waits in seconds), and what dialling did meanwhile."""

    offered: int = 0
    within: int = 0
    answered: int = 0
    abandoned: int = 0
    waited: float = 0.0
    dialled: int = 0
    connected: int = 0  # persons we called who met an agent
    lost: int = 0  # … and who met nobody
    kept: int = 0  # summed over looks: agents kept for inbound
    looks: int = 0


class _Manners:
    """Callers and those we call draw from streams of their own, so that the callers are the same with and without dialling."""

    def __init__(self, centre: Centre, seed: int) -> None:
        wrap = _lognormal(centre.wrap)
        patience = Exponential(centre.patience).draw
        inbound = Manners(_lognormal(centre.talk), patience, wrap)
        writers = Manners(_lognormal(centre.chat_talk), patience, wrap)
        self._callers = DrawnBehaviour(seed, {"": inbound, "writers": writers})
        self._called = DrawnBehaviour(seed + 1_000_003, {"": Manners(_lognormal(centre.called_talk), None, wrap)})

    def _of(self, contact_id: str) -> DrawnBehaviour:
        return self._called if contact_id.startswith(CALLED) else self._callers

    def patience(self, queued: ContactQueued) -> int | None:
        return self._of(queued.contact_id).patience(queued)

    def answer(self, offer: OfferMade) -> Answer:
        return self._of(offer.contact_id).answer(offer)

    def connect(self, assigned: ContactAssigned) -> int | None:
        return self._of(assigned.contact_id).connect(assigned)

    def talk(self, started: InteractionStarted, group: str) -> int:
        return self._of(started.contact_id).talk(started, group)

    def wrap_up(self, started: WrapUpStarted) -> int | None:
        return self._of(started.contact_id).wrap_up(started)

    def back_after_missed(self, agent_id: str) -> int | None:
        return self._callers.back_after_missed(agent_id)

    def forget(self, contact_id: str) -> None:
        self._of(contact_id).forget(contact_id)


class BlendedDay:
    """One day. `hours` and `busy_seconds` are filled by `run`."""

    def __init__(self, centre: Centre, seed: int) -> None:
        self.centre = centre
        self.hours = [HourTally() for _ in centre.calls]
        self.kernel = Kernel(centre.policy, 0)
        self.busy_seconds = 0.0
        self._ends = len(centre.calls) * HOUR
        self._entered: dict[str, int] = {}  # caller → when
        self._working: dict[str, int] = {}  # agent → since when
        self.kernel.listen(self._hear)
        People(self.kernel, _Manners(centre, seed))
        for n in range(centre.agents):
            signed_in = AgentSignedIn(f"a-{n:03}", "s", (HeldSkill("zh", 5),), presence=Presence.AVAILABLE)
            self.kernel.schedule(0, signed_in)
        self.kernel.follow(self._customers(centre.calls, Channel.PHONE, "callers", random.Random(f"{seed}:callers")))
        if centre.chats:
            self.kernel.follow(self._customers(centre.chats, Channel.WEB, "writers", random.Random(f"{seed}:writers")))
        self.dialler = Dialler(self, random.Random(f"{seed}:dialler")) if centre.dials else None

    def run(self) -> BlendedDay:
        """The whole day; who waits or talks at its end is not followed further."""
        self.kernel.run(until=self._ends)
        for since in self._working.values():
            self.busy_seconds += (self._ends - since) / SECOND
        return self

    @property
    def staffed_seconds(self) -> float:
        return self.centre.agents * self._ends / SECOND

    def hour(self, at: int) -> HourTally:
        return self.hours[min(at // HOUR, len(self.hours) - 1)]

    def _customers(
        self, by_hour: tuple[float, ...], channel: Channel, group: str, chance: random.Random
    ) -> Iterator[tuple[int, ContactArrived, None]]:
        times = arrival_times(Profile(3600, by_hour), chance, 0, len(by_hour) * 3600, WEEK[0])
        for n, at in enumerate(times):
            now = round(at * SECOND)
            yield now, ContactArrived(f"{group}-{n}", channel, "line", now, group=group), None

    def _hear(self, given: Input, decisions: Sequence[Decided]) -> None:
        for decided in decisions:
            match decided.decision:
                case ContactQueued(contact_id=contact_id) if not contact_id.startswith(CALLED):
                    self._entered.setdefault(contact_id, given.now)
                case ContactAssigned(contact_id=contact_id) | ContactClosed(contact_id=contact_id):
                    self._wait_over(contact_id, given.now, decided.decision)
                case AgentStateChanged(agent_id=agent_id, work_state=work):
                    if work is WorkState.IDLE:
                        since = self._working.pop(agent_id, given.now)
                        self.busy_seconds += (given.now - since) / SECOND
                    else:
                        self._working.setdefault(agent_id, given.now)
                case _:
                    pass

    def _wait_over(self, contact_id: str, now: int, decision: ContactAssigned | ContactClosed) -> None:
        entered = self._entered.pop(contact_id, None)
        if entered is None:
            return
        hour, waited = self.hour(entered), (now - entered) / SECOND
        hour.offered += 1
        if isinstance(decision, ContactClosed):
            hour.abandoned += 1
            return
        hour.answered += 1
        hour.waited += waited
        hour.within += waited <= self.centre.target_seconds


class Dialler:
    """The telephones of one predictive campaign whose records never end; how many ring is the production pacer's to say."""

    def __init__(self, day: BlendedDay, chance: random.Random) -> None:
        self._day, self._kernel, self._chance = day, day.kernel, chance
        self._pacer = Pacer(PacingRules())
        self._rules: PacingRules | None = None
        self._floor: Floor | None = None
        self._inbound_work = InboundWork()
        self._ringing: dict[str, int] = {}  # attempt → placed
        self._answered: dict[str, None] = {}  # persons on the line without an agent
        self._spoken: dict[str, str] = {}  # agent → campaign
        self._budget = AbandonmentBudget(limit=day.centre.abandonment_limit)
        self._count = 0
        self._ring = _lognormal(day.centre.ring)
        self._kernel.listen(self._hear)
        self._tick = round(day.centre.look_seconds * SECOND)
        self._kernel.call(self._tick, self._look)

    def _look(self) -> None:
        kernel, pacer = self._kernel, self._pacer
        pool = kernel.state.pool(kernel.tenant, kernel.pool)
        if pool is not None:
            floor = floor_of(_DIALLING.dump_python(dialling_of(pool, kernel.now)))
            for ended in lasted(self._floor, floor, self._spoken, _BY_GROUP):
                (pacer.observe_talk if ended.talk else pacer.observe_wrap)(ended.campaign, ended.lasted)
            self._floor = floor
            self._plan(floor)
        kernel.call(kernel.now + self._tick, self._look)

    def _plan(self, floor: Floor) -> None:
        self._follow(floor)
        now, hour = self._kernel.now, self._day.hour(self._kernel.now)
        if floor.inbound is not None:
            self._inbound_work.observe(now, floor.inbound)
        handling = self._pacer.handling_seconds((INBOUND, CAMPAIGN))
        kept = with_reserve(floor, handling, self._inbound_work.carried, self._day.centre.caution)
        hour.kept += len(kept.kept)
        hour.looks += 1
        cell = PacedCell(CAMPAIGN, self._ringing.values(), len(self._answered))
        campaign = PacedCampaign(CAMPAIGN, PacingMode.PREDICTIVE, (cell,), self._budget)
        view = PacingView(paced_agents(kept, self._spoken, _BY_GROUP, _CELLS), (campaign,))
        for _ in range(sum(self._pacer.plan(view, now).dials.get(CAMPAIGN, {}).values())):
            self._dial(now, hour)

    def _follow(self, floor: Floor) -> None:
        """The router's pause is the one reckoned with."""
        rule = floor.between_calls
        if rule is not None and self._rules is None:
            self._rules = PacingRules(rule.pause_seconds, rule.occupancy_ceiling_percent / 100)
            self._pacer = Pacer(self._rules, self._pacer.saved())

    def _dial(self, now: int, hour: HourTally) -> None:
        self._count += 1
        attempt, chance = f"{CALLED}{self._count}", self._chance
        self._ringing[attempt] = now
        hour.dialled += 1
        if chance.random() < self._day.centre.answer_rate:
            self._kernel.call(now + round(self._ring(chance) * SECOND), lambda: self._person(attempt))
        else:
            kind = chance.random()
            seconds = 3 if kind < 0.2 else 23 if kind < 0.5 else 25
            self._kernel.call(now + seconds * SECOND, lambda: self._nobody(attempt))

    def _nobody(self, attempt: str) -> None:
        now = self._kernel.now
        self._pacer.observe_unanswered(CAMPAIGN, now - self._ringing.pop(attempt), now)

    def _person(self, attempt: str) -> None:
        now = self._kernel.now
        self._pacer.observe_answered(CAMPAIGN, now - self._ringing.pop(attempt), now)
        self._answered[attempt] = None
        arrived = ContactArrived(
            attempt, Channel.PHONE, "line", now, group="called", answered=True, campaign=CAMPAIGN, attempt=attempt
        )
        self._kernel.schedule(now, arrived)

    def _hear(self, given: Input, decisions: Sequence[Decided]) -> None:
        for decided in decisions:
            match decided.decision:
                case ContactAssigned(contact_id=contact_id, agent_id=agent_id):
                    if contact_id in self._answered:
                        self._met(contact_id, False)
                        self._spoken[agent_id] = CAMPAIGN
                    else:
                        self._spoken.pop(agent_id, None)
                case ContactClosed(contact_id=contact_id, end=end) if contact_id in self._answered and end in ABANDONED:
                    self._met(contact_id, True)
                case _:
                    pass

    def _met(self, attempt: str, abandoned: bool) -> None:
        del self._answered[attempt]
        self._pacer.observe_met(CAMPAIGN, abandoned, self._budget.limit)
        hour, budget = self._day.hour(self._kernel.now), self._budget
        hour.lost += abandoned
        hour.connected += not abandoned
        answered, lost = budget.answered_30d + 1, budget.abandoned_30d + abandoned
        self._budget = replace(
            budget, answered_30d=answered, abandoned_30d=lost, answered_24h=answered, abandoned_24h=lost
        )


_DIALLING: Final = adapter(Dialling)
_BY_GROUP: Final = {"called": (CAMPAIGN,)}
_CELLS: Final = {CAMPAIGN: (DialCell(CAMPAIGN, ("",)),)}


def _lognormal(shape: tuple[float, float]) -> Draw:
    mean, variation = shape
    return Lognormal.of(mean, mean * variation).draw
