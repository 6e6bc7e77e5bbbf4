"""Agents' phones that come and go: nobody is offered work their phone cannot bring them."""

from __future__ import annotations

from shared.contracts.routing_decisions import ContactQueued, OfferMade
from tests.telephony.house import CARE, PHONE_PASSWORD, House
from tests.telephony.phone import until


async def test_a_phone_that_is_gone_takes_its_agent_out_until_it_is_back(house: House) -> None:
    (anna,) = await house.on_duty("anna")

    def reachable() -> bool:
        said = [d for d in house.decisions if type(d).__name__ == "AgentStateChanged" and d.agent_id == "anna"]
        return bool(said) and said[-1].reachable

    await anna.phone.register(PHONE_PASSWORD, 0)
    await until(lambda: not reachable(), "UCC knows that the phone is gone")
    call = await house.call(CARE, hertz=500)
    await call.reach("up")
    contact = await house.contact_of(call)
    await house.hears(ContactQueued, contact)
    assert not house.said(OfferMade, contact)
    await anna.phone.register(PHONE_PASSWORD)
    await until(reachable, "UCC knows that the phone is back")
    await (await anna.phone.rung()).reach("up")
    await call.hearing(700)
