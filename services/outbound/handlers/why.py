"""Why a record is not dialled, or why it is the next: the gate's own judgement, asked for and told in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Any

from services.outbound.domain.answering import AnswerCell, AnswerChances, part_of_day
from services.outbound.domain.campaigns import Campaign
from services.outbound.domain.compliance import Suppressed
from services.outbound.domain.explanation import told
from services.outbound.domain.ordering import dial_rank, dial_worth, explained, place_told, rank_told
from services.outbound.domain.records import DialRecord, RecordState
from services.outbound.domain.rulesets import Ruleset
from services.outbound.domain.suppressions import InWords, Suppression
from services.outbound.domain.windows import local_time, zone_of
from services.outbound.handlers.asking import Ground, Verdict, judge_record, look_back
from services.outbound.handlers.gate import Gate
from services.outbound.handlers.rulebook import rules_of
from services.outbound.store import operators, ordering
from services.outbound.store.books import AbandonmentBooks
from shared.postgres import Connection, worker_transaction

QUEUED = frozenset({RecordState.WAITING, RecordState.IN_HOPPER})
COUNTED_BEFORE = 1_000
"""How many records that come earlier are counted, at most."""


@dataclass(frozen=True, slots=True)
class Told:
    """The answer: may it be dialled, and everything that stands in the way: what lasts longest with its rule, then the rest."""

    allowed: bool
    state: RecordState
    until: int | None
    sentences: list[InWords]
    reasons: list[tuple[str, str]]  # (suppression, rule)
    rules: list[str]
    facts: dict[str, Any]
    order: Mapping[str, float | int | str] | None = (
        None  # of one that waits: its rank in parts, and how many come `before`
    )


async def ground_of(connection: Connection, campaign: Campaign, books: AbandonmentBooks, now: int) -> Ground:
    """What all records of a campaign have alike, read now."""
    callers = await operators.caller_ids(connection, campaign.tenant)
    usable = any(c.usable and campaign.choices.caller_pool in (None, c.pool_name) for c in callers)
    figures = await books.figures(connection, campaign.tenant, campaign.campaign_id, now)
    operator = await operators.read(connection, campaign.tenant)
    return Ground(campaign, rules_of(campaign), operator, usable, figures)


async def tell(
    connection: Connection, gate: Gate, books: AbandonmentBooks, campaign: Campaign, record: DialRecord, now: int
) -> Told:
    """Judge the record as the gate would this moment."""
    ground = await ground_of(connection, campaign, books, now)
    known = (await gate.ask(campaign, [record]))[record.record_id]
    before = await look_back(connection, campaign.tenant, [record], ground.rulesets, now)
    verdict = judge_record(ground, record, known, before, now)
    answer = _told(record, verdict, ground.rulesets)
    if record.state not in QUEUED:
        return answer
    # by the worker's role: under row security the hopper's index is not used for a record's language
    async with worker_transaction(gate.parts.workers) as worker:
        return await _with_order(worker, campaign, record, answer, now)


async def _with_order(connection: Connection, campaign: Campaign, record: DialRecord, answer: Told, now: int) -> Told:
    """The answer, and the record's place in the order with what it is made of."""
    tenant, campaign_id = campaign.tenant, campaign.campaign_id
    table = await ordering.answer_table(connection, tenant, campaign_id)
    n = record.attempts - record.undialled + 1
    zone = next(filter(None, map(zone_of, record.zones)), UTC)
    cell = AnswerCell.at(now, zone, n)
    tries = await ordering.tries_in_vain(connection, tenant, campaign_id, record.record_id, record.attempts + 1)
    missed = sum(part_of_day(local_time(at, zone).hour) == part_of_day(cell.hour) for at in tries)
    chance = (table or AnswerChances()).chance(cell._replace(missed=missed))
    before = await ordering.waiting_before(connection, tenant, campaign_id, record, COUNTED_BEFORE)
    rank = dial_rank(record, dial_worth(chance, record.value, record.success))
    parts = chance, record.success, record.value
    words = [place_told(before, COUNTED_BEFORE), rank_told(rank, *parts, learned=table is not None)]
    return replace(
        answer, sentences=[*answer.sentences, *words], order={**explained(rank, *parts), "before": before}
    )  # fmt: skip


def _told(record: DialRecord, verdict: Verdict, rulesets: Sequence[Ruleset]) -> Told:
    if record.state is RecordState.DIALLING:
        words = InWords("正在外呼这条记录。", "It is being dialled now.")
        return Told(False, record.state, None, [words], [(Suppression.ATTEMPT_OPEN, "gate")], [], {})
    if record.state is RecordState.DONE:
        words = InWords(
            "这条记录已办结，不再外呼。", f"The record is done ({record.reason or 'closed'}); it is not dialled again."
        )  # fmt: skip
        return Told(False, record.state, None, [words], [(record.reason or "done", "record")], [], {})
    if isinstance(verdict, Suppressed):
        refusal = told(verdict, rulesets)
        sentences = [refusal.words, *refusal.others]
        if refusal.clause is not None:
            rule = refusal.clause
            sentences.insert(
                1, InWords(f"依据：{rule.words.zh}（{rule.source}）", f"The rule: {rule.words.en} ({rule.source})")
            )
        reasons = [(str(verdict.reason), verdict.rule), *((str(r), rule) for r, rule in verdict.others)]
        return Told(False, record.state, verdict.until, sentences, reasons, [], dict(verdict.facts))
    turn = InWords(
        "可以外呼；轮到时由空闲坐席数与线路决定。", "It may be dialled; its turn comes by free agents and lines."
    )  # fmt: skip
    return Told(True, record.state, None, [turn], [], list(verdict.rules), {})
