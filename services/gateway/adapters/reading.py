"""Reads pages with Tesseract, where it is installed: straightened, cleaned of speckles, turned when they came upside down.

Reading helps routing and search and is never waited for long: a page that is not read in time is a page without text.
"""

from __future__ import annotations

import asyncio
import csv
import io
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy
from PIL import Image

from services.gateway.domain.readings import NOT_READ, SURE, PageReading, Word, reading_of, upright
from shared import telemetry
from shared.child_process import ChildFailed, run_program

log = telemetry.logger("gateway")

AT_ONCE: Final = 2
"""Pages read at the same time by one instance."""
PAGE_SECONDS: Final = 30.0
_ENLARGED: Final = 1.5  # of 150 dpi: the size the reader was trained on
_SHORTER_SIDE: Final = 3_000  # px, after which enlarging stops
_INK: Final = 160  # grey below this is ink
_LEAST_INK: Final = 0.0004  # of the page: less is a blank sheet with dust
_ANGLES: Final = numpy.arange(-4.0, 4.01, 0.5)  # degrees a sheet is drawn in crooked
_STRAIGHT: Final = 0.4  # degrees not worth turning for


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page with its picture as it is to be shown."""

    png: bytes
    reading: PageReading


class PageReader:
    """`languages`: Tesseract's names, best first; those not installed are left out. Nothing installed: nothing is read."""

    def __init__(self, languages: str, pages_limit: int, seconds: float) -> None:
        self._wanted = languages.split("+")
        self._pages_limit = pages_limit
        self._seconds = seconds
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._languages: str | None = None

    async def read(self, pngs: Sequence[bytes]) -> list[ReadPage]:
        """The pages in order; those beyond the limits of number or time come back unread."""
        languages = await self._installed()
        deadline = time.monotonic() + self._seconds
        read = await asyncio.gather(
            *(self._page(png, languages, deadline) for png in pngs[: self._pages_limit] if languages)
        )
        return [*read, *(ReadPage(png, NOT_READ) for png in pngs[len(read) :])]

    async def _installed(self) -> str:
        if self._languages is None:
            try:
                listed = (
                    (await run_program("tesseract", "--list-langs", given=b"", seconds=PAGE_SECONDS)).decode().split()
                )
            except (FileNotFoundError, ChildFailed):
                listed = []
            self._languages = "+".join(language for language in self._wanted if language in listed)
            if not self._languages:
                log.warning("faxes are not read: no Tesseract with the wanted languages here", wanted=self._wanted)
        return self._languages

    async def _page(self, png: bytes, languages: str, deadline: float) -> ReadPage:
        async with self._turns:
            if time.monotonic() > deadline:
                telemetry.count("ucc_pages_read_total", outcome="too_late")
                return ReadPage(png, NOT_READ)
            try:
                page = await _read_page(png, languages)
            except (ChildFailed, FileNotFoundError) as error:
                log.warning("a page was not read", error=str(error))
                telemetry.count("ucc_pages_read_total", outcome="failed")
                return ReadPage(png, NOT_READ)
        telemetry.count("ucc_pages_read_total", outcome="turned" if page.reading.turned else "read")
        return page


async def _read_page(png: bytes, languages: str) -> ReadPage:
    prepared = await asyncio.to_thread(_prepared, png)
    if prepared is None:
        return ReadPage(png, PageReading(""))
    reading = await _recognised(prepared, languages)
    if reading.confidence is None or reading.confidence < SURE:
        other = await _recognised(prepared.transpose(Image.Transpose.ROTATE_180), languages)
        reading = upright(reading, other)
    return ReadPage(await asyncio.to_thread(_turned, png) if reading.turned else png, reading)


def _prepared(png: bytes) -> Image.Image | None:
    """The page as the reader likes it; None for a blank one."""
    with Image.open(io.BytesIO(png)) as image:
        page = image.convert("L")
    ink = numpy.asarray(page) < _INK
    if ink.mean() < _LEAST_INK:
        return None
    specks = _specks(ink)
    page.paste(255, mask=Image.fromarray(specks))
    ink &= ~specks
    angle = _crooked_by(ink)
    if abs(angle) >= _STRAIGHT:
        page = page.rotate(angle, Image.Resampling.BICUBIC, fillcolor=255)
    factor = min(_ENLARGED, _SHORTER_SIDE / min(page.size))
    return page.resize((round(page.width * factor), round(page.height * factor)), Image.Resampling.LANCZOS)


def _specks(ink: numpy.ndarray) -> numpy.ndarray:
    """Single dots, which letters do not have and a bad line does. (A median filter would thin the strokes too.)"""
    padded = numpy.pad(ink, 1)
    around = padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:]
    return ink & ~around


def _crooked_by(ink: numpy.ndarray) -> float:
    """Degrees to turn the page by so that its lines lie level: at that angle rows are either full or empty."""
    small = Image.fromarray((ink * 255).astype(numpy.uint8)).reduce(4)

    def levelness(angle: float) -> float:
        rows = numpy.asarray(small.rotate(float(angle), Image.Resampling.BILINEAR)).astype(float).sum(axis=1)
        return float((numpy.diff(rows) ** 2).sum())

    return float(max(_ANGLES, key=lambda angle: (levelness(angle), -abs(angle))))


def _turned(png: bytes) -> bytes:
    with Image.open(io.BytesIO(png)) as image:
        file = io.BytesIO()
        image.transpose(Image.Transpose.ROTATE_180).save(file, "PNG")
    return file.getvalue()


async def _recognised(page: Image.Image, languages: str) -> PageReading:
    file = io.BytesIO()
    await asyncio.to_thread(page.save, file, "PNG", compress_level=1)
    out = await run_program(
        "nice", "-n", "10", "tesseract", "stdin", "stdout", "-l", languages, "--psm", "3", "--dpi", "225", "tsv",
        given=file.getvalue(), seconds=PAGE_SECONDS, OMP_THREAD_LIMIT="1",
    )  # fmt: skip
    return reading_of(_words(out.decode(errors="replace")))


def _words(tsv: str) -> list[Word]:
    """Tesseract's table: level 5 are words; a confidence of -1 is no word."""
    rows = csv.DictReader(io.StringIO(tsv), delimiter="\t", quoting=csv.QUOTE_NONE)
    return [
        Word(
            (int(row["block_num"]), int(row["par_num"]), int(row["line_num"])), row["text"].strip(), float(row["conf"])
        )
        for row in rows
        if row["level"] == "5" and float(row["conf"]) >= 0 and (row["text"] or "").strip()
    ]
