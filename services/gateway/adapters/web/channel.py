"""The web channel put together: settings, loop, routes, and who may embed it."""

from __future__ import annotations

from fastapi import APIRouter

from services.gateway.adapters.kind import ChannelKind
from services.gateway.adapters.web import callbacks, deposits, files, mail, pages, routes
from services.gateway.adapters.web.origins import Origins
from services.gateway.adapters.web.settings import WebSettings
from services.gateway.adapters.web.watch import run

router = APIRouter()
for room in (routes, callbacks, deposits, files, mail, pages):
    router.include_router(room.router)

KIND = ChannelKind("web", WebSettings, run, router, middleware=Origins)
