"""What was read on a page, and how sure the reader is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

_IDEOGRAPHS: Final = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
_GAP: Final = re.compile(rf"(?<=[{_IDEOGRAPHS}])[ \t]+(?=[{_IDEOGRAPHS}])")
TEXT_LIMIT: Final = 16_000
"""Characters of a contact's text."""
SURE: Final = 65.0
"""Of 100: below this a page may lie upside down."""
FAR_BETTER: Final = 15.0
"""By so much must the turned page be read more surely to be believed."""


@dataclass(frozen=True, slots=True)
class PageReading:
    """`text` None: not read (no reader here, or it failed). `confidence` 0 to 100; None: nothing is written on the page.

    `turned`: the page came upside down and is shown upright.
    """

    text: str | None
    confidence: float | None = None
    turned: bool = False


NOT_READ: Final = PageReading(None)


@dataclass(frozen=True, slots=True)
class Word:
    """A word as the reader found it, with the line it stands on."""

    line: tuple[int, int, int]  # block, paragraph, line
    text: str
    confidence: float


def reading_of(words: Sequence[Word]) -> PageReading:
    """Lines put together (Chinese without the blanks a reader sets between characters); confidence weighed by length."""
    lines: dict[tuple[int, int, int], list[str]] = {}
    for word in words:
        lines.setdefault(word.line, []).append(word.text)
    paragraphs: dict[tuple[int, int], list[str]] = {}
    for (block, paragraph, _), texts in lines.items():
        paragraphs.setdefault((block, paragraph), []).append(_GAP.sub("", " ".join(texts)))
    text = "\n\n".join("\n".join(said) for said in paragraphs.values())
    length = sum(len(word.text) for word in words)
    sure = sum(word.confidence * len(word.text) for word in words) / length if length else None
    return PageReading(text, None if sure is None else round(sure, 1))


def upright(as_it_came: PageReading, turned: PageReading) -> PageReading:
    """Which way the page is to be read."""
    if turned.confidence is not None and turned.confidence > (as_it_came.confidence or 0.0) + FAR_BETTER:
        return PageReading(turned.text, turned.confidence, turned=True)
    return as_it_came


def text_of(pages: Iterable[PageReading]) -> str | None:
    """What the whole document says, as far as a contact's text carries it; None when nothing was read."""
    text = "\n\n".join(page.text for page in pages if page.text)
    return text[:TEXT_LIMIT] or None


_AROUND: Final = 40  # characters on each side of what was sought


def excerpt(text: str, sought: str) -> str:
    """The place where `sought` stands (case and blanks do not matter), with what is around it, on one line."""
    wanted = "".join(sought.lower().split())
    places = [place for place, character in enumerate(text) if not character.isspace()]
    squeezed = "".join(text[place].lower()[:1] for place in places)
    found = squeezed.find(wanted)
    start, end = (places[found], places[found + len(wanted) - 1] + 1) if found >= 0 and wanted else (0, 0)
    before, after = max(0, start - _AROUND), min(len(text), end + _AROUND)
    cut = " ".join(text[before:after].split())
    return f"{'…' if before else ''}{cut}{'…' if after < len(text) else ''}"
