"""Recorded journals are decided as they were, or the CHANGELOG says why not: `python -m tests.golden` records anew."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.golden.histories import Recorded, declared, file_of, fingerprint, first_difference, read
from tests.golden.sources import BANK, BANK_FINGERPRINT, RECORDED, bank_day


@pytest.mark.parametrize("name", list(RECORDED))
def test_a_recorded_history_is_decided_as_it_was(name: str) -> None:
    difference = first_difference(read(name))
    if difference is not None:
        why = declared(name)
        if why is not None:
            pytest.skip(f"declared: {why}")
        pytest.fail(
            f"{difference}\n\nIf this is meant, say so under Unreleased in CHANGELOG.md "
            f'("- Decisions changed: {name}: why") and record anew: python -m tests.golden {name}',
            pytrace=False,
        )


def test_the_bank_day_is_decided_as_it_was() -> None:
    if not BANK.exists():
        pytest.skip("the folder of public data is not beside the repository")
    if fingerprint(bank_day()) != BANK_FINGERPRINT.read_text().strip():
        why = declared("bank_day")
        if why is not None:
            pytest.skip(f"declared: {why}")
        pytest.fail(
            'the bank\'s day is decided otherwise: "- Decisions changed: bank_day: why" or mend it', pytrace=False
        )


def test_histories_are_small_and_hold_every_kind_of_decision_often_met() -> None:
    assert sum(file_of(name).stat().st_size for name in RECORDED) <= 300_000
    met = {row["type"] for name in RECORDED for recorded in read(name) for row in json.loads(recorded.decisions)}
    assert {
        "ContactQueued",
        "OfferMade",
        "ContactAssigned",
        "ContactClosed",
        "ContactTransferred",
        "InputRefused",
    } <= met
    assert len(met) >= 35


def test_a_changed_decision_is_found_and_told() -> None:
    history = list(read("stories"))
    at = next(n for n, recorded in enumerate(history) if '"OfferMade"' in recorded.decisions)
    rows = json.loads(history[at].decisions)
    offer = next(row for row in rows if row["type"] == "OfferMade")
    asked = offer["decision"]["agent_id"]
    offer["decision"]["agent_id"] = "somebody-else"
    mutant: list[Recorded] = [*history[:at], replace(history[at], decisions=json.dumps(rows)), *history[at + 1 :]]
    told = first_difference(mutant)
    assert told is not None
    assert f"agent_id: 'somebody-else' → '{asked}'" in told
    assert first_difference(history[:at]) is None


def test_only_the_unreleased_section_declares() -> None:
    text = "## [Unreleased]\n\n- Decisions changed: stories: holds end sooner\n\n## [1.0.0]\n- Decisions changed: mornings: old\n"
    assert declared("stories", text) == "holds end sooner"
    assert declared("mornings", text) is None
