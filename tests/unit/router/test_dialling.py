"""What a dialler is told of a pool: only who could take an outbound group's calls, and what they are doing."""

from __future__ import annotations

from typing import Any

from services.router.domain.dialling import Dialling, dialling_of
from tests.unit.router.centre import POLICY, POOL, START, TENANT, Centre

SECOND = 1_000_000


def seen(centre: Centre) -> Dialling:
    pool = centre.state.pool(TENANT, POOL)
    assert pool is not None
    return dialling_of(pool, centre.now)


def campaigns(**blending: Any) -> dict[str, Any]:
    group = {"business_line": "rental", "skills": [{"skill": "zh", "level": 1}], "channels": ["phone"]}
    general = POLICY["groups"]["general"]
    groups = {"calls": {**general, **group, "outbound": True}, "general": {**general, **group}}
    return {**POLICY, "groups": groups, **({"blending": blending} if blending else {})}


def test_only_those_who_could_take_a_campaigns_call_are_told_with_what_they_do() -> None:
    centre = Centre(campaigns())
    centre.sign_in("ann", "zh:5")
    centre.sign_in("bob", "en:5")
    told = seen(centre)
    assert [(a.agent_id, a.state, a.since, a.groups) for a in told.agents] == [("ann", "idle", START, ("calls",))]
    assert [(g.group, g.open, g.answered, g.waiting) for g in told.groups] == [("calls", True, 0, 0)]


def test_who_is_kept_for_inbound_is_told_apart() -> None:
    centre = Centre(campaigns(reserve_agents=1, service_level_percent=80, service_level_seconds=20))
    centre.sign_in("ann", "zh:5")
    told = seen(centre)
    assert told.reserve_held
    assert [(a.agent_id, a.state, a.kept_for_inbound) for a in told.agents] == [("ann", "idle", True)]
    centre.sign_in("bob", "zh:5")
    assert not seen(centre).reserve_held
