"""A letter that is to be faxed: what stands on it, and where its lines break."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

LetterLanguage = Literal["zh", "en"]

TEMPLATES: Final = frozenset({"letter"})
"""Names a command may ask for."""

_OPENING: Final = "（《〈「『【〔“‘([{￥$"
_CLOSING: Final = "，。、；：？！）》〉」』】〕”’…—,.;:?!)]}%℃·"
_WIDE: Final = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_COUNTED: Final = "年月日时点分元号室楼"
"""Stay with the number before them: 3月 and 3,500元 are not torn apart."""
_UNIT: Final = re.compile(
    rf"[{re.escape(_OPENING)}]*(?:\d[\d,.]*[{_COUNTED}]|[{_WIDE}]|[^\s{_WIDE}{re.escape(_OPENING)}]+)[{re.escape(_CLOSING)}]*"
    rf"|[{re.escape(_OPENING)}]+|\s+"
)


class LetterRefused(Exception):
    """The letter cannot be made; `reason` is machine-readable, the text is for people and quotes nothing."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Who writes. Empty parts are left out."""

    name: str
    address: str = ""
    phone: str = ""
    fax: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """`to`: the number as it is shown; `reference`: what the receiver quotes back; `date`: as written."""

    sender: Letterhead
    to: str
    title: str
    body: str
    date: str
    reference: str
    language: LetterLanguage = "zh"
    template: str = "letter"


@dataclass(frozen=True, slots=True)
class LetterPages:
    """The finished letter: Group-4 TIFF at 204 × 196 dpi, and each page as a PNG as it will look on paper."""

    tiff: bytes = field(repr=False)
    pngs: Sequence[bytes] = field(repr=False)


def letter_language(language: str) -> LetterLanguage:
    """The words around the letter: Chinese for every Chinese, else English."""
    return "zh" if language.lower().startswith(("zh", "yue", "cmn")) else "en"


def paragraphs(body: str) -> list[str]:
    """The body's paragraphs without what no page can show; an empty one is a gap. Leading blanks are kept as an indent."""
    lines = re.split(r"\r\n?|[\n\u2028\u2029\x0b\x0c]", body)
    kept = ["".join(c for c in line if c.isprintable() or c == "\t").expandtabs(4).rstrip() for line in lines]
    while kept and not kept[-1]:
        kept.pop()
    return kept


def break_lines(paragraph: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """The paragraph in lines of at most `width`, as `measure` sees them.

    Chinese may break anywhere, but a line never begins with a closing mark nor ends with an opening one (禁则); words stay
    whole unless one alone is longer than a line.
    """
    lines: list[str] = []
    line = ""
    for unit in _UNIT.findall(paragraph):
        if measure((line + unit).rstrip()) <= width:
            line += unit
            continue
        if line.strip():
            lines.append(line.rstrip())
        line = unit.lstrip()
        while line and measure(line) > width:
            fits = _fitting(line, width, measure)
            lines.append(line[:fits])
            line = line[fits:]
    if line.strip() or not lines:
        lines.append(line.rstrip())
    return lines


def _fitting(word: str, width: float, measure: Callable[[str], float]) -> int:
    """How many of the word's first characters fit, one at least."""
    shortest, longest = 1, len(word)
    while shortest < longest:
        middle = (shortest + longest + 1) // 2
        if measure(word[:middle]) <= width:
            shortest = middle
        else:
            longest = middle - 1
    return shortest
