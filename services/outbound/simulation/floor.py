"""A dialling floor, event by event: telephones that ring, people who answer or do not, agents who talk and wrap up.

The floor knows the true distributions; whoever drives it (`drivers`) is told only what a dialler is told. Times are µs; a day is
`hours` long and days are 24 h apart, so that rolling windows are those of the ledger.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.outbound.domain.pacing_view import AgentMoment, PacedAgent

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
OPENS = 8 * HOUR
TICK = SECOND // 2

ANSWERED, ENDED, TALKED, WRAPPED, GAVE_UP, CHANGED, RESTED = range(7)


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happens to the floor `at` seconds of the day: the answer rate, the share of agents present, the trunks."""

    at: float
    answer_rate: float | None = None
    present: float | None = None
    trunks: bool | None = None


@dataclass(frozen=True, slots=True)
class FloorModel:
    """The reference floor: means in seconds with coefficients of variation; shares of unanswered dials that fail or meet a machine."""

    agents: int = 20
    answer_rate: float = 0.25
    ring: tuple[float, float] = (10.0, 0.4)
    talk: tuple[float, float] = (120.0, 0.8)
    wrap: tuple[float, float] = (30.0, 0.5)
    fails: tuple[float, float] = (0.20, 3.0)  # share, seconds
    machines: tuple[float, float] = (0.30, 23.0)
    rings_out: float = 25.0
    patience: float = 2.0
    hours: float = 12.0
    changes: tuple[Change, ...] = ()
    cells: tuple[tuple[frozenset[str], float], ...] = ((frozenset({"all"}), 1.0),)  # kinds of agents by share
    pause: float = 0.0  # an agent is left alone so long after a call, whoever waits

    @property
    def handling(self) -> float:
        return self.talk[0] + self.wrap[0]

    @property
    def attempt(self) -> float:
        """Mean length of a dial, seconds."""
        unanswered = self.fails[0] * self.fails[1] + self.machines[0] * self.machines[1]
        unanswered += (1 - self.fails[0] - self.machines[0]) * self.rings_out
        return self.answer_rate * self.ring[0] + (1 - self.answer_rate) * unanswered


class Driver(Protocol):
    """Who decides how many to dial, and what he is told."""

    def dials(self, floor: Floor, now: int) -> Mapping[str, int]:
        """How many to dial now, by cell."""
        ...

    def answered(self, rang: int, now: int) -> None:
        """A person answered a dial placed `rang` µs ago."""

    def unanswered(self, after: int, now: int) -> None:
        """A dial ended otherwise."""

    def met(self, abandoned: bool, now: int) -> None:
        """A person met an agent, or was abandoned."""

    def talked(self, lasted: int) -> None:
        """A conversation ended."""

    def wrapped(self, lasted: int) -> None:
        """A wrap-up ended."""


def lognormal(mean: float, variation: float) -> tuple[float, float]:
    """Log-mean and log-deviation of a lognormal with that mean and sd ÷ mean."""
    spread = math.log(1 + variation**2)
    return math.log(mean) - spread / 2, math.sqrt(spread)


@dataclass(slots=True)
class DayTally:
    """One day: agent seconds present and busy, dials, persons connected and abandoned; both also by minute (answered, abandoned)."""

    present: float = 0.0
    busy: float = 0.0
    dials: int = 0
    connected: int = 0
    abandoned: int = 0
    minutes: list[list[int]] = field(default_factory=list[list[int]])

    @property
    def utilisation(self) -> float:
        return self.busy / self.present if self.present else 0.0

    @property
    def abandonment(self) -> float:
        """Share of the persons who answered."""
        answered = self.connected + self.abandoned
        return self.abandoned / answered if answered else 0.0


class Floor:
    """One campaign on one floor, driven for days."""

    def __init__(self, model: FloorModel, driver: Driver, seed: int) -> None:
        self.model, self._driver = model, driver
        self._chance = random.Random(seed)
        self._ring, self._talk, self._wrap = lognormal(*model.ring), lognormal(*model.talk), lognormal(*model.wrap)
        self.agents: list[PacedAgent] = []
        self.in_flight: dict[str, dict[int, int]] = {}  # cell → dial → placed
        self.waiting: dict[str, deque[int]] = {}  # cell → when each person gave up at the latest
        for kind, _ in model.cells:
            for cell in kind:
                self.in_flight[cell], self.waiting[cell] = {}, deque()
        self.idle: deque[int] = deque()  # agents, longest idle first
        self.answered_24h = self.abandoned_24h = self.answered_30d = self.abandoned_30d = 0
        self._by_hour: deque[tuple[int, int, int]] = deque()  # hour, answered, abandoned
        self._events: list[tuple[int, int, int, str, int]] = []
        self._number = 0
        self._opens = self._closes = 0
        self._open = False
        self._trunks = True
        self._gone: set[int] = set()  # agents who left, or will when they are free
        self.talking = 0
        self._counted = 0
        self._answer_rate = model.answer_rate
        self.today = DayTally()

    def day(self, number: int) -> DayTally:
        """Run one day to its end; nothing of the floor outlives it but the ledger."""
        model = self.model
        self._opens = number * DAY + OPENS
        self._closes = self._opens + round(model.hours * HOUR)
        self.today = DayTally(minutes=[[0, 0] for _ in range(math.ceil(model.hours * 60) + 1)])
        self._answer_rate, self._trunks, self._open = model.answer_rate, True, True
        self._roll(self._opens)
        self._seat(model)
        for change in model.changes:
            self._after(round(change.at * SECOND), CHANGED, "", model.changes.index(change), self._opens)
        self._run()
        return self.today

    def _seat(self, model: FloorModel) -> None:
        self.agents.clear()
        self.idle.clear()
        for kind, share in model.cells:
            for _ in range(round(model.agents * share)):
                self.agents.append(PacedAgent(str(len(self.agents)), AgentMoment.IDLE, self._opens - DAY, kind, "c"))
        self.idle.extend(range(len(self.agents)))
        self._gone = set()
        self._counted = self._opens
        self.talking = 0

    def _run(self) -> None:
        now = self._opens
        self._plan(now)
        events = self._events
        while events:
            upcoming = events[0][0]
            if self._open:
                if min(upcoming, now + TICK) >= self._closes:
                    self._count_presence(self._closes)
                    self._open = False
                elif upcoming > now + TICK:
                    now += TICK
                    self._plan(now)
                    continue
            now, _, kind, cell, which = heapq.heappop(events)
            self._happen(kind, cell, which, now)
            if self._open:
                self._plan(now)

    def _happen(self, kind: int, cell: str, which: int, now: int) -> None:
        if kind == ENDED:
            placed = self.in_flight[cell].pop(which, None)
            if placed is not None:
                self._driver.unanswered(now - placed, now)
        elif kind == ANSWERED:
            placed = self.in_flight[cell].pop(which, None)
            if placed is not None:
                self._driver.answered(now - placed, now)
                self._meet(cell, now)
        elif kind == TALKED:
            agent = self.agents[which]
            self._driver.talked(now - agent.since)
            self.talking -= 1
            self._state(which, AgentMoment.WRAPPING, now)
            self._after(self._draw(self._wrap), WRAPPED, "", which, now)
        elif kind == WRAPPED:
            agent = self.agents[which]
            self._driver.wrapped(now - agent.since)
            self._freed(which, now)
        elif kind == GAVE_UP:
            waiting = self.waiting[cell]
            if waiting and waiting[0] <= now:
                waiting.popleft()
                self._ends(abandoned=True, now=now)
        elif kind == RESTED:
            self._serve_waiting(which, now)
        else:
            self._change(self.model.changes[which], now)

    def _draw(self, parameters: tuple[float, float]) -> int:
        return round(math.exp(self._chance.gauss(*parameters)) * SECOND)

    def _after(self, delay: int, kind: int, cell: str, which: int, now: int) -> None:
        self._number += 1
        heapq.heappush(self._events, (now + delay, self._number, kind, cell, which))

    def _state(self, which: int, state: AgentMoment, now: int) -> None:
        agent = self.agents[which]
        self.agents[which] = PacedAgent(agent.agent_id, state, now, agent.cells, "c")

    def _plan(self, now: int) -> None:
        for cell, count in self._driver.dials(self, now).items():
            for _ in range(count):
                self._dial(cell, now)

    def _dial(self, cell: str, now: int) -> None:
        model, chance = self.model, self._chance
        self.today.dials += 1
        self.in_flight[cell][self._number + 1] = now
        if not self._trunks:
            self._after(round(model.fails[1] * SECOND), ENDED, cell, self._number + 1, now)
        elif chance.random() < self._answer_rate:
            self._after(self._draw(self._ring), ANSWERED, cell, self._number + 1, now)
        else:
            kind = chance.random()
            fails, machines = model.fails, model.machines
            seconds = fails[1] if kind < fails[0] else machines[1] if kind < fails[0] + machines[0] else model.rings_out
            self._after(round(seconds * SECOND), ENDED, cell, self._number + 1, now)

    def _meet(self, cell: str, now: int) -> None:
        pause = round(self.model.pause * SECOND)
        for which in self.idle:
            agent = self.agents[which]
            if cell in agent.cells and now - agent.since >= pause:
                self._connect(which, now)
                return
        patience = round(self.model.patience * SECOND)
        self.waiting[cell].append(now + patience)
        self._after(patience, GAVE_UP, cell, 0, now)

    def _connect(self, which: int, now: int) -> None:
        self._ends(abandoned=False, now=now)
        self._count_presence(now)
        self.idle.remove(which)
        self.talking += 1
        self._state(which, AgentMoment.HANDLING, now)
        self._after(self._draw(self._talk), TALKED, "", which, now)

    def _freed(self, which: int, now: int) -> None:
        self._count_presence(now)
        self._state(which, AgentMoment.IDLE, now)
        if which in self._gone:
            self._state(which, AgentMoment.RESERVED, now)
            return
        self.idle.append(which)
        if self.model.pause:
            self._after(round(self.model.pause * SECOND), RESTED, "", which, now)
        else:
            self._serve_waiting(which, now)

    def _serve_waiting(self, which: int, now: int) -> None:
        agent = self.agents[which]
        lines = [self.waiting[cell] for cell in agent.cells if self.waiting[cell]]
        if lines and agent.state is AgentMoment.IDLE and now - agent.since >= self.model.pause * SECOND:
            min(lines, key=lambda line: line[0]).popleft()
            self._connect(which, now)

    def _ends(self, abandoned: bool, now: int) -> None:
        self._driver.met(abandoned, now)
        self._roll(now)
        _, answered, lost = self._by_hour[-1]
        self._by_hour[-1] = (now // HOUR, answered + 1, lost + abandoned)
        self.answered_24h += 1
        self.answered_30d += 1
        self.abandoned_24h += abandoned
        self.abandoned_30d += abandoned
        today = self.today
        if abandoned:
            today.abandoned += 1
        else:
            today.connected += 1
        minute = today.minutes[min((now - self._opens) // (60 * SECOND), len(today.minutes) - 1)]
        minute[0] += 1
        minute[1] += abandoned

    def _roll(self, now: int) -> None:
        """The 24-hour window, in hours; runs are at most 30 days, so nothing leaves the other."""
        hour = now // HOUR
        while self._by_hour and self._by_hour[0][0] <= hour - 24:
            _, answered, abandoned = self._by_hour.popleft()
            self.answered_24h -= answered
            self.abandoned_24h -= abandoned
        if not self._by_hour or self._by_hour[-1][0] != hour:
            self._by_hour.append((hour, 0, 0))

    def _count_presence(self, now: int) -> None:
        """Agent time since the last count; work after closing is not counted."""
        if not self._open:
            return
        span = (min(now, self._closes) - self._counted) / SECOND
        self._counted = now
        busy = len(self.agents) - len(self.idle) - self._away
        self.today.present += span * self.present
        self.today.busy += span * busy

    @property
    def present(self) -> int:
        """Agents signed in."""
        return len(self.agents) - self._away

    @property
    def _away(self) -> int:
        return sum(1 for which in self._gone if self.agents[which].state is AgentMoment.RESERVED)

    def _change(self, change: Change, now: int) -> None:
        if change.answer_rate is not None:
            self._answer_rate = change.answer_rate
        if change.trunks is not None:
            self._trunks = change.trunks
            if not change.trunks:
                self._drop(now)
        if change.present is not None:
            self._count_presence(now)
            self._attend(round(len(self.agents) * change.present), now)

    def _drop(self, now: int) -> None:
        """Every dial in flight is lost with the trunks."""
        for dials in self.in_flight.values():
            for placed in dials.values():
                self._driver.unanswered(now - placed, now)
            dials.clear()

    def _attend(self, wanted: int, now: int) -> None:
        """Only the first `wanted` agents stay; the others leave when they are free, or come back."""
        leaving = set(range(wanted, len(self.agents)))
        for which in sorted(self._gone - leaving):
            self._gone.discard(which)
            if self.agents[which].state is AgentMoment.RESERVED:
                self._freed(which, now)
        for which in sorted(leaving - self._gone):
            self._gone.add(which)
            if self.agents[which].state is AgentMoment.IDLE:
                self.idle.remove(which)
                self._state(which, AgentMoment.RESERVED, now)


def run_days(model: FloorModel, driver: Driver, days: int, seed: int) -> Sequence[DayTally]:
    """Days one after the other, the driver remembering."""
    floor = Floor(model, driver, seed)
    return [floor.day(number) for number in range(days)]
