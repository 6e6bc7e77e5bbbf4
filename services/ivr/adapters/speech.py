"""Engines behind the `Speech` port: eSpeak NG, which comes with the installation and needs nothing else, or a better one by HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from importlib.metadata import version
from typing import Final

import httpx
import numpy

from services.ivr.adapters.telephone_audio import from_wav, telephone_wav
from services.ivr.domain.speech import TEXT_LIMIT, Speech, SpeechFailed, SpokenLanguage, spoken_language
from services.ivr.domain.spoken import spoken
from shared.child_process import ChildFailed, run_module

AT_ONCE: Final = 2
"""Texts spoken at the same time by one instance; further ones wait their turn."""
SECONDS_LIMIT: Final = 20.0
ANSWER_LIMIT: Final = 64 * 1024 * 1024
"""Bytes of an engine's answer."""

_VOICES: Final[dict[SpokenLanguage, str]] = {"zh": "cmn", "en": "en", "yue": "yue"}
_SETTING: Final = (
    "1"  # counts changes of rate, loudness or filter: kept sound made with other ones is not ours any more
)


class EspeakSpeech:
    """Mandarin, English and Cantonese, offline. A formant voice: clear over a telephone, and plainly a machine's."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)

    @property
    def voice(self) -> str:
        return f"espeak-ng {version('espeakng-loader')}/{_SETTING}"

    @property
    def languages(self) -> Collection[SpokenLanguage]:
        return tuple(_VOICES)

    async def synthesise(self, text: str, language: str) -> bytes:
        """See `Speech.synthesise`."""
        tongue = spoken_language(language)
        async with self._turns:
            rate, samples = await _in_child(_VOICES[tongue], _words(text, tongue))
            return await asyncio.to_thread(telephone_wav, numpy.frombuffer(samples, "<i2"), rate)


class HttpSpeech:
    """An engine that answers `POST url {"text": …, "language": "zh"|"en"|"yue"}` with a WAV file (16 bit, ≥ 8 kHz)."""

    def __init__(self, url: str, client: httpx.AsyncClient | None = None) -> None:
        self._url = url
        self._client = client or httpx.AsyncClient(timeout=SECONDS_LIMIT)
        self._turns = asyncio.Semaphore(AT_ONCE)

    @property
    def voice(self) -> str:
        return f"{self._url}/{_SETTING}"

    @property
    def languages(self) -> Collection[SpokenLanguage]:
        return tuple(_VOICES)

    async def synthesise(self, text: str, language: str) -> bytes:
        """See `Speech.synthesise`."""
        tongue = spoken_language(language)
        asked = {"text": _words(text, tongue), "language": tongue}
        async with self._turns:
            try:
                async with asyncio.timeout(SECONDS_LIMIT):
                    answer = await self._client.post(self._url, json=asked, headers={"Accept": "audio/wav"})
            except (httpx.HTTPError, TimeoutError) as error:
                raise SpeechFailed("the engine does not answer") from error
            if answer.status_code != 200:
                raise SpeechFailed(f"the engine answers {answer.status_code}")
            if len(answer.content) > ANSWER_LIMIT:
                raise SpeechFailed("the engine's answer is too long")
            return await asyncio.to_thread(from_wav, answer.content)

    async def close(self) -> None:
        await self._client.aclose()


def speech_at(url: str | None) -> Speech:
    """The engine at `url` (setting `speech_url`), else the one that comes with the installation."""
    return HttpSpeech(url) if url else EspeakSpeech()


def _words(text: str, tongue: SpokenLanguage) -> str:
    words = spoken(text.replace("\x00", " "), tongue)
    if not words:
        raise SpeechFailed("nothing to say")
    if len(text) > TEXT_LIMIT:
        raise SpeechFailed(f"more than {TEXT_LIMIT} characters")
    return words


async def _in_child(voice: str, words: str) -> tuple[int, bytes]:
    try:
        out = await run_module(
            "services.ivr.adapters.espeak_process", voice, given=words.encode(), seconds=SECONDS_LIMIT
        )
    except ChildFailed as error:
        raise SpeechFailed(f"the engine: {error}") from error
    rate, _, samples = out.partition(b"\n")
    if not rate.isdigit() or not samples or len(samples) % 2:
        raise SpeechFailed("the engine said nothing")
    return int(rate), samples
