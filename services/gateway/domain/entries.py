"""Entries: which own number, page or fax line was reached, and what that says about the contact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.contracts.fields import Name, ShortText


@dataclass(frozen=True, slots=True)
class Entry:
    """One way in. `fallback`: where telephony sends its callers when UCC does not answer (a static queue or a number)."""

    entry: ShortText
    business_line: Name
    self_service: bool = True
    group: Name | None = None
    language: Name | None = None
    title: ShortText | None = None
    fallback: ShortText | None = None


def entry_of(entries: Sequence[Entry], reached: str) -> Entry | None:
    """The entry that was reached, else the one called `*`, else None."""
    by_name = {entry.entry: entry for entry in entries}
    return by_name.get(reached) or by_name.get("*")
