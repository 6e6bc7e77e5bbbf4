"""Kind `asterisk`: telephone calls through an Asterisk of your own, by ARI; its faxes too, where set up."""

from __future__ import annotations

import asyncio
from typing import Final

from services.gateway.adapters.asterisk import exchange, faxing, messages, unserved
from services.gateway.adapters.asterisk.ari import Ari
from services.gateway.adapters.asterisk.settings import AsteriskSettings
from services.gateway.adapters.asterisk.softphone import SoftphoneSettings, rotate
from services.gateway.adapters.asterisk.sounds import router
from services.gateway.adapters.kind import ChannelKind
from services.gateway.adapters.port import ChannelPort
from services.gateway.domain.fax_transport import FaxTransport


async def run(port: ChannelPort, settings: AsteriskSettings) -> None:
    """Calls, received faxes and what was served without us, until cancelled."""
    async with asyncio.TaskGroup() as loops:
        loops.create_task(exchange.run(port, settings))
        if settings.softphone is not None:
            loops.create_task(_rotate(port, settings, settings.softphone))
        if settings.shared_folder is not None:
            loops.create_task(unserved.tell(port, settings, settings.shared_folder))
            loops.create_task(faxing.receive(port, settings.shared_folder))
            loops.create_task(messages.receive(port, settings, settings.shared_folder))


async def _rotate(port: ChannelPort, settings: AsteriskSettings, softphone: SoftphoneSettings) -> None:
    ari = ari_of(settings, settings.app)
    try:
        await rotate(port, ari, softphone)
    finally:
        await ari.close()


def fax_line(_port: ChannelPort, settings: AsteriskSettings) -> FaxTransport | None:
    """None where this exchange sends no faxes."""
    if settings.fax is None or settings.shared_folder is None:
        return None
    return faxing.AsteriskFax(settings.fax, settings.shared_folder, lambda app: ari_of(settings, app), settings.app)


def ari_of(settings: AsteriskSettings, app: str) -> Ari:
    """A client of the row's Asterisk for an application of its own."""
    return Ari(settings.ari_url, settings.ari_user, settings.ari_password.get_secret_value(), app)


KIND: Final = ChannelKind("asterisk", AsteriskSettings, run, router, fax=fax_line, dials=True, places=True)
