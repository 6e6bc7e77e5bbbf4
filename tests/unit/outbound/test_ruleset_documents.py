"""The shipped rulesets say what section 4 of the design asks for; a document that is wrong is told where."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from services.outbound.domain.abandonment import ClockOrigin
from services.outbound.domain.contact_ledger import DAY, HOUR, After, Per
from services.outbound.domain.purposes import Purpose
from services.outbound.domain.rulesets import (
    AbandonmentRule,
    CapRule,
    MessageRule,
    RegistryRule,
    RestRule,
    RetentionRule,
    RevocationRule,
    RingRule,
    horizon_of,
)
from services.outbound.rules_document import render_rules
from services.outbound.ruleset_documents import RESTRAINT, SHIPPED, check_ruleset, shipped
from shared.yaml_document import DocumentRefused

RULES = {rule.clause.id: rule for ruleset in shipped().values() for rule in ruleset.rules}
DOCUMENT = Path(__file__).parents[3] / "docs" / "outbound-rules.md"


def test_the_numbers_of_the_laws() -> None:
    """Read beside the design's table; what is judged by them is in the truth files."""

    def cap(name: str) -> tuple[int, int, Per]:
        rule = RULES[name]
        assert isinstance(rule, CapRule)
        return rule.at_most, rule.within, rule.per

    def rest(name: str) -> tuple[After, int, Per, bool]:
        rule = RULES[name]
        assert isinstance(rule, RestRule)
        return rule.after, rule.lasts, rule.per, rule.unless_agent_guaranteed

    def abandonment(name: str) -> tuple[float, int, ClockOrigin, bool]:
        rule = RULES[name]
        assert isinstance(rule, AbandonmentRule)
        return rule.limit, rule.within, rule.origin, rule.machine_adjusted

    assert {name: cap(name) for name, rule in RULES.items() if isinstance(rule, CapRule)} == {
        "restraint.calls_a_day": (3, DAY, Per.PERSON),
        "us_fl.calls_a_day": (3, 24 * HOUR, Per.SUBJECT),
        "us_ok.calls_a_day": (3, 24 * HOUR, Per.SUBJECT),
        "us_md.calls_a_day": (3, 24 * HOUR, Per.SUBJECT),
        "us_debt.calls_a_week": (7, 7 * DAY, Per.SUBJECT),
        "fr.calls_a_month": (4, 30 * DAY, Per.PERSON),
    }
    assert rest("us_debt.after_conversation") == (After.CONVERSATION, 7 * DAY, Per.SUBJECT, False)
    assert rest("uk.after_abandoned") == (After.ABANDONED, 72 * HOUR, Per.NUMBER, True)
    assert rest("uk.after_machine") == (After.MACHINE, 24 * HOUR, Per.NUMBER, True)
    assert rest("fr.after_refusal") == (After.REFUSAL, 60 * DAY, Per.PERSON, False)
    assert abandonment("us.abandonment") == (0.03, 30 * DAY, ClockOrigin.GREETING_ENDED, False)
    assert abandonment("uk.abandonment") == (0.03, DAY, ClockOrigin.CONNECTED, True)
    assert [r.seconds for r in RULES.values() if isinstance(r, RingRule)] == [15, 15]
    assert {r.within_milliseconds for r in RULES.values() if isinstance(r, MessageRule)} == {2_000}
    assert {n: r.max_age // DAY for n, r in RULES.items() if isinstance(r, RegistryRule)} == {
        "us.registry": 31,
        "uk.registry": 28,
        "fr.registry": 30,
    }
    assert [r.business_days for r in RULES.values() if isinstance(r, RevocationRule)] == [10]
    kept = {n: (r.days, r.recordings) for n, r in RULES.items() if isinstance(r, RetentionRule)}
    assert kept == {"us.records": (5 * 365 + 2, False), "cn.records": (30, True)}
    assert RULES["fr.opt_in"].clause.since == date(2026, 8, 11)


def test_every_rule_names_its_source_its_day_and_its_words() -> None:
    for name, rule in RULES.items():
        assert name.partition(".")[0] in shipped()
        assert rule.clause.words.zh.endswith("。"), name
        assert rule.clause.words.en.endswith("."), name
        assert rule.clause.source
        assert rule.clause.dated >= date(1990, 1, 1)


def test_a_requested_callback_is_bound_by_no_hours() -> None:
    bound = {name for name, rule in RULES.items() if Purpose.REQUESTED_CALLBACK in rule.clause.purposes}
    assert not {name for name in bound if name.endswith("hours")}


def test_restraint_comes_first_and_sixty_days_are_looked_back() -> None:
    assert next(iter(shipped())) == RESTRAINT
    assert horizon_of(shipped().values()) == 60 * DAY
    assert horizon_of([]) == DAY


def test_the_document_in_docs_is_current() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == render_rules(shipped().values()), (
        "python -m services.outbound.rules_document > docs/outbound-rules.md"
    )


GOOD = (SHIPPED / "us_fl.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("wrong", "right", "line", "message"),
    [
        ("hours: 24", "hours: 24, days: 1", 11, "either hours or days"),
        ("cap: {", "caps: {", 10, "a rule is one of"),
        ('["08:00-20:00"]', '["20:00-08:00"]', 19, "20:00-08:00 ends before it begins"),
        ('["08:00-20:00"]', '["08:00-12:00", "11:00-20:00"]', 19, "overlap"),
        ("id: us_fl.hours", "id: us_fl.calls_a_day", 18, "is taken"),
        ("dated: 2021-07-01", 'dated: "2021-02-30"', 14, "is no day"),
        ("at_most: 3", "at_most: three", 11, "'three' is not of type 'integer'"),
        ("per: subject", "per: family", 11, "'family' is not one of"),
    ],
)
def test_a_wrong_document_is_told_where(wrong: str, right: str, line: int, message: str) -> None:
    with pytest.raises(DocumentRefused) as refused:
        check_ruleset(GOOD.replace(wrong, right, 1))
    assert any(fault.line == line and message in fault.message for fault in refused.value.faults), refused.value.faults


def test_a_rule_that_ends_before_it_begins() -> None:
    text = GOOD.replace(
        "    dated: 2021-07-01", "    since: 2026-02-01\n    before: 2026-01-01\n    dated: 2021-07-01", 1
    )
    with pytest.raises(DocumentRefused, match="ends before it begins"):
        check_ruleset(text)
