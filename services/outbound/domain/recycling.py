"""What becomes of a record after an attempt: tried again when, at which of its numbers, or not at all.

| outcome | then |
|---|---|
| answered by a person | done; where the agent says "again", after a day, until the record has had its conversations |
| abandoned | after a day (the law may want longer) |
| machine, no answer | after hours, in another part of the day; then the next number |
| busy | soon, each time twice as late; then as no answer |
| SIT reorder | as busy: the network, perhaps the number |
| fax, SIT vacant, SIT intercept | the next number at once: nobody will answer here |
| failed | soon, each time twice as late: the trunk, not the number |
| cancelled | half a minute later, for it was not dialled; skipped by its agent: an hour later |
| unknown | a day later, when somebody has said what became of it; never before |

This is what is worth trying. How often and when somebody may be called is law and restraint, judged at the gate alone, so that
nothing said here can leak past a cap.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Final

from services.outbound.domain.answering import AnswerCell, Answering, part_of_day
from services.outbound.domain.best_time import HOUR, best_time
from services.outbound.domain.outcomes import DialOutcome
from services.outbound.domain.records import DialRecord, RecordState
from services.outbound.domain.windows import zone_of

MINUTE: Final = 60_000_000
UNSEEMLY: Final = frozenset({0, 5})
"""Parts of the day that are no time for a further try, whatever the law allows: night and late."""


@dataclass(frozen=True, slots=True)
class RecycleRule:
    """After one outcome: rest so long (µs), each further time `growth` as long, at most `tries` at one number (0: it is dead)."""

    rest: int
    tries: int
    growth: float = 1.0
    longest: int = 24 * HOUR
    other_part: bool = False  # not in the same part of the day again

    def rest_after(self, times: int) -> int:
        """µs of rest after the `times`-th (1 …) such outcome."""
        return min(int(self.rest * self.growth ** min(times - 1, 60)), self.longest)


_DEAD: Final = RecycleRule(0, 0)
DEFAULT_RULES: Final[Mapping[DialOutcome, RecycleRule]] = {
    DialOutcome.ABANDONED: RecycleRule(24 * HOUR, 3),
    DialOutcome.NO_ANSWER: RecycleRule(3 * HOUR, 3, other_part=True),
    DialOutcome.MACHINE: RecycleRule(4 * HOUR, 3, other_part=True),
    DialOutcome.BUSY: RecycleRule(5 * MINUTE, 5, 2.0),
    DialOutcome.SIT_REORDER: RecycleRule(15 * MINUTE, 4, 2.0),
    DialOutcome.FAX: _DEAD,
    DialOutcome.SIT_VACANT: _DEAD,
    DialOutcome.SIT_INTERCEPT: _DEAD,
    DialOutcome.FAILED: RecycleRule(MINUTE, 8, 2.0, HOUR),
    DialOutcome.CANCELLED: RecycleRule(MINUTE // 2, 1_000_000),  # stale, paused: the cause may still be there
    DialOutcome.UNKNOWN: RecycleRule(24 * HOUR, 2),
}


RECYCLED: Final = tuple(str(outcome) for outcome in DEFAULT_RULES)
"""Outcomes a campaign may choose a rule for."""


@dataclass(frozen=True, slots=True)
class RecyclingPlan:
    """A campaign's choice. `contacts`: conversations a record may have in all; `attempts`: dials."""

    rules: Mapping[DialOutcome, RecycleRule] = field(default_factory=lambda: DEFAULT_RULES)
    contacts: int = 3
    again_after: int = 24 * HOUR
    attempts: int = 9


@dataclass(frozen=True, slots=True)
class Recycled:
    """Where the record goes on: RESTING until `not_before`, WAITING, or DONE; `reason` is the outcome or why it is done."""

    state: RecordState
    reason: str
    not_before: int | None
    number_index: int


def recycle(
    record: DialRecord, outcome: DialOutcome, now: int, plan: RecyclingPlan | None = None, *, again: bool = False,
    chances: Answering | None = None,
) -> Recycled:  # fmt: skip
    """What follows `outcome` of the record's last dial.

    `record` as it stood while it was dialled: `attempts` counts that dial, `outcomes` and `contacts` do not yet. `again`: the
    agent wants another conversation. With `chances` the next try is at the likeliest hour of the coming days; without, in the
    next other part of the day.
    """
    plan = plan or RecyclingPlan()
    if outcome is DialOutcome.ANSWERED_PERSON:
        if again and record.contacts + 1 < plan.contacts:
            return Recycled(RecordState.RESTING, "again", now + plan.again_after, record.number_index)
        return Recycled(RecordState.DONE, "contacts" if again else outcome.value, None, record.number_index)
    if outcome is not DialOutcome.CANCELLED and record.attempts >= plan.attempts:
        return Recycled(RecordState.DONE, "max_attempts", None, record.number_index)
    rule = plan.rules.get(outcome, DEFAULT_RULES[outcome])
    times = record.outcomes.get(outcome.value, 0) + 1
    index = record.number_index
    if times >= rule.tries * (index + 1):
        index += 1
    if index >= len(record.numbers):
        return Recycled(RecordState.DONE, outcome.value, None, record.number_index)
    rest = (
        rule.rest_after(max(times - rule.tries * record.number_index, 1)) if index == record.number_index else rule.rest
    )
    if rest == 0:
        return Recycled(RecordState.WAITING, outcome.value, None, index)
    zones = [zone for zone in map(zone_of, record.zones) if zone is not None]
    not_before = _worthwhile(now, rest, rule, zones, record, chances)
    return Recycled(RecordState.RESTING, outcome.value, not_before, index)


def _worthwhile(
    now: int, rest: int, rule: RecycleRule, zones: list[tzinfo], record: DialRecord, chances: Answering | None
) -> int:
    """The first moment after the rest that is worth a try."""
    after = now + rest
    if not rule.other_part or not zones:
        return after
    part = part_of_day(AnswerCell.at(now, zones[0]).hour)
    if chances is not None:
        found = best_time(
            chances, zones, after, record.attempts + 1, missed={part: 1}, allowed=lambda at: _awake(at, zones)
        )
        return after if found is None else found.at
    moment = after
    while moment < after + 24 * HOUR and not (
        part_of_day(AnswerCell.at(moment, zones[0]).hour) != part and _awake(moment, zones[:1])
    ):
        moment = moment // HOUR * HOUR + HOUR
    return moment


def _awake(at: int, zones: list[tzinfo]) -> bool:
    """Whether it is neither late nor night in any of the zones: hours nobody dials in are not thought good for want of counts."""
    return all(part_of_day(AnswerCell.at(at, zone).hour) not in UNSEEMLY for zone in zones)
