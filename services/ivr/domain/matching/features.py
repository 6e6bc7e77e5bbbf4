"""What a text is made of: words, runs of characters, pairs of words and concepts, as one weighted list of strings.

English is cut into words, Chinese into characters; a text may mix both. Four channels see the same text differently: `words`
(stems, single Chinese characters), `spelling` (pieces of words, 1–4 Chinese characters in a row: robust to typing errors and
needs no dictionary), `pairs` (neighbouring words) and `concepts` (words that mean much the same, `thesaurus`).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final

from services.ivr.domain.matching.thesaurus import CHINESE, ENGLISH

LONGEST: Final = 600  # characters looked at; a question is in the first of them, the rest of a long text only blurs it

# How much words, spelling, pairs and concepts weigh in the similarity of two texts.
CHANNELS: Final = {"w": 0.6, "s": 1.0, "p": 0.5, "c": 0.6}

_CONTRACTIONS: Final = (
    ("can't", "can not"), ("won't", "will not"), ("n't", " not"), ("'re", " are"), ("'ve", " have"), ("'ll", " will"),
    ("'m", " am"), ("'d", " would"),
)  # fmt: skip
_CJK: Final = "\u3400-\u4dbf\u4e00-\u9fff"
_TOKEN: Final = re.compile(rf"[a-z0-9]+(?:'[a-z]+)?|[{_CJK}]")
_LATIN: Final = re.compile(r"[a-z][a-z0-9' ]*")
_ONE_CJK: Final = re.compile(rf"[{_CJK}]")
_SUFFIX: Final = re.compile(r"(?:ing|ed|es|s|ly|'s)$")


def normalise(text: str) -> str:
    """Full-width to half-width, lower case, control characters and runs of blanks to one blank, at most `LONGEST` characters."""
    flat = unicodedata.normalize("NFKC", text[: 2 * LONGEST]).casefold().replace("’", "'")[:LONGEST]
    return " ".join("".join(c if c.isprintable() else " " for c in flat).split())


def stem(word: str) -> str:
    """An English word without its commonest endings."""
    return _SUFFIX.sub("", word) if len(word) > 4 else word


@lru_cache(maxsize=1)
def _english_concepts() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for number, line in enumerate(ENGLISH.split("\n")):
        for word in {stem(part) for part in line.replace("-", " ").split()}:
            found.setdefault(word, []).append(f"e{number}")
    return {word: tuple(numbers) for word, numbers in found.items()}


@lru_cache(maxsize=1)
def _chinese_concepts() -> tuple[re.Pattern[str], dict[str, tuple[str, ...]]]:
    found: dict[str, list[str]] = {}
    for number, line in enumerate(CHINESE.split("\n")):
        for word in set(line.split()):
            found.setdefault(word, []).append(f"z{number}")
    longest_first = sorted(found, key=lambda word: (-len(word), word))
    return re.compile("|".join(longest_first)), {word: tuple(numbers) for word, numbers in found.items()}


def _concepts(text: str, words: Iterable[str]) -> Iterator[str]:
    english, (pattern, chinese) = _english_concepts(), _chinese_concepts()
    for word in words:
        yield from english.get(word, ())
    for found in pattern.findall(text):
        yield from chinese[found]


def _pieces(padded: str, shortest: int, longest: int) -> Iterator[str]:
    for n in range(shortest, longest + 1):
        for start in range(len(padded) - n + 1):
            yield padded[start : start + n]


def grams(text: str) -> dict[str, Counter[str]]:
    """The features of `text` by channel, each with how often it occurs; empty for a text without letters or digits."""
    flat = normalise(text)
    for short, long in _CONTRACTIONS:
        flat = flat.replace(short, long)
    tokens = _TOKEN.findall(flat)
    latin = [token for token in tokens if token.isascii()]
    stems = [stem(word) for word in latin]
    spelling: Counter[str] = Counter()
    for word in latin:
        spelling.update(_pieces(f" {word} ", 2, 4))
    for run in _LATIN.split(flat):  # punctuation stays: 吗？ says something
        if _ONE_CJK.search(run):
            spelling.update(_pieces(f"^{run.replace(' ', '')}$", 1, 4))
    bounded = ["^", *stems, "$"] if stems else []
    return {
        "w": Counter([stem(token) for token in tokens]),
        "s": spelling,
        "p": Counter(f"{a} {b}" for a, b in pairwise(bounded)),
        "c": Counter(_concepts(flat, stems)),
    }
