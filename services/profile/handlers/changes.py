"""Hints that a live contact's pop changed: PostgreSQL's NOTIFY, handed to whoever listens now.

A hint is never the truth: it says "read the pop again". One that is missed (a lost connection, a slow reader who is cut
off) costs a page freshness until its next read, never correctness.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager

from shared.postgres import Connection, Pool

CHANNEL = "profile_changes"
LOOK_SECONDS = 1.0
KEEP_ALIVE_SECONDS = 10.0
BACKLOG = 1000
"""Hints a reader may be behind before it is cut off (it then reconnects and reads its pops again)."""


class Changes:
    """One listening connection for any number of readers."""

    def __init__(self, workers: Pool) -> None:
        self._workers = workers
        self._readers: set[asyncio.Queue[str | None]] = set()

    async def run(self) -> None:
        """Listen until cancelled. Raises when the connection is lost: run it again."""
        async with self._workers.acquire() as connection:
            await connection.add_listener(CHANNEL, self._heard)
            try:
                while not connection.is_closed():
                    await asyncio.sleep(LOOK_SECONDS)
                raise ConnectionResetError("the connection that listens was lost")
            finally:
                if not connection.is_closed():
                    await connection.remove_listener(CHANNEL, self._heard)

    def _heard(self, _connection: Connection, _pid: int, _channel: str, payload: object) -> None:
        for reader in list(self._readers):
            if reader.qsize() >= BACKLOG:
                self._readers.discard(reader)
                reader.put_nowait(None)
            else:
                reader.put_nowait(str(payload))

    @contextmanager
    def _reading(self) -> Iterator[asyncio.Queue[str | None]]:
        reader: asyncio.Queue[str | None] = asyncio.Queue()
        self._readers.add(reader)
        try:
            yield reader
        finally:
            self._readers.discard(reader)

    async def frames(self) -> AsyncGenerator[str]:
        """Server-sent events: `changed` with {tenant, customer_id, contact_id, version}; comments keep the line open."""
        with self._reading() as reader:
            yield ": listening\n\n"
            while True:
                try:
                    async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                        hint = await reader.get()
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                if hint is None:
                    return
                yield f"event: changed\ndata: {hint}\n\n"
