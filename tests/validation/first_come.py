"""First come, first served, by the compatible server idle longest: in ten lines, for thousands of independent paths at once.

Under this rule nobody is ever served later because of somebody who came after them, so customers can be gone through in order
of arrival: each takes, of the servers that may serve them, the one that is free first of what those before have left
(Adan and Weiss, 2012). Nothing is shared with the router; what both must agree in is every single wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

NEVER = 1 << 60


@dataclass(frozen=True)
class Customers:
    """Paths × customers, in order of arrival, all in one unit of time. `patience` None: nobody leaves."""

    arrives: np.ndarray[Any, Any]
    service: np.ndarray[Any, Any]
    kind: np.ndarray[Any, Any]
    patience: np.ndarray[Any, Any] | None = None


@dataclass(frozen=True)
class Waits:
    """What became of each: wait until service or leaving; who left, who found every waiting place taken; servers' busy time."""

    wait: np.ndarray[Any, Any]
    left: np.ndarray[Any, Any]
    blocked: np.ndarray[Any, Any]
    busy: np.ndarray[Any, Any]


def serve(customers: Customers, servers: Sequence[Sequence[int]], places: int | None = None) -> Waits:
    """`servers[s]`: the kinds server s may serve. `places`: who must wait when as many already do is turned away."""
    paths, count = customers.arrives.shape
    number = customers.arrives.dtype.type
    rows = np.arange(paths)
    free = np.zeros((paths, len(servers)), dtype=number)
    taken_until = None if places is None else np.zeros((paths, places), dtype=number)
    kinds = max(kind for served in servers for kind in served) + 1
    barred = np.array([[0 if k in served else NEVER for served in servers] for k in range(kinds)], dtype=number)
    waits, left, blocked = (np.zeros((paths, count), dtype=t) for t in (number, bool, bool))
    busy = np.zeros((paths, len(servers)), dtype=number)
    for n in range(count):
        now, service = customers.arrives[:, n], customers.service[:, n]
        open_to = free if kinds == 1 else free + barred[customers.kind[:, n]]
        server = open_to.argmin(axis=1)
        starts = np.maximum(now, open_to[rows, server])
        wait = starts - now
        served = np.ones(paths, dtype=bool)
        if customers.patience is not None:
            left[:, n] = wait > customers.patience[:, n]
            wait = np.minimum(wait, customers.patience[:, n])
            served &= ~left[:, n]
        if taken_until is not None:
            place = taken_until.argmin(axis=1)
            held = taken_until[rows, place]
            blocked[:, n] = (wait > 0) & (held > now)
            taken_until[rows, place] = np.where((wait > 0) & ~blocked[:, n], now + wait, held)
            served &= ~blocked[:, n]
        free[rows, server] = np.where(served, starts + service, free[rows, server])
        busy[rows, server] += np.where(served, service, 0)
        waits[:, n] = wait
    return Waits(waits, left, blocked, busy)


def draw(
    chance: np.random.Generator,
    paths: int,
    count: int,
    rates: Sequence[float],
    service: float = 1.0,
    patience: float | None = None,
) -> Customers:
    """Poisson arrivals of several kinds, exponential service and patience, all in the unit of `service`."""
    total = sum(rates)
    arrives = np.cumsum(chance.exponential(1 / total, (paths, count)), axis=1)
    kind = np.zeros((paths, count), dtype=np.int8)
    if len(rates) > 1:
        kind = np.searchsorted(np.cumsum(rates) / total, chance.random((paths, count))).astype(np.int8)
    stays = None if patience is None else chance.exponential(patience, (paths, count))
    return Customers(arrives, chance.exponential(service, (paths, count)), kind, stays)


def one_path(customers: Customers, unit: int) -> Customers:
    """The first path in whole multiples of `unit`: what the core, which knows no fractions, can be given."""

    def whole(times: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.rint(times[:1] * unit).astype(np.int64)

    stays = None if customers.patience is None else whole(customers.patience)
    return Customers(whole(customers.arrives), whole(customers.service), customers.kind[:1], stays)
