"""The lease on a caller nobody talks with: while UCC lives it puts off, again and again, the caller's way to the static queue.

It is Asterisk's own time limit on the channel (`TIMEOUT(absolute)`), so it runs out also when nobody here can act any more.
Asterisk takes no word about a channel while it plays to it: the lease is stretched by the length of a sound beforehand.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from services.gateway.adapters.asterisk.ari import path
from services.gateway.adapters.asterisk.surroundings import Surroundings


class Lease:
    """On one channel."""

    def __init__(self, shared: Surroundings, channel: str) -> None:
        self._shared = shared
        self._channel = channel
        self._playing = 0
        self._held = False
        self._saying = asyncio.Lock()

    async def keep(self) -> None:
        """Renew, until cancelled."""
        self._held = True
        seconds = self._shared.settings.lease_seconds
        while True:
            if not self._playing:
                await self._set(seconds)
            await asyncio.sleep(seconds / 3)

    async def give_up(self) -> None:
        """Somebody talks with the caller: the call outlives UCC."""
        self._held = False
        await self._set(0)

    @asynccontextmanager
    async def stretched(self, seconds: float) -> AsyncGenerator[None]:
        """While something of that length is played."""
        first, self._playing = not self._playing, self._playing + 1
        try:
            if self._held and first:
                await self._set(seconds + self._shared.settings.lease_seconds)
            yield
        finally:
            self._playing -= 1
            if self._held and not self._playing:
                await self._set(self._shared.settings.lease_seconds)

    async def _set(self, seconds: float) -> None:
        """Who renews may be cancelled, what was said may not: else an old word could be heard after a newer one."""
        await asyncio.shield(asyncio.create_task(self._said(seconds), name="lease"))

    async def _said(self, seconds: float) -> None:
        where = path("channels", self._channel, "variable")
        async with self._saying:
            await self._shared.done(
                self._shared.ari.request("POST", where, variable="TIMEOUT(absolute)", value=f"{seconds:g}")
            )
