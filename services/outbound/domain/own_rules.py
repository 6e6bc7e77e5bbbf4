"""What a manager chose for one campaign beyond the law, as rules of the same kind: the hours of its calendar (by the clocks of
those who are called) and its caps. They are judged, explained and reported like every other rule, and can only make the law
narrower.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

from services.outbound.domain.contact_ledger import DAY, Per
from services.outbound.domain.outcomes import Counted
from services.outbound.domain.purposes import Purpose
from services.outbound.domain.rulesets import CapRule, Clause, Rule, Ruleset, WindowRule
from services.outbound.domain.suppressions import InWords
from services.outbound.domain.windows import DAY_MINUTES, Window, week_of

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CAP_WINDOWS: Final[Mapping[str, int]] = {"24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY}
"""The windows a manager may cap, in µs."""
_WHOLE_DAY: Final = ((0, DAY_MINUTES),)
SOURCE: Final = "the operator's choice for this campaign"

Hours = Mapping[str, Sequence[Sequence[str]]]
"""Weekday → intervals of local wall time: {"mon": [["09:00", "18:00"]]}; a day not named is closed."""


def own_rules(
    calendar: Hours, caps: Mapping[str, int], changed_at: int, days_off: Sequence[str] = ()
) -> Ruleset | None:
    """The campaign's own ruleset, or None: it chose nothing of its own. `changed_at` (µs) is when it was chosen; `days_off`
    are days of the callee."""
    day = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=changed_at)).date()

    def clause(name: str, zh: str, en: str) -> Clause:
        return Clause(f"own.{name}", frozenset(Purpose), SOURCE, day, InWords(zh, en))

    rules: list[Rule] = []
    if calendar:
        week = week_of({WEEKDAYS.index(name): tuple(map(_minutes, hours)) for name, hours in calendar.items()})
        rules.append(
            WindowRule(clause("hours", "本活动只在自选时段外呼", "This campaign calls in its own hours"), Window(week))
        )
    if days_off:
        words = "本活动在所选的日子不外呼", "This campaign does not call on its days off"
        closed = frozenset(map(date.fromisoformat, days_off))
        rules.append(WindowRule(clause("days_off", *words), Window((_WHOLE_DAY,) * 7, closed_on=closed)))
    for name, within in CAP_WINDOWS.items():
        if (at_most := caps.get(name)) is not None:
            words = (
                f"本活动：每人 {name} 内最多 {at_most} 次",
                f"This campaign: at most {at_most} calls to a person in {name}",
            )
            rules.append(CapRule(clause(f"cap_{name}", *words), at_most, within, Per.PERSON, Counted.RUNG))
    if not rules:
        return None
    return Ruleset("own", 1, day, InWords("本活动的选择", "Chosen for this campaign"), frozenset(), tuple(rules))


def _minutes(interval: Sequence[str]) -> tuple[int, int]:
    opens, closes = (int(clock[:2]) * 60 + int(clock[3:5]) for clock in interval)
    return opens, closes
