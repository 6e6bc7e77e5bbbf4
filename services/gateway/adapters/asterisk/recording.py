"""Recording: while agent and customer talk, their bridge is recorded by Asterisk; what is finished is fetched and kept by UCC.

The file's name says whose it is and since when, so that a recording that ended while nobody looked is still attributed and
kept. What is paused (a card read out, a PIN) is not in the file at all. The note of consent, where it was not told before,
is played into the bridge at the beginning and so is its own proof.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from services.gateway.adapters.asterisk.ari import AriRefused, Away, Gone, path
from services.gateway.adapters.asterisk.calls import Call, Phase
from services.gateway.adapters.asterisk.surroundings import Surroundings
from services.gateway.adapters.asterisk.wiring import bridge_of
from services.gateway.adapters.sound import UnreadableSound
from services.gateway.domain.recordings import Pause, Recorded
from shared import telemetry
from shared.contracts.channel_commands import ChannelCommand, RecordContact
from shared.contracts.envelope import stable_id
from shared.errors import BrokerUnavailable

if TYPE_CHECKING:
    from services.gateway.adapters.asterisk.live_call import LiveCall

log = telemetry.logger("gateway")

PREFIX: Final = "ucc"
LOOK_SECONDS: Final = 30.0
WAV_HEAD: Final = 44
WAV_BYTES_PER_MICROSECOND: Final = 16_000 / 1_000_000
RUNNING: Final = "UCC_RECORDING"


@dataclass(frozen=True, slots=True)
class Label:
    """Whose recording a file is. Its name in Asterisk: `ucc.<contact>.<µs>.<told>`."""

    contact_id: str
    started_at: int
    told: bool

    @property
    def name(self) -> str:
        return f"{PREFIX}.{self.contact_id}.{self.started_at}.{int(self.told)}"

    @classmethod
    def of(cls, name: str) -> Label | None:
        """None for a recording that is not one of these."""
        parts = name.split(".")
        if len(parts) != 4 or parts[0] != PREFIX or not parts[2].isdigit() or parts[3] not in ("0", "1"):
            return None
        return cls(parts[1], int(parts[2]), parts[3] == "1")


@dataclass(slots=True)
class Tape:
    """What this process knows of a recording beyond its name."""

    pauses: list[Pause] = field(default_factory=list[Pause])
    paused_at: int | None = None
    ended_at: int | None = None


class RecordingCompanion:
    """Starts, pauses and stops the recording of one call."""

    def __init__(self, shared: Surroundings, live: LiveCall) -> None:
        self._shared = shared
        self._live = live
        self._label: Label | None = None
        self._looked = False

    @property
    def _call(self) -> Call:
        return self._live.call

    async def changed(self, before: Call, after: Call) -> None:
        if self._shared.settings.recording.when == "never":
            return
        await self._look()
        talks = after.phase is Phase.TALKING and after.agent_channel is not None
        if self._label is not None and (after.phase is not Phase.TALKING or after.agent != before.agent):
            await self._stop()
        if talks and self._label is None and self._shared.settings.recording.when == "always":
            await self._start()

    async def commanded(self, command: ChannelCommand) -> None:
        if not isinstance(command, RecordContact) or self._call.phase is not Phase.TALKING:
            return
        await self._look()
        match command.action:
            case "start" if self._label is None and self._shared.settings.recording.when != "never":
                await self._start()
            case "stop":
                await self._stop()
            case "pause":
                await self._pause(True)
            case "resume":
                await self._pause(False)
            case _:
                pass

    async def secure(self, entering: bool) -> None:
        await self._pause(entering)

    def heard(self, event: Mapping[str, Any]) -> None:
        """Nothing here depends on Asterisk's events: the archive hears when a file is finished."""

    async def _look(self) -> None:
        """After a restart: whether a recording of ours runs, as the customer's channel remembers."""
        if self._looked:
            return
        self._looked = True
        try:
            said = await self._shared.ari.request(
                "GET", path("channels", self._call.subject, "variable"), variable=RUNNING
            )
        except (Gone, Away, AriRefused):
            return
        self._label = Label.of(said["value"])

    async def _start(self) -> None:
        settings, call = self._shared.settings.recording, self._call
        bridge = bridge_of(call.contact_id)
        label = Label(call.contact_id, self._shared.port.now(), call.consented or settings.consent is not None)
        begun = await self._shared.done(
            self._shared.ari.request(
                "POST", path("bridges", bridge, "record"), name=label.name, format="wav", ifExists="fail",
                maxDurationSeconds=settings.longest_seconds,
            )
        )  # fmt: skip
        if not begun:
            log.error("a call is not recorded", contact_id=call.contact_id)
            return
        self._label = label
        self._shared.tapes[label.name] = Tape()
        await self._remember(label.name)
        if settings.consent is not None and not call.consented:
            note = self._shared.ari.request("POST", path("bridges", bridge, "play"), media=settings.consent)
            await self._shared.done(note)

    async def _stop(self) -> None:
        if self._label is None:
            return
        label, self._label = self._label, None
        await self._shared.done(self._shared.ari.request("POST", path("recordings", "live", label.name, "stop")))
        await self._remember("")

    async def _pause(self, paused: bool) -> None:
        if self._label is None:
            return
        name = self._label.name
        tape = self._shared.tapes.setdefault(name, Tape())
        if paused == (tape.paused_at is not None):
            return
        method = "POST" if paused else "DELETE"
        if not await self._shared.done(self._shared.ari.request(method, path("recordings", "live", name, "pause"))):
            return
        now = self._shared.port.now()
        if paused:
            tape.paused_at = now
        else:
            _close_pause(tape, now)

    async def _remember(self, name: str) -> None:
        where = path("channels", self._call.subject, "variable")
        await self._shared.done(self._shared.ari.request("POST", where, variable=RUNNING, value=name))


def _close_pause(tape: Tape, now: int) -> None:
    if tape.paused_at is not None:
        tape.pauses.append(Pause(tape.paused_at, now))
        tape.paused_at = None


class Archive:
    """Fetches an exchange's finished recordings, whoever saw them end, and has UCC keep them before Asterisk forgets them."""

    def __init__(self, shared: Surroundings) -> None:
        self._shared = shared
        self._finished = asyncio.Event()
        self._unreadable: set[str] = set()

    def heard(self, kind: str, event: Mapping[str, Any]) -> None:
        if kind not in ("RecordingFinished", "RecordingFailed"):
            return
        tape = self._shared.tapes.get(event["recording"]["name"])
        if tape is not None:
            tape.ended_at = self._shared.port.now()
            _close_pause(tape, tape.ended_at)
        self._finished.set()

    async def run(self) -> None:
        """For ever. What cannot be kept now (the broker is away) is tried again."""
        while True:
            self._finished.clear()
            try:
                for stored in await self._shared.ari.request("GET", path("recordings", "stored")):
                    label = Label.of(stored["name"])
                    if label is not None and label.name not in self._unreadable and not await self._runs(label):
                        await self._keep(label)
            except (Away, Gone, AriRefused, BrokerUnavailable) as error:
                log.warning("recordings wait", fault=type(error).__name__)
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._finished.wait()
            except TimeoutError:
                continue

    async def _runs(self, label: Label) -> bool:
        try:
            await self._shared.ari.request("GET", path("recordings", "live", label.name))
        except Gone:
            return False
        return True

    async def _keep(self, label: Label) -> None:
        port, tape = self._shared.port, self._shared.tapes.get(label.name, Tape())
        wav = await self._shared.ari.download(path("recordings", "stored", label.name, "file"))
        length = round(max(len(wav) - WAV_HEAD, 0) / WAV_BYTES_PER_MICROSECOND)
        ended_at = tape.ended_at or label.started_at + length
        recorded = Recorded(
            stable_id("recording", port.tenant, label.name), label.contact_id, label.started_at, ended_at, label.told,
            tuple(tape.pauses),
        )  # fmt: skip
        try:
            await port.keep_recording(recorded, wav)
        except UnreadableSound as error:
            self._unreadable.add(label.name)
            log.error(
                "a recording cannot be read and stays with Asterisk", contact_id=label.contact_id, fault=str(error)
            )
            return
        await self._shared.done(self._shared.ari.request("DELETE", path("recordings", "stored", label.name)))
        self._shared.tapes.pop(label.name, None)
