"""Kind `asterisk`: telephone calls through an Asterisk of your own, by ARI."""

from __future__ import annotations

from typing import Final

from services.gateway.adapters.asterisk.exchange import run
from services.gateway.adapters.asterisk.settings import AsteriskSettings
from services.gateway.adapters.asterisk.sounds import router
from services.gateway.adapters.kind import ChannelKind

KIND: Final = ChannelKind("asterisk", AsteriskSettings, run, router)
