"""Closes conversations whose visitor is gone: no page open and nothing said for the site's `idle_minutes`."""

from __future__ import annotations

import asyncio

from services.gateway.adapters.web import contacts, visits
from services.gateway.adapters.web.settings import WebSettings
from services.gateway.domain.port import ChannelPort
from shared.contracts.envelope import stable_id

LOOKS_PER_PERIOD = 10
LONGEST_LOOK_SECONDS = 15.0


async def run(port: ChannelPort, settings: WebSettings) -> None:
    """Look again and again until cancelled; one instance does (see `channels`)."""
    seconds = settings.idle_minutes * 60
    while True:
        await close_silent(port, seconds)
        await asyncio.sleep(min(seconds / LOOKS_PER_PERIOD, LONGEST_LOOK_SECONDS))


async def close_silent(port: ChannelPort, seconds: float) -> int:
    """End them as left by their customers, and say so; how many. Dying in between, the next look does it again."""
    async with port.database() as connection:
        silent = await visits.silent_visits(connection, port.gateway_id, seconds)
    closed = 0
    for visit in silent:
        if visit["subject"] is None:
            continue
        await contacts.notice(
            port, visit["contact_id"], stable_id("left", visit["contact_id"]), contacts.LEFT.of(visit["language"])
        )
        await port.report(
            "ContactEnded", visit["subject"], f"ended {visit['subject']}", {"by": "customer", "reason": "left"}
        )
        async with port.database() as connection:
            closed += await visits.give_up_visit(connection, visit["contact_id"], seconds)
    return closed
