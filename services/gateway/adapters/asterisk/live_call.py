"""One call under way: hears what happened one thing after the other, and makes true in Asterisk what follows from it.

What is true is kept in Asterisk (`remembering.py`), so after a restart of this process the call is taken up where it stood.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from typing import Any, Final

from services.gateway.adapters.asterisk import rating
from services.gateway.adapters.asterisk.ari import AriRefused, Away, Gone, path
from services.gateway.adapters.asterisk.attempt_actions import ZipTone
from services.gateway.adapters.asterisk.attempt_line import SCREENED, AttemptLine
from services.gateway.adapters.asterisk.calling_back import unreached
from services.gateway.adapters.asterisk.calls import (
    AskRating,
    AskToBeCalled,
    Call,
    DialCustomer,
    DialOutside,
    HangUp,
    Hears,
    PassOn,
    Phase,
    Report,
    Ring,
    RingListener,
    TakeMessage,
    media,
)
from services.gateway.adapters.asterisk.comfort import Music, comfort
from services.gateway.adapters.asterisk.companions import COMPANIONS
from services.gateway.adapters.asterisk.deciding import decide
from services.gateway.adapters.asterisk.facts import (
    CallAnswered,
    CallbackWished,
    ConnectFailed,
    ConsentPlayed,
    CustomerGone,
    CustomerReached,
    CustomerRings,
    CustomerUnreached,
    KeyPressed,
    LegGone,
    LegUp,
    OutsideGone,
    OutsideUp,
    RatingOver,
    Repair,
    RungAnew,
    SoundBegan,
    Unanswered,
)
from services.gateway.adapters.asterisk.lease import Lease
from services.gateway.adapters.asterisk.outgoing import (
    CALLED,
    MESSAGE_CONTEXT,
    PARTY,
    call_customer,
    call_outside,
    caller_number,
    pass_on,
    stands,
    to_dialplan,
)
from services.gateway.adapters.asterisk.playing import Player
from services.gateway.adapters.asterisk.prompting import Prompting
from services.gateway.adapters.asterisk.remembering import remember
from services.gateway.adapters.asterisk.ringing import Bell, bell_of, dial_string, originate
from services.gateway.adapters.asterisk.surroundings import Surroundings
from services.gateway.adapters.asterisk.wiring import SNOOPS, Wiring
from shared import telemetry
from shared.contracts.channel_commands import PlayPrompt, RecordContact
from shared.contracts.routing_decisions import DialRequested

log = telemetry.logger("gateway")

LEAVING_SECONDS: Final = 1.0
LEAVING_LOOKS: Final = 10
CALLBACK_KEY: Final = "1"


def _nothing() -> None:
    """What is done for a happening nobody waits for."""


class LiveCall:
    """`over` is called once, when nothing of the call is left to do."""

    def __init__(
        self, shared: Surroundings, call: Call, entry: str | None, arrival: Report | None, *, greeted: bool = False
    ) -> None:
        self.shared = shared
        self.call = call
        self._entry = entry
        self._arrival = arrival
        self._greeted = greeted
        self._inbox: asyncio.Queue[tuple[object, int | None, Callable[[], None]]] = asyncio.Queue()
        self._lease = Lease(shared, call.subject)
        self._player = Player(shared, call.subject, self._lease)
        self._music = Music(shared, call.subject)
        self.wiring = Wiring(shared, call.contact_id, call.subject, self._music)
        self._prompting = Prompting(shared, call.contact_id, self._player, self._secure, self._idle)
        self._attempt = AttemptLine(shared, self, self._player)
        self._companions = [make(shared, self) for make in COMPANIONS]
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._hangup_seen = False
        self._silences = 0
        self._unheard: tuple[PlayPrompt, Callable[[], None]] | None = None  # a prompt that waits for the answer
        self._own_channels()

    # --- what is heard; called from the exchange's loops

    def hear(self, happened: object, number: int | None = None, done: Callable[[], None] = _nothing) -> None:
        """Something happened; `number` in UCC's stream; `done` when its effects are there."""
        self._inbox.put_nowait((happened, number, done))

    def asterisk(self, kind: str, event: Mapping[str, Any]) -> None:
        """An event about one of the call's channels."""
        channel = event.get("channel", {}).get("id", "")
        match kind:
            case _ if self._attempt.ear.owns(channel):
                self._attempt.ear.heard(kind, channel)
            case "Dial":
                self.hear(SoundBegan())
            case "ChannelDtmfReceived" if channel == self.call.subject and self.call.phase is Phase.ANNOUNCED:
                self.hear(KeyPressed(event["digit"]))
            case "ChannelStateChange" if channel == self.call.subject and event["channel"]["state"] == "Ringing":
                self.hear(CustomerRings())
            case "StasisStart" if event["args"][:1] == [SCREENED]:
                self.begin("screened", self._attempt.heard_who())
            case "StasisEnd" if channel == self.call.subject and self.call.screening:
                pass  # the dialplan listens who it is
            case "ChannelDtmfReceived" if channel == self.call.subject and self.call.may_call_back:
                self._prompting.press(event["digit"])
                if event["digit"] == CALLBACK_KEY:
                    self.hear(CallbackWished())
            case "ChannelDtmfReceived" if channel == self.call.subject:
                self._prompting.press(event["digit"])
            case "PlaybackFinished":
                self._player.finished(event["playback"])
            case "ChannelHangupRequest" if channel == self.call.subject:
                self._hangup_seen = True
            case "StasisStart" if event["args"][:1] == [SNOOPS]:
                self.wiring.started(channel)
            case "StasisStart" if channel == self.call.subject and event["args"][:1] == [CALLED]:
                self.hear(CustomerReached())
            case "StasisEnd" | "ChannelDestroyed" if channel == self.call.subject and self.call.phase is Phase.ABSENT:
                cause = event.get("cause", 0)
                self.hear(CustomerUnreached(unreached(cause), cause))
            case "StasisStart" if event["args"][:1] == [PARTY]:
                self.hear(OutsideUp(channel))
            case "StasisEnd" | "ChannelDestroyed" if self.call.outside and channel == self.call.outside.channel:
                self.wiring.forget(channel)
                self.hear(OutsideGone(channel, unreached(event.get("cause", 0))))
            case "StasisStart" if channel != self.call.subject:
                self.hear(LegUp(channel))
            case "StasisEnd" if channel == self.call.subject and not self._hangup_seen:
                self.begin("leaving", self._leaving())
            case "StasisEnd" | "ChannelDestroyed" if channel == self.call.subject:
                self.hear(CustomerGone())
            case "StasisEnd" | "ChannelDestroyed":
                self.wiring.forget(channel)
                self.hear(LegGone.by_cause(channel, event.get("cause", 0)))
            case _:
                pass
        for companion in self._companions:
            companion.heard(event)

    # --- life

    async def run(self) -> None:
        """Until nothing of the call is left. A call that was adopted begins by making true what is true."""
        try:
            if self._arrival is not None:
                await self._arrive(self._arrival)
            while self.call.phase is not Phase.OVER or not self._inbox.empty():
                happened, number, done = await self._inbox.get()
                try:
                    await self._happened(happened, number, done)
                finally:
                    if not isinstance(happened, PlayPrompt):
                        done()
        finally:
            self._prompting.stop()
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _arrive(self, arrival: Report) -> None:
        """Only when UCC has the contact is the caller's way to the static queue put off: until then it is 3 s."""
        await self.shared.say(self.call.subject, arrival)
        self.begin("lease", self._lease.keep())
        self.begin("answer", self._answer_later())
        if arrival.data["self_service"]:
            self._idle()
        await self._remember()

    async def _happened(self, happened: object, number: int | None, done: Callable[[], None]) -> None:
        before = self.call
        self.call, actions = decide(before, happened)
        if number is not None and not isinstance(happened, PlayPrompt):
            self.call = replace(self.call, heard=max(number, self.call.heard))
        self._own_channels()
        reports: list[Report] = []
        tones: list[ZipTone] = []
        for action in actions:
            match action:
                case Report():
                    reports.append(action)
                case HangUp():
                    await self._hang_up(action)
                case Ring():
                    await self._ring(action)
                case RingListener():
                    await self._ring_listener(action)
                case DialCustomer():
                    await self._dial(action.wanted)
                case DialOutside():
                    await self._dial_outside(action.wanted)
                case PassOn():
                    await self._pass_on(action)
                case TakeMessage():
                    await self._take_message()
                case AskToBeCalled():
                    await self._ask_to_be_called()
                case AskRating():
                    self.begin("rating", self._ask_rating(action.scale))
                case ZipTone():
                    tones.append(action)
                case _:
                    await self._attempt.perform(action)
        failed = await self._make_true()
        for tone in tones:
            await self._attempt.sound(tone)
        if reports:
            await self._attempt.answer_told()
        for report in reports:
            if report.kind == "ContactConnected" and self.call.agent_channel in failed:
                self.hear(ConnectFailed(report.data["offer_id"], "hung_up"))
            else:
                await self.shared.say(self.call.subject, report)
        if isinstance(happened, PlayPrompt):
            self._prompt(happened, done)
        elif isinstance(happened, CallAnswered) and self._unheard is not None:
            (prompt, prompt_done), self._unheard = self._unheard, None
            self._prompt(prompt, prompt_done)
        elif isinstance(happened, RecordContact):
            for companion in self._companions:
                await companion.commanded(happened)
        if self.call.may_call_back and not before.may_call_back:
            self.begin("callback offer", self._offer_callback())
        if self.call != before or isinstance(happened, Repair):
            for companion in self._companions:
                await companion.changed(before, self.call)
            await self._remember()

    def _own_channels(self) -> None:
        for channel in self.call.channels:
            self.shared.by_channel[channel] = self

    # --- making true

    async def _make_true(self) -> frozenset[str]:
        """Who hears whom, comfort, prompts and lease as the call says. Returns channels that could not be brought in."""
        wanted = media(self.call)
        if wanted.customer is Hears.BRIDGE and not self.call.answered:
            await self._answer()
            self.call = replace(self.call, answered=True)
        if self.call.phase is not Phase.ABSENT:
            self._attempt.ear.stop()
        if wanted.customer is not Hears.COMFORT:
            await self._end("comfort")
        if wanted.customer is not Hears.PROMPTS:
            self._prompting.stop()
            await self._end("silence")
        if self.call.phase is Phase.RATING:
            self.begin("rated at last", self._rated_at_last())
        failed = await self.wiring.make(wanted)
        if self.call.phase is Phase.ANNOUNCED:
            self.begin("announcement", self._attempt.announce())
        audible = self.call.answered or self.shared.settings.early_media
        if wanted.customer is Hears.COMFORT and audible and "comfort" not in self._tasks:
            greet, self._greeted = not self._greeted, True
            waiting = comfort(self.shared, self.call.contact_id, self._player, self._music, greet=greet)
            self.begin("comfort", waiting)
        if wanted.customer in (Hears.PROMPTS, Hears.COMFORT, Hears.SILENCE):
            self.begin("lease", self._lease.keep())
        elif wanted.customer in (Hears.BRIDGE, Hears.MUSIC) and "lease" in self._tasks:
            await self._end("lease")
            await self._lease.give_up()
        return failed

    def begin(self, name: str, running: Coroutine[Any, Any, None]) -> None:
        """Beside the call; a second of the same name is not begun."""
        if name in self._tasks:
            running.close()
            return
        self._tasks[name] = asyncio.create_task(running, name=f"{name} of a call")

    async def _end(self, name: str) -> None:
        task = self._tasks.pop(name, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _hang_up(self, action: HangUp) -> None:
        if action.sorry:
            await self._end("comfort")
            await self._music.turn(False)
            await self._player.play([self.shared.settings.comfort.sorry])
        await self.shared.done(self.shared.ari.request("DELETE", path("channels", action.channel)))

    async def _ring(self, action: Ring) -> None:
        bell = await bell_of(self.shared, action.leg, now=action.now)
        if isinstance(bell, LegGone):
            self.hear(bell)
            return
        if bell is None:
            return
        if (
            bell.by_itself and bell.channel != action.leg.channel
        ):  # known before it rings: it answers within milliseconds
            await self._happened(RungAnew(action.leg.offer_id, bell.channel), None, _nothing)
        if not await originate(self.shared, bell, self._entry):
            self.shared.unreachable(action.leg.agent_id)
            self.hear(LegGone(bell.channel, Unanswered.NO_ANSWER, "unreachable"))

    async def _dial(self, wanted: DialRequested) -> None:
        """Once: the intent is written first. What was begun before and stands in Asterisk goes on; what does not has an
        outcome nobody knows."""
        begun = await self.shared.port.begin_dial(wanted)
        if begun is None:
            self.hear(CustomerUnreached("cancelled"))
        elif begun.fresh:
            who = (self.call.subject, begun.number, wanted.answer_seconds, begun.caller_id)
            if not await call_customer(self.shared, *who):
                self.hear(CustomerUnreached("failed"))
        elif not await stands(self.shared, self.call.subject):
            self.hear(CustomerUnreached("unknown"))

    async def _dial_outside(self, wanted: DialRequested) -> None:
        """As with a customer who is called: the intent is written first, and what was begun is never begun again."""
        begun, channel = await self.shared.port.begin_dial(wanted), wanted.attempt_id
        if begun is None:
            self.hear(OutsideGone(channel, "cancelled"))
        elif begun.fresh:
            if not await call_outside(self.shared, channel, begun.number, wanted.answer_seconds, wanted.caller_id):
                self.hear(OutsideGone(channel, "failed"))
        elif not await stands(self.shared, channel):
            self.hear(OutsideGone(channel, "unknown"))

    async def _ask_to_be_called(self) -> None:
        """Who hides their number, or cannot be called by anything here, waits on."""
        number = await caller_number(self.shared, self.call.subject)
        if number is not None:
            await self.shared.port.ask_for_callback(self.call.contact_id, self.call.subject, number)

    async def _offer_callback(self) -> None:
        """Say which key to press; at once, over the music."""
        words = self.shared.settings.comfort.callback
        if words is not None:
            await self._player.play([words])

    async def _take_message(self) -> None:
        """By the dialplan, where it shares a folder with us; else a word that nobody can take the call."""
        await self._end("comfort")
        await self._music.turn(False)
        await self._lease.give_up()
        shared, channel = self.shared, self.call.subject
        if shared.settings.shared_folder is None or not await to_dialplan(shared, channel, MESSAGE_CONTEXT):
            await self._hang_up(HangUp(channel, sorry=True))

    async def _pass_on(self, action: PassOn) -> None:
        """To the dialplan, which dials the number; the call is told of no more."""
        await self._end("comfort")
        await self._music.turn(False)
        await self._lease.give_up()
        if not await pass_on(self.shared, self.call.subject, action.number, action.caller_id):
            await self._hang_up(HangUp(self.call.subject, sorry=True))

    async def _ask_rating(self, scale: int) -> None:
        question = rating.question_of(self.shared)
        key = "" if question is None else await self._prompting.one_key(question, rating.KEY_SECONDS)
        await rating.take(self.shared.port, self.call.contact_id, key, scale)
        self.hear(RatingOver())

    async def _rated_at_last(self) -> None:
        await asyncio.sleep(rating.LONGEST_SECONDS)
        self.hear(RatingOver())

    async def _ring_listener(self, action: RingListener) -> None:
        listener = action.listener
        endpoint = await self.shared.port.endpoint(listener.supervisor)
        dial = None if endpoint is None else dial_string(endpoint, self.shared.settings)
        if dial is None or not await originate(self.shared, Bell(listener.channel, dial), self._entry):
            self.hear(LegGone(listener.channel))

    async def _remember(self) -> None:
        await remember(self.shared, self.call)

    # --- the customer's channel

    async def _answer_later(self) -> None:
        """Answered when the second ring is over: sooner startles. Then, where calls are recorded, what must be said first."""
        settings, channel = self.shared.settings, self.call.subject
        if settings.early_media:
            await self.shared.done(self.shared.ari.request("POST", path("channels", channel, "progress")))
        elif settings.ring_seconds:
            await self.shared.done(self.shared.ari.request("POST", path("channels", channel, "ring")))
        await asyncio.sleep(settings.ring_seconds)
        if not self.call.answered:
            await self._answer()
        consent = settings.recording.consent
        told = settings.recording.when == "always" and consent is not None and self.call.phase is not Phase.TALKING
        if told and await self._player.play([consent or ""]):
            self.hear(ConsentPlayed())
        self.hear(CallAnswered())

    async def _answer(self) -> None:
        await self.shared.done(self.shared.ari.request("POST", path("channels", self.call.subject, "answer")))

    async def _leaving(self) -> None:
        """The channel left us and no hang-up was heard of (yet): a hung-up channel is gone in a moment, one whose lease ran
        out goes on in the dialplan."""
        for _ in range(LEAVING_LOOKS):
            try:
                await self.shared.ari.request("GET", path("channels", self.call.subject))
            except Gone:
                self.hear(CustomerGone())
                return
            except (Away, AriRefused):
                break
            await asyncio.sleep(LEAVING_SECONDS / LEAVING_LOOKS)
        self.hear(CustomerGone(None if self._hangup_seen else "failed_open"))

    # --- self-service

    def _prompt(self, prompt: PlayPrompt, done: Callable[[], None]) -> None:
        if self.call.phase is not Phase.GUIDED or self.shared.port.now() > prompt.not_after:
            done()
            return
        if self._unheard is not None:
            self._unheard[1]()
        audible = self.call.answered or self.shared.settings.early_media
        self._unheard = None if audible else (prompt, done)
        if silence := self._tasks.pop("silence", None):
            silence.cancel()
        if audible:
            self._prompting.play(prompt, done)

    def _idle(self) -> None:
        """The next step is the ivr's; a caller is not left in silence."""
        if silence := self._tasks.pop("silence", None):
            silence.cancel()
        self.begin("silence", self._silence())

    async def _silence(self) -> None:
        await asyncio.sleep(self.shared.settings.silence_seconds)
        self._silences += 1
        said = {"outcome": "failed", "reason": "ivr_silent"}
        key = f"{self.call.subject}/silent/{self.call.heard}.{self._silences}"
        await self.shared.say(self.call.subject, Report("SelfServiceEnded", key, said))

    def _secure(self, entering: bool) -> None:
        for number, companion in enumerate(self._companions):
            task = asyncio.create_task(companion.secure(entering), name="secure entry")
            self._tasks[f"secure {entering} {number}"] = task
