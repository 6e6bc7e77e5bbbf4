"""How the core's cost grows: time of a decision and bytes of a record, from a small house to one of 100,000 agents or callers.

An exponent e says that ten times the size costs 10^e times as much: 0 is no growth, 1 what scanning everyone would cost.
"""

from __future__ import annotations

import gc
import math
import time
import tracemalloc
from collections.abc import Callable

from services.router.domain.core import Input, PartitionState, PolicyInForce, PoolState, apply, decide
from services.router.domain.inputs import Fact
from shared.contracts.contact_events import ContactArrived, ContactConnected, ContactEnded, OfferAccepted
from shared.contracts.fields import Channel
from shared.contracts.routing_decisions import OfferMade, RoutingDecision
from tests.benchmarks.core_bench import (
    GROUPS,
    POLICY,
    START,
    TICK,
    Centre,
    SelectionSide,
    agent_record,
    contact_record,
    seconds_per_event,
)
from tests.benchmarks.report import Figure, interleaved, median_ratio

SMALL_AGENTS, LARGE_AGENTS = 1_000, 100_000
SMALL_WAITING, LARGE_WAITING = 100, 100_000
CYCLES = 250
"""Contacts served from arrival to end in a round of the whole core, and as many that only queue."""


class Core:
    """The whole core over a centre put in place at once, not signed in agent by agent."""

    def __init__(self, centre: Centre) -> None:
        self.state = PartitionState.empty(0)
        pool = self.state.pools["t", "p"] = PoolState("t", "p")
        pool.agents = {a.agent_id: agent_record(a) for a in centre.people}
        pool.contacts = {c.contact_id: contact_record(c) for c in centre.queue}
        pool.put_in_force(PolicyInForce(1, "0" * 64, POLICY))
        self._position, self._now = 0, START
        self._served(CYCLES // 5)  # the lanes' heaps are built by the first who ask

    def seconds_per_input(self) -> float:
        """Of deciding and applying: callers served from arrival to end, and callers nobody is free for."""
        started, before = time.perf_counter(), self._position
        self._served(CYCLES)
        for n in range(CYCLES):
            self._arrive(f"g{n % (GROUPS // 2):02d}")  # short of agents: the caller queues
        return (time.perf_counter() - started) / (self._position - before)

    def _served(self, callers: int) -> None:
        for n in range(callers):
            made = [d for d in self._arrive(f"g{GROUPS // 2 + n % (GROUPS // 2):02d}") if isinstance(d, OfferMade)]
            assert made, "an ample group has somebody idle"
            offer = made[0]
            self._feed(OfferAccepted(offer.agent_id, offer.contact_id, offer.offer_id))
            self._feed(ContactConnected(offer.contact_id, offer.offer_id))
            self._feed(ContactEnded(offer.contact_id, "customer"))

    def _arrive(self, group: str) -> list[RoutingDecision]:
        return self._feed(ContactArrived(f"n{self._position}", Channel.PHONE, "all", self._now, group=group))

    def _feed(self, fact: Fact) -> list[RoutingDecision]:
        self._position += 1
        self._now += TICK
        given = Input(self._position, self._now, "t", "p", f"e{self._position}", self._now, fact)
        decided = decide(self.state, given)
        self.state = apply(self.state, given, decided)
        return [d.decision for d in decided]


def _exponent(large: float, size_ratio: float) -> float:
    return math.log(large) / math.log(size_ratio)


def _growth(small: Callable[[], float], large: Callable[[], float], size_ratio: float) -> tuple[float, str]:
    measured = interleaved({"small": small, "large": large}, 2)
    told = f"{min(measured['small']) * 1e6:.0f} → {min(measured['large']) * 1e6:.0f} µs"
    return _exponent(median_ratio(measured["large"], measured["small"]), size_ratio), told


def _selection(small: Centre, large: Centre, size_ratio: float) -> tuple[float, str]:
    return _growth(
        lambda: seconds_per_event(SelectionSide(small), small, 2_000),
        lambda: seconds_per_event(SelectionSide(large), large, 2_000),
        size_ratio,
    )


def _whole_core(small: Centre, large: Centre, size_ratio: float) -> tuple[float, str]:
    few, many = Core(small), Core(large)
    return _growth(few.seconds_per_input, many.seconds_per_input, size_ratio)


def bytes_each(centre: Centre, count: int, without: Centre) -> float:
    """Memory of one of the `count` records by which the core over `centre` is larger than the one over `without`."""

    def size(of: Centre) -> int:
        gc.collect()
        tracemalloc.start()
        core = Core(of)
        held = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        del core
        return held

    return (size(centre) - size(without)) / count


def growth_figures() -> list[Figure]:
    """Growth of time, selection alone and the whole core, then of memory."""
    agents, callers = LARGE_AGENTS / SMALL_AGENTS, LARGE_WAITING / SMALL_WAITING
    house = Centre(agents=SMALL_AGENTS, waiting=SMALL_WAITING)
    many_agents = Centre(agents=LARGE_AGENTS, waiting=SMALL_WAITING)
    many_waiting = Centre(agents=SMALL_AGENTS, waiting=LARGE_WAITING)
    rows: list[Figure] = []
    for what, large, ratio, size in (
        ("agents 1k → 100k", many_agents, agents, "agents"),
        ("waiting 100 → 100k", many_waiting, callers, "waiting"),
    ):
        for name, measure in (("selection", _selection), ("decide + apply", _whole_core)):
            exponent, told = measure(house, large, ratio)
            rows.append(Figure("core", f"growth of {name}, {what}", exponent, "≤ 0.25", unit="exponent", note=told))
        few = 1_000
        base = Centre(agents=SMALL_AGENTS, waiting=0)
        some = Centre(agents=2 * few, waiting=0) if size == "agents" else Centre(agents=SMALL_AGENTS, waiting=few)
        full = Centre(agents=LARGE_AGENTS, waiting=0) if size == "agents" else many_waiting
        grown = LARGE_AGENTS - SMALL_AGENTS if size == "agents" else LARGE_WAITING
        one, each = bytes_each(some, few, base), bytes_each(full, grown, base)
        rows.append(
            Figure("core", f"growth of memory each, {what}", _exponent(each / one, ratio), "≤ 0.25", unit="exponent",
                   note=f"{one:,.0f} → {each:,.0f} bytes each, indexes included")
        )  # fmt: skip
    return rows
