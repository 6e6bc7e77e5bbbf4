"""A contact's whole life through the core, and each of its outcomes."""

from __future__ import annotations

from shared.contracts import contact_events as ev
from shared.contracts.routing_decisions import ContactClosed, ContactEnd, WrapUpFinished
from tests.unit.router.centre import POLICY, Centre, decided_names, of_type, refusals


def test_arrive_profile_queue_offer_accept_connect_end_wrap_up() -> None:
    centre = Centre({**POLICY, "enrichment_wait_ms": 150})
    centre.sign_in("ann", "zh:5")
    assert decided_names(centre.arrive("c1")) == ["EnrichmentAwaited"]
    decided = centre.feed(ev.ContactProfiled("c1", customer_id="k1", tier="gold"))
    assert decided_names(decided) == ["ContactQueued", "OfferMade", "AgentStateChanged"]
    assert decided_names(centre.accept("c1")) == ["ContactAssigned", "AgentStateChanged"]
    assert decided_names(centre.connect("c1")) == ["InteractionStarted", "AgentStateChanged"]
    centre.pass_seconds(60)
    ended = centre.end("c1")
    assert decided_names(ended) == ["InteractionEnded", "WrapUpStarted", "ContactClosed", "AgentStateChanged"]
    closed = of_type(ended, ContactClosed)[0]
    assert (closed.end, closed.agent_id, closed.customer_id) == (ContactEnd.SERVED, "ann", "k1")
    interaction = of_type(ended, type(ended[1]))[0].interaction_id
    finished = centre.feed(ev.WrapUpCompleted("ann", "c1", interaction, "done"))
    assert of_type(finished, WrapUpFinished)[0].by_timeout is False
    assert centre.state.pools["jinfeng", "main"].contacts == {}
    assert centre.fold().hash() == centre.state.hash()


def test_an_acceptance_after_the_abandonment_is_refused_as_withdrawn() -> None:
    centre = Centre(POLICY)
    centre.sign_in("ann", "zh:5")
    centre.arrive("c1")
    decided = centre.feed(ev.ContactAbandoned("c1"))
    assert decided_names(decided) == ["OfferWithdrawn", "ContactClosed", "AgentStateChanged"]
    assert refusals(centre.accept("c1")) == ["offer_withdrawn"]
