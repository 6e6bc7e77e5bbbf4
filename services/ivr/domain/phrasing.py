"""The words every dialogue needs and no author should write twice: keys announced, values read back, misses excused."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

from services.ivr.domain.dialogue import PLACEHOLDER_DEAL, Wording
from shared.contracts.channel_commands import Utterance

LANGUAGES: Final = ("zh", "en")
UTTERANCES: Final = 12
"""Of one prompt at most (the contract's limit)."""

_STANDARD: Final[Mapping[str, Mapping[str, str]]] = {
    "silence": {"zh": "抱歉，没有听到您的选择。", "en": "Sorry, I did not hear your choice."},
    "no_text": {"zh": "您还在吗？", "en": "Are you still there?"},
    "no_match": {"zh": "抱歉，没有这个选项。", "en": "Sorry, that is not one of the choices."},
    "unusable": {"zh": "抱歉，这个号码的位数不对。", "en": "Sorry, that number does not have the right length."},
    "not_verified": {"zh": "抱歉，密码不正确。", "en": "Sorry, that code is not right."},
    "ask_back": {"zh": "您想问的是哪一个？", "en": "Which of these do you mean?"},
    "none_of_these": {"zh": "都不是，转人工", "en": "None of these, a person please"},
    "person": {"zh": "人工服务", "en": "Speak to a person"},
    "confirm": {
        "zh": "您输入的是 {digits}。正确请按 1，重新输入请按 2。",
        "en": "You entered {digits}. If that is right press 1, to enter it again press 2.",
    },
    "press": {"zh": "{label}，请按 {key}。", "en": "For {label}, press {key}."},
    "again": {"zh": "重听请按 {key}。", "en": "To hear this again, press {key}."},
    "deal": {"zh": "您的合同", "en": "your contract"},
}
EXCUSES: Final = ("silence", "no_match", "unusable", "not_verified")
"""Phrases a telephone caller may hear anywhere."""
_PERSON_WORDS: Final = frozenset(
    {
        "人工",
        "转人工",
        "人工服务",
        "人工客服",
        "找人工",
        "客服",
        "agent",
        "human",
        "person",
        "a person",
        "operator",
        "speak to a person",
    }
)
_KEYS: Final = {"zh": {"*": "星号键", "#": "井号键"}, "en": {"*": "star", "#": "hash"}}


def standard(name: str, language: str, **values: str) -> str:
    """A standard phrase; English where the language has none."""
    return (_STANDARD[name].get(language) or _STANDARD[name]["en"]).format(**values)


def key_name(key: str, language: str) -> str:
    """A key as it is spoken."""
    names = _KEYS.get(language, _KEYS["en"])
    return " ".join(names.get(sign, sign) for sign in key)


def worded(wording: Wording, language: str, deal: str | None) -> str:
    """A text of the dialogue in a language, with the customer's contract in its place."""
    text = wording.get(language) or next(iter(wording.values()))
    return text.replace(PLACEHOLDER_DEAL, deal or standard("deal", language))


def announcement(options: Iterable[tuple[str, str]], repeat: str | None, language: str) -> str:
    """Keys and labels as one spoken text, and the key that says them again."""
    parts = [standard("press", language, label=label, key=key_name(key, language)) for key, label in options]
    if repeat is not None:
        parts.append(standard("again", language, key=key_name(repeat, language)))
    return ("" if language == "zh" else " ").join(parts)


def listed(options: Iterable[tuple[str, str]]) -> str:
    """Keys and labels as lines, for channels that show text and no buttons."""
    return "\n".join(f"{key}  {label}" for key, label in options)


def read_back(digits: str, language: str) -> str:
    """Digits one by one, and the keys that confirm or refuse them."""
    return standard("confirm", language, digits=" ".join(digits))


def language_of(text: str) -> str | None:
    """zh for a text with Chinese characters, en for Latin letters, None for neither."""
    if re.search(r"[\u3400-\u9fff]", text):
        return "zh"
    return "en" if re.search(r"[A-Za-z]{2}", text) else None


def asks_for_person(text: str) -> bool:
    """Whether somebody just types that they want a person, wherever in a dialogue."""
    return text.strip(" 。.!！").lower() in _PERSON_WORDS


def digits_in(text: str) -> str:
    """The digits of what was typed, full-width ones included."""
    return re.sub(r"[^0-9]", "", unicodedata.normalize("NFKC", text))


def within_limit(said: list[Utterance]) -> tuple[Utterance, ...]:
    """At most as many utterances as a prompt holds: what is too much is said in one breath with its forerunner."""
    kept: list[Utterance] = []
    for one in said:
        if len(kept) == UTTERANCES:
            last = kept.pop()
            one = Utterance(f"{last.text}\n{one.text}"[:16_000], last.language, None, one.link or last.link)
        kept.append(one)
    return tuple(kept)
