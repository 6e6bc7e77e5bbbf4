"""Other settings of the gateway row, for tests that need them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from tests.telephony.house import House

SETTINGS_SECONDS = 8.0
"""Settings are read again every 5 s, adapters looked at every second."""


async def set_up(house: House, settings: Mapping[str, Any]) -> None:
    """New settings of the row; returns when its adapter is back at Asterisk with them."""
    administration = house.administration()
    try:
        where = f"/v1/gateways/{house.gateway_id}/settings"
        await asyncio.to_thread(administration.call, "PUT", "gateway", where, json=dict(settings))
    finally:
        administration.close()
    await asyncio.sleep(SETTINGS_SECONDS)
