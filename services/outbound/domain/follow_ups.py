"""Which deals are followed up: a rule names deals by status, product or business line, says when, and what the agent reads.

A deal and a rule open one follow-up at most. Until it is opened a newer revision of the deal may move it or take it away.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from services.outbound.domain.contact_ledger import DAY
from services.outbound.domain.windows import microseconds, zone_of

NINE: Final = time(9)
"""A follow-up counted from a day is due at nine o'clock of the tenant; the calling window of the person holds besides."""


class CountedFrom(StrEnum):
    REVISED = "revised"  # when the deal came to be as it is
    SIGNED = "signed"
    ENDS = "ends"  # with negative days: before it ends


@dataclass(frozen=True, slots=True)
class FollowUpRule:
    """Empty `statuses`, `products`, `business_lines`: any. `reason` and `promised` may name `{product}`, `{status}`,
    `{business_line}`, `{signed_on}`, `{ends_on}`. `campaign` None: one of the rule's own, made as a draft."""

    rule_id: str
    title: str
    reason: str
    days: int
    counted_from: CountedFrom = CountedFrom.REVISED
    statuses: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    business_lines: tuple[str, ...] = ()
    promised: str = ""
    campaign: str | None = None
    group: str = ""
    priority: int = 0
    active: bool = True


@dataclass(frozen=True, slots=True)
class Deal:
    """Of a deal, what rules look at and words are made of."""

    product: str
    status: str
    business_line: str
    revised_at: int
    signed_on: str | None = None
    ends_on: str | None = None


_WORDS: Final = frozenset(each.name for each in fields(Deal)) - {"revised_at"}


def unknown_word(text: str) -> str | None:
    """A `{word}` of a rule's text there is none of; None: all are known."""
    try:
        named = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    except ValueError:
        return "{"
    return next((name for name in named if name not in _WORDS), None)


def words(text: str, deal: Deal) -> str:
    """The rule's text with what the deal says."""
    given: Mapping[str, str] = {name: str(getattr(deal, name) or "") for name in _WORDS}
    return text.format(**given)


def applies(rule: FollowUpRule, deal: Deal) -> bool:
    return (
        rule.active
        and (not rule.statuses or deal.status in rule.statuses)
        and (not rule.products or deal.product in rule.products)
        and (not rule.business_lines or deal.business_line in rule.business_lines)
    )


def due_at(rule: FollowUpRule, deal: Deal, time_zone: str) -> int | None:
    """When it is to be opened, µs; None: the deal names no such day."""
    if rule.counted_from is CountedFrom.REVISED:
        return max(0, deal.revised_at + rule.days * DAY)
    day = deal.signed_on if rule.counted_from is CountedFrom.SIGNED else deal.ends_on
    if day is None:
        return None
    try:
        moment = datetime.combine(date.fromisoformat(day) + timedelta(days=rule.days), NINE, zone_of(time_zone) or UTC)
    except (ValueError, OverflowError):
        return None
    return max(0, microseconds(moment))
