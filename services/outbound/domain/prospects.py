"""What a pool looks like to the next dial: agents free now, agents soon free, persons likely to answer, cell by cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.outbound.domain.chances import BUSY_STEP, RING_STEP, Chances, Horizon
from services.outbound.domain.pacing_view import AgentMoment, PacedAgent, PacingView
from services.outbound.domain.supply import Balance, sets_of_cells

SECOND = 1_000_000


class AgentsAlike:
    """Agents who serve the same cells: how many, how many free and rested, and P(busy) of the others at each horizon."""

    __slots__ = ("busy", "count", "free", "resting")

    def __init__(self, horizons: int) -> None:
        self.count = self.free = self.resting = 0
        self.busy: list[list[float]] = [[] for _ in range(horizons)]


class Prospects:
    """One moment of a pool; `dial` adds a dial, `risk` says what one more would carry.

    `chances` of every campaign that agents work for or that has dials, one entry per horizon; `rest` µs an agent is left alone
    after a call.
    """

    def __init__(
        self, view: PacingView, now: int, horizons: Sequence[Horizon], chances: Mapping[str, Sequence[Chances]], rest: int
    ) -> None:  # fmt: skip
        self._view, self._now, self._rest = view, now, rest
        self._horizons, self._chances = horizons, chances
        self._kinds: dict[frozenset[str], AgentsAlike] = {}
        for agent in view.agents:
            self._count(agent)
        self._answers: dict[str, list[list[float]]] = {}  # cell → horizon → P(answered) of each dial
        self.dials: dict[str, int] = {}  # cell → dials in flight and persons waiting
        for campaign in view.campaigns:
            tables = chances[campaign.campaign_id]
            for cell in campaign.cells:
                self._expect(cell.cell, cell.dials, cell.waiting, tables)
        self._sets = sets_of_cells(frozenset(self._kinds))
        self._balances: dict[frozenset[str], tuple[Balance, ...]] = {}

    def _count(self, agent: PacedAgent) -> None:
        if agent.state is AgentMoment.RESERVED:
            return
        kind = self._kinds.get(agent.cells)
        if kind is None:
            kind = self._kinds[agent.cells] = AgentsAlike(len(self._horizons))
        kind.count += 1
        elapsed = self._now - agent.since
        if agent.state is AgentMoment.IDLE:
            if elapsed >= self._rest:
                kind.free += 1
                return
            kind.resting += 1
            for horizon, busy in zip(self._horizons, kind.busy, strict=True):
                if self._rest - elapsed > horizon.free * SECOND:
                    busy.append(1.0)
            return
        if agent.state is AgentMoment.OFFERED:
            elapsed = 0
        step = elapsed // BUSY_STEP
        wrapping = agent.state is AgentMoment.WRAPPING
        for table, busy in zip(self._chances[agent.campaign], kind.busy, strict=True):
            row = table.wrap_busy if wrapping else table.talk_busy
            busy.append(row[step] if step < len(row) else row[-1])

    def _expect(self, cell: str, dials: Sequence[int], waiting: int, tables: Sequence[Chances]) -> None:
        answers = self._answers.setdefault(cell, [[] for _ in self._horizons])
        self.dials[cell] = self.dials.get(cell, 0) + len(dials) + waiting
        now = self._now
        for table, chances in zip(tables, answers, strict=True):
            chances += [1.0] * waiting
            row = table.answered
            last = len(row) - 1
            for placed in dials:
                step = (now - placed) // RING_STEP
                chances.append(row[step] if step < last else row[last])

    @property
    def reserve(self) -> int:
        """Idle agents kept for inbound work."""
        return self._view.reserve

    def agents(self, cell: str) -> int:
        """Who may serve the cell, busy or not."""
        return sum(kind.count for cells, kind in self._kinds.items() if cell in cells)

    def resting(self, cell: str) -> int:
        """Agents of the cell in their pause."""
        return sum(kind.resting for cells, kind in self._kinds.items() if cell in cells)

    def unclaimed(self, cell: str) -> int:
        """Free agents beyond the dials already in flight, in the set of cells where they are scarcest."""
        return min((self.free(cells) - sum(self.dials.get(each, 0) for each in cells) for cells in self._sets.get(cell, ())),
                   default=0)  # fmt: skip

    def free(self, cells: frozenset[str]) -> int:
        """Free and rested agents who serve any of the cells, without those kept for inbound work."""
        return max(0, sum(kind.free for each, kind in self._kinds.items() if each & cells) - self._view.reserve)

    def risk(self, cell: str) -> float:
        """P(a person who answers a dial placed now finds nobody), in the set of cells where it is greatest."""
        return max((self._short(cells) for cells in self._sets.get(cell, ())), default=1.0)

    def _short(self, cells: frozenset[str]) -> float:
        total = 0.0
        for horizon, balance in zip(self._horizons, self._balance(cells), strict=True):
            total += horizon.weight * balance.short()
        return total

    def _balance(self, cells: frozenset[str]) -> tuple[Balance, ...]:
        found = self._balances.get(cells)
        if found is None:
            found = self._balances[cells] = tuple(self._weigh(cells, index) for index in range(len(self._horizons)))
        return found

    def _weigh(self, cells: frozenset[str], index: int) -> Balance:
        kinds = [kind for each, kind in self._kinds.items() if each & cells]
        balance = Balance(sum(kind.count for kind in kinds) - self._view.reserve)
        for kind in kinds:
            for p in kind.busy[index]:
                balance.add(p)
        for cell in cells:
            for p in self._answers.get(cell, ((),) * len(self._horizons))[index]:
                balance.add(p)
        inbound = self._view.inbound_per_hour / 3600 * self._horizons[index].answer
        while inbound > 0:  # a Poisson stream as rare events
            balance.add(min(inbound, 0.2))
            inbound -= 0.2
        return balance

    def expected(self, cell: str) -> tuple[float, float]:
        """(S, D): agents of the cell expected free, persons expected to answer, at the middle horizon."""
        index = len(self._horizons) // 2
        able = [kind for cells, kind in self._kinds.items() if cell in cells]
        supply = sum(kind.count - sum(kind.busy[index]) for kind in able) - self._view.reserve
        return max(0.0, supply), sum(self._answers[cell][index])

    def dial(self, cell: str, tables: Sequence[Chances]) -> None:
        """One more dial of the cell is placed now."""
        self.dials[cell] += 1
        for table, chances in zip(tables, self._answers[cell], strict=True):
            chances.append(table.answered[0])
        for cells, balances in self._balances.items():
            if cell in cells:
                for table, balance in zip(tables, balances, strict=True):
                    balance.add(table.answered[0])
