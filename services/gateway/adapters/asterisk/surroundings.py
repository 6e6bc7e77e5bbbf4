"""What every call of an exchange shares, and the small tools made of it: requests that may fail, facts that must be said."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from services.gateway.adapters.asterisk.ari import Ari, AriRefused, Away, Gone
from services.gateway.adapters.asterisk.calls import Report
from services.gateway.adapters.asterisk.settings import AsteriskSettings
from services.gateway.adapters.port import ChannelPort
from shared import telemetry
from shared.errors import BrokerUnavailable, InvalidMessage

if TYPE_CHECKING:
    from services.gateway.adapters.asterisk.live_call import LiveCall
    from services.gateway.adapters.asterisk.recording import Tape

log = telemetry.logger("gateway")

AGAIN_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Port and Asterisk of one gateway row. `by_channel`: whose channel it is, for events; `unreachable`: told of an agent
    whose phone Asterisk cannot ring."""

    port: ChannelPort
    ari: Ari
    settings: AsteriskSettings
    unreachable: Callable[[str], None] = lambda _agent_id: None
    by_channel: MutableMapping[str, LiveCall] = field(default_factory=dict[str, "LiveCall"])
    lengths: MutableMapping[str, float] = field(default_factory=dict[str, float])  # seconds, by audio
    tapes: MutableMapping[str, Tape] = field(default_factory=dict[str, "Tape"])  # recordings by their name

    async def done(self, asking: Awaitable[Any]) -> bool:
        """Whether a request was carried out. What is gone tells by its own event; an exchange that is away is reconciled."""
        try:
            await asking
        except (Gone, Away):
            return False
        except AriRefused as error:
            log.error("the exchange refused a request", fault=str(error))
            return False
        return True

    async def sound_seconds(self, audio: str) -> float | None:
        """How long a prompt of the ivr lasts; None when the ivr does not give it, or something else than a sound."""
        known = self.lengths.get(audio)
        if known is not None:
            return known
        body = await self.port.audio(audio)
        if body is None:
            return None
        try:
            with wave.open(io.BytesIO(body)) as sound:
                seconds = sound.getnframes() / sound.getframerate()
        except (wave.Error, EOFError):
            return None
        self.lengths[audio] = seconds
        return seconds

    async def say(self, subject: str, report: Report) -> None:
        """Say a fact until the broker has acknowledged it: what happened on the line cannot be taken back."""
        at = self.port.now()
        while True:
            try:
                await self.port.report(report.kind, subject, report.key, report.data, at)
            except BrokerUnavailable:
                await asyncio.sleep(AGAIN_SECONDS)
            except InvalidMessage as error:
                log.error("a fact of the exchange does not fit its contract", type=report.kind, fault=str(error))
                return
            else:
                return
