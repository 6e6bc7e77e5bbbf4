"""Single rules that a story would hide: memory of a day, clamped times, ids, spreading of chats, several freed agents."""

from __future__ import annotations

import pytest

from services.router.domain.core import Input, PartitionState, PolicyInForce, Quarantined, apply, decide
from services.router.domain.decide.draft import Draft
from services.router.domain.decide.matching import match
from services.router.domain.transitions import IllegalTransition
from shared.contracts import contact_events as ev
from shared.contracts.fields import SECOND, Channel
from shared.contracts.routing_decisions import AgentStateChanged, ContactQueued, EnrichmentAwaited, OfferMade
from tests.unit.router.centre import POLICY, POOL, START, TENANT, Centre, decided_names, of_type, refusals

DAY = 86_400


def test_event_ids_are_remembered_for_a_day_and_then_forgotten() -> None:
    centre = Centre(POLICY)
    fact = ev.AgentSignedIn("ann", "s1")
    centre.feed(fact, "e-x")
    assert refusals(centre.feed(fact, "e-x")) == ["duplicate_event"]
    centre.pass_seconds(DAY - 1)
    assert refusals(centre.feed(fact, "e-x")) == ["duplicate_event"]
    centre.pass_seconds(2)
    centre.feed(ev.AgentSignedOut("bob"))
    assert "e-x" not in centre.state.pools[TENANT, POOL].events
    assert refusals(centre.feed(fact, "e-x")) == ["already_signed_in"]


def test_ended_contacts_are_remembered_for_a_day_and_then_forgotten() -> None:
    centre = Centre(POLICY)
    centre.arrive("c1")
    centre.feed(ev.ContactAbandoned("c1"))
    centre.pass_seconds(DAY - 1)
    assert refusals(centre.arrive("c1")) == ["duplicate_contact"]
    centre.pass_seconds(2)
    centre.feed(ev.AgentSignedOut("bob"))
    assert centre.state.pools[TENANT, POOL].ended == {}
    assert decided_names(centre.arrive("c1")) == ["ContactQueued"]


@pytest.mark.parametrize(("early", "seen"), [(-1, 0), (0, 0), (59, 59), (61, 60)])
def test_arrival_is_believed_within_a_minute(early: int, seen: int) -> None:
    centre = Centre(POLICY)
    queued = centre.feed(ev.ContactArrived("c1", Channel.PHONE, "rental", centre.now - early * SECOND))[0]
    assert isinstance(queued, ContactQueued)
    assert (centre.now - queued.arrived_at) // SECOND == seen
    assert queued.queued_at == centre.now  # time before the queue earns nothing


def test_a_refusal_for_want_of_a_policy_may_come_again() -> None:
    centre = Centre()
    fact = ev.AgentSignedIn("ann", "s1")
    assert refusals(centre.feed(fact, "once")) == ["policy_missing"]
    centre.publish(POLICY, 1)
    assert decided_names(centre.feed(fact, "once")) == ["AgentStateChanged"]


def test_a_quarantined_input_changes_nothing_but_is_told() -> None:
    centre = Centre(POLICY)
    centre.sign_in("ann", "zh:5")
    agents = centre.state.facts()["pools"][0]["agents"]  # type: ignore[index]
    assert refusals(centre.feed(Quarantined("e9", "ContactArrived", "c1"))) == ["quarantined"]
    assert centre.state.facts()["pools"][0]["agents"] == agents  # type: ignore[index]


def test_an_unknown_group_goes_to_the_lines_default_and_an_unknown_line_to_the_first() -> None:
    centre = Centre(POLICY)
    queued = of_type(centre.arrive("c1", group="nowhere"), ContactQueued)[0]
    assert queued.group == "general"
    other = centre.feed(ev.ContactArrived("c2", Channel.PHONE, "mars", centre.now))
    assert of_type(other, ContactQueued)[0].group == "general"


def test_ids_come_from_partition_position_and_ordinal() -> None:
    centre = Centre(POLICY, partition=7)
    centre.arrive("w1", channel=Channel.WEB)
    centre.arrive("w2", channel=Channel.WEB)
    made = of_type(centre.sign_in("ann", "zh:5"), OfferMade)
    assert [offer.offer_id for offer in made] == ["o-7-3-1", "o-7-3-2"]


def test_chats_spread_over_agents_instead_of_piling_up() -> None:
    centre = Centre(POLICY)
    for name in ("ann", "bea", "cho"):
        centre.sign_in(name, "zh:5")
        centre.pass_seconds(1)
    for n in range(4):
        centre.arrive(f"w{n}", channel=Channel.WEB)
        centre.accept(f"w{n}")
        centre.pass_seconds(1)
    offers = [d.agent_id for _, d in centre.log if isinstance(d, OfferMade)]
    assert offers == ["ann", "bea", "cho", "ann"]


def test_several_freed_agents_share_work_in_the_strategys_order() -> None:
    centre = Centre(POLICY)
    for name in ("ann", "bea"):
        centre.sign_in(name, "zh:5", presence=ev.Presence.NOT_READY)
    for n in range(3):
        centre.arrive(f"c{n}")
    pool = centre.state.pools[TENANT, POOL]
    assert pool.policy is not None
    assert pool.queues is not None
    given = Input(99, centre.now, TENANT, POOL, "e99", centre.now, ev.PresenceChanged("bea", ev.Presence.AVAILABLE))
    draft = Draft(3, pool, given, pool.policy, pool.queues)
    for name, since in (("ann", 2), ("bea", 1)):
        agent = draft.work.agent(name)
        agent.presence, agent.idle_since = ev.Presence.AVAILABLE, since
    match(draft)
    made = [(d.decision.contact_id, d.decision.agent_id) for d in draft.decided if isinstance(d.decision, OfferMade)]
    assert made == [("c0", "bea"), ("c1", "ann")]


def test_an_enrichment_hold_costs_no_place() -> None:
    centre = Centre({**POLICY, "enrichment_wait_ms": 150})
    awaited = of_type(centre.arrive("c1"), EnrichmentAwaited)[0]
    assert awaited.until == START + 150_000
    centre.pass_seconds(0.1)
    queued = of_type(centre.feed(ev.ContactProfiled("c1")), ContactQueued)[0]
    assert (queued.queued_at, queued.due_at) == (START, START + 20 * SECOND)


def test_a_second_page_takes_over_the_conversation() -> None:
    centre = Centre(POLICY)
    centre.sign_in("ann", "zh:5")
    centre.arrive("c1")
    centre.serve("c1")
    centre.feed(ev.AgentSignedOut("ann"))
    told = of_type(centre.sign_in("ann", "zh:5", session="s2"), AgentStateChanged)[-1]
    assert (told.pending_presence, told.work_state) == (None, "handling")
    assert refusals(centre.feed(ev.AgentSignedOut("ann", "s-ann"))) == ["illegal_in_state"]
    assert refusals(centre.sign_in("ann", "zh:5", session="s2")) == ["already_signed_in"]


def test_a_failed_contact_ends_as_failed_from_any_state() -> None:
    for steps in range(5):
        centre = Centre({**POLICY, "enrichment_wait_ms": 150})
        if steps >= 2:
            centre.sign_in("ann", "zh:5")
        centre.arrive("c1")
        if steps >= 1:
            centre.pass_seconds(0.2)
        if steps >= 3:
            centre.accept("c1")
        if steps >= 4:
            centre.connect("c1")
        closed = [d for d in centre.end("c1", failed=True) if type(d).__name__ == "ContactClosed"]
        assert [d.end for d in closed] == ["failed"], steps  # type: ignore[union-attr]


def test_folding_a_decision_that_does_not_fit_stops_loudly() -> None:
    centre = Centre(POLICY)
    centre.sign_in("ann", "zh:5")
    centre.arrive("c1")
    given = Input(9, centre.now, TENANT, POOL, "e9", centre.now, ev.ContactConnected("c1", "o-3-2-1"))
    other = Centre(POLICY)
    other.sign_in("ann", "zh:5")
    other.arrive("c1")
    accepted = Input(3, other.now, TENANT, POOL, "e8", other.now, ev.OfferAccepted("ann", "c1", "o-3-2-1"))
    apply(other.state, accepted, decide(other.state, accepted))
    started = decide(other.state, given)
    with pytest.raises(IllegalTransition):
        apply(centre.state, given, started)


def test_two_pools_of_one_partition_do_not_touch() -> None:
    state = PartitionState.empty(0)
    for position, (tenant, fact) in enumerate(
        [
            ("a", PolicyInForce(1, "0" * 64, POLICY)),
            ("b", PolicyInForce(1, "0" * 64, POLICY)),
            ("a", ev.ContactArrived("c1", Channel.PHONE, "rental", START)),
            ("b", ev.ContactArrived("c1", Channel.PHONE, "rental", START)),
        ]
    ):
        given = Input(position, START, tenant, "main", f"e{position}", START, fact)
        decided = decide(state, given)
        assert "InputRefused" not in decided_names(decided)
        apply(state, given, decided)
    assert [len(pool.contacts) for pool in state.pools.values()] == [1, 1]


def test_a_policy_that_changes_maxima_tells_the_agents_it_concerns_and_uses_the_room() -> None:
    centre = Centre(POLICY)
    centre.sign_in("ann", "zh:5", capacity={Channel.WEB: 1})
    centre.sign_in("bea", "zh:5")
    for n in range(5):
        centre.arrive(f"w{n}", channel=Channel.WEB)
    assert sorted(centre.offered()) == ["w0", "w1", "w2", "w3"]
    capacity = {**POLICY["capacity"], "web": {"maximum": 4, "weight": 25}}
    told = of_type(centre.publish({**POLICY, "capacity": capacity}, 2), AgentStateChanged)
    assert [(d.agent_id, d.capacity[Channel.WEB]) for d in told] == [("bea", 4), ("bea", 4)]
    assert sorted(centre.offered()) == ["w0", "w1", "w2", "w3", "w4"]
    assert centre.publish({**POLICY, "capacity": capacity}, 3) != []
    assert of_type(centre.publish({**POLICY, "capacity": capacity}, 4), AgentStateChanged) == []


def test_phones_that_answer_busy_are_not_rung_in_circles() -> None:
    """Each agent is asked twice at once; from then on once a minute, and the contact keeps its place."""
    centre = Centre(POLICY)
    for agent in ("ann", "bea", "cid"):
        centre.sign_in(agent, "zh:5")
    centre.arrive("c1")
    due = centre.state.pools[TENANT, POOL].contacts["c1"].due_at
    asked = 1
    while centre.offered():
        centre.reject("c1", "busy")
        asked += len(centre.offered())
        assert asked < 20, "in circles"
    assert asked == 6
    centre.pass_seconds(61)
    assert list(centre.offered()) == ["c1"]
    assert centre.state.pools[TENANT, POOL].contacts["c1"].due_at == due
    for _ in range(10):
        if centre.offered():
            centre.reject("c1", "busy")
            asked += 1
    assert asked == 9
