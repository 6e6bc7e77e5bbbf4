"""Inbound and outbound share agents: how many idle ones a dialler must leave alone so that inbound callers hardly notice.

While outbound fills every agent beyond R, the number n of busy ones moves between N − R and N and on into the queue, with births λ
(inbound calls) and deaths min(n, N)/H (conversations end, an ended one below N − R is replaced at once). Its stationary law gives

    P(a caller waits more than T) = P(n ≥ N) · exp(−(N/H − λ) T),

and R is the fewest for which that exceeds what it is without any outbound (R = N, Erlang C) by no more than is granted. (Threshold
policies for call blending: Bhulai & Koole, IEEE Trans. Automatic Control 48, 2003.) Patience is left out, which errs on the side of
inbound; where calls arrive faster than they can be answered nobody is left for outbound at all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from services.outbound.domain.floor import Floor, InboundDemand


@dataclass(frozen=True, slots=True)
class Caution:
    """How much outbound may cost inbound. The defaults keep a whole point of service level: docs/blending.md."""

    loss: float = 0.006  # share of callers who wait beyond the target because of outbound, over those who do anyway
    deviations: float = 1.5  # standard deviations of the count by which the forecast of arrivals is raised


CAUTION = Caution()


def calls_per_second(need: InboundDemand, deviations: float = CAUTION.deviations) -> float:
    """Forecast of inbound arrivals from those of the last minutes, raised by what chance may have hidden."""
    return (need.arrived + deviations * math.sqrt(need.arrived)) / max(60, need.over_seconds)


def reserve_of(need: InboundDemand, handling: float, caution: Caution = CAUTION) -> int:
    """Idle agents to be kept for inbound, of all `staffed` who serve it; as many as the policy says at least.

    `handling`: mean seconds an agent is busy with a contact.
    """
    agents, load = need.staffed, calls_per_second(need, caution.deviations) * handling
    if load >= agents:
        return agents
    if not load:
        return min(need.reserve_agents, agents)
    late = math.exp(-(agents - load) / handling * need.service_level_seconds)
    in_queue = agents / (agents - load)  # of n = N, N + 1 … where n = N weighs 1
    below, weight = [0.0], 1.0  # of n = N − R … N − 1, by R
    for n in range(agents, 0, -1):
        weight *= n / load
        below.append(below[-1] + weight)
    alone = in_queue / (in_queue + below[-1])
    enough = (n for n, weight in enumerate(below) if (in_queue / (in_queue + weight) - alone) * late <= caution.loss)
    return min(agents, max(next(enough), need.reserve_agents))


def with_reserve(floor: Floor, handling: float, caution: Caution = CAUTION) -> Floor:
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
    wanted = max(0, reserve_of(need, handling, caution) + need.waiting - elsewhere)
    idle.sort(key=lambda agent: (agent.paused_until is None, -agent.since, agent.agent_id))
    busy = sorted((agent for agent in shared if agent.state != "idle"), key=lambda agent: (agent.since, agent.agent_id))
    return replace(floor, kept=frozenset(agent.agent_id for agent in (*idle, *busy)[:wanted]))
