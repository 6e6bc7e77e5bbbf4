"""`PlayPrompt` on the telephone: say it, gather keys, answer exactly once; a newer step replaces it without an answer."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
from collections.abc import Callable
from typing import Final

from services.gateway.adapters.asterisk.playing import Player
from services.gateway.adapters.asterisk.surroundings import AGAIN_SECONDS, Surroundings
from services.gateway.adapters.port import PromptOutcome
from shared.contracts.channel_commands import Gather, PlayPrompt
from shared.errors import BrokerUnavailable

KEYS: Final = frozenset("0123456789*#")


def sound_signature(secret: str, audio: str) -> str:
    """Proves that a prompt's address was made by us: Asterisk fetches it without any other credential."""
    return hmac.new(secret.encode(), f"asterisk sound {audio}".encode(), hashlib.sha256).hexdigest()[:32]


def after_key(gather: Gather, typed: str, key: str) -> tuple[str, bool]:
    """(what is typed now, whether that is all)."""
    if gather.finish_on and key == gather.finish_on:
        return typed, True
    typed += key
    return typed, len(typed) >= gather.max_digits


async def sound_of(shared: Surroundings, audio: str) -> tuple[str, float] | None:
    """The address of a prompt of the ivr, for Asterisk, and how many seconds it lasts; None where it has no sound."""
    base, port = shared.settings.prompt_url, shared.port
    seconds = None if base is None else await shared.sound_seconds(audio)
    if base is None or seconds is None:
        return None
    signed = f"{sound_signature(port.secret, audio)}/{audio}.wav"
    return f"sound:{base.rstrip('/')}/v1/asterisk/{port.gateway_id}/sounds/{signed}", seconds


class Prompting:
    """The prompts of one call. `secure` hears when an entry that must not be recorded begins and ends; `idle` when an answer
    was given and the next step is the ivr's."""

    def __init__(
        self, shared: Surroundings, contact_id: str, player: Player, secure: Callable[[bool], None],
        idle: Callable[[], None],
    ) -> None:  # fmt: skip
        self._shared = shared
        self._contact_id = contact_id
        self._player = player
        self._secure = secure
        self._idle = idle
        self._keys: asyncio.Queue[str] = asyncio.Queue()
        self._running: asyncio.Task[None] | None = None

    def play(self, prompt: PlayPrompt, done: Callable[[], None]) -> None:
        """Begin; `done` is called when it is over, answered or replaced."""
        self.stop()
        self._running = asyncio.create_task(self._run(prompt), name=f"prompt {prompt.step}")
        self._running.add_done_callback(lambda _task: done())

    def stop(self) -> None:
        if self._running is not None:
            self._running.cancel()
            self._running = None

    def press(self, key: str) -> None:
        if key in KEYS:
            self._keys.put_nowait(key)

    async def one_key(self, sound: str, seconds: float) -> str:
        """The next key pressed while or after a sound is played; empty when none is, in time."""
        while not self._keys.empty():
            self._keys.get_nowait()
        return await self._gather(Gather("digits", 1, "", int(seconds * 1000)), [sound], 0.0)

    async def _run(self, prompt: PlayPrompt) -> None:
        sounds, seconds = await self._sounds(prompt)
        gather = prompt.gather
        if gather is None or (prompt.say and not sounds):
            heard = bool(sounds) and await self._player.play(sounds, seconds)
            await self._answer(prompt, "played" if heard or not prompt.say else "failed", None)
            return
        if gather.secure:
            self._secure(True)
        try:
            typed = await self._gather(gather, sounds, seconds)
        finally:
            if gather.secure:
                self._secure(False)
        if not typed:
            await self._answer(prompt, "timeout", None)
        elif gather.secure:
            right = await self._shared.port.verify(self._contact_id, prompt.verify or "pin", typed)
            await self._answer(prompt, "verified" if right else "refused", None)
        else:
            await self._answer(prompt, "digits", typed)

    async def _sounds(self, prompt: PlayPrompt) -> tuple[list[str], float]:
        """Addresses Asterisk can fetch and keep, and how long they last together; words without sound are left out."""
        found: list[str] = []
        length = 0.0
        for word in prompt.say:
            sound = None if word.audio is None else await sound_of(self._shared, word.audio)
            if sound is not None:
                found.append(sound[0])
                length += sound[1]
        return found, length

    async def _gather(self, gather: Gather, sounds: list[str], seconds: float) -> str:
        """The keys pressed; empty after the first time-out. Keys typed ahead count where words may be interrupted."""
        if not gather.barge_in:
            await self._player.play(sounds, seconds)
            while not self._keys.empty():
                self._keys.get_nowait()
            sounds = []
        saying = asyncio.create_task(self._player.play(sounds, seconds))
        typed, complete = "", False
        try:
            while not complete:
                wait = (gather.between_timeout_ms if typed else gather.first_timeout_ms) / 1000
                key = await self._key(wait, None if typed else saying)
                if key is None:
                    break
                saying.cancel()
                typed, complete = after_key(gather, typed, key)
        finally:
            saying.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await saying
        return typed

    async def _key(self, seconds: float, saying: asyncio.Task[bool] | None) -> str | None:
        """The next key; time runs from the end of the words."""
        pressing = asyncio.create_task(self._keys.get())
        try:
            if saying is not None:
                await asyncio.wait({pressing, saying}, return_when=asyncio.FIRST_COMPLETED)
            if not pressing.done():
                await asyncio.wait({pressing}, timeout=seconds)
            return pressing.result() if pressing.done() else None
        finally:
            pressing.cancel()

    async def _answer(self, prompt: PlayPrompt, outcome: PromptOutcome, digits: str | None) -> None:
        while True:
            try:
                await self._shared.port.answered(self._contact_id, prompt.step, outcome, digits=digits)
            except BrokerUnavailable:
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                self._idle()
                return
