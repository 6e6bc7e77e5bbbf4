"""A refusal in words: what the API, the logs' readers and the pages say about "why is this not dialled", from one catalogue."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.outbound.domain.compliance import GATE, Suppressed
from services.outbound.domain.rulesets import Clause, Ruleset
from services.outbound.domain.suppressions import CATALOGUE, EndsWith, InWords, Suppression


@dataclass(frozen=True, slots=True)
class ToldRefusal:
    """What stands in the way, for people. `clause`: the rule with its source; None: the gate's own."""

    reason: Suppression
    title: InWords
    words: InWords
    ends_with: EndsWith
    until: int | None
    clause: Clause | None
    others: tuple[InWords, ...]  # titles of what else stands in the way


def told(refusal: Suppressed, rulesets: Iterable[Ruleset]) -> ToldRefusal:
    """The refusal in both languages, with its rule."""
    kind = CATALOGUE[refusal.reason]
    clauses = (rule.clause for ruleset in rulesets for rule in ruleset.rules)
    about = refusal.facts.get("subject")
    clause = None if refusal.rule == GATE else next((c for c in clauses if c.id == refusal.rule), None)
    others = dict.fromkeys(reason for reason, _ in refusal.others if reason is not refusal.reason)
    return ToldRefusal(
        refusal.reason,
        kind.title,
        _about(InWords(kind.words.zh.format_map(refusal.facts), kind.words.en.format_map(refusal.facts)), about),
        kind.ends_with,
        refusal.until,
        clause,
        tuple(CATALOGUE[reason].title for reason in others),
    )


def _about(words: InWords, subject: str | int | float | None) -> InWords:
    """The words, and of which debt or product they speak."""
    return words if subject is None else InWords(f"关于“{subject}”：{words.zh}", f'About "{subject}": {words.en}')
