"""Carries out at Asterisk, and tells outbound, what a call placed for it comes to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from services.gateway.adapters.asterisk.ari import AriRefused, Away, Gone, path
from services.gateway.adapters.asterisk.attempt_actions import (
    AttemptAction,
    Listen,
    PlaceAttempt,
    RefuseCalls,
    SayAnswered,
    SayRinging,
    Screen,
    TellOutcome,
    ZipTone,
)
from services.gateway.adapters.asterisk.calls import Call, Phase, Report
from services.gateway.adapters.asterisk.dialling import SCREEN_CONTEXT
from services.gateway.adapters.asterisk.facts import (
    AnnouncementOver,
    CustomerScreened,
    CustomerUnreached,
    NobodyInTime,
    RangOut,
)
from services.gateway.adapters.asterisk.listening import LineEar
from services.gateway.adapters.asterisk.outgoing import call_customer, stands
from services.gateway.adapters.asterisk.playing import Player
from services.gateway.adapters.asterisk.prompting import sound_of
from services.gateway.adapters.asterisk.remembering import recalled
from services.gateway.adapters.asterisk.surroundings import Surroundings
from services.gateway.adapters.port import ChannelPort
from services.gateway.domain.attempts import KeptAttempt, arrival_of, ended
from shared.contracts.dial_requests import Announcement, PlaceCall, TellAttempt
from shared.contracts.dial_results import AttemptAnswered, AttemptRang

if TYPE_CHECKING:
    from services.gateway.adapters.asterisk.live_call import LiveCall

SCREENED: Final = "screened"
"""First argument of a channel the dialplan gives back when it has listened who answered."""
LEAD_SECONDS: Final = 0.3
"""Before the time to connect is over: the message begins within it, not after it."""
SETUP_SECONDS: Final = 15
"""Beyond the time to ring: networks take a while before anything rings, and some never say that it does."""
KEY_SECONDS: Final = 3.0
"""To press the key, from the end of the message."""


class AttemptLine:
    """The attempt of one live call."""

    def __init__(self, shared: Surroundings, live: LiveCall, player: Player) -> None:
        self._shared = shared
        self._live = live
        self._player = player
        self.ear = LineEar(shared, live)
        self._kept: KeptAttempt | None = None
        self._answered_at: int | None = None  # µs
        self._announced_at: int | None = None  # µs
        self._telling: asyncio.Task[None] | None = None  # that somebody answered: beside the way to an agent

    async def perform(self, action: AttemptAction) -> None:
        match action:
            case PlaceAttempt():
                await self._place(action.wanted)
            case Screen():
                await self._screen()
            case Listen():
                if self._shared.settings.tones:
                    self._live.begin("ear", self.ear.listen())
            case SayRinging():
                self._live.begin("rings", self._ring_out())
                await self._say_ringing()
            case SayAnswered():
                await self._say_answered(action)
            case RefuseCalls():
                await self._shared.port.refuse(self._live.call.attempt_id)
            case TellOutcome():
                await self._tell(action)

    async def sound(self, tone: ZipTone) -> None:
        """In the bridge, to the agent alone: they hear it before the first word."""
        media = self._shared.settings.comfort.zip_tone
        if media is not None:
            where = path("channels", tone.channel, "play")
            await self._shared.done(self._shared.ari.request("POST", where, media=media))

    async def _attempt(self) -> KeptAttempt | None:
        """As it is kept; None where it has ended."""
        if self._kept is None:
            found = await self._shared.port.attempts()
            self._kept = next((one for one in found if one.subject == self._live.call.subject), None)
        return self._kept

    async def _place(self, wanted: PlaceCall) -> None:
        """Once: the intent is written first. What was begun before and stands in Asterisk goes on; what does not has an
        outcome nobody knows."""
        shared, subject = self._shared, self._live.call.subject
        begun = await shared.port.begin_attempt(wanted.attempt_id)
        if begun is None:
            self._live.hear(CustomerUnreached("cancelled"))
            return
        self._kept, number = begun.attempt, begun.attempt.number or ""
        if wanted.announcement is not None:
            self._live.begin("words", self._prepare(wanted.announcement))
        if begun.fresh:
            longest = wanted.ring_seconds + SETUP_SECONDS
            if not await call_customer(shared, subject, number, longest, wanted.caller_id):
                self._live.hear(CustomerUnreached("failed"))
        elif not await stands(shared, subject):
            self._live.hear(CustomerUnreached("unknown"))

    async def _ring_out(self) -> None:
        """The time to ring counts from where it is heard ringing, not from dialling."""
        placed = self._live.call.placed
        if placed is not None:
            await asyncio.sleep(placed.ring_seconds)
            self._live.hear(RangOut())

    async def _say_ringing(self) -> None:
        kept = await self._attempt()
        if kept is not None and kept.begun_at is not None:
            wanted, now = kept.wanted, self._shared.port.now()
            about = (wanted.attempt_id, wanted.campaign, wanted.gateway_id)
            await self._shared.port.tell(AttemptRang(*about, kept.begun_at, now))

    async def _say_answered(self, action: SayAnswered) -> None:
        """The router hears of a person first: every millisecond is one they hear nobody."""
        kept, now, port = await self._attempt(), self._shared.port.now(), self._shared.port
        if kept is None:
            return
        wanted, subject = kept.wanted, kept.subject
        about = (wanted.attempt_id, wanted.campaign, wanted.gateway_id)
        opened = self._answered_at or now
        if action.by_machine:
            await port.tell(AttemptAnswered(*about, opened, "machine" if action.screened else None))
            return
        await self._shared.say(subject, Report("ContactArrived", f"{subject}/answered", arrival_of(kept)))
        if not wanted.self_service:
            self._live.begin("nobody in time", self._nobody_in_time(wanted.connect_milliseconds / 1000))
        greeted = now if action.screened else None
        by = None if not action.screened else "machine" if action.doubtful else "person"
        answered = AttemptAnswered(
            *about, opened, by, greeting_ended_at=greeted, contact_id=self._live.call.contact_id
        )  # fmt: skip
        self._telling = asyncio.create_task(port.tell(answered), name="an answer is told")

    async def answer_told(self) -> None:
        """What is said after it must not overtake it."""
        if self._telling is not None:
            telling, self._telling = self._telling, None
            await telling

    async def _nobody_in_time(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds - LEAD_SECONDS, 0))
        self._live.hear(NobodyInTime())

    async def _tell(self, told: TellOutcome) -> None:
        await self.answer_told()
        kept = await self._attempt()
        if kept is None:
            return
        over = ended(
            kept, told.outcome, self._shared.port.now(), told.reason, announced=told.announced,
            announced_at=self._announced_at, cause=told.cause,
        )  # fmt: skip
        await self._shared.port.tell(over)

    # --- who answered

    async def _screen(self) -> None:
        """The dialplan listens and gives the channel back; where it cannot, whoever answered counts as a person."""
        ari, channel = self._shared.ari, self._live.call.subject
        self._answered_at = self._shared.port.now()
        where = path("applications", ari.app, "subscription")
        try:
            await ari.request("POST", path("channels", channel, "variable"), variable="UCC_DIALLER", value=ari.app)
            await ari.request("POST", where, eventSource=f"channel:{channel}")
            await ari.request(
                "POST", path("channels", channel, "continue"), context=SCREEN_CONTEXT, extension="s", priority=1
            )
        except (Gone, Away):
            return
        except AriRefused:
            self._live.hear(CustomerScreened(machine=False))

    async def heard_who(self) -> None:
        """What the dialplan heard."""
        where = path("channels", self._live.call.subject, "variable")
        try:
            said = await self._shared.ari.request("GET", where, variable="AMDSTATUS")
        except (Gone, Away):
            return
        except AriRefused:
            said = {"value": ""}
        self._live.hear(CustomerScreened(machine=said["value"] == "MACHINE"))

    # --- the message of a call nobody took

    async def _prepare(self, announcement: Announcement) -> None:
        await self._words(announcement)

    async def announce(self) -> None:
        placed = self._live.call.placed
        announcement = None if placed is None else placed.announcement
        sound = None if announcement is None else await self._words(announcement)
        if announcement is None or sound is None:
            self._live.hear(AnnouncementOver(whole=False))
            return
        self._announced_at = self._shared.port.now()
        whole = await self._player.play([sound[0]], sound[1])
        if announcement.refusal_key and not self._live.call.refused:
            await asyncio.sleep(KEY_SECONDS)
        self._live.hear(AnnouncementOver(whole))

    async def _words(self, announcement: Announcement) -> tuple[str, float] | None:
        """The ivr's sound of it: as the campaign keeps it, else of its text."""
        audio = announcement.audio or await self._shared.port.spoken(announcement.text, announcement.language)
        return None if audio is None else await sound_of(self._shared, audio)


async def calls_under_way(shared: Surroundings) -> Sequence[Call]:
    """Calls of outbound that were begun and have no outcome, as they stood when last written down, else as far as is known."""
    calls: list[Call] = []
    for kept in await shared.port.attempts():
        if kept.connected_at is not None:
            continue  # a contact like any
        phase = Phase.ABSENT if kept.answered_at is None else Phase.WAITING
        as_known = Call(
            kept.subject, kept.contact_id, kept.wanted.language or "zh", phase, answered=kept.answered_at is not None,
            attempt_id=kept.attempt_id, placed=kept.wanted,
        )  # fmt: skip
        calls.append(await recalled(shared, kept.subject) or as_known)
    return calls


async def tell_unknown(port: ChannelPort, asked: TellAttempt) -> None:
    """Asked about an attempt of which nothing stands here."""
    kept = next((one for one in await port.attempts() if one.attempt_id == asked.attempt_id), None)
    if kept is not None and kept.connected_at is None:
        await port.tell(ended(kept, "unknown", port.now()))
