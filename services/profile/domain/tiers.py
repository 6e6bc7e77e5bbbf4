"""Why a customer has a tier, in words a customer may read (requirement 48: tiers are explained and published)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from shared.contracts.fields import Name

WINDOW_MONTHS = 24

Words = dict[str, str]
"""A text by language: "zh" and "en"."""


def months_before(day: date, months: int) -> date:
    """The same day of the month `months` earlier, or that month's last day."""
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise AssertionError("every month has a 28th")


def tier_reason(tier: Name | None, signed_on: Sequence[date | None], today: date) -> Words:
    """What stands behind the tier: deals signed within the last 24 months, or since when the customer has none."""
    if tier is None:
        return {"zh": "尚未评级", "en": "Not rated yet"}
    since = months_before(today, WINDOW_MONTHS)
    recent = sum(1 for day in signed_on if day is not None and since <= day <= today)
    if recent:
        deals = "deal" if recent == 1 else "deals"
        return {
            "zh": f"{tier}：{WINDOW_MONTHS} 个月内成交 {recent} 笔",
            "en": f"{tier}: {recent} {deals} in {WINDOW_MONTHS} months",
        }
    known = [day for day in signed_on if day is not None and day <= today]
    if known:
        latest = max(known).isoformat()
        return {
            "zh": f"{tier}：最近一笔成交 {latest}；等级来自客户系统",
            "en": f"{tier}: last deal {latest}; tier as set in the customer system",
        }
    return {"zh": f"{tier}：等级来自客户系统", "en": f"{tier}: as set in the customer system"}
