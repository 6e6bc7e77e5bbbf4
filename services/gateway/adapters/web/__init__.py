"""The web channel: visitors' browsers talk to the gateway itself, by a widget embedded in the organisation's pages."""

from __future__ import annotations

from services.gateway.adapters.kind import ChannelKind
from services.gateway.adapters.web.origins import Origins
from services.gateway.adapters.web.routes import router
from services.gateway.adapters.web.settings import WebSettings
from services.gateway.adapters.web.watch import run

KIND = ChannelKind("web", WebSettings, run, router, Origins)
