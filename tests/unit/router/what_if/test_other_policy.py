"""The same people under another policy: what is known is reused, what is not is drawn, named, and the same for both sides."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from services.router.domain.policy.document import parse_policy
from services.router.what_if.edits import EditRefused, HeadStartEdit, RelaxationEdit, TargetEdit, edited
from services.router.what_if.rerun import Question, policy_in_force
from services.router.what_if.study import study
from services.router.what_if.unrecorded import Models
from tests.unit.router.centre import POLICY
from tests.unit.router.what_if.lived import BEGINS, lived
from tests.unit.router.what_if.test_exact_replay import record_of


def changed(**groups: dict[str, Any]) -> dict[str, Any]:
    policy = copy.deepcopy(POLICY)
    for group, parts in groups.items():
        policy["groups"][group] |= parts
    return policy


ANYBODY = changed(complaints={"skills": [{"skill": "zh", "level": 3}]})


def test_who_abandoned_then_and_waits_longer_now_leaves_when_they_left_then() -> None:
    rows = lived(3, contacts=260)
    record = record_of(rows, BEGINS, rows[-1].now + 1)
    models = Models(record)
    before = Question(record, models, {}).run(1)
    after = Question(record, models, {}, policy_in_force(ANYBODY, 2)).run(1)
    left_in_both = [
        (was.waited, after.waits[contact].waited)
        for contact, was in before.waits.items()
        if was.abandoned and after.waits[contact].abandoned
    ]
    assert len(left_in_both) >= 5
    assert all(was == now for was, now in left_in_both)


def test_a_served_contact_talks_as_long_as_it_did() -> None:
    rows = lived(3, contacts=260)
    record = record_of(rows, BEGINS, rows[-1].now + 1)
    run = Question(record, Models(record), {}, policy_in_force(ANYBODY, 2)).run(1)
    assert run.use.reused["talk"] > 150  # pyright: ignore[reportArgumentType]  # a str enum
    assert 0 < sum(run.use.modelled.values()) < run.use.reused.total()


def test_a_seed_gives_the_same_run_and_another_another() -> None:
    rows = lived(4, contacts=200)
    record = record_of(rows, BEGINS, rows[-1].now + 1)
    question = Question(record, Models(record), {}, policy_in_force(ANYBODY, 2))
    first, again, other = (
        {contact: (wait.end, wait.waited, wait.agent_id) for contact, wait in question.run(seed).waits.items()}
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_the_whole_answer_adds_up_and_says_what_it_rests_on() -> None:
    rows = lived(3, contacts=260)
    record = record_of(rows, BEGINS, rows[-1].now + 1)
    told: list[float] = []
    result = study(record, policy_in_force(ANYBODY, 2), seeds=3, told=lambda _doing, share: told.append(share))
    assert told[-1] == 1.0
    assert told == sorted(told)
    assert result["runs"] == {"before": 1, "after": 3}
    assert result["fidelity"]["equal"] == len(rows)
    parts = {(one["slice"], one["id"]): one["metrics"] for one in result["slices"]}
    for metrics in parts.values():
        for side in ("before", "after"):
            amount = {
                name: metrics[name][side]["mean"]
                for name in ("offered", "answered", "abandoned", "elsewhere", "waiting")
            }
            assert amount.pop("offered") == pytest.approx(sum(amount.values()))
    whole = parts["all", ""]["offered"]["before"]["mean"]
    for kind in ("group", "tier", "hour"):
        assert sum(m["offered"]["before"]["mean"] for (k, _), m in parts.items() if k == kind) == whole
    assert {"replayed_exactly", "modelled", "no_redial"} <= {one["code"] for one in result["assumptions"]}
    assert result["contacts"]["items"][0]["before"]["why"]["en"]


def test_small_changes_are_made_where_they_belong() -> None:
    policy = parse_policy(POLICY).to_mapping()
    steps = [
        HeadStartEdit(kind="head_start", tier="gold", seconds=7),
        RelaxationEdit(kind="relaxation", after_seconds=20),
        RelaxationEdit(kind="relaxation", group="complaints", after_seconds=30, how="lower", levels=3),
        TargetEdit(kind="target", group="general", channel="phone", seconds=40),
    ]
    after = parse_policy(edited(policy, steps))
    assert after.tiers["gold"].head_start_seconds == 7
    assert after.groups["general"].relaxation[0].drop == ("zh",)
    assert after.groups["complaints"].relaxation[0].lower == {"zh": 1, "complaint": 2}
    assert next(iter(after.groups["general"].targets.values())) == 40
    with pytest.raises(EditRefused, match="no tier 'platinum'; there are gold"):
        edited(policy, [HeadStartEdit(kind="head_start", tier="platinum", seconds=1)])
