"""Which records of a campaign the same agents may serve: those of one language, where routing knows that language as a skill.

Who answers in Cantonese is passed only to an agent who speaks it, so a dial must be weighed against those agents alone. Records of
languages that are no skill (or of none) are served by everybody of the group and are one cell, named like the campaign.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

NO_LANGUAGE = ""
"""How a record that names no language is counted; its campaign's language is spoken."""


@dataclass(frozen=True, slots=True)
class DialCell:
    """`languages`: as the records name them; `skill`: what an agent of the group must have besides; `records` that wait."""

    name: str
    languages: tuple[str, ...]
    skill: str | None = None
    records: int = 0


def skill_of(language: str | None, usual: str | None, skills: AbstractSet[str]) -> str | None:
    """The skill a record asks for; `usual` is the campaign's language."""
    spoken = language or usual
    return spoken if spoken in skills else None


def cell_name(campaign_id: str, skill: str | None) -> str:
    return campaign_id if skill is None else f"{campaign_id}/{skill}"


def cells_of(
    campaign_id: str, usual: str | None, waiting: Mapping[str, int], under_way: Iterable[str | None], skills: AbstractSet[str]
) -> tuple[DialCell, ...]:  # fmt: skip
    """The campaign's cells, by name: of the records that wait (language → how many) and of attempts under way (their languages)."""
    counts = {language or NO_LANGUAGE: 0 for language in under_way} | dict(waiting) or {NO_LANGUAGE: 0}
    by_skill: dict[str | None, list[str]] = {}
    for language in sorted(counts):
        by_skill.setdefault(skill_of(language, usual, skills), []).append(language)
    cells = (
        DialCell(cell_name(campaign_id, skill), tuple(languages), skill, sum(counts[each] for each in languages))
        for skill, languages in by_skill.items()
    )
    return tuple(sorted(cells, key=lambda cell: cell.name))
