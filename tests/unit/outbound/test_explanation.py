"""A refusal in words: filled with its facts, beside its rule and source, in both languages."""

from __future__ import annotations

from services.outbound.domain.compliance import HeldRefusal, History, PersonWishes, Suppressed, authorise
from services.outbound.domain.explanation import told
from services.outbound.domain.suppressions import EndsWith, Suppression
from services.outbound.ruleset_documents import shipped
from tests.unit.outbound.asking import asking, entry, moment

NIGHT = moment("2026-06-01 22:00", "America/New_York")
RULESETS = [shipped()["restraint"], shipped()["us"]]


def test_a_rule_is_told_with_its_source_and_what_else_is_in_the_way() -> None:
    rows = [entry(NIGHT - n) for n in (1, 2, 3)]
    refusal = authorise(asking(NIGHT), History(rows), NIGHT, RULESETS)
    assert isinstance(refusal, Suppressed)
    words = told(refusal, RULESETS)
    assert words.reason is Suppression.CAP_24H
    assert (words.words.zh, words.words.en) == (
        "24 小时内已有 3 次，最多 3 次。",
        "3 calls within 24 hours; 3 are allowed.",
    )
    assert words.clause is not None
    assert words.clause.id == "restraint.calls_a_day"
    assert [title.en for title in words.others] == ["outside the calling window"], "named once, though two rules say so"
    assert words.ends_with is EndsWith.TIME


def test_the_gates_own_refusal_has_no_rule() -> None:
    wishes = PersonWishes(known=True, refusals=(HeldRefusal(NIGHT - 1),))
    refusal = authorise(asking(NIGHT, wishes=wishes), History(), NIGHT, RULESETS)
    assert isinstance(refusal, Suppressed)
    words = told(refusal, RULESETS)
    assert (words.reason, words.clause, words.until) == (Suppression.OPTED_OUT, None, None)
