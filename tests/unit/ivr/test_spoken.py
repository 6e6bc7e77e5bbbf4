"""What is read aloud: one table a language, as a listener would expect it."""

from __future__ import annotations

import pytest

from services.ivr.domain.speech import SpeechFailed, spoken_language
from services.ivr.domain.spoken import number_zh, spoken

MANDARIN = {
    "138 1234 5678": "幺三八，幺二三四，五六七八",
    "13812345678": "幺三八，幺二三四，五六七八",
    "+86 138-1234-5678": "加八六，幺三八，幺二三四，五六七八",
    "+8613812345678": "加八六，幺三八，幺二三四，五六七八",
    "请拨打95588或021-5555 0100": "请拨打九五五八八或零二幺，五五五五，零幺零零",
    "(021) 5555 0100": "零二幺，五五五五，零幺零零",
    "紧急情况请拨110": "紧急情况请拨幺幺零",
    "您的验证码4821": "您的验证码四八二幺",
    "A座1203室": "A座幺二零三室",
    "20:30": "二十点三十分",
    "周一至周五 9：00—18：05": "周一至周五 九点到十八点零五分",
    "2:00": "两点",
    "3月5日": "三月五日",
    "2026-03-05": "二零二六年三月五日",
    "2026年3月5日": "二零二六年三月五日",
    "2026-13-45": "二零二六，幺三，四五",
    "￥3,500": "三千五百元",
    "￥3,500.50": "三千五百元五角",
    "3500.05元": "三千五百元零五分",
    "¥2万": "两万元",
    "$1,200": "一千二百美元",
    "12.5%": "百分之十二点五",
    "10-20%": "百分之十到百分之二十",
    "3-5天": "三到五天",
    "2个房间，在2楼": "两个房间，在二楼",
    "100000人": "十万人",
    "按＃键": "按井号键",
    "建筑面积89㎡": "建筑面积八十九平方米",
    "您好，请问有什么可以帮您？": "您好，请问有什么可以帮您？",
}
ENGLISH = {
    "Call 138 1234 5678": "Call one three eight, one two three four, five six seven eight",
    "+86 21 5555 0100": "plus eight six, two one, five five five five, zero one zero zero",
    "call 95588": "call nine five five eight eight",
    "order number 4821": "order number four eight two one",
    "20:30": "8 30 p m",
    "8:30 pm": "8 30 p m",
    "9:00-18:05": "9 a m to 6 oh 5 p m",
    "0:00": "midnight",
    "2026-03-05": "5 March 2026",
    "￥3,500": "3500 yuan",
    "$3,500.50": "3500.50 dollars",
    "12000 yuan": "12000 yuan",
    "press # or *": "press hash or star",
}
CANTONESE = {"138 1234 5678": "一三八，一二三四，五六七八", "20:30": "二十点三十分"}


@pytest.mark.parametrize(("written", "said"), MANDARIN.items())
def test_mandarin(written: str, said: str) -> None:
    assert spoken(written, "zh") == said


@pytest.mark.parametrize(("written", "said"), ENGLISH.items())
def test_english(written: str, said: str) -> None:
    assert spoken(written, "en") == said


@pytest.mark.parametrize(("written", "said"), CANTONESE.items())
def test_cantonese_says_one_as_it_is(written: str, said: str) -> None:
    assert spoken(written, "yue") == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("0", "零"), ("10", "十"), ("11", "十一"), ("20", "二十"), ("110", "一百一十"), ("115", "一百一十五"), ("200", "二百"),
        ("1001", "一千零一"), ("1010", "一千零一十"), ("2000", "两千"), ("2200", "两千二百"), ("10050", "一万零五十"),
        ("10010", "一万零一十"), ("20000", "两万"), ("105000", "十万五千"), ("1000001", "一百万零一"), ("100000000", "一亿"),
        ("120030000", "一亿两千零三万"), ("12.05", "十二点零五"), ("1,234,567", "一百二十三万四千五百六十七"),
    ],
)  # fmt: skip
def test_numbers_in_chinese(written: str, said: str) -> None:
    assert number_zh(written) == said


@pytest.mark.parametrize(
    "text", ["9" * 300, "1-" * 500, "(((((1 2", "¥", "%#", "1:2:3:4", "٣٤٥ 12", "0.0.0.0", "1e5", "¥99999999999999.999"]
)
def test_odd_text_is_read_somehow(text: str) -> None:
    for language in ("zh", "en", "yue"):
        assert isinstance(spoken(text, language), str)


def test_tags_of_languages() -> None:
    assert [spoken_language(tag) for tag in ("zh", "zh-CN", "cmn", "zh_yue", "yue", "zh-HK", "en-GB")] == [
        "zh", "zh", "zh", "yue", "yue", "yue", "en",
    ]  # fmt: skip
    with pytest.raises(SpeechFailed):
        spoken_language("tlh")
