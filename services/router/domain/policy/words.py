"""A name or sentence of the policy in the two languages of the pages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """The same words in Chinese and English."""

    zh: str
    en: str

    def to_mapping(self) -> dict[str, object]:
        return {"zh": self.zh, "en": self.en}


NO_WORDS = Words("", "")
"""Nothing is said."""
