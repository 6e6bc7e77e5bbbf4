"""The exchange behind the browser's telephone: what a PBX would report of its calls.

A call lives as long as its page: the page's stream writes down every few seconds that it is there (`seen_key`); the one
instance that runs the exchange hangs up for pages that are gone.
"""

from __future__ import annotations

import asyncio

from services.gateway.adapters.port import ChannelEvent, ChannelPort
from services.gateway.adapters.progress import Progress
from services.gateway.adapters.simulator import outside, unplayed
from services.gateway.adapters.simulator.fates import Network
from services.gateway.adapters.simulator.network import SimulatedNetwork
from services.gateway.adapters.simulator.ringing import (
    agent_ready,
    dial,
    failed,
    give_up_unanswered,
    is_answered,
    withdraw,
)
from services.gateway.adapters.simulator.settings import SimulatorSettings
from services.gateway.domain.attempts import PLACED
from services.gateway.domain.callbacks import CALLED_BACK
from shared.contracts.channel_commands import EndContact
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import (
    CallbackRetryScheduled,
    ConsultationEnded,
    ContactAssigned,
    ContactClosed,
    ContactQueued,
    DialRequested,
)

SEEN_SECONDS = 5.0
GONE_SECONDS = 30.0
LOOK_SECONDS = 10.0
RING_LOOK_SECONDS = 1.0


def seen_key(subject: str) -> str:
    return f"seen {subject}"


async def run(port: ChannelPort, settings: SimulatorSettings) -> None:
    """Carry out what the stream says, ring and fall silent, and hang up for pages that are gone, until cancelled."""
    network, ready = SimulatedNetwork(port, settings.network or Network()), asyncio.Event()
    async with asyncio.TaskGroup() as loops:
        loops.create_task(network.run(ready))
        loops.create_task(_follow(port, settings, network, ready))
        loops.create_task(_watch(port))
        loops.create_task(_fall_silent(port, settings))


async def _follow(
    port: ChannelPort, settings: SimulatorSettings, network: SimulatedNetwork, ready: asyncio.Event
) -> None:
    await ready.wait()
    progress = Progress(await port.read_to())
    async with asyncio.TaskGroup() as beside:
        beside.create_task(progress.keep(port))
        async for event in port.events(progress.mark):
            done = progress.begun(event.number)
            if event.subject is not None and event.subject.startswith(PLACED):
                await _outside(port, event.subject, event.data, settings)
                network.take(event, done)
            else:
                await carry_out(port, event, settings)
                done()


async def carry_out(port: ChannelPort, event: ChannelEvent, settings: SimulatorSettings) -> None:
    """A caller is connected as soon as an agent accepts; a call ends when its agent says so; a customer is called back, an
    outside party for a customer who was passed on, or their agent.

    Repeated, it is the same fact.
    """
    data, subject = event.data, event.subject
    if subject is None:
        return
    await _outside(port, subject, data, settings)
    match data:
        case ContactAssigned() if subject.startswith(CALLED_BACK):
            if await agent_ready(port, subject, data):
                await unplayed.connected(port, subject)
        case ContactAssigned():
            await port.report("ContactConnected", subject, f"connected {data.offer_id}", {"offer_id": data.offer_id})
        case DialRequested() if data.outside is None:
            await _call(port, settings, subject, data)
        case CallbackRetryScheduled() | ContactClosed() if subject.startswith(CALLED_BACK):
            await withdraw(port, settings, subject)
            await unplayed.withdraw(port, subject)
        case EndContact():
            await port.report("ContactEnded", subject, f"ended {data.command_id}", {"by": data.by})
        case _:
            return


async def _outside(port: ChannelPort, subject: str, data: object, settings: SimulatorSettings) -> None:
    """An outside party rings for the customer of any call, or their agent, as long as it is wanted."""
    match data:
        case DialRequested() if data.outside is not None:
            await outside.dial(port, settings, subject, data)
        case CallbackRetryScheduled() | ContactQueued() | ConsultationEnded() | ContactClosed():
            await outside.withdraw(port, subject)
        case _:
            return


async def _call(port: ChannelPort, settings: SimulatorSettings, subject: str, wanted: DialRequested) -> None:
    """A customer somebody plays, else one of the simulated network; without one the number is vacant."""
    if await unplayed.rings(port, subject, wanted.attempt_id) or await dial(port, settings, subject, wanted):
        return
    if settings.network is None:
        await failed(port, subject, wanted.attempt_id, "sit")
    else:
        await unplayed.dial(port, settings.network, subject, wanted)


async def _fall_silent(port: ChannelPort, settings: SimulatorSettings) -> None:
    while True:
        await asyncio.sleep(RING_LOOK_SECONDS)
        await give_up_unanswered(port, settings)
        await outside.settle(port)
        await unplayed.settle(port)


async def hang_up(port: ChannelPort, subject: str) -> None:
    """The caller hangs up. Twice is once."""
    await port.report("ContactEnded", subject, f"hung up {subject}", {"by": "customer"})


async def _watch(port: ChannelPort) -> None:
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        pageless = await unplayed.here(port)
        for contact in await port.open_contacts():
            if contact.subject is None or contact.channel != "phone" or contact.subject.startswith(PLACED):
                continue
            if contact.subject in pageless or (contact.callback and not await is_answered(port, contact.subject)):
                continue
            note = await port.recall(seen_key(contact.subject))
            if note is None or port.now() - int(note.value["at"]) > GONE_SECONDS * SECOND:
                await hang_up(port, contact.subject)
