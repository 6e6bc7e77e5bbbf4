"""Remembering which contacts gateways hold: requests that come while one commit is under way share the next."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.gateway import store
from services.gateway.domain.sessions import HeldContact
from shared.postgres import Pool, tenant_transaction


@dataclass(slots=True)
class _Queue:
    commit: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: dict[object, Sequence[HeldContact]] = field(default_factory=dict[object, Sequence[HeldContact]])


class ContactRecorder:
    """Whoever comes first commits for all who wait; a commit that fails fails only him, the next tries for himself."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._queues: defaultdict[str, _Queue] = defaultdict(_Queue)

    async def record(self, tenant: str, contacts: Sequence[HeldContact]) -> None:
        """Return when the contacts (of this tenant) are committed."""
        queue, mine = self._queues[tenant], object()
        queue.waiting[mine] = contacts
        try:
            async with queue.commit:
                if mine not in queue.waiting:
                    return  # somebody's commit took it along
                batch = dict(queue.waiting)
                async with tenant_transaction(self._pool, tenant) as connection:
                    await store.record_contacts(connection, [contact for held in batch.values() for contact in held])
                for taken in batch:
                    queue.waiting.pop(taken, None)
        finally:
            queue.waiting.pop(mine, None)
