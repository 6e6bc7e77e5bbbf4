"""Recovery: fold *recorded* decisions through `apply`, from the nearest snapshot. `decide` is never asked again, so a
newer version of the router cannot invent a past. The same fold serves takeover, snapshots, explanations and live facts.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence

from services.router.domain.core import Decided, Input, PartitionState, apply, decisions_from_json, input_from_json
from services.router.journal import JournalBroken, Row, Store

PAGE = 1000
SLICE_SECONDS = 0.02
"""Folding gives way to others this often."""

Listener = Callable[[PartitionState, Input, Sequence[Decided]], None]
"""Told of every row as it is folded, with the state after it: what other read models live on."""


class Fold:
    """A partition's state after journal position `position`, moved forward as far as asked."""

    def __init__(self, store: Store, partition: int, state: PartitionState, position: int) -> None:
        self._store = store
        self.partition = partition
        self.state = state
        self.position = position
        self.next_sequence: int | None = None  # known once a row was folded
        self.last_now = 0
        self.listener: Listener | None = None

    @classmethod
    async def nearest(cls, store: Store, partition: int, position: int, *, snapshots: bool = True) -> Fold:
        """The newest snapshot at or before `position`, or the empty state. Does not fold yet."""
        found = await store.nearest_snapshot(partition, position) if snapshots else None
        if found is None:
            return cls(store, partition, PartitionState.empty(partition), 0)
        at, expected, facts = found
        state = PartitionState.from_facts(json.loads(facts))
        if state.hash() != expected:
            raise JournalBroken(
                f"the snapshot of partition {partition} at {at} does not have the hash it was saved under"
            )
        return cls(store, partition, state, at)

    async def advance(self, until: int) -> None:
        """Fold to `until`. Raises JournalBroken when a position or sequence is missing."""
        started = time.perf_counter()
        while self.position < until:
            rows = await self._store.rows_after(self.partition, self.position, until, PAGE)
            if not rows:
                raise JournalBroken(f"the journal of partition {self.partition} ends at {self.position}, not {until}")
            for row in rows:
                self._step(row)
                if time.perf_counter() - started > SLICE_SECONDS:
                    await asyncio.sleep(0)
                    started = time.perf_counter()

    def _step(self, row: Row) -> None:
        if row.position != self.position + 1:
            raise JournalBroken(f"position {self.position + 1} of partition {self.partition} is missing")
        if self.next_sequence not in (None, row.first_sequence):
            raise JournalBroken(f"sequence {self.next_sequence} of partition {self.partition} is missing")
        given, decisions = input_from_json(row.input), decisions_from_json(row.decisions)
        self.state = apply(self.state, given, decisions)
        if self.listener is not None:
            self.listener(self.state, given, decisions)
        self.position = row.position
        self.next_sequence = row.first_sequence + row.decision_count
        self.last_now = row.now


async def fold_to(store: Store, partition: int, position: int, *, snapshots: bool = True) -> Fold:
    """The state after `position`; without `snapshots`, from the first row on."""
    fold = await Fold.nearest(store, partition, position, snapshots=snapshots)
    await fold.advance(position)
    return fold
