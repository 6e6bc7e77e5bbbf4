"""Messages left by callers whom a closed or full group turned to one: recorded by the dialplan, handed over afterwards.

The dialplan keeps the sound under a name that says whose it is (`id~entry~caller.wav`), so a message survives UCC's absence. It
arrives as a contact of its own that can wait (`deposit`), with the sound as a file of its conversation; whoever gets it calls
back.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final

from services.gateway.adapters.asterisk import arrivals
from services.gateway.adapters.asterisk.settings import AsteriskSettings
from services.gateway.adapters.asterisk.shared_folder import SharedFolder
from services.gateway.adapters.numbers import caller
from services.gateway.adapters.port import ChannelPort
from shared import telemetry
from shared.errors import BrokerUnavailable, InvalidMessage

log = telemetry.logger("gateway")

LOOK_SECONDS: Final = 2.0
SETTLED_SECONDS: Final = 5.0
"""The dialplan writes to the sound all the while: untouched for so long, it is whole."""
SHORTEST_BYTES: Final = 16_000
"""One second of 8 kHz, 16 bit: less is somebody who hung up."""
WORDS: Final = "电话留言 · A message left by telephone"


async def receive(port: ChannelPort, settings: AsteriskSettings, folder: SharedFolder) -> None:
    """For ever; a message is taken away only after it was acknowledged."""
    while True:
        for sound in await folder.finished("messages", "*.wav", SETTLED_SECONDS):
            try:
                await _hand_over(port, settings, sound)
            except BrokerUnavailable:
                break
            except (InvalidMessage, ValueError) as error:
                log.error(
                    "the name of a message makes no sense", gateway_id=port.gateway_id, fault=type(error).__name__
                )
                await asyncio.to_thread(sound.rename, sound.with_suffix(".refused"))
                continue
            await asyncio.to_thread(sound.unlink, missing_ok=True)
        await asyncio.sleep(LOOK_SECONDS)


async def _hand_over(port: ChannelPort, settings: AsteriskSettings, sound: Path) -> None:
    """Raises ValueError where the name is not `id~entry~caller`."""
    call, reached, number = sound.stem.split("~")
    wav = await asyncio.to_thread(sound.read_bytes)
    entry = arrivals.entry_reached(settings, reached)
    if len(wav) < SHORTEST_BYTES or entry is None:
        return
    who = caller(number, await port.country())
    subject = f"{call}.message"
    arrived: dict[str, Any] = {
        "channel": "web", "business_line": entry.business_line, "entry": reached, "self_service": False,
        "deposit": True, "text": WORDS,
    }  # fmt: skip
    arrived |= {"group": entry.group} if entry.group else {}
    arrived |= {"address_kind": "phone", "address": who} if who else {}
    contact_id = await port.report("ContactArrived", subject, f"{subject}/arrived", arrived)
    kept = await port.keep_file(contact_id, wav, "audio/wav", "message.wav")
    await port.said(subject, f"{subject}/sound", None, [kept])
