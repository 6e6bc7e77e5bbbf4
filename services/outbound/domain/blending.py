"""Inbound and outbound share agents: how many idle ones a dialler must leave alone so that inbound callers hardly notice.

While outbound fills every agent beyond R, the number n of busy ones moves between N − R and N and on into the queue, with births λ
(inbound calls) and deaths min(n, N)/H (conversations end, an ended one below N − R is replaced at once). Its stationary law gives

    P(a caller waits more than T) = P(n ≥ N) · exp(−(N/H − λ) T),

and R is the fewest for which that exceeds what it is without any outbound (R = N, Erlang C) by no more than is granted. (Threshold
policies for call blending: Bhulai & Koole, IEEE Trans. Automatic Control 48, 2003.) Patience is left out, which errs on the side of
inbound; where calls arrive faster than they can be answered nobody is left for outbound at all.

How much inbound asks (λH, agents) is read in two ways and the smaller is believed, since both are raised by what chance may
hide. Contacts that came × handling time: quick to rise, but it counts a chat as an agent although one agent holds several.
And how many agents the work in hand was seen to take, chats by their share of an agent (Little's law): where outbound fills
the empty hands, chats share agents.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace

from services.outbound.domain.floor import Floor, InboundDemand

SECOND = 1_000_000
WINDOW_SECONDS = 900
"""What was seen longer ago says little of the load now."""
BELIEVED_SECONDS = 120
"""Looking on for a shorter time says nothing yet."""
LONGEST_GAP_SECONDS = 30
"""Between two looks farther apart nothing is known."""


@dataclass(frozen=True, slots=True)
class Caution:
    """How much outbound may cost inbound. With the defaults it stays within the points tolerated: docs/blending.md."""

    loss: float = 0.006  # a tolerated point: share of callers who wait beyond the target because of outbound, over those who do anyway
    deviations: float = 1.5  # standard deviations of the count by which the forecast of arrivals is raised


CAUTION = Caution()


@dataclass(frozen=True, slots=True)
class Carried:
    """How many agents inbound took in the mean (those it waited for included), seen over so many seconds."""

    agents: float
    over_seconds: float


class InboundWork:
    """Looks on while inbound keeps agents busy; the last quarter of an hour counts."""

    def __init__(self) -> None:
        self._looks: deque[tuple[int, float]] = deque()  # (µs, agents inbound work takes + callers who wait for one)

    def observe(self, at: int, need: InboundDemand) -> None:
        """A look at the floor, `at` µs. One in ten seconds is kept: conversations last longer."""
        looks = self._looks
        if looks and at - looks[-1][0] > LONGEST_GAP_SECONDS * SECOND:
            looks.clear()
        if not looks or at - looks[-1][0] >= 10 * SECOND:
            looks.append((at, need.busy + need.waiting))
        while looks[0][0] < at - WINDOW_SECONDS * SECOND:
            looks.popleft()

    @property
    def carried(self) -> Carried | None:
        """None until enough was seen."""
        if not self._looks:
            return None
        seconds = (self._looks[-1][0] - self._looks[0][0]) / SECOND
        if seconds < BELIEVED_SECONDS:
            return None
        return Carried(sum(agents for _, agents in self._looks) / len(self._looks), seconds)


def load_of(need: InboundDemand, handling: float, carried: Carried | None, deviations: float) -> float:
    """Agents inbound asks for, raised by so many standard deviations of what it is read from.

    That of a mean over the time τ (in handling times) of an unlimited pool is √(2L(τ − 1 + e^−τ))/τ with L agents busy.
    """
    came = calls_per_second(need, deviations) * handling
    if carried is None:
        return came
    tau = carried.over_seconds / handling
    spread = math.sqrt(2 * carried.agents * (tau - 1 + math.exp(-tau))) / tau
    return min(came, carried.agents + deviations * spread)


def calls_per_second(need: InboundDemand, deviations: float = CAUTION.deviations) -> float:
    """Forecast of inbound arrivals from those of the last minutes, raised by what chance may have hidden."""
    return (need.arrived + deviations * math.sqrt(need.arrived)) / max(60, need.over_seconds)


def reserve_of(need: InboundDemand, handling: float, carried: Carried | None = None, caution: Caution = CAUTION) -> int:
    """Idle agents to be kept for inbound, of all `staffed` who serve it; as many as the policy says at least.

    `handling`: mean seconds an agent is busy with a contact. The most that any load between what is read and the raised one asks
    for: close to saturation callers wait anyway, and outbound on top would seem to cost little.
    """
    agents, likely = need.staffed, load_of(need, handling, carried, 0.0)
    most = load_of(need, handling, carried, caution.deviations)
    if most >= agents:
        return agents
    between = (likely + (most - likely) * step / 2 for step in range(3))
    loss = caution.loss * need.tolerated_loss_points
    fewest = max(_fewest(agents, load, handling, need.service_level_seconds, loss) for load in between)
    return min(agents, max(fewest, need.reserve_agents))


def _fewest(agents: int, load: float, handling: float, seconds: int, loss: float) -> int:
    """R, where no more than the share `loss` of callers waits longer than `seconds` because of outbound."""
    if not load:
        return 0
    late = math.exp(-(agents - load) / handling * seconds)
    in_queue = agents / (agents - load)  # of n = N, N + 1 … where n = N weighs 1
    below, weight = [0.0], 1.0  # of n = N − R … N − 1, by R
    for n in range(agents, 0, -1):
        weight *= n / load
        below.append(below[-1] + weight)
    alone = in_queue / (in_queue + below[-1])
    return next(n for n, weight in enumerate(below) if (in_queue / (in_queue + weight) - alone) * late <= loss)


def with_reserve(floor: Floor, handling: float, carried: Carried | None = None, caution: Caution = CAUTION) -> Floor:
    """The floor with those named as kept whom the dialler must not count on: all who serve inbound while its level is missed,
    else the reserve.

    Whoever pauses is kept first, then who became idle last; where fewer are idle, those who have worked longest: they
    are free for inbound next. Idle colleagues no campaign could have count as kept already; callers who wait take agents too.
    """
    need = floor.inbound
    if need is None:
        return floor
    shared = [agent for agent in floor.agents if agent.serves_inbound and agent.state != "away"]
    if need.held:
        return replace(floor, kept=frozenset(agent.agent_id for agent in shared))
    idle = [agent for agent in shared if agent.state == "idle"]
    elsewhere = max(0, need.idle - len(idle))
    wanted = max(0, reserve_of(need, handling, carried, caution) + need.waiting - elsewhere)
    idle.sort(key=lambda agent: (agent.paused_until is None, -agent.since, agent.agent_id))
    busy = sorted((agent for agent in shared if agent.state != "idle"), key=lambda agent: (agent.since, agent.agent_id))
    return replace(floor, kept=frozenset(agent.agent_id for agent in (*idle, *busy)[:wanted]))
