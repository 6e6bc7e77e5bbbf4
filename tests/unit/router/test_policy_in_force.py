"""What a policy brings with it into the core: opening hours as facts, and whether it applies to those who wait."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.router.domain.core import HoursExpanded, PartitionState, PolicyInForce, parse_policy
from services.router.policy.calendars import DAY, hours_of
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import ContactRekeyed, QueueCause
from tests.unit.router.centre import POLICY, POOL, START, TENANT, Centre


def changed(**keys: Any) -> dict[str, Any]:
    """The common policy with keys of the group `general` replaced."""
    document = json.loads(json.dumps(POLICY))
    document["groups"]["general"] |= keys
    return document


def waiting_centre() -> Centre:
    centre = Centre(POLICY)
    centre.arrive("c1", "general")
    centre.pass_seconds(1)
    return centre


def publish(centre: Centre, document: dict[str, Any], waiting: str) -> list[Any]:
    return centre.feed(PolicyInForce(2, f"{2:064d}", document, waiting=waiting))  # type: ignore[arg-type]


def contact(centre: Centre) -> Any:
    pool = centre.state.pool(TENANT, POOL)
    assert pool is not None
    return pool.contacts["c1"]


@pytest.mark.parametrize(("waiting", "seconds"), [("apply", 5), ("keep", 20)])
def test_new_targets_apply_to_those_who_wait_or_do_not(waiting: str, seconds: int) -> None:
    centre = waiting_centre()
    told = publish(centre, changed(targets={"phone": 5}), waiting)
    assert [type(d) for d in told if isinstance(d, ContactRekeyed)] == [ContactRekeyed] * (waiting == "apply")
    assert contact(centre).due_at == contact(centre).queued_at + seconds * SECOND
    centre.arrive("c2", "general")  # who comes from now on is under it in any case
    centre.pass_seconds(1)
    pool = centre.state.pool(TENANT, POOL)
    assert pool is not None
    assert pool.contacts["c2"].due_at == pool.contacts["c2"].queued_at + 5 * SECOND


def test_steps_of_relaxation_are_kept_too() -> None:
    centre = waiting_centre()
    before = contact(centre).steps
    publish(centre, changed(relaxation=[{"after_seconds": 30, "drop": ["zh"]}]), "keep")
    assert contact(centre).steps == before
    centre.feed(PolicyInForce(3, "3" * 64, changed(relaxation=[{"after_seconds": 40, "drop": ["zh"]}])))
    assert contact(centre).steps != before


def test_who_waits_in_a_group_that_is_gone_moves_in_any_case() -> None:
    document = json.loads(json.dumps(POLICY))
    lines = document["business_lines"]
    default = lines["rental"]["default_group"]
    gone = next(name for name in document["groups"] if name != default)
    centre = Centre(POLICY)
    centre.arrive("c1", gone)
    centre.pass_seconds(1)
    del document["groups"][gone]
    for line in lines.values():
        line["default_group"] = default
    told = publish(centre, document, "keep")
    assert [d.cause for d in told if type(d).__name__ == "ContactQueued"] == [QueueCause.RECLASSIFIED]
    assert contact(centre).group == default


OPEN = POLICY | {"calendars": {"office": {"week": {"mon-sun": "24h"}}}}


def test_hours_are_facts_of_the_pool_and_survive_a_snapshot() -> None:
    hours, until = hours_of(parse_policy(OPEN), START)
    centre = Centre()
    centre.feed(PolicyInForce(1, "1" * 64, OPEN, hours, until))
    pool = centre.state.pool(TENANT, POOL)
    assert pool is not None
    assert (pool.hours, pool.hours_until) == (hours, until)
    centre.feed(HoursExpanded({"office": ((START, START + 90 * DAY),)}, START + 90 * DAY))
    assert pool.hours_until == START + 90 * DAY
    facts = json.loads(json.dumps(centre.state.facts()))
    again = PartitionState.from_facts(facts)
    assert again.hash() == centre.state.hash()
    restored = again.pool(TENANT, POOL)
    assert restored is not None
    assert restored.hours == pool.hours


def test_a_policy_without_hours_leaves_no_trace_in_the_facts() -> None:
    [facts] = Centre(POLICY).state.facts()["pools"]  # type: ignore[misc]
    assert not {"hours", "hours_until"} & set(facts)
    assert set(facts["policy"]) == {"version", "hash", "policy"}
