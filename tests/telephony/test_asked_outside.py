"""An outside number asked first, on a real Asterisk: who hears whom while it rings, talks, is joined, left or let go."""

from __future__ import annotations

from shared.contracts.routing_decisions import (
    ConsultationEnded,
    ContactClosed,
    ContactEnd,
    ContactTransferred,
    DialRequested,
    DialSettled,
    TransferSettled,
)
from tests.telephony.exchange import MUSIC_HERTZ
from tests.telephony.house import OUTSIDE_HERTZ, House
from tests.telephony.phone import CallLeg, Phone
from tests.telephony.test_conversations import ANNA, CUSTOMER, Talk, talk_with_anna


def outside_of(house: House, manner: str) -> Phone:
    """The telephone outside, behaving so."""
    assert house.outside is not None
    house.outside.manner = manner  # type: ignore[assignment]
    return house.outside


async def asks(house: House, manner: str, mode: str = "warm") -> tuple[Talk, Phone]:
    """Anna has the customer and asks the partner's number first."""
    outside = outside_of(house, manner)
    talk = await talk_with_anna(house)
    asked = {"target_kind": "outside", "target": "partner", "mode": mode}
    assert await talk.anna.desk.command(f"contacts/{talk.contact}/transfer", asked)
    return talk, outside


async def in_consultation(house: House) -> tuple[Talk, CallLeg, str]:
    talk, outside = await asks(house, "ring")
    ringing = await outside.rung()
    await talk.customer.hearing(ANNA, but_not=(MUSIC_HERTZ, OUTSIDE_HERTZ))
    outside.answer(ringing)
    assert (await house.hears(DialSettled, talk.contact)).outcome == "answered"
    await talk.at_anna.hearing(OUTSIDE_HERTZ, but_not=(CUSTOMER,))
    await ringing.hearing(ANNA, but_not=(CUSTOMER,))
    await talk.customer.hearing(MUSIC_HERTZ, but_not=(ANNA, OUTSIDE_HERTZ))
    dialled = await house.hears(DialRequested, talk.contact)
    assert dialled.transfer_id is not None
    return talk, ringing, dialled.transfer_id


async def test_the_party_talks_with_the_agent_joins_and_has_the_customer(house: House) -> None:
    talk, party, transfer = await in_consultation(house)
    joining = {"transfer_id": transfer, "joined": True}
    assert await talk.anna.desk.command(f"contacts/{talk.contact}/join", joining, to_router=False)
    await talk.customer.hearing(ANNA, OUTSIDE_HERTZ, but_not=(MUSIC_HERTZ,))
    assert await talk.anna.desk.command(f"contacts/{talk.contact}/transfer/complete", {"transfer_id": transfer})
    settled = await house.hears(TransferSettled, talk.contact)
    assert (settled.outcome, settled.agent_id) == ("answered", None)
    await talk.at_anna.reach("ended")
    await talk.customer.hearing(OUTSIDE_HERTZ, but_not=(ANNA, MUSIC_HERTZ))
    await party.hearing(CUSTOMER, but_not=(ANNA,))
    party.hang_up()
    closed = await house.hears(ContactClosed, talk.contact)
    assert (closed.end, closed.by, closed.reason) == (ContactEnd.SERVED, "system", "outside_hung_up")
    await talk.customer.reach("ended")
    assert len(house.said(DialRequested, talk.contact)) == 1


async def test_the_party_hangs_up_and_the_customer_is_the_agents(house: House) -> None:
    talk, party, _ = await in_consultation(house)
    party.hang_up()
    assert (await house.hears(ConsultationEnded, talk.contact)).why == "party_left"
    await talk.customer.hearing(ANNA, but_not=(MUSIC_HERTZ,))
    assert not house.said(ContactClosed, talk.contact)


async def test_busy_the_customer_never_left_the_agent(house: House) -> None:
    talk, _ = await asks(house, "busy")
    assert (await house.hears(ConsultationEnded, talk.contact)).why == "busy"
    await talk.customer.hearing(ANNA, but_not=(MUSIC_HERTZ,))
    await talk.at_anna.hearing(CUSTOMER)


async def test_given_up_while_it_rings_it_falls_silent(house: House) -> None:
    talk, outside = await asks(house, "ring")
    ringing = await outside.rung()
    transfer = (await house.hears(DialRequested, talk.contact)).transfer_id
    assert await talk.anna.desk.command(f"contacts/{talk.contact}/transfer/cancel", {"transfer_id": transfer})
    assert (await house.hears(ConsultationEnded, talk.contact)).why == "cancelled"
    await ringing.reach("ended")
    await talk.customer.hearing(ANNA, but_not=(MUSIC_HERTZ,))


async def test_in_a_conference_the_agent_leaves_and_the_others_go_on(house: House) -> None:
    talk, outside = await asks(house, "answer", "conference")
    party = await (await outside.rung()).reach("up")
    await talk.customer.hearing(ANNA, OUTSIDE_HERTZ, but_not=(MUSIC_HERTZ,))
    await party.hearing(ANNA, CUSTOMER)
    talk.at_anna.hang_up()
    assert (await house.hears(ContactTransferred, talk.contact)).target == "partner"
    await talk.customer.hearing(OUTSIDE_HERTZ, but_not=(ANNA, MUSIC_HERTZ))
    talk.customer.hang_up()
    assert (await house.hears(ContactClosed, talk.contact)).end == ContactEnd.SERVED
    await party.reach("ended")
