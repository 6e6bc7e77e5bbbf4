"""Who is dialled next: a due personal callback before a callback anyone may make, before the campaign's own order by priority, and
there by what a dial this hour is worth: P(answer this hour) × P(success once reached) × value. Ends in an id, so that the order is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple

from services.outbound.domain.records import DialRecord


class DialTurn(IntEnum):
    """Whose turn comes first; kept with the record."""

    PERSONAL_CALLBACK = 0  # due, of one agent
    ANYONES_CALLBACK = 1  # due, of whoever is free
    CAMPAIGN = 2  # the campaign's own order


class DialRank(NamedTuple):
    """The smaller is dialled first. The hopper's index has the same columns."""

    turn: int
    less_priority: int  # −priority
    less_worth: float  # −worth
    record_id: str


def dial_rank(record: DialRecord, worth: float) -> DialRank:
    """The rank of a record whose dial is worth `worth` this hour."""
    return DialRank(record.turn, -record.priority, -worth, record.record_id)


def dial_worth(answer: float, value: int, success: float = 1.0) -> float:
    """What a dial is expected to bring, in cents: P(answer this hour) × P(success once reached) × value. A record without a value
    counts as one cent, so that records of a list without values go by their chances."""
    return answer * success * max(value, 1)


def dial_turn(*, callback: bool, agent_id: str | None) -> DialTurn:
    """The turn of a record that is due."""
    if not callback:
        return DialTurn.CAMPAIGN
    return DialTurn.ANYONES_CALLBACK if agent_id is None else DialTurn.PERSONAL_CALLBACK


def explained(rank: DialRank, answer: float, success: float | None, value: int) -> Mapping[str, float | int | str]:
    """The rank in named parts, for "why this number now"."""
    return {
        "turn": DialTurn(rank.turn).name.lower(),
        "priority": -rank.less_priority,
        "chance_of_answer": round(answer, 4),
        **({} if success is None else {"chance_of_success": round(success, 4)}),
        "value": value,
        "worth": round(-rank.less_worth, 4),
    }
