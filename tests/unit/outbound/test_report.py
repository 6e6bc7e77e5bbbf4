"""The report measures what was dialled: each rule's count, its worst value, its verdict; and how it reads on paper."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.outbound.domain.abandonment import AbandonmentLedger, ClockOrigin
from services.outbound.domain.contact_ledger import DAY, HOUR
from services.outbound.domain.outcomes import DialOutcome
from services.outbound.domain.purposes import Purpose
from services.outbound.domain.report import ComplianceAudit, ComplianceReport, ReportedAttempt, RuleFinding, Verdict
from services.outbound.domain.rulesets import RevocationRule
from services.outbound.domain.suppressions import Suppression
from services.outbound.report_tables import as_csv, as_html, as_markdown, tables_of
from services.outbound.ruleset_documents import shipped
from shared.contracts.dial_results import AttemptAnswered, AttemptConnected
from tests.unit.outbound.asking import SECOND, TERMS, entry, moment

NOON = moment("2026-06-03 12:00", "America/New_York")
SINCE, UNTIL = NOON - 10 * DAY, NOON + DAY


def attempt(at: int = NOON, outcome: DialOutcome | None = DialOutcome.NO_ANSWER, **changes: Any) -> ReportedAttempt:
    """A call to New York, in order in every way."""
    of_entry = {
        k: changes.pop(k) for k in ("number", "purpose", "subject", "campaign", "record", "refused") if k in changes
    }
    made = ReportedAttempt(
        entry(at, outcome, **of_entry), ("America/New_York",), ("US-NY",),
        consented=True, registry_at=at - DAY, rang_for=25 * SECOND,
    )  # fmt: skip
    return replace(made, **changes)


def report(*attempts: ReportedAttempt, rulesets: tuple[str, ...] = ("us",), **changes: Any) -> ComplianceReport:
    audit = ComplianceAudit(
        "spring", SINCE, UNTIL, ZoneInfo("America/New_York"), [shipped()[name] for name in rulesets]
    )
    audit.person(attempts)
    ledger = changes.pop("ledger", AbandonmentLedger("spring"))
    return audit.report(replace(TERMS, **changes), ledger, {Suppression.OPTED_OUT: 3, Suppression.OUTSIDE_WINDOW: 7})


def line(made: ComplianceReport, rule: str) -> RuleFinding:
    return next(finding for finding in made.findings if finding.rule.clause.id == rule)


@pytest.mark.parametrize(
    ("rule", "broken_by"),
    [
        ("us.hours", attempt(moment("2026-06-03 21:00", "America/New_York"))),
        ("us.hours", attempt(zones=())),
        ("us.hours", attempt(zones=("America/New_York", "Mars/Olympus"))),
        ("us.registry", attempt(consented=False, registry_at=NOON - 32 * DAY)),
        ("us.registry", attempt(consented=False, registry_at=None)),
        ("us.registry", attempt(consented=False, on_registry=True)),
        ("us.ring", attempt(rang_for=14 * SECOND)),
        ("us.message", attempt(outcome=DialOutcome.ABANDONED)),
        ("us.message", attempt(outcome=DialOutcome.ABANDONED, announced_after=2 * SECOND + 1)),
        ("us.revocation", attempt(refused_at=NOON - 15 * DAY)),
    ],
)
def test_one_call_against_a_rule_is_found(rule: str, broken_by: ReportedAttempt) -> None:
    made = report(attempt(NOON - HOUR), broken_by)
    assert line(made, rule).verdict is Verdict.BROKEN
    assert line(made, rule).broken == 1
    assert [f.rule.clause.id for f in made.findings if f.verdict is Verdict.BROKEN] == [rule]
    assert line(report(attempt(NOON - HOUR)), rule).verdict is not Verdict.BROKEN


def test_a_refusal_late_honoured_is_measured_in_days_and_judged_in_business_days() -> None:
    """Ten business days from Wednesday 2026-05-20 end on Wednesday 2026-06-03 (Memorial Day is none): inside, yet shown."""
    made = report(attempt(refused_at=moment("2026-05-20 12:00", "America/New_York")))
    found = line(made, "us.revocation")
    assert isinstance(found.rule, RevocationRule)
    assert (found.verdict, found.worst) == (Verdict.KEPT, 14)


def test_caps_are_counted_over_other_campaigns_and_before_the_period() -> None:
    rows = [attempt(NOON - n * HOUR, regions=("US-FL",), campaign="winter") for n in (3, 2, 1)]
    made = report(*rows, attempt(regions=("US-FL",)), rulesets=("us_fl",))
    found = line(made, "us_fl.calls_a_day")
    assert (made.dialled, found.counted, found.worst, found.broken) == (1, 1, 4, 1)


def test_rests_show_the_shortest_that_was_kept() -> None:
    def debt(at: int, outcome: DialOutcome) -> ReportedAttempt:
        return attempt(at, outcome, purpose=Purpose.DEBT_COLLECTION, subject="debt-1")

    made = report(
        debt(NOON - 8 * DAY, DialOutcome.ANSWERED_PERSON), debt(NOON, DialOutcome.NO_ANSWER), rulesets=("us_debt",)
    )
    assert (line(made, "us_debt.after_conversation").worst, line(made, "us_debt.after_conversation").broken) == (192, 0)
    broken = report(
        debt(NOON - 6 * DAY, DialOutcome.ANSWERED_PERSON), debt(NOON, DialOutcome.NO_ANSWER), rulesets=("us_debt",)
    )
    assert line(broken, "us_debt.after_conversation").broken == 1


def test_conversations_of_a_record() -> None:
    rows = [attempt(NOON - n * DAY, DialOutcome.ANSWERED_PERSON) for n in range(4)]
    found = line(report(*rows, rulesets=("restraint",)), "restraint.contacts")
    assert (found.worst, found.broken) == (4, 1)


def test_licence_and_records_are_the_operators_word() -> None:
    china = attempt(moment("2026-06-03 10:00", "Asia/Shanghai"), zones=("Asia/Shanghai",), regions=("CN",))
    kept = report(china, rulesets=("cn",))
    assert {f.verdict for f in kept.findings} == {Verdict.KEPT}
    lacking = report(china, rulesets=("cn",), licensed=False, keeps_days=29)
    assert [f.rule.clause.id for f in lacking.findings if f.broken] == ["cn.licence", "cn.records"]


def test_a_ruleset_that_binds_no_call_counts_nothing() -> None:
    made = report(attempt(), rulesets=("us", "fr"))
    assert {f.verdict for f in made.findings if f.ruleset == "fr@1"} == {Verdict.NOTHING_COUNTED}


def answers(late: int, of: int) -> AbandonmentLedger:
    ledger = AbandonmentLedger("spring")
    for n in range(of):
        at = NOON - (of - n) * SECOND * 60
        ledger.absorb(AttemptAnswered(f"x{n}", "spring", "g1", at, "person"))
        ledger.absorb(AttemptConnected(f"x{n}", "spring", "g1", at + (3 if n >= of - late else 1) * SECOND))
    return ledger


def test_abandonment_is_judged_at_its_worst_moment() -> None:
    over = report(attempt(), ledger=answers(4, 100))
    assert (line(over, "us.abandonment").worst, line(over, "us.abandonment").verdict) == (4.0, Verdict.BROKEN)
    within = report(attempt(), ledger=answers(3, 100))
    assert (line(within, "us.abandonment").worst, line(within, "us.abandonment").verdict) == (3.0, Verdict.KEPT)
    variants = {(variant.within // HOUR, variant.origin) for variant in within.abandonment}
    assert variants == {(hours, origin) for hours in (24, 720) for origin in ClockOrigin}


def test_cancelled_attempts_are_no_calls() -> None:
    assert report(attempt(outcome=DialOutcome.CANCELLED)).dialled == 0


@pytest.mark.parametrize("language", ["zh", "en"])
def test_on_paper(language: Any) -> None:
    made = report(
        attempt(), attempt(NOON + HOUR, rang_for=9 * SECOND), ledger=answers(1, 50), rulesets=("restraint", "us")
    )
    title = {"zh": "外呼合规报告", "en": "Compliance report of outbound calls"}[language]
    page, text, sheet = as_html(made, language), as_markdown(made, language), as_csv(made, language)
    for paper in (page, text):
        assert title in paper
        assert "16 CFR 310.5" in paper
        assert {"zh": "违反", "en": "BROKEN"}[language] in paper
    assert "<script" not in page
    rules, abandonment, outcomes, suppressed = tables_of(made, language)
    assert len(rules.rows) == len(made.findings)
    assert len(abandonment.rows) == 6
    assert [row[1] for row in outcomes.rows] == ["2"]
    assert [row[1] for row in suppressed.rows] == ["7", "3"]
    cells = [row for row in csv.reader(io.StringIO(sheet.removeprefix("\ufeff"))) if row]
    assert [rules.title] in cells
    assert sheet.startswith("\ufeff")


def test_a_title_of_a_campaign_cannot_break_the_page() -> None:
    made = replace(report(attempt()), campaign="<b>=1+1|x")
    assert "&lt;b&gt;" in as_html(made, "en")
