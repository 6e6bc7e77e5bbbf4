"""What a pool looks like to the next dial: agents free now, agents soon free, persons likely to answer, cell by cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.outbound.domain.chances import BUSY_STEP, RING_STEP, Chances, Horizon
from services.outbound.domain.pacing_view import AgentMoment, PacedAgent, PacedCell, PacingView
from services.outbound.domain.supply import Balance, sets_of_cells

SECOND = 1_000_000
RARE = 0.2  # a stream of inbound calls is counted as independent events at most so likely


class AgentsAlike:
    """Agents who serve the same cells: how many, how many free and rested, how many resting, and P(still busy) of the others."""

    __slots__ = ("busy", "count", "free", "resting")

    def __init__(self) -> None:
        self.count = self.free = self.resting = 0
        self.busy: list[float] = []


class CellSet:
    """Cells that can run short together: their agents, those free now, dials in flight and persons waiting, and the balance."""

    __slots__ = ("balance", "dials", "free")

    def __init__(self, balance: Balance, free: int, dials: int) -> None:
        self.balance, self.free, self.dials = balance, free, dials


class Prospects:
    """One moment of a pool. `dial` adds a dial; `risk` says what one more would carry.

    `chances` of every campaign that dials or that agents work for; `rest` µs an agent is left alone after a call.
    """

    def __init__(self, view: PacingView, now: int, horizon: Horizon, chances: Mapping[str, Chances], rest: int) -> None:
        self.reserve = view.reserve
        self._rest, self._horizon = rest, horizon
        self._kinds = self._agents_by_kind(view.agents, now, chances)
        self._answers: dict[str, list[float]] = {}  # cell → P(answered in time) of each dial; persons waiting count 1
        for campaign in view.campaigns:
            table = chances[campaign.campaign_id].answered
            for cell in campaign.cells:
                self._expect(cell, table, now)
        inbound = view.inbound_per_hour / 3600 * horizon.answer
        self._inbound = [inbound / (steps := int(inbound / RARE) + 1)] * steps if inbound > 0 else []
        self._names = sets_of_cells(frozenset(self._kinds))
        self._sets: dict[frozenset[str], CellSet] = {}

    def _agents_by_kind(
        self, agents: Sequence[PacedAgent], now: int, chances: Mapping[str, Chances]
    ) -> dict[frozenset[str], AgentsAlike]:  # fmt: skip
        found: dict[frozenset[str], AgentsAlike] = {}
        in_time = self._rest - round(self._horizon.free * SECOND)
        for agent in agents:
            state = agent.state
            if state is AgentMoment.RESERVED:
                continue
            kind = found.get(agent.cells)
            if kind is None:
                kind = found[agent.cells] = AgentsAlike()
            kind.count += 1
            elapsed = now - agent.since
            if state is AgentMoment.IDLE:
                if elapsed >= self._rest:
                    kind.free += 1
                else:
                    kind.resting += 1
                    if elapsed < in_time:
                        kind.busy.append(1.0)
                continue
            table = chances[agent.campaign]
            row = table.wrap_busy if state is AgentMoment.WRAPPING else table.talk_busy
            step = 0 if state is AgentMoment.OFFERED else elapsed // BUSY_STEP
            kind.busy.append(row[step] if step < len(row) else row[-1])
        return found

    def _expect(self, cell: PacedCell, table: Sequence[float], now: int) -> None:
        answers = self._answers.setdefault(cell.cell, [])
        last = len(table) - 1
        for placed in cell.dials:
            step = (now - placed) // RING_STEP
            answers.append(table[step] if step < last else table[last])
        if cell.waiting:
            answers += [1.0] * cell.waiting

    def _able(self, cell: str) -> list[AgentsAlike]:
        return [kind for cells, kind in self._kinds.items() if cell in cells]

    def agents(self, cell: str) -> int:
        """Who may serve the cell, busy or not."""
        return sum(kind.count for kind in self._able(cell))

    def resting(self, cell: str) -> int:
        """Agents of the cell in their pause."""
        return sum(kind.resting for kind in self._able(cell))

    def free(self, cell: str) -> int:
        """Free and rested agents of the cell, without those kept for inbound work."""
        return max(0, sum(kind.free for kind in self._able(cell)) - self.reserve)

    def dials(self, cell: str) -> int:
        """Dials in flight and persons waiting."""
        return len(self._answers[cell])

    def unclaimed(self, cell: str) -> int:
        """Free agents beyond the dials in flight, in the set of cells where they are scarcest."""
        return min((each.free - each.dials for each in self._sets_of(cell)), default=0)

    def risk(self, cell: str) -> float:
        """P(a person who answers a dial placed now finds nobody), in the set of cells where it is greatest."""
        return max((each.balance.short() for each in self._sets_of(cell)), default=1.0)

    def _sets_of(self, cell: str) -> list[CellSet]:
        return [self._sets.get(cells) or self._weigh(cells) for cells in self._names.get(cell, ())]

    def _weigh(self, cells: frozenset[str]) -> CellSet:
        events: list[float] = list(self._inbound)
        count = free = dials = 0
        for each, kind in self._kinds.items():
            if not each.isdisjoint(cells):
                count += kind.count
                free += kind.free
                events += kind.busy
        for cell in cells:
            answers = self._answers.get(cell)
            if answers:
                dials += len(answers)
                events += answers
        found = self._sets[cells] = CellSet(Balance(count - self.reserve, events), max(0, free - self.reserve), dials)
        return found

    def expected(self, cell: str) -> tuple[float, float]:
        """(S, D): agents of the cell expected to be free in time, persons expected to answer."""
        supply = sum(kind.count - sum(kind.busy) for kind in self._able(cell)) - self.reserve
        return max(0.0, supply), sum(self._answers[cell])

    def dial(self, cell: str, table: Sequence[float]) -> None:
        """One more dial of the cell is placed now."""
        self._answers[cell].append(table[0])
        for cells, found in self._sets.items():
            if cell in cells:
                found.dials += 1
                found.balance.add((table[0],))
