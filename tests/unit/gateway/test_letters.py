"""Letters: where lines break, what does not fit, and that the other side's machine prints something people (and OCR) can read."""

from __future__ import annotations

import dataclasses
import difflib
import io
import re
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from services.gateway.adapters import letters
from services.gateway.adapters.letters import LetterDrawer, _fonts
from services.gateway.adapters.pages import render
from services.gateway.adapters.reading import PageReader
from services.gateway.domain.documents import TIFF
from services.gateway.domain.letters import Letter, Letterhead, LetterRefused, break_lines, letter_language, paragraphs
from services.gateway.domain.readings import text_of

chinese = pytest.mark.skipif(not _fonts()[1], reason="no font with Chinese characters here")
reads = pytest.mark.skipif(shutil.which("tesseract") is None, reason="no Tesseract here")

ZH = Letter(
    Letterhead("上海金丰易居房产服务有限公司", "上海市徐汇区漕溪北路 333 号 12 楼", "021-5555 0100", "021-5555 0101"),
    "+86 21 6000 1000",
    "关于您的租金账单与维修申请的答复",
    "尊敬的王女士：\n\n您好！感谢您于2026年3月2日发来的传真。\n\n您租住的房屋本期租金为人民币3,500元，付款日为每月5日。"
    "您3月1日支付的款项已经到账，账单上的滞纳金系统误计，我们已经冲销，下期账单将如实显示。\n\n维修师傅将于星期五下午两点至四点上门，"
    "届时会提前半小时致电与您确认。如果这个时间不方便，请拨打客服热线，或者直接回复本传真。\n\n再次感谢您的耐心与信任。",
    "2026年3月5日", "F-6D9C2D2E", "zh",
)  # fmt: skip
EN = Letter(
    Letterhead("Jinfeng Realty Services", "12F, 333 North Caoxi Road, Shanghai", "+86 21 5555 0100"),
    "+44 20 7946 0018",
    "Your rent statement and repair request",
    "Dear Ms Wang,\n\nthank you for your fax of 2 March 2026. The rent of your flat is CNY 3,500 a month, due on the 5th. Your "
    "payment of 1 March has arrived; the late fee was charged in error and has been cancelled.\n\nOur technician will visit you "
    "on Friday between 2 and 4 p.m. and will call half an hour before. If this does not suit you, simply answer this fax.",
    "5 March 2026", "F-6D9C2D2E", "en",
)  # fmt: skip


def by_character(text: str) -> float:
    return sum(2.0 if character >= "\u2e80" else 1.0 for character in text)


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 10, [""]),
        ("one two three", 8, ["one two", "three"]),
        ("租金已经到账，谢谢", 12, ["租金已经到", "账，谢谢"]),  # the comma goes with its character
        ("请看《合同》第三条", 6, ["请看", "《合", "同》第", "三条"]),  # no line ends with 《
        ("付款日。您3月付", 11, ["付款日。您", "3月付"]),  # a date stays whole
        ("无法断开abcdefgh", 8, ["无法断开", "abcdefgh"]),
        ("abcdefghijklmno", 6, ["abcdef", "ghijkl", "mno"]),
        ("    two blanks kept", 10, ["    two", "blanks", "kept"]),
    ],
)
def test_where_lines_break(text: str, width: float, lines: list[str]) -> None:
    assert break_lines(text, width, by_character) == lines


@given(st.text("ab 租金，。（）《》1.5", max_size=60), st.integers(4, 30))
def test_lines_keep_every_character_in_order_and_fit(text: str, width: int) -> None:
    lines = break_lines(text, width, by_character)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(by_character(line) <= width or len(line) == 1 for line in lines)


def test_paragraphs_are_what_paper_can_show() -> None:
    assert paragraphs("a\r\nb\rc\n\n\x07d\te\n\n\n") == ["a", "b", "c", "", "d   e"]
    assert paragraphs("") == []


def test_languages_around_the_letter() -> None:
    assert [letter_language(tag) for tag in ("zh", "zh-yue", "yue", "en", "en-GB", "fr")] == [
        "zh",
        "zh",
        "zh",
        "en",
        "en",
        "en",
    ]


@chinese
async def test_pages_are_as_a_fax_line_wants_them() -> None:
    long = dataclasses.replace(EN, body="\n\n".join([EN.body] * 5))
    drawn = await LetterDrawer().compose(long, 5)
    with Image.open(io.BytesIO(drawn.tiff)) as tiff:
        frames = getattr(tiff, "n_frames", 1)
        assert (frames, len(drawn.pngs)) == (2, 2)
        for frame in range(frames):
            tiff.seek(frame)
            assert (tiff.size, tiff.mode, tiff.info["compression"]) == ((1728, 2292), "1", "group4")
            tags = tiff.tag_v2  # type: ignore[attr-defined]
            assert (tags[262], tags[282], tags[283], len(tags[273])) == (0, 204, 196, 1)
    assert len(drawn.tiff) < 100_000  # half a minute a page on a slow line
    shown = await render(drawn.tiff, TIFF, 5)  # as received pages are shown: the same picture
    assert Image.open(io.BytesIO(shown[0])).size == Image.open(io.BytesIO(drawn.pngs[0])).size


@chinese
async def test_the_same_letter_is_the_same_bytes() -> None:
    drawer = LetterDrawer()
    assert (await drawer.compose(ZH, 5)).tiff == (await drawer.compose(ZH, 5)).tiff


@pytest.mark.parametrize(
    ("changes", "limit", "reason"),
    [
        ({"template": "poster"}, 5, "no_template"),
        ({"body": "long\n" * 2_000}, 5, "too_long"),
        ({"body": "long\n" * 200}, 1, "too_long"),
    ],
)
async def test_letters_that_are_not_made(changes: dict[str, str], limit: int, reason: str) -> None:
    with pytest.raises(LetterRefused) as refused:
        await LetterDrawer().compose(dataclasses.replace(EN, **changes), limit)
    assert refused.value.reason == reason


async def test_without_chinese_fonts_english_goes_and_chinese_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letters, "_fonts", lambda: ([None, None], False))
    assert len((await LetterDrawer().compose(EN, 5)).pngs) == 1
    with pytest.raises(LetterRefused) as refused:
        await LetterDrawer().compose(ZH, 5)
    assert refused.value.reason == "no_font"


@chinese
@pytest.mark.parametrize(
    "body",
    ["", "x" * 8_000, "，" * 500 + "　" * 200 + "字\x00\x1b[31m\u202e反" + "😀🏠" * 40],
    ids=["empty", "word", "odd"],
)
async def test_odd_bodies_make_a_page_or_more(body: str) -> None:
    assert await LetterDrawer().compose(dataclasses.replace(ZH, body=body), 9)


@chinese
@reads
@pytest.mark.parametrize("letter", [ZH, EN], ids=["zh", "en"])
async def test_what_was_written_is_read_back_from_the_fax(letter: Letter) -> None:
    """Drawn, packed as Group 4, unpacked as any received fax, read: at least nine of ten characters are there, in order."""
    drawn = await LetterDrawer().compose(letter, 5)
    read = await PageReader("chi_sim+eng", 5, 120).read(await render(drawn.tiff, TIFF, 5))
    text, written = (
        _letters_only(text_of([page.reading for page in read]) or ""),
        _letters_only(letter.title + letter.body),
    )
    blocks = difflib.SequenceMatcher(None, written, text, autojunk=False).get_matching_blocks()
    assert sum(block.size for block in blocks) / len(written) >= 0.9
    assert (read[0].reading.confidence or 0) > 75


def _letters_only(text: str) -> str:
    return "".join(re.findall(r"\w", text.lower()))
