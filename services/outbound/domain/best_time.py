"""When to try somebody again: the hour within reach at which an answer is likeliest, a little less the later it is.

Waiting costs: a chance tomorrow is worth less than the same chance today. The law decides whether a moment is allowed at all;
here only what is worth trying is chosen, and the gate judges it again when it comes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from services.outbound.domain.answering import DAY_MICROSECONDS, AnswerCell, Answering, part_of_day

HOUR: Final = 3_600_000_000
HORIZON: Final = 3 * DAY_MICROSECONDS
PATIENCE_DAYS: Final = 4.0
"""A chance so many days away is worth 1/e of the same chance now."""


@dataclass(frozen=True, slots=True)
class BestTime:
    """The moment chosen (µs), the chance of an answer then, and the one at the first moment that was possible."""

    at: int
    chance: float
    chance_at_once: float


def best_time(
    chances: Answering,
    zones: Sequence[tzinfo],
    after: int,
    attempt: int,
    *,
    missed: Mapping[int, int] | None = None,
    until: int | None = None,
    allowed: Callable[[int], bool] = lambda _: True,
) -> BestTime | None:
    """The best moment from `after` on for the `attempt`-th try (whole hours, and `after` itself), at the latest `until` (default:
    three days). `missed`: part of the day → unanswered tries in it; of several zones the worst chance counts. None: no moment
    within reach is allowed, or no zone is known."""  # fmt: skip
    if not zones:
        return None
    last = after + HORIZON if until is None else until
    begins = [after, *range(after // HOUR * HOUR + HOUR, last + 1, HOUR)]
    tried = missed or {}
    found: list[tuple[float, int, float]] = []
    for moment in begins:
        if allowed(moment):
            chance = min(_chance(chances, moment, zone, attempt, tried) for zone in zones)
            worth = chance * math.exp((after - moment) / (PATIENCE_DAYS * DAY_MICROSECONDS))
            found.append((-worth, moment, chance))
    if not found:
        return None
    _, at, chance = min(found)
    return BestTime(at, chance, found[0][2])


def _chance(
    chances: Answering, moment: int, zone: tzinfo, attempt: int, tried: Mapping[int, int]
) -> float:  # fmt: skip
    cell = AnswerCell.at(moment, zone, attempt)
    return chances.chance(cell._replace(missed=tried.get(part_of_day(cell.hour), 0)))
