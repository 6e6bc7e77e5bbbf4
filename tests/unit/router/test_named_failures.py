"""What users of other systems reported, each as a test that ours behaves. Where a failure is a race, every order is tried."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import permutations
from typing import Any

import pytest

from services.router.domain.contacts import ContactPhase
from services.router.domain.core import PoolState
from services.router.domain.waits import ENOUGH, Waits
from shared.contracts import contact_events as ev
from shared.contracts.fields import SECOND, Channel
from shared.contracts.routing_decisions import (
    CallbackQueued,
    ContactAssigned,
    ContactQueued,
    OfferMade,
    RelaxationReached,
    RoutingDecision,
    WorkState,
)
from tests.unit.router.centre import POLICY, POOL, TENANT, Centre, of_type, refusals


def pool_of(centre: Centre) -> PoolState:
    return centre.state.pools[TENANT, POOL]


def with_groups(**changes: Mapping[str, Any]) -> dict[str, Any]:
    """The usual policy with keys of some groups set otherwise."""
    groups = {name: {**group, **changes.get(name, {})} for name, group in POLICY["groups"].items()}
    return {**POLICY, "groups": groups}


UNWRITTEN = {"wrap_up": {"phone": {"mode": "none"}, "web": {"mode": "none"}}}


# ---- offers


def test_one_caller_is_never_given_to_two_agents() -> None:
    """Asterisk 176, 1736: a caller rang out to a second agent while the first was answering; both had the call."""
    centre = Centre(POLICY)
    for agent in ("ann", "bea", "cid"):
        centre.sign_in(agent, "zh:5")
    made = of_type(centre.arrive("c1"), OfferMade)
    assert [offer.agent_id for offer in made] == ["ann"]
    offer = made[0]
    for other in ("bea", "cid"):
        assert refusals(centre.feed(ev.OfferAccepted(other, "c1", offer.offer_id))) == ["not_this_agent"]
    taken = centre.accept("c1")
    assert len(of_type(taken, ContactAssigned)) == 1
    assert centre.feed(ev.OfferAccepted("ann", "c1", offer.offer_id)) == [], (
        "page and phone both said yes: once is enough"
    )
    holders = [a for a, agent in pool_of(centre).agents.items() if "c1" in {**agent.offered, **agent.handling}]
    assert holders == ["ann"]


@pytest.mark.parametrize("order", list(permutations(["accept", "abandon", "ring_out"])))
def test_answer_abandonment_and_ring_out_cross_in_any_order_with_one_outcome(order: tuple[str, ...]) -> None:
    """Asterisk 176, 1736, seen from the other side: whoever comes first decides, the others are told or ignored."""
    centre = Centre(POLICY)
    centre.sign_in("ann", "zh:5")
    centre.arrive("c1")
    offer = centre.open_offer("c1")
    happens: dict[str, Callable[[], list[RoutingDecision]]] = {
        "accept": lambda: centre.feed(ev.OfferAccepted("ann", "c1", offer.offer_id)),
        "abandon": lambda: centre.feed(ev.ContactAbandoned("c1")),
        "ring_out": lambda: centre.feed(ev.OfferRejected("ann", "c1", offer.offer_id, "no_answer")),
    }
    decisions = [decision for step in order for decision in happens[step]()]
    assert len(of_type(decisions, ContactAssigned)) == (order[0] == "accept")
    agent = pool_of(centre).agents["ann"]
    assert not agent.offered
    assert bool(agent.handling) == ("c1" in pool_of(centre).contacts and order[0] == "accept")


def test_a_burst_of_chats_never_goes_over_an_agents_limit() -> None:
    """Rocket.Chat 18217, 19352: chats arriving together all went to the agent whose count was read before any was written."""
    centre = Centre(with_groups(general=UNWRITTEN))
    centre.check_read_only = False
    for agent in ("ann", "bea"):
        centre.sign_in(agent, "zh:5", capacity={Channel.WEB: 2})
    for n in range(40):
        centre.arrive(f"w{n}", channel=Channel.WEB)
        for agent in pool_of(centre).agents.values():
            assert agent.loads().get(Channel.WEB, 0) <= 2
        for contact in list(centre.offered()):
            centre.serve(contact)
    loads = [agent.loads().get(Channel.WEB, 0) for agent in pool_of(centre).agents.values()]
    assert loads == [2, 2]
    centre.end("w0")
    assert max(agent.loads().get(Channel.WEB, 0) for agent in pool_of(centre).agents.values()) == 2


def test_an_assignment_is_not_overwritten_by_anything_that_comes_later() -> None:
    """Chatwoot 15524: 46 of 67 conversations got another assignee within seconds of the first."""
    centre = Centre(POLICY)
    centre.sign_in("ann", "zh:5")
    centre.arrive("c1")
    centre.serve("c1")
    centre.sign_in("bea", "zh:9 complaint:9")
    wished = (ev.PreferredAgent("bea", "case_owner"),)
    later: list[RoutingDecision] = [
        *centre.feed(ev.ContactProfiled("c1", "k", tier="gold", preferred=wished)),
        *centre.feed(ev.ContactClassified("c1", "complaints")),
        *centre.publish(with_groups(general={"strategy": "best_proficiency"}), 2),
        *centre.feed(ev.PresenceChanged("bea", ev.Presence.AVAILABLE, None)),
        *centre.pass_seconds(120),
    ]
    assert of_type(later, OfferMade) == []
    talk = pool_of(centre).contacts["c1"].interaction
    assert talk is not None
    assert talk.agent_id == "ann"


ENDINGS: dict[str, Callable[[Centre], object]] = {
    "accepted and served": lambda c: (c.serve("c1"), c.end("c1")),
    "accepted, never connected": lambda c: (c.accept("c1"), c.pass_seconds(60)),
    "rejected": lambda c: c.reject("c1"),
    "busy": lambda c: c.reject("c1", "busy"),
    "not answered": lambda c: c.pass_seconds(25),
    "the caller left": lambda c: c.feed(ev.ContactAbandoned("c1")),
    "the gateway gave up": lambda c: c.feed(ev.ContactEnded("c1", "system", True)),
    "the page was lost": lambda c: (c.feed(ev.EndpointLost("ann", "page")), c.pass_seconds(60)),
    "the agent left": lambda c: (c.feed(ev.AgentSignedOut("ann")), c.pass_seconds(60)),
    "a second sign-in": lambda c: (c.sign_in("ann", "zh:5", session="another"), c.pass_seconds(60)),
    "nothing is ever heard again": lambda c: c.pass_seconds(600),
}


@pytest.mark.parametrize("ending", list(ENDINGS))
def test_no_agent_stays_reserved_however_an_offer_ends(ending: str) -> None:
    """FreeSWITCH 2540: an agent kept the state "Receiving" after the call was gone, and got nothing any more."""
    centre = Centre(with_groups(general=UNWRITTEN))
    centre.sign_in("ann", "zh:5")
    centre.arrive("c1")
    ENDINGS[ending](centre)
    pool = pool_of(centre)
    agent = pool.agents.get("ann")
    if agent is None:
        return
    assert set(agent.offered) == set(centre.offered())
    assert agent.work_state is (WorkState.OFFERED if agent.offered else WorkState.IDLE)
    centre.feed(ev.EndpointRestored("ann", "page"))
    centre.feed(ev.PresenceChanged("ann", ev.Presence.AVAILABLE, None))
    centre.pass_seconds(70)  # the exclusion of the contact they let pass is over
    waiting = [c for c in pool.contacts.values() if c.phase is ContactPhase.QUEUED]
    assert not (waiting and agent.takes_offers and not agent.offered), "idle beside waiting work"


def test_an_idle_agent_is_not_starved_by_a_heavier_queue_with_nobody_for_it() -> None:
    """Asterisk 1561: a queue of more weight, whose caller no free agent could take, kept agents from the lighter queue."""
    centre = Centre(POLICY)
    centre.arrive("heavy", "complaints", reason="leak")  # seniority of five minutes, and a shorter target
    centre.feed(ev.ContactProfiled("heavy", "k", tier="gold"))
    centre.sign_in("ann", "zh:5")  # knows nothing of complaints
    assert of_type(centre.arrive("light"), OfferMade)[0].agent_id == "ann"


@pytest.mark.parametrize(
    "freed",
    [
        lambda c: c.feed(ev.PresenceChanged("ann", ev.Presence.AVAILABLE, None)),
        lambda c: c.sign_in("bea", "zh:5"),
        lambda c: c.feed(ev.AgentProfileChanged("cid", (ev.HeldSkill("zh", 5),))),
        lambda c: c.feed(ev.EndpointRestored("dan", "page")),
    ],
)
def test_work_is_picked_up_by_the_very_input_that_makes_it_possible(
    freed: Callable[[Centre], list[RoutingDecision]],
) -> None:
    """Chatwoot 12334: waiting conversations were picked up by a sweep every fifteen minutes."""
    centre = Centre(POLICY)
    centre.sign_in("ann", "zh:5", presence=ev.Presence.NOT_READY)
    centre.sign_in("cid", "yue:5")
    centre.sign_in("dan", "zh:5")
    centre.feed(ev.EndpointLost("dan", "page"))
    centre.arrive("c1")
    assert centre.offered() == {}
    assert [offer.contact_id for offer in of_type(freed(centre), OfferMade)] == ["c1"]


def test_wrap_up_is_honoured_whichever_queue_asks_next() -> None:
    """Asterisk 1006, 607, 1255: calls during wrap-up, above all from another queue, after a transfer, or after an extension."""
    centre = Centre(with_groups(complaints={"wrap_up": {"phone": {"mode": "none"}}}))
    centre.sign_in("ann", "zh:5 complaint:9")
    centre.arrive("c1")
    centre.serve("c1")
    centre.end("c1")
    assert pool_of(centre).agents["ann"].work_state is WorkState.WRAPPING
    assert of_type(centre.arrive("c2", "complaints"), OfferMade) == [], "another queue has to wait as well"
    assert of_type(centre.pass_seconds(29), OfferMade) == []
    interaction = next(iter(pool_of(centre).agents["ann"].wrapping))
    centre.feed(ev.WrapUpExtended("ann", "c1", interaction))
    assert of_type(centre.pass_seconds(10), OfferMade) == [], "extended by 15 s"
    assert [offer.contact_id for offer in of_type(centre.pass_seconds(10), OfferMade)] == ["c2"]


def test_a_callback_keeps_the_place_of_the_caller_who_asked_for_it() -> None:
    """Callbacks that lose their place: hung up and put at the end, or called back before those who had waited longer."""
    callback = {"offered": True, "mode": "customer_first"}
    centre = Centre(with_groups(general={**UNWRITTEN, "callback": callback}))
    centre.arrive("first")
    centre.pass_seconds(30)
    centre.arrive("asks")
    asked_at = centre.now
    centre.pass_seconds(30)
    centre.arrive("last")
    due = pool_of(centre).contacts["asks"].due_at
    queued = of_type(centre.feed(ev.CallbackRequested("back", "asks")), CallbackQueued)[0]
    assert (queued.origin, queued.queued_at) == ("asks", asked_at)
    assert pool_of(centre).contacts["back"].due_at == due
    centre.pass_seconds(600)
    order = sorted(pool_of(centre).contacts.values(), key=lambda contact: contact.order_key)
    assert [contact.contact_id for contact in order] == ["first", "back", "last"]


def test_who_is_offered_a_contact_is_told_who_it_is() -> None:
    """Jambonz 1363: a call taken out of the queue came without the caller's identity."""
    centre = Centre(POLICY)
    centre.arrive("c1", gateway_id="g7")
    centre.feed(ev.ContactProfiled("c1", "customer-9"))
    offer = of_type(centre.sign_in("ann", "zh:5"), OfferMade)[0]
    assert (offer.customer_id, offer.gateway_id) == ("customer-9", "g7")
    assigned = of_type(centre.accept("c1"), ContactAssigned)[0]
    assert (assigned.customer_id, assigned.gateway_id) == ("customer-9", "g7")


# ---- relaxation, priority, capacity


def relaxing(*after_seconds: int) -> dict[str, Any]:
    """The group of complaints, asking for one level less after each of these."""
    steps = [{"after_seconds": after, "lower": {"complaint": 5 - n}} for n, after in enumerate(after_seconds, 1)]
    return with_groups(complaints={"relaxation": steps})


def test_rules_are_not_frozen_at_entry() -> None:
    """Asterisk's penalty changes are those of the moment a caller entered: who waits never sees what a manager changed."""
    centre = Centre(relaxing(600))
    centre.sign_in("ann", "zh:5 complaint:5")
    centre.arrive("before", "complaints")
    centre.serve("before")
    centre.sign_in("bea", "zh:5 complaint:4")
    centre.arrive("c1", "complaints")
    centre.pass_seconds(30)
    assert centre.offered() == {}
    decisions = [*centre.publish(relaxing(40), 2), *centre.pass_seconds(10)]
    assert [offer.agent_id for offer in of_type(decisions, OfferMade)] == ["bea"]


def test_there_are_as_many_steps_as_a_manager_writes() -> None:
    """Genesys' bullseye ends after six rings."""
    centre = Centre(
        with_groups(
            complaints={
                "skills": [{"skill": "zh", "level": 3}, {"skill": "complaint", "level": 10}],
                "relaxation": [{"after_seconds": 5 * n, "lower": {"complaint": 10 - n}} for n in range(1, 10)],
            }
        )
    )
    for level in range(1, 11):  # somebody is staffed for every step, and busy
        centre.sign_in(f"a{level:02d}", f"zh:5 complaint:{level}", presence=ev.Presence.NOT_READY)
    centre.arrive("c1", "complaints")
    reached = of_type(centre.pass_seconds(50), RelaxationReached)
    assert [step.step for step in reached] == list(range(1, 10))


def test_a_lower_priority_is_served_in_the_end() -> None:
    """Twilio's strict priority starves whoever has less, as long as somebody with more keeps coming."""
    centre = Centre(with_groups(general=UNWRITTEN))
    centre.check_read_only = False
    centre.sign_in("ann", "zh:5")
    centre.arrive("talking")
    centre.serve("talking")
    centre.arrive("plain")
    served: list[str] = []
    talking = "talking"
    for n in range(60):
        gold = f"gold{n:02d}"
        centre.arrive(gold)
        centre.feed(ev.ContactProfiled(gold, f"k{n}", tier="gold"))
        talking = of_type(centre.end(talking), OfferMade)[0].contact_id
        centre.serve(talking)
        centre.pass_seconds(20)
        served.append(talking)
        if talking == "plain":
            break
    # gold goes first by 120 s, so only who came within 120 s of the plain caller did
    assert served[-1] == "plain"
    assert 1 <= len(served) <= 1 + 120 // 20 + 1


def test_a_call_interrupts_a_message_but_not_the_other_way_round() -> None:
    """Fixed matrices (one call, four chats, one message) fit nobody's centre: here the policy says what interrupts what."""
    centre = Centre(POLICY)  # fax may be interrupted by phone and web; nothing else by anything
    centre.sign_in("ann", "zh:5")
    centre.arrive("f1", channel=Channel.FAX)
    centre.serve("f1")
    assert of_type(centre.arrive("p1"), OfferMade)
    centre.serve("p1")
    assert of_type(centre.arrive("f2", channel=Channel.FAX), OfferMade) == []
    assert of_type(centre.arrive("w1", channel=Channel.WEB), OfferMade) == []


# ---- wait estimate


def test_a_quote_knows_the_past_and_does_not_grow_because_one_is_overdue() -> None:
    """Asterisk's (3·old + new) ÷ 4 knows no place and no distribution, and every caller who is overdue makes it grow."""
    centre = Centre(POLICY)
    waits = Waits()
    pool = pool_of(centre)
    for n in range(3 * ENOUGH):
        waits.answered("general", Channel.PHONE, centre.now, (n % 30) * SECOND)
    for caller in ("c1", "c2"):
        waits.heard(pool, centre.now, centre.arrive(caller))
        centre.pass_seconds(2)
    places = [waits.place(pool.contacts[caller], centre.now) for caller in ("c1", "c2")]
    assert [place.position for place in places if place is not None] == [1, 2]
    quotes: list[int | None] = []
    for _ in range(20):
        place = waits.place(pool.contacts["c1"], centre.now)
        assert place is not None
        quotes.append(place.p90_seconds)
        centre.pass_seconds(5)
    known = [quote for quote in quotes if quote is not None]
    assert known
    assert known == sorted(known, reverse=True)
    assert quotes[-1] is None, "long overdue: nobody knows, and that is what is said"


def test_the_place_of_a_contact_survives_every_failed_attempt() -> None:
    """Users of all of them: "after a missed ring I was last again"."""
    centre = Centre(POLICY)
    centre.sign_in("ann", "zh:5")
    centre.arrive("c1")
    due = pool_of(centre).contacts["c1"].due_at
    decisions = [*centre.reject("c1"), *centre.pass_seconds(61), *centre.accept("c1")]
    offer = centre.open_offer("c1")
    decisions += centre.feed(ev.ContactConnectFailed("c1", offer.offer_id))
    requeued = of_type(decisions, ContactQueued)
    assert len(requeued) == 2
    assert {queued.due_at for queued in requeued} == {due}
