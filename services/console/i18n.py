"""The words of the pages in zh-CN and en: Babel catalogues (`locale/<language>/LC_MESSAGES/pages.po`), read once.

Keys are names of places and codes (`agent.accept`, `presence.available`), never English sentences, so that templates,
scripts and enums of the contracts can all ask by code; `{n}` stands for a value. Catalogues are read as text: there is
no compiled form to forget. Scripts get the same catalogue as a module whose address changes with its content.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from babel.messages.pofile import read_po

LANGUAGES: Final = ("zh", "en")
LANGUAGE_COOKIE: Final = "ucc_lang"
HTML_LANG: Final = {"zh": "zh-CN", "en": "en"}
_LOCALE = Path(__file__).parent / "locale"


@dataclass(frozen=True, slots=True)
class Words:
    """One language's catalogue. `module` is its JavaScript form, `version` a digest of that."""

    language: str
    texts: Mapping[str, str]
    module: str
    version: str

    def __call__(self, key: str, **values: Any) -> str:
        """The text of a key. Raises KeyError for a key no catalogue has: a page with a hole is a bug."""
        return self.texts[key].format_map(values) if values else self.texts[key]


def read_words(language: str) -> Words:
    """The catalogue of one language."""
    with (_LOCALE / language / "LC_MESSAGES" / "pages.po").open("rb") as source:
        catalogue = read_po(source, locale=language)
    texts = {str(message.id): str(message.string) for message in catalogue if message.id}
    module = f"export default {json.dumps(texts, ensure_ascii=False, sort_keys=True)};\n"
    return Words(language, texts, module, hashlib.sha256(module.encode()).hexdigest()[:12])


def choose_language(cookie: str | None, accept_language: str) -> str:
    """The cookie's choice, else the browser's first of ours, else Chinese."""
    if cookie in LANGUAGES:
        return cookie
    for part in accept_language.lower().split(","):
        if (wished := part.strip()[:2]) in LANGUAGES:
            return wished
    return LANGUAGES[0]
