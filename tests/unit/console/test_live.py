"""The live picture: what each decision does to counts, tiles and frames, and that a cohort always adds up."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from services.console.domain.alarms import alarm_changes, standing_alarms
from services.console.domain.live import PoolLive, backlog, begin_day, queued_for, staff
from services.console.domain.service_level import Today, Variant, average_speed_of_answer, service_level
from services.console.domain.shapes import AgentState, Backlog, ContactState, Queued, own_floors
from shared.contracts import routing_decisions as rd
from shared.contracts.contact_events import Presence
from shared.contracts.fields import SECOND, Channel, SkillLevel
from shared.contracts.registry import FOLDER
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


def adds_up(pool: PoolLive) -> bool:
    return all(g.today.offered == g.today.settled + len(g.waiting) for g in pool.groups.values())


def test_an_answered_contact_is_counted_once_within_its_target() -> None:
    pool = picture()
    told(pool, agent(), queued(), offer(), assigned(waited=19 * SECOND))
    assert (len(pool.groups["repairs"].waiting), pool.groups["repairs"].today.answered) == (1, 0)  # not connected yet
    told(pool, started())
    assert asdict(pool.groups["repairs"].today) == asdict(
        Today(offered=1, answered=1, answered_within=1, wait_answered=19 * SECOND)
    )
    told(pool, ended(), closed(rd.ContactEnd.SERVED))
    assert not pool.contacts
    assert adds_up(pool)


def test_a_failed_offer_or_connect_keeps_the_place_and_the_count() -> None:
    pool = picture()
    told(pool, agent(), queued(), offer(), withdrawn(rd.OfferOutcome.TIMED_OUT))
    told(pool, queued(entered=T0, cause=rd.QueueCause.OFFER_FAILED), offer(offer_id="o2"), assigned(offer_id="o2"))
    told(pool, ended("connect_failed"), queued(entered=T0, cause=rd.QueueCause.CONNECT_FAILED))
    assert pool.groups["repairs"].today == Today(offered=1)
    assert pool.groups["repairs"].waiting["c1"].since == T0
    assert pool.agents["a1"].in_hand() == ()


def test_a_contact_that_changes_group_flows_out_of_the_first() -> None:
    pool = picture()
    told(pool, queued())
    told(pool, queued(group="billing", entered=T0 + 9, cause=rd.QueueCause.RECLASSIFIED), at=T0 + 9)
    assert (pool.groups["repairs"].today.flowed_out, pool.groups["billing"].today.offered) == (1, 1)
    assert list(pool.groups["billing"].waiting) == ["c1"]
    assert adds_up(pool)


def test_a_transferred_contact_is_a_new_entry_of_the_next_group() -> None:
    pool = picture()
    told(pool, agent(), queued(), offer(), assigned(), started())
    told(pool, rd.ContactTransferred("c1", "a1", "x1", "group", "billing"), ended("transferred"))
    told(pool, queued(group="billing", entered=T0 + 60 * SECOND, cause=rd.QueueCause.TRANSFERRED))
    assert (pool.groups["repairs"].today.answered, pool.groups["billing"].today.offered) == (1, 1)
    assert list(pool.agents["a1"].transfers) == ["x1"]
    frames = told(pool, rd.TransferSettled("c1", "a1", "x1", "answered", "a2"))
    assert [(f.type, f.audiences) for f in frames] == [("transfer_settled", ("agent:a1",))]
    assert not pool.agents["a1"].transfers


@pytest.mark.parametrize(
    ("end", "waited", "counts"),
    [
        (
            rd.ContactEnd.ABANDONED_IN_QUEUE,
            5 * SECOND,
            Today(offered=1, abandoned=1, abandoned_within=1, short_abandons=1),
        ),
        (rd.ContactEnd.ABANDONED_WHILE_OFFERED, 6 * SECOND, Today(offered=1, abandoned=1, abandoned_within=1)),
        (rd.ContactEnd.ABANDONED_IN_QUEUE, 21 * SECOND, Today(offered=1, abandoned=1)),
        (rd.ContactEnd.OVERFLOWED, 0, Today(offered=1, flowed_out=1)),
        (rd.ContactEnd.CALLBACK_ACCEPTED, 0, Today(offered=1, callback=1)),
        (rd.ContactEnd.FAILED, 0, Today(offered=1, failed=1)),
    ],
)
def test_ends_while_waiting(end: rd.ContactEnd, waited: int, counts: Today) -> None:
    pool = picture()
    told(pool, queued())
    told(pool, closed(end, waited=waited))
    assert pool.groups["repairs"].today == counts
    assert not pool.groups["repairs"].waiting


def test_midnight_carries_who_still_waits_into_the_new_day() -> None:
    pool = picture()
    told(pool, agent(), queued("c1"), queued("c2"))
    told(pool, closed(rd.ContactEnd.ABANDONED_IN_QUEUE, "c2"))
    begin_day(pool, "2026-11-23")
    assert pool.groups["repairs"].today == Today(offered=1)
    told(pool, offer(), assigned(), started())
    assert pool.groups["repairs"].today.answered == 1
    assert adds_up(pool)


def test_service_level_variants_differ_and_show_their_fraction() -> None:
    today = Today(
        offered=100,
        answered=70,
        abandoned=20,
        flowed_out=2,
        failed=3,
        answered_within=60,
        abandoned_within=10,
        short_abandons=8,
    )
    shown = {variant: service_level(today, variant, 5) for variant in Variant}
    assert {v: (s.answered_within, s.of) for v, s in shown.items()} == {
        Variant.ANSWERED_WITHIN_OF_OFFERED: (60, 95),  # five still wait: not counted yet
        Variant.ANSWERED_WITHIN_OF_ANSWERED: (60, 70),
        Variant.ANSWERED_WITHIN_OF_OFFERED_LESS_SHORT_ABANDONS: (60, 87),
        Variant.SETTLED_WITHIN_OF_OFFERED: (70, 95),
    }
    assert shown[Variant.ANSWERED_WITHIN_OF_OFFERED].percent == 63.2
    assert service_level(Today(), Variant.ANSWERED_WITHIN_OF_OFFERED, 5).percent is None
    assert average_speed_of_answer(Today(answered=2, wait_answered=25 * SECOND)) == 12.5


def test_an_agents_own_view_follows_the_contact() -> None:
    pool = picture()
    told(pool, agent(teams=("t1",)), queued(tier="gold", customer_id="cu"))
    frames = told(pool, offer(customer_id="cu"))
    assert [(f.type, f.audiences) for f in frames] == [
        ("offer", ("agent:a1",)),
        ("agent_state", ("agent:a1", "floor:*", "floor:team:t1")),
    ]
    view = pool.agent_view("a1")
    assert (view.offers[0].offer_id, view.offers[0].tier, view.offers[0].customer_id) == ("o1", "gold", "cu")
    assert view.agent is not None
    assert [c.state for c in view.agent.contacts] == [ContactState.OFFERED]
    told(pool, assigned(), started())
    view = pool.agent_view("a1")
    assert (view.offers, view.contacts[0].state, view.contacts[0].connect_deadline) == (
        (),
        ContactState.CONNECTED,
        None,
    )
    assert pool.handles("a1", "c1")
    told(pool, ended(), rd.WrapUpStarted("c1", "a1", "i1", Channel.PHONE, "repairs", "timed", T0, T0 + 9, 1))
    told(pool, closed(rd.ContactEnd.SERVED, agent="a1"))
    view = pool.agent_view("a1")
    assert (view.contacts, view.wrap_ups[0].customer_id) == ((), "cu")
    assert pool.holders("c1") == {"a1"}
    told(pool, rd.WrapUpProlonged("c1", "a1", "i1", T0 + 99, 0), rd.WrapUpNoted("c1", "a1", "i1", "solved"))
    wrap_up = pool.agent_view("a1").wrap_ups[0]
    assert (wrap_up.until, wrap_up.extensions_left, wrap_up.disposition) == (T0 + 99, 0, "solved")
    told(pool, rd.WrapUpFinished("c1", "a1", "i1", T0, "solved"))
    assert pool.agent_view("a1").wrap_ups == ()
    assert pool.holders("c1") == set()


def test_a_refusal_reaches_the_agent_who_asked() -> None:
    frames = told(picture(), rd.InputRefused("e1", "OfferAccepted", rd.RefusalReason.OFFER_WITHDRAWN, "c1", "a1"))
    assert frames[0].audiences == ("agent:a1",)
    assert frames[0].shape == {
        "event_id": "e1", "event_type": "OfferAccepted", "reason": "offer_withdrawn", "contact_id": "c1", "detail": None,
    }  # fmt: skip


def test_signing_out_shows_a_last_tile_and_forgets_the_agent() -> None:
    pool = picture()
    told(pool, agent(sites=("s1",)))
    frames = told(pool, agent(sites=("s1",), presence=Presence.SIGNED_OUT))
    assert [(f.type, f.audiences) for f in frames] == [("agent_state", ("agent:a1", "floor:*", "floor:site:s1"))]
    assert not pool.agents
    assert pool.agent_view("a1").agent is None


def test_a_floor_an_agent_leaves_is_told() -> None:
    pool = picture()
    told(pool, agent(teams=("t1", "t2")))
    gone, tile = told(pool, agent(teams=("t2", "t3")))
    assert (gone.type, gone.audiences, gone.shape) == ("agent_gone", ("floor:team:t1",), {"agent_id": "a1"})
    assert tile.audiences == ("agent:a1", "floor:*", "floor:team:t2", "floor:team:t3")
    assert own_floors((), ()) == ("floor", "floor:*")
    assert own_floors(("t1",), ("s1",)) == ("floor", "floor:team:t1", "floor:site:s1")


def test_queued_counts_what_an_agent_could_serve() -> None:
    pool = picture()
    told(pool, agent("a1"), agent("a2", skills=(SkillLevel("zh", 2),)), agent("a3", capacity={Channel.WEB: 1}))
    told(pool, queued("c1"), queued("c2", entered=T0 - 7), queued("c3", only_agent="a2", requirement=()))
    assert queued_for(pool, ["a1", "a2", "a3", "gone"]) == {
        "a1": Queued(2, T0 - 7),
        "a2": Queued(1, T0),
        "a3": Queued(0, None),
    }


def test_alarms_are_raised_changed_and_cleared() -> None:
    pool = picture()
    told(pool, queued("c1"))
    first = standing_alarms(pool, T0)
    assert [(a.kind, a.group, a.count) for a in first.values()] == [("nobody_staffed", "repairs", 1)]
    told(pool, agent(), rd.RonaAlerted("a1", 3))
    late = standing_alarms(pool, T0 + 21 * SECOND)
    assert sorted(late) == ["over_target:main:repairs", "rona:a1"]
    assert [(a.alarm_id, a.state) for a in alarm_changes(first, late)] == [
        ("rona:a1", "raised"), ("over_target:main:repairs", "raised"), ("nobody_staffed:main:repairs", "cleared"),
    ]  # fmt: skip
    assert list(alarm_changes(late, standing_alarms(pool, T0 + 22 * SECOND))) == []
    told(pool, agent(), closed(rd.ContactEnd.ABANDONED_IN_QUEUE))
    assert standing_alarms(pool, T0 + 30 * SECOND) == {}


def test_staff_is_counted_by_state_with_occupancy() -> None:
    pool = picture()
    told(
        pool,
        agent("a1"),
        agent("a2", work_state=rd.WorkState.HANDLING),
        agent("a3", presence=Presence.NOT_READY, presence_reason="break"),
        agent("a4", reachable=False),
        agent("a5", work_state=rd.WorkState.OFFERED),
    )
    counted = staff([pool])
    assert (counted.signed_in, counted.available, counted.idle, counted.offered, counted.unreachable) == (5, 3, 1, 1, 1)
    assert counted.by_reason == {"break": 1}
    assert counted.occupancy_percent == 33.3


WHAT = st.sampled_from(
    [
        queued("c1"), queued("c1", "billing", entered=T0 + 1), queued("c2"), offer("c1"), offer("c2", offer_id="o2"),
        withdrawn(rd.OfferOutcome.REJECTED), assigned("c1"), started("c1"), ended(), assigned("c2", offer_id="o2"), started("c2"),
        closed(rd.ContactEnd.SERVED, "c1"), closed(rd.ContactEnd.ABANDONED_IN_QUEUE, "c2"), agent("a1"),
        agent("a1", presence=Presence.SIGNED_OUT), rd.RonaAlerted("a1", 3),
        rd.WrapUpStarted("c1", "a1", "i1", Channel.PHONE, "repairs", "timed", T0, None, 1),
        rd.WrapUpFinished("c1", "a1", "i1", T0, "x"), rd.EnrichmentAwaited("c3", Channel.WEB, "rental", T0, T0 + 1),
    ]
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(WHAT, max_size=40), st.integers(0, 40))
def test_any_order_adds_up_and_survives_a_checkpoint(decisions: list[rd.RoutingDecision], cut: int) -> None:
    pool = picture()
    told(pool, *decisions[:cut])
    pictures = TypeAdapter(PoolLive)
    again = pictures.validate_json(pictures.dump_json(pool))
    assert again == pool
    assert told(again, *decisions[cut:]) == told(pool, *decisions[cut:])
    assert again == pool
    assert adds_up(pool)


@pytest.mark.parametrize("kind", get_args(rd.RoutingDecision), ids=lambda kind: kind.__name__)
def test_every_decision_is_folded_or_known_to_show_nothing(kind: type[rd.RoutingDecision]) -> None:
    """Of contacts and agents the picture does not know: a console that starts amid a day."""
    example = json.loads((FOLDER / "examples" / "routing-decisions" / f"{kind.__name__}.v1.json").read_text("utf-8"))
    told(picture(), TypeAdapter(kind).validate_python(example["data"]))


def test_a_relaxed_contact_is_for_whoever_meets_what_is_asked_now() -> None:
    pool = picture()
    told(pool, queued("c1"))
    told(pool, rd.RelaxationReached("c1", 1, 1, (SkillLevel("zh", 1),), T0))
    assert pool.contacts["c1"].requirement == (SkillLevel("zh", 1),)


def test_a_tile_shows_who_rests_from_wearing_work() -> None:
    pool = picture()
    rests = rd.AgentStateChanged(
        "a1",
        Presence.AVAILABLE,
        T0,
        rd.WorkState.IDLE,
        T0,
        True,
        exposure=7_300,
        rest_until=T0 + 900 * SECOND,
        rest_why="cap",
    )
    (tile,) = told(pool, rests)
    assert isinstance(tile.shape, AgentState)
    assert (tile.shape.exposure, tile.shape.rest_until, tile.shape.rest_why) == (7_300, T0 + 900 * SECOND, "cap")


def callback(contact: str, **fields: object) -> rd.CallbackQueued:
    return rd.CallbackQueued(contact, Channel.PHONE, "rental", "repairs", "agent_first", T0, "customer", 3, **fields)  # type: ignore[arg-type]


def test_a_callback_is_scheduled_then_due_then_in_conversation() -> None:
    pool = picture()
    told(pool, agent(), callback("k1", not_before=T0 + 60 * SECOND), callback("k2"))
    told(pool, rd.ContactDeferred("k1", Channel.PHONE, "repairs", "scheduled", T0 + 60 * SECOND))
    told(pool, queued("k2", cause=rd.QueueCause.CALLBACK), queued("c9"))  # c9 calls by itself
    assert backlog([pool]) == Backlog(1, 1, 0, None, 0)
    told(pool, offer("k2"))
    assert backlog([pool]).callbacks_due == 1
    told(pool, assigned("k2"), rd.DialRequested("k2", "d1", 1, 30, T0 + 60 * SECOND, agent_id="a1"))
    assert backlog([pool]).callbacks_due == 1  # the agent listens, the customer is being called
    told(pool, rd.DialSettled("k2", "d1", "answered"), started("k2"))
    assert backlog([pool]) == Backlog(0, 1, 0, None, 0)
    told(pool, ended(contact="k2"), closed(rd.ContactEnd.SERVED, "k2"))
    assert backlog([pool, picture()]) == Backlog(0, 1, 0, None, 0)


def test_a_callback_that_reached_nobody_is_scheduled_again() -> None:
    pool = picture()
    told(pool, callback("k1"), queued("k1", cause=rd.QueueCause.CALLBACK))
    told(pool, rd.DialRequested("k1", "d1", 1, 30, T0 + 60 * SECOND))  # the customer first
    assert backlog([pool]).callbacks_due == 1
    told(pool, rd.DialSettled("k1", "d1", "busy"))
    told(pool, rd.CallbackRetryScheduled("k1", 1, 3, T0 + 600 * SECOND, "busy"))
    assert backlog([pool]) == Backlog(0, 1, 0, None, 0)


def test_a_contact_passed_on_outside_is_nobodys_and_its_sender_sees_the_outcome() -> None:
    pool = picture()
    told(pool, agent(), queued(), offer(), assigned(), started())
    told(pool, rd.ContactTransferred("c1", "a1", "x1", "outside", "plumber"), ended("transferred"))
    dialled = rd.DialRequested("c1", "d-1", 1, 30, T0, outside="plumber", number="+862155550100")
    told(pool, dialled)
    contact = pool.contacts["c1"]
    assert (contact.state, contact.agent_id) == (ContactState.OUTSIDE, None)
    frames = told(pool, rd.DialSettled("c1", "d-1", "answered"), rd.TransferSettled("c1", "a1", "x1", "answered"))
    settled = {"contact_id": "c1", "transfer_id": "x1", "outcome": "answered", "agent_id": None}
    assert [(f.type, f.shape) for f in frames] == [("transfer_settled", settled)]
    told(pool, closed(rd.ContactEnd.SERVED))
    assert (pool.groups["repairs"].today.offered, pool.groups["repairs"].today.answered) == (1, 1)
