"""What a what-if takes for granted, said in words with its counts: shown with every result, shortest true form first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from services.router.domain.policy.words import Words
from services.router.what_if.record import Record
from services.router.what_if.rerun import Rerun
from services.router.what_if.unrecorded import FEW_LEFT, Models, Quantity

_QUANTITIES: Mapping[Quantity, Words] = {
    Quantity.ANSWER: Words("坐席应答", "agents' answers to offers"),
    Quantity.CONNECT: Words("接通用时", "times to connect"),
    Quantity.TALK: Words("通话时长", "conversations"),
    Quantity.WRAP_UP: Words("话后时长", "wrap-ups"),
    Quantity.PATIENCE: Words("客户耐心", "customers' patience"),
    Quantity.RETURN: Words("漏接后恢复", "returns after a missed offer"),
}


def assumptions(record: Record, models: Models, runs: Mapping[str, Sequence[Rerun]]) -> Iterator[tuple[str, Words]]:
    """(code, sentence), the ones about this very run first."""
    yield from _fidelity(runs["before"][0])
    yield from _modelled(runs)
    yield from _patience(models, runs)
    yield (
        "people_unchanged",
        Words(
            "客户的到达、坐席的签入、小休与技能按记录原样重演；坐席不会因规则改变而改变快慢或作息。",
            "Arrivals, sign-ins, breaks and skills are replayed as recorded; agents do not work faster, slower or at other "
            "times because the rules changed.",
        ),
    )
    yield (
        "no_redial",
        Words(
            "放弃后重拨的客户仍按记录再次到达，即使在新规则下第一次就会被接听；因此放弃的减少被低估。",
            "Who gave up and called again arrives again, even where the first call would now be answered: a fall in abandonment "
            "is understated.",
        ),
    )
    if not record.decided:
        yield (
            "call_record",
            Words(
                "话务记录不含坐席的应答用时与小休：坐席在记录所示（或其有通话的半小时）在岗；有人排队而坐席无通话之时视为话后处理或离席；"
                "应答即刻，转接不在记录内；坐席的技能取自其接过 3 次以上的队列。",
                "A call record holds no answer delays and no breaks: agents are there when it says so (or in the half hours in "
                "which they served), writing up or away while somebody waited and they had nobody on the line, and answer at "
                "once; transfers are not in it. They hold the skills of queues they served three times or more.",
            ),
        )


def _fidelity(run: Rerun) -> Iterator[tuple[str, Words]]:
    if (found := run.fidelity) is None:
        return
    if found.first_differing is None:
        yield (
            "replayed_exactly",
            Words(
                f"按原规则重演，{found.inputs:,} 条输入的决定与记录逐条相同：差异全部来自规则。",
                f"Replayed under its own rules, the decisions of all {found.inputs:,} inputs equal the record one by one: what "
                "differs below is the rules' doing.",
            ),
        )
    else:
        yield (
            "replayed_roughly",
            Words(
                f"按原规则重演，{found.inputs:,} 条输入中 {found.equal:,} 条的决定与记录相同（自位置 {found.first_differing} "
                "起不同：记录由另一版本作出，或含无法重演之事）；对比的是两次重演。",
                f"Replayed under its own rules, {found.equal:,} of {found.inputs:,} inputs were decided as recorded (position "
                f"{found.first_differing} is the first that was not: decided by another version, or beyond what can be "
                "replayed). Two replays are compared, not the record.",
            ),
        )


def _modelled(runs: Mapping[str, Sequence[Rerun]]) -> Iterator[tuple[str, Words]]:
    after = runs["after"]
    drawn: dict[Quantity, float] = {}
    for run in after:
        for (quantity, _), count in run.use.modelled.items():
            drawn[quantity] = drawn.get(quantity, 0.0) + count / len(after)
    if not drawn:
        yield (
            "nothing_modelled",
            Words(
                "新规则下无需任何假设：一切行为都有记录。", "Nothing had to be modelled: all behaviour was on record."
            ),
        )
        return
    reused = {quantity: sum(run.use.reused[quantity] for run in after) / len(after) for quantity in Quantity}
    parts = [(_QUANTITIES[q], round(drawn[q]), round(drawn[q] + reused[q])) for q in Quantity if q in drawn]
    yield (
        "modelled",
        Words(
            "记录中没有、因而抽样得出的行为（每次运行平均）："
            + "、".join(f"{words.zh} {count}/{whole}" for words, count, whole in parts)
            + f"；各运行 {len(after)} 次，区间为 95%，只含抽样之不确定，不含换一天的差别。",
            "Not on record and drawn instead (mean of a run): "
            + ", ".join(f"{count} of {whole} {words.en}" for words, count, whole in parts)
            + f". {len(after)} runs; intervals are 95 % and cover what was drawn, not that another day would differ.",
        ),
    )


def _patience(models: Models, runs: Mapping[str, Sequence[Rerun]]) -> Iterator[tuple[str, Words]]:
    everybody = models.everybody
    if everybody.left == 0:
        yield (
            "nobody_left",
            Words(
                "时段内无人放弃：客户视为无限耐心，新规则下的放弃率无从得知。",
                "Nobody gave up in this period: patience is taken as endless, and abandonment under other rules is unknown.",
            ),
        )
    elif any(run.use.modelled.total() for run in runs["after"]):
        yield (
            "patience",
            Words(
                f"被接听客户的耐心只知下限：按 Kaplan–Meier 估计、以已等待时长为条件抽样（{everybody.observed:,} 次等待，"
                f"{everybody.left:,} 次放弃；某组放弃少于 {FEW_LEFT} 次时用全体的曲线）。",
                f"Of answered customers only the least patience is known: it is drawn from the Kaplan–Meier estimate on the "
                f"condition of the time already waited ({everybody.observed:,} waits, {everybody.left:,} given up; a group "
                f"with fewer than {FEW_LEFT} uses everybody's curve).",
            ),
        )
