"""The words of a mail: HTML as text, and what is new in a reply above what it quotes."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

_BLOCKS: Final = frozenset(
    [
        "p",
        "div",
        "br",
        "tr",
        "li",
        "ul",
        "ol",
        "table",
        "h1",
        "h2",
        "h3",
        "h4",
        "blockquote",
        "pre",
        "hr",
        "section",
        "article",
    ]
)
_UNSEEN: Final = frozenset(["script", "style", "head", "title", "template", "noscript"])
_SEPARATOR: Final = re.compile(
    r"\s*(-{2,} ?(original message|forwarded message|原始邮件|转发的邮件|原始郵件)"
    r"|_{20,}\s*$|(on .{4,200}wrote|.{2,200}(写道|寫道))\s*[:：]\s*$)",
    re.IGNORECASE,
)
"""How programs begin the mail they quote."""
_QUOTED_HEAD: Final = re.compile(
    r"\s*\*?(from|sent|date|to|发件人|发送时间|收件人|日期|寄件者)\s*\*?\s*[:：]", re.IGNORECASE
)


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._unseen = 0
        self._link: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag in _BLOCKS:
            self.pieces.append("\n")
        elif tag == "a":
            self._link = dict(attrs).get("href")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag in _BLOCKS:
            self.pieces.append("\n")
        elif tag == "a" and self._link is not None:
            if self._link.startswith(("http://", "https://")) and self._link not in self.pieces[-1:]:
                self.pieces.append(f" ({self._link})")
            self._link = None

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.pieces.append(re.sub(r"\s+", " ", data))


def of_html(html: str) -> str:
    """Words and links of an HTML mail; scripts, styles and pictures left out."""
    words = _Words()
    words.feed(html)
    words.close()
    lines = (re.sub(r"[ \u00a0]+", " ", line).strip() for line in "".join(words.pieces).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def new_words(text: str) -> str:
    """What stands above the quoted history; all of it where nothing does (somebody answers between the lines)."""
    lines = text.replace("\r\n", "\n").split("\n")
    marked = len(lines)  # from here on every line is marked or empty
    while marked and (lines[marked - 1].startswith(">") or not lines[marked - 1].strip()):
        marked -= 1
    for number, line in enumerate(lines):
        heads = number + 1 < len(lines) and _QUOTED_HEAD.match(line) and _QUOTED_HEAD.match(lines[number + 1])
        if _SEPARATOR.match(line) or heads or (number >= marked and line.startswith(">")):
            return "\n".join(lines[:number]).strip() or text.strip()
    return text.strip()


def quoted(text: str, limit: int) -> str:
    """The history under a reply, at most `limit` characters."""
    return "\n".join(f"> {line}".rstrip() for line in text[:limit].split("\n"))
