"""Calls we place: rung, answered by a person or a machine, or why not. For faxes, and for calling customers.

A dialler has an application of its own at Asterisk, so that its calls are nobody else's and several may dial at a time.
A placed call that is answered waits in that application until its owner does something with it.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from services.gateway.adapters.asterisk.ari import Ari, AriRefused, Away, Gone, path

SCREEN_CONTEXT: Final = "ucc-screen"
"""Where the generated dialplan listens whether a machine answered."""
SCREEN_SECONDS: Final = 10.0


class CallOutcome(StrEnum):
    """What became of a placed call. Only `answered` leaves a channel."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"  # the called person or their phone said no
    UNOBTAINABLE = "unobtainable"  # no such number: what special information tones announce
    UNREACHABLE = "unreachable"  # the number exists, its line does not answer the network
    CONGESTED = "congested"  # no circuit: another time may help
    FAILED = "failed"  # our side: trunk, settings, exchange


_BY_CAUSE: Final[Mapping[int, CallOutcome]] = {
    **dict.fromkeys((1, 2, 3, 22, 28), CallOutcome.UNOBTAINABLE),
    17: CallOutcome.BUSY,
    **dict.fromkeys((0, 16, 18, 19, 31), CallOutcome.NO_ANSWER),
    **dict.fromkeys((21, 29, 55, 57, 87), CallOutcome.REJECTED),
    **dict.fromkeys((20, 25, 27, 41), CallOutcome.UNREACHABLE),
    **dict.fromkeys((34, 38, 42, 44), CallOutcome.CONGESTED),
}


def outcome_of(cause: int) -> CallOutcome:
    """For the cause (ITU-T Q.850) a channel that was never answered went away with."""
    return _BY_CAUSE.get(cause, CallOutcome.FAILED)


class Answerer(StrEnum):
    """Who answered, as far as Asterisk can tell from the first seconds of sound."""

    PERSON = "person"
    MACHINE = "machine"
    UNSURE = "unsure"


_SCREENED: Final = {"HUMAN": Answerer.PERSON, "MACHINE": Answerer.MACHINE}


@dataclass(frozen=True, slots=True)
class Placed:
    """A call that was placed. `rang`: the far end was heard ringing; `cause`: Q.850, of one that was not answered."""

    outcome: CallOutcome
    rang: bool = False
    cause: int | None = None
    answerer: Answerer | None = None


Rang = Callable[[], None]


class Dialler:
    """Places calls while its `line` is open."""

    def __init__(self, ari_of: Callable[[str], Ari], app: str) -> None:
        self._ari = ari_of(f"{app}-dial-{uuid.uuid4().hex[:8]}")
        self._heard: dict[str, asyncio.Queue[Mapping[str, Any] | None]] = {}

    @asynccontextmanager
    async def line(self) -> AsyncGenerator[None]:
        """Raises Away when Asterisk is."""
        try:
            async with self._ari.events() as events, aclosing(events):
                reading = asyncio.create_task(self._read(events), name="a dialler's events")
                try:
                    yield
                finally:
                    reading.cancel()
                    await asyncio.gather(reading, return_exceptions=True)
        finally:
            await self._ari.close()

    async def _read(self, events: AsyncGenerator[Mapping[str, Any]]) -> None:
        try:
            async for event in events:
                if (queue := self._heard.get(event.get("channel", {}).get("id", ""))) is not None:
                    queue.put_nowait(event)
        except Away:
            for queue in self._heard.values():
                queue.put_nowait(None)

    async def place_call(
        self, channel: str, endpoint: str, *, caller_id: str, seconds: int, screen: bool = False,
        variables: Mapping[str, str] | None = None, rang: Rang | None = None,
    ) -> Placed:  # fmt: skip
        """Ring `endpoint` for so many seconds; returns when it is decided. `channel`: the call's id, so that the same attempt
        is never dialled twice; `screen`: listen whether a machine answered. Raises Away: what became of it is unknown."""
        heard = self._heard[channel] = asyncio.Queue()
        try:
            await self._ari.request(
                "POST", path("channels", channel), {"variables": dict(variables or {})}, endpoint=endpoint, app=self._ari.app,
                appArgs="placed", callerId=caller_id, timeout=seconds,
            )  # fmt: skip
        except (Gone, AriRefused):
            return Placed(CallOutcome.FAILED)
        has_rung = False
        while True:
            event = await self.next(channel)
            match event["type"]:
                case "ChannelStateChange" if event["channel"]["state"] == "Ringing":
                    has_rung = True
                    if rang is not None:
                        rang()
                case "StasisStart":
                    answerer = await self._screen(channel, heard) if screen else None
                    return Placed(CallOutcome.ANSWERED, has_rung, None, answerer)
                case "ChannelDestroyed":
                    cause = int(event.get("cause", 0))
                    return Placed(outcome_of(cause), has_rung, cause)
                case _:
                    continue

    async def next(self, channel: str) -> Mapping[str, Any]:
        """The next event of a placed call. Raises Away when the line broke."""
        event = await self._heard[channel].get()
        if event is None:
            raise Away("the line broke")
        return event

    async def hand_to_dialplan(self, channel: str, context: str) -> None:
        """From now on the dialplan has the channel; its events, variables too, are still heard. Raises Gone, Away, AriRefused."""
        where = path("applications", self._ari.app, "subscription")
        await self._ari.request("POST", where, eventSource=f"channel:{channel}")
        await self._ari.request(
            "POST", path("channels", channel, "continue"), context=context, extension="s", priority=1
        )

    async def hang_up(self, channel: str) -> None:
        """Gone already is as good."""
        try:
            await self._ari.request("DELETE", path("channels", channel))
        except Gone:
            return

    async def _screen(self, channel: str, heard: asyncio.Queue[Mapping[str, Any] | None]) -> Answerer:
        """The dialplan listens, says what it heard in `AMDSTATUS`, and gives the channel back."""
        found = Answerer.UNSURE
        variables = path("channels", channel, "variable")
        await self._ari.request("POST", variables, variable="UCC_DIALLER", value=self._ari.app)
        await self.hand_to_dialplan(channel, SCREEN_CONTEXT)
        async with asyncio.timeout(SCREEN_SECONDS):
            while True:
                event = await self.next(channel)
                if event["type"] == "ChannelVarset" and event["variable"] == "AMDSTATUS":
                    found = _SCREENED.get(event["value"], Answerer.UNSURE)
                elif event["type"] in ("StasisStart", "ChannelDestroyed"):
                    heard.put_nowait(event)
                    return found
