"""Agents against answers, cell by cell: would the next person to answer in a cell find somebody?

With several cells that share agents, everybody is served exactly when no set of cells has more callers than agents who may serve
any of them (Hall 1935). A dial of a cell is therefore weighed in each set that can run short because of it: the cell itself, the
cells whose agents all serve it too, and all cells connected with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from services.outbound.domain.poisson_binomial import EXACT_UP_TO, add_event, refined_normal


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
    """Agents of a set of cells against the persons expected to answer, at one horizon.

    Counted as busy agents + answering dials against all agents: the next person finds nobody when those events reach `agents`.
    """

    __slots__ = ("_agents", "_below", "_first", "_second", "_third")

    def __init__(self, agents: int) -> None:
        self._agents = agents
        self._first = self._second = self._third = 0.0
        self._below: list[float] | None = None
        if 0 < agents <= EXACT_UP_TO:
            self._below = [0.0] * agents
            self._below[0] = 1.0

    def add(self, p: float) -> None:
        """One more independent event: an agent still busy, or a person answering."""
        if self._below is not None:
            add_event(self._below, p)
        self._first += p
        square = p * p
        self._second += square
        self._third += square * p

    @property
    def expected(self) -> float:
        """Agents expected to be busy plus persons expected to answer."""
        return self._first

    def short(self) -> float:
        """P(the next person finds nobody)."""
        if self._agents <= 0:
            return 1.0
        if self._below is not None:
            return max(0.0, 1 - sum(self._below))
        return refined_normal(self._first, self._second, self._third, self._agents)
