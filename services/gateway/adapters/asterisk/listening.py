"""Listens to what a line we call gives to hear, for special information tones: many networks say by them alone, before the call is
answered or after it, why a number is not reached.

Asterisk copies the sound of the called channel (a snooping channel) to a WebSocket that we open at its own HTTP server, beside ARI
(`chan_websocket`, since 22.6): nothing listens here that somebody would have to reach. Where it cannot, causes are all there is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

from services.gateway.adapters.asterisk.ari import AriRefused, Away, Gone, path
from services.gateway.adapters.asterisk.facts import TonesHeard
from services.gateway.adapters.asterisk.surroundings import Surroundings
from services.gateway.adapters.asterisk.wiring import SNOOPS
from services.gateway.adapters.sound import expanded
from services.gateway.domain.special_tones import SpecialTones, ToneEar
from shared import telemetry

if TYPE_CHECKING:
    from services.gateway.adapters.asterisk.live_call import LiveCall

log = telemetry.logger("gateway")

EAR: Final = ".ear"
"""How the names of channels and bridges end that only listen."""
STARTED_SECONDS: Final = 5.0
PIECE: Final = 800
"""Bytes (100 ms of μ-law) that are listened to at once."""


class LineEar:
    """The ear of one call."""

    def __init__(self, shared: Surroundings, live: LiveCall) -> None:
        self._shared = shared
        self._live = live
        self._enough = False
        subject = live.call.subject
        self._started = {f"{subject}.sound{EAR}": asyncio.Event(), f"{subject}.line{EAR}": asyncio.Event()}

    def owns(self, channel: str) -> bool:
        return channel in self._started

    def heard(self, kind: str, channel: str) -> None:
        """An event about one of its channels."""
        if kind == "StasisStart":
            self._started[channel].set()

    def stop(self) -> None:
        """Who answered is somebody's now: what they say is nobody else's."""
        self._enough = True

    async def listen(self) -> None:
        """Until the tones are heard, it is stopped, or cancelled."""
        ari, subject = self._shared.ari, self._live.call.subject
        sound, line = self._started
        self._shared.by_channel.update(dict.fromkeys(self._started, self._live))
        try:
            there = await ari.request(
                "POST", path("channels", "externalMedia"), {"variables": {}}, channelId=sound, app=ari.app,
                external_host="INCOMING", transport="websocket", encapsulation="none", connection_type="server",
                format="ulaw",
            )  # fmt: skip
            async with ari.sound(there["channelvars"]["MEDIA_WEBSOCKET_CONNECTION_ID"]) as pieces:
                await ari.request(
                    "POST", path("channels", subject, "snoop", line), spy="in", app=ari.app, appArgs=SNOOPS
                )
                await self._join(f"{subject}{EAR}", sound, line)
                said = await self._tones(pieces)
            if said is not None:
                self._live.hear(TonesHeard(said))
        except (Gone, Away, TimeoutError):
            return  # the call is over, or Asterisk is away: nothing more to hear
        except AriRefused as error:
            log.warning("the exchange gives no sound to listen to: it is older than 22.6", fault=str(error))
        finally:
            for where in (path("channels", sound), path("channels", line), path("bridges", f"{subject}{EAR}")):
                await self._shared.done(ari.request("DELETE", where))

    async def _join(self, bridge: str, *channels: str) -> None:
        """Raises Gone, Away, AriRefused, TimeoutError."""
        ari = self._shared.ari
        await ari.request("POST", path("bridges", bridge), type="mixing", name=bridge)
        async with asyncio.timeout(STARTED_SECONDS):
            for started in self._started.values():
                await started.wait()
        await ari.request("POST", path("bridges", bridge, "addChannel"), channel=",".join(channels))

    async def _tones(self, pieces: AsyncIterator[bytes]) -> SpecialTones | None:
        ear, waiting = ToneEar(), bytearray()
        async for piece in pieces:
            waiting += piece
            if self._enough:
                return None
            if len(waiting) >= PIECE:
                if (said := ear.hear(expanded(bytes(waiting)))) is not None:
                    return said
                waiting.clear()
        return None
