"""Every rule of every shipped ruleset carries weight: there is a case it alone refuses, which goes through when it is off."""

from __future__ import annotations

import pytest

from services.outbound.domain.compliance import GATE, Allowed, authorise
from services.outbound.domain.rulesets import RevocationRule, Rule, Ruleset
from services.outbound.domain.suppressions import Suppression
from services.outbound.ruleset_documents import shipped
from tests.unit.outbound.asking import refusals, without
from tests.unit.outbound.test_truth_files import CASES, asked_of, clock, history_of

RULES = [
    (ruleset, rule)
    for ruleset in shipped().values()
    for rule in ruleset.rules
    if not isinstance(rule, RevocationRule)  # the gate's own, whatever the rules are: opted_out
]
NOT_OF_THE_GATE = {Suppression.NO_AGENT, Suppression.NO_LINE, Suppression.NO_TRUNK, Suppression.CONSENT_ON_ITS_WAY}
"""The engine's own: found before the gate is asked."""


@pytest.mark.parametrize(("ruleset", "rule"), RULES, ids=[rule.clause.id for _, rule in RULES])
def test_switched_off_it_lets_something_through(ruleset: Ruleset, rule: Rule) -> None:
    borne = [case["name"] for case in CASES if ruleset.id in case["rulesets"] and _alone_refuses(ruleset, rule, case)]
    assert borne, f"no case in truth/ is refused by {rule.clause.id} alone"


def _alone_refuses(ruleset: Ruleset, rule: Rule, case: dict[str, object]) -> bool:
    now = clock(str(case["now"]))
    asked, history = asked_of(case, now), history_of(case, now)
    if {name for _, name in refusals(authorise(asked, history, now, [ruleset]))} != {rule.clause.id}:
        return False
    return isinstance(authorise(asked, history, now, [without(ruleset, rule.clause.id)]), Allowed)


def test_the_cases_show_every_suppression() -> None:
    shown = {case["says"] for case in CASES}
    elsewhere = NOT_OF_THE_GATE | {Suppression.CAP_RECORD}  # of no shipped ruleset: a campaign's own
    assert {reason.value for reason in Suppression} - shown == {reason.value for reason in elsewhere}


def test_the_gate_refuses_without_any_rule() -> None:
    assert {case["rule"] for case in CASES if case["says"] == "opted_out"} == {GATE}
