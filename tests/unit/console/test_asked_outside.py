"""An outside party whom an agent asks first: the sender sees that it rings, that they talk, and what became of it."""

from __future__ import annotations

from typing import Any

from services.console.domain.live import PoolLive
from services.console.domain.shapes import ContactState
from shared.contracts import routing_decisions as rd
from shared.contracts.fields import SECOND
from tests.unit.console.pictures import T0, agent, assigned, closed, ended, offer, picture, queued, started, told

RINGS = rd.DialRequested(
    "c1", "d-1", 1, 30, T0, "a1", None, "plumber", "+862155550100", None, T0 + 45 * SECOND, "t1", joined=True
)
TALKS = rd.DialSettled("c1", "d-1", "answered", "person", None, "t1", joined=True)


def asked() -> tuple[PoolLive, list[Any]]:
    pool = picture()
    told(pool, agent(), queued(), offer(), assigned(), started())
    wanted = rd.ConsultationRequested("c1", "a1", "t1", "outside", "plumber", T0 + 45 * SECOND, joined=True)
    return pool, list(told(pool, wanted, RINGS))


def consultation(pool: PoolLive) -> tuple[str, str, bool]:
    one = pool.agent_view("a1").consultations[0]
    return one.state, one.target, one.joined


def test_it_rings_and_then_they_talk_while_the_customer_stays_the_senders() -> None:
    pool, frames = asked()
    assert [f.type for f in frames] == ["consultation_requested", "consultation_requested"]
    assert consultation(pool) == ("dialling", "plumber", True)
    told(pool, TALKS)
    assert consultation(pool) == ("talking", "plumber", True)
    assert (pool.contacts["c1"].state, pool.contacts["c1"].agent_id) == (ContactState.CONNECTED, "a1")
    assert pool.consults("a1", "c1")


def test_unanswered_the_sender_is_told_why() -> None:
    pool, _ = asked()
    busy = rd.DialSettled("c1", "d-1", "busy", None, None, "t1", joined=True)
    frames = told(pool, busy, rd.ConsultationEnded("c1", "a1", "t1", "busy"))
    over: list[Any] = [frame.shape for frame in frames]
    assert [(one["why"], one["outside"]) for one in over] == [("busy", "plumber")]
    assert pool.agent_view("a1").consultations == ()
    assert pool.handles("a1", "c1")


def test_handed_over_the_contact_is_nobodys_of_ours() -> None:
    pool, _ = asked()
    told(pool, TALKS)
    passed_on = rd.ContactTransferred("c1", "a1", "t1", "outside", "plumber")
    frames = told(pool, ended("transferred"), passed_on, rd.TransferSettled("c1", "a1", "t1", "answered"))
    assert [f.type for f in frames if f.type.startswith(("consultation", "transfer"))] == [
        "consultation_ended",
        "transfer_settled",
    ]
    view = pool.agent_view("a1")
    assert (view.consultations, view.transfers, view.contacts) == ((), (), ())
    assert (pool.contacts["c1"].state, pool.contacts["c1"].agent_id) == (ContactState.OUTSIDE, None)
    told(pool, closed(rd.ContactEnd.SERVED))
    assert "c1" not in pool.contacts
