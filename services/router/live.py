"""What holds now, as committed: a fold that follows the journal when somebody asks. Any instance can answer, owner or not,
and nothing uncommitted is ever shown.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from services.router.domain.agents import Agent
from services.router.domain.contacts import Contact, ContactPhase
from services.router.domain.core import PoolState
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

    async def _followed(self, partition: int) -> Fold:
        """The fold after the newest committed input."""
        async with self._turn:
            head = await self._store.head(partition)
            position = head.position if head else 0
            fold = self._folds.pop(partition, None)  # a fold that fails half-way is not kept
            if fold is None or fold.position > position:
                fold = await Fold.nearest(self._store, partition, position)
            await fold.advance(position)
            self._folds[partition] = fold
            return fold

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
