"""The predicate and both directions of the index give the answer of the shared case list."""

from __future__ import annotations

import pytest

from services.router.domain.core import Queues, eligible
from services.router.domain.eligibility import NotEligible
from services.router.domain.eligibility_cases import CAPACITY, CASES, NOW, EligibilityCase
from services.router.domain.policy.model import Strategy
from services.router.domain.reserve import NO_RESERVE
from tests.unit.router import reference
from tests.unit.router.centre import POLICY

SEARCHED = [case for case in CASES if not case.contact.is_held]
"""Held contacts are offered to those they are held for, not searched by requirement."""
BY_NAME = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


@BY_NAME
def test_the_predicate_names_the_first_thing_that_fails(case: EligibilityCase) -> None:
    assert eligible(case.agent, case.contact, CAPACITY, NOW, case.reserve) is case.failing


def test_every_reason_has_a_case() -> None:
    assert {case.failing for case in CASES} == {None, *NotEligible}


@BY_NAME
@pytest.mark.parametrize("agent_first", [True, False])
def test_the_index_finds_the_contact_for_the_agent(case: EligibilityCase, agent_first: bool) -> None:
    queues = _queues(case, agent_first)
    found = [contact.contact_id for _, contact in queues.best_contacts(case.agent, NOW, 2, {}, case.reserve)]
    assert found == (["c1"] if case.failing is None else [])


@pytest.mark.parametrize("case", SEARCHED, ids=[case.name for case in SEARCHED])
@pytest.mark.parametrize("agent_first", [True, False])
@pytest.mark.parametrize("strategy", list(Strategy))
def test_the_index_finds_the_agent_for_the_contact(
    case: EligibilityCase, agent_first: bool, strategy: Strategy
) -> None:
    queues = _queues(case, agent_first)
    found = [agent.agent_id for _, agent in queues.best_agents(case.contact, strategy, NOW, 2, {}, case.reserve)]
    assert found == (["ann"] if case.failing is None else [])


def _queues(case: EligibilityCase, agent_first: bool) -> Queues:
    agents, contacts = {"ann": case.agent}, {"c1": case.contact}
    queues = Queues({}, {}, CAPACITY, case.reserve.inbound)
    queues._agents, queues._contacts = agents, contacts
    steps = [lambda: queues.agent_changed(case.agent), lambda: queues.contact_queued(case.contact)]
    for step in steps if agent_first else reversed(steps):
        step()
    return queues


def test_the_slow_model_agrees_with_the_case_list() -> None:
    from dataclasses import replace

    from services.router.domain.core import parse_policy

    policy = replace(parse_policy(POLICY), capacity=CAPACITY)
    for case in (c for c in CASES if c.reserve is NO_RESERVE):  # the reserve is the pool's, see `kept_for_inbound`
        assert reference.may_serve(case.agent, case.contact, policy, NOW) is (case.failing is None), case.name
