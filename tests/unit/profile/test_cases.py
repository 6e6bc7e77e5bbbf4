"""The case's transition table, every pair of it, and what stands against a move."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import pytest

from services.profile.domain.cases import Case, CaseRefusal, CaseState, NotMoved, keep, move, owe

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
OPEN, WAITING, ANSWERED, CLOSED, REOPENED = CaseState

LEGAL = {
    (OPEN, WAITING), (OPEN, ANSWERED), (WAITING, WAITING), (WAITING, ANSWERED), (ANSWERED, WAITING), (ANSWERED, CLOSED),
    (ANSWERED, REOPENED), (CLOSED, REOPENED), (REOPENED, WAITING), (REOPENED, ANSWERED),
}  # fmt: skip


@pytest.mark.parametrize(("start", "to"), list(product(CaseState, CaseState)))
def test_every_pair_of_states(start: CaseState, to: CaseState) -> None:
    case = Case(start, "a-1", waiting_for="workshop" if start is WAITING else None)
    if (start, to) in LEGAL:
        assert move(case, to, NOW, waiting_for="supplier", reason="leaks again").state is to
    else:
        with pytest.raises(NotMoved) as refused:
            move(case, to, NOW, waiting_for="supplier", reason="leaks again")
        assert refused.value.refusal is CaseRefusal.ILLEGAL_TRANSITION


@pytest.mark.parametrize(
    ("case", "to", "refusal"),
    [
        (Case(OPEN, "a-1"), WAITING, CaseRefusal.WAITING_FOR_WHOM),
        (Case(OPEN, None), ANSWERED, CaseRefusal.NO_OWNER),
        (Case(ANSWERED, None), CLOSED, CaseRefusal.NO_OWNER),
        (Case(ANSWERED, "a-1", owed=2), CLOSED, CaseRefusal.PROMISE_OWED),
        (Case(CLOSED, "a-1"), REOPENED, CaseRefusal.REASON_MISSING),
    ],
)
def test_refusals_say_why(case: Case, to: CaseState, refusal: CaseRefusal) -> None:
    with pytest.raises(NotMoved) as refused:
        move(case, to, NOW)
    assert refused.value.refusal is refusal


def test_a_life() -> None:
    case = move(Case(OPEN, "a-1"), WAITING, NOW, waiting_for="workshop")
    assert case.waiting_for == "workshop"
    case = move(case, ANSWERED, NOW)
    assert (case.waiting_for, case.answered_at) == (None, NOW)
    case = move(case, CLOSED, NOW)
    assert case.closed_at == NOW
    case = move(case, REOPENED, NOW, reason="leaks again")
    assert (case.reopened, case.closed_at) == (1, None)


def test_promises() -> None:
    owe(Case(REOPENED, "a-1"))
    with pytest.raises(NotMoved, match="reopen"):
        owe(Case(CLOSED, "a-1"))
    keep(None)
    with pytest.raises(NotMoved, match="before"):
        keep(NOW)
