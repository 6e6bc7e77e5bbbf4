"""The telephone in the browser put together: settings, loop, routes."""

from __future__ import annotations

from fastapi import APIRouter

from services.gateway.adapters.kind import ChannelKind
from services.gateway.adapters.simulator import callbacks, calls, pages
from services.gateway.adapters.simulator.exchange import run
from services.gateway.adapters.simulator.settings import SimulatorSettings

router = APIRouter()
for room in (callbacks, calls, pages):
    router.include_router(room.router)

KIND = ChannelKind("simulator", SimulatorSettings, run, router, dials=True, places=True)
