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


def test_what_inbound_asks_of_the_pool_is_told_where_agents_are_kept_for_it() -> None:
    centre = Centre(campaigns(reserve_agents=2))
    centre.sign_in("ann", "zh:5")
    centre.sign_in("bob", "zh:5")
    centre.arrive("c1", "general")
    centre.serve("c1")
    centre.pass_seconds(90)
    told = seen(centre)
    need = told.inbound
    assert need is not None
    assert (need.reserve_agents, need.held, need.staffed, need.idle, need.waiting) == (2, False, 2, 1, 0)
    assert (need.arrived, need.busy) == (1, 1)
    assert 90 <= need.over_seconds <= 150
    assert [agent.serves_inbound for agent in told.agents] == [True, True]
    assert seen(Centre(campaigns())).inbound is None


def test_whose_conversation_it_was_is_told_through_the_wrap_up_and_calls_of_ours_are_no_inbound_work() -> None:
    document = campaigns(reserve_agents=0)
    document["groups"]["calls"]["wrap_up"] = {"phone": {"mode": "timed", "seconds": 60}}
    centre = Centre(document)
    centre.sign_in("ann", "zh:5")
    centre.arrive("c1", "calls")
    centre.serve("c1")
    talking = seen(centre)
    centre.end("c1")
    wrapping = seen(centre)
    for told, state in ((talking, "handling"), (wrapping, "wrapping")):
        assert [(a.state, a.contact_group) for a in told.agents] == [(state, "calls")]
        assert told.inbound is not None
        assert (told.inbound.staffed, told.inbound.idle, told.inbound.busy) == (1, 0, 0)


def test_who_pauses_between_calls_is_idle_and_told_until_when() -> None:
    document = {**campaigns(), "between_calls": {"pause_seconds": 7, "occupancy_ceiling_percent": 100}}
    document["groups"]["general"]["wrap_up"] = {}
    centre = Centre(document)
    centre.sign_in("ann", "zh:5")
    centre.arrive("c1", "general")
    centre.serve("c1")
    centre.end("c1")
    told = seen(centre)
    assert [(a.state, a.paused_until) for a in told.agents] == [("idle", centre.now + 7 * SECOND)]
    assert told.between_calls is not None
    assert told.between_calls.pause_seconds == 7
    centre.pass_seconds(7)
    assert [a.paused_until for a in seen(centre).agents] == [None]


def test_when_the_last_work_ended_is_told_and_that_there_was_none_yet() -> None:
    document = campaigns()
    document["groups"]["general"]["wrap_up"] = {}
    centre = Centre(document)
    centre.sign_in("ann", "zh:5")
    centre.pass_seconds(3)
    assert [a.worked_until for a in seen(centre).agents] == [None]
    centre.arrive("c1", "general")
    centre.serve("c1")
    centre.end("c1")
    ended = centre.now
    centre.pass_seconds(30)
    assert [(a.state, a.worked_until) for a in seen(centre).agents] == [("idle", ended)]
