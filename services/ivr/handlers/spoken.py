"""Words as sound: made once, kept by content, ready before a caller hears them.

Everything a dialogue or question can say is made when it is published. What is made for one caller (the name of a
contract) is tried within a limit; without sound the words travel as text and the channel speaks them or stays silent.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from services.ivr.domain.speech import TEXT_LIMIT, Speech, SpeechFailed
from services.ivr.store import audio
from shared import telemetry
from shared.contracts.channel_commands import Utterance
from shared.postgres import Pool, worker_transaction

log = telemetry.logger("ivr")

Words = tuple[str, str]
"""(text, language)."""
QUEUE_AT_MOST: Final = 20_000
REST: Final = 2.0
"""Times as long as the last text took is rested: preparing leaves most of a processor to callers."""


@dataclass(slots=True)
class Spoken:
    """The cache of spoken words and the engine behind it; without an engine everything stays text."""

    workers: Pool
    speech: Speech | None
    limit_seconds: float
    _ahead: asyncio.PriorityQueue[tuple[int, str, Words]] = field(
        default_factory=lambda: asyncio.PriorityQueue(QUEUE_AT_MOST)
    )  # shortest first: menus are heard before answers
    _making: dict[str, asyncio.Task[bool]] = field(default_factory=dict[str, asyncio.Task[bool]])

    def content_hash(self, text: str, language: str) -> str:
        """Names the sound of a text: the same voice, language and text are the same sound."""
        voice = self.speech.voice if self.speech is not None else ""
        return hashlib.sha256("\x1f".join((voice, language, text)).encode()).hexdigest()[:40]

    async def with_audio(self, tenant: str, said: Sequence[Utterance]) -> tuple[Utterance, ...]:
        """The utterances with their audio, as far as it is there or can be made within the limit."""
        if self.speech is None or not said:
            return tuple(said)
        named = [(one, self.content_hash(one.text, one.language)) for one in said]
        async with worker_transaction(self.workers) as connection:
            ready = await audio.there(connection, tenant, {content for _, content in named})
        missing = {content: (one.text, one.language) for one, content in named if content not in ready}
        if missing:
            made = [self._make(tenant, content, words) for content, words in missing.items()]
            done, _ = await asyncio.wait(made, timeout=self.limit_seconds)  # the others go on for the next caller
            ready |= {
                content for content, making in zip(missing, made, strict=True) if making in done and making.result()
            }
        return tuple(replace(one, audio=content) if content in ready else one for one, content in named)

    def prepare(self, tenant: str, words: Iterable[Words]) -> None:
        """Have these spoken in the background."""
        for each in dict.fromkeys(words):
            if self.speech is not None and not self._ahead.full():
                self._ahead.put_nowait((len(each[0]), tenant, each))

    async def run(self) -> None:
        """Speak what was prepared, one after another, until cancelled."""
        while True:
            _, tenant, (text, language) = await self._ahead.get()
            content = self.content_hash(text, language)
            async with worker_transaction(self.workers) as connection:
                if await audio.there(connection, tenant, [content]):
                    continue
            started = time.monotonic()
            await asyncio.wait([self._make(tenant, content, (text, language))])
            await asyncio.sleep(REST * (time.monotonic() - started))

    async def close(self) -> None:
        running = list(self._making.values())
        for making in running:
            making.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _make(self, tenant: str, content: str, words: Words) -> asyncio.Task[bool]:
        """The making of a sound, one at a time however many ask for it."""
        key = f"{tenant}/{content}"
        if key not in self._making:
            making = asyncio.create_task(self._made(tenant, content, words), name="ivr-speech")
            making.add_done_callback(lambda _: self._making.pop(key, None))
            self._making[key] = making
        return self._making[key]

    async def _made(self, tenant: str, content: str, words: Words) -> bool:
        text, language = words
        if self.speech is None or not text.strip() or len(text) > TEXT_LIMIT:
            return False
        try:
            wav = await self.speech.synthesise(text, language)
            async with worker_transaction(self.workers) as connection:
                await audio.keep(connection, tenant, content, language, wav)
        except SpeechFailed as error:
            log.warning("not spoken", cause=str(error))
            return False
        except Exception as error:
            log.error("speech broke off", fault=type(error).__name__, exc_info=True)
            return False
        return True
