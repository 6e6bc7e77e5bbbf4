"""Caps and rests at their exact ends, and what of an outcome counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.outbound.domain.contact_ledger import DAY, HOUR, After, Per, Whose, rests_until, used
from services.outbound.domain.outcomes import Counted, DialOutcome, counts, outcome_of
from services.outbound.domain.purposes import Purpose
from tests.unit.outbound.asking import entry, moment

NOON = moment("2026-06-01 12:00")
WHOSE = Whose("n1", None, "spring", "r1")
MARKETING = frozenset({Purpose.MARKETING})


@pytest.mark.parametrize("within", [24 * HOUR, 7 * DAY, 30 * DAY])
@given(ages=st.lists(st.integers(0, 31 * DAY), max_size=8), at_most=st.integers(1, 5))
def test_a_cap_gives_way_exactly_when_its_oldest_row_leaves(within: int, ages: list[int], at_most: int) -> None:
    rows = [entry(NOON - age) for age in ages]

    def count(now: int):
        return used(
            rows, WHOSE, now, within=within, at_most=at_most, per=Per.PERSON, what=Counted.DIALLED, purposes=MARKETING
        )

    now = count(NOON)
    assert now.count == sum(age < within for age in ages)
    if now.count < at_most:
        assert now.until is None
        return
    assert now.until is not None
    assert count(now.until - 1).count >= at_most
    assert count(now.until).count < at_most


def test_a_cap_of_none_never_gives_way() -> None:
    never = used([], WHOSE, NOON, within=DAY, at_most=0, per=Per.PERSON, what=Counted.DIALLED, purposes=MARKETING)
    assert (never.count, never.until) == (0, None)


@pytest.mark.parametrize(
    ("per", "counted"),
    [(Per.PERSON, 5), (Per.SUBJECT, 5), (Per.NUMBER, 4), (Per.RECORD, 3), (Per.CAMPAIGN, 4)],
)
def test_whose_rows_count(per: Per, counted: int) -> None:
    rows = [
        entry(NOON - 1),
        entry(NOON - 2, subject="roof"),
        entry(NOON - 3, number="n2"),
        entry(NOON - 4, record="r2"),
        entry(NOON - 5, campaign="winter"),
    ]
    asked = used(rows, WHOSE, NOON, within=DAY, at_most=9, per=per, what=Counted.DIALLED, purposes=MARKETING)
    assert asked.count == counted


def test_a_subject_is_its_own_and_an_unnamed_one_may_be_any() -> None:
    rows = [entry(NOON - 1, subject="D1"), entry(NOON - 2, subject="D1", number="n2"), entry(NOON - 3, subject="D2"),
            entry(NOON - 4, subject="D2", campaign="winter"), entry(NOON - 5, subject="D2"), entry(NOON - 6)]  # fmt: skip

    def counted(subject: str | None) -> int:
        asked = Whose(WHOSE.number, subject, WHOSE.campaign, WHOSE.record)
        return used(
            rows, asked, NOON, within=DAY, at_most=9, per=Per.SUBJECT, what=Counted.DIALLED, purposes=MARKETING
        ).count

    assert (counted("D1"), counted("D2"), counted("D3"), counted(None)) == (3, 4, 1, 6)


def test_only_rows_of_the_rules_purposes_count() -> None:
    rows = [entry(NOON - 1, purpose=Purpose.PROMISED_REPLY)] * 5
    asked = used(rows, WHOSE, NOON, within=DAY, at_most=1, per=Per.PERSON, what=Counted.DIALLED, purposes=MARKETING)
    assert asked.count == 0


def test_what_an_outcome_counts_as() -> None:
    table = {outcome: [counts(outcome, what) for what in Counted] for outcome in [None, *DialOutcome]}
    yes, no = True, False
    assert table == {
        None: [yes, yes, no],
        DialOutcome.ANSWERED_PERSON: [yes, yes, yes],
        DialOutcome.MACHINE: [yes, yes, no],
        DialOutcome.FAX: [yes, yes, no],
        DialOutcome.BUSY: [yes, yes, no],
        DialOutcome.NO_ANSWER: [yes, yes, no],
        DialOutcome.SIT_VACANT: [yes, no, no],
        DialOutcome.SIT_INTERCEPT: [yes, no, no],
        DialOutcome.SIT_REORDER: [yes, no, no],
        DialOutcome.FAILED: [yes, no, no],
        DialOutcome.CANCELLED: [no, no, no],
        DialOutcome.ABANDONED: [yes, yes, no],
        DialOutcome.UNKNOWN: [yes, yes, no],
    }


def test_a_conversation_with_an_agent_or_a_dialogue_is_one_with_a_person() -> None:
    assert {outcome_of("talked"), outcome_of("served")} == {DialOutcome.ANSWERED_PERSON}


def test_the_latest_refusal_rests() -> None:
    rows = [entry(NOON - 70 * DAY, refused=True), entry(NOON - 10 * DAY, refused=True), entry(NOON - DAY)]
    until = rests_until(rows, WHOSE, NOON, after=After.REFUSAL, lasts=60 * DAY, per=Per.PERSON, purposes=MARKETING)
    assert until == NOON + 50 * DAY
