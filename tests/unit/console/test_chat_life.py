"""Chat life, company and ratings in the live picture: what the agent's page is told, and that load and hands stay right."""

from __future__ import annotations

from services.console.domain.live import RATINGS_KEPT, PoolLive, backlog
from services.console.domain.shapes import Awaited, Backlog, ContactState
from shared.contracts import routing_decisions as rd
from shared.contracts.contact_events import Presence
from shared.contracts.fields import SECOND, Channel
from tests.unit.console.pictures import T0, agent, assigned, offer, picture, queued, started, told


def talking() -> PoolLive:
    pool = picture()
    told(pool, agent("a1"), agent("a2"), queued(), offer(), assigned(), started())
    return pool


PARKED = rd.ContactParked("c1", Channel.WEB, "repairs", T0 + SECOND, T0 + 600 * SECOND, "a1", "i1")


def test_a_parked_chat_stays_in_hand_with_its_end() -> None:
    pool = talking()
    told(pool, rd.ReplyAwaited("c1", "a1", "i1", "customer", T0, T0 + SECOND))
    assert pool.agent_view("a1").contacts[0].awaited == Awaited("customer", T0, T0 + SECOND)
    frames = told(pool, PARKED)
    shown = pool.agent_view("a1").contacts[0]
    assert (shown.state, shown.since, shown.awaited) == (
        ContactState.PARKED, T0 + SECOND, Awaited("customer", T0 + SECOND, T0 + 600 * SECOND),
    )  # fmt: skip
    assert "interaction_changed" in {frame.type for frame in frames}
    assert pool.contacts["c1"].state is ContactState.PARKED
    assert pool.handles("a1", "c1")  # may write to them, or end it


def test_a_customer_who_writes_gives_it_back_to_its_agent() -> None:
    pool = talking()
    told(pool, PARKED, rd.ContactReturning("c1", "a1", "i1", T0 + 9 * SECOND, T0 + 29 * SECOND))
    assert pool.agent_view("a1").contacts[0].awaited == Awaited("agent", T0 + 9 * SECOND, T0 + 29 * SECOND)
    told(pool, rd.ContactResumed("c1", "a1", "i1", T0 + 10 * SECOND, 9 * SECOND))
    assert pool.agent_view("a1").contacts[0].state is ContactState.CONNECTED
    assert pool.contacts["c1"].agent_id == "a1"


def test_an_agent_who_leaves_leaves_the_parked_chat_to_nobody() -> None:
    pool = talking()
    told(pool, PARKED, rd.InteractionEnded("c1", "a1", "i1", T0, "signed_out"))
    told(pool, rd.ContactParked("c1", Channel.WEB, "repairs", T0, T0 + 600 * SECOND))
    assert pool.agent_view("a1").contacts == ()
    assert (pool.contacts["c1"].state, pool.contacts["c1"].agent_id) == (ContactState.PARKED, None)


def test_unanswered_is_a_chat_whose_customer_waits_for_a_word() -> None:
    pool = picture()
    told(pool, agent("a1"), queued(channel=Channel.WEB), offer(), rd.ContactAssigned(
        "c1", "a1", "o1", "i1", Channel.WEB, "repairs", T0 + 20 * SECOND, 0))  # fmt: skip
    assert backlog([pool]) == Backlog(0, 0, 0, None, 0)  # waits or connects: the group's row tells
    told(pool, started())
    assert backlog([pool]) == Backlog(0, 0, 1, T0, 0)  # nothing is said yet: the first word is the agent's
    told(pool, rd.ReplyAwaited("c1", "a1", "i1", "customer", T0 + SECOND))
    assert backlog([pool]) == Backlog(0, 0, 0, None, 0)
    told(pool, rd.ReplyAwaited("c1", "a1", "i1", "agent", T0 + 2 * SECOND))
    assert backlog([pool]) == Backlog(0, 0, 1, T0 + 2 * SECOND, 0)
    told(pool, PARKED)
    assert backlog([pool]) == Backlog(0, 0, 0, None, 1)
    told(pool, rd.ContactReturning("c1", "a1", "i1", T0 + 9 * SECOND, T0 + 29 * SECOND))
    assert backlog([pool]) == Backlog(0, 0, 1, T0 + 9 * SECOND, 0)  # they wrote; their agent is not free yet


def test_a_call_is_never_an_unanswered_chat() -> None:
    assert backlog([talking()]) == Backlog(0, 0, 0, None, 0)


def test_colleagues_beside_a_conversation_are_shown_to_all_of_them() -> None:
    pool = talking()
    frames = told(pool, rd.ColleagueAdmitted("c1", "a2", T0))
    assert {audience for f in frames if f.type == "company_changed" for audience in f.audiences} == {
        "agent:a1",
        "agent:a2",
    }
    assert pool.agent_view("a1").contacts[0].colleagues == ("a2",)
    told(pool, rd.ColleagueReleased("c1", "a2", T0))
    assert pool.agent_view("a1").contacts[0].colleagues == ()


def test_in_a_conference_the_asked_colleague_may_write_to_the_customer() -> None:
    pool = talking()
    asked = rd.ConsultationRequested("c1", "a1", "t1", "agent", "a2", T0 + 60 * SECOND, "repairs", joined=True)
    told(pool, asked, offer(agent="a2", offer_id="o2", consult_of="t1"))
    assert not pool.confers("a2", "c1")
    told(pool, rd.ConsultationStarted("c1", "a1", "a2", "t1", "o2", "i2", joined=True))
    assert pool.confers("a2", "c1")
    assert not pool.handles("a2", "c1")
    assert pool.agent_view("a2").consultations[0].joined


def test_the_average_is_of_the_last_words_on_a_scale_of_five() -> None:
    pool = talking()

    def rated(score: int, scale: int = 5) -> rd.ContactRated:
        return rd.ContactRated("c1", "a1", "repairs", Channel.WEB, score, scale, score <= 2, "web", T0)

    assert pool.agent_view("a1").agent.rating is None  # type: ignore[union-attr]
    told(pool, rated(5), rated(4), rated(10, 10))
    shown = pool.agent_view("a1").agent
    assert shown is not None
    assert (shown.rating, shown.ratings) == (4.7, 3)
    told(pool, *(rated(1) for _ in range(RATINGS_KEPT)))
    again = pool.agent_view("a1").agent
    assert again is not None
    assert (again.rating, again.ratings) == (1.0, RATINGS_KEPT)
    told(pool, agent("a1", presence=Presence.SIGNED_OUT), agent("a1"))
    back = pool.agent_view("a1").agent
    assert back is not None
    assert back.ratings == RATINGS_KEPT
