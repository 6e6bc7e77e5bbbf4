"""Runs the adapters this service itself is: each gateway row of a kind with something to run, on one instance at a time.

An advisory lock per row makes one instance run it. All locks of an instance are held by one connection: when the instance
dies they go with it and another takes over from what each row has read; when only the connection dies the adapters end and
compete again. New settings or a revoked row restart or end an adapter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from services.gateway import store
from services.gateway.adapters.kind import ChannelKind
from services.gateway.adapters.port import ChannelPort
from shared import telemetry
from shared.errors import NotFound
from shared.kafka import supervise
from shared.postgres import Pool

log = telemetry.logger("gateway")

LOOK_SECONDS = 1.0
LOCK = """SELECT gateway_id FROM unnest($1::text[]) AS free (gateway_id)
WHERE pg_try_advisory_lock(hashtext('gateway:channel'), hashtext(gateway_id))"""
UNLOCK = """SELECT pg_advisory_unlock(hashtext('gateway:channel'), hashtext(gateway_id)) FROM unnest($1::text[]) AS held (gateway_id)"""


class Channels:
    """The adapters of this instance."""

    def __init__(
        self, kinds: Mapping[str, ChannelKind], pool: Pool, rows: Callable[[], list[store.CredentialRow]],
        row: Callable[[str], store.CredentialRow | None], open_port: Callable[[store.CredentialRow], ChannelPort],
    ) -> None:  # fmt: skip
        self.kinds = kinds
        self._pool = pool
        self._rows = rows
        self._row = row
        self._open_port = open_port
        self._running: dict[str, tuple[store.CredentialRow, asyncio.Task[None]]] = {}

    def port(self, gateway_id: str, kind: str) -> tuple[ChannelPort, Any]:
        """Port and settings of a row of this kind. Raises NotFound."""
        row = self._row(gateway_id)
        if row is None or row.kind != kind:
            raise NotFound("no such channel")
        return self._open_port(row), self.kinds[kind].settings.model_validate(row.settings)

    def of_kind(self, kind: str) -> list[str]:
        """Gateway ids of the rows of a kind, of all tenants."""
        return sorted(row.gateway_id for row in self._rows() if row.kind == kind)

    def running_with(self, gateway_id: str) -> store.CredentialRow | None:
        """The row as the adapter that this instance runs (or waits to run) was started with it."""
        return self._running[gateway_id][0] if gateway_id in self._running else None

    async def run(self) -> None:
        """Start, restart and end adapters as their rows say, until the connection that holds their locks breaks."""
        running = self._running = {}
        async with self._pool.acquire() as leader:
            try:
                while True:
                    wanted = {row.gateway_id: row for row in self._rows() if self._runs(row)}
                    changed = [gateway_id for gateway_id, (row, _) in running.items() if wanted.get(gateway_id) != row]
                    for gateway_id in changed:
                        await self._end(running.pop(gateway_id)[1])
                    await leader.execute(UNLOCK, [gateway_id for gateway_id in changed if gateway_id not in wanted])
                    free = [gateway_id for gateway_id in wanted if gateway_id not in {*running, *changed}]
                    won = {record["gateway_id"] for record in await leader.fetch(LOCK, free)}
                    for gateway_id in (*won, *(set(changed) & wanted.keys())):
                        row = wanted[gateway_id]
                        task = asyncio.create_task(
                            supervise(f"gateway {row.kind}", lambda row=row: self._run_one(row)), name=f"channel {gateway_id}"
                        )  # fmt: skip
                        running[gateway_id] = (row, task)
                    await asyncio.sleep(LOOK_SECONDS)
            finally:
                await self._end(*(task for _, task in running.values()))
                running.clear()  # the pool gives the locks up with the connection

    def _runs(self, row: store.CredentialRow) -> bool:
        kind = self.kinds.get(row.kind)
        return kind is not None and kind.run is not None

    async def _run_one(self, row: store.CredentialRow) -> None:
        kind = self.kinds[row.kind]
        assert kind.run is not None
        await kind.run(self._open_port(row), kind.settings.model_validate(row.settings))

    @staticmethod
    async def _end(*tasks: asyncio.Task[None]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
