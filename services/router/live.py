"""What holds now, as committed: a fold that follows the journal when somebody asks. Any instance can answer, owner or not,
and nothing uncommitted is ever shown.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from services.router.domain.agents import Agent
from services.router.domain.contacts import Contact, ContactPhase
from services.router.journal import Store
from services.router.recovery import Fold, fold_to
from shared.contracts.wire import adapter
from shared.directory import AgentPool


class LiveFacts:
    """One followed fold per partition."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._folds: dict[int, Fold] = {}
        self._turn = asyncio.Lock()

    async def of_pool(self, pool: AgentPool) -> dict[str, Any]:
        """The pool's live contacts and signed-in agents after the newest committed input."""
        async with self._turn:
            head = await self._store.head(pool.partition)
            position = head.position if head else 0
            fold = self._folds.get(pool.partition)
            if fold is None:
                fold = await Fold.nearest(self._store, pool.partition, position)
            self._folds.pop(pool.partition, None)  # a fold that failed half-way is not kept
            await fold.advance(position)
            self._folds[pool.partition] = fold
            state = fold.state.pool(pool.tenant_id, pool.pool_id)
            contacts = list(state.contacts.values()) if state else []
            agents = list(state.agents.values()) if state else []
            waiting = Counter(c.group for c in contacts if c.phase is ContactPhase.QUEUED)
            return {
                "tenant": pool.tenant_id,
                "pool": pool.pool_id,
                "partition": pool.partition,
                "position": position,
                "sequence": head.sequence if head else 0,
                "now": fold.state.now,
                "policy_version": state.policy_version if state else 0,
                "waiting": {group: waiting[group] for group in sorted(waiting, key=str)},
                "contacts": [adapter(Contact).dump_python(c, mode="json") for c in contacts],
                "agents": [adapter(Agent).dump_python(a, mode="json") for a in agents],
            }

    async def at(self, partition: int, position: int) -> Fold:
        """The state after `position`, from the nearest snapshot; one such fold at a time."""
        async with self._turn:
            return await fold_to(self._store, partition, position)
