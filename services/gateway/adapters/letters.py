"""Letters to be faxed: fonts found, the drawing done in a process of its own."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from functools import cache
from subprocess import PIPE, SubprocessError, run
from typing import Any, Final

from services.gateway.domain.letters import TEMPLATES, Letter, LetterPages, LetterRefused
from shared.child_process import ChildFailed, run_module

SECONDS_LIMIT: Final = 30.0
AT_ONCE: Final = 2
_FONT_QUESTION_SECONDS: Final = 10


class LetterDrawer:
    """Draws letters, `AT_ONCE` at a time; further ones wait their turn."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def compose(self, letter: Letter, pages_limit: int) -> LetterPages:
        """Draw the letter. Raises LetterRefused: no_template, no_font, too_long, not_drawn."""
        if letter.template not in TEMPLATES:
            raise LetterRefused("no_template", "there is no such template")
        fonts, chinese = await asyncio.to_thread(_fonts)
        asked = {"letter": dataclasses.asdict(letter), "fonts": fonts, "chinese": chinese, "pages_limit": pages_limit}
        given = json.dumps(asked).encode()
        try:
            async with self._turns:
                out = await run_module("services.gateway.adapters.letter_process", given=given, seconds=SECONDS_LIMIT)
        except ChildFailed as error:
            raise LetterRefused("not_drawn", f"the letter could not be drawn: {error}") from error
        first, _, rest = out.partition(b"\n")
        head: dict[str, Any] = json.loads(first)
        if "reason" in head:
            raise LetterRefused(head["reason"], head["detail"])
        parts: list[bytes] = []
        for size in head["sizes"]:
            parts.append(rest[:size])
            rest = rest[size:]
        return LetterPages(parts[0], parts[1:])


@cache
def _fonts() -> tuple[list[tuple[str, int] | None], bool]:
    """A regular and a bold face, Chinese ones where the system has any, and whether they are Chinese. Asked once."""
    for language in ("zh-cn", "en"):
        regular = _face(f"sans-serif:lang={language}", language)
        if regular is not None:
            return [regular, _face(f"sans-serif:lang={language}:bold", language) or regular], language == "zh-cn"
    return [None, None], False


def _face(pattern: str, language: str) -> tuple[str, int] | None:
    """What fontconfig offers, if it really has the language's characters: it always offers something."""
    try:
        answer = run(
            ["fc-match", "-f", "%{file}\n%{index}\n%{lang}", pattern],
            stdout=PIPE, timeout=_FONT_QUESTION_SECONDS, check=True,
        )  # fmt: skip
    except (OSError, SubprocessError):
        return None
    file, index, languages = answer.stdout.decode().split("\n", 2)
    return (file, int(index)) if language in languages.split("|") else None
