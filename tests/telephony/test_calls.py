"""Calls from their arrival to their end: who is rung, who hears whom, and what UCC says became of them."""

from __future__ import annotations

from shared.contracts.routing_decisions import (
    ContactAssigned,
    ContactClosed,
    ContactEnd,
    ContactQueued,
    OfferMade,
    OfferOutcome,
    OfferWithdrawn,
    WrapUpStarted,
)
from tests.telephony.exchange import MUSIC_HERTZ
from tests.telephony.house import CARE, House


async def test_a_call_is_answered_bridged_and_ended_by_the_caller(house: House) -> None:
    (anna,) = await house.on_duty("anna")
    call = await house.call(CARE, hertz=500)
    await call.reach("up")
    at_anna = await (await anna.phone.rung()).reach("up")
    contact = await house.contact_of(call)
    await at_anna.hearing(500)
    await call.hearing(700)
    call.hang_up()
    closed = await house.hears(ContactClosed, contact)
    assert (closed.end, closed.by, closed.agent_id) == (ContactEnd.SERVED, "customer", "anna")
    await at_anna.reach("ended")
    assert await house.hears(WrapUpStarted, contact)
    assert len(house.said(OfferMade, contact)) == 1


async def test_the_agents_hang_up_is_the_agents(house: House) -> None:
    (anna,) = await house.on_duty("anna")
    call = await house.call(CARE, hertz=500)
    at_anna = await (await anna.phone.rung()).reach("up")
    contact = await house.contact_of(call)
    await call.hearing(700)
    at_anna.hang_up()
    closed = await house.hears(ContactClosed, contact)
    assert (closed.end, closed.by) == (ContactEnd.SERVED, "agent")
    await call.reach("ended")


async def test_leaving_the_queue_is_an_abandonment(house: House) -> None:
    call = await house.call(CARE, hertz=500)
    await call.reach("up")
    contact = await house.contact_of(call)
    await house.hears(ContactQueued, contact)
    await call.hearing(MUSIC_HERTZ)
    call.hang_up()
    closed = await house.hears(ContactClosed, contact)
    assert closed.end == ContactEnd.ABANDONED_IN_QUEUE


async def test_who_does_not_answer_is_passed_over_for_the_next(house: House) -> None:
    await house.on_duty("anna", manner="ring")
    call = await house.call(CARE, hertz=500)
    await call.reach("up")
    contact = await house.contact_of(call)
    first = await house.hears(OfferMade, contact)
    assert first.agent_id == "anna"
    (bo,) = await house.on_duty("bo")
    withdrawn = await house.hears(OfferWithdrawn, contact)
    assert withdrawn.outcome == OfferOutcome.TIMED_OUT
    assert (await house.hears(ContactAssigned, contact)).agent_id == "bo"
    at_bo = await (await bo.phone.rung()).reach("up")
    await at_bo.hearing(500)
    await call.hearing(900)
    anna = house.agents["anna"]
    assert anna.phone.current is None, "the phone that did not answer rings no longer"
    await house.state_of("anna", "not_ready")


async def test_a_busy_phone_is_said_to_be_busy(house: House) -> None:
    await house.on_duty("anna", manner="busy")
    call = await house.call(CARE)
    await call.reach("up")
    contact = await house.contact_of(call)
    assert (await house.hears(OfferWithdrawn, contact)).outcome == OfferOutcome.BUSY


async def test_a_refusing_phone_is_said_to_refuse(house: House) -> None:
    await house.on_duty("anna", manner="reject")
    call = await house.call(CARE)
    await call.reach("up")
    contact = await house.contact_of(call)
    assert (await house.hears(OfferWithdrawn, contact)).outcome == OfferOutcome.REJECTED


async def test_an_accepting_click_lets_the_phone_answer_by_itself(house: House) -> None:
    (carla,) = await house.on_duty("carla", manner="ring")
    call = await house.call(CARE, hertz=500)
    await call.reach("up")
    contact = await house.contact_of(call)
    offer = await house.hears(OfferMade, contact)
    ringing = await carla.phone.rung()
    assert await carla.desk.accept(contact, offer.offer_id)
    answered = await carla.phone.rung(but=(ringing,))
    await answered.reach("up")
    await call.hearing(1100)
    await answered.hearing(500)
