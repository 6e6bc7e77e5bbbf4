"""What a waiting caller hears: a greeting, music, and every so often their place and an honest estimate."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from services.gateway.adapters.asterisk.ari import path
from services.gateway.adapters.asterisk.playing import Player
from services.gateway.adapters.asterisk.surroundings import Surroundings
from services.gateway.adapters.port import Place

LONGEST_SAID_MINUTES: Final = 60
"""Nobody is helped by a longer figure: the estimate is left out."""


def announcement(place: Place | None) -> Sequence[str]:
    """The place, and within how many minutes nine of ten callers like this one are answered; unknown is not said.

    Words and numbers are Asterisk's own sounds, which are there in every language its owner installed.
    """
    if place is None:
        return ()
    if place.position <= 1:
        said = ["sound:queue-youarenext"]
    else:
        said = ["sound:queue-thereare", f"number:{place.position}", "sound:queue-callswaiting"]
    if place.p90_seconds is not None:
        minutes = max(-(-place.p90_seconds // 60), 1)
        if minutes <= LONGEST_SAID_MINUTES:
            unit = "sound:queue-minute" if minutes == 1 else "sound:queue-minutes"
            said += ["sound:queue-holdtime", "sound:queue-less-than", f"number:{minutes}", unit]
    return [*said, "sound:queue-thankyou"]


class Music:
    """Music on hold on one channel. Asterisk's music and a playback do not mix: it rests while something is said."""

    def __init__(self, shared: Surroundings, channel: str) -> None:
        self._shared = shared
        self._channel = channel
        self.on: bool | None = False  # None: not known after a restart

    async def turn(self, on: bool) -> None:
        if on is not self.on:
            asked = self._shared.ari.request(
                "POST" if on else "DELETE", path("channels", self._channel, "moh"),
                mohClass=self._shared.settings.comfort.music if on else None,
            )  # fmt: skip
            await self._shared.done(asked)
            self.on = on


async def comfort(shared: Surroundings, contact_id: str, player: Player, music: Music, *, greet: bool) -> None:
    """Until cancelled."""
    wanted = shared.settings.comfort
    if greet and wanted.greeting is not None:
        await player.play([wanted.greeting])
    while True:
        await music.turn(True)
        if not wanted.announce_seconds:
            await asyncio.Event().wait()
        await asyncio.sleep(wanted.announce_seconds)
        words = announcement(await shared.port.place(contact_id))
        if words:
            await music.turn(False)
            await player.play(words)
