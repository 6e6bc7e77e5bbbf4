"""Opening hours as the core knows them: intervals of absolute time, expanded by the shell and journaled.

An interval is (opens, closes) in µs, half-open, ascending and merged. What lies beyond the last one is not known yet;
the shell journals more long before.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Intervals = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Closure:
    """An emergency closure: by whom, why, and where it sends those who wait (None: they stay and are served)."""

    by: str
    why: str
    then: str | None = None


@dataclass(frozen=True, slots=True)
class Opening:
    """How a group stands, as last decided.

    `until`: the calendar's next change. Closed, but `serving`: those who waited at closing are served yet, until
    `drain_until` (None: to the last one). `closure`: closed by somebody, not by the calendar.
    """

    open: bool
    until: int | None = None
    serving: bool = True
    drain_until: int | None = None
    closure: Closure | None = None
    offers: int = 0  # since it opened
    carried: int = 0  # of them, to callbacks carried over from before

    @property
    def next_change(self) -> int | None:
        """When something changes by itself, µs."""
        return min((at for at in (self.until, self.drain_until) if at is not None), default=None)


ALWAYS_OPEN = Opening(open=True)
"""Of a group without hours, under no closure."""


def at(intervals: Intervals, now: int) -> tuple[bool, int | None]:
    """Whether it is open at `now`, and when that changes next (None: not known)."""
    n = bisect_right(intervals, now, key=_opens)
    if n and now < intervals[n - 1][1]:
        return True, intervals[n - 1][1]
    return False, intervals[n][0] if n < len(intervals) else None


def next_opening(intervals: Intervals, now: int) -> int | None:
    """The first moment from `now` on at which it is open: `now` itself where it is; None where none is known."""
    is_open, change = at(intervals, now)
    return now if is_open else change


def after_open_time(intervals: Intervals, start: int, duration: int) -> int:
    """The moment at which `duration` µs of open time have passed since `start`.

    Beyond what is known, time counts as open: a due time is a place in the queue, and must be finite.
    """
    left, moment = duration, start
    for opens, closes in intervals[max(0, bisect_right(intervals, start, key=_opens) - 1) :]:
        begins = max(opens, start)
        if begins >= closes:
            continue
        if left <= closes - begins:
            return begins + left
        left -= closes - begins
        moment = closes
    return moment + left


def opened_within(intervals: Intervals, start: int, end: int) -> bool:
    """Whether an opening lies in (start, end]: a contact of before it is carried over."""
    n = bisect_right(intervals, end, key=_opens)
    return n > 0 and intervals[n - 1][0] > start


def hours_of(known: Mapping[str, Intervals], calendar: str | None) -> Intervals | None:
    """The intervals of a group's calendar; None: it is always open (or its calendar was never expanded)."""
    return None if calendar is None else known.get(calendar)


def _opens(interval: tuple[int, int]) -> int:
    return interval[0]
