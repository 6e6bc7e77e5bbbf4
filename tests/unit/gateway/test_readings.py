"""Reading pages: turned, crooked and dirty ones too; what is not there to be read says so; nothing is waited for too long."""

from __future__ import annotations

import io
import shutil
from functools import cache

import numpy
import pytest
from PIL import Image, ImageDraw, ImageFont

from services.gateway.adapters.letters import _fonts
from services.gateway.adapters.reading import PageReader
from services.gateway.domain.readings import NOT_READ, PageReading, Word, excerpt, reading_of, text_of, upright

reads = pytest.mark.skipif(shutil.which("tesseract") is None, reason="no Tesseract here")
TEXT = ("Dear Sir or Madam,", "the heating in flat 1203 has been cold since Monday.", "Please send somebody this week and",
        "confirm the appointment by telephone.", "Kind regards, Wang Fang")  # fmt: skip


@cache
def written() -> Image.Image:
    """A typed page, 150 dots an inch."""
    page = Image.new("L", (1240, 1754), 255)
    (regular, *_), _chinese = _fonts()
    font = ImageFont.truetype(regular[0], 30, index=regular[1]) if regular else ImageFont.load_default(30)
    for number, line in enumerate(TEXT * 3):
        ImageDraw.Draw(page).text((120, 150 + 70 * number), line, 0, font)
    return page


def png(page: Image.Image) -> bytes:
    file = io.BytesIO()
    page.save(file, "PNG")
    return file.getvalue()


def dirty(page: Image.Image) -> Image.Image:
    dots = numpy.asarray(page).copy()
    dots[numpy.random.default_rng(7).random(dots.shape) < 0.006] = 0
    return Image.fromarray(dots)


@reads
@pytest.mark.parametrize("damage", ["none", "turned", "crooked", "dirty"])
async def test_pages_are_read_however_they_come(damage: str) -> None:
    page = {
        "none": lambda p: p, "turned": lambda p: p.rotate(180), "crooked": lambda p: p.rotate(2.5, fillcolor=255), "dirty": dirty,
    }[damage](written())  # fmt: skip
    (read,) = await PageReader("chi_sim+eng", 5, 120).read([png(page)])
    assert read.reading.turned == (damage == "turned")
    assert "heating in flat 1203 has been cold since Monday" in " ".join((read.reading.text or "").split())
    assert (read.reading.confidence or 0) > 75
    shown = Image.open(io.BytesIO(read.png)).convert("L")
    if damage == "turned":
        assert shown.tobytes() == written().tobytes()  # people see it upright too


@reads
async def test_blank_pages_and_those_beyond_the_limits() -> None:
    blank = png(Image.new("L", (1240, 1754), 255))
    pages = await PageReader("eng", 1, 120).read([blank, blank])
    assert [page.reading for page in pages] == [PageReading(""), NOT_READ]
    assert [page.reading for page in await PageReader("eng", 5, -1).read([png(written())])] == [NOT_READ]


async def test_without_a_reader_pages_come_back_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    for languages in ("chi_sim+eng", "klingon"):
        (page,) = await PageReader(languages, 5, 60).read([png(written())])
        assert page.reading == NOT_READ


def test_chinese_is_put_together_without_the_readers_blanks() -> None:
    words = [
        Word((1, 1, 1), "租", 90.0), Word((1, 1, 1), "金", 80.0), Word((1, 1, 1), "CNY", 90.0), Word((1, 1, 1), "3,500", 90.0),
        Word((1, 1, 2), "已", 60.0), Word((2, 1, 1), "Thanks", 95.0),
    ]  # fmt: skip
    reading = reading_of(words)
    assert reading.text == "租金 CNY 3,500\n已\n\nThanks"
    assert reading.confidence == pytest.approx((90 + 80 + 270 + 450 + 60 + 570) / 17, abs=0.1)
    assert reading_of([]) == PageReading("", None)


def test_only_far_better_is_believed_to_be_upside_down() -> None:
    came, little, far = PageReading("a", 50.0), PageReading("b", 60.0), PageReading("c", 80.0)
    assert upright(came, little) == came
    assert upright(came, far) == PageReading("c", 80.0, turned=True)
    assert upright(PageReading(""), PageReading("")) == PageReading("")


def test_the_documents_text_is_what_was_read_and_not_too_much() -> None:
    assert text_of([PageReading("one", 90.0), NOT_READ, PageReading(""), PageReading("two", 80.0)]) == "one\n\ntwo"
    assert text_of([NOT_READ, PageReading("")]) is None
    assert len(text_of([PageReading("x" * 30_000, 90.0)]) or "") == 16_000


@pytest.mark.parametrize(
    ("text", "sought", "found"),
    [
        ("租金 CNY 3,500 已到账", "cny3,500", "租金 CNY 3,500 已到账"),
        ("x" * 100 + " 热 水\n器 " + "y" * 100, "热水器", f"…{'x' * 39} 热 水 器 {'y' * 39}…"),
        ("nothing of it", "absent", "nothing of it"),
        ("", "absent", ""),
    ],
)
def test_excerpts(text: str, sought: str, found: str) -> None:
    assert excerpt(text, sought) == found
