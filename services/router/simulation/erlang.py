"""Queueing theory in closed form: Erlang-B, Erlang-C, Erlang-A and the queue with limited places.

All rates are per second, times in seconds. Agents are alike, arrivals Poisson, service and patience exponential: what the
simulator is held against, and where a staffing search begins. Sources: Erlang (1917), Palm (1957), Garnett, Mandelbaum and
Reiman (2002).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

NEGLIGIBLE = math.log(1e-15)
"""A state this much less likely (log) than the likeliest is left out."""


@dataclass(frozen=True, slots=True)
class Steady:
    """A queue in the long run. `wait` is of all who came in, abandoned ones included."""

    waits: float  # P(W > 0)
    wait: float  # E[W], s
    abandons: float  # share of those who came in
    blocked: float  # share turned away: every place was taken
    utilisation: float  # of an agent's time
    queue: float  # waiting on average


def erlang_b(load: float, agents: int) -> float:
    """P(blocked) with no waiting places; `load` = λ/μ."""
    blocked = 1.0
    for n in range(1, agents + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked


def erlang_c(load: float, agents: int) -> float:
    """P(W > 0) when everybody waits; 1 where the load is not below the agents."""
    if load >= agents:
        return 1.0
    blocked = erlang_b(load, agents)
    return blocked / (1 - load / agents * (1 - blocked))


def erlang_c_asa(rate: float, service: float, agents: int) -> float:
    """E[W], s; infinite where the load is not below the agents."""
    load = rate * service
    return math.inf if load >= agents else erlang_c(load, agents) * service / (agents - load)


def erlang_c_wait_percentile(rate: float, service: float, agents: int, share: float) -> float:
    """The wait, s, that `share` of all do not exceed: P(W > t) = C·exp(−(n − a)t/s)."""
    load = rate * service
    if load >= agents:
        return math.inf
    waits = erlang_c(load, agents)
    return 0.0 if waits <= 1 - share else math.log(waits / (1 - share)) * service / (agents - load)


def steady(
    rate: float, service: float, agents: int, *, patience: float | None = None, places: int | None = None
) -> Steady:
    """M/M/n+M with `places` waiting places (None: no limit), by its birth–death chain.

    `patience` None: nobody leaves. Raises ValueError where the queue would grow for ever.
    """
    weights = _state_weights(rate, service, agents, patience, places)
    total = math.fsum(weights)
    waiting = [(n - agents, weight / total) for n, weight in enumerate(weights) if n >= agents]
    blocked = weights[-1] / total if places is not None else 0.0
    entered = rate * (1 - blocked)
    queue = math.fsum(n * p for n, p in waiting)
    abandons = 0.0 if patience is None else queue / patience / entered
    found_busy = math.fsum(p for _, p in waiting) - blocked
    return Steady(
        waits=found_busy / (1 - blocked),
        wait=queue / entered,
        abandons=abandons,
        blocked=blocked,
        utilisation=entered * (1 - abandons) * service / agents,
        queue=queue,
    )


def _state_weights(rate: float, service: float, agents: int, patience: float | None, places: int | None) -> list[float]:
    """Relative probability of n in the system, n = 0, 1, …; 1 for the likeliest."""
    if patience is None and places is None and rate * service >= agents:
        raise ValueError("with no more than an erlang an agent and everybody patient, the queue grows for ever")
    logs = [0.0]
    for n in range(1, agents + 1):
        logs.append(logs[-1] + math.log(rate * service / n))
    leaving = 0.0 if patience is None else 1 / patience
    waiting, likeliest = 0, max(logs)
    while places is None or waiting < places:
        waiting += 1
        step = math.log(rate / (agents / service + waiting * leaving))
        logs.append(logs[-1] + step)
        likeliest = max(likeliest, logs[-1])
        if places is None and step < 0 and logs[-1] < likeliest + NEGLIGIBLE:
            break
    return [math.exp(value - likeliest) for value in logs]


def erlang_a_service_level(rate: float, service: float, agents: int, patience: float, within: float) -> float:
    """Share of all who came in that are answered within `within` seconds (answered ≤ T ÷ offered).

    Who finds j waiting before them waits −ln(B)/θ with B ~ Beta(nμ/θ, j + 1); they are still there with probability B.
    """
    weights = _state_weights(rate, service, agents, patience, None)
    total = math.fsum(weights)
    leaving = 1 / patience
    a = agents / service / leaving
    x = math.exp(-leaving * within)
    beyond = x ** (a + 1)  # I_x(a + 1, j + 1), from j = 0 on
    term = beyond
    met = math.fsum(weights[:agents]) / total
    for j, weight in enumerate(weights[agents:]):
        met += weight / total * a / (a + j + 1) * (1 - min(1.0, beyond))
        term *= (1 - x) * (a + 1 + j) / (j + 1)
        beyond += term
    return met


def agents_for_service_level(
    rate: float, service: float, patience: float | None, share: float, within: float
) -> int:  # fmt: skip
    """Fewest agents for `share` answered within `within` seconds, by Erlang-A (Erlang-C where nobody leaves)."""
    agents = max(1, math.floor(rate * service * share))
    while True:
        if patience is not None:
            level = erlang_a_service_level(rate, service, agents, patience, within)
        elif rate * service < agents:
            waits = erlang_c(rate * service, agents)
            level = 1 - waits * math.exp(-(agents / service - rate) * within)
        else:
            level = 0.0
        if level >= share:
            return agents
        agents += 1
