"""What breaks around a call: the line to Asterisk, the gateway, Asterisk itself, all of UCC. Callers are never left alone."""

from __future__ import annotations

import asyncio

from shared.contracts.routing_decisions import (
    ContactAssigned,
    ContactClosed,
    ContactEnd,
    ContactQueued,
    WrapUpStarted,
)
from tests.telephony.exchange import MUSIC_HERTZ
from tests.telephony.house import CARE, GUARD, PHONE_PASSWORD, House
from tests.telephony.phone import Phone
from tests.telephony.test_conversations import ANNA, BO, CUSTOMER, talk_with_anna


async def test_a_cut_line_to_asterisk_loses_and_doubles_nothing(house: House) -> None:
    talk = await talk_with_anna(house)
    waiting = await house.call(CARE, hertz=CUSTOMER)
    await waiting.reach("up")
    waits = await house.contact_of(waiting)
    leaving = await house.call(CARE)
    await leaving.reach("up")
    left = await house.contact_of(leaving)
    await house.hears(ContactQueued, left)
    house.wire.cut()
    leaving.hang_up()
    await talk.customer.hearing(ANNA)
    house.wire.mend()
    assert (await house.hears(ContactClosed, left)).end == ContactEnd.ABANDONED_IN_QUEUE
    await talk.customer.hearing(ANNA)
    await waiting.hearing(MUSIC_HERTZ)
    (bo,) = await house.on_duty("bo")
    await (await bo.phone.rung()).reach("up")
    await waiting.hearing(BO)
    talk.customer.hang_up()
    closed = await house.hears(ContactClosed, talk.contact)
    assert (closed.end, closed.by) == (ContactEnd.SERVED, "customer")
    assert len(house.said(ContactAssigned, waits)) == 1


async def test_a_killed_gateway_leaves_the_call_and_the_wrap_up_follows(house: House) -> None:
    talk = await talk_with_anna(house)
    gateway = house.services["gateway"]
    await asyncio.to_thread(gateway.kill)
    await talk.customer.hearing(ANNA)
    await talk.at_anna.hearing(CUSTOMER)
    await asyncio.to_thread(gateway.start, timeout=120)
    await talk.customer.hearing(ANNA)
    talk.customer.hang_up()
    closed = await house.hears(ContactClosed, talk.contact)
    assert (closed.end, closed.by, closed.agent_id) == (ContactEnd.SERVED, "customer", "anna")
    assert (await house.hears(WrapUpStarted, talk.contact)).agent_id == "anna"


async def test_who_hung_up_is_known_even_when_the_gateway_was_dead(house: House) -> None:
    talk = await talk_with_anna(house)
    gateway = house.services["gateway"]
    await asyncio.to_thread(gateway.kill)
    talk.customer.hang_up()
    await asyncio.to_thread(gateway.start, timeout=120)
    closed = await house.hears(ContactClosed, talk.contact)
    assert (closed.end, closed.by) == (ContactEnd.SERVED, "customer")
    await talk.at_anna.reach("ended")


async def test_a_dead_ucc_gives_waiting_and_new_callers_to_the_static_queue(house: House) -> None:
    guard = await Phone.open(GUARD, house.exchange.sip, hertz=1500)
    try:
        await guard.register(PHONE_PASSWORD)
        waiting = await house.call(CARE, hertz=CUSTOMER)
        await waiting.reach("up")
        waits = await house.contact_of(waiting)
        await house.hears(ContactQueued, waits)
        await asyncio.to_thread(house.kill)
        await waiting.hearing(1500)
        waiting.hang_up()
        await asyncio.gather(*(call.reach("ended") for call in guard.calls.values()))
        new = await house.call(CARE, hertz=CUSTOMER)
        await new.hearing(1500)
        new.hang_up()
        await asyncio.to_thread(house.start)
        closed = await house.hears(ContactClosed, waits)
        assert closed.end in (ContactEnd.FAILED, ContactEnd.ABANDONED_IN_QUEUE)
        again = await talk_with_anna(house)
        again.customer.hang_up()
        assert (await house.hears(ContactClosed, again.contact)).end == ContactEnd.SERVED
    finally:
        guard.close()


async def test_a_restarted_asterisk_ends_its_calls_once(house: House) -> None:
    talk = await talk_with_anna(house)
    house.exchange.kill()
    await house.exchange.start()
    await asyncio.gather(*(agent.phone.register(PHONE_PASSWORD) for agent in house.agents.values()))
    closed = await house.hears(ContactClosed, talk.contact)
    assert closed.end == ContactEnd.FAILED
    assert len(house.said(ContactClosed, talk.contact)) == 1
    for phone_call in (talk.customer, talk.at_anna):
        phone_call.hang_up()
    await house.rest()
    again = await talk_with_anna(house)
    again.customer.hang_up()
    assert (await house.hears(ContactClosed, again.contact)).end == ContactEnd.SERVED
