"""How long a prompt can take at most, so that one that is never answered is noticed."""

from __future__ import annotations

from typing import Final

from services.ivr.domain.phrasing import language_of
from services.ivr.domain.visit import NextPrompt

CHINESE_CHARACTER_SECONDS: Final = 0.35
LATIN_CHARACTER_SECONDS: Final = 0.10
"""Slow speech; an estimate on the long side does no harm, for gateways answer much sooner."""


def spoken_seconds(text: str) -> float:
    """A text, spoken slowly."""
    return len(text) * (CHINESE_CHARACTER_SECONDS if language_of(text) == "zh" else LATIN_CHARACTER_SECONDS)


def longest_seconds(prompt: NextPrompt) -> float:
    """All words, then the whole time keys are awaited."""
    said = sum(spoken_seconds(one.text) for one in prompt.say)
    if prompt.gather is None:
        return said
    gather = prompt.gather
    return said + (gather.first_timeout_ms + (gather.max_digits - 1) * gather.between_timeout_ms) / 1000
