"""Makes true in Asterisk who hears whom. It may be told the same again: only what differs is changed."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from typing import Any, Final

from services.gateway.adapters.asterisk.ari import path
from services.gateway.adapters.asterisk.calls import Hears, Media, SupervisorMode
from services.gateway.adapters.asterisk.comfort import Music
from services.gateway.adapters.asterisk.surroundings import Surroundings

SNOOP_SECONDS: Final = 5.0
SNOOPS: Final = "snoop"
"""First argument of a channel that copies another's sound."""


def bridge_of(contact_id: str) -> str:
    return f"ucc-{contact_id}"


class Wiring:
    """The bridge of one call, and the bridges in which supervisors listen."""

    def __init__(self, shared: Surroundings, contact_id: str, customer: str, music: Music) -> None:
        self._shared = shared
        self._customer = customer
        self._music = music
        self.bridge = bridge_of(contact_id)
        self._inside: set[str] = set()
        self._there = False
        self._monitors: dict[str, tuple[SupervisorMode, str, str]] = {}  # supervisor's channel → mode, agent's, snoop
        self._starting: dict[str, asyncio.Future[None]] = {}

    def adopt(self, bridges: Mapping[str, Any]) -> None:
        """What stands in Asterisk, after we were away. Listening begins anew."""
        found = bridges.get(self.bridge)
        self._there = found is not None
        self._inside = set() if found is None else set(found["channels"])
        self._music.on = None
        self._monitors = {}

    async def make(self, media: Media) -> frozenset[str]:
        """Returns the channels that could not be brought in: they hung up meanwhile."""
        await self._stop_monitoring(media.monitors)
        if media.customer is Hears.NOTHING:
            await self._dissolve()
            return frozenset()
        for channel in sorted(self._inside - media.bridge):
            await self._take_out(channel)
        if media.customer is Hears.MUSIC:
            await self._music.turn(True)
        elif media.customer is Hears.BRIDGE:
            await self._music.turn(False)
        failed: set[str] = set()
        if media.bridge and not self._there:
            self._there = await self._shared.done(
                self._shared.ari.request("POST", path("bridges", self.bridge), type="mixing", name=self.bridge)
            )
        for channel in sorted(media.bridge - self._inside):
            if await self._bring_in(self.bridge, channel):
                self._inside.add(channel)
            else:
                failed.add(channel)
        await self._monitor(media.monitors)
        return frozenset(failed)

    def forget(self, channel: str) -> None:
        """A channel hung up: Asterisk took it out itself."""
        self._inside.discard(channel)

    def started(self, snoop: str) -> None:
        """A snooping channel is ours now."""
        waiting = self._starting.get(snoop)
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    async def _bring_in(self, bridge: str, channel: str) -> bool:
        """Without telling either side whom they talk with: a customer's phone does not show the agent's name."""
        where = path("bridges", bridge, "addChannel")
        asked = self._shared.ari.request("POST", where, channel=channel, inhibitConnectedLineUpdates=True)
        return await self._shared.done(asked)

    async def _take_out(self, channel: str) -> None:
        await self._shared.done(
            self._shared.ari.request("POST", path("bridges", self.bridge, "removeChannel"), channel=channel)
        )
        self._inside.discard(channel)

    async def _dissolve(self) -> None:
        if self._there:
            await self._shared.done(self._shared.ari.request("DELETE", path("bridges", self.bridge)))
        self._there, self._inside = False, set()

    async def _stop_monitoring(self, wanted: Mapping[str, tuple[SupervisorMode, str]]) -> None:
        for supervisor, (mode, agent, snoop) in list(self._monitors.items()):
            if wanted.get(supervisor) != (mode, agent):
                await self._shared.done(self._shared.ari.request("DELETE", path("channels", snoop)))
                await self._shared.done(
                    self._shared.ari.request("DELETE", path("bridges", f"{self.bridge}.{supervisor}"))
                )
                del self._monitors[supervisor]

    async def _monitor(self, wanted: Mapping[str, tuple[SupervisorMode, str]]) -> None:
        for supervisor, (mode, agent) in wanted.items():
            if supervisor not in self._monitors:
                snoop = await self._snoop(agent, mode)
                if snoop is not None:
                    await self._listen(supervisor, snoop)
                    self._monitors[supervisor] = (mode, agent, snoop)

    async def _snoop(self, agent: str, mode: SupervisorMode) -> str | None:
        """A channel that hears both sides of the agent's, and in a whisper speaks to the agent alone. None: it failed."""
        snoop = f"snoop.{uuid.uuid4().hex}"
        begun = self._starting[snoop] = asyncio.get_running_loop().create_future()
        self._shared.by_channel[snoop] = self._shared.by_channel[self._customer]
        try:
            made = await self._shared.done(
                self._shared.ari.request(
                    "POST",
                    path("channels", agent, "snoop", snoop),
                    spy="both",
                    app=self._shared.ari.app,
                    whisper="out" if mode == "whisper" else "none",
                    appArgs=SNOOPS,
                )
            )
            if not made:
                return None
            async with asyncio.timeout(SNOOP_SECONDS):
                await begun
        except TimeoutError:
            return None
        finally:
            del self._starting[snoop]
        return snoop

    async def _listen(self, supervisor: str, snoop: str) -> None:
        bridge = f"{self.bridge}.{supervisor}"
        await self._shared.done(self._shared.ari.request("POST", path("bridges", bridge), type="mixing", name=bridge))
        for channel in (supervisor, snoop):
            await self._bring_in(bridge, channel)
