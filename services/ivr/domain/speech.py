"""The port to whatever turns words into sound: telephone audio out of text, the same bytes for the same text."""

from __future__ import annotations

from collections.abc import Awaitable, Collection
from typing import Final, Literal, Protocol

SpokenLanguage = Literal["zh", "en", "yue"]
"""What an engine may be asked for: Mandarin, English, Cantonese."""

SAMPLE_RATE: Final = 8_000
"""Hz; with one channel of 16 bits what a telephone line carries."""
TEXT_LIMIT: Final = 2_000
"""Characters of one text: about eight minutes of speech, more than anybody listens to."""

_TAGS: Final[dict[str, SpokenLanguage]] = {
    "zh": "zh", "cmn": "zh", "en": "en", "yue": "yue", "zh-yue": "yue", "zh-hk": "yue", "zh-mo": "yue",
}  # fmt: skip


class SpeechFailed(Exception):
    """No sound came of the text: an unknown language, an engine away, too slow or broken. The text says which, never the words."""


class Speech(Protocol):
    """An engine."""

    @property
    def voice(self) -> str:
        """Names engine, voice and version: kept sound is good as long as this stays the same."""
        ...

    @property
    def languages(self) -> Collection[SpokenLanguage]:
        """What it can speak here."""
        ...

    def synthesise(self, text: str, language: str) -> Awaitable[bytes]:
        """A WAV file: 8 kHz, mono, 16 bit; numbers, dates and times read as people read them. Raises SpeechFailed."""
        ...


def spoken_language(language: str) -> SpokenLanguage:
    """The language to speak for a tag or skill name ("zh-CN", "en_GB", "zh-yue"). Raises SpeechFailed."""
    tag = language.lower().replace("_", "-")
    found = _TAGS.get(tag) or _TAGS.get(tag.partition("-")[0])
    if found is None:
        raise SpeechFailed("no voice for this language")
    return found
