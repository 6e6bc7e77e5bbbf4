"""What is wrong with a campaign's choices: all of it at once, each with its field and how to mend it, in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.outbound.domain.campaigns import Choices, DialMode
from services.outbound.domain.own_rules import CAP_WINDOWS, WEEKDAYS
from services.outbound.domain.recycling import RECYCLED
from services.outbound.domain.suppressions import InWords

MOST_DAYS_OFF: Final = 366
LARGEST_COUNT: Final = 30_000
"""What a record's counters hold."""
_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")
_RANGES: Final[Mapping[str, tuple[float, float]]] = {
    "ring_seconds": (5, 120), "valid_seconds": (1, 60), "connect_milliseconds": (0, 30_000), "abandonment_limit": (0.001, 1),
    "agent_pause_seconds": (0, 600), "occupancy_ceiling": (0.3, 1), "ratio": (0.5, 10), "max_attempts": (1, LARGEST_COUNT),
    "max_contacts": (1, LARGEST_COUNT), "weight": (0.01, 100), "preview_seconds": (0, 3_600), "machine_audit_share": (0, 1),
}  # fmt: skip
_RECYCLING: Final[Mapping[str, tuple[float, float]]] = {
    "rest_seconds": (0, 30 * 86_400), "tries": (0, 1_000_000), "growth": (1, 10), "other_part": (0, 1),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChoiceFault:
    """`field`: the path within `choices`; `code` is stable."""

    field: str
    code: str
    words: InWords


def choice_faults(choices: Choices, mode: DialMode) -> list[ChoiceFault]:
    """Everything that cannot be; nothing: the choices are sound."""
    return [
        *_out_of_range(choices), *_calendar_faults(choices), *_day_off_faults(choices.days_off), *_cap_faults(choices.caps),
        *_recycling_faults(choices.recycling), *_other_faults(choices, mode),
    ]  # fmt: skip


def _between(field: str, value: float | None, least: float, most: float) -> Iterator[ChoiceFault]:
    if value is not None and not least <= value <= most:
        words = InWords(f"须在 {least:g} 与 {most:g} 之间", f"must be from {least:g} to {most:g}")
        yield ChoiceFault(field, "range", words)


def _out_of_range(choices: Choices) -> Iterator[ChoiceFault]:
    for name, (least, most) in _RANGES.items():
        yield from _between(name, getattr(choices, name), least, most)


def _calendar_faults(choices: Choices) -> Iterator[ChoiceFault]:
    for day, intervals in choices.calendar.items():
        if day not in WEEKDAYS:
            yield ChoiceFault(f"calendar.{day}", "weekday", InWords("星期写作 mon … sun", "name days mon … sun"))
            continue
        closes_before = ""
        for place, interval in sorted(enumerate(intervals), key=lambda one: list(one[1])):
            field = f"calendar.{day}.{place}"
            if len(interval) != 2 or not all(_CLOCK.fullmatch(clock) for clock in interval):
                words = InWords("时间写作 09:00，至 24:00 为止", "write hours like 09:00, up to 24:00")
                yield ChoiceFault(field, "clock", words)
                continue
            opens, closes = interval
            if opens >= closes:
                words = InWords(
                    "结束须晚于开始；过夜的时段分写在两天",
                    "end it after it begins; hours over midnight belong to two days",
                )
                yield ChoiceFault(field, "order", words)
            elif opens < closes_before:
                words = InWords("与前一时段重叠：合并或错开", "overlaps the interval before it: join them or move one")
                yield ChoiceFault(field, "overlap", words)
            closes_before = max(closes_before, closes)


def _day_off_faults(days: Sequence[str]) -> Iterator[ChoiceFault]:
    if len(days) > MOST_DAYS_OFF:
        words = InWords(f"至多 {MOST_DAYS_OFF} 天", f"{MOST_DAYS_OFF} days at most")
        yield ChoiceFault("days_off", "too_many", words)
    for place, day in enumerate(days):
        try:
            date.fromisoformat(day)
        except ValueError:
            yield ChoiceFault(f"days_off.{place}", "date", InWords("写作 2026-12-25", "write it like 2026-12-25"))


def _cap_faults(caps: Mapping[str, int]) -> Iterator[ChoiceFault]:
    for window, most in caps.items():
        if window not in CAP_WINDOWS:
            words = InWords("上限按 24h、7d、30d 计", "caps are for 24h, 7d or 30d")
            yield ChoiceFault(f"caps.{window}", "window", words)
        yield from _between(f"caps.{window}", most, 1, LARGEST_COUNT)


def _recycling_faults(recycling: Mapping[str, Mapping[str, float]]) -> Iterator[ChoiceFault]:
    for outcome, chosen in recycling.items():
        if outcome not in RECYCLED:
            named = "、".join(RECYCLED), ", ".join(RECYCLED)
            words = InWords(f"可设的结果：{named[0]}", f"outcomes that can be set: {named[1]}")
            yield ChoiceFault(f"recycling.{outcome}", "outcome", words)
        for name, value in chosen.items():
            field = f"recycling.{outcome}.{name}"
            if name not in _RECYCLING:
                words = InWords("可设的是 " + "、".join(_RECYCLING), "what can be set: " + ", ".join(_RECYCLING))
                yield ChoiceFault(field, "unknown", words)
            else:
                yield from _between(field, value, *_RECYCLING[name])


def _other_faults(choices: Choices, mode: DialMode) -> Iterator[ChoiceFault]:
    if mode is DialMode.AGENTLESS and not choices.entry:
        words = InWords("没有坐席的活动须指定自助流程", "a campaign without agents needs a dialogue")
        yield ChoiceFault("entry", "missing", words)
    if len(choices.refusal_key) > 1 or choices.refusal_key not in "0123456789*#":
        yield ChoiceFault("refusal_key", "key", InWords("须是电话上的一个键", "must be one key of a telephone"))
    unknown = sorted(set(choices.successes) - set(choices.dispositions)) if choices.dispositions else []
    if unknown:
        words = InWords("成功的处理结果须在可选之中", "a success must be among the dispositions that may be chosen")
        yield ChoiceFault("successes", "not_offered", words)
