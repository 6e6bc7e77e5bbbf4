"""Self-service and consultations in the live picture: counted by line, shown to both agents, one customer's agent."""

from __future__ import annotations

from dataclasses import asdict

from pydantic import TypeAdapter

from services.console.domain.live import PoolLive, begin_day
from services.console.domain.shapes import ContactState
from shared.contracts import routing_decisions as rd
from shared.contracts.fields import SECOND, Channel
from tests.unit.console.pictures import (
    T0,
    agent,
    assigned,
    closed,
    ended,
    offer,
    picture,
    queued,
    started,
    told,
    withdrawn,
)


def in_menu(contact: str, line: str = "rental") -> rd.SelfServiceAwaited:
    return rd.SelfServiceAwaited(contact, Channel.PHONE, line, T0, T0 + 3 * SECOND)


def line_of(pool: PoolLive, name: str = "rental") -> dict[str, object]:
    return asdict(pool.lines[name].row(name, pool.pool))


def test_self_service_is_counted_by_line_and_adds_up() -> None:
    pool = picture()
    told(pool, in_menu("c1"), in_menu("c2"), in_menu("c3"), in_menu("c4"), in_menu("d1", "sales"))
    assert pool.contacts["c1"].state is ContactState.SELF_SERVICE
    told(pool, rd.SelfServiceEngaged("c1", "main", 1, T0), rd.SelfServiceAnswerGiven("c1", "q1", 1))
    told(pool, closed(rd.ContactEnd.SELF_SERVED, "c1"), closed(rd.ContactEnd.ABANDONED_IN_SELF_SERVICE, "c2"))
    told(pool, queued("c3", cause=rd.QueueCause.SELF_SERVICE))
    assert line_of(pool) == {
        "business_line": "rental", "pool": "main", "now": 1, "arrived": 4, "served": 1, "left": 1, "to_people": 1,
    }  # fmt: skip
    assert (line_of(pool, "sales")["now"], line_of(pool, "sales")["arrived"]) == (1, 1)
    assert pool.groups["repairs"].today.offered == 1
    told(pool, closed(rd.ContactEnd.ABANDONED_IN_QUEUE, "c3"))
    assert line_of(pool)["left"] == 1  # left the queue, not the menu
    begin_day(pool, "2026-11-23")
    assert (line_of(pool)["arrived"], line_of(pool)["now"]) == (1, 1)


def asked(state: rd.RoutingDecision | None = None) -> PoolLive:
    """a1 has the customer and asks a2; then `state`."""
    pool = picture()
    told(pool, agent("a1"), agent("a2"), queued(customer_id="cu"), offer(), assigned(), started())
    told(pool, rd.ConsultationRequested("c1", "a1", "t1", "agent", "a2", T0 + 60 * SECOND, "repairs"))
    told(pool, offer(agent="a2", offer_id="o2", customer_id="cu", consult_of="t1"))
    if state is not None:
        told(pool, state)
    return pool


TALK = rd.ConsultationStarted("c1", "a1", "a2", "t1", "o2", "i2")


def test_a_consultations_offer_is_marked_and_leaves_the_contact_where_it_is() -> None:
    pool = asked()
    shown = pool.agent_view("a2").offers[0]
    assert (shown.consult_of, shown.from_agent, shown.customer_id) == ("t1", "a1", "cu")
    assert (pool.contacts["c1"].state, pool.contacts["c1"].agent_id) == (ContactState.CONNECTED, "a1")
    consultation = pool.agent_view("a1").consultations[0]
    assert (consultation.state, consultation.agent_id) == ("offered", "a2")
    frames = told(pool, withdrawn(rd.OfferOutcome.TIMED_OUT, agent="a2", offer_id="o2"))
    assert pool.agent_view("a1").consultations[0].state == "seeking"
    assert [f.type for f in frames if "agent:a1" in f.audiences] == ["consultation_requested"]
    frames = told(pool, rd.ConsultationEnded("c1", "a1", "t1", "unanswered"))
    assert [(f.type, f.audiences) for f in frames] == [("consultation_ended", ("agent:a1",))]
    assert pool.agent_view("a1").consultations == ()
    assert pool.handles("a1", "c1")


def test_both_see_that_they_talk_and_only_one_has_the_customer() -> None:
    pool = asked()
    frames = told(pool, TALK)
    assert [f.type for f in frames if "agent:a2" in f.audiences] == ["assigned", "consultation_started", "agent_state"]
    assert [f.type for f in frames if "agent:a1" in f.audiences] == ["consultation_started"]
    view = pool.agent_view("a2")
    assert ([c.state for c in view.contacts], view.offers) == ([ContactState.CONSULTING], ())
    assert (pool.handles("a2", "c1"), pool.takes_part("a2", "c1"), pool.consults("a1", "c1")) == (False, True, True)
    assert pool.holders("c1") == {"a1", "a2"}
    pictures = TypeAdapter(PoolLive)
    assert pictures.validate_json(pictures.dump_json(pool)) == pool


def test_ended_the_contact_leaves_the_asked_agents_hands() -> None:
    pool = asked(TALK)
    frames = told(pool, rd.ConsultationEnded("c1", "a1", "t1", "cancelled", "a2"), at=T0 + 9 * SECOND)
    told_to_a2 = [f for f in frames if "agent:a2" in f.audiences]
    assert [f.type for f in told_to_a2] == ["interaction_ended", "consultation_ended", "agent_state"]
    assert pool.agent_view("a2").contacts == ()
    assert pool.holders("c1") == {"a1"}
    assert not pool.consults("a1", "c1")


def test_handed_over_the_contact_is_in_the_other_hands_and_counted_once() -> None:
    pool = asked(TALK)
    handed = rd.ContactTransferred("c1", "a1", "t1", "agent", "a2", "a2", "i2")
    wrap_up = rd.WrapUpStarted("c1", "a1", "i1", Channel.PHONE, "repairs", "timed", T0, T0 + 9, 1)
    taken = rd.InteractionStarted("c1", "a2", "i2", T0)
    frames = told(
        pool, ended("transferred"), wrap_up, handed, taken, rd.TransferSettled("c1", "a1", "t1", "answered", "a2")
    )
    assert [f.type for f in frames if "agent:a1" in f.audiences] == [
        "interaction_ended", "wrap_up_started", "consultation_ended", "transfer_settled", "agent_state",
    ]  # fmt: skip
    assert [f.type for f in frames if "agent:a2" in f.audiences] == [
        "consultation_ended", "interaction_started", "agent_state",
    ]  # fmt: skip
    contact = pool.contacts["c1"]
    assert (contact.agent_id, contact.state, contact.consulted) == ("a2", ContactState.CONNECTED, None)
    assert (pool.handles("a1", "c1"), pool.handles("a2", "c1")) == (False, True)
    assert pool.groups["repairs"].today.answered == 1
    told(pool, rd.InteractionEnded("c1", "a2", "i2", T0, "ended"), closed(rd.ContactEnd.SERVED, agent="a2"))
    assert not pool.contacts
