"""Text as it is read aloud: telephone numbers digit by digit, times, dates, amounts and keys in words.

Engines read 138 1234 5678 as three large numbers, 20:30 as "twenty thirty" and leave out ￥. What is written here is read
the same by every engine; what they read well (plain numbers in English) is left to them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Final

from services.ivr.domain.speech import SpokenLanguage

_NARROW: Final = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F) if chr(wide) not in "！（），．；？"} | {
    ord("￥"): ord("¥"), 0x3000: ord(" "),
}  # fmt: skip
"""Full-width digits, letters and signs to ASCII; punctuation that makes a pause stays."""

_DIGITS_ZH: Final = "零一二三四五六七八九"
_DIGITS_EN: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_MONTHS: Final = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
                  "November", "December")  # fmt: skip

_ISO_DATE: Final = re.compile(r"(?<![\d\-/])(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?![\d\-/])")
_TIME: Final = re.compile(r"(?<![\d:])(\d{1,2}):([0-5]\d)(?::[0-5]\d)?(?![\d:])(?:\s*([ap])\.?m\b\.?)?", re.IGNORECASE)
_GROUPED: Final = re.compile(r"(?<![A-Za-z0-9_.,])[+(]?\d[\d()]*(?:[ \-]\(?\d[\d()]*)+(?![\d.,]*\d)")
_PLAIN: Final = re.compile(r"(?<![\d.,])\+?\d{3,}(?![\d]*[.,]\d)")
_AMOUNT: Final = r"(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
_MONEY: Final = re.compile(
    rf"(¥|RMB|CNY|\$|USD|€|EUR|£|GBP|HK\$|HKD)\s?{_AMOUNT}\s*(万|亿|million|thousand)?", re.IGNORECASE
)
_YUAN: Final = re.compile(rf"{_AMOUNT}元")
_PERCENT: Final = re.compile(rf"{_AMOUNT}\s?%")
_NUMBER: Final = re.compile(_AMOUNT)
_RANGE: Final = re.compile(
    r"(?<=[\d零一二三四五六七八九十百千万点分日月年%])\s*[-–—~～]\s*(?=[\d零一二三四五六七八九十百])"
)

_PHONE_DIGITS: Final = 7  # fewer are a number, unless somebody says that it is to be dialled
_CODE_BEFORE: Final = re.compile(
    r"(?:电话|热线|拨打?|致电|号码|编号|单号|工号|验证码|密码|尾号|分机|转|门牌"
    r"|(?:dial|call|phone|hotline|number|no\.|code|ext\.?|extension|ending in|room))[\s:是为]*$",
    re.IGNORECASE,
)
_ROOM_AFTER: Final = re.compile(r"\s*(?:室|房|号房|号楼)")
_UNIT_AFTER: Final = re.compile(
    r"\s*(?:[元块人个位次户套间件米平㎡亩公吨克天年月日周小分秒万亿千百%℃度]|yuan|dollars?|euros?|pounds?|people|customers?"
    r"|square|met(?:er|re)s?|hours?|days?|minutes?|percent|times)"
)
_CURRENCIES_ZH: Final = {"¥": "元", "RMB": "元", "CNY": "元", "$": "美元", "USD": "美元", "€": "欧元", "EUR": "欧元",
                         "£": "英镑", "GBP": "英镑", "HK$": "港元", "HKD": "港元"}  # fmt: skip
_CURRENCIES_EN: Final = {"¥": "yuan", "RMB": "yuan", "CNY": "yuan", "$": "dollars", "USD": "dollars", "€": "euros",
                         "EUR": "euros", "£": "pounds", "GBP": "pounds", "HK$": "Hong Kong dollars",
                         "HKD": "Hong Kong dollars"}  # fmt: skip
_COUNTED: Final = "个位次天套间件人户年点小分周千万亿"
"""Before these a lone 2 is 两."""
_SIGNS_ZH: Final = {"#": "井号", "*": "星号", "&": "和", "㎡": "平方米", "℃": "摄氏度", "+": "加"}
_SIGNS_EN: Final = {"#": " hash ", "*": " star ", "&": " and ", "㎡": " square metres", "℃": " degrees Celsius"}


def spoken(text: str, language: SpokenLanguage) -> str:
    """The text in words an engine of that language cannot misread."""
    narrow = text.translate(_NARROW)
    return _english(narrow) if language == "en" else _chinese(narrow, "幺" if language == "zh" else "一")


def _chinese(text: str, one: str) -> str:
    def digits(number: str) -> str:
        said = "，".join(re.findall(r"\d+", number)).translate(_ZH)
        return ("加" if number.startswith("+") else "") + said.replace("一", one)

    text = _ISO_DATE.sub(_date_zh, text)
    text = re.sub(r"(?<!\d)(\d{4})(?=年)", lambda found: found[1].translate(_ZH), text)
    text = _TIME.sub(_time_zh, text)
    text = _MONEY.sub(lambda found: _money_zh(found[2], found[3] or "", _CURRENCIES_ZH[found[1].upper()]), text)
    text = _dialled(text, digits)
    text = _YUAN.sub(lambda found: _money_zh(found[1], "", "元"), text)
    text = re.sub(rf"{_AMOUNT}%?\s*[-–—~～]\s*(?={_AMOUNT}%)", lambda found: found[1] + "%到", text)
    text = _RANGE.sub("到", text)
    text = _PERCENT.sub(lambda found: "百分之" + number_zh(found[1]), text)
    text = _NUMBER.sub(_number_in_zh, text)
    return _signs(text, _SIGNS_ZH)


def _english(text: str) -> str:
    def digits(number: str) -> str:
        groups = [" ".join(_DIGITS_EN[int(digit)] for digit in group) for group in re.findall(r"\d+", number)]
        return ("plus " if number.startswith("+") else "") + ", ".join(groups)

    text = _ISO_DATE.sub(_date_en, text)
    text = re.sub(r"(?<=\d)\s*[-–—~]\s*(?=\d{1,2}:\d\d)", " to ", text)
    text = _TIME.sub(_time_en, text)
    text = _MONEY.sub(
        lambda found: (
            f"{found[2].replace(',', '')}{' ' + found[3] if found[3] else ''} {_CURRENCIES_EN[found[1].upper()]}"
        ),
        text,
    )
    text = _dialled(text, digits)
    text = re.sub(r"\d{1,3}(?:,\d{3})+", lambda found: found[0].replace(",", ""), text)
    return _signs(text, _SIGNS_EN)


_ZH: Final = {ord("0") + value: digit for value, digit in enumerate(_DIGITS_ZH)}


def _dialled(text: str, digits: Callable[[str], str]) -> str:
    """Numbers that are dialled or spelt, by their look or the word before them, read digit by digit."""

    def grouped(found: re.Match[str]) -> str:
        return digits(found[0]) if sum(map(str.isdigit, found[0])) >= _PHONE_DIGITS else found[0]

    def plain(found: re.Match[str]) -> str:
        before, after = found.string[: found.start()], found.string[found.end() :]
        number = found[0]
        counted = _UNIT_AFTER.match(after) is not None and not number.startswith(("0", "+"))
        long = len(number) >= 5 or number.startswith(("0", "+"))
        if _ROOM_AFTER.match(after) or (not counted and (long or _CODE_BEFORE.search(before))):
            return digits(_in_groups(number))
        return number

    return _PLAIN.sub(plain, _GROUPED.sub(grouped, text))


def _in_groups(number: str) -> str:
    """A number written without spaces in the groups people say: mobiles 3-4-4, others by four from the end."""
    sign, plain = ("+", number[1:]) if number.startswith("+") else ("", number)
    if len(plain) < _PHONE_DIGITS:
        return number
    if len(plain) > 11 and sign and plain.startswith("86"):
        return f"+86 {_in_groups(plain[2:])}"
    head = len(plain) % 4 or 4
    return sign + " ".join([plain[:head], *(plain[i : i + 4] for i in range(head, len(plain), 4))])


def number_zh(written: str) -> str:
    """A number in Chinese words: "12.5" → 十二点五, "3,500" → 三千五百, "10050" → 一万零五十."""
    whole, _, fraction = written.replace(",", "").partition(".")
    said = _whole_zh(int(whole))
    return f"{said}点{fraction.translate(_ZH)}" if fraction else said


def _whole_zh(value: int) -> str:
    if value < 10_000:
        return _below_ten_thousand(value)
    for size, unit in ((100_000_000, "亿"), (10_000, "万")):
        if value >= size:
            head, rest = divmod(value, size)
            said = ("两" if head == 2 else _whole_zh(head)) + unit
            if not rest:
                return said
            return said + ("零" if rest < size // 10 else "") + _full(_whole_zh(rest), rest)
    raise AssertionError("every number has a size")


def _full(said: str, value: int) -> str:
    """Within a larger number ten is 一十."""
    return f"一{said}" if 10 <= value < 20 else said


def _below_ten_thousand(value: int) -> str:
    if value == 0:
        return "零"
    said, gap = "", False
    for size, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, value = divmod(value, size)
        if digit == 0:
            gap = bool(said)
            continue
        said += "零" if gap else ""
        gap = False
        name = "两" if digit == 2 and size == 1000 else _DIGITS_ZH[digit]
        said += ("" if digit == 1 and size == 10 and not said else name) + unit
    return said


def _number_in_zh(found: re.Match[str]) -> str:
    written, after = found[1], found.string[found.end() : found.end() + 1]
    if written == "2" and after and after in _COUNTED:
        return "两"
    return written.translate(_ZH) if written.startswith("0") and "." not in written else number_zh(written)


def _money_zh(written: str, size: str, currency: str) -> str:
    amount = Decimal(written.replace(",", ""))
    cents = round(amount * 100)
    size = {"million": "百万", "thousand": "千"}.get(size.lower(), size)
    if size or currency != "元" or amount != Decimal(cents) / 100 or cents < 100 or cents % 100 == 0:
        whole = amount == int(amount)
        said = "两" if amount == 2 else number_zh(str(int(amount)) if whole else str(amount.normalize()))
        return said + size + currency
    jiao, fen = divmod(cents % 100, 10)
    said = number_zh(str(cents // 100)) + "元" + (f"{_DIGITS_ZH[jiao]}角" if jiao else "零")
    return said + (f"{_DIGITS_ZH[fen]}分" if fen else "")


def _date_zh(found: re.Match[str]) -> str:
    if (day := _real_date(found)) is None:
        return found[0]
    return f"{found[1].translate(_ZH)}年{number_zh(str(day.month))}月{number_zh(str(day.day))}日"


def _date_en(found: re.Match[str]) -> str:
    day = _real_date(found)
    return found[0] if day is None else f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _real_date(found: re.Match[str]) -> date | None:
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None


def _time_zh(found: re.Match[str]) -> str:
    hour, minute = int(found[1]), int(found[2])
    if hour > 24:
        return found[0]
    hour += 12 if (found[3] or "").lower() == "p" and hour < 12 else 0
    said = ("两" if hour == 2 else number_zh(str(hour))) + "点"
    return said + ("" if minute == 0 else ("零" if minute < 10 else "") + number_zh(str(minute)) + "分")


def _time_en(found: re.Match[str]) -> str:
    hour, minute, half = int(found[1]), int(found[2]), (found[3] or "").lower()
    if hour > 24:
        return found[0]
    if not half and minute == 0 and hour in (0, 12, 24):
        return "12 noon" if hour == 12 else "midnight"
    half = half or ("p" if 12 <= hour < 24 else "a")
    said = f" oh {minute}" if 0 < minute < 10 else f" {minute}" if minute else ""
    return f"{hour % 12 or 12}{said} {half} m"


def _signs(text: str, signs: dict[str, str]) -> str:
    for sign, said in signs.items():
        text = text.replace(sign, said)
    return re.sub(r" {2,}", " ", text).strip()
