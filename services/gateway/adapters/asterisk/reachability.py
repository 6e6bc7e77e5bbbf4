"""Whether agents' phones can be rung, as Asterisk knows it: said to UCC when it changes, so that nobody is offered work in vain.

A phone on the far side of a trunk is not watched: Asterisk knows nothing of it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

from services.gateway.adapters.asterisk.ari import AriRefused, Away, Gone, path
from services.gateway.adapters.asterisk.calls import Report
from services.gateway.adapters.asterisk.surroundings import Surroundings

LOOK_SECONDS: Final = 10.0
AWAY: Final = frozenset({"UNAVAILABLE", "INVALID"})
"""States of a device that cannot be rung; all others (in use, ringing, on hold) can, now or in a while."""


class Reachability:
    """Looks at every watched phone when Asterisk says something changed, and every few seconds."""

    def __init__(self, shared: Surroundings) -> None:
        self._shared = shared
        self._changed = asyncio.Event()
        self._told: dict[str, bool] = {}  # agent → reachable, as UCC was told
        self._offline_since: dict[str, float] = {}
        self._away: dict[str, bool] = {}  # by device, as Asterisk said last

    def heard(self, kind: str, event: Mapping[str, Any]) -> None:
        if kind != "DeviceStateChanged":
            return
        device, away = event["device_state"]["name"], event["device_state"]["state"] in AWAY
        if self._away.get(device) is not away:
            self._away[device] = away
            self._changed.set()

    def unreachable(self, agent_id: str) -> None:
        """Ringing failed: say it again, for a sign-in forgets what was said before."""
        self._told.pop(agent_id, None)
        self._offline_since[agent_id] = 0.0
        self._changed.set()

    async def run(self) -> None:
        while True:
            await self._look()
            try:
                async with asyncio.timeout(self._shared.settings.unreachable_seconds / 2 or LOOK_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                continue
            self._changed.clear()

    async def _look(self) -> None:
        try:
            found = await self._shared.ari.request("GET", path("endpoints", "PJSIP"))
        except (Away, Gone, AriRefused):
            return
        online = {one["resource"]: one["state"] == "online" for one in found}
        for endpoint in await self._shared.port.endpoints():
            if endpoint.kind not in ("sip", "softphone"):
                continue
            if online.get(endpoint.address, False):
                self._offline_since.pop(endpoint.agent_id, None)
                await self._tell(endpoint.agent_id, True)
            else:
                since = self._offline_since.setdefault(endpoint.agent_id, time.monotonic())
                if time.monotonic() - since >= self._shared.settings.unreachable_seconds:
                    await self._tell(endpoint.agent_id, False)

    async def _tell(self, agent_id: str, reachable: bool) -> None:
        if self._told.get(agent_id) is reachable:
            return
        kind = "EndpointRestored" if reachable else "EndpointLost"
        key = f"{agent_id}/{kind}/{self._shared.port.now()}"
        await self._shared.say(agent_id, Report(kind, key, {"agent_id": agent_id, "cause": "phone"}))
        self._told[agent_id] = reachable
