"""Explanations of relaxation, rotation, reserve and supervisors' requests say what happened, with times and figures."""

from __future__ import annotations

from services.router import explanation
from services.router.domain.explain import fairness
from services.router.domain.explain import routing as explain
from shared.contracts import contact_events as ev
from shared.contracts.fields import SECOND
from shared.contracts.routing_decisions import ContactQueued, ContactRekeyed, OfferMade, RoutingDecision
from tests.unit.router.centre import POLICY, POOL, START, TENANT, Centre, of_type

RELAXED = {
    **POLICY,
    "sites": {"pudong": {"name": "pudong"}},
    "exposure": {"cap": 10, "break_seconds": 30, "override_wait_seconds": 60},
    "groups": {
        **POLICY["groups"],
        "complaints": {
            **POLICY["groups"]["complaints"],
            "severity": 5,
            "relaxation": [
                {"after_seconds": 20, "lower": {"complaint": 3}},
                {"after_seconds": 40, "drop": ["complaint"], "add": {"sites": ["pudong"], "skills": [{"skill": "en"}]}},
            ],
        },
    },
}


def told_of(centre: Centre, contact_id: str) -> list[RoutingDecision]:
    return [d for _, d in centre.log if getattr(d, "contact_id", None) == contact_id]


def steps(centre: Centre, contact_id: str, waits: bool = True) -> list[tuple[int, int, str]]:
    pool = centre.state.pools[TENANT, POOL]
    found = fairness.relaxation(told_of(centre, contact_id), waits, pool.policy)
    return [(one.step, (one.at - START) // SECOND, str(one.state)) for one in found]


def waiting(centre: Centre, contact_id: str) -> list[str]:
    return [w.en for w in explain.why_still_waiting(centre.state.pools[TENANT, POOL], contact_id, centre.now)]


def test_past_and_coming_steps_have_their_times() -> None:
    centre = Centre(RELAXED)
    centre.sign_in("ann", "zh:5 complaint:6")
    centre.arrive("c0", "complaints")
    centre.serve("c0")
    centre.pass_seconds(5)
    centre.arrive("c1", "complaints")
    assert steps(centre, "c1") == [(0, 5, "present"), (1, 25, "coming"), (2, 45, "coming")]
    assert "Relaxation step 0. Asked for: complaint ≥ 5, zh ≥ 3" in waiting(centre, "c1")
    assert "Step 1 comes in 20 s" in waiting(centre, "c1")
    centre.pass_seconds(25)
    assert steps(centre, "c1") == [(0, 5, "past"), (1, 25, "present"), (2, 45, "coming")]
    assert steps(centre, "c1", waits=False)[2] == (2, 45, "not_reached")
    centre.feed(ev.AgentSignedOut("ann"))
    centre.end("c0")
    centre.sign_in("bea", "zh:5")
    assert steps(centre, "c1") == [(0, 5, "past"), (1, 25, "skipped"), (2, 45, "present")]


def test_an_offer_says_at_which_step_it_was_made() -> None:
    centre = Centre(RELAXED)
    centre.feed(ev.AgentSignedIn("dan", "s", (ev.HeldSkill("en", 3),), {}, (), ("pudong",), ev.Presence.AVAILABLE))
    made = of_type(centre.arrive("c1", "complaints"), OfferMade)[0]
    policy = centre.state.pools[TENANT, POOL].policy
    assert policy is not None
    lines = explain.why_this_agent(made, policy)
    assert "At relaxation step 2; the agent was let in by it" in [line.en for line in lines]
    assert "要求已放宽到第 2 步，该坐席为放宽后加入" in [line.zh for line in lines]


def test_who_rests_is_said_and_so_is_an_override() -> None:
    centre = Centre(RELAXED)
    centre.sign_in("ann", "zh:5 complaint:6")
    centre.arrive("c0", "complaints")
    centre.serve("c0")
    centre.pass_seconds(150)
    centre.end("c0")
    centre.arrive("c1", "complaints")
    lines = waiting(centre, "c1")
    assert "Wearing (severity 5): by rotation" in lines
    assert "Those who rest from wearing work are spared it for 60 s more" in lines
    assert "1 agent(s): rests from wearing contacts" in lines
    centre.pass_seconds(60)
    told = [explanation.TELLERS[type(d)](d).en for d in told_of(centre, "c1") if type(d) in explanation.TELLERS]
    assert "Nobody fresh took it within 60 s: those who rest (1) may be asked too" in told
    assert (
        "Agent ann should rest (12 of 10 severity-minutes) and is asked all the same: it had waited too long for somebody fresh"
        in told
    )


def test_who_stepped_in_and_why_is_told() -> None:
    centre = Centre(POLICY)
    centre.arrive("c1")
    centre.feed(ev.ContactPrioritised("c1", 300, "chief", "rush"))
    rekeyed = of_type(told_of(centre, "c1"), ContactRekeyed)[-1]
    assert fairness.why_rekeyed(rekeyed).en == "A supervisor granted 300 s of seniority (by chief: rush)"
    assert "A supervisor granted 300 s of waiting" in waiting(centre, "c1")
    centre.feed(ev.ContactMoved("c1", "complaints", "chief", "wrong_group"))
    queued = of_type(told_of(centre, "c1"), ContactQueued)[-1]
    assert explain.why_queued(queued).en == (
        "moved to another question group by a supervisor (complaints) (by chief: wrong_group)"
    )
    assert explain.why_queued(queued).zh == "由主管改到另一问题组（complaints）（chief：wrong_group）"


def test_outbound_work_says_why_it_is_held_back() -> None:
    campaign = {"name": "campaign", "business_line": "rental", "outbound": True, "skills": [{"skill": "zh"}]}
    centre = Centre({**POLICY, "blending": {"reserve_agents": 1}, "groups": {**POLICY["groups"], "campaign": campaign}})
    centre.sign_in("ann", "zh:5")
    centre.arrive("o1", "campaign")
    lines = waiting(centre, "o1")
    assert "Agents are kept free for inbound customers" in lines
    assert "1 agent(s): kept free for inbound customers" in lines


def test_a_campaigns_contact_says_that_it_waits_for_the_end_of_a_pause() -> None:
    campaign = {"name": "campaign", "business_line": "rental", "outbound": True, "skills": [{"skill": "zh"}]}
    rule = {"pause_seconds": 9, "occupancy_ceiling_percent": 100}
    general = {**POLICY["groups"]["general"], "wrap_up": {}}
    centre = Centre({**POLICY, "between_calls": rule, "groups": {"general": general, "campaign": campaign}})
    centre.sign_in("ann", "zh:5")
    centre.arrive("c1", "general")
    centre.serve("c1")
    centre.end("c1")
    centre.arrive("o1", "campaign")
    lines = waiting(centre, "o1")
    assert "Who could take it is in the pause between calls; the first ends in 9 s" in lines
    assert "1 agent(s): in the pause between two calls" in lines
