"""How long those waited who were answered lately, and what that says of the rest of a wait.

Of the waits that ended with an acceptance lately, only those longer than what a contact has waited already say something
about the rest of its wait. Where too few are left, or they say that what would have been quoted before was far too
little, the answer is "unknown": a quote never grows merely because somebody is overdue.

Queues grow towards noon, so the waits of the last hour promise too little for the next. What was quoted is therefore held
against what came true, and the quantile read for "nine in ten" moves until nine in ten are within it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.contracts.fields import SECOND

KEPT = 200
"""Newest waits of a group and channel that count."""
LATELY = 4 * 3_600 * SECOND
"""Waits older than this say nothing about now, µs."""
ENOUGH = 20
"""Waits from which on anything is said."""
BEYOND = 5
"""Waits longer than the present one from which on anything is said about the rest."""
MISJUDGED = 2
"""How many times an earlier quote the rest may be before the earlier quote counts as proved wrong …"""
SLACK = 5 * SECOND
"""… small differences aside, µs."""
HALF, NINE_IN_TEN = 500, 900
"""What is quoted: the share of those who wait that is to be answered within it, in 1/1,000."""
FIRST_READ = {HALF: 500, NINE_IN_TEN: 930}
"""The quantile of recent waits read for it at first, in 1/1,000. Nine in ten begins higher: a day begins with queues that grow."""
STRIDE = 10
"""A promise broken moves the quantile by (share promised) × this ÷ 1,000, one kept by the rest of it back."""
FARTHEST, HIGHEST = 150, 995
"""How far it may move from what is promised, and where it ends, in 1/1,000."""


def rest_of_wait(waits: Sequence[int], waited: int, share: int) -> int | None:
    """µs after which `share` ÷ 1,000 of those who waited longer than `waited` had been answered; None: unknown.

    r(w) = Q(waits > w) − w, Q by nearest rank; quoted is the least r up to w, and nothing where r(w) is now more than
    twice that (and 5 s). So for given waits the quote never grows with w.
    """
    ordered = sorted(waits)
    past = bisect_right(ordered, waited)
    if len(ordered) < ENOUGH or len(ordered) - past < BEYOND:
        return None
    rest = quantile(ordered, past, share) - waited
    quoted = min((quantile(ordered, n, share) - ordered[n] for n in range(past)), default=rest)
    return None if rest > MISJUDGED * quoted + SLACK else min(rest, quoted)


def quantile(ordered: Sequence[int], start: int, share: int) -> int:
    """Nearest rank among the values from `start` on; `share` in 1/1,000."""
    return ordered[start + -(-share * (len(ordered) - start) // 1_000) - 1]


@dataclass(slots=True)
class RecentWaits:
    """Waits that ended with an acceptance, newest last, and how they are read."""

    ended: deque[tuple[int, int]] = field(default_factory=lambda: deque[tuple[int, int]](maxlen=KEPT))  # (at, waited)
    read: dict[int, int] = field(default_factory=lambda: dict(FIRST_READ))  # share promised → quantile read for it

    def lately(self, now: int) -> list[int]:
        """Those that still say something at `now`, µs."""
        return [waited for at, waited in self.ended if at > now - LATELY]

    def rest(self, so_far: int, now: int, share: int) -> int | None:
        """What is quoted at `now` to one who has waited `so_far`, µs."""
        return rest_of_wait(self.lately(now), so_far, self.read[share])

    def settle(self, share: int, kept: bool) -> None:
        """A promise was kept or broken: the quantile is read a little lower or higher from now on."""
        moved = (
            self.read[share] - STRIDE * (1_000 - share) // 1_000 if kept else self.read[share] + STRIDE * share // 1_000
        )
        self.read[share] = max(share - FARTHEST, min(share + FARTHEST, HIGHEST, moved))
