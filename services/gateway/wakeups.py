"""Wakes the streams of a gateway when the database says that they have grown. A hint: streams also look by themselves."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager

from services.gateway.store import EVENTS_CHANNEL, HINTS_CHANNEL
from shared.postgres import Connection, Pool

CHECK_SECONDS = 5.0
HINTS_WAITING = 100
"""More than a reader has not taken yet are dropped: they say nothing that lasts."""


class Wakeups:
    """One LISTEN connection for all streams of this instance."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._hearing: defaultdict[str, set[asyncio.Queue[tuple[str, str]]]] = defaultdict(set)

    @contextmanager
    def of(self, gateway_id: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever the gateway's stream grows."""
        grown = asyncio.Event()
        self._waiting[gateway_id].add(grown)
        try:
            yield grown
        finally:
            self._waiting[gateway_id].discard(grown)
            if not self._waiting[gateway_id]:
                del self._waiting[gateway_id]

    async def hints(self, gateway_id: str) -> AsyncGenerator[tuple[str, str]]:
        """(contact, author) of whoever writes to a customer of this gateway, from now on."""
        heard: asyncio.Queue[tuple[str, str]] = asyncio.Queue(HINTS_WAITING)
        self._hearing[gateway_id].add(heard)
        try:
            while True:
                yield await heard.get()
        finally:
            self._hearing[gateway_id].discard(heard)
            if not self._hearing[gateway_id]:
                del self._hearing[gateway_id]

    @staticmethod
    async def wait(grown: asyncio.Event, seconds: float) -> bool:
        """False when it did not grow within `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await grown.wait()
        except TimeoutError:
            return False
        return True

    async def listen(self) -> None:
        """Listen until the connection breaks (then: start again)."""
        async with self._pool.acquire() as connection:
            await connection.add_listener(EVENTS_CHANNEL, self._grown)
            await connection.add_listener(HINTS_CHANNEL, self._hinted)
            try:
                while True:
                    await asyncio.sleep(CHECK_SECONDS)
                    await connection.execute("SELECT 1")
            finally:
                if not connection.is_closed():
                    await connection.remove_listener(EVENTS_CHANNEL, self._grown)
                    await connection.remove_listener(HINTS_CHANNEL, self._hinted)

    def _grown(self, _connection: Connection, _pid: int, _channel: str, payload: object) -> None:
        for event in self._waiting.get(str(payload), ()):
            event.set()

    def _hinted(self, _connection: Connection, _pid: int, _channel: str, payload: object) -> None:
        gateway_id, contact_id, author = str(payload).split(" ")
        for heard in self._hearing.get(gateway_id, ()):
            if not heard.full():
                heard.put_nowait((contact_id, author))
