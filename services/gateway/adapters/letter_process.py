"""Draws a letter at the resolution a fax machine has, as a process of its own (seconds of work, tens of megabytes).

Drawn twice as fine as it is sent and reduced to black and white once, so that thin strokes of Chinese characters stay
whole; through a PDF they would be rasterised for another grid and thinned. JSON on standard input; on standard output a
JSON line with sizes (or what is wrong), then the TIFF and a PNG a page.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from PIL import Image, ImageDraw, ImageFont

from services.gateway.domain.letters import Letter, Letterhead, LetterRefused, break_lines, paragraphs

FAX_WIDTH: Final = 1728  # dots of a fax line: 215 mm at 204 dpi
FAX_DPI: Final = (204, 196)
FAX_LINES: Final = 2292  # A4 at 196 lines an inch
_DPI: Final = 408
_INK_BELOW: Final = 150  # of 255: a little more than half, because thin strokes suffer most on the way
_PREVIEW_WIDTH: Final = 1240

_LEFT, _RIGHT = 22.0, 20.0  # mm; many machines cut off up to 5
_PAGE = (FAX_WIDTH / FAX_DPI[0] * 25.4, 297.0)
_BODY_POINTS, _FOOT_POINTS = 12.5, 9.5
_LEADING: Final = {"zh": 1.62, "en": 1.42}
_BODY_END: Final = 270.0  # mm
_WORDS: Final = {
    "zh": {"fax": "传 真", "to": "致", "date": "日期", "reference": "编号", "pages": "页数", "page": "第 {n} 页，共 {of} 页",
           "quote": "回复时请注明编号 {reference}", "unclear": "如有缺页或字迹不清，请致电 {phone}", "tel": "电话", "telefax": "传真"},
    "en": {"fax": "FAX", "to": "To", "date": "Date", "reference": "Ref.", "pages": "Pages", "page": "Page {n} of {of}",
           "quote": "Please quote {reference} in your reply", "unclear": "Pages missing or hard to read? Call {phone}",
           "tel": "Tel.", "telefax": "Fax"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fonts:
    """Files (with the face's number within) of a regular and a bold font; None: the one that comes with Pillow, Latin only."""

    regular: tuple[str, int] | None
    bold: tuple[str, int] | None
    chinese: bool

    @cache  # noqa: B019 - one object in a short process
    def of(self, points: float, bold: bool = False) -> ImageFont.FreeTypeFont:
        pixels = points / 72 * _DPI
        found = self.bold if bold else self.regular
        if found is None:
            fallback = ImageFont.load_default(pixels)
            assert isinstance(fallback, ImageFont.FreeTypeFont)
            return fallback
        return ImageFont.truetype(found[0], pixels, index=found[1])


def dots(mm: float) -> float:
    return mm / 25.4 * _DPI


class _Page:
    """One sheet in the making; positions in mm from its upper left corner, text by its baseline."""

    def __init__(self, fonts: Fonts) -> None:
        self.image = Image.new("L", (2 * FAX_WIDTH, round(dots(_PAGE[1]))), 255)
        self._draw = ImageDraw.Draw(self.image)
        self._fonts = fonts

    def text(self, x: float, y: float, text: str, points: float, *, bold: bool = False, anchor: str = "ls") -> None:
        self._draw.text((dots(x), dots(y)), text, 0, self._fonts.of(points, bold), anchor)

    def rule(self, y: float, thick: float, left: float = _LEFT) -> None:
        self._draw.rectangle((dots(left), dots(y), dots(_PAGE[0] - _RIGHT), dots(y + thick)), 0)

    def emblem(self, x: float, y: float, size: float, letter: str) -> None:
        """The sender's mark: a house's outline with the first letter of the name cut out."""
        left, top, right, bottom = (dots(v) for v in (x, y, x + size, y + size))
        roof = top + (bottom - top) * 0.34
        self._draw.polygon([((left + right) / 2, top), (right, roof), (right, bottom), (left, bottom), (left, roof)], 0)
        font = self._fonts.of(size * 1.45, bold=True)
        box = font.getbbox(letter)  # centred by its ink: a font's own middle is that of its tallest letters
        x_ink, y_ink = (
            (left + right - box[0] - box[2]) / 2,
            (roof + bottom - (bottom - roof) * 0.06 - box[1] - box[3]) / 2,
        )
        self._draw.text((x_ink, y_ink), letter, 255, font)

    def sent(self) -> Image.Image:
        """As the other side will print it."""
        reduced = self.image.resize((FAX_WIDTH, FAX_LINES), Image.Resampling.BOX)
        return reduced.point([0 if grey < _INK_BELOW else 255 for grey in range(256)]).convert(
            "1", dither=Image.Dither.NONE
        )


@dataclass(frozen=True, slots=True)
class _Line:
    """`advance` in mm; `widows`: the last but one of its paragraph, which would leave the last alone on the next page."""

    text: str
    advance: float
    widows: bool


def draw(letter: Letter, fonts: Fonts, pages_limit: int) -> list[Image.Image]:
    """The letter's pages, black and white, as they are sent. Raises LetterRefused."""
    if not fonts.chinese and any(
        map(_needs_chinese, (letter.body, letter.title, letter.sender.name, letter.sender.address))
    ):
        raise LetterRefused("no_font", "no font with Chinese characters is installed on this machine")
    measure = _measure(fonts, _BODY_POINTS)
    width = dots(_PAGE[0] - _LEFT - _RIGHT)
    step = _BODY_POINTS / 72 * 25.4 * _LEADING[letter.language]
    lines: list[_Line] = []
    for paragraph in paragraphs(letter.body):
        broken = break_lines(paragraph, width, measure) if paragraph else [""]
        for n, line in enumerate(broken, 1):
            advance = step * (0.55 if not paragraph else 1.18 if n == len(broken) else 1.0)
            lines.append(_Line(line, advance, widows=n == len(broken) - 1))
    sheets: list[_Page] = []
    page, y = _first_page(letter, fonts)
    for line in lines:
        room = line.advance + (step if line.widows else 0)
        if y + room > _BODY_END:
            if not line.text:
                continue
            sheets.append(page)
            if len(sheets) >= pages_limit:
                raise LetterRefused("too_long", f"the letter is longer than {pages_limit} pages")
            page, y = _next_page(letter, fonts)
        y += line.advance
        page.text(_LEFT, y - max(0.0, line.advance - step), line.text, _BODY_POINTS)
    sheets.append(page)
    for number, sheet in enumerate(sheets, 1):
        _foot(sheet, letter, number, len(sheets))
    return [sheet.sent() for sheet in sheets]


def _needs_chinese(text: str) -> bool:
    return any(character >= "\u2e80" for character in text)


def _measure(fonts: Fonts, points: float, bold: bool = False) -> Callable[[str], float]:
    return fonts.of(points, bold).getlength


def _first_page(letter: Letter, fonts: Fonts) -> tuple[_Page, float]:
    """Letterhead, what the machine room wants to know, and the title; and where the body begins (mm)."""
    words, sender, page = _WORDS[letter.language], letter.sender, _Page(fonts)
    right = _PAGE[0] - _RIGHT
    page.emblem(_LEFT, 14, 14, sender.name[:1].upper())
    page.text(right, 26.5, words["fax"], 22, bold=True, anchor="rs")
    room = dots(right - _LEFT - 18) - fonts.of(22, True).getlength(words["fax"]) - dots(6)
    size = next((p for p in (19, 17, 15, 13, 11) if _measure(fonts, p, True)(sender.name) <= room), 10)
    page.text(_LEFT + 18, 21.5, _cut(sender.name, room, _measure(fonts, size, True)), size, bold=True)
    numbers = [
        f"{words[label]} {number}" for label, number in (("tel", sender.phone), ("telefax", sender.fax)) if number
    ]
    under = "    ".join(part for part in (sender.address, *numbers) if part)
    page.text(_LEFT + 18, 27.6, _cut(under, room, _measure(fonts, _FOOT_POINTS)), _FOOT_POINTS)
    page.rule(32, 0.9)
    middle = _LEFT + (right - _LEFT) * 0.56
    for x, y, label, value in (
        (_LEFT, 39.5, words["to"], letter.to),
        (middle, 39.5, words["date"], letter.date),
        (_LEFT, 46.5, words["reference"], letter.reference),
        (middle, 46.5, words["pages"], "{of}"),
    ):
        page.text(x, y, label, 10.5)
        if value != "{of}":
            page.text(x + 15, y, value, 11.5, bold=True)
    page.rule(50.5, 0.25)
    y = 61.0
    for line in break_lines(letter.title.strip(), dots(right - _LEFT), _measure(fonts, 16, True)):
        page.text(_LEFT, y, line, 16, bold=True)
        y += 8.2
    return page, y - 3.6


def _next_page(letter: Letter, fonts: Fonts) -> tuple[_Page, float]:
    page = _Page(fonts)
    half = dots(_PAGE[0] - _LEFT - _RIGHT) * 0.55
    page.text(_LEFT, 19, _cut(letter.title.strip(), half, _measure(fonts, 10.5, True)), 10.5, bold=True)
    page.text(_PAGE[0] - _RIGHT, 19, f"{letter.reference}    {letter.date}", 10.5, anchor="rs")
    page.rule(22, 0.25)
    return page, 27.0


def _foot(page: _Page, letter: Letter, number: int, of: int) -> None:
    words = _WORDS[letter.language]
    if number == 1:
        page.text(_LEFT + (_PAGE[0] - _RIGHT - _LEFT) * 0.56 + 15, 46.5, str(of), 11.5, bold=True)
    page.rule(277, 0.25)
    said = words["quote"].format(reference=letter.reference)
    if letter.sender.phone:
        said += "    " + words["unclear"].format(phone=letter.sender.phone)
    page.text(_LEFT, 282.5, said, _FOOT_POINTS)
    page.text(_PAGE[0] - _RIGHT, 282.5, words["page"].format(n=number, of=of), _FOOT_POINTS, bold=True, anchor="rs")


def _cut(text: str, width: float, measure: Callable[[str], float]) -> str:
    if measure(text) <= width:
        return text
    return next((text[:n] + "…" for n in range(len(text), 0, -1) if measure(text[:n] + "…") <= width), "")


def group4(pages: list[Image.Image]) -> bytes:
    """One TIFF as fax programs expect it: Group 4, white is zero, one strip a page, the resolution of the line."""
    file = io.BytesIO()
    tags: dict[int, Any] = {262: 0, 254: 2}
    pages[0].save(
        file, "TIFF", compression="group4", dpi=FAX_DPI, save_all=True, append_images=pages[1:], tiffinfo=tags,
        strip_size=FAX_WIDTH // 8 * FAX_LINES,
    )  # fmt: skip
    return file.getvalue()


def png(page: Image.Image) -> bytes:
    """The page with square dots, as wide as pages of received faxes are shown."""
    height = round(page.height * _PREVIEW_WIDTH / FAX_WIDTH * FAX_DPI[0] / FAX_DPI[1])
    file = io.BytesIO()
    page.convert("L").resize((_PREVIEW_WIDTH, height), Image.Resampling.BILINEAR, reducing_gap=2.0).save(
        file, "PNG", optimize=True
    )
    return file.getvalue()


def main(asked: Mapping[str, Any]) -> None:
    letter = Letter(**{**asked["letter"], "sender": Letterhead(**asked["letter"]["sender"])})
    fonts = Fonts(*(tuple(font) if font else None for font in asked["fonts"]), chinese=asked["chinese"])
    parts: list[bytes] = []
    try:
        pages = draw(letter, fonts, asked["pages_limit"])
        parts = [group4(pages), *map(png, pages)]
        head: dict[str, Any] = {"sizes": [len(part) for part in parts]}
    except LetterRefused as refused:
        head = {"reason": refused.reason, "detail": str(refused)}
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + b"".join(parts))


if __name__ == "__main__":
    main(json.load(sys.stdin))
