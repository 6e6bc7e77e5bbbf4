"""Sounds played to one channel, one after the other, and when they ended."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from typing import Any, Final

from services.gateway.adapters.asterisk.ari import path
from services.gateway.adapters.asterisk.surroundings import Surroundings

LONGEST_SECONDS: Final = 600.0
"""No announcement lasts longer: a lost event does not hold a call for ever."""


class Player:
    """The customer's channel as something to play to."""

    def __init__(self, shared: Surroundings, channel: str) -> None:
        self._shared = shared
        self._channel = channel
        self._playing: dict[str, asyncio.Future[bool]] = {}

    async def play(self, sounds: Sequence[str], language: str | None = None) -> bool:
        """Play all; True when they were heard to their end. Cancelled, it stops."""
        if not sounds:
            return True
        playback = f"play.{uuid.uuid4().hex}"
        finished = self._playing[playback] = asyncio.get_running_loop().create_future()
        asked = self._shared.ari.request(
            "POST", path("channels", self._channel, "play", playback), media=",".join(sounds), lang=language
        )
        try:
            if not await self._shared.done(asked):
                return False
            async with asyncio.timeout(LONGEST_SECONDS):
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
