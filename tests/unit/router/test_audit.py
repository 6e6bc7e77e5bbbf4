"""The auditor on stories: every truth file is clean, and each forged decision about a menu or a consultation is found."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from services.router.domain.core import Decided, decisions_from_json, decisions_to_json
from services.router.domain.transitions import IllegalTransition
from shared.contracts import routing_decisions as said
from tests.unit.router.auditing import audited
from tests.unit.router.centre import START
from tests.unit.router.truth_files import FOLDER, Story

FILES = sorted(FOLDER.glob("*.json"))


def journal_of(name: str) -> list[tuple[str, str]]:
    truth = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    story = Story(truth.get("policy", {}), truth.get("hours"))
    for step in truth["steps"]:
        story.run(step)
    return story.centre.journal


@pytest.mark.parametrize("name", [path.stem for path in FILES])
def test_every_story_is_clean(name: str) -> None:
    assert audited(journal_of(name)).findings == []


def forged(journal: list[tuple[str, str]], change: Callable[[Any], Any | None]) -> list[tuple[str, str]]:
    """The same journal with the first decision that `change` answers for replaced."""
    told, done = [], False
    for given, text in journal:
        decisions = []
        for decided in decisions_from_json(text):
            other = None if done else change(decided.decision)
            done = done or other is not None
            decisions.append(
                decided if other is None else Decided(decided.tenant, decided.pool, decided.subject, other)
            )
        told.append((given, decisions_to_json(decisions)))
    assert done, "nothing was forged"
    return told


def _of(kind: type[Any], **fields: Any) -> Callable[[Any], Any | None]:
    return lambda decision: replace(decision, **fields) if isinstance(decision, kind) else None


def _handed_to_another(decision: Any) -> Any | None:
    handed = isinstance(decision, said.ContactTransferred) and decision.to_agent is not None
    return replace(decision, to_agent="bea", interaction_id="i-x") if handed else None


def _queued_from_the_menu(decision: Any) -> Any | None:
    queued = isinstance(decision, said.ContactQueued)
    return replace(decision, queued_at=decision.queued_at - 3_000_000) if queued else None


def _asks_for_another(decision: Any) -> Any | None:
    asked = isinstance(decision, said.OfferMade) and decision.consult_of is not None
    return replace(decision, consult_of="t-x") if asked else None


def _unsaid(decision: Any) -> Any | None:
    """The override tells of another offer than the one it was for."""
    return replace(decision, offer_id="o-x") if isinstance(decision, said.ExposureOverridden) else None


def _steps_too_far(decision: Any) -> Any | None:
    """Relaxed so far that idle agents could have been asked, and were not."""
    far = isinstance(decision, said.RelaxationReached) and decision.contact_id == "c3" and decision.step == 1
    return replace(decision, requirement=(), let_in=()) if far else None


def _pauses_on(decision: Any) -> Any | None:
    """The second pause is told longer: what ended it comes within it."""
    second = isinstance(decision, said.AgentPaused) and decision.until == START + 100_000_000
    return replace(decision, until=decision.until + 60_000_000) if second else None


@pytest.mark.parametrize(
    ("story", "change", "invariant"),
    [
        ("self_service", _queued_from_the_menu, "I4"),
        ("self_service", _of(said.ContactClosed, end=said.ContactEnd.SELF_SERVED), "I1"),
        ("warm_transfer", _of(said.ConsultationRequested, from_agent="bea"), "I2"),
        ("warm_transfer", _of(said.ConsultationStarted, from_agent="bea"), "I2"),
        ("warm_transfer", _of(said.ConsultationEnded, transfer_id="t-x"), "I2"),
        ("warm_transfer", _handed_to_another, "I2"),
        ("warm_transfer", _asks_for_another, "I2"),
        ("chat_life", _of(said.ContactParked, interaction_id="i-x"), "I2"),
        ("chat_life", _of(said.ContactResumed, interaction_id="i-x"), "I2"),
        ("transfer_outside", _of(said.DialSettled, attempt_id="d-x"), "I5"),
        ("rating", _of(said.ContactRated, agent_id="bea"), "rating"),
        ("rotation", _unsaid, "rotation"),
        ("rotation", _of(said.ExposureCounted, amount=1), "rotation"),
        ("relaxation", _steps_too_far, "I10"),
        ("pause_between_calls", _pauses_on, "pause"),
    ],
)
def test_a_forged_decision_is_found(story: str, change: Callable[[Any], Any | None], invariant: str) -> None:
    try:
        found = audited(forged(journal_of(story), change)).findings
    except IllegalTransition:
        pytest.fail("the fold stopped before the auditor could say anything")
    assert invariant in {finding.invariant for finding in found}
