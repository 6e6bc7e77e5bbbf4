"""The whole question: the record under its own policies and under another, as often as chance asks, told as one result.

The result is JSON for pages, API and terminal alike; `assumptions` is the honest part and is shown with every figure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from services.router.domain.core import PolicyInForce
from services.router.domain.explain import routing as explain
from services.router.domain.policy.document import parse_policy
from services.router.domain.policy.model import Policy
from services.router.domain.policy.words import Words
from services.router.what_if.assumptions import assumptions
from services.router.what_if.comparison import (
    LISTED,
    Changed,
    changed_contacts,
    compared,
    largest,
    slices,
    workload,
)
from services.router.what_if.record import Record
from services.router.what_if.rerun import ANSWERED, WAITING, Progress, Question, Rerun, Wait, policy_at_start
from services.router.what_if.unrecorded import Models, Use
from shared.contracts.fields import SECOND

SEEDS = 10
"""Runs of either side where something is drawn."""

Told = Callable[[str, float], None]
"""(what is being done, how much of all is done: 0–1)."""


def study(
    record: Record,
    after: PolicyInForce,
    *,
    before: PolicyInForce | None = None,
    seeds: int = SEEDS,
    told: Told = lambda _what, _share: None,
    recorded: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Before and after, compared.

    `before` None: the policies of the journal. `recorded`: what a call record itself says of its day, shown beside.
    """
    told("modelling", 0.0)
    models = Models(record)
    standing = before.policy if before else None
    first = parse_policy(standing) if standing else policy_at_start(record)
    second = parse_policy(after.policy)
    severity = _severity(second) or _severity(first) or _everything_alike(first, second)
    unchanged = first is not None and first.to_mapping() == second.to_mapping()
    ways = {
        "before": Question(record, models, severity, before),
        "after": Question(record, models, severity, before if unchanged else after),
    }
    runs: dict[str, list[Rerun]] = {"before": [], "after": []}
    plan = [("before", 1), ("after", 1)]
    while (done := len(runs["before"]) + len(runs["after"])) < len(plan):
        side, seed = plan[done]
        question = replace(ways[side], told=_part_of(told, done, len(plan)))
        runs[side].append(question.run(seed, compared=side == "before" and seed == 1 and bool(record.decided)))
        if done == 1:
            drawing = [side for side in ways if runs[side][0].use.any_modelled]
            plan += [(side, seed) for seed in range(2, seeds + 1) for side in drawing]
    told("comparing", 1.0)
    return _result(record, models, first, second, runs, after, unchanged=unchanged, recorded=recorded)


def _result(
    record: Record,
    models: Models,
    first: Policy | None,
    second: Policy,
    runs: Mapping[str, Sequence[Rerun]],
    after: PolicyInForce,
    *,
    unchanged: bool,
    recorded: Mapping[str, Any] | None,
) -> dict[str, Any]:
    yardstick = first or second
    found = compared(*([slices(run, yardstick) for run in runs[side]] for side in ("before", "after")))
    changed = changed_contacts(runs["before"][0], runs["after"][0])
    fidelity = runs["before"][0].fidelity
    return {
        "period": {"begins": record.begins, "ends": record.ends, "time_zone": yardstick.time_zone},
        "source": "journal" if record.decided else "call_record",
        "policy": {"hash": after.hash, "unchanged": unchanged},
        "runs": {side: len(made) for side, made in runs.items()},
        "inputs": runs["before"][0].inputs,
        "fidelity": None
        if fidelity is None
        else {"inputs": fidelity.inputs, "equal": fidelity.equal, "first_differing": fidelity.first_differing},
        "slices": [
            {"slice": key[0], "id": key[1], "metrics": {name: one.to_mapping() for name, one in metrics.items()}}
            for key, metrics in found.items()
        ],
        "largest": largest(found),
        "contacts": {
            "changed": len(changed),
            "of": len(runs["before"][0].waits),
            "items": [_contact(one, runs["before"][0].policy, runs["after"][0].policy) for one in changed[:LISTED]],
        },
        "workload": {side: workload(made[0]) for side, made in runs.items()},
        "use": {side: _use([run.use for run in made]) for side, made in runs.items()},
        "patience": _patience(models),
        "recorded": recorded,
        "assumptions": [
            {"code": code, "zh": words.zh, "en": words.en} for code, words in assumptions(record, models, runs)
        ],
    }


def _part_of(told: Told, done: int, runs: int) -> Progress:
    return lambda share: told("running", (done + share) / runs)


def _severity(policy: Policy | None) -> dict[str, int]:
    return {} if policy is None else {group.id: group.severity for group in policy.groups.values() if group.severity}


def _everything_alike(*policies: Policy | None) -> dict[str, int]:
    """Where nothing is said to wear, minutes of conversation are what falls evenly or not."""
    return {group: 1 for policy in policies if policy is not None for group in policy.groups}


def _use(uses: Sequence[Use]) -> dict[str, Any]:
    """Counts a run, averaged over the seeds."""
    reused: Counter[str] = Counter()
    modelled: Counter[tuple[str, str]] = Counter()
    for use in uses:
        reused.update({str(quantity): count for quantity, count in use.reused.items()})
        modelled.update({(str(quantity), str(source)): count for (quantity, source), count in use.modelled.items()})
    return {
        "reused": {name: round(reused[name] / len(uses), 1) for name in sorted(reused)},
        "modelled": [
            {"quantity": quantity, "source": source, "count": round(count / len(uses), 1)}
            for (quantity, source), count in sorted(modelled.items())
        ],
    }


def _patience(models: Models) -> dict[str, Any]:
    curve = models.everybody
    median = curve.median()
    return {
        "observed": curve.observed,
        "left": curve.left,
        "median_seconds": None if median is None else median / SECOND,
        "curve": [{"seconds": second, "share": curve.at(second * SECOND)} for second in range(0, 601, 15)],
    }


def _contact(one: Changed, first: Policy | None, second: Policy | None) -> dict[str, Any]:
    return {
        "contact_id": one.before.contact_id,
        "group": one.before.group,
        "tier": one.before.tier,
        "channel": str(one.before.channel),
        "entered": one.before.entered,
        "difference_seconds": one.difference / SECOND,
        "before": _wait(one.before, first),
        "after": _wait(one.after, second),
    }


def _wait(wait: Wait, policy: Policy | None) -> dict[str, Any]:
    words = _why(wait, policy)
    return {
        "end": wait.end,
        "agent_id": wait.agent_id,
        "waited_seconds": wait.waited / SECOND,
        "group": wait.group,
        "right_skill": wait.right_skill if wait.end == ANSWERED else None,
        "why": {"zh": "；".join(each.zh for each in words), "en": "; ".join(each.en for each in words)},
    }


def _why(wait: Wait, policy: Policy | None) -> Sequence[Words]:
    if wait.end == ANSWERED and wait.offer is not None and policy is not None:
        return explain.why_this_agent(wait.offer, policy, wait.tier or None)
    if wait.closed is not None:
        return (explain.why_ended(wait.closed),)
    if wait.end == WAITING:
        return (Words("时段结束时仍在等待", "Still waiting when the period ended"),)
    return ()
