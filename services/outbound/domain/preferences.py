"""When a person wishes not to be called, as a window of the week like every other: by their own clocks, in every zone they may
be in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.outbound.domain.windows import DAY_MINUTES, Window

RULE: Final = "person.quiet_hours"
"""The rule a suppression by these wishes names."""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Local wall times "HH:MM"; intervals [from, until), over midnight where from > until."""

    no_calls_before: str | None = None
    no_calls_after: str | None = None
    do_not_disturb: tuple[tuple[str, str], ...] = ()

    def window(self) -> Window | None:
        """The week's open intervals; None: the person wishes nothing of the kind."""
        closed = [(_minutes(opens), _minutes(closes)) for opens, closes in self.do_not_disturb]
        if self.no_calls_before is not None:
            closed.append((0, _minutes(self.no_calls_before)))
        if self.no_calls_after is not None:
            closed.append((_minutes(self.no_calls_after), DAY_MINUTES))
        return Window((_rest_of_day(closed),) * 7) if closed else None


def _rest_of_day(closed: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    spans = [span for one in closed for span in _within_day(*one)]
    opened: list[tuple[int, int]] = []
    at = 0
    for begins, ends in sorted(spans):
        if begins > at:
            opened.append((at, begins))
        at = max(at, ends)
    return (*opened, (at, DAY_MINUTES)) if at < DAY_MINUTES else tuple(opened)


def _within_day(begins: int, ends: int) -> tuple[tuple[int, int], ...]:
    return ((begins, ends),) if begins <= ends else ((begins, DAY_MINUTES), (0, ends))


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)
