"""Why a record is not dialled, or why it is the next: the gate's own judgement, asked for and told in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.outbound.domain.campaigns import Campaign
from services.outbound.domain.compliance import Suppressed
from services.outbound.domain.explanation import told
from services.outbound.domain.records import DialRecord, RecordState
from services.outbound.domain.rulesets import Ruleset
from services.outbound.domain.suppressions import InWords, Suppression
from services.outbound.handlers.asking import Ground, Verdict, judge_record, look_back
from services.outbound.handlers.gate import Gate
from services.outbound.handlers.rulebook import rules_of
from services.outbound.store import operators
from services.outbound.store.books import AbandonmentBooks
from shared.postgres import Connection

SETTLED = frozenset({RecordState.DIALLING, RecordState.DONE})


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
    return _told(record, verdict, ground.rulesets)


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
