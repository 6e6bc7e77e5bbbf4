"""Sounds played to one channel, one after the other, and when they ended."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from typing import Any, Final

from services.gateway.adapters.asterisk.ari import path
from services.gateway.adapters.asterisk.lease import Lease
from services.gateway.adapters.asterisk.surroundings import Surroundings

LOST_SECONDS: Final = 10.0
"""A sound that is not over so long after its length: its event was lost, and the call goes on."""
USUAL_SECONDS: Final = 30.0
"""What no announcement of Asterisk's own sounds exceeds."""


class Player:
    """The customer's channel as something to play to."""

    def __init__(self, shared: Surroundings, channel: str, lease: Lease) -> None:
        self._shared = shared
        self._channel = channel
        self._lease = lease
        self._playing: dict[str, asyncio.Future[bool]] = {}

    async def play(self, sounds: Sequence[str], seconds: float = USUAL_SECONDS) -> bool:
        """Play all, which lasts so long at most; True when they were heard to their end. Cancelled, it stops."""
        if not sounds:
            return True
        async with self._lease.stretched(seconds):
            return await self._play(sounds, seconds)

    async def _play(self, sounds: Sequence[str], seconds: float) -> bool:
        playback = f"play.{uuid.uuid4().hex}"
        finished = self._playing[playback] = asyncio.get_running_loop().create_future()
        asked = self._shared.ari.request(
            "POST", path("channels", self._channel, "play", playback), media=",".join(sounds)
        )
        try:
            if not await self._shared.done(asked):
                return False
            async with asyncio.timeout(seconds + LOST_SECONDS):
                return await finished
        except TimeoutError:
            return False
        except asyncio.CancelledError:
            await self._shared.done(self._shared.ari.request("DELETE", path("playbacks", playback)))
            raise
        finally:
            del self._playing[playback]

    def finished(self, playback: Any) -> None:
        """An event of Asterisk: a playback ended, whole (`done`) or not."""
        waiting = self._playing.get(playback["id"])
        if waiting is not None and not waiting.done():
            waiting.set_result(playback.get("state") == "done")
