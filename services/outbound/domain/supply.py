"""Agents against answers: would the next person to answer find somebody?

With several cells that share agents, everybody is served exactly when no set of cells has more callers than agents who may serve
any of them (Hall 1935). A dial of a cell is therefore weighed in each set that can run short because of it: the cell itself, the
cells whose agents all serve it too, and all cells connected with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from services.outbound.domain.poisson_binomial import EXACT_UP_TO, add_event, moments, refined_normal


@lru_cache(maxsize=512)
def sets_of_cells(kinds: frozenset[frozenset[str]]) -> Mapping[str, tuple[frozenset[str], ...]]:
    """For each cell: the sets of cells to weigh a dial in. `kinds` are the sets of cells that agents serve."""
    serve: dict[str, frozenset[frozenset[str]]] = {
        cell: frozenset(kind for kind in kinds if cell in kind) for kind in kinds for cell in kind
    }
    found: dict[str, tuple[frozenset[str], ...]] = {}
    for cell, able in serve.items():
        within = frozenset(other for other, theirs in serve.items() if theirs <= able)
        found[cell] = tuple(dict.fromkeys((frozenset({cell}), within, _connected(cell, kinds))))
    return found


def _connected(cell: str, kinds: frozenset[frozenset[str]]) -> frozenset[str]:
    reached: frozenset[str] = frozenset({cell})
    while True:
        more = reached.union(*(kind for kind in kinds if kind & reached))
        if more == reached:
            return reached
        reached = more


class Balance:
    """Agents who serve a set of cells against the persons expected to answer in it, at one moment ahead.

    Counted as agents still busy + dials answered, each an event with its own probability, against all agents: the next person
    finds nobody when the events reach `agents`.
    """

    __slots__ = ("_agents", "_below", "_sums")

    def __init__(self, agents: int, events: Sequence[float]) -> None:
        self._agents = agents
        self._below: list[float] | None = None
        self._sums = (0.0, 0.0, 0.0)
        if agents > EXACT_UP_TO:
            self._sums = moments(events)
        elif agents > 0:
            self._below = [1.0] + [0.0] * (agents - 1)
            self.add(events)

    def add(self, events: Iterable[float]) -> None:
        """More events."""
        if self._below is None:
            first, second, third = moments(events)
            self._sums = (self._sums[0] + first, self._sums[1] + second, self._sums[2] + third)
        else:
            for p in events:
                add_event(self._below, p)

    def short(self) -> float:
        """P(the next person finds nobody)."""
        if self._agents <= 0:
            return 1.0
        if self._below is None:
            return refined_normal(*self._sums, self._agents)
        return max(0.0, 1 - sum(self._below))
