"""Who is dialled next: a due personal callback before a callback anyone may make, before the campaign's own order by priority, and
there by what a dial this hour is worth: P(answer this hour) × P(success once reached) × value. Ends in an id, so that the order is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final, NamedTuple

from services.outbound.domain.records import DialRecord
from services.outbound.domain.suppressions import InWords


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


def explained(rank: DialRank, answer: float, success: float, value: int) -> Mapping[str, float | int | str]:
    """The rank in named parts, for "why this number now". `success`: how much likelier than usual; `value`, `worth` in cents."""
    return {
        "turn": DialTurn(rank.turn).name.lower(),
        "priority": -rank.less_priority,
        "chance_of_answer": round(answer, 4),
        "success": round(success, 4),
        "value": value,
        "worth": round(-rank.less_worth, 4),
    }


_TURNS: Final = {
    DialTurn.PERSONAL_CALLBACK: InWords("到时间的专属回电，最先外呼", "a personal callback that is due, before all others"),
    DialTurn.ANYONES_CALLBACK: InWords("到时间的回电，先于名单记录", "a callback that is due, before records of lists"),
    DialTurn.CAMPAIGN: InWords("活动的普通顺序", "the campaign's own order"),
}  # fmt: skip


def place_told(before: int, counted_up_to: int) -> InWords:
    """How many records come before one, counted no further than `counted_up_to`."""
    if before == 0:
        return InWords("它是下一条。", "It is the next one.")
    if before >= counted_up_to:
        return InWords(f"前面还有 {counted_up_to} 条以上。", f"{counted_up_to} records or more come before it.")
    return InWords(
        f"前面还有 {before} 条。", f"{before} records come before it." if before > 1 else "One record comes before it."
    )


def rank_told(rank: DialRank, answer: float, success: float, value: int, *, learned: bool) -> InWords:
    """What the rank is made of. `learned`: the chance is the campaign's own experience, not what is assumed of any."""
    turn, priority = _TURNS[DialTurn(rank.turn)], -rank.less_priority
    chance, worth, cents = f"{answer:.0%}", f"{-rank.less_worth / 100:.4g}", f"{max(value, 1) / 100:.2f}"
    known_zh, known_en = (
        ("本活动所学", "learned in this campaign") if learned else ("尚无经验，取常值", "assumed, too little is known")
    )
    return InWords(
        f"顺序：{turn.zh}；优先级 {priority}；价值 {worth} = 此时接听概率 {chance}（{known_zh}）× 成功倍数 {success:.2f} × 金额 {cents}。",
        f"Its rank: {turn.en}; priority {priority}; worth {worth} = chance of an answer this hour {chance} ({known_en})"
        f" × success {success:.2f} times the usual × value {cents}.",
    )
