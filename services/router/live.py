"""What holds now, as committed: a fold that follows the journal when somebody asks. Any instance can answer, owner or not,
and nothing uncommitted is ever shown.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

from services.router.domain.agents import Agent
from services.router.domain.contacts import Contact, ContactPhase
from services.router.domain.core import Decided, Input, PartitionState, PoolState, decisions_from_json
from services.router.domain.waits import Prospect, Standing, Waits
from services.router.journal import Store
from services.router.recovery import Fold, fold_to
from shared.contracts.routing_decisions import ContactAssigned
from shared.contracts.wire import adapter
from shared.directory import AgentPool

ANSWERS_FROM = 20_000
"""Journal rows of a partition from which recent waits are read when following begins."""

PoolWaits = dict[tuple[str, str], Waits]


class LiveFacts:
    """One followed fold per partition, and the queues and recent waits of its pools beside it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._folds: dict[int, Fold] = {}
        self._waits: dict[int, PoolWaits] = {}
        self._turn = asyncio.Lock()

    async def _followed(self, partition: int) -> Fold:
        """The fold after the newest committed input."""
        async with self._turn:
            head = await self._store.head(partition)
            position = head.position if head else 0
            fold = self._folds.pop(partition, None)  # a fold that fails half-way is not kept
            if fold is None or fold.position > position:
                fold = await Fold.nearest(self._store, partition, position)
                self._waits[partition] = await self._begin_waits(fold)
            await fold.advance(position)
            self._folds[partition] = fold
            return fold

    async def _begin_waits(self, fold: Fold) -> PoolWaits:
        """Queues of the state the fold begins with, waits of the journal before it; from there on it tells."""
        found: PoolWaits = {}
        for (tenant, pool), state in fold.state.pools.items():
            found.setdefault((tenant, pool), Waits()).begin(state)
        for row in await self._store.rows_with_answers(fold.partition, fold.position, ANSWERS_FROM):
            for decided in decisions_from_json(row.decisions):
                if isinstance(decided.decision, ContactAssigned):
                    taken = decided.decision
                    waits = found.setdefault((row.tenant, row.pool), Waits())
                    waits.answered(taken.group, taken.channel, row.now, taken.waited)

        def heard(state: PartitionState, given: Input, decisions: Sequence[Decided]) -> None:
            waits = found.setdefault((given.tenant, given.pool), Waits())
            waits.heard(state.pools[given.tenant, given.pool], given.now, (d.decision for d in decisions))

        fold.listener = heard
        return found

    async def place(self, pools: Sequence[AgentPool], contact_id: str, now: int) -> Standing | None:
        """Where a contact of these pools waits after the newest committed input; None where it does not."""
        for pool in pools:
            fold = await self._followed(pool.partition)
            state = fold.state.pool(pool.tenant_id, pool.pool_id)
            contact = state.contacts.get(contact_id) if state is not None else None
            if contact is not None:
                waits = self._waits[pool.partition][pool.tenant_id, pool.pool_id]
                return waits.place(contact, max(now, fold.last_now))
        return None

    async def prospects(self, pools: Sequence[AgentPool], now: int) -> list[tuple[str, Prospect]]:
        """(pool, what somebody who came now could expect) after the newest committed inputs, for each group and channel."""
        found: list[tuple[str, Prospect]] = []
        for pool in pools:
            fold = await self._followed(pool.partition)
            waits = self._waits[pool.partition].get((pool.tenant_id, pool.pool_id))
            state = fold.state.pool(pool.tenant_id, pool.pool_id)
            if waits is not None and state is not None:
                found.extend((pool.pool_id, each) for each in waits.prospects(state, max(now, fold.last_now)))
        return found

    async def follow(self, pool: AgentPool) -> PoolState | None:
        """The pool's state now, to be read before anything else is awaited; None before its first input."""
        return (await self._followed(pool.partition)).state.pool(pool.tenant_id, pool.pool_id)

    async def of_pool(self, pool: AgentPool) -> dict[str, Any]:
        """The pool's live contacts and signed-in agents after the newest committed input."""
        fold = await self._followed(pool.partition)
        state = fold.state.pool(pool.tenant_id, pool.pool_id)
        contacts = list(state.contacts.values()) if state else []
        agents = list(state.agents.values()) if state else []
        waiting = Counter(contact.group for contact in contacts if contact.phase is ContactPhase.QUEUED)
        return {
            "tenant": pool.tenant_id,
            "pool": pool.pool_id,
            "partition": pool.partition,
            "position": fold.position,
            "now": fold.state.now,
            "policy_version": state.policy_version if state else 0,
            "waiting": {group: waiting[group] for group in sorted(waiting)},
            "contacts": [adapter(Contact).dump_python(contact, mode="json") for contact in contacts],
            "agents": [adapter(Agent).dump_python(agent, mode="json") for agent in agents],
        }

    async def at(self, partition: int, position: int) -> Fold:
        """The state after `position`, from the nearest snapshot; one such fold at a time."""
        async with self._turn:
            return await fold_to(self._store, partition, position)
