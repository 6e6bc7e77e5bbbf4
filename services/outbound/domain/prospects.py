"""What a pool looks like to the next dial: agents free now, agents soon free, persons likely to answer, cell by cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from services.outbound.domain.chances import BUSY_STEP, RING_STEP, Chances, Horizon, Row
from services.outbound.domain.pacing_view import AgentMoment, PacedAgent, PacedCell, PacingView
from services.outbound.domain.supply import Balance, sets_of_cells

SECOND = 1_000_000
NOTHING_KNOWN = Chances((), (), ())


class AgentsAlike:
    """Agents who serve the same cells: how many, how many free and rested, how many resting, and P(still busy) of the others."""

    __slots__ = ("busy", "count", "free", "resting")

    def __init__(self) -> None:
        self.count = self.free = self.resting = 0
        self.busy: list[Row] = []


class CellSet:
    """Cells that can run short together: their agents, those free now, dials in flight and persons waiting."""

    __slots__ = ("_agents", "_balances", "_events", "_horizons", "dials", "free")

    def __init__(self, agents: int, events: Sequence[Row], free: int, dials: int, horizons: int) -> None:
        self._agents, self._events, self._horizons = agents, events, range(horizons)
        self._balances: list[Balance] = []  # computed when asked for: mostly the first horizon decides
        self.free, self.dials = free, dials

    def add(self, dial: Row) -> None:
        """One more dial."""
        self.dials += 1
        for k in range(len(dial)):
            self._at(k).add((dial[k],))

    def _at(self, horizon: int) -> Balance:
        while len(self._balances) <= horizon:
            k = len(self._balances)
            self._balances.append(Balance(self._agents, [row[k] for row in self._events]))
        return self._balances[horizon]

    def short(self) -> float:
        """P(the next person finds nobody), at the horizon where it is greatest."""
        return max(self._at(k).short() for k in self._horizons)

    def bears(self, tolerance: float) -> bool:
        """Whether `short` is at most the tolerance."""
        return all(self._at(k).short() <= tolerance for k in self._horizons)


class Prospects:
    """One moment of a pool. `dial` adds a dial; `risk` says what one more would carry.

    `chances` gives a campaign's tables; `rest` µs an agent is left alone after a call.
    """

    def __init__(
        self, view: PacingView, now: int, horizons: Sequence[Horizon], chances: Callable[[str], Chances], rest: int
    ) -> None:
        self._rest, self._horizons, self._chances = rest, horizons, chances
        self._certain = (1.0,) * len(horizons)
        self._kept: dict[frozenset[str], int] = {}  # cells → agents kept for inbound
        self._kinds = self._agents_by_kind(view.agents, now)
        self._answers: dict[str, list[Row]] = {}  # cell → P(answered in time) of each dial; persons waiting count 1
        for campaign in view.campaigns:
            table = chances(campaign.campaign_id).answered
            for cell in campaign.cells:
                self._expect(cell, table, now)
        self._names = sets_of_cells(frozenset(self._kinds))
        self._sets: dict[frozenset[str], CellSet] = {}

    def _agents_by_kind(self, agents: Sequence[PacedAgent], now: int) -> dict[frozenset[str], AgentsAlike]:
        found: dict[frozenset[str], AgentsAlike] = {}
        cells, campaign, kind, table = None, None, AgentsAlike(), NOTHING_KNOWN
        rest = self._rest
        in_time = [round(at.free * SECOND) for at in self._horizons]
        idle, wrapping, reserved = AgentMoment.IDLE, AgentMoment.WRAPPING, AgentMoment.RESERVED
        for agent in agents:  # the pacer's innermost loop: neighbours mostly are alike, so look up only what differs
            state = agent.state
            if state is reserved:
                self._kept[agent.cells] = self._kept.get(agent.cells, 0) + 1
                continue
            if agent.cells is not cells:
                cells = agent.cells
                kind = found.setdefault(cells, AgentsAlike())
            kind.count += 1
            elapsed = now - agent.since
            if state is idle:
                left = rest - elapsed if agent.rested_at is None else agent.rested_at - now
                if left <= 0:
                    kind.free += 1
                else:
                    kind.resting += 1
                    kind.busy.append(tuple(1.0 if left > soon else 0.0 for soon in in_time))
                continue
            if agent.campaign != campaign:
                campaign = agent.campaign
                table = self._chances(campaign)
            row = table.wrap_busy if state is wrapping else table.talk_busy
            step = 0 if state is AgentMoment.OFFERED else elapsed // BUSY_STEP
            try:
                kind.busy.append(row[step])
            except IndexError:  # longer than the table reaches
                kind.busy.append(row[-1])
        return found

    def _expect(self, cell: PacedCell, table: Sequence[Row], now: int) -> None:
        answers = self._answers.setdefault(cell.cell, [])
        last = len(table) - 1
        for placed in cell.dials:
            step = (now - placed) // RING_STEP
            answers.append(table[step] if step < last else table[last])
        if cell.waiting:
            answers += [self._certain] * cell.waiting

    def _able(self, cell: str) -> list[AgentsAlike]:
        return [kind for cells, kind in self._kinds.items() if cell in cells]

    def agents(self, cell: str) -> int:
        """Who may serve the cell, busy or not."""
        return sum(kind.count for kind in self._able(cell))

    def resting(self, cell: str) -> int:
        """Agents of the cell in their pause."""
        return sum(kind.resting for kind in self._able(cell))

    def kept(self, cell: str) -> int:
        """Agents of the cell who are kept for inbound work."""
        return sum(count for cells, count in self._kept.items() if cell in cells)

    def free(self, cell: str) -> int:
        """Free and rested agents of the cell, without those kept for inbound work."""
        return sum(kind.free for kind in self._able(cell))

    def dials(self, cell: str) -> int:
        """Dials in flight and persons waiting."""
        return len(self._answers[cell])

    def unclaimed(self, cell: str) -> int:
        """Free agents beyond the dials in flight, in the set of cells where they are scarcest."""
        return min((each.free - each.dials for each in self._sets_of(cell)), default=0)

    def risk(self, cell: str) -> float:
        """P(a person who answers a dial placed now finds nobody), in the set of cells where it is greatest."""
        return max((each.short() for each in self._sets_of(cell)), default=1.0)

    def bears(self, cell: str, tolerance: float) -> bool:
        """Whether `risk` is at most the tolerance."""
        sets = self._sets_of(cell)
        return bool(sets) and all(each.bears(tolerance) for each in sets)

    def _sets_of(self, cell: str) -> list[CellSet]:
        return [self._sets.get(cells) or self._weigh(cells) for cells in self._names.get(cell, ())]

    def _weigh(self, cells: frozenset[str]) -> CellSet:
        events: list[Row] = []
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
        found = self._sets[cells] = CellSet(count, events, free, dials, len(self._horizons))
        return found

    def expected(self, cell: str) -> tuple[float, float]:
        """(S, D): agents of the cell expected to be free in time, persons expected to answer, at the first horizon."""
        supply = sum(kind.count - sum(row[0] for row in kind.busy) for kind in self._able(cell))
        return max(0.0, supply), sum(row[0] for row in self._answers[cell])

    def first_chance(self, campaign: str) -> Row:
        """P(a dial of the campaign placed now is answered in time)."""
        return self._chances(campaign).answered[0]

    def dial(self, cell: str, chance: Row) -> None:
        """One more dial of the cell is placed now, answered in time with this chance."""
        self._answers[cell].append(chance)
        for cells, found in self._sets.items():
            if cell in cells:
                found.add(chance)
