"""While customer and agent talk: hold, passing on, asking a colleague, a supervisor's ear and voice. Proved by what each hears."""

from __future__ import annotations

from dataclasses import dataclass

from shared.contracts.routing_decisions import (
    ConsultationEnded,
    ConsultationStarted,
    ContactAssigned,
    ContactClosed,
    ContactEnd,
    ContactTransferred,
    DialRequested,
    OfferMade,
    TransferSettled,
)
from tests.telephony.exchange import MUSIC_HERTZ
from tests.telephony.house import CARE, OUTSIDE_HERTZ, Agent, House
from tests.telephony.phone import CallLeg, Phone

CUSTOMER, ANNA, BO, SVEN = 500, 700, 900, 1300
"""The tone each sends, in Hz (agents' as `house` gives them)."""


@dataclass
class Talk:
    """A customer and Anna in conversation."""

    contact: str
    customer: CallLeg
    anna: Agent
    at_anna: CallLeg


async def talk_with_anna(house: House) -> Talk:
    (anna,) = await house.on_duty("anna")
    customer = await house.call(CARE, hertz=CUSTOMER)
    at_anna = await (await anna.phone.rung()).reach("up")
    contact = await house.contact_of(customer)
    await customer.hearing(ANNA)
    await at_anna.hearing(CUSTOMER)
    return Talk(contact, customer, anna, at_anna)


async def test_a_held_customer_hears_music_and_no_agent(house: House) -> None:
    talk = await talk_with_anna(house)
    assert await talk.anna.desk.command(f"contacts/{talk.contact}/hold", {"held": True}, to_router=False)
    await talk.customer.hearing(MUSIC_HERTZ, but_not=(ANNA,))
    assert await talk.anna.desk.command(f"contacts/{talk.contact}/hold", {"held": False}, to_router=False)
    await talk.customer.hearing(ANNA, but_not=(MUSIC_HERTZ,))


async def test_ending_on_the_page_hangs_up_both_phones(house: House) -> None:
    talk = await talk_with_anna(house)
    assert await talk.anna.desk.end(talk.contact)
    closed = await house.hears(ContactClosed, talk.contact)
    assert (closed.end, closed.by) == (ContactEnd.SERVED, "agent")
    await talk.customer.reach("ended")
    await talk.at_anna.reach("ended")


async def test_a_blind_transfer_comforts_the_customer_until_the_next_answers(house: House) -> None:
    talk = await talk_with_anna(house)
    assert await talk.anna.desk.command(f"contacts/{talk.contact}/transfer", {"target_kind": "group", "target": "care"})
    await house.hears(ContactTransferred, talk.contact)
    await talk.at_anna.reach("ended")
    await talk.customer.hearing(MUSIC_HERTZ, but_not=(ANNA,))
    (bo,) = await house.on_duty("bo")
    at_bo = await (await bo.phone.rung()).reach("up")
    await talk.customer.hearing(BO, but_not=(MUSIC_HERTZ, ANNA))
    await at_bo.hearing(CUSTOMER)
    assert [a.agent_id for a in house.said(ContactAssigned, talk.contact)] == ["anna", "bo"]


async def passes_on_outside(house: House, manner: str) -> tuple[Talk, Phone]:
    """Anna lets the customer go to the partner's number; how that one's phone behaves."""
    assert house.outside is not None
    house.outside.manner = manner  # type: ignore[assignment]
    talk = await talk_with_anna(house)
    to = {"target_kind": "outside", "target": "partner"}
    assert await talk.anna.desk.command(f"contacts/{talk.contact}/transfer", to)
    await talk.at_anna.reach("ended")
    return talk, house.outside


async def test_an_outside_number_has_the_customer_once_it_answers(house: House) -> None:
    talk, outside = await passes_on_outside(house, "ring")
    ringing = await outside.rung()
    await talk.customer.hearing(MUSIC_HERTZ, but_not=(ANNA, OUTSIDE_HERTZ))
    outside.answer(ringing)
    await talk.customer.hearing(OUTSIDE_HERTZ, but_not=(MUSIC_HERTZ,))
    await ringing.hearing(CUSTOMER)
    settled = await house.hears(TransferSettled, talk.contact)
    assert (settled.outcome, settled.from_agent) == ("answered", "anna")
    ringing.hang_up()
    closed = await house.hears(ContactClosed, talk.contact)
    assert (closed.end, closed.by, closed.reason) == (ContactEnd.SERVED, "system", "outside_hung_up")
    await talk.customer.reach("ended")


async def test_an_outside_number_that_is_busy_gives_the_customer_back(house: House) -> None:
    talk, _ = await passes_on_outside(house, "busy")
    settled = await house.hears(TransferSettled, talk.contact)
    assert (settled.outcome, settled.from_agent) == ("fell_back", "anna")
    (bo,) = await house.on_duty("bo")
    assigned = await house.hears(ContactAssigned, talk.contact, 2)
    at_agent = await (await (bo if assigned.agent_id == "bo" else talk.anna).phone.rung()).reach("up")
    await at_agent.hearing(CUSTOMER)
    dialled = house.said(DialRequested, talk.contact)
    assert len(dialled) == 1


async def _consult(house: House, talk: Talk) -> tuple[str, CallLeg]:
    """Anna asks Bo first: they hear each other, the customer hears music."""
    (bo,) = await house.on_duty("bo")
    asked = {"target_kind": "agent", "target": "bo", "mode": "warm"}
    assert await talk.anna.desk.command(f"contacts/{talk.contact}/transfer", asked)
    started = await house.hears(ConsultationStarted, talk.contact)
    at_bo = await (await bo.phone.rung()).reach("up")
    await at_bo.hearing(ANNA, but_not=(CUSTOMER,))
    await talk.at_anna.hearing(BO, but_not=(CUSTOMER,))
    await talk.customer.hearing(MUSIC_HERTZ, but_not=(ANNA, BO))
    return started.transfer_id, at_bo


async def test_a_warm_transfer_asks_joins_and_hands_over(house: House) -> None:
    talk = await talk_with_anna(house)
    transfer, at_bo = await _consult(house, talk)
    joining = {"transfer_id": transfer, "joined": True}
    assert await talk.anna.desk.command(f"contacts/{talk.contact}/join", joining, to_router=False)
    await talk.customer.hearing(ANNA, BO, but_not=(MUSIC_HERTZ,))
    await at_bo.hearing(ANNA, CUSTOMER)
    assert await talk.anna.desk.command(f"contacts/{talk.contact}/transfer/complete", {"transfer_id": transfer})
    passed = await house.hears(ContactTransferred, talk.contact)
    assert passed.to_agent == "bo"
    await talk.at_anna.reach("ended")
    await talk.customer.hearing(BO, but_not=(ANNA, MUSIC_HERTZ))
    at_bo.hang_up()
    closed = await house.hears(ContactClosed, talk.contact)
    assert (closed.end, closed.by, closed.agent_id) == (ContactEnd.SERVED, "agent", "bo")


async def test_a_colleague_who_leaves_gives_the_customer_back(house: House) -> None:
    talk = await talk_with_anna(house)
    _, at_bo = await _consult(house, talk)
    at_bo.hang_up()
    await house.hears(ConsultationEnded, talk.contact)
    await talk.customer.hearing(ANNA, but_not=(MUSIC_HERTZ,))
    assert not house.said(ContactClosed, talk.contact)


async def test_a_sender_who_hangs_up_leaves_the_customer_to_the_colleague(house: House) -> None:
    talk = await talk_with_anna(house)
    _, at_bo = await _consult(house, talk)
    talk.at_anna.hang_up()
    assert (await house.hears(ContactTransferred, talk.contact)).to_agent == "bo"
    await talk.customer.hearing(BO, but_not=(MUSIC_HERTZ,))
    await at_bo.hearing(CUSTOMER)


async def _supervise(house: House, talk: Talk, mode: str) -> None:
    sven = house.agents["sven"]
    assert await sven.desk.command(f"contacts/{talk.contact}/supervise", {"mode": mode}, to_router=False)


async def test_a_whisper_reaches_the_agent_alone_and_a_barge_both(house: House) -> None:
    talk = await talk_with_anna(house)
    sven = house.agents["sven"]
    sven.phone.manner = "answer"
    await sven.desk.authenticate()
    await _supervise(house, talk, "listen")
    at_sven = await (await sven.phone.rung()).reach("up")
    await at_sven.hearing(CUSTOMER, ANNA)
    await talk.at_anna.hearing(CUSTOMER, but_not=(SVEN,))
    await _supervise(house, talk, "whisper")
    await talk.at_anna.hearing(SVEN, CUSTOMER)
    await at_sven.hearing(CUSTOMER, ANNA)
    await talk.customer.hearing(ANNA, but_not=(SVEN,))
    await _supervise(house, talk, "barge")
    await talk.customer.hearing(ANNA, SVEN)
    await talk.at_anna.hearing(CUSTOMER, SVEN)
    await _supervise(house, talk, "stop")
    await at_sven.reach("ended")
    await talk.customer.hearing(ANNA, but_not=(SVEN,))
    assert len(house.said(OfferMade, talk.contact)) == 1
