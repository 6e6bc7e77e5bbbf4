"""Cases (工单): one problem of a customer until it is solved, whoever it has to wait for.

```mermaid
stateDiagram-v2
    [*] --> open
    open --> waiting: for whom
    open --> answered
    waiting --> waiting: for somebody else
    waiting --> answered
    answered --> waiting: the answer was not the end
    answered --> closed: nothing is owed
    answered --> reopened: why
    closed --> reopened: why
    reopened --> waiting
    reopened --> answered
```
A case has an owner and cannot be closed while a promised reply is owed, whatever the result (requirement 39).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class CaseState(StrEnum):
    OPEN = "open"
    WAITING = "waiting"
    ANSWERED = "answered"
    CLOSED = "closed"
    REOPENED = "reopened"


TRANSITIONS: Mapping[CaseState, frozenset[CaseState]] = {
    CaseState.OPEN: frozenset({CaseState.WAITING, CaseState.ANSWERED}),
    CaseState.WAITING: frozenset({CaseState.WAITING, CaseState.ANSWERED}),
    CaseState.ANSWERED: frozenset({CaseState.WAITING, CaseState.CLOSED, CaseState.REOPENED}),
    CaseState.CLOSED: frozenset({CaseState.REOPENED}),
    CaseState.REOPENED: frozenset({CaseState.WAITING, CaseState.ANSWERED}),
}


class CaseRefusal(StrEnum):
    """Why a case did not move; also the problem code of the interface."""

    ILLEGAL_TRANSITION = "illegal_transition"
    WAITING_FOR_WHOM = "waiting_for_whom"  # waiting needs to say for whom
    NO_OWNER = "no_owner"  # a case is answered and closed by somebody
    PROMISE_OWED = "promise_owed"  # closing with a promised reply still owed
    REASON_MISSING = "reason_missing"  # reopening says why
    CASE_CLOSED = "case_closed"  # no promise on a closed case: reopen it
    PROMISE_KEPT = "promise_kept"  # keeping it twice


class NotMoved(Exception):
    """The case stays as it is; nothing changed."""

    def __init__(self, refusal: CaseRefusal, detail: str) -> None:
        super().__init__(detail)
        self.refusal = refusal
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Case:
    """What a transition depends on and changes. `owed`: promises not kept yet."""

    state: CaseState
    owner: str | None
    owed: int = 0
    waiting_for: str | None = None
    reopened: int = 0
    answered_at: datetime | None = None
    closed_at: datetime | None = None


def move(
    case: Case, to: CaseState, now: datetime, *, waiting_for: str | None = None, reason: str | None = None
) -> Case:
    """The case after the transition. Raises NotMoved with the first reason against it."""
    if to not in TRANSITIONS[case.state]:
        raise NotMoved(CaseRefusal.ILLEGAL_TRANSITION, f"a case that is {case.state} cannot become {to}")
    match to:
        case CaseState.WAITING:
            if not waiting_for:
                raise NotMoved(CaseRefusal.WAITING_FOR_WHOM, "say for whom the case waits")
            return replace(case, state=to, waiting_for=waiting_for)
        case CaseState.ANSWERED:
            if case.owner is None:
                raise NotMoved(CaseRefusal.NO_OWNER, "a case needs an owner before it is answered")
            return replace(case, state=to, waiting_for=None, answered_at=now)
        case CaseState.CLOSED:
            if case.owner is None:
                raise NotMoved(CaseRefusal.NO_OWNER, "a case needs an owner before it is closed")
            if case.owed:
                raise NotMoved(CaseRefusal.PROMISE_OWED, f"{case.owed} promised replies are still owed")
            return replace(case, state=to, waiting_for=None, closed_at=now)
        case CaseState.REOPENED:
            if not reason:
                raise NotMoved(CaseRefusal.REASON_MISSING, "say why the case is reopened")
            return replace(case, state=to, waiting_for=None, closed_at=None, reopened=case.reopened + 1)
        case CaseState.OPEN:
            raise AssertionError("no transition leads to open")


def owe(case: Case) -> None:
    """Whether a promise may be made on the case. Raises NotMoved."""
    if case.state is CaseState.CLOSED:
        raise NotMoved(CaseRefusal.CASE_CLOSED, "reopen the case before promising")


def keep(kept_at: datetime | None) -> None:
    """Whether a promise may be marked kept. Raises NotMoved when it is already."""
    if kept_at is not None:
        raise NotMoved(CaseRefusal.PROMISE_KEPT, "the promise was kept before")
