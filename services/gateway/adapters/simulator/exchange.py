"""The exchange behind the browser's telephone: what a PBX would report of its calls.

A call lives as long as its page: the page's stream writes down every few seconds that it is there (`seen_key`); the one
instance that runs the exchange hangs up for pages that are gone.
"""

from __future__ import annotations

import asyncio

from services.gateway.adapters.port import ChannelEvent, ChannelPort
from services.gateway.adapters.simulator.settings import SimulatorSettings
from shared.contracts.channel_commands import EndContact
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import ContactAssigned

SEEN_SECONDS = 5.0
GONE_SECONDS = 30.0
LOOK_SECONDS = 10.0


def seen_key(subject: str) -> str:
    return f"seen {subject}"


async def run(port: ChannelPort, _settings: SimulatorSettings) -> None:
    """Carry out what the stream says, and hang up for pages that are gone, until cancelled."""
    async with asyncio.TaskGroup() as both:
        both.create_task(_follow(port))
        both.create_task(_watch(port))


async def _follow(port: ChannelPort) -> None:
    async for event in port.events(await port.read_to()):
        await carry_out(port, event)
        await port.carried_out(event.number)


async def carry_out(port: ChannelPort, event: ChannelEvent) -> None:
    """A caller is connected as soon as an agent accepts; a call ends when its agent says so. Repeated, it is the same fact."""
    data, subject = event.data, event.subject
    if subject is None:
        return
    if isinstance(data, ContactAssigned):
        await port.report("ContactConnected", subject, f"connected {data.offer_id}", {"offer_id": data.offer_id})
    elif isinstance(data, EndContact):
        await port.report("ContactEnded", subject, f"ended {data.command_id}", {"by": data.by})


async def hang_up(port: ChannelPort, subject: str) -> None:
    """The caller hangs up. Twice is once."""
    await port.report("ContactEnded", subject, f"hung up {subject}", {"by": "customer"})


async def _watch(port: ChannelPort) -> None:
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        for contact in await port.open_contacts():
            if contact.subject is None or contact.channel != "phone":
                continue
            note = await port.recall(seen_key(contact.subject))
            if note is None or port.now() - int(note.value["at"]) > GONE_SECONDS * SECOND:
                await hang_up(port, contact.subject)
