"""Calls that reached the static queue while UCC did not answer are told to UCC afterwards, so that every caller is counted.

The dialplan leaves a slip for each. UCC hears of a contact that came and has ended; what it says, honestly, is that UCC
failed to serve it (`failed`), and as the reason what became of the caller: `static_queue_answered` or
`static_queue_abandoned`. The arrival asks for self-service, which waits a moment for the ivr: so no agent is rung for a
caller who is long gone. Ids are those the call would have had, so a call UCC knew of, or a slip read twice, counts once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from services.gateway.adapters.asterisk import arrivals
from services.gateway.adapters.asterisk.settings import AsteriskSettings
from services.gateway.adapters.asterisk.shared_folder import SharedFolder, facts_of
from services.gateway.adapters.numbers import caller
from services.gateway.adapters.port import ChannelPort
from services.gateway.domain.entries import Entry
from shared import telemetry
from shared.contracts.fields import SECOND
from shared.errors import BrokerUnavailable, InvalidMessage

log = telemetry.logger("gateway")

LOOK_SECONDS: Final = 2.0


async def tell(port: ChannelPort, settings: AsteriskSettings, folder: SharedFolder) -> None:
    """For ever; a slip is thrown away when what it tells was acknowledged."""
    while True:
        for slip in await folder.slips("calls"):
            facts = await facts_of(slip)
            try:
                await _tell(port, settings, facts)
            except BrokerUnavailable:
                break
            except (InvalidMessage, KeyError, ValueError) as error:
                log.error("a slip of a call makes no sense", gateway_id=port.gateway_id, fault=type(error).__name__)
                await asyncio.to_thread(slip.rename, slip.with_suffix(".refused"))
                continue
            await asyncio.to_thread(slip.unlink, missing_ok=True)
        await asyncio.sleep(LOOK_SECONDS)


async def _tell(port: ChannelPort, settings: AsteriskSettings, facts: Mapping[str, str]) -> None:
    subject, number = facts["id"], facts["entry"]
    entry = arrivals.entry_reached(settings, number)
    if entry is None:
        raise ValueError("no entry has this number")
    began, ended = int(facts["began"]) * SECOND, int(facts["ended"]) * SECOND
    who = caller(facts.get("caller", ""), await port.country())
    arrival = _arrival(entry, number, who, began)
    reason = "static_queue_answered" if facts.get("answered") == "1" else "static_queue_abandoned"
    over = {"by": "system", "failed": True, "reason": reason}
    await port.report("ContactArrived", subject, f"{subject}/arrived", arrival, began)
    await port.report("ContactEnded", subject, f"{subject}/gone", over, ended)


def _arrival(entry: Entry, number: str, who: str | None, began: int) -> Mapping[str, Any]:
    data: dict[str, Any] = {
        "channel": "phone", "business_line": entry.business_line, "entry": number, "self_service": True, "arrived_at": began,
    }  # fmt: skip
    data |= {"group": entry.group} if entry.group else {}
    return data | ({"address_kind": "phone", "address": who} if who else {})
