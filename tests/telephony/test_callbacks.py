"""Customers called back by a real Asterisk: the agent first, the customer first, nobody there; and an overflow to a number."""

from __future__ import annotations

import asyncio
from pathlib import Path

from shared.contracts.conversation_messages import MessageSent
from shared.contracts.routing_decisions import (
    CallbackOffered,
    CallbackQueued,
    CallbackRetryScheduled,
    ContactClosed,
    ContactEnd,
    ContactQueued,
    DialRequested,
    DialSettled,
    InteractionStarted,
    OfferMade,
    QueueCause,
)
from tests.telephony.house import CARE, ELSEWHERE, MANY, OUTSIDE_HERTZ, SHUT, House
from tests.telephony.phone import Phone, until


def outside_of(house: House, manner: str = "answer") -> Phone:
    assert house.outside is not None
    house.outside.manner = manner  # type: ignore[assignment]
    return house.outside


async def asks_to_be_called_back(house: House, entry: str) -> str:
    """A caller waits, presses 1 and is let go; the callback's contact."""
    call = await house.call(entry, hertz=500)
    await call.reach("up")
    contact = await house.contact_of(call)
    await house.hears(CallbackOffered, contact)
    call.press("1")
    closed = await house.hears(ContactClosed, contact)
    assert closed.end == ContactEnd.CALLBACK_ACCEPTED
    await call.reach("ended")
    mine = [d for d in house.decisions if isinstance(d, CallbackQueued) and d.origin == contact]
    assert len(mine) == 1
    queued = await house.hears(ContactQueued, mine[0].contact_id)
    assert queued.queued_at == (await house.hears(ContactQueued, contact)).queued_at, "its place goes on"
    return mine[0].contact_id


async def flowed_out(house: House, group: str) -> ContactClosed:
    """The end of a contact that a group could not take: sooner than one could ask whose it is."""

    def ends() -> list[ContactClosed]:
        return [d for d in house.decisions if isinstance(d, ContactClosed) and d.group == group]

    await until(lambda: bool(ends()), f"a contact of {group} flows out")
    return ends()[-1]


async def test_agent_first(house: House) -> None:
    outside = outside_of(house)
    callback = await asks_to_be_called_back(house, CARE)
    (anna,) = await house.on_duty("anna")
    assert (await house.hears(OfferMade, callback)).callback
    at_anna = await (await anna.phone.rung()).reach("up")
    await house.hears(DialRequested, callback)
    at_customer = await (await outside.rung()).reach("up")
    await house.hears(InteractionStarted, callback)
    await at_anna.hearing(OUTSIDE_HERTZ)
    await at_customer.hearing(700)
    at_customer.hang_up()
    closed = await house.hears(ContactClosed, callback)
    assert (closed.end, closed.by, closed.agent_id) == (ContactEnd.SERVED, "customer", "anna")
    await at_anna.reach("ended")
    assert len(house.said(DialRequested, callback)) == 1


async def test_a_busy_customer_is_tried_again_later(house: House) -> None:
    outside = outside_of(house, "busy")
    callback = await asks_to_be_called_back(house, CARE)
    (anna,) = await house.on_duty("anna")
    at_anna = await (await anna.phone.rung()).reach("up")
    assert (await house.hears(DialSettled, callback)).outcome == "busy"
    retry = await house.hears(CallbackRetryScheduled, callback)
    assert (retry.attempts, retry.attempts_allowed) == (1, 2)
    await at_anna.reach("ended")
    refused = await outside.rung()
    outside_of(house)
    await house.hears(OfferMade, callback, 2)
    at_customer = await (await outside.rung(but=(refused,))).reach("up")
    await house.hears(InteractionStarted, callback)
    at_customer.hang_up()
    assert (await house.hears(ContactClosed, callback)).end == ContactEnd.SERVED
    assert len({d.attempt_id for d in house.said(DialRequested, callback)}) == 2


async def test_customer_first(house: House) -> None:
    outside = outside_of(house)
    callback = await asks_to_be_called_back(house, MANY)
    (agent,) = await house.on_duty("many00")
    dialled = await house.hears(DialRequested, callback)
    assert dialled.agent_id is None
    at_customer = await (await outside.rung()).reach("up")
    answered = [d for d in house.said(ContactQueued, callback) if d.cause is QueueCause.CALLBACK_ANSWERED]
    if not answered:
        await house.hears(DialSettled, callback)
    at_agent = await (await agent.phone.rung()).reach("up")
    await house.hears(InteractionStarted, callback)
    await at_agent.hearing(OUTSIDE_HERTZ)
    at_agent.hang_up()
    closed = await house.hears(ContactClosed, callback)
    assert (closed.end, closed.by) == (ContactEnd.SERVED, "agent")
    await at_customer.reach("ended")


async def test_nobody_staffed_flows_to_a_number_outside(house: House) -> None:
    outside = outside_of(house)
    call = await house.call(ELSEWHERE, hertz=500)
    closed = await flowed_out(house, "elsewhere")
    assert (closed.end, closed.to_kind, closed.to) == (ContactEnd.OVERFLOWED, "number", "partner")
    at_partner = await (await outside.rung()).reach("up")
    await at_partner.hearing(500)
    await call.hearing(OUTSIDE_HERTZ)
    at_partner.hang_up()
    await until(lambda: call.ended, "the caller is let go")


async def test_a_message_is_taken_and_waits_as_a_contact_of_its_own(house: House) -> None:
    call = await house.call(SHUT, hertz=500)
    closed = await flowed_out(house, "shut")
    assert (closed.end, closed.to_kind) == (ContactEnd.OVERFLOWED, "message")
    folder = Path(house.exchange.shared_folder["here"]) / "messages"
    await until(lambda: any(f.stat().st_size > 40_000 for f in folder.glob("*.wav")), "the message is being recorded")
    call.hang_up()

    def left() -> list[MessageSent]:
        return [m for m in house.messages if isinstance(m, MessageSent) and m.attachments]

    await until(lambda: bool(left()), "the sound arrives")
    message = left()[-1]
    assert message.attachments[0].media_type == "audio/wav"
    queued = await house.hears(ContactQueued, message.contact_id)
    assert (queued.group, queued.channel) == ("shut", "web")


async def test_the_gateway_dies_while_it_rings_and_nobody_is_called_twice(house: House) -> None:
    outside = outside_of(house, "ring")
    callback = await asks_to_be_called_back(house, CARE)
    (anna,) = await house.on_duty("anna")
    await (await anna.phone.rung()).reach("up")
    dialled = await house.hears(DialRequested, callback)
    ringing = await outside.rung()
    await asyncio.to_thread(house.services["gateway"].kill)
    await asyncio.to_thread(house.services["gateway"].start)  # agents' pages beat on meanwhile
    outside.answer(ringing)
    await house.hears(InteractionStarted, callback)
    assert [d.attempt_id for d in house.said(DialRequested, callback)] == [dialled.attempt_id]
    assert len([c for c in outside.calls.values() if not c.outgoing]) == 1
    ringing.hang_up()
    assert (await house.hears(ContactClosed, callback)).end == ContactEnd.SERVED
